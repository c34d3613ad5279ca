"""payment instructions to custodian banks"""

from migrations.county import county_table
import sqlalchemy as sa
from alembic import op

revision = '0029'
down_revision = '0028'
branch_labels = None
depends_on = None


_PURPOSES = "'OWN_AFFAIRS', 'REGISTER', 'SUPERVISION', 'OWNERS_ASSEMBLY', 'SERVICE', 'FEES', 'EMERGENCY', 'CASE'"


def _log_purposes(listed: str) -> None:
    op.drop_constraint(op.f('ck_personal_data_read_purpose_known'), 'personal_data_read', type_='check')
    op.create_check_constraint(op.f('ck_personal_data_read_purpose_known'), 'personal_data_read', f"purpose IN ({listed})")


def upgrade() -> None:
    _log_purposes(f"{_PURPOSES}, 'PAYMENT'")
    op.create_table('payment_instruction',
    sa.Column('county', sa.Text(collation='C'), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.Text(collation='C'), nullable=False),
    sa.Column('purpose', sa.Text(collation='C'), nullable=False),
    sa.Column('source_type', sa.Text(collation='C'), nullable=False),
    sa.Column('source_id', sa.Uuid(), nullable=False),
    sa.Column('bank_account_id', sa.Uuid(), nullable=False),
    sa.Column('money_account_id', sa.Uuid(), nullable=False),
    sa.Column('area_id', sa.Uuid(), nullable=True),
    sa.Column('township', sa.Text(collation='C'), nullable=True),
    sa.Column('community', sa.Text(collation='C'), nullable=True),
    sa.Column('payee_name', sa.Text(collation='C'), nullable=False),
    sa.Column('payee_name_mask', sa.Text(collation='C'), nullable=False),
    sa.Column('payee_bank_code', sa.Text(collation='C'), nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.Column('remark', sa.Text(collation='C'), nullable=False),
    sa.Column('state', sa.Text(collation='C'), server_default='ISSUED', nullable=False),
    sa.Column('issued_on', sa.Date(), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('issued_by', sa.Uuid(), nullable=True),
    sa.Column('acknowledged_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('serial', sa.Text(collation='C'), nullable=True),
    sa.Column('value_date', sa.Date(), nullable=True),
    sa.Column('transaction_id', sa.Uuid(), nullable=True),
    sa.Column('returned_serial', sa.Text(collation='C'), nullable=True),
    sa.Column('returned_on', sa.Date(), nullable=True),
    sa.Column('reversal_id', sa.Uuid(), nullable=True),
    sa.Column('failure_code', sa.Text(collation='C'), nullable=True),
    sa.Column('reason', sa.Text(collation='C'), nullable=True),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('payee_account_sealed', sa.LargeBinary(), nullable=False),
    sa.Column('payee_account_index', sa.LargeBinary(), nullable=False),
    sa.Column('payee_account_mask', sa.Text(collation='C'), nullable=False),
    sa.CheckConstraint("(state = 'RETURNED') = (reversal_id IS NOT NULL)", name=op.f('ck_payment_instruction_returned_is_reversed')),
    sa.CheckConstraint("(state IN ('EXECUTED', 'RETURNED')) = (transaction_id IS NOT NULL)", name=op.f('ck_payment_instruction_executed_is_posted')),
    sa.CheckConstraint("purpose IN ('FUND_USE', 'FUND_REFUND', 'WARRANTY_REPAIR', 'WARRANTY_REFUND', 'CUSTODY_TRANSFER')", name=op.f('ck_payment_instruction_purpose_known')),
    sa.CheckConstraint("state IN ('ISSUED', 'ACKNOWLEDGED', 'EXECUTED', 'RETURNED', 'FAILED', 'CANCELLED')", name=op.f('ck_payment_instruction_state_known')),
    sa.CheckConstraint('(serial IS NULL) = (transaction_id IS NULL)', name=op.f('ck_payment_instruction_executed_with_serial')),
    sa.CheckConstraint('amount > 0', name=op.f('ck_payment_instruction_amount_positive')),
    sa.ForeignKeyConstraint(['county', 'area_id'], ['property_area.county', 'property_area.id'], name=op.f('fk_payment_instruction_county_area_id')),
    sa.ForeignKeyConstraint(['county', 'bank_account_id'], ['bank_account.county', 'bank_account.id'], name=op.f('fk_payment_instruction_county_bank_account_id')),
    sa.ForeignKeyConstraint(['county', 'money_account_id'], ['ledger_account.county', 'ledger_account.id'], name=op.f('fk_payment_instruction_county_money_account_id')),
    sa.ForeignKeyConstraint(['county', 'reversal_id'], ['ledger_transaction.county', 'ledger_transaction.id'], name=op.f('fk_payment_instruction_county_reversal_id')),
    sa.ForeignKeyConstraint(['county', 'transaction_id'], ['ledger_transaction.county', 'ledger_transaction.id'], name=op.f('fk_payment_instruction_county_transaction_id')),
    sa.ForeignKeyConstraint(['issued_by'], ['account.id'], name=op.f('fk_payment_instruction_issued_by')),
    sa.PrimaryKeyConstraint('county', 'id', name=op.f('pk_payment_instruction')),
    sa.UniqueConstraint('county', 'number', name=op.f('uq_payment_instruction_county_number'))
    )
    county_table(op, "payment_instruction")
    op.create_index(op.f('ix_payment_instruction_county_area_id_id'), 'payment_instruction', ['county', 'area_id', 'id'], unique=False, postgresql_where=None)
    op.create_index(op.f('ix_payment_instruction_county_bank_account_id_state_id'), 'payment_instruction', ['county', 'bank_account_id', 'state', 'id'], unique=False, postgresql_where=None)
    op.create_index(op.f('ix_payment_instruction_county_community_id'), 'payment_instruction', ['county', 'community', 'id'], unique=False, postgresql_where=None)
    op.create_index(op.f('ix_payment_instruction_county_money_account_id_state'), 'payment_instruction', ['county', 'money_account_id', 'state'], unique=False, postgresql_where=None)
    op.create_index(op.f('ix_payment_instruction_county_reversal_id'), 'payment_instruction', ['county', 'reversal_id'], unique=False, postgresql_where=None)
    op.create_index(op.f('ix_payment_instruction_county_source_id'), 'payment_instruction', ['county', 'source_id'], unique=False, postgresql_where=None)
    op.create_index(op.f('ix_payment_instruction_county_state_id'), 'payment_instruction', ['county', 'state', 'id'], unique=False, postgresql_where=None)
    op.create_index(op.f('ix_payment_instruction_county_township_id'), 'payment_instruction', ['county', 'township', 'id'], unique=False, postgresql_where=None)
    op.create_index(op.f('ix_payment_instruction_county_transaction_id'), 'payment_instruction', ['county', 'transaction_id'], unique=False, postgresql_where=None)
    op.create_index(op.f('ix_payment_instruction_county_updated_at_id'), 'payment_instruction', ['county', 'updated_at', 'id'], unique=False, postgresql_where=None)
    op.create_index('uq_payment_instruction_serial', 'payment_instruction', ['county', 'bank_account_id', 'serial'], unique=True, postgresql_where=sa.text('serial IS NOT NULL'))


def downgrade() -> None:
    _log_purposes(_PURPOSES)
    op.drop_index('uq_payment_instruction_serial', table_name='payment_instruction', postgresql_where=sa.text('serial IS NOT NULL'))
    op.drop_index(op.f('ix_payment_instruction_county_updated_at_id'), table_name='payment_instruction', postgresql_where=None)
    op.drop_index(op.f('ix_payment_instruction_county_transaction_id'), table_name='payment_instruction', postgresql_where=None)
    op.drop_index(op.f('ix_payment_instruction_county_township_id'), table_name='payment_instruction', postgresql_where=None)
    op.drop_index(op.f('ix_payment_instruction_county_state_id'), table_name='payment_instruction', postgresql_where=None)
    op.drop_index(op.f('ix_payment_instruction_county_source_id'), table_name='payment_instruction', postgresql_where=None)
    op.drop_index(op.f('ix_payment_instruction_county_reversal_id'), table_name='payment_instruction', postgresql_where=None)
    op.drop_index(op.f('ix_payment_instruction_county_money_account_id_state'), table_name='payment_instruction', postgresql_where=None)
    op.drop_index(op.f('ix_payment_instruction_county_community_id'), table_name='payment_instruction', postgresql_where=None)
    op.drop_index(op.f('ix_payment_instruction_county_bank_account_id_state_id'), table_name='payment_instruction', postgresql_where=None)
    op.drop_index(op.f('ix_payment_instruction_county_area_id_id'), table_name='payment_instruction', postgresql_where=None)
    op.drop_table('payment_instruction')

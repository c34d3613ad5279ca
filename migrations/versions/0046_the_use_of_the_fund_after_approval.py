"""the use of the fund after approval"""

from migrations.county import county_table
import sqlalchemy as sa
from alembic import op

revision = '0046'
down_revision = '0045'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('fund_contract',
    sa.Column('county', sa.Text(collation='C'), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('fund_request_id', sa.Uuid(), nullable=False),
    sa.Column('contractor', sa.Text(collation='C'), nullable=False),
    sa.Column('credit_code', sa.Text(collation='C'), nullable=True),
    sa.Column('price', sa.BigInteger(), nullable=False),
    sa.Column('signed_on', sa.Date(), nullable=False),
    sa.Column('payee_bank_code', sa.Text(collation='C'), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('payee_account_sealed', sa.LargeBinary(), nullable=False),
    sa.Column('payee_account_index', sa.LargeBinary(), nullable=False),
    sa.Column('payee_account_mask', sa.Text(collation='C'), nullable=False),
    sa.CheckConstraint('price > 0', name=op.f('ck_fund_contract_price_positive')),
    sa.ForeignKeyConstraint(['county', 'fund_request_id'], ['fund_request.county', 'fund_request.id'], name=op.f('fk_fund_contract_county_fund_request_id')),
    sa.PrimaryKeyConstraint('county', 'id', name=op.f('pk_fund_contract')),
    sa.UniqueConstraint('county', 'fund_request_id', name=op.f('uq_fund_contract_county_fund_request_id'))
    )
    county_table(op, "fund_contract")
    op.create_table('fund_objection',
    sa.Column('county', sa.Text(collation='C'), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('fund_request_id', sa.Uuid(), nullable=False),
    sa.Column('unit_id', sa.Uuid(), nullable=False),
    sa.Column('raised_by', sa.Uuid(), nullable=False),
    sa.Column('reason', sa.Text(collation='C'), nullable=False),
    sa.Column('state', sa.Text(collation='C'), server_default='OPEN', nullable=False),
    sa.Column('answer', sa.Text(collation='C'), nullable=True),
    sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint("(state = 'OPEN') = (answered_at IS NULL)", name=op.f('ck_fund_objection_answered_once')),
    sa.CheckConstraint("state IN ('OPEN', 'DISMISSED', 'UPHELD')", name=op.f('ck_fund_objection_state_known')),
    sa.ForeignKeyConstraint(['county', 'fund_request_id'], ['fund_request.county', 'fund_request.id'], name=op.f('fk_fund_objection_county_fund_request_id')),
    sa.ForeignKeyConstraint(['county', 'unit_id'], ['unit.county', 'unit.id'], name=op.f('fk_fund_objection_county_unit_id')),
    sa.ForeignKeyConstraint(['raised_by'], ['account.id'], name=op.f('fk_fund_objection_raised_by')),
    sa.PrimaryKeyConstraint('county', 'id', name=op.f('pk_fund_objection'))
    )
    county_table(op, "fund_objection")
    op.create_index(op.f('ix_fund_objection_county_fund_request_id_id'), 'fund_objection', ['county', 'fund_request_id', 'id'], unique=False, postgresql_where=None)
    op.create_index(op.f('ix_fund_objection_county_unit_id'), 'fund_objection', ['county', 'unit_id'], unique=False, postgresql_where=None)
    op.create_table('fund_progress',
    sa.Column('county', sa.Text(collation='C'), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('fund_request_id', sa.Uuid(), nullable=False),
    sa.Column('percent', sa.Integer(), nullable=False),
    sa.Column('certified', sa.Boolean(), nullable=False),
    sa.Column('note', sa.Text(collation='C'), nullable=False),
    sa.Column('role', sa.Text(collation='C'), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('document_ids', sa.ARRAY(sa.Uuid()), server_default=sa.text("'{}'::uuid[]"), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('percent BETWEEN 1 AND 100', name=op.f('ck_fund_progress_percent_counts')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_fund_progress_account_id')),
    sa.ForeignKeyConstraint(['county', 'fund_request_id'], ['fund_request.county', 'fund_request.id'], name=op.f('fk_fund_progress_county_fund_request_id')),
    sa.PrimaryKeyConstraint('county', 'id', name=op.f('pk_fund_progress')),
    info={'append_only': True}
    )
    county_table(op, "fund_progress", append_only=True)
    op.create_index(op.f('ix_fund_progress_county_fund_request_id_id'), 'fund_progress', ['county', 'fund_request_id', 'id'], unique=False, postgresql_where=None)
    op.create_table('fund_recovery',
    sa.Column('county', sa.Text(collation='C'), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('fund_request_id', sa.Uuid(), nullable=False),
    sa.Column('area_id', sa.Uuid(), nullable=False),
    sa.Column('township', sa.Text(collation='C'), nullable=True),
    sa.Column('community', sa.Text(collation='C'), nullable=True),
    sa.Column('reason_kind', sa.Text(collation='C'), nullable=False),
    sa.Column('note', sa.Text(collation='C'), nullable=False),
    sa.Column('party', sa.Text(collation='C'), nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.Column('recovered', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('gains', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('fine', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('warned_on', sa.Date(), nullable=True),
    sa.Column('blacklist', sa.Boolean(), server_default='false', nullable=False),
    sa.Column('state', sa.Text(collation='C'), server_default='OPEN', nullable=False),
    sa.Column('opened_on', sa.Date(), nullable=False),
    sa.Column('opened_by', sa.Uuid(), nullable=True),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint("reason_kind IN ('OVERPAID', 'MISUSE')", name=op.f('ck_fund_recovery_reason_kind_known')),
    sa.CheckConstraint("state IN ('OPEN', 'RECOVERED')", name=op.f('ck_fund_recovery_state_known')),
    sa.CheckConstraint('amount > 0 AND recovered BETWEEN 0 AND amount', name=op.f('ck_fund_recovery_recovered_within')),
    sa.CheckConstraint('gains >= 0 AND fine BETWEEN 0 AND 2 * amount', name=op.f('ck_fund_recovery_fine_lawful')),
    sa.ForeignKeyConstraint(['county', 'fund_request_id'], ['fund_request.county', 'fund_request.id'], name=op.f('fk_fund_recovery_county_fund_request_id')),
    sa.ForeignKeyConstraint(['opened_by'], ['account.id'], name=op.f('fk_fund_recovery_opened_by')),
    sa.PrimaryKeyConstraint('county', 'id', name=op.f('pk_fund_recovery'))
    )
    county_table(op, "fund_recovery")
    op.create_index(op.f('ix_fund_recovery_county_community_id'), 'fund_recovery', ['county', 'community', 'id'], unique=False, postgresql_where=None)
    op.create_index(op.f('ix_fund_recovery_county_fund_request_id_id'), 'fund_recovery', ['county', 'fund_request_id', 'id'], unique=False, postgresql_where=None)
    op.create_index(op.f('ix_fund_recovery_county_state_id'), 'fund_recovery', ['county', 'state', 'id'], unique=False, postgresql_where=None)
    op.create_index(op.f('ix_fund_recovery_county_township_id'), 'fund_recovery', ['county', 'township', 'id'], unique=False, postgresql_where=None)
    op.create_index(op.f('ix_fund_recovery_county_updated_at_id'), 'fund_recovery', ['county', 'updated_at', 'id'], unique=False, postgresql_where=None)
    op.create_table('fund_payment',
    sa.Column('county', sa.Text(collation='C'), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('fund_request_id', sa.Uuid(), nullable=False),
    sa.Column('stage', sa.Integer(), nullable=False),
    sa.Column('asked', sa.BigInteger(), nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.Text(collation='C'), nullable=False),
    sa.Column('instruction_id', sa.Uuid(), nullable=True),
    sa.Column('paid_on', sa.Date(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint("state IN ('ISSUED', 'ACKNOWLEDGED', 'EXECUTED', 'RETURNED', 'FAILED', 'CANCELLED')", name=op.f('ck_fund_payment_state_known')),
    sa.CheckConstraint('amount > 0', name=op.f('ck_fund_payment_amount_positive')),
    sa.CheckConstraint('stage > 0', name=op.f('ck_fund_payment_stage_counts')),
    sa.ForeignKeyConstraint(['county', 'fund_request_id'], ['fund_request.county', 'fund_request.id'], name=op.f('fk_fund_payment_county_fund_request_id')),
    sa.ForeignKeyConstraint(['county', 'instruction_id'], ['payment_instruction.county', 'payment_instruction.id'], name=op.f('fk_fund_payment_county_instruction_id')),
    sa.PrimaryKeyConstraint('county', 'id', name=op.f('pk_fund_payment'))
    )
    county_table(op, "fund_payment")
    op.create_index(op.f('ix_fund_payment_county_fund_request_id_id'), 'fund_payment', ['county', 'fund_request_id', 'id'], unique=False, postgresql_where=None)
    op.create_index(op.f('ix_fund_payment_county_instruction_id'), 'fund_payment', ['county', 'instruction_id'], unique=False, postgresql_where=None)
    op.create_table('fund_draw',
    sa.Column('county', sa.Text(collation='C'), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('payment_id', sa.Uuid(), nullable=False),
    sa.Column('share_id', sa.Uuid(), nullable=False),
    sa.Column('asked', sa.BigInteger(), nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['county', 'payment_id'], ['fund_payment.county', 'fund_payment.id'], name=op.f('fk_fund_draw_county_payment_id')),
    sa.ForeignKeyConstraint(['county', 'share_id'], ['fund_share.county', 'fund_share.id'], name=op.f('fk_fund_draw_county_share_id')),
    sa.PrimaryKeyConstraint('county', 'id', name=op.f('pk_fund_draw')),
    sa.UniqueConstraint('county', 'payment_id', 'share_id', name=op.f('uq_fund_draw_county_payment_id_share_id')),
    info={'append_only': True}
    )
    county_table(op, "fund_draw", append_only=True)
    op.create_index(op.f('ix_fund_draw_county_share_id'), 'fund_draw', ['county', 'share_id'], unique=False, postgresql_where=None)
    op.add_column('fund_earmark', sa.Column('used', sa.BigInteger(), server_default='0', nullable=False))
    op.add_column('fund_request', sa.Column('use', sa.Text(collation='C'), server_default='REPAIR', nullable=False))
    op.add_column('fund_request', sa.Column('fund_part', sa.BigInteger(), server_default='0', nullable=False))
    op.add_column('fund_request', sa.Column('asked', sa.BigInteger(), server_default='0', nullable=False))
    op.add_column('fund_request', sa.Column('paid', sa.BigInteger(), server_default='0', nullable=False))
    op.add_column('fund_request', sa.Column('instructed', sa.BigInteger(), server_default='0', nullable=False))
    op.add_column('fund_request', sa.Column('payable_on', sa.Date(), nullable=True))
    op.add_column('fund_request', sa.Column('certificates', sa.Integer(), server_default='0', nullable=False))
    op.add_column('fund_request', sa.Column('contracted_on', sa.Date(), nullable=True))
    op.add_column('fund_request', sa.Column('settled_on', sa.Date(), nullable=True))
    op.add_column('fund_request', sa.Column('open_objections', sa.Integer(), server_default='0', nullable=False))
    op.add_column('fund_request', sa.Column('open_recoveries', sa.Integer(), server_default='0', nullable=False))
    op.add_column('fund_request', sa.Column('ordered_to', sa.Date(), nullable=True))
    op.add_column('fund_request', sa.Column('organised_on', sa.Date(), nullable=True))
    op.add_column('fund_share', sa.Column('asked', sa.BigInteger(), server_default='0', nullable=False))
    op.add_column('fund_share', sa.Column('drawn', sa.BigInteger(), server_default='0', nullable=False))
    op.add_column('fund_share', sa.Column('restored', sa.BigInteger(), server_default='0', nullable=False))
    op.add_column('fund_share', sa.Column('claimed', sa.BigInteger(), server_default='0', nullable=False))
    op.drop_constraint(op.f('ck_ledger_transaction_kind_known'), 'ledger_transaction', type_='check')
    op.create_check_constraint(op.f('ck_ledger_transaction_kind_known'), 'ledger_transaction', "kind IN ('OPENING', 'BILLS_ISSUED', 'BILL_ADJUSTED', 'BILL_VOIDED', 'PAYMENT', 'PREPAID_APPLIED', 'PREPAID_RELEASED', 'REFUND', 'FUND_DEPOSIT', 'FUND_SPENT', 'INTEREST', 'EARMARKED', 'COMMON_INCOME', 'COMMON_COST', 'COMMON_SHARE', 'WARRANTY_PAID_IN', 'WARRANTY_REPAIR', 'WARRANTY_REFUND', 'EARMARK_USED', 'EARMARK_RELEASED', 'FUND_CLAIMED', 'FUND_RECOVERED', 'TRANSFER', 'RECONCILED', 'REVERSAL')")
    op.drop_constraint(op.f('ck_document_kind_known'), 'document', type_='check')
    op.create_check_constraint(op.f('ck_document_kind_known'), 'document', "kind IN ('BUSINESS_LICENCE', 'STAFF_LIST', 'MANAGER_CERTIFICATE', 'TRAINING_RECORD', 'OFFICE_PROOF', 'APPOINTMENT', 'CONTRACT', 'OWNERS_RESOLUTION', 'TENDER_RESULT', 'EXCEPTION_APPROVAL', 'PRICE_ITEM', 'TERMINATION_NOTICE', 'COVENANT', 'PLANNING_PERMIT', 'FLOOR_PLAN', 'DEVELOPER_MANDATE', 'SITE_RECORD', 'MODEL_TEXT', 'COMMITTEE_RECORD', 'OWNERSHIP_PROOF', 'POSTING_PROOF', 'PHOTO', 'REPORT', 'PLAN', 'BUDGET', 'ACCEPTANCE', 'PROGRESS', 'SETTLEMENT', 'AUDIT', 'APPORTIONMENT', 'DEMAND_LETTER', 'SERVICE_PROOF', 'MEDIATION_RECORD', 'SUIT_PAPER', 'ASSESSMENT_MEASURES', 'BANK_STATEMENT', 'INVOICE', 'RECEIPT', 'VOTE_NOTICE', 'BALLOT', 'MANDATE', 'JUDGMENT', 'OTHER')")
    op.drop_constraint(op.f('ck_official_duty_known'), 'official', type_='check')
    op.create_check_constraint(op.f('ck_official_duty_known'), 'official', "duty IN ('ADMINISTRATOR', 'APPROVER', 'CASHIER', 'OFFICER')")
    op.drop_constraint(op.f('ck_fund_request_state_known'), 'fund_request', type_='check')
    op.create_check_constraint(op.f('ck_fund_request_state_known'), 'fund_request', "state IN ('DRAFT', 'PLAN_POSTED', 'VOTING', 'VOTE_PASSED', 'VOTE_FAILED', 'COMMITTEE_APPROVED', 'COMMUNITY_CHECKED', 'REPORTED', 'SITE_CHECKED', 'APPROVED_DIRECT', 'NOT_EMERGENCY', 'REPAIRED', 'ACCEPTED', 'POSTED', 'TOWNSHIP_VERIFIED', 'BUREAU_APPROVED', 'CONTRACTED', 'STAGE1_PAID', 'IN_PROGRESS', 'STAGE2_PAID', 'SETTLED', 'FINAL_PAID', 'PAID', 'APPORTIONED', 'CLOSED', 'RETURNED', 'REJECTED', 'CANCELLED', 'LAPSED')")
    op.create_check_constraint(op.f('ck_fund_request_use_known'), 'fund_request', "use IN ('REPAIR', 'INSURANCE')")
    op.create_check_constraint(op.f('ck_fund_earmark_used_within'), 'fund_earmark', 'used BETWEEN 0 AND amount')
    # The lists' second version only adds what follows approval: requests that are under way go on by it.
    op.execute("ALTER TABLE fund_request NO FORCE ROW LEVEL SECURITY")
    op.execute("UPDATE fund_request SET workflow_version = 2")
    op.execute("UPDATE fund_request SET fund_part = approved_amount WHERE state = 'BUREAU_APPROVED'")
    op.execute("ALTER TABLE fund_request FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    op.drop_column('fund_share', 'claimed')
    op.drop_column('fund_share', 'restored')
    op.drop_column('fund_share', 'drawn')
    op.drop_column('fund_share', 'asked')
    op.drop_column('fund_request', 'organised_on')
    op.drop_column('fund_request', 'ordered_to')
    op.drop_column('fund_request', 'open_recoveries')
    op.drop_column('fund_request', 'open_objections')
    op.drop_column('fund_request', 'settled_on')
    op.drop_column('fund_request', 'contracted_on')
    op.drop_column('fund_request', 'certificates')
    op.drop_column('fund_request', 'payable_on')
    op.drop_column('fund_request', 'instructed')
    op.drop_column('fund_request', 'paid')
    op.drop_column('fund_request', 'asked')
    op.drop_column('fund_request', 'fund_part')
    op.drop_column('fund_request', 'use')
    op.drop_column('fund_earmark', 'used')
    op.drop_index(op.f('ix_fund_draw_county_share_id'), table_name='fund_draw', postgresql_where=None)
    op.drop_table('fund_draw')
    op.drop_index(op.f('ix_fund_payment_county_instruction_id'), table_name='fund_payment', postgresql_where=None)
    op.drop_index(op.f('ix_fund_payment_county_fund_request_id_id'), table_name='fund_payment', postgresql_where=None)
    op.drop_table('fund_payment')
    op.drop_index(op.f('ix_fund_recovery_county_updated_at_id'), table_name='fund_recovery', postgresql_where=None)
    op.drop_index(op.f('ix_fund_recovery_county_township_id'), table_name='fund_recovery', postgresql_where=None)
    op.drop_index(op.f('ix_fund_recovery_county_state_id'), table_name='fund_recovery', postgresql_where=None)
    op.drop_index(op.f('ix_fund_recovery_county_fund_request_id_id'), table_name='fund_recovery', postgresql_where=None)
    op.drop_index(op.f('ix_fund_recovery_county_community_id'), table_name='fund_recovery', postgresql_where=None)
    op.drop_table('fund_recovery')
    op.drop_index(op.f('ix_fund_progress_county_fund_request_id_id'), table_name='fund_progress', postgresql_where=None)
    op.drop_table('fund_progress')
    op.drop_index(op.f('ix_fund_objection_county_unit_id'), table_name='fund_objection', postgresql_where=None)
    op.drop_index(op.f('ix_fund_objection_county_fund_request_id_id'), table_name='fund_objection', postgresql_where=None)
    op.drop_table('fund_objection')
    op.drop_table('fund_contract')

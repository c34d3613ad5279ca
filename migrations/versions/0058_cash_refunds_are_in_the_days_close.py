"""cash refunds are in the day's close"""

import sqlalchemy as sa
from alembic import op

revision = '0058'
down_revision = '0057'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('fee_refund', sa.Column('cashier_id', sa.Uuid(), nullable=True))
    op.add_column('fee_refund', sa.Column('daily_close_id', sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f('fk_fee_refund_cashier_id'), 'fee_refund', 'account', ['cashier_id'], ['id'])
    op.create_foreign_key(op.f('fk_fee_refund_county_daily_close_id'), 'fee_refund', 'daily_close', ['county', 'daily_close_id'], ['county', 'id'])
    op.create_index('ix_fee_refund_drawer', 'fee_refund', ['county', 'company_id', 'cashier_id'], unique=False, postgresql_where=sa.text("cashier_id IS NOT NULL AND daily_close_id IS NULL"))


def downgrade() -> None:
    op.drop_index('ix_fee_refund_drawer', table_name='fee_refund', postgresql_where=sa.text("cashier_id IS NOT NULL AND daily_close_id IS NULL"))
    op.drop_constraint(op.f('fk_fee_refund_county_daily_close_id'), 'fee_refund', type_='foreignkey')
    op.drop_constraint(op.f('fk_fee_refund_cashier_id'), 'fee_refund', type_='foreignkey')
    op.drop_column('fee_refund', 'daily_close_id')
    op.drop_column('fee_refund', 'cashier_id')

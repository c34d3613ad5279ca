"""annulled decisions stop payments, renewals are voted on here"""

import sqlalchemy as sa
from alembic import op

revision = '0055'
down_revision = '0054'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('fund_renewal_plan', sa.Column('vote_id', sa.Uuid(), nullable=True))
    op.create_index(op.f('ix_fund_renewal_plan_county_vote_id'), 'fund_renewal_plan', ['county', 'vote_id'], unique=False, postgresql_where=None)
    op.create_foreign_key(op.f('fk_fund_renewal_plan_county_vote_id'), 'fund_renewal_plan', 'vote', ['county', 'vote_id'], ['county', 'id'])
    op.add_column('fund_request', sa.Column('stopped_on', sa.Date(), nullable=True))
    op.add_column('fund_share', sa.Column('cash_paid', sa.BigInteger(), server_default='0', nullable=False))
    op.add_column('fund_share', sa.Column('cash_paid_on', sa.Date(), nullable=True))
    op.drop_constraint(op.f('ck_common_income_entry_kind_known'), 'common_income_entry', type_='check')
    op.create_check_constraint(op.f('ck_common_income_entry_kind_known'), 'common_income_entry', "kind IN ('PARKING', 'ADVERTISING', 'RENT', 'VENUE', 'VENDING', 'COMPENSATION', 'SCRAP_VALUE', 'OTHER_INCOME', 'OPERATING_COST', 'DECIDED_USE')")


def downgrade() -> None:
    op.drop_column('fund_share', 'cash_paid_on')
    op.drop_column('fund_share', 'cash_paid')
    op.drop_column('fund_request', 'stopped_on')
    op.drop_constraint(op.f('fk_fund_renewal_plan_county_vote_id'), 'fund_renewal_plan', type_='foreignkey')
    op.drop_index(op.f('ix_fund_renewal_plan_county_vote_id'), table_name='fund_renewal_plan', postgresql_where=None)
    op.drop_column('fund_renewal_plan', 'vote_id')

"""payment orders"""

import sqlalchemy as sa
from alembic import op

revision = '0059'
down_revision = '0058'
branch_labels = None
depends_on = None

_BEFORE = "'REMINDED', 'NOTICE1', 'DEMAND_SERVED', 'COMMITTEE_URGED', 'MEDIATING', 'SETTLED', 'PLAN_BROKEN', 'READY', 'SUIT_REFERRED', 'COURT_RECEIVED', 'CORRECTION', 'FILED', "
_AFTER = "'REJECTED', 'JUDGED', 'MEDIATED', 'WITHDRAWN', 'ENFORCING', 'CREDIT_LISTED', 'PERFORMED', 'PAID', 'DROPPED'"


def upgrade() -> None:
    op.add_column('dunning_case', sa.Column('order_due_on', sa.Date(), nullable=True))
    op.add_column('dunning_case', sa.Column('order_served_on', sa.Date(), nullable=True))
    _states(f"{_BEFORE}'ORDERED', {_AFTER}")


def downgrade() -> None:
    _states(_BEFORE + _AFTER)
    op.drop_column('dunning_case', 'order_served_on')
    op.drop_column('dunning_case', 'order_due_on')


def _states(known: str) -> None:
    op.drop_constraint(op.f('ck_dunning_case_state_known'), 'dunning_case', type_='check')
    op.create_check_constraint(op.f('ck_dunning_case_state_known'), 'dunning_case', f"state IN ({known})")

"""instructions that wait for their release"""

from alembic import op

revision = '0053'
down_revision = '0052'
branch_labels = None
depends_on = None

FORMER = "state IN ('ISSUED', 'ACKNOWLEDGED', 'EXECUTED', 'RETURNED', 'FAILED', 'CANCELLED')"


def upgrade() -> None:
    _replace(FORMER.replace("('ISSUED'", "('PREPARED', 'ISSUED'"))


def downgrade() -> None:
    _replace(FORMER)


def _replace(condition: str) -> None:
    for table in ('payment_instruction', 'fund_payment'):
        op.drop_constraint(op.f(f'ck_{table}_state_known'), table, type_='check')
        op.create_check_constraint(op.f(f'ck_{table}_state_known'), table, condition)

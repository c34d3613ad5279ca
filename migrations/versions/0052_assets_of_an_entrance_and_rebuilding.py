"""assets of an entrance, and rebuilding"""

import sqlalchemy as sa
from alembic import op

revision = '0052'
down_revision = '0051'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('fund_request', sa.Column('entrance', sa.Text(collation='C'), nullable=True))
    _replace('scope_known', "scope IN ('ESTATE', 'BUILDING', 'ENTRANCE')")
    _replace('use_known', "use IN ('REPAIR', 'REBUILDING', 'INSURANCE')")
    _replace('building_named', "(scope = 'ESTATE') = (building_id IS NULL)")
    op.create_check_constraint(
        op.f('ck_fund_request_entrance_named'), 'fund_request', "(scope = 'ENTRANCE') = (entrance IS NOT NULL)"
    )


def downgrade() -> None:
    op.drop_constraint(op.f('ck_fund_request_entrance_named'), 'fund_request', type_='check')
    _replace('building_named', "(scope = 'BUILDING') = (building_id IS NOT NULL)")
    _replace('use_known', "use IN ('REPAIR', 'INSURANCE')")
    _replace('scope_known', "scope IN ('ESTATE', 'BUILDING')")
    op.drop_column('fund_request', 'entrance')


def _replace(name: str, condition: str) -> None:
    op.drop_constraint(op.f(f'ck_fund_request_{name}'), 'fund_request', type_='check')
    op.create_check_constraint(op.f(f'ck_fund_request_{name}'), 'fund_request', condition)

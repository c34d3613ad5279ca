"""serials of filings are drawn, not counted"""

import sqlalchemy as sa
from alembic import op

from migrations.county import county_table

revision = '0020'
down_revision = '0019'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_table('filing_counter')


def downgrade() -> None:
    op.create_table('filing_counter',
    sa.Column('county', sa.Text(collation='C'), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('series', sa.Text(collation='C'), nullable=False),
    sa.Column('last', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('county', 'id', name=op.f('pk_filing_counter')),
    sa.UniqueConstraint('county', 'series', name=op.f('uq_filing_counter_county_series'))
    )
    county_table(op, "filing_counter")

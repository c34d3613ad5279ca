"""reads of personal data name whom a deputy stood in for"""

import sqlalchemy as sa
from alembic import op

revision = '0025'
down_revision = '0024'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('personal_data_read', sa.Column('acting_for', sa.Text(collation='C'), nullable=True))


def downgrade() -> None:
    op.drop_column('personal_data_read', 'acting_for')

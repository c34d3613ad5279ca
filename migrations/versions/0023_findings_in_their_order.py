"""findings in their order: the list's keys, so that its first rows are read without a sort"""

from alembic import op

revision = '0023'
down_revision = '0022'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        op.f('ix_finding_county_inspection_id_position_id'), 'finding', ['county', 'inspection_id', 'position', 'id']
    )


def downgrade() -> None:
    op.drop_index(op.f('ix_finding_county_inspection_id_position_id'), table_name='finding')

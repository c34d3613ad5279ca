"""owners choose who manages their fund"""

from migrations.county import county_table
import sqlalchemy as sa
from alembic import op

revision = '0057'
down_revision = '0056'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('custody_choice',
    sa.Column('county', sa.Text(collation='C'), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('area_id', sa.Uuid(), nullable=False),
    sa.Column('township', sa.Text(collation='C'), nullable=False),
    sa.Column('community', sa.Text(collation='C'), nullable=False),
    sa.Column('holder', sa.Text(collation='C'), nullable=False),
    sa.Column('vote_id', sa.Uuid(), nullable=False),
    sa.Column('state', sa.Text(collation='C'), server_default='PROPOSED', nullable=False),
    sa.Column('decided_on', sa.Date(), nullable=True),
    sa.Column('transfer_due_on', sa.Date(), nullable=True),
    sa.Column('carried_out_on', sa.Date(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint("holder IN ('BUREAU', 'ASSEMBLY')", name=op.f('ck_custody_choice_holder_known')),
    sa.CheckConstraint("state <> 'DECIDED' OR transfer_due_on IS NOT NULL", name=op.f('ck_custody_choice_transfer_has_day')),
    sa.CheckConstraint("state IN ('PROPOSED', 'DECIDED', 'CARRIED_OUT', 'REJECTED', 'ANNULLED')", name=op.f('ck_custody_choice_state_known')),
    sa.ForeignKeyConstraint(['county', 'area_id'], ['property_area.county', 'property_area.id'], name=op.f('fk_custody_choice_county_area_id')),
    sa.ForeignKeyConstraint(['county', 'vote_id'], ['vote.county', 'vote.id'], name=op.f('fk_custody_choice_county_vote_id')),
    sa.PrimaryKeyConstraint('county', 'id', name=op.f('pk_custody_choice'))
    )
    county_table(op, "custody_choice")
    op.create_index(op.f('ix_custody_choice_county_area_id_id'), 'custody_choice', ['county', 'area_id', 'id'], unique=False, postgresql_where=None)
    op.create_index(op.f('ix_custody_choice_county_vote_id'), 'custody_choice', ['county', 'vote_id'], unique=False, postgresql_where=None)
    op.create_index('uq_custody_choice_open', 'custody_choice', ['county', 'area_id'], unique=True, postgresql_where=sa.text("state IN ('PROPOSED', 'DECIDED')"))


def downgrade() -> None:
    op.drop_table('custody_choice')

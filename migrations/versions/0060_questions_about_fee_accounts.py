"""questions about fee accounts"""

import sqlalchemy as sa
from alembic import op

from migrations.county import county_table

revision = '0060'
down_revision = '0059'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('fee_question',
    sa.Column('county', sa.Text(collation='C'), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('fee_account_id', sa.Uuid(), nullable=False),
    sa.Column('question', sa.Text(collation='C'), nullable=False),
    sa.Column('asked_by', sa.Uuid(), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('answer', sa.Text(collation='C'), nullable=True),
    sa.Column('answered_on', sa.Date(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint('(answer IS NULL) = (answered_on IS NULL)', name=op.f('ck_fee_question_answered_on_a_day')),
    sa.ForeignKeyConstraint(['asked_by'], ['account.id'], name=op.f('fk_fee_question_asked_by')),
    sa.ForeignKeyConstraint(['county', 'fee_account_id'], ['fee_account.county', 'fee_account.id'], name=op.f('fk_fee_question_county_fee_account_id')),
    sa.PrimaryKeyConstraint('county', 'id', name=op.f('pk_fee_question'))
    )
    county_table(op, "fee_question")
    op.create_index(op.f('ix_fee_question_county_fee_account_id_id'), 'fee_question', ['county', 'fee_account_id', 'id'], unique=False, postgresql_where=None)


def downgrade() -> None:
    op.drop_table('fee_question')

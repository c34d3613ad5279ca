"""quotas of fund use and what clauses rest on"""

from migrations.county import county_table
import sqlalchemy as sa
from alembic import op

revision = '0054'
down_revision = '0053'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('fund_quota',
    sa.Column('county', sa.Text(collation='C'), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('area_id', sa.Uuid(), nullable=False),
    sa.Column('township', sa.Text(collation='C'), nullable=False),
    sa.Column('community', sa.Text(collation='C'), nullable=False),
    sa.Column('building_id', sa.Uuid(), nullable=True),
    sa.Column('kind', sa.Text(collation='C'), nullable=False),
    sa.Column('works', sa.Text(collation='C'), nullable=False),
    sa.Column('facility_kinds', sa.ARRAY(sa.Text(collation='C')), server_default=sa.text("'{}'::text[]"), nullable=False),
    sa.Column('item_limit', sa.BigInteger(), nullable=False),
    sa.Column('year_limit', sa.BigInteger(), nullable=False),
    sa.Column('valid_from', sa.Date(), nullable=False),
    sa.Column('valid_to', sa.Date(), nullable=False),
    sa.Column('vote_id', sa.Uuid(), nullable=True),
    sa.Column('clause_id', sa.Uuid(), nullable=True),
    sa.Column('state', sa.Text(collation='C'), nullable=False),
    sa.Column('ended_on', sa.Date(), nullable=True),
    sa.Column('end_reason', sa.Text(collation='C'), nullable=True),
    sa.Column('recorded_by', sa.Uuid(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('now()'), nullable=False),
    sa.CheckConstraint("CASE kind WHEN 'COLLECTIVE' THEN vote_id IS NOT NULL AND clause_id IS NOT NULL ELSE num_nonnulls(vote_id, clause_id) = 1 END", name=op.f('ck_fund_quota_basis_named')),
    sa.CheckConstraint("kind IN ('COLLECTIVE', 'DELEGATED')", name=op.f('ck_fund_quota_kind_known')),
    sa.CheckConstraint("state IN ('PROPOSED', 'IN_FORCE', 'REJECTED', 'ENDED')", name=op.f('ck_fund_quota_state_known')),
    sa.CheckConstraint('0 < item_limit AND item_limit <= year_limit', name=op.f('ck_fund_quota_limits_in_order')),
    sa.CheckConstraint('valid_to >= valid_from', name=op.f('ck_fund_quota_term_in_order')),
    sa.ForeignKeyConstraint(['county', 'area_id'], ['property_area.county', 'property_area.id'], name=op.f('fk_fund_quota_county_area_id')),
    sa.ForeignKeyConstraint(['county', 'building_id'], ['building.county', 'building.id'], name=op.f('fk_fund_quota_county_building_id')),
    sa.ForeignKeyConstraint(['county', 'clause_id'], ['mode_clause.county', 'mode_clause.id'], name=op.f('fk_fund_quota_county_clause_id')),
    sa.ForeignKeyConstraint(['county', 'vote_id'], ['vote.county', 'vote.id'], name=op.f('fk_fund_quota_county_vote_id')),
    sa.ForeignKeyConstraint(['recorded_by'], ['account.id'], name=op.f('fk_fund_quota_recorded_by')),
    sa.PrimaryKeyConstraint('county', 'id', name=op.f('pk_fund_quota'))
    )
    county_table(op, "fund_quota")
    op.create_index(op.f('ix_fund_quota_county_area_id_id'), 'fund_quota', ['county', 'area_id', 'id'], unique=False, postgresql_where=None)
    op.create_index(op.f('ix_fund_quota_county_building_id'), 'fund_quota', ['county', 'building_id'], unique=False, postgresql_where=None)
    op.create_index(op.f('ix_fund_quota_county_clause_id'), 'fund_quota', ['county', 'clause_id'], unique=False, postgresql_where=None)
    op.create_index(op.f('ix_fund_quota_county_vote_id'), 'fund_quota', ['county', 'vote_id'], unique=False, postgresql_where=None)
    op.add_column('fund_request', sa.Column('quota_id', sa.Uuid(), nullable=True))
    op.add_column('fund_request', sa.Column('quota_drawn', sa.BigInteger(), server_default='0', nullable=False))
    op.create_index(op.f('ix_fund_request_county_quota_id_quota_used_on'), 'fund_request', ['county', 'quota_id', 'quota_used_on'], unique=False, postgresql_where=None)
    op.create_foreign_key(op.f('fk_fund_request_county_quota_id'), 'fund_request', 'fund_quota', ['county', 'quota_id'], ['county', 'id'])
    # What was attested per request before stays on record; the list's third version only widens who draws on what.
    for table in ("fund_request", "audit_event"):
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute("""
        INSERT INTO audit_event (county, id, role, action, subject_type, subject_id, township, community, detail, at)
        SELECT county, gen_random_uuid(), 'SYSTEM', 'ATTESTED_QUOTA', 'FundRequest', id, township, community,
               jsonb_build_object('item', quota_item, 'year', quota_year, 'basis', quota_basis), now()
          FROM fund_request WHERE quota_basis IS NOT NULL
    """)
    op.execute("UPDATE fund_request SET workflow_version = 3 WHERE workflow = 'fund_request'")
    for table in ("fund_request", "audit_event"):
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.drop_column('fund_request', 'quota_basis')
    op.drop_column('fund_request', 'quota_year')
    op.drop_column('fund_request', 'quota_item')
    op.add_column('mode_clause', sa.Column('filing_id', sa.Uuid(), nullable=True))
    op.add_column('mode_clause', sa.Column('vote_id', sa.Uuid(), nullable=True))
    op.alter_column('mode_clause', 'mode',
               existing_type=sa.TEXT(collation='C'),
               nullable=True)
    op.create_index(op.f('ix_mode_clause_county_filing_id'), 'mode_clause', ['county', 'filing_id'], unique=False, postgresql_where=None)
    op.create_index(op.f('ix_mode_clause_county_vote_id'), 'mode_clause', ['county', 'vote_id'], unique=False, postgresql_where=None)
    op.create_foreign_key(op.f('fk_mode_clause_county_filing_id'), 'mode_clause', 'filing', ['county', 'filing_id'], ['county', 'id'])
    op.create_foreign_key(op.f('fk_mode_clause_county_vote_id'), 'mode_clause', 'vote', ['county', 'vote_id'], ['county', 'id'])
    op.create_check_constraint(op.f('ck_fund_request_draw_has_day'), 'fund_request', 'quota_id IS NULL OR quota_used_on IS NOT NULL')


def downgrade() -> None:
    op.drop_constraint(op.f('fk_mode_clause_county_vote_id'), 'mode_clause', type_='foreignkey')
    op.drop_constraint(op.f('fk_mode_clause_county_filing_id'), 'mode_clause', type_='foreignkey')
    op.drop_index(op.f('ix_mode_clause_county_vote_id'), table_name='mode_clause', postgresql_where=None)
    op.drop_index(op.f('ix_mode_clause_county_filing_id'), table_name='mode_clause', postgresql_where=None)
    op.alter_column('mode_clause', 'mode',
               existing_type=sa.TEXT(collation='C'),
               nullable=False)
    op.drop_column('mode_clause', 'vote_id')
    op.drop_column('mode_clause', 'filing_id')
    op.add_column('fund_request', sa.Column('quota_item', sa.BIGINT(), autoincrement=False, nullable=True))
    op.add_column('fund_request', sa.Column('quota_year', sa.BIGINT(), autoincrement=False, nullable=True))
    op.add_column('fund_request', sa.Column('quota_basis', sa.TEXT(collation='C'), autoincrement=False, nullable=True))
    op.drop_constraint(op.f('fk_fund_request_county_quota_id'), 'fund_request', type_='foreignkey')
    op.drop_index(op.f('ix_fund_request_county_quota_id_quota_used_on'), table_name='fund_request', postgresql_where=None)
    op.drop_column('fund_request', 'quota_drawn')
    op.drop_column('fund_request', 'quota_id')
    op.drop_index(op.f('ix_fund_quota_county_vote_id'), table_name='fund_quota', postgresql_where=None)
    op.drop_index(op.f('ix_fund_quota_county_clause_id'), table_name='fund_quota', postgresql_where=None)
    op.drop_index(op.f('ix_fund_quota_county_building_id'), table_name='fund_quota', postgresql_where=None)
    op.drop_index(op.f('ix_fund_quota_county_area_id_id'), table_name='fund_quota', postgresql_where=None)
    op.drop_table('fund_quota')

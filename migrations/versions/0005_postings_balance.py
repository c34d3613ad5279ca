"""postings balance

The postings that one statement inserts sum to zero for each transaction (FUND-4). A statement trigger with a transition
table says so at once; a deferred constraint trigger would say it at COMMIT, where nobody can tell what went wrong (DESIGN
§8). The constraint's name is ``posting_balanced``.
"""

from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
CREATE FUNCTION posting_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  unbalanced record;
BEGIN
  SELECT county, transaction_id, sum(amount) AS difference INTO unbalanced
  FROM inserted GROUP BY county, transaction_id HAVING sum(amount) <> 0 LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'the postings of transaction % differ by % fen', unbalanced.transaction_id, unbalanced.difference
      USING ERRCODE = 'check_violation', CONSTRAINT = 'posting_balanced', TABLE = 'posting';
  END IF;
  RETURN NULL;
END $$
""")
    op.execute("""
CREATE TRIGGER posting_balanced AFTER INSERT ON posting
  REFERENCING NEW TABLE AS inserted FOR EACH STATEMENT EXECUTE FUNCTION posting_balanced()
""")


def downgrade() -> None:
    op.execute("DROP TRIGGER posting_balanced ON posting")
    op.execute("DROP FUNCTION posting_balanced()")

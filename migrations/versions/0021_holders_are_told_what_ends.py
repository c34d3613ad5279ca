"""holders are told what ends

Connections that stay open end when their token or a grant does. A trigger says so, since grants and tokens end on many
paths: commands, the authorization server, an operator's SQL. It carries the holder's id and nothing else.
"""

from alembic import op

revision = '0021'
down_revision = '0020'
branch_labels = None
depends_on = None

TOLD = {
    "account": ("grants_version, status", "NEW.id::text"),
    "oauth_client": ("grants_version, status", "NEW.client_id"),
    "access_token": ("revoked_at", "coalesce(NEW.account_id::text, NEW.client_id)"),
}
"""Table → the columns whose change ends something, and the holder."""


def upgrade() -> None:
    for table, (columns, holder) in TOLD.items():
        op.execute(f"""
CREATE FUNCTION {table}_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('anju', json_build_object('type', 'Holder', 'county', '', 'id', {holder})::text);
  RETURN NULL;
END $$""")
        op.execute(
            f'CREATE TRIGGER {table}_told AFTER UPDATE OF {columns} ON "{table}" FOR EACH ROW EXECUTE FUNCTION {table}_told()'
        )


def downgrade() -> None:
    for table in TOLD:
        op.execute(f'DROP TRIGGER {table}_told ON "{table}"')
        op.execute(f"DROP FUNCTION {table}_told()")

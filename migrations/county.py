"""What every new table needs beyond its columns: whom it belongs to, and what the application may do with it.

A migration says one line per table, right after ``create_table``::

    county_table(op, "estate")
    county_table(op, "posting", append_only=True)
    shared_table(op, "account")
"""

from alembic.operations import Operations

APP_ROLE = "anju_app"

COUNTY_PREDICATE = "county = ANY ((SELECT string_to_array(current_setting('anju.counties', true), ','))::text[])"
"""Rows of the counties that the request was let into; nothing set means no rows (DESIGN §5). The inner SELECT is
evaluated once per statement, so that it costs the same for one row and for a thousand."""


def county_table(op: Operations, name: str, *, append_only: bool = False, deletable: bool = False) -> None:
    """Put a county's table behind forced row-level security and grant the application its use.

    ``append_only`` rows can be neither changed nor deleted by the application; rows can be deleted only where
    ``deletable`` says so.
    """
    if append_only and deletable:
        raise ValueError(f"{name}: rows that are only appended are not deleted")
    op.execute(f'ALTER TABLE "{name}" ENABLE ROW LEVEL SECURITY')
    op.execute(f'ALTER TABLE "{name}" FORCE ROW LEVEL SECURITY')
    op.execute(f'CREATE POLICY county ON "{name}" USING ({COUNTY_PREDICATE}) WITH CHECK ({COUNTY_PREDICATE})')
    _grant(op, name, append_only, deletable)


def shared_table(
    op: Operations, name: str, *, append_only: bool = False, deletable: bool = False, read_only: bool = False
) -> None:
    """Grant the application the use of a table without county: accounts, clients, divisions.

    Rows that are ``append_only`` and ``deletable`` are never changed, and swept when they are old.
    ``read_only`` tables are written by migrations and by commands that an operator runs as the owner.
    """
    _grant(op, name, append_only, deletable, read_only)


def _grant(op: Operations, name: str, append_only: bool, deletable: bool, read_only: bool = False) -> None:
    allowed = {
        "SELECT": True,
        "INSERT": not read_only,
        "UPDATE": not append_only and not read_only,
        "DELETE": deletable and not read_only,
    }
    granted = ", ".join(privilege for privilege, given in allowed.items() if given)
    op.execute(f'GRANT {granted} ON "{name}" TO {APP_ROLE}')

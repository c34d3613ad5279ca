"""Models and migrations say the same, and every county table is fenced, keyed and granted as DESIGN §2 and §5 ask."""

from collections.abc import Iterator

import psycopg
import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory

import models  # noqa: F401 — the whole metadata
from app.database import alembic_config, head_revision, migrate, with_driver
from migrations.catalog import catalog, declare, differences
from migrations.county import COUNTY_PREDICATE
from models.base import Base, is_county_table
from tests.database import Database

COUNTY_TABLES = sorted(table.name for table in Base.metadata.sorted_tables if is_county_table(table))
SHARED_TABLES = sorted(table.name for table in Base.metadata.sorted_tables if not is_county_table(table))


@pytest.fixture(scope="module")
def connection(database: Database) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database.superuser_url, autocommit=True) as opened:
        yield opened


def test_the_migrations_make_exactly_what_the_models_declare(database: Database, empty_database: Database) -> None:
    with sa.create_engine(with_driver(empty_database.url), poolclass=sa.NullPool).begin() as connection:
        declared = declare(connection, Base.metadata)
    with sa.create_engine(with_driver(database.url), poolclass=sa.NullPool).connect() as connection:
        migrated = catalog(connection)
    assert [str(difference) for difference in differences(declared, migrated)] == []


def test_migrating_again_changes_nothing(database: Database, connection: psycopg.Connection) -> None:
    migrate(database.url)
    stamped = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    assert stamped == [(head_revision(),)]


def test_the_migrations_are_one_line() -> None:
    script = ScriptDirectory.from_config(alembic_config())
    assert len(script.get_heads()) == 1
    assert len(script.get_bases()) == 1


def test_every_county_table_is_behind_forced_row_level_security(connection: psycopg.Connection) -> None:
    fenced = connection.execute(
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relrowsecurity AND relforcerowsecurity"
    ).fetchall()
    assert set(COUNTY_TABLES) <= {name for (name,) in fenced}


def test_every_county_table_has_the_county_policy_and_no_other(connection: psycopg.Connection) -> None:
    policies: dict[str, list[tuple[object, ...]]] = {}
    with connection.transaction(force_rollback=True):
        # PostgreSQL stores a policy in words of its own: let it say the expected one likewise.
        connection.execute('CREATE TEMPORARY TABLE pattern (county text COLLATE "C")')
        connection.execute(
            f"CREATE POLICY county ON pattern USING ({COUNTY_PREDICATE}) WITH CHECK ({COUNTY_PREDICATE})"
        )
        for table, *policy in connection.execute(
            "SELECT tablename, policyname, permissive, roles::text[], cmd, qual, with_check FROM pg_policies"
        ):
            policies.setdefault(table, []).append(tuple(policy))
    expected = policies.pop("pattern")
    assert policies == dict.fromkeys(COUNTY_TABLES, expected)


def test_every_key_of_a_county_table_starts_with_the_county(connection: psycopg.Connection) -> None:
    """Primary and unique keys, indexes and foreign keys: what lets the schema be distributed by county (DESIGN §8)."""
    offenders = connection.execute(
        """
        SELECT c.relname, i.relname
        FROM pg_index x
        JOIN pg_class c ON c.oid = x.indrelid
        JOIN pg_class i ON i.oid = x.indexrelid
        LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = x.indkey[0]
        WHERE c.relname = ANY (%(tables)s) AND a.attname IS DISTINCT FROM 'county'
        UNION ALL
        SELECT c.relname, k.conname
        FROM pg_constraint k
        JOIN pg_class c ON c.oid = k.conrelid
        JOIN pg_class r ON r.oid = k.confrelid
        LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.conkey[1]
        LEFT JOIN pg_attribute b ON b.attrelid = r.oid AND b.attnum = k.confkey[1]
        WHERE k.contype = 'f' AND c.relname = ANY (%(tables)s) AND r.relname = ANY (%(tables)s)
          AND (a.attname IS DISTINCT FROM 'county' OR b.attname IS DISTINCT FROM 'county')
        """,
        {"tables": COUNTY_TABLES},
    ).fetchall()
    assert offenders == []


def test_no_shared_table_refers_to_a_county_table(connection: psycopg.Connection) -> None:
    offenders = connection.execute(
        """
        SELECT c.relname, k.conname FROM pg_constraint k
        JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class r ON r.oid = k.confrelid
        WHERE k.contype = 'f' AND c.relname = ANY (%s) AND r.relname = ANY (%s)
        """,
        [SHARED_TABLES, COUNTY_TABLES],
    ).fetchall()
    assert offenders == []


def test_the_application_role_may_do_what_each_table_allows_and_owns_nothing(connection: psycopg.Connection) -> None:
    granted: dict[str, set[str]] = {}
    for table, privilege in connection.execute(
        "SELECT table_name, privilege_type FROM information_schema.role_table_grants WHERE grantee = 'anju_app'"
    ):
        granted.setdefault(table, set()).add(privilege)
    expected = {}
    for table in Base.metadata.sorted_tables:
        allowed = {"SELECT", "INSERT", "UPDATE"}
        if table.info.get("read_only"):
            allowed = {"SELECT"}
        if table.info.get("append_only"):
            allowed -= {"UPDATE"}
        if table.info.get("deletable"):
            allowed |= {"DELETE"}
        expected[table.name] = allowed
    assert {name: granted.get(name, set()) for name in expected} == expected
    owned = connection.execute("SELECT relname FROM pg_class WHERE relowner = 'anju_app'::regrole").fetchall()
    assert owned == []


NEVER_CHANGED = """posting ledger_transaction allocation bill_adjustment review audit_event filing_submission
  filing_query_log disclosure disclosure_proof charge_item_disclosure area_succession inspection_signature site_check
  model_text personal_data_read"""
"""What counts and stands for ever (DESIGN §2): entries, decisions, events, versions of postings, queries of partners."""


def test_what_counts_can_be_neither_changed_nor_deleted(connection: psycopg.Connection) -> None:
    granted = connection.execute(
        "SELECT t, p FROM unnest(%s::text[]) t, unnest('{UPDATE,DELETE,TRUNCATE}'::text[]) p"
        " WHERE has_table_privilege('anju_app', t, p)",
        [NEVER_CHANGED.split()],
    ).fetchall()
    assert granted == []
    books = connection.execute(
        "SELECT p FROM unnest('{DELETE,TRUNCATE}'::text[]) p WHERE has_table_privilege('anju_app', 'ledger_account', p)"
    ).fetchall()
    assert books == []


def test_texts_sort_by_code_point(connection: psycopg.Connection) -> None:
    """``COLLATE "C"`` on every text column, so that no server's locale decides an order or a unique key."""
    offenders = connection.execute(
        """
        SELECT c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        JOIN pg_collation l ON l.oid = a.attcollation
        WHERE c.relname = ANY (%s) AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND l.collname <> 'C'
        """,
        [COUNTY_TABLES + SHARED_TABLES],
    ).fetchall()
    assert offenders == []

"""The ledger's guards on a table that is divided by county, as on a distributed database (DESIGN §8)."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from app.database import session_options, without_driver
from domain.ledger import AccountKind, TransactionKind
from models.base import new_id
from tests.database import Database

COUNTY = "990001"


@pytest.fixture
def divided(own_database: Database) -> Iterator[psycopg.Connection[Any]]:
    """The application's connection to a database whose postings are divided by hash of the county, each part with the
    guard that its whole has."""
    with psycopg.connect(own_database.superuser_url, autocommit=True) as owner:
        owner.execute("ALTER TABLE posting RENAME TO posting_whole")
        owner.execute("CREATE TABLE posting (LIKE posting_whole INCLUDING ALL) PARTITION BY HASH (county)")
        for part in range(3):
            owner.execute(
                f"CREATE TABLE posting_{part} PARTITION OF posting FOR VALUES WITH (MODULUS 3, REMAINDER {part})"
            )
        for table in ("posting", "posting_0", "posting_1", "posting_2"):
            owner.execute(
                f"CREATE TRIGGER posting_balanced AFTER INSERT ON {table} REFERENCING NEW TABLE AS inserted"
                " FOR EACH STATEMENT EXECUTE FUNCTION posting_balanced()"
            )
            owner.execute(f"GRANT SELECT, INSERT ON {table} TO anju_app")
    with psycopg.connect(without_driver(own_database.url), options=session_options(), autocommit=True) as application:
        application.execute("SELECT set_config('anju.counties', %s, false)", (COUNTY,))
        yield application


@pytest.mark.rule("FUND-4")
def test_unbalanced_postings_are_refused_and_nothing_is_changed_or_deleted(divided: psycopg.Connection[Any]) -> None:
    account, transaction = new_id(), new_id()
    divided.execute(
        "INSERT INTO ledger_account (county, id, kind, opened_on) VALUES (%s, %s, %s, current_date)",
        (COUNTY, account, AccountKind.SUSPENSE.value),
    )
    divided.execute(
        "INSERT INTO ledger_transaction (county, id, kind, occurred_on, reason) VALUES (%s, %s, %s, current_date, 'test')",
        (COUNTY, transaction, TransactionKind.TRANSFER.value),
    )
    part = divided.execute(
        "SELECT relname FROM pg_class WHERE relname ~ '^posting_[0-2]$' AND satisfies_hash_partition("
        "'posting'::regclass, 3, right(relname, 1)::int, %s::text)",
        (COUNTY,),
    ).fetchone()
    assert part is not None

    def insert(table: str, *amounts: int) -> None:
        divided.execute(
            f"INSERT INTO {table} (county, transaction_id, line, account_id, occurred_on, amount)"
            " SELECT %s, %s, n, %s, current_date, amount FROM unnest(%s::bigint[]) WITH ORDINALITY given (amount, n)",
            (COUNTY, transaction, account, list(amounts)),
        )

    for table in ("posting", part[0]):
        with pytest.raises(psycopg.errors.CheckViolation, match="differ by 1 fen"):
            insert(table, 100, -99)
    insert("posting", 100, -100)
    assert divided.execute("SELECT count(DISTINCT id), sum(amount) FROM posting").fetchone() == (2, 0)
    for change in ("UPDATE {} SET amount = 0", "DELETE FROM {}", "TRUNCATE {}"):
        for table in ("posting", part[0], "ledger_transaction"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                divided.execute(change.format(table).replace("amount = 0", "county = county"))  # type: ignore[arg-type]

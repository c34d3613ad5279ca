"""The large demo: whole, the same for the same seed, within what every table and the ledger demand."""

import psycopg
import pytest

from app.large import AlreadyLoadedError, load_large
from tests.database import Cluster, Database

UNITS, BILLS = 250, 2_500


@pytest.fixture(scope="module")
def filled(database_cluster: Cluster):
    with database_cluster.clone("large") as database:
        yield database, load_large(database.url, units=UNITS, bills=BILLS, seed=7)


def _one(database: Database, query: str) -> int:
    with psycopg.connect(database.superuser_url) as connection:
        row = connection.execute(query).fetchone()  # type: ignore[call-overload]
        assert row is not None
        return int(row[0])


def test_makes_what_was_asked_for(filled: tuple[Database, dict[str, int]]) -> None:
    _, counts = filled
    assert counts["unit"] == UNITS
    assert counts["fee_bill"] >= BILLS


def test_the_books_balance(filled: tuple[Database, dict[str, int]]) -> None:
    database, _ = filled
    assert _one(database, "SELECT sum(amount) FROM posting") == 0
    owed = "SELECT sum(amount + adjusted - settled) FROM fee_bill"
    receivable = (
        "SELECT sum(p.amount) FROM posting p JOIN ledger_account a ON a.county = p.county AND a.id = p.account_id"
        " WHERE a.kind = 'RECEIVABLE'"
    )
    assert _one(database, owed) == _one(database, receivable) > 0


def test_allocations_settle_bills_and_use_up_payments(filled: tuple[Database, dict[str, int]]) -> None:
    database, _ = filled
    wrong_bills = (
        "SELECT count(*) FROM fee_bill b WHERE settled <> (SELECT coalesce(sum(a.amount), 0) FROM allocation a"
        " WHERE a.county = b.county AND a.bill_id = b.id)"
    )
    wrong_payments = (
        "SELECT count(*) FROM payment p WHERE amount - prepaid <> (SELECT coalesce(sum(a.amount), 0) FROM allocation a"
        " WHERE a.county = p.county AND a.payment_id = p.id)"
    )
    assert _one(database, wrong_bills) == _one(database, wrong_payments) == 0


def test_leaves_the_tables_as_they_were(filled: tuple[Database, dict[str, int]], database_cluster: Cluster) -> None:
    database, _ = filled
    shape = (
        "SELECT md5(string_agg(d, '|' ORDER BY d)) FROM ("
        " SELECT pg_get_indexdef(indexrelid) AS d FROM pg_index WHERE indrelid = 'fee_bill'::regclass"
        " UNION ALL SELECT conname || pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'fee_bill'::regclass"
        " UNION ALL SELECT relname || relforcerowsecurity FROM pg_class WHERE relkind = 'r' AND relrowsecurity) x"
    )
    found = []
    with database_cluster.clone("large_shape") as untouched:
        for each in (database, untouched):
            with psycopg.connect(each.superuser_url) as connection:
                found.append(connection.execute(shape).fetchone())
    assert found[0] == found[1]


def test_is_made_once_per_seed(filled: tuple[Database, dict[str, int]]) -> None:
    database, _ = filled
    with pytest.raises(AlreadyLoadedError):
        load_large(database.url, units=UNITS, bills=BILLS, seed=7)


def test_the_same_seed_gives_the_same_rows(filled: tuple[Database, dict[str, int]], database_cluster: Cluster) -> None:
    database, _ = filled
    rows = "SELECT md5(string_agg(concat(county, id, number, amount, settled, state), '|' ORDER BY county, id)) FROM fee_bill"
    with database_cluster.clone("large_again") as again:
        load_large(again.url, units=UNITS, bills=BILLS, seed=7)
        found = []
        for each in (database, again):
            with psycopg.connect(each.superuser_url) as connection:
                found.append(connection.execute(rows).fetchone())
    assert found[0] == found[1]

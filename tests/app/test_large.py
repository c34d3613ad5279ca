"""The large demo: whole, the same for the same seed, within what every table and the ledger demand."""

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest

from app.large import MODELS, AlreadyLoadedError, load_large
from app.large.copying import loading
from app.progress import silent
from tests.database import Cluster, Database

UNITS, BILLS, SEED = 250, 2_500, 7
TABLES = [model.__tablename__ for model in MODELS]


@dataclass(frozen=True)
class Filled:
    """A database with the large demo, and what was said while it was made."""

    database: Database
    counts: dict[str, int]
    shown: list[tuple[str, int, int]]


@pytest.fixture(scope="module")
def filled(database_cluster: Cluster) -> Iterator[Filled]:
    shown: list[tuple[str, int, int]] = []

    def show(label: str, done: int, total: int) -> None:
        shown.append((label, done, total))

    with database_cluster.clone("large") as database:
        yield Filled(database, load_large(database.url, show, units=UNITS, bills=BILLS, seed=SEED), shown)


@pytest.fixture(scope="module")
def untouched(database_cluster: Cluster) -> Iterator[Database]:
    """A database in which nothing stays."""
    with database_cluster.clone("large_untouched") as database:
        yield database


def _one(database: Database, query: str) -> int:
    with psycopg.connect(database.superuser_url) as connection:
        row = connection.execute(query).fetchone()  # type: ignore[call-overload]
        assert row is not None
        return int(row[0])


def test_makes_what_was_asked_for(filled: Filled) -> None:
    assert filled.counts["unit"] == UNITS
    assert filled.counts["fee_bill"] >= BILLS
    assert filled.counts == {table: _one(filled.database, f"SELECT count(*) FROM {table}") for table in TABLES}


def test_the_books_balance(filled: Filled) -> None:
    assert _one(filled.database, "SELECT sum(amount) FROM posting") == 0
    owed = "SELECT sum(amount + adjusted - settled) FROM fee_bill"
    receivable = (
        "SELECT sum(p.amount) FROM posting p JOIN ledger_account a ON a.county = p.county AND a.id = p.account_id"
        " WHERE a.kind = 'RECEIVABLE'"
    )
    assert _one(filled.database, owed) == _one(filled.database, receivable) > 0


def test_allocations_settle_bills_and_use_up_payments(filled: Filled) -> None:
    wrong_bills = (
        "SELECT count(*) FROM fee_bill b WHERE settled <> (SELECT coalesce(sum(a.amount), 0) FROM allocation a"
        " WHERE a.county = b.county AND a.bill_id = b.id)"
    )
    wrong_payments = (
        "SELECT count(*) FROM payment p WHERE amount - prepaid <> (SELECT coalesce(sum(a.amount), 0) FROM allocation a"
        " WHERE a.county = p.county AND a.payment_id = p.id)"
    )
    assert _one(filled.database, wrong_bills) == _one(filled.database, wrong_payments) == 0


def test_bills_are_issued_at_eight_and_paid_at_ten(filled: Filled) -> None:
    """Days and instants arrive as they were meant (they travel in binary)."""
    right = (
        "SELECT count(*) FROM fee_bill WHERE issued_on = date_trunc('month', issued_on) AND due_on = issued_on + 19"
        " AND created_at = (issued_on + time '08:00') AT TIME ZONE 'Asia/Shanghai'"
        " AND updated_at = (coalesce(paid_on + time '10:00', issued_on + time '08:00')) AT TIME ZONE 'Asia/Shanghai'"
    )
    assert _one(filled.database, right) == filled.counts["fee_bill"]


_SHAPE = """
SELECT pg_get_indexdef(indexrelid) FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
WHERE relnamespace = 'public'::regnamespace
UNION ALL SELECT concat_ws(' ', conrelid::regclass, conname, convalidated, pg_get_constraintdef(oid)) FROM pg_constraint
WHERE connamespace = 'public'::regnamespace
UNION ALL SELECT concat_ws(' ', relname, relrowsecurity, relforcerowsecurity, relacl) FROM pg_class
WHERE relnamespace = 'public'::regnamespace
UNION ALL SELECT concat_ws(' ', attrelid::regclass, attname, attnotnull) FROM pg_attribute
JOIN pg_class ON pg_class.oid = attrelid WHERE relnamespace = 'public'::regnamespace AND attnum > 0
ORDER BY 1
"""
"""Indexes, constraints, row-level security, rights and NOT NULL of every table."""


def _shape(database: Database) -> list[str]:
    with psycopg.connect(database.superuser_url) as connection:
        return [line for (line,) in connection.execute(_SHAPE).fetchall()]


def test_leaves_every_table_as_it_was(filled: Filled, untouched: Database) -> None:
    assert _shape(filled.database) == _shape(untouched)


def test_nothing_is_kept_up_row_by_row(untouched: Database) -> None:
    """What makes it fast: keys, indexes and foreign keys see all rows at once, at the end."""
    kept = (
        "SELECT (SELECT count(*) FROM pg_index WHERE indrelid = ANY (%(tables)s::regclass[])),"
        " (SELECT count(*) FROM pg_constraint WHERE contype IN ('p', 'u', 'f')"
        " AND %(tables)s::regclass[] && ARRAY[conrelid::regclass, confrelid::regclass])"
    )
    with loading(untouched.url, MODELS, silent) as opened:
        assert opened.connection.execute(kept, {"tables": TABLES}).fetchone() == (0, 0)


@pytest.mark.parametrize("label", ["fee_bill", "keys and indexes"])
def test_an_interruption_leaves_nothing_behind(untouched: Database, label: str) -> None:
    before = _shape(untouched)

    def interrupt(shown: str, done: int, total: int) -> None:
        if shown == label and done >= total // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_large(untouched.url, interrupt, units=UNITS, bills=BILLS, seed=SEED)
    assert [_one(untouched, f"SELECT count(*) FROM {table}") for table in TABLES] == [0] * len(TABLES)
    assert _shape(untouched) == before


def test_progress_of_each_part_grows_up_to_all_of_it(filled: Filled) -> None:
    last: dict[str, tuple[int, int]] = {}
    for label, done, total in filled.shown:
        before, whole = last.get(label, (0, total))
        assert before <= done <= total == whole, label
        last[label] = done, total
    assert set(last) == {*TABLES, "keys and indexes", "statistics"}
    assert all(done == total for done, total in last.values())
    assert ("fee_bill", 1_000, filled.counts["fee_bill"]) in filled.shown


def test_is_made_once_per_seed(filled: Filled) -> None:
    with pytest.raises(AlreadyLoadedError):
        load_large(filled.database.url, units=UNITS, bills=BILLS, seed=SEED)


def test_the_same_seed_gives_the_same_rows(filled: Filled, own_database: Database) -> None:
    load_large(own_database.url, units=UNITS, bills=BILLS, seed=SEED)
    for table in TABLES:
        # Without the columns whose default is the moment of writing.
        row = "(to_jsonb(t) - ARRAY['created_at', 'updated_at'])::text"
        rows = f"SELECT md5(string_agg({row}, '' ORDER BY {row})) FROM {table} t"
        found = []
        for each in (filled.database, own_database):
            with psycopg.connect(each.superuser_url) as connection:
                found.append(connection.execute(rows).fetchone())  # type: ignore[call-overload]
        assert found[0] == found[1], table

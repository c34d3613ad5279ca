"""Reconciliation's time and memory: ``python -m bench --reconcile``.

A bank account of an invented county with as many movements as lines, written by COPY, and a statement of it as a CSV file with a
difference of every kind here and there. A process of its own reads the file and compares, as the worker does, and compares again.
"""

import asyncio
import json
import resource
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import async_sessionmaker

from app import postgres, statement_files
from app.database import command_engine, create_database, migrate
from auth.actor import Grant, system_actor
from bench import machine
from domain.documents import CSV
from domain.register_rows import Faults
from domain.roles import Role
from domain.statements import Header
from models.base import new_id
from models.custody import BankAccount
from models.differences import BankDifference
from models.statements import BankStatement
from resolvers import statements
from resolvers.reconciliation import reconcile
from resolvers.unit_of_work import UnitOfWork, transact

COUNTY = "370303"
DATABASE = "bench_reconciliation"
FROM = date(2025, 1, 1)
DAYS = 365
EVERY = 700
"""Every so many lines each kind of difference occurs once."""
KINDS = ("MISSING_IN_BOOKS", "MISSING_AT_BANK", "DUPLICATE", "ALTERED_AMOUNT", "LATE", "REVERSED")
_LEDGER_TRANSACTION = "county, id, kind, occurred_on, reason, reverses_id"
_MOVEMENT = "county, id, bank_account_id, serial, value_date, amount, kind, code, transaction_id"


@dataclass(frozen=True)
class Figures:
    """What it took: seconds by step, the process's peak MiB, and how many differences of which kind it found."""

    lines: int
    read: float
    compared: float
    again: float
    peak_mib: float
    differences: dict[str, int]
    unexplained: int


def measured(folder: Path, lines: int, say: Any) -> Figures:
    """Reconcile a statement of so many lines."""
    with postgres.start(folder) as running:
        with psycopg.connect(running.superuser_url, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{DATABASE}"')
        create_database(running.superuser_url, DATABASE, postgres.OWNER)
        migrate(running.url_for(DATABASE, user=postgres.OWNER))
        say(f"writing {lines:,} movements")
        account = uuid.UUID(int=1)
        path = folder / "statement.csv"
        closing = _write(running.url_for(DATABASE, user="postgres"), account, lines, path)
        say("reading and comparing")
        given = [sys.executable, "-m", "bench.reconciliation", running.url_for(DATABASE, user=postgres.OWNER)]
        done = subprocess.run([*given, str(account), str(path), str(closing)], stdout=subprocess.PIPE, check=True)
    return Figures(lines=lines, **json.loads(done.stdout))


def _write(url: str, account: uuid.UUID, lines: int, path: Path) -> int:
    """Movements with their transactions and postings, and the bank's statement; its closing balance in fen."""
    person, money, fund = new_id(), new_id(), new_id()
    movements = list(_movements(lines))
    with psycopg.connect(url) as connection:
        connection.execute("SET session_replication_role = replica")  # what is written here is whole by construction
        connection.execute("INSERT INTO account (id, display_name) VALUES (%s, '演示')", [person])
        connection.execute(
            "INSERT INTO oauth_client (client_id, name, secret_hash, purpose, legal_basis)"
            " VALUES ('bank', '演示银行', 'none', 'x', 'x')"
        )
        connection.execute(
            "INSERT INTO bank_account (county, id, purpose, holder, name, bank_name, bank_code, client_id, opened_on,"
            " registered_by, number_sealed, number_index, number_mask)"
            " VALUES (%s, %s, 'FUND', 'BUREAU', '专户', '演示银行', '999999000001', 'bank', %s, %s, '', '', '****0001')",
            [COUNTY, account, FROM, person],
        )
        for ident, kind in ((money, "BANK"), (fund, "SUSPENSE")):
            connection.execute(
                "INSERT INTO ledger_account (county, id, kind, bank_account_id, opened_on) VALUES (%s, %s, %s, %s, %s)",
                [COUNTY, ident, kind, account, FROM],
            )
        with connection.cursor().copy(f"COPY ledger_transaction ({_LEDGER_TRANSACTION}) FROM STDIN") as copy:
            for _, fact, day, _, taken_back in movements:
                copy.write_row((COUNTY, fact, "FUND_DEPOSIT", day, "缴存（虚构）", None))
                if taken_back:
                    copy.write_row((COUNTY, taken_back, "REVERSAL", day, "误记（虚构）", fact))
        with connection.cursor().copy(
            "COPY posting (county, transaction_id, line, account_id, occurred_on, amount) FROM STDIN"
        ) as copy:
            for _, fact, day, fen, taken_back in movements:
                for transaction, sign in ((fact, 1), (taken_back, -1)):
                    if transaction:
                        copy.write_row((COUNTY, transaction, 1, money, day, sign * fen))
                        copy.write_row((COUNTY, transaction, 2, fund, day, -sign * fen))
        with connection.cursor().copy(f"COPY bank_movement ({_MOVEMENT}) FROM STDIN") as copy:
            for serial, fact, day, fen, _ in movements:
                copy.write_row((COUNTY, new_id(), account, serial, day, fen, "DEPOSIT", None, fact))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE)")
    return _statement(movements, path)


def _movements(lines: int) -> Iterator[tuple[str, uuid.UUID, date, int, uuid.UUID | None]]:
    """Serial, transaction, day, fen, and the reversal of those that the books have taken back."""
    for number in range(lines):
        day = FROM + timedelta(days=number * DAYS // lines)
        reversed_by = new_id() if number % EVERY == 5 else None
        yield f"S{number:08d}", new_id(), day, 100 + number % 50_000, reversed_by


def _statement(movements: list[tuple[str, uuid.UUID, date, int, uuid.UUID | None]], path: Path) -> int:
    """The bank's CSV: as the books, but for a difference of each kind now and then."""
    closing = 0
    with path.open("w", encoding="gb18030") as file:
        file.write("流水号,起息日,收支方向,金额,业务编号,对方户名,摘要\n")
        for number, (serial, _, day, fen, _) in enumerate(movements):
            kind = number % EVERY
            if kind == 1:  # missing at the bank
                continue
            stated = fen + 7 if kind == 3 else fen
            on = day + timedelta(days=1) if kind == 4 else day
            entries = [(serial, on, stated)]
            if kind == 0:
                entries.append((f"X{number:08d}", day, 33))  # missing in the books
            if kind == 2:
                entries.append((serial, on, stated))  # booked twice
            for name, when, amount in entries:
                file.write(f"{name},{when},收入,{amount // 100}.{amount % 100:02},,演示业主（虚构）,缴存\n")
                closing += amount
    return closing


async def _compare(url: str, account_id: uuid.UUID, path: Path, closing: int) -> dict[str, Any]:
    engine = command_engine(url, size=1, overflow=0)
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    today = FROM + timedelta(days=DAYS + 1)
    clock = system_actor(COUNTY, today)
    header = Header("2025", FROM, FROM + timedelta(days=DAYS), 0, closing)

    async def hand_in(uow: UnitOfWork) -> None:
        given = statement_files.read(path, CSV, faults := Faults())
        assert given is not None, "the file was not read"
        assert not faults, faults.kept[:3]
        account = await uow.session.get_one(BankAccount, (COUNTY, account_id))
        grant = Grant(new_id(), Role.BANK, COUNTY, client_id=account.client_id)
        await statements.take_whole(uow, account, grant, header, given)

    async def compare(uow: UnitOfWork) -> None:
        await reconcile(uow, bank_account_id=account_id)

    async def found(uow: UnitOfWork) -> dict[str, Any]:
        rows = await uow.session.execute(
            select(BankDifference.kind, func.count().label("found"))
            .where(BankDifference.county == COUNTY)
            .group_by(BankDifference.kind)
        )
        unexplained = await uow.session.scalar(select(BankStatement.unexplained).where(BankStatement.county == COUNTY))
        return {"differences": {row.kind: row.found for row in rows}, "unexplained": unexplained}

    seconds: dict[str, Any] = {}
    for step, work in (("read", hand_in), ("compared", compare), ("again", compare)):
        began = time.perf_counter()
        await transact(sessions, clock, COUNTY, work)
        seconds[step] = round(time.perf_counter() - began, 1)
    told = (await transact(sessions, clock, COUNTY, found)).row
    await engine.dispose()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {**seconds, **told, "peak_mib": round(peak)}


def report(found: Figures) -> list[str]:
    """The figures as lines of a table."""
    kinds = ", ".join(f"{name} {count}" for name, count in sorted(found.differences.items()))
    return [
        machine.describe(),
        "| lines | read and stored | compared | again | altogether | peak memory | differences |",
        "|---:|---:|---:|---:|---:|---:|---|",
        f"| {found.lines:,} | {found.read} s | {found.compared} s | {found.again} s"
        f" | {found.read + found.compared:.1f} s | {found.peak_mib} MiB | {kinds} |",
        f"Left unexplained: {found.unexplained} fen.",
    ]


def as_json(found: Figures) -> dict[str, Any]:
    """The figures for ``--json``."""
    return {"reconciliation": asdict(found)}


if __name__ == "__main__":
    url, account, path, closing = sys.argv[1:]
    told = asyncio.run(_compare(url, uuid.UUID(account), Path(path), int(closing)))
    sys.stdout.write(json.dumps(told))

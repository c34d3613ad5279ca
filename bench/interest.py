"""Sharing a year's interest by day-weighted balance (FUND-9): ``python -m bench --interest``.

The accounts of 100,000 units in areas of a hundred, each with two deposits, all at one bank account, are written by SQL into a
database of their own; foreign keys are off while they are. Each round shares one more year as ``fundIncomeDistribute`` does
(``resolvers.fund_income_shares.share``), foreign keys and the balance trigger on again, up to and with its commit. What
was shared out must be in the books to the fen.
"""

import asyncio
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy.ext.asyncio import async_sessionmaker

from app import database, postgres
from app.database import command_engine
from bench.contenders import BenchError
from domain.calendar import today
from resolvers import fund_income_shares
from resolvers.unit_of_work import set_fuse

UNITS, OF_AN_AREA = 100_000, 100
COUNTY, DATABASE = "990000", "interest"
INCOME = 123_456_789
"""Fen, of each year."""

FIRST_YEAR = 2010
BANK = UUID("00000000-0000-7000-8000-000000000001")

_ID = "('00000000-0000-7000-{kind}-' || lpad(({n})::text, 12, '0'))::uuid"


def _id(kind: int, n: str) -> str:
    return _ID.format(kind=kind, n=n)


_AREA, _UNIT, _ACCOUNT, _MONEY, _DEPOSIT = 8001, 8002, 8003, 8004, 8005
_BOOKS = f"""
SET session_replication_role = replica;
INSERT INTO custody (county, id, bank_account_id, purpose, area_id, valid_from)
SELECT '{COUNTY}', {_id(_AREA, "a")}, '{BANK}', 'FUND', {_id(_AREA, "a")}, '2000-01-01'
  FROM generate_series(1, {{areas}}) a;
INSERT INTO unit (county, id, building_id, estate_id, area_id, floor, room, name, name_mask, sort_key, use)
SELECT '{COUNTY}', {_id(_UNIT, "u")}, '{BANK}', '{BANK}', {_id(_AREA, f"1 + (u - 1) / {OF_AN_AREA}")},
       1, u, u, u, u, 'DWELLING' FROM generate_series(1, {{units}}) u;
INSERT INTO ledger_account (county, id, kind, unit_id, opened_on)
SELECT county, {_id(_ACCOUNT, "room::int")}, 'UNIT_FUND', id, '2000-01-01' FROM unit;
INSERT INTO ledger_account (county, id, kind, area_id, bank_account_id, opened_on)
SELECT county, {_id(_MONEY, "row_number() OVER (ORDER BY area_id)")}, 'BANK', area_id, '{BANK}', '2000-01-01' FROM custody;
INSERT INTO ledger_account (county, id, kind, bank_account_id, opened_on)
SELECT '{COUNTY}', {_id(_MONEY, "900000000 + n")}, (ARRAY['BANK', 'UNDISTRIBUTED_INTEREST'])[n], '{BANK}', '2000-01-01'
  FROM generate_series(1, 2) n;
INSERT INTO ledger_transaction (county, id, kind, occurred_on, reason, posted_at)
SELECT '{COUNTY}', {_id(_DEPOSIT, "n * 2 + half")}, 'FUND_DEPOSIT', date '2005-01-01' + (n % 1000)::int + half * 2000, '', now()
  FROM generate_series(0, {{units}}) n, generate_series(0, 1) half;
INSERT INTO posting (county, transaction_id, line, account_id, occurred_on, amount)
SELECT '{COUNTY}', {_id(_DEPOSIT, "u * 2 + half")}, side,
       CASE side WHEN 1 THEN {_id(_ACCOUNT, "u")} ELSE {_id(_MONEY, f"1 + (u - 1) / {OF_AN_AREA}")} END,
       date '2005-01-01' + (u % 1000)::int + half * 2000, (2 * side - 3) * (300000 + u % 700000)
  FROM generate_series(1, {{units}}) u, generate_series(0, 1) half, generate_series(1, 2) side;
INSERT INTO posting (county, transaction_id, line, account_id, occurred_on, amount)
SELECT '{COUNTY}', {_id(_DEPOSIT, "0")}, side, {_id(_MONEY, "900000000 + side")}, '2005-01-01', (3 - 2 * side) * {{income}}
  FROM generate_series(1, 2) side;
ANALYZE;
"""


def measured(_folder: Path, units: int, rounds: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Seconds of each round; raises ``BenchError`` where the books do not have what was shared."""
    with postgres.temporary() as server:
        database.create_database(server.superuser_url, DATABASE, postgres.OWNER)
        url = server.url_for(DATABASE, user=postgres.OWNER)
        database.migrate(url)
        say(f"writing the accounts of {units:,} units")
        with psycopg.connect(server.url_for(DATABASE, user="postgres"), autocommit=True) as connection:
            sizes = {"units": units, "areas": -(-units // OF_AN_AREA), "income": INCOME * rounds}
            connection.execute(_BOOKS.format(**sizes).encode())
            found = asyncio.run(_shared(url, rounds, say))
            lines, fen = connection.execute(
                "SELECT count(*), sum(p.amount) FROM posting p"
                " JOIN ledger_account a ON (a.county, a.id) = (p.county, p.account_id)"
                " JOIN ledger_transaction t ON (t.county, t.id) = (p.county, p.transaction_id)"
                " WHERE a.kind = 'UNIT_FUND' AND t.kind = 'INTEREST'"
            ).fetchone() or (0, 0)
        if (lines, fen) != (units * rounds, -INCOME * rounds):
            raise BenchError(f"{lines} lines of {fen} fen are in the books")
    return {"units": units, "seconds": found}


async def _shared(url: str, rounds: int, say: Callable[[str], None]) -> list[float]:
    engine = command_engine(url)
    now = datetime.now(UTC)
    seconds = []
    for turn in range(rounds):
        began = time.perf_counter()
        async with async_sessionmaker(engine).begin() as session:
            await set_fuse(session, {COUNTY})
            nobody = SimpleNamespace(account_id=None, client_id=None)
            uow: Any = SimpleNamespace(session=session, county=COUNTY, now=now, today=today(now), actor=nobody)
            await fund_income_shares.share(uow, BANK, FIRST_YEAR + turn, INCOME)
        seconds.append(time.perf_counter() - began)
        say(f"round {turn + 1} of {rounds}: {seconds[-1]:.2f} s")
    await engine.dispose()
    return seconds


def report(found: dict[str, Any]) -> list[str]:
    median, worst = statistics.median(found["seconds"]), max(found["seconds"])
    return [
        "",
        f"a year's interest shared among {found['units']:,} units: median {median:.2f} s, slowest {worst:.2f} s"
        f" of {len(found['seconds'])} rounds",
    ]


def as_json(found: dict[str, Any]) -> dict[str, Any]:
    return {"interest": found}

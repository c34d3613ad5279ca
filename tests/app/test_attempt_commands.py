"""``anju attempts`` and ``anju lockouts``: what operators see of failures, and how they let somebody in again."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import async_sessionmaker

from app.database import command_engine
from app.settings import load
from auth.attempts import Caller, Failure, record_failure
from domain.lockouts import Lockout, Proof, Subject
from tests.database import Database

AT_ONCE = dict.fromkeys(Subject, Lockout.parse("1/15/60"))
PHONE, ADDRESS = "13912345678", "203.0.113.7"


def failed(database: Database, folder: Path, *failures: tuple[Failure, datetime]) -> None:
    """As if it had happened on the server whose keys the commands use."""
    vault = load(data=folder).keys.vault()

    async def write() -> None:
        engine = command_engine(database.url, size=1)
        try:
            async with async_sessionmaker(engine).begin() as session:
                for failure, when in failures:
                    await record_failure(session, vault, failure, when, AT_ONCE)
        finally:
            await engine.dispose()

    asyncio.run(write())


def test_operators_see_who_failed_and_let_them_try_again(own_anju: Any, own_database: Database, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    code = Failure(Proof.CODE, "WRONG_CODE", Caller(ADDRESS, PHONE))
    bank = Failure(Proof.CLIENT, "invalid_client", Caller("2001:db8:1:2::/64", None, "370303-bank"))
    failed(own_database, tmp_path, (code, now - timedelta(days=2)), (bank, now - timedelta(minutes=1)), (code, now))

    shown = own_anju("attempts")[1].splitlines()
    assert [line.split("\t")[1:5] for line in shown] == [
        ["CODE", "WRONG_CODE", "-", "139****5678"],
        ["CLIENT", "invalid_client", "370303-bank", "-"],
    ]
    rows = [json.loads(line) for line in own_anju("attempts", "--since", "7d", "--json")[1].splitlines()]
    assert [row["address"] for row in rows] == ["203.0.113.*", "2001:db8:1::*", "203.0.113.*"]
    assert rows[0]["phoneMark"] == rows[2]["phoneMark"]
    assert rows[0]["addressMark"] == rows[2]["addressMark"] != rows[1]["addressMark"]
    assert PHONE not in json.dumps(rows)
    assert len(own_anju("attempts", "--since", "7d", "--most", "1")[1].splitlines()) == 1
    assert own_anju("attempts", "--since", "week")[0] == 2

    locked = [line.split("\t") for line in own_anju("lockouts", "list")[1].splitlines()]
    assert sorted((line[0], line[1]) for line in locked) == [
        ("ADDRESS", "2001:db8:1::*"),
        ("ADDRESS", "203.0.113.*"),
        ("CLIENT", "370303-bank@2001:db8:1::*"),
        ("PHONE", "139****5678"),
    ]
    by_mark = next(line[2] for line in locked if line[0] == "CLIENT")
    for kind, whom in (("PHONE", PHONE), ("ADDRESS", ADDRESS), ("CLIENT", by_mark)):
        assert own_anju("lockouts", "clear", kind, whom)[:2] == (0, f"{kind} {whom} may try again\n")
        assert own_anju("lockouts", "clear", kind, whom)[0] == 1
    assert [line.split("\t")[0] for line in own_anju("lockouts", "list")[1].splitlines()] == ["ADDRESS"]

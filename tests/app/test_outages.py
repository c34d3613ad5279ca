"""While the database is out of reach clients are told to come back, and served as before once it is there again."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import httpx
import psycopg
import pytest
from procrastinate.exceptions import ConnectorException
from psycopg import errors, sql
from psycopg_pool import PoolTimeout
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionError

from app import worker
from app.database import for_database
from domain.roles import Role
from resolvers.outages import is_outage
from tests.database import Database
from tests.deployment import deployed

LOST = psycopg.OperationalError("the server closed the connection")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (LOST, True),
        (errors.AdminShutdown("the administrator ended it"), True),
        (errors.CannotConnectNow("the database system is starting up"), True),
        (errors.TooManyConnections("too many clients"), True),
        (PoolTimeout("no connection within 10 s"), True),
        (DBAPIError("SELECT 1", {}, LOST), True),
        (NoConnectionError("no connection within 10 s"), True),
        (errors.QueryCanceled("statement timeout"), False),
        (errors.DeadlockDetected("deadlock"), False),
        (errors.DiskFull("no space left"), False),
        (errors.UniqueViolation("taken"), False),
        (DBAPIError("SELECT 1", {}, errors.CheckViolation("no")), False),
        (OSError("no such file"), False),
    ],
)
def test_what_counts_as_an_outage(error: Exception, expected: bool) -> None:
    assert is_outage(error) is expected


@contextmanager
def out_of_reach(database: Database) -> Iterator[None]:
    """Nobody has a connection to the database, or gets one, for as long."""
    with psycopg.connect(for_database(database.superuser_url, "postgres"), autocommit=True) as administrator:
        alter = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}").format
        administrator.execute(alter(sql.Identifier(database.name), sql.SQL("false")))
        administrator.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [database.name]
        )
        try:
            yield
        finally:
            administrator.execute(alter(sql.Identifier(database.name), sql.SQL("true")))


def is_told_to_come_back(answer: httpx.Response) -> bool:
    [error] = answer.json()["errors"]
    return (answer.status_code, answer.headers["retry-after"], error["extensions"]["code"]) == (503, "1", "UNAVAILABLE")


async def test_reads_writes_and_sign_in_say_when_to_come_back(
    own_database: Database, county: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with deployed(own_database, county, tmp_path, monkeypatch) as deployment:
        bureau = await deployment.world.person(Role.BUREAU)
        token = await deployment.token(bureau.account_id)
        read = "{ estates(first: 1) { totalCount } companies(first: 1) { totalCount } }"
        write = f"""mutation {{ feeBillPay(input: {{id: "FeeBill_{county}_{UUID(int=7).hex}", amount: 1, channel: BANK,
          reference: "1", receivedOn: "2026-01-01", idempotencyKey: "1"}}) {{ userErrors {{ code }} }} }}"""
        told = (await deployment.ask(token, read)).json()["data"]
        refused = (await deployment.ask(token, write)).json()["data"]
        assert refused == {"feeBillPay": {"userErrors": [{"code": "NOT_FOUND"}]}}
        with out_of_reach(own_database):
            for answer in (
                await deployment.ask(token, read),
                await deployment.ask(token, write),
                await deployment.http.post("/dev/login", json={"login": "370303-bureau"}),
            ):
                assert is_told_to_come_back(answer), answer.text
        assert (await deployment.ask(token, read)).json()["data"] == told
        assert (await deployment.ask(token, write)).json()["data"] == refused


class _Losing:
    """A worker's app whose database is lost at first: with an error, then without one, then with one of another kind."""

    def __init__(self) -> None:
        self.runs = 0

    async def open_async(self) -> None: ...

    async def close_async(self) -> None: ...

    async def run_worker_async(self, **_given: object) -> None:
        self.runs += 1
        if self.runs == 1:
            raise ConnectorException from LOST
        if self.runs == 3:
            raise ConnectorException from errors.UndefinedTable("no such table")


async def test_a_worker_comes_back_after_an_outage_and_after_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "AGAIN_SECONDS", 0)
    app = _Losing()
    async with asyncio.timeout(20):
        with pytest.raises(ConnectorException):
            await worker.run(app)  # type: ignore[arg-type]
    assert app.runs == 3

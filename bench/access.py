"""What access costs in time: how soon an ended grant is felt, and that many requests of two counties never mix.

``python -m bench --access`` starts Anju as it is served, on two demo counties.

- **Revocation**: officials listen to a subscription over server-sent events; one after the other their grant is ended, and what
  counts is the time from the COMMIT to the stream's end, as the client sees it. A request with the same token follows at once.
- **Interleaved**: ten thousand requests of two counties' logins over a few connections to one server process with few database
  connections; every id in every answer must be of the asker's county.
"""

import asyncio
import itertools
import json
import os
import re
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from pydantic import SecretStr
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app import postgres
from app.database import command_engine, create_database, migrate
from app.demo.county import packaged_counties
from app.demo.loading import load_county, ready
from app.settings import Settings
from auth.grants import Reach, Source, end_grants, open_grant
from auth.tokens import issue_token
from bench import client, contenders, machine
from domain.calendar import today
from domain.roles import Role
from models.accounts import Account
from models.base import new_id

DATABASE = "bench_access"
COUNTIES = ("370303", "410927")
STREAMS = 100
REQUESTS = 10_000
CONNECTIONS = 16
ASKED = "{ estates(first: 2) { nodes { id } } feeBills(first: 2) { nodes { id } } viewer { counties } }"
NAMED = re.compile(rb"[A-Za-z]_(\d{6})_")
LOGINS = ("bureau", "company", "resident", "township")
LISTENED = 'subscription { filingChanged(county: "370303") { id } }'


@dataclass(frozen=True)
class Figures:
    """Milliseconds from the end of a grant to the end of what its holder heard; and the interleaved requests."""

    streams: int
    p50_ms: float
    p99_ms: float
    worst_ms: float
    requests: int
    seconds: float
    mixed: int


@dataclass(frozen=True)
class _Official:
    token: str
    source: Source


def measured(folder: Path, requests: int, say: Any) -> Figures:
    """Start a server on two demo counties, and take both figures."""
    cores = sorted(os.sched_getaffinity(0))
    with postgres.start(folder) as running:
        url = _made(running, folder, say)
        settings = _settings(folder, url)
        server = contenders.anju(url, settings.data, {cores[0]})
        try:
            say(f"{STREAMS} officials listen; their grants end one after the other")
            taken = asyncio.run(_revoked(settings, server.port))
            say(f"{requests} requests of two counties")
            seconds, mixed = _interleaved(server.port, asyncio.run(_tokens(settings)), requests)
        finally:
            server.stop()
    centiles = statistics.quantiles(taken, n=100)
    return Figures(
        len(taken), round(centiles[49], 1), round(centiles[98], 1), round(max(taken), 1), requests, seconds, mixed
    )


def report(found: Figures) -> list[str]:
    """The figures as lines of tables."""
    return [
        machine.describe(),
        "| grants ended | stream over, p50 | p99 | worst |",
        "|---:|---:|---:|---:|",
        f"| {found.streams} | {found.p50_ms} ms | {found.p99_ms} ms | {found.worst_ms} ms |",
        "",
        "| requests of two counties | connections | wall | answers not of the own county alone |",
        "|---:|---:|---:|---:|",
        f"| {found.requests:,} | {CONNECTIONS} | {found.seconds} s | {found.mixed} |",
    ]


def as_json(found: Figures) -> dict[str, Any]:
    """The figures for ``--json``."""
    return {"access": asdict(found)}


def _made(running: postgres.EmbeddedPostgres, folder: Path, say: Any) -> str:
    """A fresh database with two demo counties."""
    with psycopg.connect(running.superuser_url, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{DATABASE}"')
    create_database(running.superuser_url, DATABASE, postgres.OWNER)
    url = running.url_for(DATABASE, user=postgres.OWNER)
    migrate(url)
    say("loading two demo counties")
    asyncio.run(_load(_settings(folder, url)))
    return url


def _settings(folder: Path, url: str) -> Settings:
    return Settings(data=folder / "access", database_url=SecretStr(url))


async def _load(settings: Settings) -> None:
    async with ready(settings) as engine:
        for county in packaged_counties():
            if county.code in COUNTIES:
                await load_county(engine, settings, county)


# -- revocation -----------------------------------------------------------------------------------------------------------


async def _revoked(settings: Settings, port: int) -> list[float]:
    """Milliseconds from COMMIT to the stream's end, of one official after the other."""
    engine = command_engine(settings.database)
    sessions: async_sessionmaker[AsyncSession] = async_sessionmaker(engine, expire_on_commit=False)
    officials = [await _official(sessions) for _ in range(STREAMS)]
    streams = [await _stream(port, official.token) for official in officials]
    taken = []
    for official, (reader, writer) in zip(officials, streams, strict=True):
        async with sessions.begin() as session:
            await end_grants(session, official.source, _today())
        began = time.perf_counter()
        await reader.readuntil(b"event: complete")
        taken.append((time.perf_counter() - began) * 1000)
        writer.close()
        answer = await asyncio.to_thread(client.ask, port, _request(official.token, "{ viewer { grants { id } } }"))
        if json.loads(answer[1])["data"]["viewer"]["grants"]:
            raise client.LoadError("a grant that ended was good for another request")
    await engine.dispose()
    return taken


def _today() -> date:
    return today(datetime.now(UTC))


async def _official(sessions: async_sessionmaker[AsyncSession]) -> _Official:
    source, account = Source("bench", new_id()), Account(id=new_id(), display_name="演示")
    async with sessions.begin() as session:
        session.add(account)
        await session.flush()
        given: dict[str, Any] = {
            "account_id": account.id,
            "reach": Reach(office="演示局"),
            "valid_from": date(2020, 1, 1),
        }
        await open_grant(session, Role.BUREAU, COUNTIES[0], source, **given)
        token = await issue_token(session, account_id=account.id, lifetime=timedelta(hours=1))
    return _Official(token.value, source)


async def _stream(port: int, token: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(_request(token, LISTENED, "text/event-stream"))
    await reader.readuntil(b":\n\n")  # the stream has begun
    return reader, writer


def _request(token: str, query: str, accept: str = "application/json") -> bytes:
    body = json.dumps({"query": query}).encode()
    head = (
        "POST /graphql HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {token}", f"Accept: {accept}",
        "Content-Type: application/json", f"Content-Length: {len(body)}", "", "",
    )  # fmt: skip
    return "\r\n".join(head).encode() + body


# -- interleaved ----------------------------------------------------------------------------------------------------------


async def _tokens(settings: Settings) -> dict[str, str]:
    """Logins of both counties, each with a token; a login begins with its county."""
    engine = command_engine(settings.database)
    sessions: async_sessionmaker[AsyncSession] = async_sessionmaker(engine)
    made = {}
    async with sessions.begin() as session:
        for county, role in itertools.product(COUNTIES, LOGINS):
            account = (await session.scalars(select(Account).where(Account.login == f"{county}-{role}"))).one()
            made[account.login] = (await issue_token(session, account_id=account.id, lifetime=timedelta(hours=1))).value
    await engine.dispose()
    return made


def _interleaved(port: int, tokens: dict[str, str], requests: int) -> tuple[float, int]:
    """Seconds that so many requests took over a few connections, and how many answers were not of the asker's county alone."""
    asked = [(login.partition("-")[0], _request(token, ASKED)) for login, token in tokens.items()]
    began = time.perf_counter()
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        mixed = sum(pool.map(lambda at: _asked(port, asked, at, requests), range(CONNECTIONS)))
    return round(time.perf_counter() - began, 1), mixed


def _asked(port: int, asked: list[tuple[str, bytes]], first: int, requests: int) -> int:
    """Every ``CONNECTIONS``-th of the requests over one connection, each another login's than the one before."""
    mixed = 0
    with client.connected(port) as connection:
        for at in range(first, requests, CONNECTIONS):
            county, request = asked[(at // CONNECTIONS + first) % len(asked)]
            _, body = client.exchange(connection, request)
            found = {each.decode() for each in NAMED.findall(body)}
            if b'"errors"' in body or found != {county}:
                mixed += 1
    return mixed

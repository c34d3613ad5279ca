"""The database of a run: the large demo on an embedded PostgreSQL, what PostGraphile needs, and who asks."""

import os
import random
import uuid
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import psycopg.errors

from app import postgres
from app.database import create_database, head_revision, migrate
from app.large import load_large
from app.progress import shown
from auth.tokens import new_token, token_hash
from bench import machine
from bench.contenders import HERE, json_web_token
from domain.calendar import today
from models.base import new_id

SEED = 1
SECRET = "a secret of the bench, for tokens of invented people"
PAGES = 10
"""Pages of the export that are asked for in each county."""

SAMPLES = 200
"""Different people and rows per screen, so that no single row is always the warm one."""


@dataclass(frozen=True)
class Caller:
    """Somebody who asks, with a token for Anju and the hand-written server and one for PostGraphile."""

    county: str
    token: str
    json_web_token: str


@dataclass(frozen=True)
class Subject:
    """What one request is about."""

    caller: Caller
    row: uuid.UUID
    page: int = 0
    """Which page of the export."""


@dataclass(frozen=True)
class Stage:
    """A filled database and the subjects of each screen, by the screen's name."""

    url: str
    superuser_url: str
    bills: int
    subjects: Mapping[str, list[Subject]]


@contextmanager
def server(folder: Path, cores: Collection[int]) -> Iterator[postgres.EmbeddedPostgres]:
    """The embedded server with Anju's own tuning, pinned to the cores that it shares with the load."""
    with postgres.start(folder) as running:
        pid = int((folder / "postgres" / "postmaster.pid").read_text().split()[0])
        machine.pin(pid, cores)
        yield running


def stage(running: postgres.EmbeddedPostgres, units: int, bills: int) -> Stage:
    """The large demo of these sizes: made now, or the one of an earlier run on the same day and of the same tables."""
    # The demo is dated relative to today.
    name = f"bench_{units}_{bills}_{today(datetime.now(UTC)):%Y%m%d}_{head_revision()}"
    url = running.url_for(name, user=postgres.OWNER)
    with psycopg.connect(running.superuser_url, autocommit=True) as connection:
        there = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
    if there is None:
        partial = f"{name}_partial"
        with psycopg.connect(running.superuser_url, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{partial}"')
        create_database(running.superuser_url, partial, postgres.OWNER)
        partial_url = running.url_for(partial, user=postgres.OWNER)
        migrate(partial_url)
        with shown() as show:
            load_large(partial_url, show, units=units, bills=bills, seed=SEED)
        _prepare_for_postgraphile(running.url_for(partial, user="postgres"))
        with psycopg.connect(running.superuser_url, autocommit=True) as connection:
            connection.execute(f'ALTER DATABASE "{partial}" RENAME TO "{name}"')
            connection.execute("CHECKPOINT")
    superuser_url = running.url_for(name, user="postgres")
    return Stage(url, superuser_url, bills, _subjects(superuser_url))


def _prepare_for_postgraphile(superuser_url: str) -> None:
    statements = (HERE / "postgraphile" / "visibility.sql").read_text().replace("{owner}", postgres.OWNER)
    with psycopg.connect(superuser_url) as connection:
        connection.execute(statements.encode())


def _subjects(superuser_url: str) -> dict[str, list[Subject]]:
    """Who asks for what: chosen at random, with the same seed every time."""
    chance = random.Random(SEED)
    with psycopg.connect(superuser_url) as connection:
        people = _People(connection)
        billed = connection.execute(
            "SELECT b.county, b.unit_id, b.id FROM fee_bill b"
            " WHERE b.due_on = (SELECT max(due_on) FROM fee_bill) ORDER BY b.county, b.id"
        ).fetchall()
        owners = chance.sample(billed, min(SAMPLES, len(billed)))
        estates = connection.execute("SELECT county, id, township FROM estate ORDER BY county, id").fetchall()
        counties = sorted({county for county, *_ in estates})
        seen = chance.sample(estates, min(SAMPLES, len(estates)))
        subjects = {
            "unit bills": [Subject(people.owner(county, unit), unit) for county, unit, _ in owners],
            "estate overview": [Subject(people.township(county, town), estate) for county, estate, town in seen],
            "county estates": [Subject(people.bureau(county), uuid.UUID(int=0)) for county in counties],
            "node": [Subject(people.owner(county, unit), bill) for county, unit, bill in owners],
            "export page": [
                Subject(people.bank(county), uuid.UUID(int=0), page) for county in counties for page in range(PAGES)
            ],
            "pay a bill": [
                Subject(people.bank(county), bill) for county, _, bill in chance.sample(billed, len(billed))
            ],
        }
        connection.commit()
    return subjects


class _People:
    """Tokens for people of the demo, one each."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection
        self.known: dict[tuple[str, str], Caller] = {}
        now = datetime.now().astimezone()
        self.expires = now.replace(year=now.year + 1, day=1)

    def owner(self, county: str, unit: uuid.UUID) -> Caller:
        return self._caller(county, "OWNER", "unit_id = %s", unit)

    def township(self, county: str, township: str) -> Caller:
        return self._caller(county, "TOWNSHIP", "township = %s", township)

    def bureau(self, county: str) -> Caller:
        return self._caller(county, "BUREAU", "%s = county", county)

    def bank(self, county: str) -> Caller:
        return self._caller(county, "BANK", "%s = county", county)

    def _caller(self, county: str, role: str, condition: str, value: Any) -> Caller:
        key = (role, f"{county}/{value}")
        if key not in self.known:
            self.known[key] = self._made(county, role, condition, value)
        return self.known[key]

    def _made(self, county: str, role: str, condition: str, value: Any) -> Caller:
        row = self.connection.execute(
            "SELECT id, account_id, client_id, unit_id, township, scopes FROM account_grant"
            f" WHERE county = %s AND role = %s AND {condition}",
            [county, role, value],
        ).fetchone()
        assert row is not None, f"the demo has no {role} for {value}"
        grant, account, client, unit, township, scopes = row
        token = new_token()
        self.connection.execute(
            "INSERT INTO access_token (id, token_hash, account_id, client_id, scopes, expires_at)"
            " VALUES (%s, %s, %s, %s, %s, %s)",
            [new_id(), token_hash(token), account, client, scopes, self.expires],
        )
        settings = {
            "anju.counties": county,
            "bench.role": role,
            "bench.grant": str(grant),
            "bench.account": str(account) if account else None,
            "bench.client": client,
            "bench.units": f"{{{unit}}}" if unit else None,
            "bench.townships": f"{{{township}}}" if township else None,
            "bench.scopes": f"{{{','.join(scopes)}}}" if scopes else None,
        }
        claims = {"settings": {name: value for name, value in settings.items() if value is not None}}
        return Caller(county, token, json_web_token({**claims, "exp": int(self.expires.timestamp())}, SECRET))


def default_folder() -> Path:
    """Where the bench's server keeps its data between runs."""
    return Path("/var/tmp/anju-bench") if os.geteuid() == 0 else Path.home() / ".cache" / "anju-bench"

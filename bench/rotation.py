"""Key rotation's time, and what those notice who go on reading and writing: ``python -m bench --rotate``.

A county of invented owners, a document and a phone each, is written by COPY; then a process of its own gives the county a fresh
key and re-encrypts every value, as ``anju keys rotate-data`` does. Meanwhile this process looks owners up by their phone, opens
what it finds and writes a new phone, at a steady pace; before that it does so for a while with nothing beside it.
"""

import asyncio
import json
import random
import statistics
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
from pydantic import SecretStr

from app import key_rotation, postgres
from app.database import APP_ROLE, create_database, migrate
from app.settings import Settings
from bench import machine
from domain.estates import IdentityDocument, OwnerKind
from domain.identifiers import make_id_number, make_phone
from models.base import new_id
from models.sealed import Context, Kind, Vault

COUNTY = "370303"
DATABASE = "bench_rotation"
BORN = date(1950, 1, 1)
QUIET_SECONDS = 10
PACE_SECONDS = 0.02
_OWNER = "county, id, kind, name, name_sort, name_mask, document_kind"
_SEALED = "document_sealed, document_index, document_mask, phone_sealed, phone_index, phone_mask"


@dataclass(frozen=True)
class Figures:
    """What one rotation took: values, seconds, processor seconds, and others' milliseconds before and meanwhile."""

    values: int
    seconds: float
    cpu: float
    quiet_p50_ms: float
    quiet_p99_ms: float
    p50_ms: float
    p99_ms: float
    worst_ms: float
    others: int
    """Look-ups and changes that others did meanwhile."""


def measured(folder: Path, owners: int, say: Any) -> Figures:
    """Rotate the key of a county with so many owners, each with two sealed values."""
    with postgres.start(folder) as running:
        with psycopg.connect(running.superuser_url, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{DATABASE}"')
        create_database(running.superuser_url, DATABASE, postgres.OWNER)
        url = running.url_for(DATABASE, user=postgres.OWNER)
        migrate(url)
        vault = _settings(folder, url).keys.vault()
        say(f"writing {owners} owners")
        ids = _write(running.url_for(DATABASE, user="postgres"), vault, owners)
        with psycopg.connect(
            url, autocommit=True, options=f"-c role={APP_ROLE} -c anju.counties={COUNTY}"
        ) as connection:
            others = _Others(connection, vault, ids)
            until = time.monotonic() + QUIET_SECONDS
            quiet = others.work(lambda: time.monotonic() >= until)
            say(f"re-encrypting {2 * owners} values")
            command = [sys.executable, "-m", "bench.rotation", str(folder), url]
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as rotating:
                busy = others.work(lambda: rotating.poll() is not None)
                assert rotating.stdout is not None
                own = json.loads(rotating.stdout.read())
            others.check(ids)
    centiles, calm = statistics.quantiles(busy, n=100), statistics.quantiles(quiet, n=100)
    return Figures(
        values=own["values"],
        seconds=own["seconds"],
        cpu=own["cpu"],
        quiet_p50_ms=round(calm[49], 2),
        quiet_p99_ms=round(calm[98], 2),
        p50_ms=round(centiles[49], 2),
        p99_ms=round(centiles[98], 2),
        worst_ms=round(max(busy), 2),
        others=len(busy),
    )


def _settings(folder: Path, url: str) -> Settings:
    return Settings(data=folder / "rotation", database_url=SecretStr(url))


def _write(superuser_url: str, vault: Vault, owners: int) -> list[uuid.UUID]:
    ids = [new_id() for _ in range(owners)]
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        with connection.cursor().copy(f"COPY owner ({_OWNER}, {_SEALED}) FROM STDIN") as copy:
            for row in _rows(vault, ids):
                copy.write_row(row)
        connection.execute("VACUUM (ANALYZE) owner")
        connection.execute("CHECKPOINT")
    return ids


def _rows(vault: Vault, ids: list[uuid.UUID]) -> Iterator[tuple[Any, ...]]:
    for number, ident in enumerate(ids):
        document = make_id_number(number % 1_000, BORN + timedelta(days=number // 1_000))
        sealed = (
            *vault.seal(document, Kind.ID_NUMBER, COUNTY, Context("owner", "document", str(ident))),
            *vault.seal(make_phone(number), Kind.PHONE, COUNTY, Context("owner", "phone", str(ident))),
        )
        kind, document_kind = OwnerKind.PERSON.value, next(iter(IdentityDocument)).value
        yield (COUNTY, ident, kind, "演示（虚构）", "yanshi", "演*", document_kind, *sealed)


class _Others:
    """Somebody who looks owners up by phone, opens what is found and writes another phone."""

    def __init__(self, connection: psycopg.Connection[Any], vault: Vault, ids: list[uuid.UUID]) -> None:
        self.connection, self.vault = connection, vault
        self.chance = random.Random(1)
        self.phones = [make_phone(number) for number in range(len(ids))]
        self.ids = ids
        self.fresh = len(ids)

    def work(self, is_over: Any) -> list[float]:
        """Milliseconds of each turn until it is over."""
        spent = []
        while not is_over():
            began = time.perf_counter()
            self._turn()
            spent.append((time.perf_counter() - began) * 1e3)
            time.sleep(PACE_SECONDS)
        return spent

    def _turn(self) -> None:
        at = self.chance.randrange(len(self.phones))
        found = self.connection.execute(
            "SELECT id, phone_sealed FROM owner WHERE county = %s AND phone_index = %s",
            [COUNTY, self.vault.index(self.phones[at], Kind.PHONE, COUNTY)],
        ).fetchall()
        sealed = dict(found)[self.ids[at]]
        context = Context("owner", "phone", str(self.ids[at]))
        assert self.vault.open(sealed, COUNTY, context) == self.phones[at]
        self.phones[at] = make_phone(self.fresh)
        self.fresh += 1
        written = self.vault.seal(self.phones[at], Kind.PHONE, COUNTY, context)
        self.connection.execute(
            "UPDATE owner SET phone_sealed = %s, phone_index = %s, phone_mask = %s WHERE county = %s AND id = %s",
            [*written, COUNTY, self.ids[at]],
        )

    def check(self, ids: list[uuid.UUID]) -> None:
        """Nothing is left under a former key, and everything opens as what was written last."""
        header = self.vault.header(COUNTY)
        found = self.connection.execute("SELECT id, document_sealed, phone_sealed FROM owner").fetchall()
        places = {ident: at for at, ident in enumerate(ids)}
        for ident, document, phone in found:
            assert document.startswith(header), "a document under a former key"
            assert phone.startswith(header), "a phone under a former key"
            opened = self.vault.open(phone, COUNTY, Context("owner", "phone", str(ident)))
            assert opened == self.phones[places[ident]], "another phone"
        assert len(found) == len(ids), "owners are missing"


def rotate_here(folder: Path, url: str) -> None:
    """Rotate as ``anju keys rotate-data`` does, and say on standard output what it took."""
    began, cpu = time.perf_counter(), time.process_time()
    values = asyncio.run(key_rotation.rotate(_settings(folder, url), COUNTY))
    taken, used = time.perf_counter() - began, time.process_time() - cpu
    sys.stdout.write(json.dumps({"values": values, "seconds": round(taken, 1), "cpu": round(used, 1)}))


def report(found: Figures) -> list[str]:
    """The figures as lines of a table."""
    return [
        machine.describe(),
        "| values | wall | CPU rotating | others alone p50 / p99 | meanwhile p50 / p99 / worst | their turns |",
        "|---:|---:|---:|---:|---:|---:|",
        f"| {found.values:,} | {found.seconds} s | {found.cpu} s | {found.quiet_p50_ms} / {found.quiet_p99_ms} ms"
        f" | {found.p50_ms} / {found.p99_ms} / {found.worst_ms} ms | {found.others:,} |",
    ]


def as_json(found: Figures) -> dict[str, Any]:
    """The figures for ``--json``."""
    return {"rotation": asdict(found)}


if __name__ == "__main__":
    rotate_here(Path(sys.argv[1]), sys.argv[2])

"""The register import's time and memory: a made-up county in one workbook, brought in by a process of its own.

``python -m bench --import`` makes the workbook (seeded, the same every time), a fresh database on an embedded PostgreSQL as
``anju serve`` starts it, and imports the file as ``anju import`` does. Everything in the file is invented.
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psutil
import psycopg

from app import postgres
from app.database import create_database, migrate
from app.workbooks import workbook
from bench import machine
from domain.divisions import DivisionLevel
from domain.identifiers import make_id_number, make_phone
from domain.register_business import SHEETS
from resolvers.divisions import packaged_divisions

COUNTY = "370303"
FLATS_A_BUILDING = 100
BUILDINGS_AN_ESTATE = 10
JOINT = 10
"""Every so many homes, two hold one together."""
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超兰霞平"
DATABASE = "bench_import"


@dataclass(frozen=True)
class Figures:
    """What one import took. Seconds and MiB; ``import_cpu`` is the importing process, ``database_cpu`` PostgreSQL."""

    units: int
    owners: int
    file_mib: float
    seconds: float
    import_cpu: float
    database_cpu: float
    peak_mib: float


def rows(units: int, community: str) -> Mapping[str, Iterator[list[Any]]]:
    """The sheets' rows by name: so many homes in buildings of a hundred, ten buildings to an estate, an area each."""
    buildings = -(-units // FLATS_A_BUILDING)
    estates = -(-buildings // BUILDINGS_AN_ESTATE)
    made: Mapping[str, Iterator[dict[str, Any]]] = {
        "areas": ({"code": f"A{n:04d}", "name": f"演示{n}区（演示）", "community": community} for n in range(estates)),
        "estates": (_estate(n, community) for n in range(estates)),
        "buildings": (_building(n) for n in range(buildings)),
        "units": (_unit(n) for n in range(units)),
        "owners": (owner for n in range(units) for owner in _owners(n)),
    }
    return {sheet.name: _cells(sheet, made[sheet.name]) for sheet in SHEETS if sheet.name in made}


def _cells(sheet: Any, found: Iterator[dict[str, Any]]) -> Iterator[list[Any]]:
    return ([row.get(column.name) for column in sheet.columns] for row in found)


def _estate(number: int, community: str) -> dict[str, Any]:
    return {
        "code": f"E{number:04d}",
        "name": f"演示{number}园（演示）",
        "address": f"演示路{number}号",
        "community": community,
        "area": f"A{number:04d}",
        "service_mode": "委托一家物业服务企业",
        "kind": "商品房小区",
        "year_built": 1990 + number % 30,
        "households": FLATS_A_BUILDING * BUILDINGS_AN_ESTATE,
    }


def _building(number: int) -> dict[str, Any]:
    estate, own = divmod(number, BUILDINGS_AN_ESTATE)
    return {"estate": f"E{estate:04d}", "number": str(own + 1), "kind": "高层", "floors_above": 25, "entrance_count": 2}


def _home(number: int) -> dict[str, Any]:
    building, flat = divmod(number, FLATS_A_BUILDING)
    estate, own = divmod(building, BUILDINGS_AN_ESTATE)
    entrance, place = divmod(flat, FLATS_A_BUILDING // 2)
    floor, door = divmod(place, 2)
    return {
        "estate": f"E{estate:04d}",
        "building": str(own + 1),
        "entrance": str(entrance + 1),
        "floor": floor + 1,
        "room": f"{floor + 1}{door + 1:02d}",
    }


def _unit(number: int) -> dict[str, Any]:
    building, flat = divmod(number, FLATS_A_BUILDING)
    return {
        **_home(number),
        "use": "住宅",
        "registered_area": 60 + number % 9_000 / 100,
        "exclusive_area": 50 + number % 8_000 / 100,
        "house_code": f"FW{number:08d}",
        "real_estate_unit_no": f"{COUNTY}{building // 9_999 + 1:03d}001GB00001F{building % 9_999 + 1:04d}{flat + 1:04d}",
        "delivered_on": date(2010, 5, 1) + timedelta(days=building % 3_000),
    }


def _owners(number: int) -> Iterator[dict[str, Any]]:
    joint = number % JOINT == 0
    for which in range(2 if joint else 1):
        person = number * 2 + which
        born = date(1950, 1, 1) + timedelta(days=person // 1_000)
        yield {
            **_home(number),
            "kind": "共同共有" if joint else "单独所有",
            "owner_kind": "自然人",
            "name": SURNAMES[person % 20] + GIVEN[person // 20 % 20] + GIVEN[person // 400 % 20],
            "document_kind": "居民身份证",
            "document_number": make_id_number(person % 1_000, born),
            "phone": make_phone(person),
            "is_representative": "是" if which == 0 else "否",
            "since": date(2010, 5, 1),
        }


def write(path: Path, units: int) -> None:
    """The county's workbook."""
    community = next(
        line.code for line in packaged_divisions() if line.county == COUNTY and line.level == DivisionLevel.COMMUNITY
    )
    found = rows(units, community)
    with workbook(path) as book:
        for sheet in SHEETS:
            page = book.sheet(sheet)
            page.write(list(found.get(sheet.name, ())))


def measured(folder: Path, units: int, say: Any) -> Figures:
    """One import of so many homes into a fresh database."""
    file = folder / f"register_{units}.xlsx"
    if not file.exists():
        say(f"writing {file.name}")
        write(file, units)
    with postgres.start(folder) as running:
        with psycopg.connect(running.superuser_url, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{DATABASE}"')
        create_database(running.superuser_url, DATABASE, postgres.OWNER)
        url = running.url_for(DATABASE, user=postgres.OWNER)
        migrate(url)
        server = psutil.Process(int((folder / "postgres" / "postmaster.pid").read_text().split()[0]))
        before = _cpu_with_children(server)
        say(f"importing {units} homes")
        done = subprocess.run(
            [sys.executable, "-m", "bench.register", str(file), url], check=True, stdout=subprocess.PIPE, text=True
        )
        spent = _cpu_with_children(server) - before
    own = json.loads(done.stdout)
    return Figures(
        units=own["units"],
        owners=own["owners"],
        file_mib=round(file.stat().st_size / 2**20, 1),
        seconds=own["seconds"],
        import_cpu=own["cpu"],
        database_cpu=round(spent, 1),
        peak_mib=own["peak_mib"],
    )


def _cpu_with_children(process: psutil.Process) -> float:
    """CPU seconds of a process, of the children that it has and of those that ended."""
    total = 0.0
    for each in (process, *process.children(recursive=True)):
        times = each.cpu_times()
        total += times.user + times.system
        if each is process:
            total += times.children_user + times.children_system
    return total


def import_here(file: Path, url: str) -> None:
    """Import as ``anju import`` does, and say on standard output what it took."""
    import asyncio

    from pydantic import SecretStr

    from app.register import import_file
    from app.settings import Settings

    settings = Settings(data=file.parent / "import", database_url=SecretStr(url))
    began, cpu = time.perf_counter(), time.process_time()
    outcome = asyncio.run(import_file(settings, file, COUNTY))
    taken, used = time.perf_counter() - began, time.process_time() - cpu
    if outcome.faults:
        sys.exit(str(outcome))
    counts = outcome.report.counts
    found = {
        "units": counts["units"].created,
        "owners": counts["owners"].created,
        "seconds": round(taken, 1),
        "cpu": round(used, 1),
        "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
    sys.stdout.write(json.dumps(found))


def report(found: Figures) -> list[str]:
    """The figures as lines of a table."""
    return [
        machine.describe(),
        "| homes | owners | file | wall | CPU importer | CPU database | peak memory |",
        "|---|---|---|---|---|---|---|",
        f"| {found.units:,} | {found.owners:,} | {found.file_mib} MiB | {found.seconds} s | {found.import_cpu} s"
        f" | {found.database_cpu} s | {found.peak_mib:.0f} MiB |",
    ]


def as_json(found: Figures) -> dict[str, Any]:
    """The figures for ``--json``."""
    return {"import": asdict(found)}


if __name__ == "__main__":
    import_here(Path(sys.argv[1]), sys.argv[2])

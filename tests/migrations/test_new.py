"""``python -m migrations.new`` writes files that need reading only: tables, their access lines, changed checks."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]

TOYS = """
import uuid

from sqlalchemy import ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, CountyRow, Fen, Id, index, link, one_of, unique


class Keeper(Base):
    __tablename__ = "keeper"
    id: Mapped[Id]


class Toy(CountyRow):
    __tablename__ = "toy"
    __table_args__ = (
        unique("name"),
        index("state", name="ix_toy_lost", where=text("state = 'LOST'")),
        one_of("state", ["KEPT", "LOST"]),
    )
    name: Mapped[str]
    state: Mapped[str]
    price: Mapped[Fen]
    keeper_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("keeper.id"))


class Sighting(CountyRow):
    __tablename__ = "sighting"
    __table_args__ = (link("toy_id", "toy"), {"info": {"append_only": True}})
    toy_id: Mapped[uuid.UUID]
"""


class Workshop:
    """A copy of the source with toy models and no history."""

    def __init__(self, place: Path) -> None:
        self.place = place
        skip = shutil.ignore_patterns("__pycache__")
        for package in ("app", "domain", "migrations", "models"):
            shutil.copytree(REPOSITORY / package, place / package, ignore=skip)
        for path in [*(place / "models").glob("[a-z]*.py"), *(place / "migrations/versions").glob("[0-9]*.py")]:
            if path.name != "base.py":
                path.unlink()
        self.say("toys", TOYS)
        (place / "models/__init__.py").write_text("from models import toys as toys\n")

    def say(self, stem: str, source: str) -> None:
        (self.place / f"models/{stem}.py").write_text(source)

    def new(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "migrations.new", *arguments],
            cwd=self.place,
            env={**os.environ, "PYTHONPATH": str(self.place), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout + done.stderr

    def written(self, number: str) -> str:
        (path,) = (self.place / "migrations/versions").glob(f"{number}_*.py")
        return path.read_text()


@pytest.fixture
def workshop() -> Iterator[Workshop]:
    with tempfile.TemporaryDirectory(prefix="anju-") as name:
        yield Workshop(Path(name))


def test_tables_come_with_their_access_lines_and_later_changes_are_seen(workshop: Workshop) -> None:
    assert "0001_first_toys.py" in workshop.new("first toys")
    first = workshop.written("0001")
    assert 'county_table(op, "toy")' in first
    assert 'county_table(op, "sighting", append_only=True)' in first
    assert 'shared_table(op, "keeper")' in first
    assert "'uq_toy_county_name'" in first
    assert "models and migrations agree" in workshop.new("nothing")

    workshop.say(
        "toys", TOYS.replace('"LOST"]', '"LOST", "BROKEN"]').replace("price: Mapped[Fen]", "price: Mapped[Fen | None]")
    )
    assert "0002_broken_toys.py" in workshop.new("broken toys")
    second = workshop.written("0002")
    assert "drop_constraint(op.f('ck_toy_state_known')" in second
    assert "'BROKEN'" in second
    assert "alter_column('toy', 'price'" in second
    assert "down_revision = '0001'" in second


def test_one_stem_at_a_time(workshop: Workshop) -> None:
    extra = "from models.base import CountyRow\n\n\nclass Box(CountyRow):\n    __tablename__ = 'box'\n"
    workshop.say("boxes", extra)
    (workshop.place / "models/__init__.py").write_text("from models import boxes, toys  # noqa: F401\n")
    workshop.new("--stem", "boxes", "boxes")
    written = workshop.written("0001")
    assert 'county_table(op, "box")' in written
    assert "toy" not in written

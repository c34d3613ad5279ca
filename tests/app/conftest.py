"""``anju("doctor") -> (code, output, errors)``: a command in this process, on a database of the tests."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from app import cli
from tests.database import Database

Anju = Callable[..., tuple[object, str, str]]


def _runner(database: Database, folder: Path, patch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Anju:
    patch.setenv("DATABASE_URL", database.url)
    patch.setenv("ANJU_DATA", str(folder))
    patch.setattr(cli.signal, "signal", lambda number, handler: None)

    def run(*arguments: str) -> tuple[object, str, str]:
        patch.setattr(sys, "argv", ["anju", *arguments])
        with pytest.raises(SystemExit) as end:
            cli.main()
        return end.value.code or 0, *capfd.readouterr()

    return run


@pytest.fixture
def anju(
    tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Anju:
    """On the worker's database, which other tests share."""
    return _runner(database, tmp_path, monkeypatch, capfd)


@pytest.fixture
def own_anju(
    tmp_path: Path, own_database: Database, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Anju:
    """On a database of the test's own."""
    return _runner(own_database, tmp_path, monkeypatch, capfd)

"""The short forms: three kills each. How long recovery takes is asked of the long ones (``python -m tests.faults``)."""

from collections.abc import Iterator

import pytest

from tests.faults import kill_app, kill_db, kill_worker
from tests.faults.stage import Stage, stage

KILLS, CLIENTS = 3, 8


@pytest.fixture(scope="module")
def burning() -> Iterator[Stage]:
    """One data folder for all of them: each leaves it in order."""
    with stage(units=500, bills=2_500) as made:
        yield made


def say(_line: str) -> None:
    """Nobody listens."""


def test_no_payment_is_lost_or_doubled_when_the_server_is_killed(burning: Stage) -> None:
    figures = kill_app.run(burning, kills=KILLS, clients=CLIENTS, seed=1, say=say, answers=(10, 30))
    assert figures.missed == []
    assert figures.values["acknowledged"] >= 20


def test_no_payment_is_lost_or_doubled_when_the_database_is_killed(burning: Stage) -> None:
    figures = kill_db.run(burning, kills=KILLS, clients=CLIENTS, seed=2, say=say, load_seconds=(0.1, 0.4))
    assert figures.missed == []
    assert sum(figures.values["answers that ask for the same again"].values()) > 0


def test_every_effect_of_a_job_comes_once_when_the_worker_is_killed(burning: Stage) -> None:
    figures = kill_worker.run(burning, kills=KILLS, seed=3, say=say, left_alone=False)
    assert figures.missed == []
    assert figures.values["jobs under way when the worker died"] >= KILLS

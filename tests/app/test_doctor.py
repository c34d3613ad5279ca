"""Each thing that can be wrong with a deployment is seen and said with its remedy."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from app import doctor
from app.doctor import State, examine
from app.settings import Settings, load
from tests.database import Database


@pytest.fixture
def settings(own_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    return load(database_url=own_database.url, data=tmp_path)


def examined(settings: Settings) -> dict[str, tuple[State, str]]:
    return {finding.check: (finding.state, finding.said) for finding in examine(settings)}


def test_a_sound_deployment_has_nothing_wrong(settings: Settings) -> None:
    wrong = {check: said for check, (state, said) in examined(settings).items() if state is State.WRONG}
    assert wrong == {}


def test_a_dead_worker_is_doubtful(settings: Settings) -> None:
    assert examined(settings)["worker"][0] is State.DOUBTFUL


@pytest.mark.parametrize(
    ("damage", "check", "said"),
    [
        (
            "ALTER TABLE estate NO FORCE ROW LEVEL SECURITY",
            "row-level security",
            "no forced row-level security on estate",
        ),
        ("DROP POLICY county ON estate", "row-level security", "no forced row-level security on estate"),
        ("UPDATE alembic_version SET version_num = '0000'", "migrations", "stands at 0000"),
        ("DROP TABLE alembic_version", "migrations", "no migration was applied"),
        ("CREATE TABLE own (n int); ALTER TABLE own OWNER TO anju_app", "application role", "owns 1 tables"),
    ],
)
def test_damage_is_seen(own_database: Database, settings: Settings, damage: str, check: str, said: str) -> None:
    with psycopg.connect(own_database.superuser_url) as connection:
        connection.execute(damage)
    state, answer = examined(settings)[check]
    assert state is State.WRONG
    assert said in answer


def test_a_database_that_does_not_answer_ends_the_examination(tmp_path: Path) -> None:
    found = examined(load(database_url="postgresql://anju@127.0.0.1:1/anju", data=tmp_path))
    assert found["database"][0] is State.WRONG
    assert "migrations" not in found


def test_development_open_to_the_network_is_wrong(settings: Settings) -> None:
    assert examined(settings.model_copy(update={"host": "0.0.0.0"}))["exposure"][0] is State.WRONG  # noqa: S104


def test_production_without_keys_is_wrong(settings: Settings) -> None:
    state, said = examined(settings.model_copy(update={"environment": "production"}))["secrets"]
    assert state is State.WRONG
    assert "anju secrets" in said


@pytest.mark.parametrize(
    ("check", "found", "state", "said"),
    [
        ("encoding", ["SQL_ASCII"], State.WRONG, "encoding SQL_ASCII"),
        ("connections", ["100", 79], State.FINE, "79 of 100 in use"),
        ("connections", ["100", 80], State.DOUBTFUL, "80 of 100 in use"),
        ("clock", [datetime.now(UTC) - timedelta(hours=1)], State.WRONG, "so are deadlines"),
        ("worker", [None], State.WRONG, "run: anju migrate"),
    ],
)
def test_what_a_server_says_of_itself_is_judged(
    monkeypatch: pytest.MonkeyPatch, check: str, found: list[Any], state: State, said: str
) -> None:
    answers = iter(found)
    monkeypatch.setattr(doctor, "_value", lambda _connection, _query: next(answers))
    judged, told = dict(doctor.IN_THE_DATABASE)[check](None)  # type: ignore[arg-type]
    assert judged is state
    assert said in told


def test_an_older_server_is_wrong() -> None:
    class Old:
        class info:  # noqa: N801
            server_version, user, dbname = 140_012, "anju", "anju"

    state, said = dict(doctor.IN_THE_DATABASE)["database"](Old)  # type: ignore[arg-type]
    assert (state, said) == (State.WRONG, "PostgreSQL 14.12 as anju on anju; 15 or newer is needed")

"""Each thing that can be wrong with a deployment is seen and said with its remedy."""

from pathlib import Path

import psycopg
import pytest

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

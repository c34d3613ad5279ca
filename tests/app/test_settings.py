"""What may be set, what production refuses, and that every setting is explained."""

import json
import stat
from pathlib import Path

import pytest

from app import settings
from app.settings import Settings, SettingsError, load, make_secrets, read_secrets
from app.settings_page import settings_page
from models.sealed import Context, Kind

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(settings.variable(name), raising=False)


def test_nothing_needs_to_be_set_for_development() -> None:
    plain = load()
    assert plain.development
    assert plain.url == "http://127.0.0.1:8000"


def test_quotas_are_generous_in_development_unless_they_are_set() -> None:
    production = load(environment="production")
    assert [str(production.quota(caller)) for caller in ("person", "partner", "anonymous")] == [
        "60000/300",
        "500000/5000",
        "6000/30",
    ]
    assert str(load().quota("person")) == "6000000/30000"
    assert str(load(person_quota=" 10 / 2 ").quota("person")) == "10/2"


def test_the_environment_is_read_and_options_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANJU_PORT", "9000")
    monkeypatch.setenv("ANJU_CORS_ORIGINS", "https://a.example, https://b.example")
    monkeypatch.setenv("DATABASE_URL", "postgres://anju@db/anju")
    assert load().port == 9000
    assert load(port=9001, host=None).port == 9001
    assert load().cors_origins == ("https://a.example", "https://b.example")
    assert load().database == "postgresql://anju@db/anju"


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("ANJU_PORT", "http", "ANJU_PORT: Input should be a valid integer, unable to parse string as an integer"),
        ("ANJU_PORT", "70000", "ANJU_PORT: Input should be less than or equal to 65535"),
        ("DATABASE_URL", "mysql://db", "DATABASE_URL: must start with postgresql://"),
        ("ANJU_ENVIRONMENT", "prod", "ANJU_ENVIRONMENT: Input should be 'development' or 'production'"),
        ("ANJU_PAYMENT_SLOTS", "64", "ANJU_PAYMENT_SLOTS must be smaller than ANJU_MAX_CONCURRENCY"),
    ],
)
def test_a_mistake_is_answered_in_one_line_that_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, complaint: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        load()
    assert str(refused.value) == complaint


def test_development_makes_its_keys_once_and_keeps_them_private(tmp_path: Path) -> None:
    first = load(data=tmp_path).keys
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600
    again = load(data=tmp_path).keys
    assert (again.root, again.masters) == (first.root, first.masters)
    assert first.key("file links") != first.key("one-time codes")
    assert first.root.hex() not in repr(first)


def test_the_keys_open_what_they_sealed(tmp_path: Path) -> None:
    context = Context("person", "phone", "1")
    sealed = load(data=tmp_path).keys.vault().seal("13812345678", Kind.PHONE, "990001", context)
    assert load(data=tmp_path).keys.vault().open(sealed.ciphertext, "990001", context) == "13812345678"


def test_production_wants_keys_of_its_own(tmp_path: Path) -> None:
    production = {"environment": "production", "data": tmp_path}
    with pytest.raises(SettingsError, match="does not exist; production needs it"):
        _ = load(**production).keys
    _ = load(data=tmp_path).keys
    with pytest.raises(SettingsError, match="was made for development"):
        _ = load(**production).keys
    make_secrets(tmp_path / "production.json", "production")
    assert load(**production, secrets=tmp_path / "production.json").keys.made_for == "production"


def test_production_lists_the_origins_it_lets_in() -> None:
    assert load(cors_origins="*").cors_origins == ("*",)
    with pytest.raises(SettingsError, match="ANJU_CORS_ORIGINS"):
        load(environment="production", cors_origins="*")


def test_keys_are_never_overwritten(tmp_path: Path) -> None:
    made = make_secrets(tmp_path / "keys.json", "production")
    with pytest.raises(SettingsError, match="never overwritten"):
        make_secrets(tmp_path / "keys.json", "production")
    assert read_secrets(tmp_path / "keys.json").root == made.root


@pytest.mark.parametrize(
    "change", [{"root": "c2hvcnQ="}, {"masters": {"1": "c2hvcnQ="}}, {"sealing": 9}, {"root": None}]
)
def test_keys_that_are_not_whole_are_refused(tmp_path: Path, change: dict[str, object]) -> None:
    path = tmp_path / "keys.json"
    make_secrets(path, "production")
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(SettingsError, match="cannot be used"):
        read_secrets(path)


def test_every_setting_is_explained() -> None:
    unexplained = [name for name, setting in Settings.model_fields.items() if not setting.description]
    assert unexplained == []


def test_the_page_of_settings_is_up_to_date() -> None:
    assert (REPOSITORY / "docs/settings.md").read_text() == settings_page(), "run: anju settings --write"

"""The command line says what it does, answers mistakes in one line, and its exit codes mean something."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from joserfc.jwk import ECKey

from app import cli


def commands(group: Any, path: str = "") -> dict[str, Any]:
    """All commands by the words that call them."""
    found: dict[str, Any] = {}
    for name, command in group.commands.items():
        found |= commands(command, f"{path}{name} ") if hasattr(command, "commands") else {f"{path}{name}": command}
    return found


def test_every_command_has_help_with_an_example() -> None:
    told = commands(typer.main.get_command(cli.app))
    assert {
        "serve",
        "migrate",
        "worker",
        "demo",
        "import",
        "export",
        "token",
        "schema",
        "requirements",
        "doctor",
        "ledger verify",
        "keys rotate",
        "clients add",
        "clients quota",
        "clients documents upload",
        "official appoint",
        "attempts",
        "lockouts clear",
    } <= set(told)
    assert [name for name, command in told.items() if "Example" not in (command.help or "")] == []


def test_help_loads_nothing_that_it_does_not_show() -> None:
    program = (
        "import sys; from app import cli; sys.argv = ['anju', '--help']\n"
        "try: cli.main()\n"
        "finally: print([name for name in ('asyncio', 'pydantic', 'sqlalchemy', 'strawberry') if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert "serve" in told
    assert told.endswith("\n[]\n")


def test_wrong_usage_is_one_line_and_code_2(anju) -> None:
    code, _, said = anju("bogus")
    assert (code, said) == (2, "anju: No such command 'bogus'. See: anju --help\n")
    code, _, said = anju("import", "--county", "370303")
    assert (code, said.count("\n")) == (2, 1)


def test_wrong_settings_are_one_line_and_code_3(anju, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANJU_MAX_CONCURRENCY", "many")
    code, _, said = anju("migrate")
    assert code == 3
    assert said.startswith("anju: ANJU_MAX_CONCURRENCY: ")
    assert said.count("\n") == 1


def test_a_database_that_does_not_answer_is_code_3(anju, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://anju:secret@127.0.0.1:1/anju")
    code, _, said = anju("migrate")
    assert code == 3
    assert said.startswith("anju: cannot connect to postgresql://anju:***@127.0.0.1:1/anju")
    assert "secret" not in said


def test_a_refusal_is_code_1_and_says_what_to_do(anju, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    code, _, said = anju("token", "--as", "nobody-known")
    assert code == 1
    assert said.startswith("anju: ")
    assert any("一" <= character <= "鿿" for character in said)


def test_a_fault_is_code_70_and_shows_its_place_only_when_asked(anju, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**given: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("app.settings.load", broken)
    code, _, said = anju("migrate")
    assert code == 70
    assert said == "anju: a fault of Anju: ZeroDivisionError: division by zero (ANJU_DEBUG=1 shows where)\n"
    monkeypatch.setenv("ANJU_DEBUG", "1")
    monkeypatch.setattr(sys, "argv", ["anju", "migrate"])
    with pytest.raises(ZeroDivisionError):
        cli.main()


def test_tokens_are_not_printed_in_production(anju, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANJU_ENVIRONMENT", "production")
    code, said, _ = anju("token", "--as", "370303-bureau")
    assert (code, said) == (3, "")


def test_migrate_says_where_the_database_stands(anju) -> None:
    code, said, _ = anju("migrate")
    assert code == 0
    assert said.startswith("the database stands at migration 0")


def test_doctor_finds_nothing_wrong_and_says_so_in_json_too(anju) -> None:
    code, said, _ = anju("doctor", "--json")
    findings = [json.loads(line) for line in said.splitlines()]
    assert code == 0, findings
    assert {"secrets", "database", "migrations", "row-level security"} <= {finding["check"] for finding in findings}


def test_requirements_are_counted(anju) -> None:
    code, said, _ = anju("requirements", "--json")
    assert code == 0
    document = json.loads(said)
    assert set(document) == {"total", "shown", "by_county", "missing"}
    assert document["total"] == document["shown"] + len(document["missing"]) == 399
    code, said, _ = anju("requirements", "--missing")
    assert [line.split("\t")[0] for line in said.splitlines()] == document["missing"]


def test_keys_are_made_once(anju, tmp_path: Path) -> None:
    assert anju("secrets", str(tmp_path / "keys.json"))[0] == 0
    assert anju("secrets", str(tmp_path / "keys.json"))[0] == 3


def test_the_installed_program_is_this_one() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "app.cli", "--help"], capture_output=True, text=True, check=True, env={**os.environ}
    )
    assert "serve" in shown.stdout


def test_signing_keys_are_rotated(anju) -> None:
    said = [anju("keys", "rotate")[1] for _ in range(2)]
    kids = [line.split()[1] for line in said]
    assert len(set(kids)) == 2
    assert said[0].endswith("signs; its predecessor is published for 1:00:00 more\n")


CLIENT = ("--name", "演示", "--purpose", "演示", "--legal-basis", "演示", "--scope", "openid")


def test_a_client_is_registered_and_gets_its_secret_once(anju, tmp_path: Path) -> None:
    code, said, _ = anju("clients", "add", "site-1", *CLIENT, "--redirect-uri", "https://site.example/back")
    assert code == 0
    assert said.splitlines()[0] == "client site-1 is registered (client_secret_basic)"
    assert len(said.splitlines()[1].removeprefix("its secret, shown this once: ")) == 43
    code, said, _ = anju(
        "clients", "add", "h5", *CLIENT, "--public", "--first-party", "--redirect-uri", "cn.example:/b"
    )
    assert (code, said) == (0, "client h5 is registered (none)\n")
    keys = ECKey.generate_key("P-256", parameters={"kid": "1"})
    for private, expected in ((True, 2), (False, 0)):
        file = tmp_path / "jwks.json"
        file.write_text(json.dumps({"keys": [keys.as_dict(private=private)]}))
        assert anju("clients", "add", f"bank-{private}", *CLIENT, "--jwks", str(file))[0] == expected


def test_a_clients_quota_is_shown_and_set(anju) -> None:
    anju("clients", "add", "metered", *CLIENT, "--public", "--redirect-uri", "cn.example:/b")
    given = ("--points", "500", "--per-second", "5")
    for arguments, shown in (
        ((), "the quota of the deployment"),
        (given, "500/5, its own"),
        ((), "500/5, its own"),
        (("--default",), "the quota of the deployment"),
    ):
        assert anju("clients", "quota", "metered", *arguments)[:2] == (0, f"metered: {shown}\n")
    assert anju("clients", "quota", "metered", "--points", "5")[0] == 2
    assert anju("clients", "quota", "nobody")[0] == 1


@pytest.mark.parametrize(
    "wrong", [("--redirect-uri", "http://site.example/back"), ("--grant", "password"), ("--jwks", __file__)]
)
def test_a_client_that_would_be_unsafe_is_not_registered(anju, wrong: tuple[str, str]) -> None:
    code, said, told = anju("clients", "add", "unsafe", *CLIENT, *wrong)
    assert (code, said, told.count("\n")) == (2, "", 1)


def test_the_console_appoints_a_countys_first_two_administrators(anju) -> None:
    given = ["--name", "李演示", "--office", "演示局", "--basis", "演任〔2026〕1号"]
    for phone in ("13911110001", "13911110002"):
        code, said, _ = anju("official", "appoint", "451122", "--phone", phone, *given)
        assert code == 0
        assert said.startswith("李演示 administers 演示局 from ")
    code, _, said = anju("official", "appoint", "451122", "--phone", "13911110003", *given)
    assert (code, said.count("\n")) == (1, 1)
    code, _, said = anju("official", "appoint", "000000", "--phone", "13911110003", *given)
    assert (code, said.count("\n")) == (1, 1)

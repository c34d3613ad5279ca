"""Marks are found where they are, and the page that lists them is up to date."""

import ast
from pathlib import Path

import pytest

from app.requirements import (
    REQUIREMENTS,
    RULES,
    Catalogue,
    UnknownRequirementError,
    coverage,
    marks,
    page,
    requirements,
)

REPOSITORY = Path(__file__).parents[2]

SOURCE = """
import pytest
from pytest import mark
pytestmark = pytest.mark.requirement("GT-1")

@pytest.mark.requirement("GT-2", "GT-3")
def test_one(): ...

@mark.requirement("GT-4")
class TestMany:
    @pytest.mark.parametrize("x", [pytest.param(1, marks=pytest.mark.requirement("GT-5"))])
    async def test_two(self, x): ...

@pytest.mark.rule("FUND-8", "G-4")
def test_three(): ...

def helper():
    other.requirement("GT-6")
"""


def test_marks_are_found_on_modules_tests_classes_and_parameters() -> None:
    assert set(marks(ast.parse(SOURCE))) == {
        ("GT-1", ""),
        ("GT-2", "::test_one"),
        ("GT-3", "::test_one"),
        ("GT-4", "::TestMany"),
        ("GT-5", "::TestMany::test_two"),
    }


def test_a_rule_is_claimed_by_a_mark_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_it.py").write_text(SOURCE)
    found = coverage(tmp_path / "tests", RULES)
    assert found.tests == dict.fromkeys(("FUND-8", "G-4"), ("tests/test_it.py::test_three",))
    assert found.by_part()["Maintenance fund"] == {"total": 33, "shown": 1}
    assert "SM-8" in found.as_json()["missing"]


def test_the_coverage_counts_by_county(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_it.py").write_text(SOURCE)
    found = coverage(tmp_path / "tests")
    document = found.as_json()
    assert (document["total"], document["shown"]) == (399, 5)
    assert document["by_county"]["高台县"] == {"total": 67, "shown": 5}
    assert document["by_county"]["台前县"] == {"total": 129, "shown": 0}
    assert len(document["missing"]) == 394
    assert "GT-2" not in document["missing"]
    assert found.tests["GT-2"] == ("tests/test_it.py::test_one",)
    assert "| GT-2 |" in page(found)


def test_a_mark_that_claims_what_is_not_asked_is_refused(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("import pytest\n@pytest.mark.requirement('GT-999')\ndef test_x(): ...\n")
    with pytest.raises(UnknownRequirementError, match="GT-999"):
        coverage(tmp_path)


def test_the_list_is_read_as_it_stands() -> None:
    listed = {one.id: one for one in requirements()}
    assert len(listed) == 399
    assert listed["GT-11"].text.startswith('"三无/僵尸" firm')


@pytest.mark.parametrize("catalogue", [REQUIREMENTS, RULES], ids=lambda one: one.mark)
def test_the_page_is_up_to_date(catalogue: Catalogue) -> None:
    written = (REPOSITORY / f"docs/{catalogue.mark}s.md").read_text("utf-8")
    assert written == page(coverage(catalogue=catalogue)), f"run: {catalogue.command}"

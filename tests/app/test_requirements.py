"""Marks are found where they are, and the page that lists them is up to date."""

import ast
from pathlib import Path

import pytest

from app.requirements import UnknownRequirementError, coverage, marks, page, requirements

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


def test_the_page_of_requirements_is_up_to_date() -> None:
    assert (REPOSITORY / "docs/requirements.md").read_text("utf-8") == page(coverage()), (
        "run: anju requirements --write"
    )

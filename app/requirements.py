"""Which of the policies' requirements the tests show: the marks in ``tests/`` against
``domain/data/requirements.tsv``."""

import ast
import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parents[1] / "tests"


class UnknownRequirementError(Exception):
    """A test claims a requirement that is not in the list."""


@dataclass(frozen=True)
class Requirement:
    """One line of the list."""

    id: str
    county: str
    """The county's name (高台县)."""
    section: str
    """Where in the county's policy it stands (四(一))."""
    text: str


@dataclass(frozen=True)
class Coverage:
    """The list, and for each id the tests that show it (``tests/fees/test_bills.py::test_…``)."""

    requirements: tuple[Requirement, ...]
    tests: Mapping[str, tuple[str, ...]]

    @property
    def missing(self) -> tuple[Requirement, ...]:
        """The requirements that no test shows, in the order of the list."""
        return tuple(one for one in self.requirements if one.id not in self.tests)

    def by_county(self) -> dict[str, dict[str, int]]:
        """County → total and shown."""
        counts: dict[str, dict[str, int]] = {}
        for one in self.requirements:
            count = counts.setdefault(one.county, {"total": 0, "shown": 0})
            count["total"] += 1
            count["shown"] += one.id in self.tests
        return counts

    def as_json(self) -> dict[str, Any]:
        """What ``anju requirements --json`` prints."""
        missing = [one.id for one in self.missing]
        return {
            "total": len(self.requirements),
            "shown": len(self.requirements) - len(missing),
            "by_county": self.by_county(),
            "missing": missing,
        }


def requirements() -> tuple[Requirement, ...]:
    """The list, in its order."""
    lines = files("domain.data").joinpath("requirements.tsv").read_text("utf-8").splitlines()
    rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
    return tuple(Requirement(row["id"], row["county"], row["section"], row["requirement"]) for row in rows)


def coverage(tests: Path = TESTS) -> Coverage:
    """Read the marks without importing the tests. Raises ``UnknownRequirementError``."""
    listed = requirements()
    known = {one.id for one in listed}
    found: dict[str, list[str]] = {}
    for path in sorted(tests.rglob("test_*.py")):
        for requirement, test in marks(ast.parse(path.read_text("utf-8"), str(path))):
            place = f"{path.relative_to(tests.parent).as_posix()}{test}"
            if requirement not in known:
                raise UnknownRequirementError(f"{place} claims {requirement}, which is not a requirement")
            if place not in found.setdefault(requirement, []):
                found[requirement].append(place)
    return Coverage(listed, {requirement: tuple(places) for requirement, places in found.items()})


def marks(node: ast.AST, place: str = "") -> Iterator[tuple[str, str]]:
    """(requirement, ``::test``) for every ``mark.requirement("…")``: on a test, a class, a parameter or a module."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from marks(child, f"{place}::{child.name}")
            continue
        if isinstance(child, ast.Call) and _is_mark(child.func):
            for argument in child.args:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield argument.value, place
        yield from marks(child, place)


def _is_mark(function: ast.expr) -> bool:
    return (
        isinstance(function, ast.Attribute)
        and function.attr == "requirement"
        and isinstance(function.value, ast.Attribute | ast.Name)
        and (function.value.attr if isinstance(function.value, ast.Attribute) else function.value.id) == "mark"
    )


def page(found: Coverage) -> str:
    """The text of ``docs/requirements.md``."""
    shown = len(found.requirements) - len(found.missing)
    counts = "\n".join(f"| {name} | {one['shown']} | {one['total']} |" for name, one in found.by_county().items())
    rows = "\n".join(_rows(found))
    return f"""\
<!-- Made by `anju requirements --write` from the marks in tests/. -->

# Requirements

The policies of five counties ask for {len(found.requirements)} things; tests show {shown} of them.

| County | Shown | Total |
|---|---|---|
{counts}

| Id | Requirement | Shown by |
|---|---|---|
{rows}
"""


def _rows(found: Coverage) -> Iterable[str]:
    for one in found.requirements:
        tests = "<br>".join(f"`{place.removeprefix('tests/')}`" for place in found.tests.get(one.id, ()))
        yield f"| {one.id} | {one.text.replace('|', chr(92) + '|')} | {tests} |"

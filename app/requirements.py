"""What the tests show: the marks in ``tests/`` against the lists of what is asked, in ``domain/data``.

Two lists: the requirements of the counties' policies, and the domain's rules that follow from these and from the law.
"""

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
class Catalogue:
    """A list of what is asked, and the mark by which a test claims to show one of it."""

    mark: str
    file: str
    part: str
    """The column that says where a line belongs: the county, or the part of the rules."""
    text: str
    intro: str
    command: str


REQUIREMENTS = Catalogue(
    mark="requirement",
    file="requirements.tsv",
    part="county",
    text="requirement",
    intro="The policies of five counties ask for {total} things; tests show {shown} of them.",
    command="anju requirements --write",
)
RULES = Catalogue(
    mark="rule",
    file="rules.tsv",
    part="part",
    text="rule",
    intro="The domain has {total} rules on votes, the maintenance fund, fees and cases; tests show {shown} of them by id.",
    command="anju requirements --write",
)


@dataclass(frozen=True)
class Requirement:
    """One line of a list."""

    id: str
    part: str
    """The county's name (高台县), or the part of the rules."""
    section: str
    """Where in the county's policy it stands (四(一)), or the rules' section."""
    text: str


@dataclass(frozen=True)
class Coverage:
    """A list, and for each id the tests that show it (``tests/fees/test_bills.py::test_…``)."""

    catalogue: Catalogue
    requirements: tuple[Requirement, ...]
    tests: Mapping[str, tuple[str, ...]]

    @property
    def missing(self) -> tuple[Requirement, ...]:
        """The requirements that no test shows, in the order of the list."""
        return tuple(one for one in self.requirements if one.id not in self.tests)

    def by_part(self) -> dict[str, dict[str, int]]:
        """County, or part of the rules → total and shown."""
        counts: dict[str, dict[str, int]] = {}
        for one in self.requirements:
            count = counts.setdefault(one.part, {"total": 0, "shown": 0})
            count["total"] += 1
            count["shown"] += one.id in self.tests
        return counts

    def as_json(self) -> dict[str, Any]:
        """What ``anju requirements --json`` prints."""
        missing = [one.id for one in self.missing]
        return {
            "total": len(self.requirements),
            "shown": len(self.requirements) - len(missing),
            f"by_{self.catalogue.part}": self.by_part(),
            "missing": missing,
        }


def requirements(catalogue: Catalogue = REQUIREMENTS) -> tuple[Requirement, ...]:
    """The list, in its order."""
    lines = files("domain.data").joinpath(catalogue.file).read_text("utf-8").splitlines()
    rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
    return tuple(Requirement(row["id"], row[catalogue.part], row["section"], row[catalogue.text]) for row in rows)


def coverage(tests: Path = TESTS, catalogue: Catalogue = REQUIREMENTS) -> Coverage:
    """Read the marks without importing the tests. Raises ``UnknownRequirementError``."""
    listed = requirements(catalogue)
    known = {one.id for one in listed}
    found: dict[str, list[str]] = {}
    for path in sorted(tests.rglob("test_*.py")):
        source = path.read_text("utf-8")
        if f"mark.{catalogue.mark}(" not in source:
            continue  # parsing all of them takes seconds
        for requirement, test in marks(ast.parse(source, str(path)), catalogue.mark):
            place = f"{path.relative_to(tests.parent).as_posix()}{test}"
            if requirement not in known:
                raise UnknownRequirementError(f"{place} claims {requirement}, which is not a {catalogue.mark}")
            if place not in found.setdefault(requirement, []):
                found[requirement].append(place)
    return Coverage(catalogue, listed, {requirement: tuple(places) for requirement, places in found.items()})


def marks(node: ast.AST, mark: str = REQUIREMENTS.mark, place: str = "") -> Iterator[tuple[str, str]]:
    """(id, ``::test``) for every ``mark.requirement("…")``: on a test, a class, a parameter or a module."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from marks(child, mark, f"{place}::{child.name}")
            continue
        if isinstance(child, ast.Call) and _is_mark(child.func, mark):
            for argument in child.args:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield argument.value, place
        yield from marks(child, mark, place)


def _is_mark(function: ast.expr, mark: str) -> bool:
    return (
        isinstance(function, ast.Attribute)
        and function.attr == mark
        and isinstance(function.value, ast.Attribute | ast.Name)
        and (function.value.attr if isinstance(function.value, ast.Attribute) else function.value.id) == "mark"
    )


def page(found: Coverage) -> str:
    """The text of ``docs/requirements.md``, or of ``docs/rules.md``."""
    total, shown = len(found.requirements), len(found.requirements) - len(found.missing)
    counts = "\n".join(f"| {name} | {one['shown']} | {one['total']} |" for name, one in found.by_part().items())
    rows = "\n".join(_rows(found))
    one = found.catalogue
    return f"""\
<!-- Made by `{one.command}` from the marks in tests/. -->

# {one.mark.capitalize()}s

{one.intro.format(total=total, shown=shown)}

| {one.part.capitalize()} | Shown | Total |
|---|---|---|
{counts}

| Id | {one.text.capitalize()} | Shown by |
|---|---|---|
{rows}
"""


def _rows(found: Coverage) -> Iterable[str]:
    for one in found.requirements:
        tests = "<br>".join(f"`{place.removeprefix('tests/')}`" for place in found.tests.get(one.id, ()))
        yield f"| {one.id} | {one.text.replace('|', chr(92) + '|')} | {tests} |"

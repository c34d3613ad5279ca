"""Every exported list says what its list query says, for an official, a company and an owner of the demo."""

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from graphql import get_named_type, is_enum_type

from app.lines import read_lines
from app.list_export import Exporter
from app.texts import label, speak_up
from domain.exports import ExportedList
from schema.api import graphql_schema
from schema.engine.execute import Executor
from schema.sheets import LISTS
from schema.sheets.declare import ABOVE, Listed, Part
from tests.access.conftest import HOME, Demo
from tests.engine.conftest import Ask

ROLES = ("bureau", "company", "resident")
DAY, INSTANT, HUNDREDTHS = "Date", "DateTime", ("Fen", "Area")


def type_at(start: str, path: tuple[str, ...]) -> str:
    types = graphql_schema().type_map
    for step in path:
        start = get_named_type(types[start].fields[step].type).name  # type: ignore[attr-defined]
    return start


def said(kind: str, value: Any) -> Any:
    """A value of the API as a person writes it."""
    if value is None or value == "" or value == []:
        return None
    if isinstance(value, list):
        return "、".join(str(said(kind, each)) for each in value)
    if kind in HUNDREDTHS:
        return Decimal(value) / 100
    if kind == DAY:
        return datetime.fromisoformat(value)
    if kind == INSTANT:
        return datetime.fromisoformat(value).astimezone(ZoneInfo("Asia/Shanghai")).replace(tzinfo=None, microsecond=0)
    if kind == "Boolean":
        return "是" if value else "否"
    if kind == "Int":
        return value
    return label(kind, value, "zh-CN") if is_enum_type(graphql_schema().type_map[kind]) else str(value)


def walked(row: Any, path: tuple[str, ...]) -> Any:
    for step in path:
        row = None if row is None else row[step]
    return row


async def listed_rows(ask: Ask, actor: Any, listed: Listed) -> list[dict[str, Any]]:
    """The rows by the public API: pages of a hundred, every column's path written out."""
    paths = [head.cell for part in listed.parts for head in part.heads]
    needs = " ".join(dict.fromkeys(cell.needs for cell in paths if cell.needs)) or "id"
    above = " ".join(dict.fromkeys(cell.above for cell in paths if cell.above))
    nodes = f"{above} {listed.each}(first: 100) {{ totalCount nodes {{ {needs} }} }}" if listed.each else needs
    *around, field = listed.root.split(".")
    order = f", orderBy: {listed.order}" if listed.order else ""
    rows: list[dict[str, Any]] = []
    after = "null"
    while True:
        body = (
            f"{field}(first: 100, after: {after}{order}) {{ pageInfo {{ hasNextPage endCursor }} nodes {{ {nodes} }} }}"
        )
        answer = await ask(actor, f"{{ {' { '.join([*around, body])} {'} ' * len(around)}}}")
        assert "errors" not in answer, answer["errors"]
        found = walked(answer["data"], (*around, field))
        rows += found["nodes"]
        if not found["pageInfo"]["hasNextPage"]:
            break
        after = f'"{found["pageInfo"]["endCursor"]}"'
    if listed.each is None:
        return rows
    assert all(row[listed.each]["totalCount"] <= 100 for row in rows)
    return [{**each, ABOVE: row} for row in rows for each in row[listed.each]["nodes"]]


def agree(listed: Listed, part: Part, rows: list[dict[str, Any]], page: Any, row_type: str, above: str) -> None:
    """Row by row, every column that is a path."""
    lines = list(page.iter_rows(min_row=2, values_only=True))
    assert len(lines) == len(rows), part.title
    for place, head in enumerate(part.heads):
        path = head.cell.path
        if not path:
            continue
        inside = tuple(step for step in path if step != ABOVE)
        kind = type_at(above if path[0] == ABOVE else row_type, inside)
        column = [line[place] for line in lines]
        expected = [said(kind, walked(row, path)) for row in rows]
        if part.title.startswith(tuple(one.sheet.title for one in listed.parts if one.sheet)) and is_enum_type(
            graphql_schema().type_map[kind]
        ):
            assert [cell is None for cell in column] == [one is None for one in expected], (part.title, head.title)
            continue  # the import has its own words: tests/exports brings them back in
        same = [float(one) if isinstance(one, Decimal) else one for one in expected]
        assert column == same, (listed.name, head.title)


@pytest.mark.parametrize("name", ExportedList)
async def test_an_export_says_what_the_list_query_says(
    name: ExportedList, town: Demo, demo_executor: Executor, demo_ask: Ask, tmp_path: Path
) -> None:
    speak_up()
    listed = LISTS[name]
    *around, field = listed.root.split(".")
    connection = type_at("Query", (*around, field))
    above = connection.removesuffix("Connection")
    row_type = type_at(above, (listed.each, "nodes")) if listed.each else above
    async with read_lines(town.database.url, maximum=1) as lines:
        for role in ROLES:
            actor = town.actors[f"{HOME}-{role}"]
            file = tmp_path / f"{role}.xlsx"
            count = await Exporter(lines, demo_executor.services.sessions).write(file, name, actor, HOME)
            rows = await listed_rows(demo_ask, actor, listed)
            assert count == len(rows), role
            book = openpyxl.load_workbook(file)
            assert book.sheetnames == [part.title for part in listed.parts]
            if len(listed.parts) == 1:
                agree(listed, listed.parts[0], rows, book.worksheets[0], row_type, above)

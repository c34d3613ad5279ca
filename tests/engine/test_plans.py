"""What the engine's statements leave to the planner: the causes of what ``python -m bench`` measures (docs/performance.md)."""

import re
from typing import Any

import psycopg
import pytest

from app.database import session_options, without_driver
from auth.visibility import single
from domain.roles import Role
from schema.engine.declare import Listing
from tests.database import Database
from tests.engine.test_statements import compiled

OVERVIEW = """nodes { buildingCount contract { number company { name } }
  inspections(first: 10) { nodes { title findings(first: 3) { nodes { description } } } } }"""
TOWNSHIP = frozenset({Role.TOWNSHIP})
INDEXES_ONLY = {
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}
SAME_COUNTY = re.compile(r"\b\w+\.county = \w+\.county\b")


def overview(mode: Any) -> str:
    with single(frozenset({"TOWNSHIP__townships"})):
        return compiled("estates", Listing("Estate"), TOWNSHIP, mode, OVERVIEW)


@pytest.fixture
def plan(database: Database) -> str:
    """How the estate overview would be run if tables were large: on few rows the planner reads them all."""
    body = overview("one")
    binds = ", ".join(["NULL"] * max(map(int, re.findall(r"\$(\d+)", body))))
    options = session_options(**INDEXES_ONLY)
    with psycopg.connect(without_driver(database.url), options=options) as connection:
        connection.execute(f"PREPARE overview AS {body}".encode())
        rows = connection.execute(f"EXPLAIN (COSTS OFF) EXECUTE overview ({binds})".encode())
        return "\n".join(line for (line,) in rows)


def test_findings_are_read_in_their_order(plan: str) -> None:
    assert "Index Scan using ix_finding_county_inspection_id_position_id on finding" in plan
    assert "Incremental Sort" not in plan


def test_contracts_are_found_by_the_area_and_not_among_all_of_the_township(plan: str) -> None:
    """What is wanted of them, and who sees them, is asked of the few that the estate's area has."""
    among = plan[plan.index("Subquery Scan on anon_") :].split("Subquery Scan", 2)[1]
    (asked,) = re.findall(r"Filter: (.*signed_on.*)", among)
    assert "township" in asked
    found = among[among.index("service_contract") :].split("\n", 2)[1]
    assert "township" not in found


def test_a_statement_about_one_county_says_so_once_for_each_table() -> None:
    assert SAME_COUNTY.findall(overview("one")) == []
    assert len(SAME_COUNTY.findall(overview("many"))) >= 5  # there a row's own county is not known beforehand


def test_only_the_row_whose_cursor_is_shown_has_one_made() -> None:
    body = compiled(
        "feeBills", Listing("FeeBill"), frozenset({Role.BUREAU}), "one", "nodes { title } pageInfo { endCursor }"
    )
    shown, _, page = body.partition("FROM (SELECT")
    assert shown.count("\x1f") == 2  # after the order's name, and between its two keys
    assert "\x1f" not in page

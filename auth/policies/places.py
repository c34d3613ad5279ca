"""The rules that most policies share: a row's places and bodies compared with those that a grant names.

A row that carries ``township``, ``community``, ``area_id`` or ``company_id`` itself needs one equality and no join.
"""

from typing import Any

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import aliased

from auth.policies.estates import contract_of
from auth.visibility import Scope
from models.estates import Unit

Test = ColumnElement[bool]


def of_own_home(row: Any, scope: Scope) -> Test:
    """The row's area is that of a unit the resident's grants name."""
    unit = aliased(Unit)
    return exists(
        select(1).where(
            scope.county_of(unit),
            unit.county == row.county,
            unit.area_id == row.area_id,
            unit.id == scope.any("units"),
        )
    )


def in_own_areas(row: Any, scope: Scope) -> Test:
    """The row's area is one that a committee member's or project leader's grants name."""
    return row.area_id == scope.any("areas")  # type: ignore[no-any-return]


def of_own_company(row: Any, scope: Scope) -> Test:
    """The row belongs to the actor's company."""
    return row.company_id == scope.any("companies")  # type: ignore[no-any-return]


def in_served_area(row: Any, scope: Scope) -> Test:
    """The row's area is served by the actor's company under a contract in force (a firm loses data on exit, PRI-9)."""
    return contract_of(row.area_id, row, scope, in_force=True)


def of_own_township(row: Any, scope: Scope) -> Test:
    return row.township == scope.any("townships")  # type: ignore[no-any-return]


def of_own_community(row: Any, scope: Scope) -> Test:
    return row.community == scope.any("communities")  # type: ignore[no-any-return]

"""Who sees the register: residents their own home, bodies and companies their areas, offices their division (PRI-9)."""

from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import aliased

from auth.visibility import Predicate, Rule, Scope, Via, policy, whole_county
from domain.contracts import IN_FORCE
from domain.estates import EstateState
from domain.roles import COUNTY_OFFICES, PARTNERS, RESIDENTS, Role
from models.contracts import ServiceContract
from models.estates import (
    AreaSuccession,
    Building,
    Estate,
    EstateArea,
    Facility,
    Occupancy,
    Ownership,
    PropertyArea,
    Unit,
)
from models.people import Owner

OF_A_COMPANY = (Role.COMPANY_ADMIN, Role.COMPANY_STAFF)
OF_AN_AREA = (Role.COMMITTEE, Role.PROJECT_LEADER)
"""Their grants name the property areas they answer for."""
WHOLE_COUNTY: dict[Role, Rule] = dict.fromkeys((*COUNTY_OFFICES, Role.SYSTEM), whole_county)
BUREAU_ONLY: dict[Role, Rule] = dict.fromkeys((Role.BUREAU, Role.SYSTEM), whole_county)
"""Price and market supervision see estates, never who lives in them."""


def holds_unit(column: str) -> Predicate:
    """The row's id is the ``column`` of a unit that the resident's grants name."""

    def rule(row: Any, scope: Scope) -> ColumnElement[bool]:
        unit = aliased(Unit)
        return exists(
            select(1).where(
                scope.county_of(unit),
                unit.county == row.county,
                getattr(unit, column) == row.id,
                unit.id == scope.any("units"),
            )
        )

    # A reader who came from such a unit has shown it already (``auth.visibility.seen_from``).
    rule.seen_from = (Unit, column)  # type: ignore[attr-defined]
    return rule


def contract_of(area_id: Any, row: Any, scope: Scope, *, in_force: bool) -> ColumnElement[bool]:
    """The actor's company has a contract for the area: one in force, or any at all (drafts and its own history)."""
    contract = aliased(ServiceContract)
    found = select(1).where(
        scope.county_of(contract),
        contract.county == row.county,
        contract.area_id == area_id,
        contract.company_id == scope.any("companies"),
    )
    # Equalities, not IN: an expanding list has no fixed text to prepare.
    return exists(
        found.where(or_(*(contract.state == state.value for state in sorted(IN_FORCE)))) if in_force else found
    )


def _served(row: Any, scope: Scope) -> ColumnElement[bool]:
    return contract_of(row.area_id, row, scope, in_force=True)


def _in_area(row: Any, scope: Scope) -> ColumnElement[bool]:
    return row.area_id == scope.any("areas")  # type: ignore[no-any-return]


def _estate_linked(estate: Any, scope: Scope, *, by_contract: bool) -> ColumnElement[bool]:
    """The estate, or a part of it, belongs now to one of the actor's areas."""
    linked = aliased(EstateArea)
    rule = contract_of(linked.area_id, linked, scope, in_force=False) if by_contract else _in_area(linked, scope)
    return exists(
        select(1).where(
            scope.county_of(linked),
            linked.county == estate.county,
            linked.estate_id == estate.id,
            linked.valid_to.is_(None),
            rule,
        )
    )


def _link_of_own_home(row: Any, scope: Scope) -> ColumnElement[bool]:
    unit = aliased(Unit)
    return exists(
        select(1).where(
            scope.county_of(unit),
            unit.county == row.county,
            unit.estate_id == row.estate_id,
            unit.area_id == row.area_id,
            unit.id == scope.any("units"),
        )
    )


def held_by_actor(owner: Any, scope: Scope) -> ColumnElement[bool]:
    """The owner's record is the actor's own."""
    return owner.account_id == scope.any("accounts")  # type: ignore[no-any-return]


def _own_holding(ownership: Any, scope: Scope) -> ColumnElement[bool]:
    """The actor's own ownership rows and those of minors in the actor's care."""
    owner, guardian = aliased(Owner), aliased(Owner)
    cared_for = exists(
        select(1).where(
            scope.county_of(guardian),
            guardian.county == owner.county,
            guardian.id == owner.guardian_id,
            held_by_actor(guardian, scope),
        )
    )
    return exists(
        select(1).where(
            scope.county_of(owner),
            owner.county == ownership.county,
            owner.id == ownership.owner_id,
            held_by_actor(owner, scope) | cared_for,
        )
    )


policy(
    PropertyArea,
    {
        **dict.fromkeys(RESIDENTS, holds_unit("area_id")),
        **{role: lambda area, scope: area.id == scope.any("areas") for role in OF_AN_AREA},
        **{role: lambda area, scope: contract_of(area.id, area, scope, in_force=False) for role in OF_A_COMPANY},
        Role.COMMUNITY: lambda area, scope: area.community == scope.any("communities"),
        Role.TOWNSHIP: lambda area, scope: area.township == scope.any("townships"),
        **WHOLE_COUNTY,
        **dict.fromkeys(PARTNERS, whole_county),
    },
)

policy(
    AreaSuccession,
    {
        Role.COMMUNITY: Via("successor_id", PropertyArea),
        Role.TOWNSHIP: Via("successor_id", PropertyArea),
        **WHOLE_COUNTY,
    },
)

policy(
    Estate,
    {
        **dict.fromkeys(RESIDENTS, holds_unit("estate_id")),
        **{role: lambda estate, scope: _estate_linked(estate, scope, by_contract=False) for role in OF_AN_AREA},
        **{role: lambda estate, scope: _estate_linked(estate, scope, by_contract=True) for role in OF_A_COMPANY},
        Role.COMMUNITY: lambda estate, scope: estate.community == scope.any("communities"),
        Role.TOWNSHIP: lambda estate, scope: estate.township == scope.any("townships"),
        **WHOLE_COUNTY,
        **{role: lambda estate, _scope: estate.state == EstateState.APPROVED.value for role in PARTNERS},
    },
)

policy(
    EstateArea,
    {
        **dict.fromkeys(RESIDENTS, _link_of_own_home),
        **{role: lambda row, scope: and_(row.valid_to.is_(None), _in_area(row, scope)) for role in OF_AN_AREA},
        **{
            role: lambda row, scope: and_(row.valid_to.is_(None), contract_of(row.area_id, row, scope, in_force=False))
            for role in OF_A_COMPANY
        },
        **{role: Via("estate_id", Estate) for role in (Role.COMMUNITY, Role.TOWNSHIP, *PARTNERS)},
        **WHOLE_COUNTY,
    },
)

policy(
    Building,
    {
        **dict.fromkeys(RESIDENTS, holds_unit("building_id")),
        **dict.fromkeys(OF_AN_AREA, _in_area),
        **dict.fromkeys(OF_A_COMPANY, _served),
        **{role: Via("estate_id", Estate) for role in (Role.COMMUNITY, Role.TOWNSHIP)},
        **WHOLE_COUNTY,
    },
)

policy(
    Unit,
    {
        **{role: lambda unit, scope: unit.id == scope.any("units") for role in RESIDENTS},
        **dict.fromkeys(OF_AN_AREA, _in_area),
        **dict.fromkeys(OF_A_COMPANY, _served),
        **{role: Via("estate_id", Estate) for role in (Role.COMMUNITY, Role.TOWNSHIP)},
        **WHOLE_COUNTY,
    },
)

_THROUGH_THE_UNIT: dict[Role, Rule] = {
    role: Via("unit_id", Unit) for role in (*OF_A_COMPANY, Role.PROJECT_LEADER, Role.COMMUNITY, Role.TOWNSHIP)
}

policy(
    Ownership,
    {Role.OWNER: _own_holding, Role.COMMITTEE: Via("unit_id", Unit), **_THROUGH_THE_UNIT, **BUREAU_ONLY},
)

policy(
    Occupancy,
    {
        Role.OWNER: lambda row, scope: row.unit_id == scope.any("units"),
        Role.TENANT: held_by_actor,
        **_THROUGH_THE_UNIT,
        **BUREAU_ONLY,
    },
)

policy(
    Facility,
    {
        **{
            role: Via("estate_id", Estate)
            for role in (*RESIDENTS, *OF_AN_AREA, *OF_A_COMPANY, Role.COMMUNITY, Role.TOWNSHIP)
        },
        **WHOLE_COUNTY,
    },
)

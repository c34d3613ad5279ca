"""The access matrix (matrix.toml), read and applied in Python: the suite's own judgement of who sees which row and field."""

import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from auth.actor import Actor, Grant
from domain.roles import COMPANY, PARTNERS, RESIDENTS, Role
from models.cases import AuditEvent, Review, Task
from models.contracts import ServiceContract
from models.estates import Building, Estate, EstateArea, Ownership, PropertyArea, Unit
from models.exports import ListExport
from models.fund_use import FundContract, FundObjection, FundPayment, FundProgress
from models.funds import FundEarmark, FundRequest, FundShare, SiteCheck
from models.inspections import CheckedItem, Finding, Inspection, InspectionSignature, Inspector, Rectification
from models.people import Owner
from tests.access import bindings, custody, dunning, fees, filings, fund_money, personal_data, votes

FILE = Path(__file__).with_name("matrix.toml")
RELATIONS = ("own", "building", "community", "sibling")


@dataclass(frozen=True)
class TypeAccess:
    """One type's part of the matrix."""

    rows: Mapping[Role, Mapping[str, str]]
    """Role → relation → condition ("" for none)."""

    fields: Mapping[str, frozenset[Role] | None]
    """Field → the roles that it is shown to; ``None`` for everybody who sees the row."""


@cache
def matrix() -> dict[str, TypeAccess]:
    """The matrix by GraphQL type."""
    raw = tomllib.loads(FILE.read_text("utf-8"))
    groups = raw.pop("groups") | {"*": [role.value for role in Role]}

    def roles(name: str) -> list[Role]:
        return [Role(each) for each in groups.get(name, [name])]

    made = {}
    for type_name, access in raw.items():
        rows: dict[Role, dict[str, str]] = {}
        for name, cells in access["rows"].items():
            for role in roles(name):
                rows[role] = {cell.partition(":")[0]: cell.partition(":")[2] for cell in cells}
        fields: dict[str, set[Role] | None] = {}
        for name, listed in access["fields"].items():
            for field in listed:
                if name == "*":
                    fields[field] = None
                else:
                    shown = fields.setdefault(field, set())
                    assert shown is not None, f"{type_name}.{field} is open and restricted"
                    shown.update(roles(name))
        frozen = {name: None if shown is None else frozenset(shown) for name, shown in fields.items()}
        made[type_name] = TypeAccess(rows, frozen)
    return made


CONDITIONS: dict[str, Callable[["Places", Any], bool]] = {
    "": lambda _places, _row: True,
    "approved": lambda places, row: places.estate_of(row).state == "APPROVED",
    "current": lambda _places, row: row.valid_to is None,
    "published": lambda _places, row: row.published_on is not None,
    "reported": lambda _places, row: row.reported_at is not None or row.published_on is not None,
    "of_price": lambda _places, row: row.role == "PRICE",
    "of_market": lambda _places, row: row.role == "MARKET",
    "of_departments": lambda _places, row: row.case_type in ("Filing", "Inspection"),
    "claimed": lambda _places, row: row.state != "OPENED",
    "handed_in": lambda _places, row: row.state != "DRAFT",
    **dunning.CONDITIONS,
    **fees.CONDITIONS,
    **votes.CONDITIONS,
    **filings.CONDITIONS,
    "handed_in_or_a_companys": lambda _places, row: row.state != "DRAFT" or row.applicant_role in COMPANY,
    "shown_to_owners": lambda _places, row: row.posted_from is not None or row.kind == "EMERGENCY",
}


PARENTS: dict[type[Any], tuple[str, type[Any]]] = {
    Inspector: ("inspection_id", Inspection),
    InspectionSignature: ("inspection_id", Inspection),
    CheckedItem: ("inspection_id", Inspection),
    Finding: ("inspection_id", Inspection),
    Rectification: ("inspection_id", Inspection),
    FundShare: ("fund_request_id", FundRequest),
    FundEarmark: ("fund_request_id", FundRequest),
    SiteCheck: ("fund_request_id", FundRequest),
    FundContract: ("fund_request_id", FundRequest),
    FundPayment: ("fund_request_id", FundRequest),
    FundProgress: ("fund_request_id", FundRequest),
    FundObjection: ("fund_request_id", FundRequest),
    **filings.PARENTS,
    **fees.PARENTS,
    **dunning.PARENTS,
    **votes.PARENTS,
}
"""Parts of a case: visible in the roles in which the case is (and the matrix lists the part's roles once more)."""


PARTY_COLUMNS = {
    Role.COMMUNITY: "community",
    Role.TOWNSHIP: "township",
    Role.COMMITTEE: "committee_id",
    Role.COMPANY_ADMIN: "company_id",
    Role.COMPANY_STAFF: "company_id",
    Role.PROJECT_LEADER: "company_id",
}


class Places:
    """Where rows of a world lie, and how they stand to grants."""

    def __init__(self, world: Any, names: Mapping[type[Any], str]) -> None:
        self.world = world
        self.names = names

    def sees(self, actor: Actor, model: type[Any], row: Any) -> frozenset[Role]:
        """The roles in which the actor sees the row."""
        access = matrix()[self.names[model]].rows
        found = set()
        if model in PARENTS:
            column, parent = PARENTS[model]
            case = self.one(parent, row.county, getattr(row, column))
            roles = self.sees(actor, parent, case) & frozenset(access)
            if model is FundObjection and row.raised_by != actor.account_id:
                return roles - RESIDENTS
            return roles if model is not FundShare else roles - self._neighbours(actor, row)
        for grant in actor.grants:
            if grant.role not in access or getattr(row, "county", grant.county) != grant.county:
                continue
            condition = access[grant.role].get(self.relation(actor, grant, row))
            if condition is not None and CONDITIONS[condition](self, row):
                found.add(grant.role)
            if isinstance(row, FundRequest) and row.applicant_id == actor.account_id and grant.role not in COMPANY:
                found.add(grant.role)  # whoever applied sees the own draft
        return frozenset(found)

    def _neighbours(self, actor: Actor, share: FundShare) -> frozenset[Role]:
        """The resident's roles in which a share is not the own unit's."""
        return frozenset(
            role
            for role in (Role.OWNER, Role.TENANT)
            if all(grant.unit_id != share.unit_id for grant in actor.grants if grant.role is role)
        )

    def relation(self, actor: Actor, grant: Grant, row: Any) -> str:
        """How a row of the grant's county stands to the grant."""
        if self.is_own(actor, grant, row):
            return "own"
        unit = self.one(Unit, row.county, grant.unit_id)
        if unit is not None and unit.building_id == getattr(row, "building_id", None):
            return "building"
        mine = self.estate_of(unit).community if unit is not None else grant.community
        return "community" if mine is not None and mine == self.community_of(row) else "sibling"

    def is_own(self, actor: Actor, grant: Grant, row: Any) -> bool:
        judged = self._judged_by_kind(actor, grant, row)
        if judged is not None:
            return judged
        match grant.role:
            case Role.BUREAU | Role.PRICE | Role.MARKET | Role.BANK | Role.COURT | Role.SYSTEM:
                return True
            case Role.COMMUNITY:
                return self.community_of(row) == grant.community
            case Role.TOWNSHIP:
                return self.township_of(row) == grant.township
            case Role.COMMITTEE | Role.PROJECT_LEADER:
                return bool(self.areas_of(row) & {grant.area_id})
            case Role.COMPANY_ADMIN | Role.COMPANY_STAFF:
                return self._served(grant, row)
        if isinstance(row, Ownership):
            return self._own_person(actor, grant, self.one(Owner, row.county, row.owner_id))
        if grant.role is Role.TENANT and hasattr(row, "pays_fees"):
            return row.account_id is not None and row.account_id == actor.account_id
        return self._of_home(grant, row)

    def _judged_by_kind(self, actor: Actor, grant: Grant, row: Any) -> bool | None:
        """Kinds of rows with a judgement of their own; ``None`` for those that stand to a grant by their place."""
        if isinstance(row, Owner):
            return self._own_person(actor, grant, row)
        if isinstance(row, ListExport):
            return bool(row.requested_by == actor.account_id)
        if isinstance(row, personal_data.KNOWN):
            return personal_data.own(self, actor, grant, row)
        if isinstance(row, filings.KNOWN):
            return filings.own(self, actor, grant, row)
        for stem in (bindings, custody, fees, fund_money, dunning, votes):
            if isinstance(row, stem.KNOWN):
                judged = stem.own(self, actor, grant, row)
                if judged is not None:
                    return judged
        by_company = (Role.COMPANY_ADMIN, Role.COMPANY_STAFF)
        if isinstance(row, Task | Review | AuditEvent):
            return self._own_of_case(actor, grant, row)
        if isinstance(row, Inspection | FundRequest) and grant.role in by_company:
            return self._own_of_case(actor, grant, row)
        return None

    def _own_of_case(self, actor: Actor, grant: Grant, row: Any) -> bool:
        """Tasks, reviews and events copy the places and parties of their case; cases name their company and applicant."""
        if isinstance(row, AuditEvent) and grant.role not in (Role.COMMUNITY, Role.TOWNSHIP, Role.BUREAU):
            mine = (row.account_id, actor.account_id), (row.client_id, actor.client_id)
            return any(one is not None and one == other for one, other in mine)
        if isinstance(row, Task):
            theirs = row.role == grant.role and row.account_id in (None, actor.account_id)
            if grant.role in PARTNERS:
                handles = grant.role is Role.BANK or "suits:handle" in grant.scopes
                return theirs and handles and row.client_id == actor.client_id
            personal = grant.role in (Role.OWNER, Role.TENANT)
            return theirs and (row.account_id is not None if personal else self._in_scope(actor, grant, row))
        return self._in_scope(actor, grant, row)

    def _in_scope(self, actor: Actor, grant: Grant, row: Any) -> bool:
        if grant.role in (Role.BUREAU, Role.PRICE, Role.MARKET):
            return True
        column = PARTY_COLUMNS.get(grant.role)
        if column is None:
            return bool(row.applicant_id == actor.account_id)
        if grant.role is Role.PROJECT_LEADER and isinstance(row, Task) and row.area_id != grant.area_id:
            return False
        return getattr(row, column) is not None and getattr(row, column) == getattr(grant, column)

    def _own_person(self, actor: Actor, grant: Grant, owner: Owner) -> bool:
        if grant.role is Role.OWNER:
            guardian = self.one(Owner, owner.county, owner.guardian_id)
            accounts = {owner.account_id, guardian.account_id if guardian else None} - {None}
            return actor.account_id in accounts
        if grant.role is Role.BUREAU:
            return True  # also those who hold nothing (any more): tenants, former owners, guardians
        held = [
            self.one(Unit, o.county, o.unit_id)
            for o in self.world.rows[Ownership]
            if o.owner_id == owner.id and o.valid_to is None
        ]
        return any(self.is_own(actor, grant, unit) for unit in held)

    def _of_home(self, grant: Grant, row: Any) -> bool:
        unit = self.one(Unit, row.county, grant.unit_id)
        if unit is None:
            return False
        if isinstance(row, Unit) or getattr(row, "unit_id", None):
            return (row.id if isinstance(row, Unit) else row.unit_id) == unit.id
        if isinstance(row, Building):
            return row.id == unit.building_id
        if isinstance(row, Estate):
            return row.id == unit.estate_id
        if isinstance(row, PropertyArea):
            return row.id == unit.area_id
        if isinstance(row, EstateArea):
            return (row.estate_id, row.area_id) == (unit.estate_id, unit.area_id)
        return getattr(row, "estate_id", None) == unit.estate_id

    def _served(self, grant: Grant, row: Any) -> bool:
        in_force = ("EFFECTIVE", "EXPIRING", "EXPIRED_CONTINUING", "RENEWED")
        narrow = isinstance(row, Building | Unit) or hasattr(row, "unit_id")
        areas = {
            contract.area_id
            for contract in self.world.rows.get(ServiceContract, [])
            if contract.company_id == grant.company_id and (not narrow or contract.state in in_force)
        }
        return bool(self.areas_of(row) & areas)

    # Places

    def one(self, model: type[Any], county: str, key: Any) -> Any:
        return None if key is None else self.world.find(model, county, key)

    def estate_of(self, row: Any) -> Any:
        if isinstance(row, Estate):
            return row
        if getattr(row, "estate_id", None) is not None:
            return self.one(Estate, row.county, row.estate_id)
        if getattr(row, "unit_id", None) is not None:
            return self.estate_of(self.one(Unit, row.county, row.unit_id))
        return None

    def areas_of(self, row: Any) -> set[Any]:
        """The property areas that a row belongs to now."""
        if isinstance(row, PropertyArea):
            return {row.id}
        if getattr(row, "area_id", None) is not None:
            return {row.area_id}
        if isinstance(row, Building | Unit):
            return set()
        if getattr(row, "unit_id", None) is not None:
            return self.areas_of(self.one(Unit, row.county, row.unit_id))
        estate = self.estate_of(row)
        links = [link for link in self.world.rows[EstateArea] if estate is not None and link.estate_id == estate.id]
        return {link.area_id for link in links if link.valid_to is None}

    def community_of(self, row: Any) -> str | None:
        return self._division(row, "community")

    def township_of(self, row: Any) -> str | None:
        return self._division(row, "township")

    def _division(self, row: Any, level: str) -> str | None:
        if getattr(row, level, None) is not None:
            return getattr(row, level)  # type: ignore[no-any-return]
        if getattr(row, "successor_id", None) is not None:
            return self._division(self.one(PropertyArea, row.county, row.successor_id), level)
        estate = self.estate_of(row)
        return None if estate is None else getattr(estate, level)


def missing(types: Iterable[tuple[str, Iterable[str]]]) -> list[str]:
    """Types and fields that the matrix does not have."""
    known = matrix()
    return [
        f"{name}.{field}" if name in known else name
        for name, fields in types
        for field in (fields if name in known else ("",))
        if name not in known or field not in known[name].fields
    ]

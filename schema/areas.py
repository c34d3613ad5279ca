"""Property areas as clients see them: what contracts, committees, votes and fund accounts hang on."""

import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import or_

from domain.contracts import IN_FORCE
from domain.estates import AreaState, AreaWarning, ConsultedOffice, SearchKind, SuccessionKind
from domain.roles import IN_THE_COUNTY
from models import estates as models
from models.committees import Committee as CommitteeRow
from models.companies import ProjectLeader as ProjectLeaderRow
from models.contracts import ServiceContract as ServiceContractRow
from models.custody_choices import CustodyChoice as CustodyChoiceRow
from models.disclosures import Disclosure as DisclosureRow
from models.disclosures import DisclosureEntry as DisclosureEntryRow
from models.fund_quotas import FundQuota as FundQuotaRow
from models.votes import ModeClause as ModeClauseRow
from schema.common import Area, DateTime
from schema.conditions import equal, found_by, since
from schema.engine.declare import (
    Through,
    ascending,
    column,
    count,
    descending,
    entity,
    filters,
    latest,
    listing,
    many,
    one,
    orders,
)
from schema.engine.types import Connection, described

if TYPE_CHECKING:
    from schema.committees import Committee
    from schema.companies import ProjectLeader
    from schema.contracts import ServiceContract
    from schema.custody_choices import CustodyChoice
    from schema.disclosures import Disclosure, DisclosureEntry
    from schema.divisions import Division
    from schema.estates import Building, Estate
    from schema.fund_quotas import FundQuota
    from schema.votes import ModeClause

for _enumeration in (AreaState, AreaWarning, ConsultedOffice, SuccessionKind):
    described(_enumeration)


def contract_in_force(description: str, through: Through | None = None) -> Any:
    return latest(
        ServiceContractRow.area_id,
        description,
        by=lambda row: [row.starts_on.desc(), row.id.desc()],
        where=lambda row: or_(*(row.state == state.value for state in sorted(IN_FORCE))),
        through=through,
    )


AREA_ORDERS = orders(
    "PropertyAreaOrder",
    "How property areas are ordered.",
    NAME=(ascending(models.PropertyArea.name_sort), "By name, in pinyin."),
    CODE=(ascending(models.PropertyArea.code), "By code."),
    NEWEST=(descending(models.PropertyArea.updated_at), "Last changed first."),
)


@filters("Which property areas. All given conditions must hold.")
class PropertyAreaFilter:
    state: AreaState | None = equal("state", "In this state.")
    township: str | None = equal("township", "Township or subdistrict code, 9 digits.")
    community: str | None = equal("community", "Community code, 12 digits.")
    warning: AreaWarning | None = equal("warning", "With this warning.")
    code: str | None = equal("code", "Exactly this code.")
    keyword: str | None = found_by(SearchKind.AREA)
    updated_since: DateTime | None = since()


@entity(
    models.PropertyArea,
    "A property area (物业管理区域): what contracts, committees, votes and fund accounts hang on.",
    orders=AREA_ORDERS,
    filters=PropertyAreaFilter,
    states=models.PropertyArea.state,
)
class PropertyArea:
    code: str = column(models.PropertyArea.code, "The county's code of the area.")
    name: str = column(models.PropertyArea.name, "Its name.")
    township: str = column(models.PropertyArea.township, "Township or subdistrict that answers for it, 9 digits.")
    community: str = column(models.PropertyArea.community, "Community that answers for it, 12 digits.")
    township_division: "Division | None" = one(models.PropertyArea.township, "The township or subdistrict.")
    community_division: "Division | None" = one(models.PropertyArea.community, "The community.")
    boundary: str | None = column(models.PropertyArea.boundary, "Its four boundaries in words (四至范围).")
    filing_number: str | None = column(models.PropertyArea.filing_number, "Number of the filed delimitation (备案号).")
    filed_on: datetime.date | None = column(models.PropertyArea.filed_on, "Day of that filing.")
    floor_area: Area | None = column(models.PropertyArea.floor_area, "Total building area.")
    consulted_offices: list[ConsultedOffice] = column(
        models.PropertyArea.consulted_offices, "Offices that were heard before it was drawn (征求意见部门)."
    )
    warning: AreaWarning | None = column(
        models.PropertyArea.warning, "What should be looked at again.", to=IN_THE_COUNTY
    )
    state: AreaState = column(models.PropertyArea.state, "Whether it still stands.")
    ended_on: datetime.date | None = column(models.PropertyArea.ended_on, "Day it was merged or split.")
    version: int = column(models.PropertyArea.version, "Counts up with every change.")
    updated_at: DateTime = column(models.PropertyArea.updated_at, "Last change.")
    estates: Connection["EstateArea"] = many(models.EstateArea.area_id, "Estates, or parts of them, that it covers.")
    buildings: Connection["Building"] = many(models.Building.area_id, "Its buildings, in natural order.")
    building_count: int = count(models.Building.area_id, "How many buildings it has.")
    unit_count: int = count(models.Unit.area_id, "How many units it has.")
    predecessors: Connection["AreaSuccession"] = many(models.AreaSuccession.successor_id, "Areas that it came from.")
    successors: Connection["AreaSuccession"] = many(models.AreaSuccession.predecessor_id, "Areas that followed it.")
    contract: "ServiceContract | None" = contract_in_force("The contract in force, the latest begun.")
    contracts: Connection["ServiceContract"] = many(ServiceContractRow.area_id, "Its service contracts.")
    project_leader: "ProjectLeader | None" = latest(
        ProjectLeaderRow.area_id,
        "The project leader in post.",
        by=lambda row: [row.appointed_on.desc(), row.id.desc()],
        where=lambda row: row.ended_on.is_(None),
    )
    committee: "Committee | None" = latest(
        CommitteeRow.area_id,
        "The body in office that acts for its owners.",
        by=lambda row: [row.term_from.desc(), row.id.desc()],
        where=lambda row: row.ended_on.is_(None),
    )
    committees: Connection["Committee"] = many(CommitteeRow.area_id, "Its bodies, now and before.")
    board: Connection["DisclosureEntry"] = many(DisclosureEntryRow.area_id, "Its disclosure board (公示栏).")
    disclosures: Connection["Disclosure"] = many(DisclosureRow.area_id, "Its postings, all versions.")
    mode_clauses: Connection["ModeClause"] = many(
        ModeClauseRow.area_id, "Adopted clauses that allow special modes of voting, or a committee's quota."
    )
    fund_quotas: Connection["FundQuota"] = many(
        FundQuotaRow.area_id, "What fund requests draw on without a vote of their own."
    )
    custody_choices: Connection["CustodyChoice"] = many(
        CustodyChoiceRow.area_id, "What its owners decided on who manages their maintenance fund."
    )


@entity(models.AreaSuccession, "One step of a property area's history (合并、拆分).")
class AreaSuccession:
    predecessor: "PropertyArea | None" = one(models.AreaSuccession.predecessor_id, "The area that gave way.")
    successor: "PropertyArea | None" = one(models.AreaSuccession.successor_id, "The area that took its place.")
    kind: SuccessionKind = column(models.AreaSuccession.kind, "Merged or split.")
    happened_on: datetime.date = column(models.AreaSuccession.happened_on, "When.")
    reason: str = column(models.AreaSuccession.reason, "Why.")


@entity(models.EstateArea, "That an estate, or a part of it, belongs to a property area.")
class EstateArea:
    estate: "Estate | None" = one(models.EstateArea.estate_id, "The estate.")
    area: "PropertyArea | None" = one(models.EstateArea.area_id, "The property area.")
    part: str | None = column(models.EstateArea.part, "Which part of the estate; null for all of it.")
    valid_from: datetime.date = column(models.EstateArea.valid_from, "First day.")
    valid_to: datetime.date | None = column(models.EstateArea.valid_to, "First day after; null while it lasts.")


QUERIES = {"propertyAreas": listing("PropertyArea", "Property areas that the caller may see.")}

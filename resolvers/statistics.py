"""Coverage of a county's estates by division, one statement each, over the estates that the actor sees (K-1 to K-4)."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, true

from domain.committees import CommitteeState
from domain.companies import CompanyState, LeaderState
from domain.contracts import IN_FORCE
from domain.divisions import DivisionLevel
from domain.estates import SELF_COVERED_MODES, EstateState, PartyCoverage, ServiceMode
from domain.profiles.parameters import Profile
from domain.statistics import Coverage, CoverageRate
from models.committees import Committee
from models.companies import Company, ProjectLeader
from models.contracts import ServiceContract
from models.divisions import Division
from models.estates import Estate, EstateArea
from resolvers.unit_of_work import UnitOfWork


async def coverage(uow: UnitOfWork, *, measure: Coverage, by: DivisionLevel) -> list[CoverageRate]:
    """The measure for each division of the level (county, township or community), in order of code.

    Divisions without an estate in scope are listed with a total of 0; the county is listed as one.
    """
    measure, level = Coverage(measure), DivisionLevel(by)
    place = _PLACE.get(level)
    counted = uow.select(Estate).where(_SCOPE.get(measure, true()))
    covered = _COVERED[measure](uow.county)
    rates: dict[str, tuple[int, int]] = {}
    if place is None:
        whole_county = counted.with_only_columns(func.count().filter(covered), func.count())
        row = (await uow.session.execute(whole_county)).one()
        rates[uow.county] = (row[0], row[1])
    else:
        by_place = counted.with_only_columns(place, func.count().filter(covered), func.count()).group_by(place)
        rates = {row[0]: (row[1], row[2]) for row in (await uow.session.execute(by_place)).all()}
    target = _TARGET[measure](uow.profile)
    listed = await divisions(uow, level)
    return [CoverageRate(code, *rates.get(code, (0, 0)), target) for code in sorted({*listed, *rates})]


async def divisions(uow: UnitOfWork, level: DivisionLevel) -> list[str]:
    """The county's divisions of a level; an office of one township or community sees its own."""
    statement = select(Division.code).where(Division.county == uow.county, Division.level == level.value)
    codes = (await uow.session.scalars(statement)).all()
    grants = [grant for grant in uow.actor.grants if grant.county == uow.county]
    places = [grant.community or grant.township or uow.county for grant in grants]
    return [code for code in codes if any(code.startswith(place) for place in places)]


def _linked(county: str, *more: ColumnElement[bool]) -> list[ColumnElement[bool]]:
    """An area that the estate belongs to today."""
    return [EstateArea.county == county, EstateArea.estate_id == Estate.id, EstateArea.valid_to.is_(None), *more]


def _contract(county: str) -> list[ColumnElement[bool]]:
    return _linked(
        county,
        ServiceContract.county == county,
        ServiceContract.area_id == EstateArea.area_id,
        ServiceContract.state.in_(sorted(IN_FORCE)),
    )


def _formed(county: str) -> ColumnElement[bool]:
    committee = (
        Committee.county == county,
        Committee.area_id == EstateArea.area_id,
        Committee.state == CommitteeState.FILED.value,
    )
    return exists(select(1).where(*_linked(county, *committee)).correlate(Estate))


def _served(county: str) -> ColumnElement[bool]:
    by_contract = exists(select(1).where(*_contract(county)).correlate(Estate))
    managed = Estate.service_mode != ServiceMode.UNMANAGED.value
    return or_(Estate.service_mode.in_(sorted(SELF_COVERED_MODES)), and_(managed, by_contract))


def _with_party(_county: str) -> ColumnElement[bool]:
    return Estate.party_coverage.in_([PartyCoverage.OWN.value, PartyCoverage.JOINT.value])


def _on_platform(county: str) -> ColumnElement[bool]:
    led = exists(
        select(1).where(
            ProjectLeader.county == county,
            ProjectLeader.area_id == ServiceContract.area_id,
            ProjectLeader.company_id == ServiceContract.company_id,
            ProjectLeader.state == LeaderState.REPORTED.value,
        )
    )
    firm = (Company.county == county, Company.id == ServiceContract.company_id)
    approved = select(1).where(*_contract(county), *firm, Company.state == CompanyState.FILED.value, led)
    return and_(Estate.state == EstateState.APPROVED.value, exists(approved.correlate(Estate)))


_PLACE: Mapping[DivisionLevel, Any] = {
    DivisionLevel.TOWNSHIP: Estate.township,
    DivisionLevel.COMMUNITY: Estate.community,
}
_SCOPE: Mapping[Coverage, ColumnElement[bool]] = {Coverage.FORMATION: Estate.in_county_town.is_(True)}
_COVERED: Mapping[Coverage, Callable[[str], ColumnElement[bool]]] = {
    Coverage.FORMATION: _formed,
    Coverage.SERVICE: _served,
    Coverage.PARTY: _with_party,
    Coverage.PLATFORM: _on_platform,
}
_TARGET: Mapping[Coverage, Callable[[Profile], int | None]] = {
    Coverage.FORMATION: lambda profile: profile.formation_kpi_percent,
    Coverage.SERVICE: lambda profile: profile.service_coverage_kpi_percent,
    Coverage.PARTY: lambda profile: profile.party_coverage_kpi_percent,
    Coverage.PLATFORM: lambda profile: profile.platform_coverage_kpi_percent,
}

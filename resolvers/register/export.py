"""The register as rows of its sheets: what an import of the file would find unchanged."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import aliased

from domain.committees import IN_OFFICE, MemberStatus
from domain.companies import LeaderState
from domain.contracts import ContractState
from domain.estates import AreaState, UnitUse
from domain.register import Sheet
from models.committees import Committee, CommitteeMember
from models.companies import Company, ProjectLeader
from models.contracts import ServiceContract
from models.estates import Building, Estate, EstateArea, Facility, Ownership, PropertyArea, Unit
from models.fees import ChargeItem
from models.filings import Filing
from models.people import Owner
from resolvers.unit_of_work import UnitOfWork

Rows = Sequence[Mapping[str, Any]]


async def export_rows(uow: UnitOfWork, sheet: Sheet) -> Rows:
    """The rows of a sheet that the actor sees, by column name. Numbers of documents and phones are left empty (PRI-6)."""
    return await _EXPORTS[sheet.name](uow)


async def _mappings(uow: UnitOfWork, statement: Any) -> Rows:
    return [dict(row) for row in (await uow.session.execute(statement)).mappings()]


def _same(left: Any, right: Any, key: str) -> Any:
    """The join of a row to what its foreign key names."""
    return (right.county == left.county) & (right.id == getattr(left, key))


def _whole_area() -> Any:
    """The code of the area that covers a whole estate."""
    link, area = aliased(EstateArea), aliased(PropertyArea)
    return (
        select(area.code)
        .where(
            link.county == Estate.county,
            link.estate_id == Estate.id,
            link.valid_to.is_(None),
            link.part.is_(None),
            _same(link, area, "area_id"),
        )
        .limit(1)
        .scalar_subquery()
    )


async def _areas(uow: UnitOfWork) -> Rows:
    statement = uow.select(PropertyArea).where(PropertyArea.state == AreaState.ACTIVE.value)
    return await _mappings(
        uow, statement.with_only_columns(*PropertyArea.__table__.columns).order_by(PropertyArea.code)
    )


async def _estates(uow: UnitOfWork) -> Rows:
    columns = (*Estate.__table__.columns, _whole_area().label("area"))
    return await _mappings(uow, uow.select(Estate).with_only_columns(*columns).order_by(Estate.code))


async def _buildings(uow: UnitOfWork) -> Rows:
    part = (
        select(PropertyArea.code)
        .join(EstateArea, _same(EstateArea, PropertyArea, "area_id"))
        .where(
            EstateArea.county == Building.county,
            EstateArea.estate_id == Building.estate_id,
            EstateArea.area_id == Building.area_id,
            EstateArea.valid_to.is_(None),
            EstateArea.part.is_not(None),
        )
        .limit(1)
        .scalar_subquery()
    )
    statement = uow.select(Building).join(Estate, _same(Building, Estate, "estate_id"))
    columns = (*Building.__table__.columns, Estate.code.label("estate"), part.label("area"))
    return await _mappings(uow, statement.with_only_columns(*columns).order_by(Estate.code, Building.sort_key))


def _of_units(*conditions: Any) -> Callable[[UnitOfWork], Awaitable[Rows]]:
    async def rows(uow: UnitOfWork) -> Rows:
        statement = (
            uow.select(Unit)
            .join(Estate, _same(Unit, Estate, "estate_id"))
            .join(Building, _same(Unit, Building, "building_id"))
            .where(*conditions)
        )
        columns = (*Unit.__table__.columns, Estate.code.label("estate"), Building.number.label("building"))
        return await _mappings(uow, statement.with_only_columns(*columns).order_by(Estate.code, Unit.sort_key))

    return rows


async def _owners(uow: UnitOfWork) -> Rows:
    statement = (
        uow.select(Ownership)
        .join(Owner, _same(Ownership, Owner, "owner_id"))
        .join(Unit, _same(Ownership, Unit, "unit_id"))
        .join(Estate, _same(Unit, Estate, "estate_id"))
        .join(Building, _same(Unit, Building, "building_id"))
        .where(Ownership.valid_to.is_(None))
    )
    columns = (
        Estate.code.label("estate"),
        Building.number.label("building"),
        Unit.entrance,
        Unit.room,
        Ownership.kind,
        Owner.kind.label("owner_kind"),
        Owner.name,
        Owner.credit_code,
        Owner.agent_name,
        Ownership.numerator,
        Ownership.denominator,
        Ownership.is_representative,
        Ownership.basis,
        Ownership.valid_from.label("since"),
    )
    order = (Estate.code, Unit.sort_key, Ownership.id)
    return await _mappings(uow, statement.with_only_columns(*columns).order_by(*order))


async def _facilities(uow: UnitOfWork) -> Rows:
    statement = (
        uow.select(Facility)
        .join(Estate, _same(Facility, Estate, "estate_id"))
        .outerjoin(Building, _same(Facility, Building, "building_id"))
    )
    columns = (*Facility.__table__.columns, Estate.code.label("estate"), Building.number.label("building"))
    return await _mappings(uow, statement.with_only_columns(*columns).order_by(Estate.code, Facility.sort_key))


async def _companies(uow: UnitOfWork) -> Rows:
    columns = (*Company.__table__.columns, Company.listed.label("filed"))
    return await _mappings(uow, uow.select(Company).with_only_columns(*columns).order_by(Company.credit_code))


async def _contracts(uow: UnitOfWork) -> Rows:
    """Contracts that were brought in; those filed here are the platform's own."""
    filed = select(Filing.id).where(Filing.county == ServiceContract.county, Filing.contract_id == ServiceContract.id)
    statement = (
        uow.select(ServiceContract)
        .join(PropertyArea, _same(ServiceContract, PropertyArea, "area_id"))
        .join(Company, _same(ServiceContract, Company, "company_id"))
        .where(~filed.exists())
    )
    serving = (ServiceContract.state != ContractState.TERMINATED.value).label("still_serving")
    columns = (
        *ServiceContract.__table__.columns,
        PropertyArea.code.label("area"),
        Company.credit_code.label("company"),
    )
    return await _mappings(uow, statement.with_only_columns(*columns, serving).order_by(ServiceContract.number))


async def _leaders(uow: UnitOfWork) -> Rows:
    statement = (
        uow.select(ProjectLeader)
        .join(PropertyArea, _same(ProjectLeader, PropertyArea, "area_id"))
        .join(Company, _same(ProjectLeader, Company, "company_id"))
        .where(ProjectLeader.ended_on.is_(None))
    )
    reported = (ProjectLeader.state == LeaderState.REPORTED.value).label("reported")
    columns = (*ProjectLeader.__table__.columns, PropertyArea.code.label("area"), Company.credit_code.label("company"))
    return await _mappings(uow, statement.with_only_columns(*columns, reported).order_by(PropertyArea.code))


def _in_office(uow: UnitOfWork, model: Any) -> Any:
    states = [state.value for state in IN_OFFICE]
    if model is Committee:
        statement = uow.select(Committee)
    else:
        statement = uow.select(model).join(Committee, _same(model, Committee, "committee_id"))
    return statement.join(PropertyArea, _same(Committee, PropertyArea, "area_id")).where(Committee.state.in_(states))


async def _committees(uow: UnitOfWork) -> Rows:
    columns = (
        *Committee.__table__.columns,
        PropertyArea.code.label("area"),
        Committee.attested_basis.label("basis"),
    )
    return await _mappings(uow, _in_office(uow, Committee).with_only_columns(*columns).order_by(PropertyArea.code))


async def _members(uow: UnitOfWork) -> Rows:
    columns = (*CommitteeMember.__table__.columns, PropertyArea.code.label("area"))
    statement = _in_office(uow, CommitteeMember).where(CommitteeMember.status == MemberStatus.IN_OFFICE.value)
    order = (PropertyArea.code, CommitteeMember.post_order, CommitteeMember.id)
    return await _mappings(uow, statement.with_only_columns(*columns).order_by(*order))


async def _charge_items(uow: UnitOfWork) -> Rows:
    statement = (
        uow.select(ChargeItem)
        .join(PropertyArea, _same(ChargeItem, PropertyArea, "area_id"))
        .join(ServiceContract, _same(ChargeItem, ServiceContract, "contract_id"))
    )
    columns = (*ChargeItem.__table__.columns, PropertyArea.code.label("area"), ServiceContract.number.label("contract"))
    return await _mappings(uow, statement.with_only_columns(*columns).order_by(PropertyArea.code, ChargeItem.code))


async def _nothing(_uow: UnitOfWork) -> Rows:
    """Opening balances are brought in once; what became of them is in the books."""
    return ()


_EXPORTS: Mapping[str, Callable[[UnitOfWork], Awaitable[Rows]]] = {
    "areas": _areas,
    "estates": _estates,
    "buildings": _buildings,
    "units": _of_units(Unit.parking_right.is_(None)),
    "parking": _of_units(Unit.use == UnitUse.PARKING.value, Unit.parking_right.is_not(None)),
    "owners": _owners,
    "facilities": _facilities,
    "companies": _companies,
    "contracts": _contracts,
    "leaders": _leaders,
    "committees": _committees,
    "committee_members": _members,
    "charge_items": _charge_items,
    "arrears": _nothing,
    "prepaid": _nothing,
    "funds": _nothing,
}

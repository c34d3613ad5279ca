"""The pre-filing of service premises (物业服务用房前期备案, ZD-24): what a developer must provide, on record before the sale."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select

from domain.errors import ErrorCode, Refusal
from domain.filing_records import FilingKind
from domain.identifiers import check_credit_code
from domain.premises_filings import PREMISES_FILING, PremisesPurpose, Room, required_area
from domain.profiles import profile_version
from domain.profiles.parameters import Profile
from domain.records import Record
from domain.simple_filings import SimpleFilingState as State
from models.base import new_id
from models.estates import PropertyArea, Unit
from models.filings import Filing, ServicePremises
from resolvers import simple_filings
from resolvers.areas import area_by_code
from resolvers.filings import SUBJECTS, Subject
from resolvers.unit_of_work import UnitOfWork

KIND = FilingKind.PREMISES
CHANGEABLE = frozenset({State.DRAFT, State.RETURNED})


@dataclass(frozen=True)
class Premises(Record):
    """One of the rooms as planned. ``area`` in 0.01 m², ``floor`` 1 at ground level and negative below."""

    purpose: PremisesPurpose
    location: str
    floor: int
    area: int
    unit_id: uuid.UUID | None = None


@dataclass(frozen=True)
class Development(Record):
    """The development whose premises are filed, or the phase of it. ``total_area``: its building area in 0.01 m²."""

    developer_name: str
    developer_credit_code: str
    permit_number: str
    total_area: int


async def open_(
    uow: UnitOfWork,
    *,
    area_code: str,
    premises: Sequence[Mapping[str, Any] | Premises],
    document_ids: Sequence[uuid.UUID] = (),
    **development: Any,
) -> Filing:
    """Begin the pre-filing of an area's service premises as a draft (premisesFilingOpen).

    For the developer, by its early-stage company with a mandate or at the bureau's window. The area is named by its
    public code. Refuses ``FORBIDDEN_ROLE`` where the county does not pre-file premises, ``ALREADY_REGISTERED`` while one is
    under way; later plans take the place of those on file.
    """
    developed = _checked(Development(**development))
    area = await area_by_code(uow, area_code)
    grant = await uow.act(uow.profile.premises_applicants)
    await simple_filings.none_undecided(uow, area, KIND, "areaCode")
    filing = await simple_filings.open_for_area(
        uow,
        KIND,
        PREMISES_FILING,
        area,
        grant=grant,
        title=f"{area.name}物业服务用房",
        documents=document_ids,
        company_id=grant.company_id,
        **_columns(developed, uow.profile),
    )
    await _write(uow, filing, area, premises)
    return filing


async def change(
    uow: UnitOfWork,
    *,
    id: uuid.UUID,
    premises: Sequence[Mapping[str, Any] | Premises],
    expected_version: int | None = None,
    **development: Any,
) -> Filing:
    """Write the development and its premises anew into a draft or a returned filing (premisesFilingChange)."""
    filing = await simple_filings.load(uow, id, KIND)
    profile = profile_version(filing.profile_version)
    grant = await uow.act(profile.premises_applicants, Filing, filing)
    uow.check_version(filing, expected_version)
    if filing.state not in CHANGEABLE:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", action="premisesFilingChange", state=filing.state)
    for name, value in _columns(_checked(Development(**development)), profile).items():
        setattr(filing, name, value)
    await uow.session.execute(
        delete(ServicePremises).where(ServicePremises.county == uow.county, ServicePremises.filing_id == filing.id)
    )
    await _write(uow, filing, await simple_filings.area_of(uow, filing), premises)
    filing.updated_at = uow.now
    await uow.audit("premisesFilingChange", filing, grant=grant)
    uow.notify(filing)
    return filing


async def submit(
    uow: UnitOfWork, *, id: uuid.UUID, document_ids: Sequence[uuid.UUID] = (), expected_version: int | None = None
) -> Filing:
    """Hand the premises in (premisesFilingSubmit): planning permit, plan, and the developer's mandate for its company.

    Refuses ``PREMISES_TOO_SMALL`` below the county's share of the development, ``COMMITTEE_ROOM_TOO_SMALL``.
    """
    filing = await simple_filings.load(uow, id, KIND)
    return await simple_filings.submit(uow, filing, document_ids, expected_version)


def _checked(development: Development) -> Development:
    for name, value in (("developerName", development.developer_name), ("permitNumber", development.permit_number)):
        if not value.strip():
            raise Refusal(ErrorCode.REQUIRED, name)
    if development.total_area < 1:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "totalArea", least=1)
    return development


def _columns(development: Development, profile: Profile) -> dict[str, Any]:
    return {
        "developer_name": development.developer_name.strip(),
        "credit_code": check_credit_code(development.developer_credit_code, "developerCreditCode"),
        "permit_number": development.permit_number.strip(),
        "total_area": development.total_area,
        "required_area": required_area(profile, development.total_area),
    }


async def _write(
    uow: UnitOfWork, filing: Filing, area: PropertyArea, premises: Sequence[Mapping[str, Any] | Premises]
) -> None:
    rooms = [room if isinstance(room, Premises) else Premises(**room) for room in premises]
    if not rooms:
        raise Refusal(ErrorCode.REQUIRED, "premises")
    for position, room in enumerate(rooms, 1):
        if not room.location.strip():
            raise Refusal(ErrorCode.REQUIRED, "premises.location")
        if room.area < 1:
            raise Refusal(ErrorCode.OUT_OF_RANGE, "premises.area", least=1)
        if room.floor == 0:
            raise Refusal(ErrorCode.INVALID_INPUT, "premises.floor")
        if room.unit_id is not None:
            unit = await uow.load(Unit, room.unit_id, field="premises.unitId")
            if unit.area_id != area.id:
                raise Refusal(ErrorCode.INVALID_INPUT, "premises.unitId")
        uow.session.add(
            ServicePremises(
                county=uow.county,
                id=new_id(),
                filing_id=filing.id,
                position=position,
                purpose=room.purpose.value,
                location=room.location.strip(),
                floor=room.floor,
                area=room.area,
                unit_id=room.unit_id,
            )
        )
    await uow.session.flush()


async def _facts(uow: UnitOfWork, filing: Filing) -> Mapping[str, Any]:
    rooms = [Room(PremisesPurpose(room.purpose), room.area, room.floor > 0) for room in await _rooms(uow, filing)]
    return {"total_area": filing.total_area, "rooms": tuple(rooms)}


async def _content(uow: UnitOfWork, filing: Filing) -> dict[str, Any]:
    area = await simple_filings.area_of(uow, filing)
    return {
        "kind": filing.kind,
        "county": filing.county,
        "number": filing.number,
        "area": {"code": area.code, "name": area.name},
        "developer": {"name": filing.developer_name, "creditCode": filing.credit_code},
        "permitNumber": filing.permit_number,
        "totalArea": filing.total_area,
        "requiredArea": filing.required_area,
        "premises": [
            {"purpose": room.purpose, "location": room.location, "floor": room.floor, "area": room.area}
            for room in await _rooms(uow, filing)
        ],
        "submittedOn": uow.today.isoformat(),
    }


async def _rooms(uow: UnitOfWork, filing: Filing) -> Sequence[ServicePremises]:
    found = select(ServicePremises).where(ServicePremises.county == uow.county, ServicePremises.filing_id == filing.id)
    return (await uow.session.scalars(found.order_by(ServicePremises.position))).all()


async def _moved(uow: UnitOfWork, filing: Filing, former: str) -> None:
    """Filed premises are published: they belong to all owners of the area (Zibo 10, 16)."""
    if filing.state == State.FILED:
        await simple_filings.take_effect(uow, filing)
        await simple_filings.take_the_place_of_former(uow, filing)
        filing.published, filing.published_at = True, uow.now


SUBJECTS[KIND] = Subject(facts=_facts, content=_content, moved=_moved)

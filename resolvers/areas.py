"""Property areas (物业管理区域): fixing, merging and splitting them with their history (ZS-2, ZD-10, TQ-108)."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, func, select, update

from auth.actor import Grant
from domain.committees import IN_OFFICE
from domain.contracts import BINDING
from domain.emergency_funds import EMERGENCY_FUND_REQUEST
from domain.errors import ErrorCode, Refusal
from domain.estates import (
    AreaState,
    AreaWarning,
    ConsultedOffice,
    SearchKind,
    SuccessionKind,
    differs_from_old_estate_measure,
)
from domain.funds import FundState
from domain.ordinary_funds import FUND_REQUEST
from domain.records import Record
from domain.roles import Role
from domain.text import pinyin_key
from models.accounts import Account, AccountGrant
from models.committees import Committee
from models.contracts import ServiceContract
from models.estates import AreaSuccession, Building, Estate, EstateArea, PropertyArea, Unit
from models.funds import FundRequest
from resolvers.divisions import check_place
from resolvers.search import index_texts
from resolvers.unit_of_work import UnitOfWork

DELIMITERS = (Role.TOWNSHIP, Role.BUREAU)
"""The township fixes an area, or the bureau for the whole county (ZD-10)."""


@dataclass(frozen=True)
class EstatePart(Record):
    """An estate that an area covers: whole, or the named part made of these buildings."""

    estate_id: uuid.UUID
    part: str | None = None
    building_ids: tuple[uuid.UUID, ...] = ()


@dataclass(frozen=True)
class AreaDraft(Record):
    """What is to be known of a new area. ``floor_area`` in 0.01 m²; left out, it is the sum of its estates."""

    code: str
    name: str
    township: str
    community: str
    boundary: str | None = None
    filing_number: str | None = None
    filed_on: date | None = None
    floor_area: int | None = None
    consulted_offices: frozenset[ConsultedOffice] = frozenset()
    estates: tuple[EstatePart, ...] = ()
    """What it covers; a merged area covers what the old ones did."""


async def area_register(uow: UnitOfWork, **draft: Any) -> PropertyArea:
    """Fix a new property area (``AreaDraft``) over estates, or parts of them, that belong to no other area.

    Refuses ``REQUIRED`` while an office that the county's profile names was not heard (ZD-10), ``ALREADY_REGISTERED``
    for a code in use or a building that has its area, ``INVALID_DIVISION``. An area of renovated old estates far from
    the county's measure is registered with a warning (TQ-108).
    """
    wanted = AreaDraft(**draft)
    grant = await uow.act(DELIMITERS)
    _in_jurisdiction(grant, wanted.township)
    loaded = await uow.load_all(Estate, [part.estate_id for part in wanted.estates], lock=True, field="estates")
    area = await _new_area(uow, wanted, loaded)
    await _take_in(uow, area, wanted.estates, from_area=None)
    await uow.audit("areaRegister", area, grant=grant, detail={"estates": [str(estate.id) for estate in loaded]})
    uow.notify(area)
    return area


async def area_merge(uow: UnitOfWork, *, area_ids: Sequence[uuid.UUID], reason: str, **draft: Any) -> PropertyArea:
    """Merge areas of one township into a new one; the old ones stay as history, with their successor.

    Refuses ``OUT_OF_RANGE`` for fewer than two areas, ``INVALID_INPUT`` across townships, ``ACTION_NOT_AVAILABLE``
    while one of them is closed or has a contract signed or in force, a body in office or a request to its fund under
    way: those answer to the old area's owners.
    """
    wanted = AreaDraft(**draft)
    grant = await uow.act(DELIMITERS)
    if len(set(area_ids)) < 2:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "areaIds", least=2)
    merged = await uow.load_all(PropertyArea, area_ids, lock=True, field="areaIds")
    for old in merged:
        await _may_close(uow, old, "areaIds")
    if {old.township for old in merged} != {wanted.township} or wanted.estates:
        raise Refusal(ErrorCode.INVALID_INPUT, "areaIds")
    links = await _current_links(uow, area_ids)
    whole = await _estates_of(uow, links)
    area = await _new_area(uow, wanted, whole)
    for estate_id, part in (await _joined_parts(uow, links)).items():
        uow.session.add(
            EstateArea(county=uow.county, estate_id=estate_id, area_id=area.id, part=part, valid_from=uow.today)
        )
    for link in links:
        link.valid_to = uow.today
    await move_buildings(uow, (Building.area_id.in_(list(area_ids)),), area.id)
    for old in merged:
        _close(uow, old, AreaState.MERGED)
        await _succeed(uow, old, area, SuccessionKind.MERGE, reason, grant)
    await uow.audit("areaMerge", area, grant=grant, reason=reason, detail={"from": [old.code for old in merged]})
    uow.notify(area)
    return area


async def area_split(
    uow: UnitOfWork,
    *,
    id: uuid.UUID,
    parts: Sequence[Mapping[str, Any]],
    reason: str,
) -> PropertyArea:
    """Split an area into new ones (``AreaDraft``) that together take over all its buildings; the old one stays as
    history and is returned.

    Refuses ``OUT_OF_RANGE`` for fewer than two parts, ``REQUIRED`` when a building is left over, ``ALREADY_REGISTERED``
    when one is named twice, and as ``area_merge`` does while something still answers to the area's owners.
    """
    grant = await uow.act(DELIMITERS)
    if len(parts) < 2:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "parts", least=2)
    old = await uow.load(PropertyArea, id, lock=True)
    await _may_close(uow, old, "id")
    for link in await _current_links(uow, [id]):
        link.valid_to = uow.today
    _close(uow, old, AreaState.SPLIT)
    areas = []
    for draft in (AreaDraft(**part) for part in parts):
        if draft.township != old.township:
            raise Refusal(ErrorCode.INVALID_INPUT, "parts")
        loaded = await uow.load_all(Estate, [part.estate_id for part in draft.estates], lock=True, field="parts")
        area = await _new_area(uow, draft, loaded)
        await _take_in(uow, area, draft.estates, from_area=id)
        await _succeed(uow, old, area, SuccessionKind.SPLIT, reason, grant)
        areas.append(area)
    left_over = select(func.count()).where(Building.county == uow.county, Building.area_id == id)
    if count := await uow.session.scalar(left_over):
        raise Refusal(ErrorCode.REQUIRED, "parts", count=count)
    await uow.audit("areaSplit", old, grant=grant, reason=reason, detail={"into": [area.code for area in areas]})
    uow.notify(old)
    return old


def area_warning(
    profile_measure: int | None, tolerance_percent: int, floor_area: int | None, estates: Iterable[Estate]
) -> AreaWarning | None:
    """``OLD_ESTATE_SIZE`` where the county has a measure and all of the area's estates are renovated ones (TQ-108)."""
    renovated = [estate.is_renovated for estate in estates]
    if profile_measure is None or floor_area is None or not renovated or not all(renovated):
        return None
    far = differs_from_old_estate_measure(floor_area, profile_measure, tolerance_percent)
    return AreaWarning.OLD_ESTATE_SIZE if far else None


async def area_by_code(uow: UnitOfWork, code: str) -> PropertyArea:
    """A standing area by its public code, whoever asks: a company names areas that it does not serve, and see, yet."""
    area: PropertyArea | None = await uow.session.scalar(
        select(PropertyArea).where(
            PropertyArea.county == uow.county, PropertyArea.code == code.strip(), PropertyArea.ended_on.is_(None)
        )
    )
    if area is None:
        raise Refusal(ErrorCode.NOT_FOUND, "areaCode")
    return area


async def _new_area(uow: UnitOfWork, draft: AreaDraft, estates: Sequence[Estate]) -> PropertyArea:
    await check_place(uow, draft.township, draft.community)
    if missing := uow.profile.area_consults - draft.consulted_offices:
        raise Refusal(ErrorCode.REQUIRED, "consultedOffices", offices=missing)
    taken = select(PropertyArea.id).where(PropertyArea.county == uow.county, PropertyArea.code == draft.code)
    if await uow.session.scalar(taken):
        raise Refusal(ErrorCode.ALREADY_REGISTERED, "code")
    known = [estate.building_area for estate in estates if estate.building_area is not None]
    floor_area = draft.floor_area or (sum(known) if estates and len(known) == len(estates) else None)
    warning = area_warning(
        uow.profile.old_estate_area_001m2, uow.profile.old_estate_tolerance_percent, floor_area, estates
    )
    area = PropertyArea(
        county=uow.county,
        code=draft.code,
        name=draft.name,
        name_sort=pinyin_key(draft.name),
        township=draft.township,
        community=draft.community,
        boundary=draft.boundary,
        filing_number=draft.filing_number,
        filed_on=draft.filed_on,
        floor_area=floor_area,
        consulted_offices=sorted(office.value for office in draft.consulted_offices),
        warning=warning,
    )
    uow.session.add(area)
    await uow.session.flush()  # links, buildings and history refer to it
    await index_texts(uow.session, uow.county, SearchKind.AREA, area.id, area.name, area.code)
    return area


async def _take_in(
    uow: UnitOfWork, area: PropertyArea, estates: Sequence[EstatePart], *, from_area: uuid.UUID | None
) -> None:
    """Link estates to the area and move their buildings from ``from_area`` (none: from no area)."""
    for part in estates:
        here: list[ColumnElement[bool]] = [Building.county == uow.county, Building.estate_id == part.estate_id]
        free = Building.area_id.is_(None) if from_area is None else Building.area_id == from_area
        if part.building_ids:
            wanted = [*here, Building.id.in_(part.building_ids)]
            expected = len(set(part.building_ids))
        else:
            wanted = here
            expected = await uow.session.scalar(select(func.count()).where(*here)) or 0
        if await move_buildings(uow, (*wanted, free), area.id) != expected:
            raise Refusal(ErrorCode.ALREADY_REGISTERED, "estates", estate=str(part.estate_id))
        if not part.building_ids and await _whole_elsewhere(uow, part.estate_id):
            raise Refusal(ErrorCode.ALREADY_REGISTERED, "estates", estate=str(part.estate_id))
        uow.session.add(
            EstateArea(
                county=uow.county, estate_id=part.estate_id, area_id=area.id, part=part.part, valid_from=uow.today
            )
        )
        await uow.session.flush()  # the next part of the same estate must see this one


async def _whole_elsewhere(uow: UnitOfWork, estate_id: uuid.UUID) -> bool:
    """Whether the estate belongs to another area already (an estate without buildings has nothing else to tell)."""
    statement = select(EstateArea.id).where(
        EstateArea.county == uow.county, EstateArea.estate_id == estate_id, EstateArea.valid_to.is_(None)
    )
    return await uow.session.scalar(statement.limit(1)) is not None


async def move_buildings(uow: UnitOfWork, which: Sequence[ColumnElement[bool]], area_id: uuid.UUID) -> int:
    """Give the buildings, their units and the residents' grants another area; how many buildings there were."""
    moved = await uow.session.scalars(
        update(Building)
        .where(Building.county == uow.county, *which)
        .values(area_id=area_id, version=Building.version + 1)
        .returning(Building.id)
        .execution_options(synchronize_session=False)
    )
    buildings = list(moved.all())
    if not buildings:
        return 0
    units = await uow.session.scalars(
        update(Unit)
        .where(Unit.county == uow.county, Unit.building_id.in_(buildings))
        .values(area_id=area_id, version=Unit.version + 1)
        .returning(Unit.id)
        .execution_options(synchronize_session=False)
    )
    await _move_grants(uow, list(units.all()), area_id)
    return len(buildings)


async def _move_grants(uow: UnitOfWork, units: Sequence[uuid.UUID], area_id: uuid.UUID) -> None:
    """Residents' grants name the area of their unit; whoever holds one is found stale by the next statement."""
    held = AccountGrant.county == uow.county, AccountGrant.unit_id.in_(units), AccountGrant.ended_at.is_(None)
    holders = select(AccountGrant.account_id).where(*held)
    await uow.session.execute(
        update(Account)
        .where(Account.id.in_(holders))
        .values(grants_version=Account.grants_version + 1)
        .execution_options(synchronize_session=False)
    )
    await uow.session.execute(
        update(AccountGrant).where(*held).values(area_id=area_id).execution_options(synchronize_session=False)
    )


async def _may_close(uow: UnitOfWork, area: PropertyArea, field: str) -> None:
    if area.state != AreaState.ACTIVE:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, field, state=area.state)
    served = select(ServiceContract.id).where(
        ServiceContract.county == uow.county,
        ServiceContract.area_id == area.id,
        ServiceContract.state.in_(sorted(BINDING)),
    )
    governed = select(Committee.id).where(
        Committee.county == uow.county, Committee.area_id == area.id, Committee.state.in_(sorted(IN_OFFICE))
    )
    promised = select(FundRequest.id).where(
        FundRequest.county == uow.county,
        FundRequest.area_id == area.id,
        FundRequest.state.not_in(
            sorted({FundState.DRAFT, FundState.CLOSED, *FUND_REQUEST.terminal, *EMERGENCY_FUND_REQUEST.terminal})
        ),
    )
    for statement in (served, governed, promised):
        if await uow.session.scalar(statement.limit(1)):
            raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, field, state=area.state)


def _close(uow: UnitOfWork, area: PropertyArea, state: AreaState) -> None:
    area.state = state.value
    area.ended_on = uow.today
    area.version += 1


async def _succeed(
    uow: UnitOfWork, old: PropertyArea, new: PropertyArea, kind: SuccessionKind, reason: str, grant: Grant
) -> None:
    uow.session.add(
        AreaSuccession(
            county=uow.county,
            predecessor_id=old.id,
            successor_id=new.id,
            kind=kind.value,
            happened_on=uow.today,
            reason=reason,
        )
    )
    await uow.audit(
        f"area{kind.value.title()}",
        old,
        grant=grant,
        reason=reason,
        from_state=AreaState.ACTIVE.value,
        to_state=AreaState.MERGED.value if kind is SuccessionKind.MERGE else AreaState.SPLIT.value,
    )


async def _current_links(uow: UnitOfWork, area_ids: Sequence[uuid.UUID]) -> list[EstateArea]:
    statement = select(EstateArea).where(
        EstateArea.county == uow.county, EstateArea.area_id.in_(area_ids), EstateArea.valid_to.is_(None)
    )
    return list((await uow.session.scalars(statement.order_by(EstateArea.id).with_for_update())).all())


async def _estates_of(uow: UnitOfWork, links: Iterable[EstateArea]) -> list[Estate]:
    ids = {link.estate_id for link in links}
    statement = select(Estate).where(Estate.county == uow.county, Estate.id.in_(ids)).order_by(Estate.id)
    return list((await uow.session.scalars(statement)).all())


async def _joined_parts(uow: UnitOfWork, links: Sequence[EstateArea]) -> dict[uuid.UUID, str | None]:
    """What of each estate the merged area covers: all of it where no other area has a part, else the parts together."""
    merged = [link.area_id for link in links]
    parts: dict[uuid.UUID, str | None] = {}
    for link in links:
        known = parts.get(link.estate_id)
        parts[link.estate_id] = f"{known}、{link.part}" if known and link.part else link.part
    elsewhere = select(EstateArea.estate_id).where(
        EstateArea.county == uow.county,
        EstateArea.estate_id.in_(list(parts)),
        EstateArea.area_id.not_in(merged),
        EstateArea.valid_to.is_(None),
    )
    divided = set((await uow.session.scalars(elsewhere)).all())
    return {estate_id: part if estate_id in divided else None for estate_id, part in parts.items()}


def _in_jurisdiction(grant: Grant, township: str) -> None:
    if grant.role is Role.TOWNSHIP and grant.township != township:
        raise Refusal(ErrorCode.FORBIDDEN_ROLE, "township")

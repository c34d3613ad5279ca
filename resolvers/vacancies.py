"""Vacant units: recorded by the company on paper, so that bill runs charge less where the contract says so (FEE-4)."""

import uuid
from collections.abc import Sequence
from datetime import date, timedelta

from sqlalchemy import or_, select

from domain.bills import BILLERS
from domain.contracts import IN_FORCE
from domain.errors import ErrorCode, Refusal
from models.base import new_id
from models.contracts import ServiceContract
from models.estates import PropertyArea, Unit
from models.vacancies import UnitVacancy
from resolvers.documents import attach
from resolvers.unit_of_work import UnitOfWork


async def unit_vacancy_record(
    uow: UnitOfWork,
    *,
    unit_id: uuid.UUID,
    vacant_from: date,
    note: str,
    document_ids: Sequence[uuid.UUID],
    vacant_to: date | None = None,
) -> UnitVacancy:
    """Record that a unit is vacant, on the paper that shows it (unitVacancyRecord); bills issued from then on count it.

    By the company that serves the area. ``REQUIRED`` without note or paper, ``OUT_OF_RANGE`` for a first day to come or days in
    the wrong order, ``ALREADY_REGISTERED`` when it is recorded as vacant on one of the days.
    """
    unit = await uow.load(Unit, unit_id, lock=True, field="unitId")
    area = await uow.load(PropertyArea, unit.area_id, field="unitId") if unit.area_id else None
    grant = await uow.act(BILLERS, Unit, unit)
    if area is None or grant.company_id is None or not await _serves(uow, grant.company_id, area):
        raise Refusal(ErrorCode.FORBIDDEN_ROLE, "unitId")
    if not note.strip():
        raise Refusal(ErrorCode.REQUIRED, "note")
    if not document_ids:
        raise Refusal(ErrorCode.REQUIRED, "documentIds")
    if vacant_from > uow.today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "vacantFrom", most=uow.today)
    if vacant_to is not None and vacant_to < vacant_from:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "vacantTo", least=vacant_from)
    overlapping = select(UnitVacancy.id).where(
        UnitVacancy.county == uow.county,
        UnitVacancy.unit_id == unit.id,
        UnitVacancy.company_id == grant.company_id,
        or_(UnitVacancy.vacant_to.is_(None), UnitVacancy.vacant_to >= vacant_from),
    )
    if vacant_to is not None:
        overlapping = overlapping.where(UnitVacancy.vacant_from <= vacant_to)
    if await uow.session.scalar(overlapping) is not None:
        raise Refusal(ErrorCode.ALREADY_REGISTERED, "vacantFrom")
    if uow.actor.account_id is None:
        raise Refusal(ErrorCode.FORBIDDEN_ROLE)
    vacancy = UnitVacancy(
        county=uow.county,
        id=new_id(),
        unit_id=unit.id,
        company_id=grant.company_id,
        area_id=area.id,
        township=area.township,
        community=area.community,
        vacant_from=vacant_from,
        vacant_to=vacant_to,
        note=note.strip(),
        recorded_by=uow.actor.account_id,
    )
    uow.session.add(vacancy)
    for paper in await attach(uow, document_ids, vacancy):
        paper.area_id = None  # a committee sees its area's papers, and is not told which homes are empty
    await uow.audit("unitVacancyRecord", vacancy, grant=grant, documents=document_ids)
    return vacancy


async def unit_vacancy_end(uow: UnitOfWork, *, id: uuid.UUID, last_day: date, reason: str) -> UnitVacancy:
    """Say on which day a unit was last vacant (unitVacancyEnd), by its company; the eve of the first day takes the record back.

    Bills that were issued stay as they are. ``OUT_OF_RANGE`` for a day before that eve, or after the recorded end.
    """
    vacancy = await uow.load(UnitVacancy, id, lock=True)
    grant = await uow.act(BILLERS, UnitVacancy, vacancy)
    if not reason.strip():
        raise Refusal(ErrorCode.REQUIRED, "reason")
    eve = vacancy.vacant_from - timedelta(days=1)
    if last_day < eve or (vacancy.vacant_to is not None and last_day > vacancy.vacant_to):
        raise Refusal(ErrorCode.OUT_OF_RANGE, "lastDay", least=eve, most=vacancy.vacant_to)
    vacancy.vacant_to, vacancy.end_reason = last_day, reason
    await uow.audit("unitVacancyEnd", vacancy, grant=grant, reason=reason)
    return vacancy


async def _serves(uow: UnitOfWork, company_id: uuid.UUID, area: PropertyArea) -> bool:
    found = await uow.session.scalar(
        select(ServiceContract.id).where(
            ServiceContract.county == uow.county,
            ServiceContract.area_id == area.id,
            ServiceContract.company_id == company_id,
            ServiceContract.state.in_(sorted(IN_FORCE)),
        )
    )
    return found is not None

"""Dunning by intent (SM-14): the written demand, the committee's urging, mediation, instalment plans. Suit is ``suits``."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, select

from auth.actor import Grant
from domain.dunning import DUNNED, DunningAction, DunningMeans, DunningState, DunningStep, check_means
from domain.errors import ErrorCode, Refusal
from domain.filing_records import FilingKind
from domain.records import Record
from domain.roles import Role
from models.base import new_id
from models.dunning import DunningCase, DunningRecord, Instalment
from models.filings import Filing
from resolvers import documents as papers
from resolvers.dunning_cases import outstanding, record
from resolvers.filing_partners import has_effect
from resolvers.unit_of_work import UnitOfWork

CONTACTING = frozenset({Role.COMPANY_ADMIN, Role.PROJECT_LEADER, Role.COMPANY_STAFF})
MOST_INSTALMENTS = 36


@dataclass(frozen=True)
class Part(Record):
    """One instalment: the last day to pay it, and how much, in fen."""

    due_on: date
    amount: int


async def contact_record(
    uow: UnitOfWork,
    *,
    id: uuid.UUID,
    means: DunningMeans,
    note: str,
    taken_on: date | None = None,
    document_ids: Sequence[uuid.UUID] = (),
) -> tuple[DunningCase, DunningRecord]:
    """Record a call, a visit or another word to the debtor (dunningContactRecord); the case stays where it is.

    ``MEASURE_FORBIDDEN`` for cut supplies and barred access (FEE-16), ``ACTION_NOT_AVAILABLE`` once the case is over.
    """
    means = check_means(means)
    case = await uow.load(DunningCase, id, lock=True)
    grant = await uow.act(CONTACTING, DunningCase, case)
    if case.state in {DunningState.PAID, DunningState.DROPPED, DunningState.PERFORMED}:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", state=case.state)
    if not note.strip():
        raise Refusal(ErrorCode.REQUIRED, "note")
    attached = await papers.attach(uow, document_ids, case)
    step = await record(
        uow,
        case,
        DunningStep.CONTACT,
        means,
        role=grant.role,
        note=note,
        taken_on=taken_on,
        document_ids=[paper.id for paper in attached],
    )
    await uow.audit("dunningContactRecord", case, grant=grant, detail={"means": means.value})
    uow.notify(case)
    return case, step


async def demand_serve(
    uow: UnitOfWork,
    *,
    id: uuid.UUID,
    served_on: date,
    ends_on: date,
    means: DunningMeans,
    note: str | None = None,
    document_ids: Sequence[uuid.UUID] = (),
) -> tuple[DunningCase, DunningRecord]:
    """Record the written demand (催告函) as served: when, how, until when it gives the debtor time (dunningDemandServe).

    The letter and the proof of service are attached (``MISSING_DOCUMENT``); the period is at least the profile's days
    (``OUT_OF_RANGE``, Civil Code 944). Serving anew counts from then. ``MEASURE_FORBIDDEN``: FEE-16.
    """
    means = check_means(means)
    case = await uow.load(DunningCase, id, lock=True)
    if served_on > uow.today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "servedOn", most=uow.today)
    if ends_on <= served_on:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "endsOn", least=served_on)
    case.demand_served_on, case.demand_ends_on = served_on, ends_on
    await uow.advance(
        case,
        DunningAction.SERVE_DEMAND,
        documents=document_ids,
        facts={"open_fen": await outstanding(uow, case)},
    )
    step = await record(
        uow,
        case,
        DunningStep.DEMAND,
        means,
        role=_role(uow),
        note=note,
        taken_on=served_on,
        ends_on=ends_on,
        document_ids=document_ids,
    )
    return case, step


async def urge(
    uow: UnitOfWork, *, id: uuid.UUID, means: DunningMeans, note: str | None = None
) -> tuple[DunningCase, DunningRecord]:
    """Urge payment as the owners' committee (dunningUrge; ZD-43, TQ-43)."""
    means = check_means(means)
    case = await uow.load(DunningCase, id, lock=True)
    await uow.advance(case, DunningAction.URGE)
    return case, await record(uow, case, DunningStep.URGING, means, role=_role(uow), note=note)


async def covenant_measure_record(
    uow: UnitOfWork, *, id: uuid.UUID, covenant_id: uuid.UUID, article: str, note: str, means: DunningMeans
) -> tuple[DunningCase, DunningRecord]:
    """Record a measure of the owners' covenant towards a debtor who was dunned twice at least (dunningCovenantMeasure, TQ-44).

    The covenant is filed and in effect in the case's area (``ACTION_NOT_AVAILABLE``), its article is named, and no covenant
    allows what the law forbids (``MEASURE_FORBIDDEN``, FEE-16). ``TOO_EARLY`` before the second dunning record.
    """
    means = check_means(means)
    case = await uow.load(DunningCase, id, lock=True)
    grant = await uow.act((Role.COMMITTEE,), DunningCase, case)
    for field, value in (("article", article), ("note", note)):
        if not value.strip():
            raise Refusal(ErrorCode.REQUIRED, field)
    covenant = await uow.load(Filing, covenant_id, field="covenantId")
    if covenant.kind != FilingKind.COVENANT or covenant.area_id != case.area_id:
        raise Refusal(ErrorCode.NOT_FOUND, "covenantId")
    if not has_effect(covenant, uow.today):
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "covenantId", state=covenant.state)
    if await dunned_times(uow, case) < 2:
        raise Refusal(ErrorCode.TOO_EARLY, "id", earliest=case.notice_on)
    step = await record(
        uow, case, DunningStep.COVENANT_MEASURE, means, role=grant.role, note=f"{article.strip()}：{note.strip()}"
    )
    await uow.audit("dunningCovenantMeasure", case, grant=grant, detail={"covenant": covenant.number})
    uow.notify(case)
    return case, step


async def mediation_offer(
    uow: UnitOfWork, *, id: uuid.UUID, means: DunningMeans, note: str | None = None
) -> tuple[DunningCase, DunningRecord]:
    """Offer the debtor mediation (dunningMediationOffer): by the company, the community or the township (TQ-27, ZS-27)."""
    means = check_means(means)
    case = await uow.load(DunningCase, id, lock=True)
    await uow.advance(case, DunningAction.OFFER_MEDIATION)
    return case, await record(uow, case, DunningStep.MEDIATION_OFFER, means, role=_role(uow), note=note)


async def mediation_fail(
    uow: UnitOfWork, *, id: uuid.UUID, reason: str, document_ids: Sequence[uuid.UUID] = ()
) -> tuple[DunningCase, DunningRecord]:
    """Record that mediation came to nothing, with the reason (dunningMediationFail); the demand's period goes on."""
    case = await uow.load(DunningCase, id, lock=True)
    await uow.advance(case, DunningAction.FAIL_MEDIATION, reason=reason, documents=document_ids)
    step = await record(
        uow,
        case,
        DunningStep.MEDIATION,
        DunningMeans.IN_PERSON,
        role=_role(uow),
        note=reason,
        document_ids=document_ids,
    )
    return case, step


async def plan_agree(
    uow: UnitOfWork,
    *,
    id: uuid.UUID,
    instalments: Sequence[Part | Mapping[str, Any]],
    note: str | None = None,
    document_ids: Sequence[uuid.UUID] = (),
) -> tuple[DunningCase, DunningRecord]:
    """Record an instalment plan that the debtor agreed to, by the company or by who mediates (dunningPlanAgree).

    Days ascend from today and the parts come to what is open: ``OUT_OF_RANGE``, ``PLAN_NOT_WHOLE``. When an instalment's day
    passes unpaid the plan is broken, and the written demand is to be served anew (SM-14).
    """
    case = await uow.load(DunningCase, id, lock=True)
    parts = [part if isinstance(part, Part) else Part(**part) for part in instalments]
    if not 0 < len(parts) <= MOST_INSTALMENTS:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "instalments", least=1, most=MOST_INSTALMENTS)
    if any(part.amount <= 0 for part in parts):
        raise Refusal(ErrorCode.OUT_OF_RANGE, "instalments", least=1)
    before = uow.today
    for position, part in enumerate(parts):
        if part.due_on < before:
            raise Refusal(ErrorCode.OUT_OF_RANGE, f"instalments.{position}.dueOn", least=before)
        before = part.due_on
    open_fen = await outstanding(uow, case)
    was_mediating = case.state == DunningState.MEDIATING
    case.plan += 1
    case.plan_total, case.broken_on = open_fen, None
    await uow.advance(case, DunningAction.AGREE_PLAN, documents=document_ids, facts={"open_fen": open_fen})
    if sum(part.amount for part in parts) != open_fen:
        raise Refusal(ErrorCode.PLAN_NOT_WHOLE, "instalments", open_fen=open_fen)
    uow.session.add_all(
        Instalment(
            county=uow.county,
            id=new_id(),
            case_id=case.id,
            plan=case.plan,
            position=position,
            due_on=part.due_on,
            amount=part.amount,
        )
        for position, part in enumerate(parts, start=1)
    )
    step = DunningStep.MEDIATION if was_mediating else DunningStep.PLAN
    made = await record(uow, case, step, DunningMeans.IN_PERSON, role=_role(uow), note=note, document_ids=document_ids)
    return case, made


async def drop(uow: UnitOfWork, *, id: uuid.UUID, reason: str) -> DunningCase:
    """Give a case up before the court has filed it, with a reason (dunningDrop); its bills are dunned no more."""
    case = await uow.load(DunningCase, id, lock=True)
    return await uow.advance(case, DunningAction.DROP, reason=reason)


async def dunned_times(uow: UnitOfWork, case: DunningCase) -> int:
    """How many dunning records the case has (FEE-13)."""
    found = await uow.session.scalar(
        select(func.count()).where(
            DunningRecord.county == uow.county,
            DunningRecord.case_id == case.id,
            DunningRecord.step.in_([step.value for step in DUNNED]),
        )
    )
    return int(found or 0)


def _role(uow: UnitOfWork) -> Role:
    """The role in which the actor just moved the case."""
    grant: Grant | None = uow.grant
    assert grant is not None  # noqa: S101 - ``advance`` has chosen it
    return grant.role

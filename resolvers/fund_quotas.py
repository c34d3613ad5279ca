"""Quotas on which fund requests draw instead of a vote of their own: proposed, recorded, ended, drawn on (V-27, V-32, TQ-42).

The quota's row is the queue: who draws locks it, so that two draws at once never exceed it.
"""

import uuid
from collections.abc import Iterable, Sequence
from datetime import date

from sqlalchemy import func, select

from auth.actor import Grant
from domain.errors import ErrorCode, Refusal
from domain.estates import FacilityKind
from domain.fund_quotas import MATTERS, Limits, QuotaKind, QuotaState, check_terms, exceeded, kind_refusal
from domain.funds import FundAction
from domain.money import format_fen
from domain.profiles import profile_version
from domain.profiles.parameters import VoteMode
from domain.roles import Role
from domain.tallies import Outcome
from models.base import new_id
from models.estates import Facility, PropertyArea
from models.fund_quotas import FundQuota
from models.funds import FundRequest
from models.votes import ModeClause, Vote
from resolvers import fund_votes, mode_clauses, votes
from resolvers.unit_of_work import UnitOfWork

RECORDERS = (Role.TOWNSHIP, Role.BUREAU)
"""Who enters limits that stand in a clause: not the body that spends within them [assumption]."""

_MODES = {QuotaKind.COLLECTIVE: VoteMode.COLLECTIVE, QuotaKind.DELEGATED: VoteMode.STANDARD}
_WORDS = {QuotaKind.COLLECTIVE: "维修资金集合表决", QuotaKind.DELEGATED: "业主委员会维修资金使用额度"}


async def propose(
    uow: UnitOfWork,
    *,
    area_id: uuid.UUID,
    kind: QuotaKind,
    works: str,
    item_limit: int,
    year_limit: int,
    valid_from: date,
    valid_to: date,
    building_id: uuid.UUID | None = None,
    facility_kinds: Iterable[FacilityKind] = (),
    clause_id: uuid.UUID | None = None,
) -> FundQuota:
    """Put a quota to the owners' vote, of which a draft is made (fundQuotaPropose, V-27, V-32): adopted, it is in force.

    Limits in fen. A collective one needs the clause that allows the mode (V-25); a delegated one becomes a rule of procedure.
    Refuses ``MODE_NOT_ALLOWED`` where the county has no such quotas, ``OUT_OF_RANGE`` for limits or a term that cannot be, and
    what ``votes.convene`` does.
    """
    kind, limits = QuotaKind(kind), Limits(item_limit, year_limit)
    quota = _written(uow, kind, works, limits, (valid_from, valid_to), facility_kinds)
    area = await uow.load(PropertyArea, area_id, field="areaId")
    quota.clause_id = clause_id if kind is QuotaKind.COLLECTIVE else None
    vote = await votes.convene(
        uow,
        area_id=area.id,
        building_id=building_id,
        title=f"{_WORDS[kind]}：{quota.works}",
        agenda=[votes.Item(MATTERS[kind], _WORDS[kind], _said(quota), _MODES[kind], quota.clause_id)],
        subject=votes.Subject(FundQuota.__tablename__, quota.id),
    )
    quota.vote_id, quota.state, quota.building_id = vote.id, QuotaState.PROPOSED.value, building_id
    return await _store(uow, quota, area, "fundQuotaPropose")


async def record(
    uow: UnitOfWork,
    *,
    clause_id: uuid.UUID,
    works: str,
    item_limit: int,
    year_limit: int,
    valid_from: date,
    valid_to: date,
    facility_kinds: Iterable[FacilityKind] = (),
) -> FundQuota:
    """Enter the limits that an adopted clause sets the committee, as the township or the bureau (fundQuotaRecord, TQ-42).

    ``MODE_NOT_ALLOWED`` where the county lets nobody delegate (Zibo 31), ``CLAUSE_NOT_IN_FORCE`` and ``INVALID_INPUT`` for a
    clause that does not stand or is about a mode of voting.
    """
    quota = _written(
        uow, QuotaKind.DELEGATED, works, Limits(item_limit, year_limit), (valid_from, valid_to), facility_kinds
    )
    clause = await uow.load(ModeClause, clause_id, field="clauseId")
    area = await uow.load(PropertyArea, clause.area_id, field="clauseId")
    await uow.act(RECORDERS, PropertyArea, area)
    if clause.mode is not None:
        raise Refusal(ErrorCode.INVALID_INPUT, "clauseId")
    await mode_clauses.check_stands(uow, clause, "clauseId")
    quota.clause_id, quota.state = clause.id, QuotaState.IN_FORCE.value
    return await _store(uow, quota, area, "fundQuotaRecord")


async def end(uow: UnitOfWork, *, id: uuid.UUID, reason: str) -> FundQuota:
    """End a quota before its term is over (fundQuotaEnd): what was drawn on it goes on. Committee, township, bureau."""
    quota = await uow.load(FundQuota, id, lock=True)
    grant = await uow.act((Role.COMMITTEE, *RECORDERS), FundQuota, quota)
    if quota.state != QuotaState.IN_FORCE:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", state=quota.state, action="fundQuotaEnd")
    if not reason.strip():
        raise Refusal(ErrorCode.REQUIRED, "reason")
    await _becomes(uow, quota, QuotaState.ENDED, grant, reason.strip())
    return quota


async def draw(
    uow: UnitOfWork, *, id: uuid.UUID, quota_id: uuid.UUID, document_ids: Sequence[uuid.UUID] = ()
) -> FundRequest:
    """Approve a posted request within a quota instead of a vote (fundRequestUseQuota, V-27, V-32).

    The committee decides, on its record; where there is none, who stands in for it draws on a collective quota. Refuses
    ``QUOTA_EXCEEDED`` with what is left, ``QUOTA_NOT_IN_FORCE``, ``QUOTA_NOT_FOR_THIS``, ``CLAUSE_NOT_IN_FORCE``.
    """
    quota = await uow.load(FundQuota, quota_id, lock=True, field="quotaId")
    request = await uow.load(FundRequest, id, lock=True)
    facts = {
        "quota_item_fen": quota.item_limit,
        "quota_year_fen": quota.year_limit,
        "quota_used_fen": await _used(uow, quota, uow.today, request),
    }
    await _check_usable(uow, quota, request)
    await uow.advance(request, FundAction.USE_QUOTA, facts=facts, documents=document_ids)
    request.quota_id, request.quota_used_on, request.quota_drawn = quota.id, uow.today, request.budget
    return request


async def cost_is(uow: UnitOfWork, request: FundRequest, cost: int) -> None:
    """The work costs ``cost`` fen: that takes the place of what the request drew. ``QUOTA_EXCEEDED`` beyond the limits."""
    if request.quota_id is None or request.quota_used_on is None:
        return
    quota = await uow.session.get_one(FundQuota, (uow.county, request.quota_id), with_for_update=True)
    used = await _used(uow, quota, request.quota_used_on, request)
    refused = exceeded(Limits(quota.item_limit, quota.year_limit), used, cost)
    if refused:
        raise refused
    request.quota_drawn = cost


def _written(
    uow: UnitOfWork,
    kind: QuotaKind,
    works: str,
    limits: Limits,
    term: tuple[date, date],
    facility_kinds: Iterable[FacilityKind],
) -> FundQuota:
    if refused := kind_refusal(uow.profile, kind):
        raise refused
    check_terms(limits, *term)
    if not works.strip():
        raise Refusal(ErrorCode.REQUIRED, "works")
    if uow.actor.account_id is None:
        raise Refusal(ErrorCode.FORBIDDEN_ROLE)
    return FundQuota(
        county=uow.county,
        id=new_id(),
        kind=kind.value,
        works=works.strip(),
        facility_kinds=sorted({FacilityKind(each).value for each in facility_kinds}),
        item_limit=limits.item,
        year_limit=limits.year,
        valid_from=term[0],
        valid_to=term[1],
        recorded_by=uow.actor.account_id,
    )


async def _store(uow: UnitOfWork, quota: FundQuota, area: PropertyArea, action: str) -> FundQuota:
    if uow.grant is None:
        raise Refusal(ErrorCode.FORBIDDEN_ROLE)
    quota.area_id, quota.township, quota.community = area.id, area.township, area.community
    uow.session.add(quota)
    await uow.session.flush()  # the event names it
    await uow.audit(action, quota, grant=uow.grant, detail={"item": quota.item_limit, "year": quota.year_limit})
    uow.notify(quota)
    return quota


def _said(quota: FundQuota) -> str:
    """What owners are asked, in full: the limits stand in it."""
    return (
        f"{quota.works}：自{quota.valid_from}至{quota.valid_to}，单项不超过{format_fen(quota.item_limit)}，"
        f"每年合计不超过{format_fen(quota.year_limit)}的，不再逐项表决。"
    )


async def _used(uow: UnitOfWork, quota: FundQuota, day: date, request: FundRequest) -> int:
    """What other requests draw on the quota in the calendar year of ``day``, in fen."""
    drawn = select(func.coalesce(func.sum(FundRequest.quota_drawn), 0)).where(
        FundRequest.county == uow.county,
        FundRequest.quota_id == quota.id,
        FundRequest.quota_used_on.between(date(day.year, 1, 1), date(day.year, 12, 31)),
        FundRequest.id != request.id,
    )
    return int(await uow.session.scalar(drawn) or 0)


async def _check_usable(uow: UnitOfWork, quota: FundQuota, request: FundRequest) -> None:
    kind = QuotaKind(quota.kind)
    if kind_refusal(profile_version(request.profile_version), kind):
        raise Refusal(ErrorCode.MODE_NOT_ALLOWED, "quotaId")
    if quota.state != QuotaState.IN_FORCE or not quota.valid_from <= uow.today <= quota.valid_to:
        raise Refusal(ErrorCode.QUOTA_NOT_IN_FORCE, "quotaId")
    here = quota.area_id == request.area_id and quota.building_id in (None, request.building_id)
    theirs = kind is QuotaKind.COLLECTIVE or request.committee_id is not None
    if not (here and theirs and await _of_the_class(uow, quota, request)):
        raise Refusal(ErrorCode.QUOTA_NOT_FOR_THIS, "quotaId")
    if kind is QuotaKind.DELEGATED and quota.clause_id is not None:
        clause = await uow.session.get_one(ModeClause, (uow.county, quota.clause_id))
        await mode_clauses.check_stands(uow, clause, "quotaId")


async def _of_the_class(uow: UnitOfWork, quota: FundQuota, request: FundRequest) -> bool:
    if not quota.facility_kinds:
        return True
    if request.facility_id is None:
        return False
    facility = await uow.session.get_one(Facility, (uow.county, request.facility_id))
    return facility.kind in quota.facility_kinds


async def _take_result(uow: UnitOfWork, vote: Vote, outcome: Outcome | None) -> None:
    """The vote on a quota is final, or its decision annulled: nothing rests on it then, whatever had drawn on it (V-21)."""
    quota = await uow.session.get_one(FundQuota, (uow.county, vote.subject_id), with_for_update=True)
    clock = Grant(new_id(), Role.SYSTEM, uow.county)
    if quota.state == QuotaState.PROPOSED:
        passed = outcome is Outcome.PASSED
        await _becomes(uow, quota, QuotaState.IN_FORCE if passed else QuotaState.REJECTED, clock)
    elif outcome is None:
        if quota.state == QuotaState.IN_FORCE:
            await _becomes(uow, quota, QuotaState.ENDED, clock, "ANNULLED")
        drawn = select(FundRequest).where(FundRequest.county == uow.county, FundRequest.quota_id == quota.id)
        for request in await uow.session.scalars(drawn.order_by(FundRequest.id).with_for_update()):
            await fund_votes.without_decision(uow, request)


votes.concluded(FundQuota.__tablename__, _take_result)


async def _becomes(
    uow: UnitOfWork, quota: FundQuota, state: QuotaState, grant: Grant, reason: str | None = None
) -> None:
    former, quota.state, quota.updated_at = quota.state, state.value, uow.now
    if state is QuotaState.ENDED:
        quota.ended_on, quota.end_reason = uow.today, reason
    await uow.audit(state.value, quota, grant=grant, reason=reason, from_state=former, to_state=state.value)
    uow.notify(quota)

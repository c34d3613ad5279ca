"""The owners' decision behind an ordinary fund request: the attested vote, or the committee's quota (FUND-19, V-31,
V-32)."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import func, select

from domain.errors import ErrorCode, Refusal
from domain.fund_votes import VoteFigures, checked, strictly_passed
from domain.funds import FundAction, FundState, VoteMode
from domain.ordinary_funds import vote_counts
from domain.profiles import profile_version
from models.estates import PropertyArea
from models.funds import FundRequest
from resolvers.fund_requests import facts_of
from resolvers.unit_of_work import UnitOfWork


async def open_vote(uow: UnitOfWork, *, id: uuid.UUID, mode: VoteMode = VoteMode.STANDARD) -> FundRequest:
    """Open the owners' vote once the posting has run its days (fundRequestOpenVote, V-25, V-31)."""
    request = await uow.load(FundRequest, id, lock=True)
    request.vote_mode = VoteMode(mode).value
    return await uow.advance(request, FundAction.OPEN_VOTE)


async def record_vote(
    uow: UnitOfWork,
    *,
    id: uuid.UUID,
    voted_on: date,
    figures: VoteFigures | Mapping[str, Any],
    passed_in_mode: bool | None = None,
    document_ids: Sequence[uuid.UUID] = (),
) -> FundRequest:
    """Record the attested outcome of the owners' vote, passed or failed (fundRequestRecordVote, FUND-19, V-31).

    The strict outcome is computed from the figures. In a special mode ``passed_in_mode`` says what that mode gave;
    which of the two counts is the county's. ``OUT_OF_RANGE`` for figures that cannot be, or a day outside the vote.
    """
    request = await uow.load(FundRequest, id, lock=True)
    votes = checked(figures if isinstance(figures, VoteFigures) else VoteFigures(**figures))
    if request.posted_to is not None and not request.posted_to < voted_on <= uow.today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "votedOn", most=uow.today)
    strict = strictly_passed(votes)
    in_mode = strict if request.vote_mode == VoteMode.STANDARD else passed_in_mode
    if in_mode is None:
        raise Refusal(ErrorCode.REQUIRED, "passedInMode")
    request.voted_on, request.vote_passed, request.vote_strict_passed = voted_on, in_mode, strict
    request.vote_scope_area, request.vote_scope_heads = votes.scope_area, votes.scope_heads
    request.vote_participating_area = votes.participating_area
    request.vote_participating_heads = votes.participating_heads
    request.vote_for_area, request.vote_for_heads = votes.for_area, votes.for_heads
    request.vote_document_ids = list(document_ids)
    passed = vote_counts(profile_version(request.profile_version), facts_of(request))
    action = FundAction.RECORD_PASSED if passed else FundAction.RECORD_FAILED
    return await uow.advance(request, action, documents=document_ids)


async def use_quota(
    uow: UnitOfWork,
    *,
    id: uuid.UUID,
    quota_item: int,
    quota_year: int,
    quota_basis: str,
    document_ids: Sequence[uuid.UUID] = (),
) -> FundRequest:
    """Approve within what the assembly delegated to the committee, instead of a vote (fundRequestUseQuota, TQ-42,
    V-32).

    ``quota_item`` and ``quota_year`` are the rule's limits in fen, ``quota_basis`` names the rule.
    """
    request = await uow.load(FundRequest, id, lock=True)
    if not quota_basis.strip():
        raise Refusal(ErrorCode.REQUIRED, "quotaBasis")
    await _lock_area(uow, request)
    request.quota_item, request.quota_year, request.quota_basis = quota_item, quota_year, quota_basis.strip()
    facts = {
        "quota_item_fen": quota_item,
        "quota_year_fen": quota_year,
        "quota_used_fen": await _quota_used(uow, request),
    }
    await uow.advance(request, FundAction.USE_QUOTA, facts=facts, documents=document_ids)
    request.quota_used_on = uow.today
    return request


async def _lock_area(uow: UnitOfWork, request: FundRequest) -> None:
    """Two requests must not spend one quota at the same time."""
    await uow.session.execute(
        select(PropertyArea.id)
        .where(PropertyArea.county == uow.county, PropertyArea.id == request.area_id)
        .with_for_update(key_share=True)
    )


async def _quota_used(uow: UnitOfWork, request: FundRequest) -> int:
    """What the area's committee has approved within its quota this year, in fen; what was given up does not count."""
    first = uow.today.replace(month=1, day=1)
    given_up = (FundState.CANCELLED.value, FundState.REJECTED.value, FundState.LAPSED.value)
    used = await uow.session.scalar(
        select(func.coalesce(func.sum(FundRequest.budget), 0)).where(
            FundRequest.county == uow.county,
            FundRequest.area_id == request.area_id,
            FundRequest.quota_used_on >= first,
            FundRequest.state.not_in(given_up),
        )
    )
    return int(used or 0)

"""The owners' vote behind an ordinary fund request: on the platform, or an attested one (FUND-19, V-31). What draws on a quota
instead is in ``fund_quotas``."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from domain.errors import ErrorCode, Refusal
from domain.fund_votes import VoteFigures, checked, strictly_passed
from domain.funds import FundAction, FundState, FundUse, VoteMode, matter_of
from domain.ordinary_funds import STOPPED_BY_ANNULMENT, UNDONE_BY_ANNULMENT, vote_counts
from domain.profiles import profile_version
from domain.tallies import Outcome
from domain.votes import VoteState
from models.funds import FundRequest
from models.votes import Vote
from resolvers import fund_payments, fund_shares, tallies, votes
from resolvers.cases import follow
from resolvers.fund_requests import facts_of, note_due
from resolvers.unit_of_work import UnitOfWork


async def open_vote(
    uow: UnitOfWork,
    *,
    id: uuid.UUID,
    mode: VoteMode = VoteMode.STANDARD,
    on_platform: bool = False,
    clause_id: uuid.UUID | None = None,
) -> FundRequest:
    """Open the owners' vote once the posting has run its days (fundRequestOpenVote, FUND-19, V-25, V-31).

    ``on_platform`` prepares the vote among those who bear the cost; its convener gives notice of it, and its result becomes
    the request's. A special mode then needs the clause that names it. Otherwise the vote is held elsewhere and attested,
    where the county takes such (``ATTESTED_VOTE_NOT_ALLOWED``).
    """
    request = await uow.load(FundRequest, id, lock=True)
    mode = VoteMode(mode)
    if not on_platform and not profile_version(request.profile_version).attested_votes:
        raise Refusal(ErrorCode.ATTESTED_VOTE_NOT_ALLOWED, "onPlatform")
    request.vote_mode = mode.value
    await uow.advance(request, FundAction.OPEN_VOTE)
    if on_platform and request.area_id is not None:
        item = votes.Item(matter_of(FundUse(request.use)), request.title, request.description, mode, clause_id)
        vote = await votes.convene(
            uow,
            area_id=request.area_id,
            building_id=request.building_id,
            entrance=request.entrance,
            title=request.title,
            agenda=[item],
            subject=votes.Subject(FundRequest.__tablename__, request.id),
        )
        request.vote_id = vote.id
    return request


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
    if request.vote_id is not None:
        raise Refusal(ErrorCode.VOTE_ON_PLATFORM, "id")
    counted = checked(figures if isinstance(figures, VoteFigures) else VoteFigures(**figures))
    if request.posted_to is not None and not request.posted_to < voted_on <= uow.today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "votedOn", most=uow.today)
    strict = strictly_passed(counted, matter_of(FundUse(request.use)))
    in_mode = strict if request.vote_mode == VoteMode.STANDARD else passed_in_mode
    if in_mode is None:
        raise Refusal(ErrorCode.REQUIRED, "passedInMode")
    _write(request, voted_on, counted, in_mode=in_mode, strict=strict)
    request.vote_document_ids = list(document_ids)
    passed = vote_counts(profile_version(request.profile_version), facts_of(request))
    action = FundAction.RECORD_PASSED if passed else FundAction.RECORD_FAILED
    return await uow.advance(request, action, documents=document_ids)


async def _take_result(uow: UnitOfWork, vote: Vote, outcome: Outcome | None) -> None:
    """What a vote on the platform means for its request (SM-6, SM-8): passed, failed, or annulled after it had passed (V-21).

    A request that was given up meanwhile stays where it is; one under contract is stopped.
    """
    request = await uow.session.get_one(FundRequest, (uow.county, vote.subject_id), with_for_update=True)
    if outcome is None:
        await without_decision(uow, request)
        return
    if request.state != FundState.VOTING:
        return
    await _write_counted(uow, request, vote)
    action = FundAction.RECORD_PASSED if outcome is Outcome.PASSED else FundAction.RECORD_FAILED
    await follow(uow, request, action)


async def without_decision(uow: UnitOfWork, request: FundRequest) -> None:
    """The owners' decision was annulled, or their vote called off: nothing may be paid on it."""
    if request.state == FundState.VOTING:
        request.vote_passed = request.vote_strict_passed = False
        await follow(uow, request, FundAction.RECORD_FAILED, reason="ANNULLED")
    elif request.state in UNDONE_BY_ANNULMENT:
        await follow(uow, request, FundAction.CANCEL, reason="ANNULLED")
        await fund_shares.release(uow, request, "业主共同决定被撤销")
    elif request.state in STOPPED_BY_ANNULMENT and request.stopped_on is None:
        await follow(uow, request, FundAction.STOP, reason="ANNULLED")
        request.stopped_on = uow.today
        await fund_payments.take_back(uow, request, "业主共同决定被撤销")


async def resume(uow: UnitOfWork, *, id: uuid.UUID, vote_id: uuid.UUID, reason: str) -> FundRequest:
    """Go on with a request whose decision was annulled, on a new vote of its owners (fundRequestResume, V-21), as the bureau.

    The vote was held here since, on this one matter and among the same owners: ``INVALID_INPUT`` else, ``VOTE_NOT_PASSED`` unless
    it passed and is final. From now on the request rests on it.
    """
    request = await uow.load(FundRequest, id, lock=True)
    vote = await uow.load(Vote, vote_id, lock=True, field="voteId")
    if request.stopped_on is not None:
        await _check_decides(uow, request, vote)
    await uow.advance(request, FundAction.RESUME, reason=reason)
    vote.subject_type, vote.subject_id = FundRequest.__tablename__, request.id
    request.vote_id, request.stopped_on, request.quota_drawn = vote.id, None, 0
    await _write_counted(uow, request, vote)
    note_due(uow, request)
    await uow.reschedule(request)
    return request


async def _check_decides(uow: UnitOfWork, request: FundRequest, vote: Vote) -> None:
    items = await tallies.items_of(uow, vote)
    same_owners = (vote.area_id, vote.building_id, vote.entrance) == (
        request.area_id,
        request.building_id,
        request.entrance,
    )
    on_it = [item.matter for item in items] == [matter_of(FundUse(request.use))]
    if vote.id == request.vote_id or vote.subject_id is not None or not (same_owners and on_it):
        raise Refusal(ErrorCode.INVALID_INPUT, "voteId")
    if vote.state != VoteState.FINAL or await tallies.overall(uow, vote) is not Outcome.PASSED:
        raise Refusal(ErrorCode.VOTE_NOT_PASSED, "voteId")
    if vote.final_on is None or request.stopped_on is None or vote.final_on < request.stopped_on:
        raise Refusal(ErrorCode.INVALID_INPUT, "voteId")


async def terminate(uow: UnitOfWork, *, id: uuid.UUID, reason: str) -> FundRequest:
    """End a request whose decision was annulled (fundRequestTerminate, V-21), as the bureau: the rest of its earmark is free.

    What was paid stays paid until it is demanded back (``fundRecoveryOpen``); what accounts lacked is no longer claimed. Refuses
    ``ACTION_NOT_AVAILABLE`` while the bank has an instruction to report on.
    """
    request = await uow.load(FundRequest, id, lock=True)
    await uow.advance(request, FundAction.TERMINATE, reason=reason)
    await fund_payments.forgo(uow, request)
    request.quota_drawn = min(request.quota_drawn, request.paid)
    await fund_shares.release(uow, request, reason)
    return request


votes.concluded(FundRequest.__tablename__, _take_result)


async def _write_counted(uow: UnitOfWork, request: FundRequest, vote: Vote) -> None:
    """The figures and outcomes of a vote that was counted here."""
    (result,) = await tallies.results_of(uow, vote)
    passed = (Outcome(result.mode_outcome) is Outcome.PASSED, Outcome(result.strict_outcome) is Outcome.PASSED)
    _write(request, uow.today, tallies.figures(result), in_mode=passed[0], strict=passed[1])


def _write(request: FundRequest, voted_on: date, counted: VoteFigures, *, in_mode: bool, strict: bool) -> None:
    request.voted_on, request.vote_passed, request.vote_strict_passed = voted_on, in_mode, strict
    request.vote_scope_area, request.vote_scope_heads = counted.scope_area, counted.scope_heads
    request.vote_participating_area = counted.participating_area
    request.vote_participating_heads = counted.participating_heads
    request.vote_for_area, request.vote_for_heads = counted.for_area, counted.for_heads

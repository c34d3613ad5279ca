"""The one way in which cases move: ``open_case`` and ``advance`` for people, ``timers`` for the county's own clock.

Both check the case's list, attach what is handed in, write the review, move the state, hand the turn on
(``resolvers.queues``), append the audit event and tell subscribers.
"""

import logging
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import select

from auth.actor import Actor, Grant
from domain import workflow as lists
from domain.errors import ErrorCode, Refusal
from domain.profiles import profile_version
from domain.profiles.parameters import Profile
from domain.roles import Role
from domain.workflow import Reviewer, Transition, Workflow
from models.base import new_id
from models.cases import CaseRow, Review
from models.documents import Document
from resolvers import documents as papers
from resolvers.case_kinds import KINDS, CaseKind, decided, is_applicant, kinds
from resolvers.case_kinds import available_actions as available_actions
from resolvers.case_kinds import case_kind as case_kind
from resolvers.queues import hand_on

if TYPE_CHECKING:
    from resolvers.unit_of_work import UnitOfWork

Case = TypeVar("Case", bound=CaseRow)
PORTION = 50
"""How many cases the clock moves in one transaction."""

_RETRY_LATER = timedelta(hours=1)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Signature:
    """What is on the paper of a decision: the responsible person's signature (签字) and the office's seal (盖章)."""

    signed: bool
    sealed: bool


async def open_case(
    uow: "UnitOfWork",
    case: Case,
    workflow: Workflow,
    *,
    grant: Grant,
    documents: Sequence[uuid.UUID] = (),
    facts: Mapping[str, Any] | None = None,
) -> Case:
    """Store a new case in its first state, with its audit event, its first tasks and its notice.

    The actor is the applicant. Refuses as ``domain.workflow.check_opening`` does: a role that may not open such a
    case in this county, missing documents, what the opening's guards say.
    """
    # A partner's client has no login: its command has named the standing account in whose name it applies.
    applicant = uow.actor.account_id or case.applicant_id
    if applicant is None:
        raise Refusal(ErrorCode.FORBIDDEN_ROLE)
    case.county = uow.county
    case.workflow, case.workflow_version = workflow.id, workflow.version
    case.profile_version = uow.profile.version
    case.applicant_id, case.applicant_role = applicant, grant.role.value
    case.state, case.state_since, case.step = workflow.start, uow.now, 0
    uow.session.add(case)
    await uow.session.flush()  # documents, reviews and tasks name the case's id
    attached = await papers.attach(uow, documents or (), case)
    known = {**KINDS[type(case)].facts(case), "is_applicant": True, **(facts or {})}
    lists.check_opening(workflow, uow.profile, grant.role, known, kinds(case), now=uow.now)
    await hand_on(uow, case, facts or {})
    await uow.audit("OPEN", case, grant=grant, documents=[paper.id for paper in attached], to_state=case.state)
    uow.notify(case)
    return case


async def advance(
    uow: "UnitOfWork",
    case: Case,
    action: str,
    *,
    facts: Mapping[str, Any],
    documents: Sequence[uuid.UUID] = (),
    reason: str | None = None,
    signature: Signature | None = None,
    expected_version: int | None = None,
) -> Case:
    """Take one action of the case's workflow: check, attach, review, move, hand the turn on, record, notify.

    The case is locked first. Refuses as ``domain.workflow.check`` does, and with ``OWN_APPLICATION``,
    ``SAME_REVIEWER``, ``VERSION_CONFLICT``, ``ACTING_GRANT_REQUIRED``. ``documents`` are attached to the case; those
    attached before count. ``signature`` becomes the facts ``signed`` and ``sealed``. A joined step moves when its
    last office has decided.
    """
    kind = KINDS[type(case)]
    await uow.session.flush()  # what the command has changed must not be lost to the fresh reading
    await uow.session.refresh(case, with_for_update=True)
    uow.check_version(case, expected_version)
    workflow, profile = kind.workflow(case), profile_version(case.profile_version)
    allowed = _roles_of(workflow, profile, case.state, action)
    if not allowed:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, state=case.state, action=action)
    power = next((line.power for line in _taking(workflow, case.state, action) if line.power), None)
    grant = await uow.act(allowed, type(case), case, power=power)
    signed = signature or Signature(signed=False, sealed=False)
    known = {
        **kind.facts(case),
        "is_applicant": is_applicant(case, uow.actor, grant),
        "signed": signed.signed,
        "sealed": signed.sealed,
        **facts,
    }
    attached = await papers.attach(uow, documents or (), case)
    line = lists.check(
        workflow,
        profile,
        case.state,
        action,
        grant.role,
        known,
        kinds(case),
        entered=case.state_since,
        now=uow.now,
        reason=reason,
        reviewed_by=decided(case),
    )
    if line.decides:
        previous = await _previous_reviewer(uow, case)
        refusal = lists.reviewer_refusal(_reviewer(uow.actor, grant), (case.applicant_id,), previous)
        if refusal:
            raise refusal
    if workflow.separated and (line.decides or line.releases):
        taken = await _taken(uow, case, workflow)
        refusal = lists.separation_refusal(uow.actor.account_id, line, case.state, (case.applicant_id,), taken)
        if refusal:
            raise refusal
    if line.decides or line.releases or line.is_joined(profile):
        review = _review(uow, case, line, grant, signed, reason, [paper.id for paper in attached])
        uow.session.add(review)
    if line.is_joined(profile):
        case.reviewed_by = sorted({*case.reviewed_by, grant.role.value})
    target = lists.landing(line, profile, case.state, decided(case))
    await _move(uow, kind, case, line, target, known, grant=grant, reason=reason, documents=attached)
    return case


async def open_cases(uow: "UnitOfWork", cases: Sequence[Case], workflow: Workflow, *, grant: Grant) -> None:
    """Store many new cases that the county's clock has found, with their tasks, events and notices, in a few statements.

    Each brings along the standing account in whose name it is opened (``applicant_id``).
    """
    for case in cases:
        case.county = uow.county
        case.workflow, case.workflow_version = workflow.id, workflow.version
        case.profile_version = uow.profile.version
        case.applicant_role = grant.role.value
        case.state, case.state_since, case.step = workflow.start, uow.now, 0
    uow.session.add_all(cases)
    await uow.session.flush()  # tasks and events name their ids
    for case in cases:
        lists.check_opening(workflow, uow.profile, grant.role, KINDS[type(case)].facts(case), now=uow.now)
        await hand_on(uow, case, {}, new=True)
        await uow.audit("OPEN", case, grant=grant, to_state=case.state)
        uow.notify(case)


async def follow(
    uow: "UnitOfWork", case: CaseRow, action: str, *, facts: Mapping[str, Any] | None = None, reason: str | None = None
) -> None:
    """Take a step that follows by itself from something else that happened: a transition of SYSTEM without a timer."""
    kind = KINDS[type(case)]
    workflow, profile = kind.workflow(case), profile_version(case.profile_version)
    known = {**kind.facts(case), "is_applicant": False, **(facts or {})}
    line = lists.check(
        workflow,
        profile,
        case.state,
        action,
        Role.SYSTEM,
        known,
        kinds(case),
        entered=case.state_since,
        now=uow.now,
        reason=reason,
    )
    grant = Grant(new_id(), Role.SYSTEM, uow.county)
    await _move(uow, kind, case, line, line.target or case.state, known, grant=grant, reason=reason)


async def timers(uow: "UnitOfWork") -> bool:
    """Let the county's clock move the cases whose time has come: overdue, lapsed, in effect (a job's handler).

    Takes one portion of cases per call and skips those that somebody holds; ``True`` when more may be waiting.
    """
    moved = 0
    for model, kind in KINDS.items():
        waiting = (
            select(model)
            .where(model.county == uow.county, model.wake_at <= uow.now)
            .order_by(model.wake_at, model.id)
            .limit(PORTION)
            .with_for_update(skip_locked=True)
        )
        for case in (await uow.session.execute(waiting)).scalars().all():
            await _fire_or_postpone(uow, kind, case)
            moved += 1
        if moved >= PORTION:
            return True
    return False


async def reschedule(uow: "UnitOfWork", case: CaseRow, facts: Mapping[str, Any] | None = None) -> None:
    """Compute deadlines, queue and timer of a case anew, after a command changed a day that they count from."""
    await hand_on(uow, case, facts or {})
    uow.notify(case)


async def _fire_or_postpone(uow: "UnitOfWork", kind: CaseKind, case: CaseRow) -> None:
    """One case that cannot be moved must not stop the county's clock for all others."""
    name, case_id = kind.model.__name__, case.id
    try:
        async with uow.session.begin_nested():
            await _fire(uow, kind, case)
    except (Refusal, LookupError, ValueError):
        log.exception("the clock cannot move %s %s", name, case_id)
        await uow.session.refresh(case)
        case.wake_at = uow.now + _RETRY_LATER


async def _fire(uow: "UnitOfWork", kind: CaseKind, case: CaseRow) -> None:
    workflow, profile = kind.workflow(case), profile_version(case.profile_version)
    known = {**kind.facts(case), "is_applicant": False}
    grant = await uow.act({Role.SYSTEM})
    for timer in lists.timers(workflow, profile, case.state, known, case.state_since):
        if timer.at > uow.now:
            break
        try:
            line = lists.check(
                workflow,
                profile,
                case.state,
                timer.transition.action,
                Role.SYSTEM,
                known,
                kinds(case),
                entered=case.state_since,
                now=uow.now,
                reason="deadline",
            )
        except Refusal:
            continue
        await _move(uow, kind, case, line, line.target or case.state, known, grant=grant)
        return
    # Its time had come but nothing may happen yet: look again later instead of at every turn.
    case.wake_at = uow.now + _RETRY_LATER


async def _move(
    uow: "UnitOfWork",
    kind: CaseKind,
    case: CaseRow,
    line: Transition,
    target: str,
    facts: Mapping[str, Any],
    *,
    grant: Grant,
    reason: str | None = None,
    documents: Sequence[Document] = (),
) -> None:
    former = case.state
    if target != former:
        case.state, case.state_since, case.step, case.reviewed_by = target, uow.now, case.step + 1, []
    case.updated_at = uow.now
    if kind.moved and target != former:
        await kind.moved(uow, case, former)
    # The move may have set days that the next deadlines count from.
    await hand_on(uow, case, {**facts, **kind.facts(case)})
    await uow.audit(
        line.action,
        case,
        grant=grant,
        reason=reason,
        documents=[paper.id for paper in documents],
        from_state=former,
        to_state=target,
    )
    uow.notify(case)


def _review(
    uow: "UnitOfWork",
    case: CaseRow,
    line: Transition,
    grant: Grant,
    signature: Signature,
    reason: str | None,
    document_ids: list[uuid.UUID],
) -> Review:
    return Review(
        county=uow.county,
        case_type=type(case).__name__,
        case_id=case.id,
        step=case.step,
        state=case.state,
        action=line.action,
        role=grant.role.value,
        office=grant.office,
        account_id=uow.actor.account_id,
        grant_id=grant.id,
        decision=line.target or case.state,
        reason=reason,
        signed=signature.signed,
        sealed=signature.sealed,
        document_ids=document_ids,
        township=case.township,
        community=case.community,
        company_id=case.company_id,
        committee_id=case.committee_id,
        applicant_id=case.applicant_id,
        at=uow.now,
    )


def _taking(workflow: Workflow, state: str, action: str) -> list[Transition]:
    return [line for line in workflow.transitions if state in line.sources and line.action == action]


def _roles_of(workflow: Workflow, profile: Profile, state: str, action: str) -> frozenset[Role]:
    lines = _taking(workflow, state, action)
    return frozenset(role for line in lines for role in line.roles(profile)) - lists.SYSTEM


async def _taken(uow: "UnitOfWork", case: CaseRow, workflow: Workflow) -> list[tuple[str, Transition]]:
    """What the actor has decided and released in the case, each with the state in which it was."""
    reviews = await uow.session.execute(
        select(Review.state, Review.action).where(
            Review.county == uow.county,
            Review.case_type == type(case).__name__,
            Review.case_id == case.id,
            Review.account_id == uow.actor.account_id,
        )
    )
    return [(state, line) for state, action in reviews for line in _taking(workflow, state, action)]


async def _previous_reviewer(uow: "UnitOfWork", case: CaseRow) -> Reviewer | None:
    """Who decided the move that brought the case here; nobody when its applicant or the clock did."""
    latest = await uow.session.execute(
        select(Review.account_id, Review.role, Review.office)
        .where(
            Review.county == uow.county,
            Review.case_type == type(case).__name__,
            Review.case_id == case.id,
            Review.step == case.step - 1,
        )
        .order_by(Review.at.desc(), Review.id.desc())
        .limit(1)
    )
    found = latest.one_or_none()
    return Reviewer(found.account_id, (found.role, found.office)) if found else None


def _reviewer(actor: Actor, grant: Grant) -> Reviewer:
    return Reviewer(actor.account_id, (grant.role.value, grant.office))

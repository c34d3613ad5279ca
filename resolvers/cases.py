"""The one way in which cases move: ``open_case`` and ``advance`` for people, ``timers`` for the county's own clock.

A module of cases registers its model with the workflows it follows and the *facts* that its rows hold::

    case_kind(Inspection, (INSPECTION,), facts=lambda row: {"deadline": row.deadline})

``facts`` is a pure function of the row, so that timers, queues and ``available_actions`` can ask it too; what only a
command knows comes with ``advance(facts=…)``.
"""

import uuid
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import select

from auth.actor import Actor, Grant
from domain import workflow as lists
from domain.documents import DocumentKind
from domain.errors import ErrorCode, Refusal
from domain.profiles import profile_version
from domain.profiles.parameters import Profile
from domain.roles import COMPANY, COUNTY_OFFICES, OFFICIALS, RESIDENTS, Role
from domain.workflow import ActionOffer, Reviewer, Transition, Workflow
from models.cases import NEVER_DUE, CaseRow, Review, Task
from models.documents import Document
from resolvers import documents as papers

if TYPE_CHECKING:
    from resolvers.unit_of_work import UnitOfWork

Case = TypeVar("Case", bound=CaseRow)
Moved = Callable[["UnitOfWork", Any, str], Awaitable[None]]

ANY_TIME = frozenset({"WITHDRAW", "CANCEL"})
"""Actions that stay open in many states and so are nobody's turn: they fill no queue."""

PORTION = 50
"""How many cases the clock moves in one transaction."""

_RETRY_LATER = timedelta(hours=1)


@dataclass(frozen=True)
class Signature:
    """What is on the paper of a decision: the responsible person's signature (签字) and the office's seal (盖章)."""

    signed: bool
    sealed: bool


@dataclass(frozen=True)
class CaseKind:
    """What ``advance`` and ``timers`` need to know of one model of cases."""

    model: type[CaseRow]
    workflows: tuple[Workflow, ...]
    facts: Callable[[Any], Mapping[str, Any]]
    """The facts that the row itself holds. It gets a row, or anything with the row's attributes."""
    resting: frozenset[str] = frozenset()
    """States in which nobody is waited for (FILED, EFFECTIVE): only what has a deadline there fills a queue."""
    moved: Moved | None = None
    """What else changes when a case of this kind has moved (by a person or the clock); gets the former state."""

    def workflow(self, case: Any) -> Workflow:
        """The list that the case started on."""
        for known in self.workflows:
            if (known.id, known.version) == (case.workflow, case.workflow_version):
                return known
        raise LookupError(f"no workflow {case.workflow}/{case.workflow_version} for {self.model.__name__}")


KINDS: dict[type[CaseRow], CaseKind] = {}


def _nothing(_case: Any) -> Mapping[str, Any]:
    return {}


def case_kind(
    model: type[CaseRow],
    workflows: Iterable[Workflow],
    *,
    facts: Callable[[Any], Mapping[str, Any]] = _nothing,
    resting: Iterable[str] = (),
    moved: Moved | None = None,
) -> CaseKind:
    """Register a model of cases; older versions of its workflows stay in the list for the cases that run on them."""
    KINDS[model] = CaseKind(model, tuple(workflows), facts, frozenset(resting), moved)
    return KINDS[model]


async def open_case(
    uow: "UnitOfWork", case: Case, workflow: Workflow, *, grant: Grant, documents: Sequence[uuid.UUID] = ()
) -> Case:
    """Store a new case in its first state, with its audit event, its first tasks and its notice.

    The actor is the applicant. Refuses with ``FORBIDDEN_ROLE`` a role that may not open such a case in this county.
    """
    if grant.role not in workflow.openers(uow.profile):
        raise Refusal(ErrorCode.FORBIDDEN_ROLE, roles=workflow.openers(uow.profile))
    if uow.actor.account_id is None:
        raise Refusal(ErrorCode.FORBIDDEN_ROLE)
    case.county = uow.county
    case.workflow, case.workflow_version = workflow.id, workflow.version
    case.profile_version = uow.profile.version
    case.applicant_id, case.applicant_role = uow.actor.account_id, grant.role.value
    case.state, case.state_since, case.step = workflow.start, uow.now, 0
    uow.session.add(case)
    await uow.session.flush()  # documents, reviews and tasks name the case's id
    attached = await papers.attach(uow, documents, case)
    await _turns(uow, case, {})
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
    grant = await uow.act(allowed, type(case), case)
    signed = signature or Signature(signed=False, sealed=False)
    known = {
        **kind.facts(case),
        "is_applicant": is_applicant(case, uow.actor, grant),
        "signed": signed.signed,
        "sealed": signed.sealed,
        **facts,
    }
    reviews = await _reviews(uow, case)
    attached = await papers.attach(uow, documents, case)
    line = lists.check(
        workflow,
        profile,
        case.state,
        action,
        grant.role,
        known,
        await _kinds_attached(uow, case),
        entered=case.state_since,
        now=uow.now,
        reason=reason,
        reviewed_by=[Role(review.role) for review in _of_this_visit(reviews, case)],
    )
    if line.decides:
        refusal = lists.reviewer_refusal(_reviewer(uow.actor, grant), (case.applicant_id,), _previous(reviews, case))
        if refusal:
            raise refusal
    if line.decides or line.is_joined(profile):
        review = _review(uow, case, line, grant, signed, reason, [paper.id for paper in attached])
        uow.session.add(review)
        reviews.append(review)
    decided = [Role(review.role) for review in _of_this_visit(reviews, case) if review.action == action]
    target = lists.landing(line, profile, case.state, decided)
    await _move(uow, kind, case, line, target, known, grant=grant, reason=reason, documents=attached, reviews=reviews)
    return case


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
            await _fire(uow, kind, case)
            moved += 1
        if moved >= PORTION:
            return True
    return False


async def reschedule(uow: "UnitOfWork", case: CaseRow, facts: Mapping[str, Any] | None = None) -> None:
    """Compute deadlines, queue and timer of a case anew, after a command changed a day that they count from."""
    await _turns(uow, case, facts or {})
    uow.notify(case)


def available_actions(
    model: type[CaseRow],
    case: Any,
    actor: Actor,
    now: datetime,
    *,
    documents: Collection[DocumentKind] = (),
    reviewed_by: Collection[Role] = (),
    facts: Mapping[str, Any] | None = None,
) -> list[ActionOffer]:
    """What the actor can do with a visible case now, by when, and what is missing; a pure function of the given values.

    ``case`` needs the attributes of ``CaseRow`` and those that the kind's ``facts`` read.
    """
    kind = KINDS[model]
    grants = [grant for grant in actor.grants if covers(grant, case)]
    applying = any(is_applicant(case, actor, grant) for grant in grants)
    workflow, profile = kind.workflow(case), profile_version(case.profile_version)
    offers = lists.available(
        workflow,
        profile,
        case.state,
        {grant.role for grant in grants},
        {**kind.facts(case), "is_applicant": applying, **(facts or {})},
        documents=documents,
        entered=case.state_since,
        now=now,
        reviewed_by=reviewed_by,
    )
    if actor.account_id != case.applicant_id:
        return offers
    decisions = {line.action for line in workflow.transitions if line.decides and case.state in line.sources}
    return [offer for offer in offers if offer.action not in decisions]


def covers(grant: Grant, case: Any) -> bool:
    """Whether the case lies in what the grant covers, as far as the case's own columns tell."""
    if grant.county != case.county:
        return False
    if grant.role in COUNTY_OFFICES:
        return True
    if grant.role in RESIDENTS:
        return bool(grant.account_id == case.applicant_id)
    column, mine = _SCOPE_OF.get(grant.role, (None, None))
    if column is None or mine is None:
        return False
    return getattr(case, column) is not None and getattr(case, column) == getattr(grant, mine)


_SCOPE_OF: Mapping[Role, tuple[str, str]] = {
    Role.COMMUNITY: ("community", "community"),
    Role.TOWNSHIP: ("township", "township"),
    Role.COMMITTEE: ("committee_id", "committee_id"),
    **dict.fromkeys(COMPANY, ("company_id", "company_id")),
}


def is_applicant(case: Any, actor: Actor, grant: Grant) -> bool:
    """Whether the actor acts for the party that opened the case: itself, its company, its committee, its office."""
    if actor.account_id is not None and actor.account_id == case.applicant_id:
        return True
    opened_by = Role(case.applicant_role)
    if opened_by in COMPANY and grant.role in COMPANY:
        return covers(grant, case)
    return grant.role is opened_by and opened_by in OFFICIALS | {Role.COMMITTEE} and covers(grant, case)


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
                await _kinds_attached(uow, case),
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
    reviews: Sequence[Review] = (),
) -> None:
    former = case.state
    if target != former:
        case.state, case.state_since, case.step = target, uow.now, case.step + 1
    elif line.target is None or line.target == former:
        case.updated_at = uow.now
    if kind.moved and target != former:
        await kind.moved(uow, case, former)
    # The move may have set days that the next deadlines count from.
    await _turns(uow, case, {**facts, **kind.facts(case)}, reviews)
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


async def _turns(
    uow: "UnitOfWork", case: CaseRow, facts: Mapping[str, Any], reviews: Sequence[Review] | None = None
) -> None:
    """Close the tasks that are over, open or update those of the present state, set ``due_on`` and ``wake_at``."""
    kind = KINDS[type(case)]
    workflow, profile = kind.workflow(case), profile_version(case.profile_version)
    known = {**kind.facts(case), **facts}
    seen = await _reviews(uow, case) if reviews is None else reviews
    reviewed = [Role(review.role) for review in _of_this_visit(seen, case)]
    wanted: dict[Role, lists.Task] = {}
    if case.state not in workflow.terminal:
        turns = lists.tasks(workflow, profile, case.state, known, entered=case.state_since, reviewed_by=reviewed)
        wanted = {
            turn.role: turn
            for turn in turns
            if _is_turn(workflow, profile, case, turn) and (turn.due or case.state not in kind.resting)
        }
    await uow.session.flush()
    open_tasks = select(Task).where(
        Task.county == uow.county,
        Task.case_type == type(case).__name__,
        Task.case_id == case.id,
        Task.closed_at.is_(None),
    )
    for task in (await uow.session.execute(open_tasks)).scalars():
        turn = wanted.get(Role(task.role))
        if turn is None or task.state != case.state:
            task.closed_at = uow.now
        else:
            task.actions, task.due_on = _actions(turn), turn.due.on if turn.due else None
            task.due_order = task.due_on or NEVER_DUE
            del wanted[turn.role]
    uow.session.add_all(_task(uow, case, turn) for turn in wanted.values())
    # Whoever could act is asked; the case itself is as late as its soonest deadline.
    dues = [
        turn.due.on for turn in lists.tasks(workflow, profile, case.state, known, entered=case.state_since) if turn.due
    ]
    case.due_on = min(dues, default=None)
    coming = lists.timers(workflow, profile, case.state, known, case.state_since)
    case.wake_at = coming[0].at if coming else None


def _is_turn(workflow: Workflow, profile: Profile, case: CaseRow, turn: lists.Task) -> bool:
    """Whether a role that could act is waited for: not for what is open at any time, nor other people's corrections."""
    if not _actions(turn):
        return False
    opened_by = Role(case.applicant_role)
    if turn.role in RESIDENTS:
        return turn.role is opened_by
    needed = _SCOPE_OF.get(turn.role)
    if needed and getattr(case, needed[0]) is None:
        return False
    theirs = [
        line
        for line in workflow.transitions
        if case.state in line.sources and line.action in _actions(turn) and turn.role in line.roles(profile)
    ]
    if all(line.applicant_only for line in theirs):
        return turn.role is opened_by or (opened_by in COMPANY and turn.role in COMPANY)
    return True


def _actions(turn: lists.Task) -> list[str]:
    return [action for action in turn.actions if action not in ANY_TIME]


def _task(uow: "UnitOfWork", case: CaseRow, turn: lists.Task) -> Task:
    due_on = turn.due.on if turn.due else None
    return Task(
        county=uow.county,
        case_type=type(case).__name__,
        case_id=case.id,
        role=turn.role.value,
        actions=_actions(turn),
        title=case.title,
        state=case.state,
        township=case.township,
        community=case.community,
        estate_id=case.estate_id,
        area_id=case.area_id,
        company_id=case.company_id,
        committee_id=case.committee_id,
        account_id=case.applicant_id if turn.role in RESIDENTS else None,
        due_on=due_on,
        due_order=due_on or NEVER_DUE,
        opened_at=uow.now,
    )


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


def _roles_of(workflow: Workflow, profile: Profile, state: str, action: str) -> frozenset[Role]:
    lines = [line for line in workflow.transitions if state in line.sources and line.action == action]
    return frozenset(role for line in lines for role in line.roles(profile)) - lists.SYSTEM


async def _reviews(uow: "UnitOfWork", case: CaseRow) -> list[Review]:
    """The case's reviews of the present visit to its state and of the move before, oldest first."""
    found = await uow.session.execute(
        select(Review)
        .where(
            Review.county == uow.county,
            Review.case_type == type(case).__name__,
            Review.case_id == case.id,
            Review.step >= case.step - 1,
        )
        .order_by(Review.at, Review.id)
    )
    return list(found.scalars())


def _of_this_visit(reviews: Iterable[Review], case: CaseRow) -> list[Review]:
    return [review for review in reviews if review.step == case.step]


def _previous(reviews: Iterable[Review], case: CaseRow) -> Reviewer | None:
    """Who decided the move that brought the case here; nobody when its applicant or the clock did."""
    before = [review for review in reviews if review.step == case.step - 1]
    return Reviewer(before[-1].account_id, (before[-1].role, before[-1].office)) if before else None


def _reviewer(actor: Actor, grant: Grant) -> Reviewer:
    return Reviewer(actor.account_id, (grant.role.value, grant.office))


async def _kinds_attached(uow: "UnitOfWork", case: CaseRow) -> list[DocumentKind]:
    """The kinds of all documents of the case, those just attached included."""
    await uow.session.flush()
    kinds = await uow.session.execute(
        select(Document.kind)
        .where(
            Document.county == uow.county,
            Document.subject_type == case.__tablename__,
            Document.subject_id == case.id,
        )
        .distinct()
    )
    return [DocumentKind(kind) for kind in kinds.scalars()]

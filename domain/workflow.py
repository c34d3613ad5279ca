"""Workflows as data: transition lists, and what follows from them — offers, checks, tasks, timers and diagrams.

A list says for each action from which states it leads where, who may take it, what must be attached, by when, on what
basis, and which guards it must pass. Guards and conditions are named pure functions of the profile and the *facts*, a
mapping that the caller fills from the case's rows; each ``Workflow.facts`` documents its own names. Reserved facts:

- ``is_applicant``: the actor acts for the party that opened the case (asked by ``applicant_only`` transitions);
- ``today``: the day in Shanghai, which ``check`` and ``available`` set from ``now``;
- a day's name in a ``Period`` (``since="signed_on"``): a ``date``, or ``None`` where it is not known yet.

A *condition* (``when``) decides whether a transition exists at all for a profile and a case; a *guard* refuses one
that exists. A step that several offices share is ``joined``: each party of ``by`` decides once, and ``landing`` says
where the case stands after those decisions. A case stores the ``id`` and ``version`` of its workflow and the
``version`` of its profile.
"""

from collections.abc import Collection, Hashable
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from domain.calendar import Due, today
from domain.documents import DocumentKind
from domain.errors import ErrorCode, Refusal
from domain.periods import Facts
from domain.profiles.parameters import Profile
from domain.roles import Role
from domain.transitions import ByProfile, Condition, Guard, Needs, Party, Transition, Workflow

__all__ = ["ByProfile", "Condition", "Guard", "Needs", "Party", "Transition", "Workflow"]

SYSTEM = frozenset({Role.SYSTEM})


@dataclass(frozen=True, slots=True)
class ActionOffer:
    """An action that an actor may take now: by when, and what still stands in its way."""

    action: str
    deadline: Due | None
    missing: tuple[str, ...] = ()
    """Kinds of documents to attach first; alternatives are joined by ``|``."""
    blocked_by: tuple[ErrorCode, ...] = ()
    """What ``check`` would refuse at present, documents aside."""


@dataclass(frozen=True, slots=True)
class Task:
    """Somebody's turn: a role, the actions that it may take, and the earliest day by which one of them is due."""

    role: Role
    actions: tuple[str, ...]
    due: Due | None


@dataclass(frozen=True, slots=True)
class Timer:
    """What the county's own clock does, and at which instant."""

    transition: Transition
    at: datetime


def available(
    workflow: Workflow,
    profile: Profile,
    state: str,
    roles: Collection[Role],
    facts: Facts,
    *,
    documents: Collection[DocumentKind] = (),
    entered: datetime | None = None,
    now: datetime | None = None,
    reviewed_by: Collection[Role] = (),
) -> list[ActionOffer]:
    """The actions that an actor with ``roles`` finds on a case, in the list's order.

    An offer is a hint: a guard or condition whose facts were not given counts as passed here, and ``check`` decides.
    ``reviewed_by`` names the roles that decided already in a joined step's present visit.
    """
    facts = facts if now is None else {**facts, "today": today(now)}
    offers: dict[str, ActionOffer] = {}
    for line in _lines(workflow, profile, state, facts):
        if not line.roles(profile) & frozenset(roles) - SYSTEM or line.action in offers:
            continue
        if line.applicant_only and not facts.get("is_applicant"):
            continue
        if _has_decided(line, profile, roles, reviewed_by):
            continue
        refusals: list[Refusal | None] = [*_guard_refusals(workflow, profile, line, facts)]
        if now is not None:
            refusals.insert(0, _time_refusal(line, profile, facts, entered, now))
        offers[line.action] = ActionOffer(
            action=line.action,
            deadline=line.within.due(profile, facts, entered) if line.within else None,
            missing=missing_documents(workflow, profile, line, facts, documents),
            blocked_by=tuple(refusal.code for refusal in refusals if refusal),
        )
    return list(offers.values())


def check(
    workflow: Workflow,
    profile: Profile,
    state: str,
    action: str,
    role: Role,
    facts: Facts,
    documents: Collection[DocumentKind] = (),
    *,
    entered: datetime,
    now: datetime,
    reason: str | None = None,
    reviewed_by: Collection[Role] = (),
) -> Transition:
    """The transition that ``role`` may take now, or a ``Refusal``. ``entered`` is when the case came into its state.

    Refuses with ACTION_NOT_AVAILABLE, FORBIDDEN_ROLE, TOO_EARLY, POSTING_PERIOD_NOT_OVER, LATE, REQUIRED (reason),
    MISSING_DOCUMENT, and with whatever the transition's guards refuse, in this order. A fact that a guard or condition
    needs and that was not given is a ``KeyError``.
    """
    facts = {**facts, "today": today(now)}
    lines = [line for line in _from(workflow, state) if line.action == action]
    lines = [line for line in lines if _exists(workflow, profile, line, facts)]
    if not lines:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, state=state, action=action)
    line = next((line for line in lines if role in line.roles(profile)), None)
    if line is None:
        allowed = frozenset(chain.from_iterable(line.roles(profile) for line in lines))
        raise Refusal(ErrorCode.FORBIDDEN_ROLE, action=action, roles=allowed)
    if line.applicant_only and not facts.get("is_applicant"):
        raise Refusal(ErrorCode.FORBIDDEN_ROLE, action=action, roles="applicant")
    if _has_decided(line, profile, (role,), reviewed_by):
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, state=state, action=action)
    _raise(_time_refusal(line, profile, facts, entered, now))
    if line.reason and not (reason or "").strip():
        raise Refusal(ErrorCode.REQUIRED, "reason")
    _check_papers(workflow, profile, line, facts, documents)
    return line


def check_opening(
    workflow: Workflow,
    profile: Profile,
    role: Role,
    facts: Facts,
    documents: Collection[DocumentKind] = (),
    *,
    now: datetime,
) -> None:
    """Whether ``role`` may open a case: refuses with FORBIDDEN_ROLE, MISSING_DOCUMENT, or what the opening's guards say."""
    if role not in workflow.openers(profile):
        raise Refusal(ErrorCode.FORBIDDEN_ROLE, action="OPEN", roles=workflow.openers(profile))
    _check_papers(workflow, profile, workflow.opening(), {**facts, "today": today(now)}, documents)


def landing(transition: Transition, profile: Profile, state: str, reviewed_by: Collection[Role]) -> str:
    """The state after a decision, the present one included in ``reviewed_by``: a joined step waits for all parties."""
    target = transition.target or state
    if transition.is_joined(profile) and not all(
        party & frozenset(reviewed_by) for party in transition.parties(profile)
    ):
        return state
    return target


def tasks(
    workflow: Workflow,
    profile: Profile,
    state: str,
    facts: Facts | None = None,
    *,
    entered: datetime | None = None,
    reviewed_by: Collection[Role] = (),
) -> list[Task]:
    """Whose turn it is: for each role its actions and the earliest deadline; roles in the order of the list."""
    known = facts or {}
    actions: dict[Role, list[str]] = {}
    dues: dict[Role, list[Due]] = {}
    for line in _lines(workflow, profile, state, known):
        if line.waits:  # it is others' turn until then
            continue
        due = line.within.due(profile, known, entered) if line.within else None
        for role in sorted(line.roles(profile) - SYSTEM):
            if _has_decided(line, profile, (role,), reviewed_by):
                continue
            if line.action not in actions.setdefault(role, []):
                actions[role].append(line.action)
            dues.setdefault(role, []).extend([due] if due else [])
    return [
        Task(role, tuple(taken), min(dues[role], key=lambda due: due.at, default=None))
        for role, taken in actions.items()
    ]


def timers(
    workflow: Workflow, profile: Profile, state: str, facts: Facts, entered: datetime | None = None
) -> list[Timer]:
    """What the county's clock will do with a case that stays in ``state``, soonest first."""
    lines = (line for line in _from(workflow, state) if line.fires and _exists(workflow, profile, line, facts))
    dues = ((line, line.fires.due(profile, facts, entered)) for line in lines if line.fires)
    return sorted((Timer(line, due.at) for line, due in dues if due), key=lambda timer: timer.at)


def missing_documents(
    workflow: Workflow, profile: Profile, line: Transition, facts: Facts, documents: Collection[DocumentKind]
) -> tuple[str, ...]:
    """The kinds that a transition still lacks, alternatives joined by ``|``."""
    needs = [need if isinstance(need, Needs) else Needs((need,)) for need in line.documents]
    return tuple(
        "|".join(need.any_of)
        for need in needs
        if (need.when is None or _holds(workflow.conditions[need.when], profile, facts))
        and not set(need.any_of) & set(documents)
    )


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Who decided a step: an account, and the office for which it did (any value that tells offices apart)."""

    account: Hashable
    office: Hashable


def reviewer_refusal(reviewer: Reviewer, applicants: Collection[Hashable], previous: Reviewer | None) -> Refusal | None:
    """Nobody decides on an own application, nor two steps in a row for the same office (RULES §9)."""
    if reviewer.account in applicants:
        return Refusal(ErrorCode.OWN_APPLICATION)
    if previous is not None and reviewer == previous:
        return Refusal(ErrorCode.SAME_REVIEWER)
    return None


def separation_refusal(
    account: Hashable,
    line: Transition,
    state: str,
    applicants: Collection[Hashable],
    taken: Collection[tuple[str, Transition]],
) -> Refusal | None:
    """Nobody decides twice in one case, nor releases what they asked for or decided (FUND-24, FUND-28).

    ``taken`` are the account's own decisions and releases in the case, each with the state in which it was made. To judge
    in the same state once more is no second decision: a request that was returned comes back to who returned it.
    """
    if line.releases and account in applicants:
        return Refusal(ErrorCode.OWN_APPLICATION)
    decided = any(earlier.decides and (line.releases or at != state) for at, earlier in taken)
    released = line.decides and any(earlier.releases for _, earlier in taken)
    return Refusal(ErrorCode.SAME_REVIEWER) if decided or released else None


def mermaid(workflow: Workflow, profile: Profile | None = None) -> str:
    """The list as a Mermaid state diagram; with a profile, as it is in that county."""
    lines = ["stateDiagram-v2", f"    [*] --> {workflow.start}"]
    for line in workflow.transitions:
        if profile and not all(_holds(workflow.conditions[name], profile, {}) for name in line.when):
            continue
        by = ", ".join(sorted(line.roles(profile))) if profile else ", ".join(_party_name(party) for party in line.by)
        lines += [f"    {source} --> {line.target or source} : {line.action} ({by})" for source in line.sources]
    return "\n".join([*lines, *(f"    {state} --> [*]" for state in sorted(workflow.terminal))]) + "\n"


def _party_name(party: Party) -> str:
    if isinstance(party, ByProfile):
        return party.parameter
    return party.value if isinstance(party, Role) else "/".join(sorted(party))


def _from(workflow: Workflow, state: str) -> list[Transition]:
    return [line for line in workflow.transitions if state in line.sources]


def _lines(workflow: Workflow, profile: Profile, state: str, facts: Facts) -> list[Transition]:
    """The transitions from a state that exist, taking conditions whose facts are not known to hold."""
    return [
        line
        for line in _from(workflow, state)
        if all(_holds(workflow.conditions[name], profile, facts) for name in line.when)
    ]


def _exists(workflow: Workflow, profile: Profile, line: Transition, facts: Facts) -> bool:
    return all(workflow.conditions[name](profile, facts) for name in line.when)


def _holds(condition: Condition, profile: Profile, facts: Facts) -> bool:
    try:
        return condition(profile, facts)
    except KeyError:  # a fact that the caller did not load
        return True


def _guard_refusals(workflow: Workflow, profile: Profile, line: Transition, facts: Facts) -> list[Refusal]:
    refusals: list[Refusal] = []
    for name in line.guards:
        try:
            refusal = workflow.guards[name](profile, facts)
        except KeyError:  # a fact that the caller did not load: the check will ask again
            continue
        refusals += [refusal] if refusal else []
    return refusals


def _has_decided(line: Transition, profile: Profile, roles: Collection[Role], reviewed_by: Collection[Role]) -> bool:
    """Whether, in a joined step, every party for which the actor could act has decided."""
    if not line.is_joined(profile):
        return False
    parties = [party for party in line.parties(profile) if party & frozenset(roles)]
    return bool(parties) and all(party & frozenset(reviewed_by) for party in parties)


def _time_refusal(
    line: Transition, profile: Profile, facts: Facts, entered: datetime | None, now: datetime
) -> Refusal | None:
    if line.fires:
        due = line.fires.due(profile, facts, entered)
        if due is None or now < due.at:
            return Refusal(ErrorCode.TOO_EARLY, earliest=due and today(due.at))
    if line.waits:
        due = line.waits.due(profile, facts, entered)
        if due is None or now < due.at:
            return Refusal(ErrorCode.TOO_EARLY, earliest=due and today(due.at))
    if line.after:
        due = line.after.due(profile, facts, entered)
        if due is None or now < due.at:
            return Refusal(ErrorCode.POSTING_PERIOD_NOT_OVER, until=due and due.on)
    if line.bars and line.within and (due := line.within.due(profile, facts, entered)) and now >= due.at:
        return Refusal(ErrorCode.LATE, deadline=due.on)
    return None


def _check_papers(
    workflow: Workflow, profile: Profile, line: Transition, facts: Facts, documents: Collection[DocumentKind]
) -> None:
    missing = missing_documents(workflow, profile, line, facts, documents)
    if missing:
        raise Refusal(ErrorCode.MISSING_DOCUMENT, "documents", documents=list(missing))
    for guard in line.guards:
        _raise(workflow.guards[guard](profile, facts))


def _raise(refusal: Refusal | None) -> None:
    if refusal:
        raise refusal

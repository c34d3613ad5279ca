"""The models of cases that exist: their facts, and what an actor can do with a case as its own columns tell.

A module of cases registers its model once, with the *facts* that its rows hold::

    case_kind(Inspection, (INSPECTION,), facts=lambda row: {"deadline": row.deadline})

``facts`` is a pure function of the row, so that timers, queues and ``available_actions`` can ask it too; what only a
command knows comes with ``advance(facts=…)``.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from auth.actor import Actor, Grant
from domain import workflow as lists
from domain.documents import DocumentKind
from domain.profiles import profile_version
from domain.roles import COMPANY, COUNTY_OFFICES, OFFICIALS, RESIDENTS, Role
from domain.workflow import ActionOffer, Workflow
from models.cases import CaseRow

if TYPE_CHECKING:
    from resolvers.unit_of_work import UnitOfWork

Moved = Callable[["UnitOfWork", Any, str], Awaitable[None]]
Asks = Callable[[Any, Role], bool]


@dataclass(frozen=True)
class CaseKind:
    """What ``advance`` and ``timers`` need to know of one model of cases."""

    model: type[CaseRow]
    workflows: tuple[Workflow, ...]
    facts: Callable[[Any], Mapping[str, Any]]
    """The facts that the row itself holds. It gets a row, or anything with the row's attributes."""
    resting: frozenset[str] = frozenset()
    """States in which nobody is waited for (FILED, EFFECTIVE): only what has a deadline there fills a queue."""
    asks: Asks | None = None
    """Whether a role that could act is waited for in a case (where the list leaves it open which office it is)."""
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
    asks: Asks | None = None,
    moved: Moved | None = None,
) -> CaseKind:
    """Register a model of cases; older versions of its workflows stay in the list for the cases that run on them."""
    KINDS[model] = CaseKind(model, tuple(workflows), facts, frozenset(resting), asks, moved)
    return KINDS[model]


def available_actions(
    model: type[CaseRow],
    case: Any,
    actor: Actor,
    now: datetime,
    *,
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
        documents=kinds(case),
        entered=case.state_since,
        now=now,
        reviewed_by=decided(case),
    )
    powers = {power for grant in grants for power in grant.scopes}
    closed = {
        line.action
        for line in workflow.transitions
        if case.state in line.sources and line.power is not None and line.power not in powers
    }
    offers = [offer for offer in offers if offer.action not in closed]
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
    if grant.role in RESIDENTS | {Role.APPLICANT}:
        return _at_home(grant, case) or bool(grant.account_id == case.applicant_id)
    if grant.role is Role.COURT:
        return grant.client_id is not None and grant.client_id == getattr(case, "court_client_id", None)
    column, mine = SCOPE_OF.get(grant.role, (None, None))
    if column is None or mine is None:
        return False
    if getattr(case, column, None) is None or getattr(case, column) != getattr(grant, mine):
        return False
    # A project leader answers for one area, not for all that the company serves.
    return grant.role is not Role.PROJECT_LEADER or grant.area_id in (None, case.area_id)


def _at_home(grant: Grant, case: Any) -> bool:
    """A case of one unit is its people's; one of a whole area (a vote, a use of the fund) is every resident's there."""
    unit_id = getattr(case, "unit_id", None)
    own, place = (grant.area_id, case.area_id) if unit_id is None else (grant.unit_id, unit_id)
    return own is not None and bool(own == place)


SCOPE_OF: Mapping[Role, tuple[str, str]] = {
    Role.COMMUNITY: ("community", "community"),
    Role.TOWNSHIP: ("township", "township"),
    Role.COMMITTEE: ("committee_id", "committee_id"),
    **dict.fromkeys(COMPANY, ("company_id", "company_id")),
    Role.BANK: ("client_id", "client_id"),
}


def is_applicant(case: Any, actor: Actor, grant: Grant) -> bool:
    """Whether the actor acts for the party that opened the case: itself, its company, its committee, its office."""
    if actor.account_id is not None and actor.account_id == case.applicant_id:
        return True
    opened_by = Role(case.applicant_role)
    if opened_by in COMPANY and grant.role in COMPANY:
        return covers(grant, case)
    return grant.role is opened_by and opened_by in OFFICIALS | {Role.COMMITTEE} and covers(grant, case)


def decided(case: Any) -> list[Role]:
    return [Role(role) for role in case.reviewed_by]


def kinds(case: Any) -> list[DocumentKind]:
    return [DocumentKind(kind) for kind in case.document_kinds]

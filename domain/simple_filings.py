"""Filings with one round of checks and one decision: project leaders (SM-2), covenants (SM-4), service premises (ZD-24).

They differ in who hands in what, by when and under which guards; who checks, who files and who gets a copy is the
profile's (``leader_*``, ``covenant_*``, ``premises_*``). A filing ends when its subject does: the leader leaves the post,
another covenant or another plan of the premises is filed in its place.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from domain.documents import DocumentKind
from domain.filings import ways_back
from domain.periods import Period, days, days_before
from domain.roles import Role
from domain.terms import Term
from domain.workflow import ByProfile, Condition, Guard, Needs, Transition, Workflow


class SimpleFilingState(Term):
    """Where the filing of a project leader, a covenant or service premises stands (SM-2, SM-4, ZD-24)."""

    DRAFT = "DRAFT", "Being prepared."
    SUBMITTED = (
        "SUBMITTED",
        "Handed in; the offices that the profile names check it, or the filing body decides at once.",
    )
    CHECKED = "CHECKED", "All offices that check before the filing body have agreed."
    RETURNED = "RETURNED", "Returned with reasons (退回补正); may be resubmitted for a time."
    FILED = "FILED", "Filed, with a certificate (备案证明)."
    TERMINATED = "TERMINATED", "Ended: its subject is over, or another filing took its place."
    LAPSED = "LAPSED", "Returned and not resubmitted in time."
    WITHDRAWN = "WITHDRAWN", "Withdrawn by the applicant."


class SimpleFilingAction(Term):
    """What can be done with such a filing."""

    SUBMIT = "SUBMIT", "Hand it in with its documents."
    CHECK = "CHECK", "Agree, as one of the offices that check before the filing body."
    FILE = "FILE", "File it and give the certificate."
    RETURN = "RETURN", "Return it with reasons."
    RESUBMIT = "RESUBMIT", "Hand a returned filing in again."
    WITHDRAW = "WITHDRAW", "Withdraw it."
    LAPSE = "LAPSE", "The time to resubmit is over."
    REPLACE = "REPLACE", "End it: its subject is over, or another filing took its place."


_S = SimpleFilingState
_A = SimpleFilingAction


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """What is particular to one of these filings."""

    id: str
    title: str
    prefix: str
    """Of the profile's parameters: ``<prefix>_filing_body``, ``_checks``, ``_decision_days``."""
    basis: tuple[str, ...]
    opened_by: tuple[Role | ByProfile, ...]
    documents: tuple[DocumentKind | Needs, ...]
    guards: Mapping[str, Guard]
    facts: Mapping[str, str]
    conditions: Mapping[str, Condition] = field(default_factory=dict)
    within: Period | None = None
    """The period in which it is handed in; a late one is taken and its lateness noted."""


def simple_filing(matter: Matter) -> Workflow:
    """The list of one matter. The guards run when it is handed in and again when it is filed."""
    body, checks = ByProfile(f"{matter.prefix}_filing_body"), ByProfile(f"{matter.prefix}_checks")
    decision = days(f"{matter.prefix}_decision_days")
    guards = tuple(matter.guards)
    submit = Transition(
        action=_A.SUBMIT,
        sources=(_S.DRAFT,),
        target=_S.SUBMITTED,
        by=matter.opened_by,
        basis=matter.basis,
        documents=matter.documents,
        within=matter.within,
        guards=guards,
        applicant_only=True,
    )
    file, return_ = (
        Transition(
            action=action,
            sources=(_S.CHECKED,),
            target=target,
            by=(body,),
            basis=matter.basis,
            within=decision if action == _A.FILE else None,
            guards=guards if action == _A.FILE else (),
            decides=True,
            reason=action == _A.RETURN,
        )
        for action, target in ((_A.FILE, _S.FILED), (_A.RETURN, _S.RETURNED))
    )
    return Workflow(
        id=matter.id,
        version=1,
        title=matter.title,
        states=SimpleFilingState,
        start=_S.DRAFT,
        terminal=frozenset({_S.TERMINATED, _S.LAPSED, _S.WITHDRAWN}),
        opened_by=matter.opened_by,
        transitions=(
            submit,
            Transition(
                action=_A.CHECK,
                sources=(_S.SUBMITTED,),
                target=_S.CHECKED,
                by=(checks,),
                joined=True,
                basis=(*matter.basis, "GT-15"),
                within=days("simple_check_days"),
                when=("checked_before",),
                decides=True,
            ),
            replace(file, sources=(_S.SUBMITTED,), when=("filed_at_once",)),
            file,
            replace(return_, sources=(_S.SUBMITTED,), by=(checks,), when=("checked_before",)),
            replace(return_, sources=(_S.SUBMITTED,), when=("filed_at_once",)),
            return_,
            *ways_back((_S.DRAFT, _S.SUBMITTED, _S.CHECKED), submit, matter.opened_by),
            Transition(
                action=_A.REPLACE,
                sources=(_S.FILED,),
                target=_S.TERMINATED,
                by=(Role.SYSTEM,),
                basis=matter.basis,
                fires=days_before(0, "replaced_on"),
            ),
        ),
        guards=matter.guards,
        conditions={
            "checked_before": lambda profile, facts: bool(checks.roles(profile)),
            "filed_at_once": lambda profile, facts: not checks.roles(profile),
            **matter.conditions,
        },
        facts={**matter.facts, "replaced_on": "date | None: the day from which its subject is over or replaced"},
    )

"""The use of the fund after approval: contract, payment in stages, settlement, closing (SM-6, SM-7; FUND-26..30).

Both lists take their lines for it from here. What is due follows from the state alone, so that a payment that fails or
comes back is due again without anybody counting stages.
"""

from collections.abc import Mapping

from domain.documents import DocumentKind
from domain.errors import ErrorCode, Refusal
from domain.funds import FundAction, FundKind, FundState
from domain.officials import Power
from domain.periods import Facts, Period, days, end_of_day, working_days
from domain.profiles.parameters import Profile
from domain.roles import COMPANY, Role
from domain.terms import Term
from domain.workflow import Needs, Party, Transition

_S = FundState
_A = FundAction

BEFORE_WORK = frozenset({_S.CONTRACTED, _S.STAGE1_PAID})
"""Before the work begins the first stage is due."""

SETTLING = frozenset({_S.POSTED, _S.FINAL_PAID, _S.APPORTIONED})
"""Accepted, settled and posted: the last stage is due."""


def stages(profile: Profile, kind: FundKind) -> tuple[int, ...]:
    """The percents of the contract's price by stage; an emergency is paid at once (FUND-26)."""
    return profile.fund_stages_percent if kind is FundKind.ORDINARY else (100,)


def stage_reached(profile: Profile, kind: FundKind, state: str, certificates: int) -> int:
    """Up to which stage payment is due: 0 for none. Nothing final before acceptance, settlement and posting (FUND-26).

    Between the start and acceptance each certificate of progress opens one more stage.
    """
    count = len(stages(profile, kind))
    if kind is FundKind.EMERGENCY or state in SETTLING:
        return count
    reached = 1 if state in BEFORE_WORK else 1 + certificates
    return min(reached, count - 1)


def due_at(part: int, percents: tuple[int, ...], stage: int) -> int:
    """What of ``part`` fen is due up to a stage, rounded down; with the last stage all of it is.

    >>> [due_at(10_001, (30, 50, 20), stage) for stage in range(4)]
    [0, 3000, 8000, 10001]
    """
    return part * sum(percents[:stage]) // 100


def within_overrun(profile: Profile, facts: Facts) -> Refusal | None:
    """The price or the settled cost exceeds the budget by a tenth at most; else a new application (FUND-27)."""
    most = facts["budget_fen"] * (100 + profile.fund_overrun_percent) // 100
    return None if facts["amount_fen"] <= most else Refusal(ErrorCode.OVERRUN, "amount", limit_fen=most)


def something_due(profile: Profile, facts: Facts) -> Refusal | None:
    """More is due up to the stage reached than was paid and instructed (FUND-26, FUND-28), on a decision that stands (V-21)."""
    if facts.get("stopped_on"):
        return Refusal(ErrorCode.DECISION_ANNULLED)
    if not facts["contracted"]:
        return Refusal(ErrorCode.NOT_CONTRACTED)
    kind = FundKind(facts["kind"])
    stage = stage_reached(profile, kind, facts["state"], facts["certificates"])
    due = due_at(facts["fund_part_fen"], stages(profile, kind), stage)
    return None if due > facts["paid_fen"] + facts["instructed_fen"] else Refusal(ErrorCode.NOTHING_DUE)


def objections_answered(profile: Profile, facts: Facts) -> Refusal | None:
    """Nothing is paid while an objection to the posting stands."""
    return Refusal(ErrorCode.OBJECTION_OPEN) if facts["open_objections"] else None


def nothing_paid(profile: Profile, facts: Facts) -> Refusal | None:
    """Only what was neither paid nor instructed is given up (FUND-29)."""
    return Refusal(ErrorCode.ALREADY_PAID) if facts["paid_fen"] + facts["instructed_fen"] else None


def nothing_under_way(profile: Profile, facts: Facts) -> Refusal | None:
    """What the bank has taken over it first reports on."""
    return Refusal(ErrorCode.ACTION_NOT_AVAILABLE) if facts["instructed_fen"] else None


def all_asked(profile: Profile, facts: Facts) -> bool:
    """Every bearer's whole part was asked for, and no payment is under way."""
    return not facts["instructed_fen"] and bool(facts["asked_fen"] >= facts["fund_part_fen"])


def nothing_owed(profile: Profile, facts: Facts) -> bool:
    """The contractor has the fund's whole part, and what was paid too much or wrongly is back (FUND-18, FUND-30)."""
    paid_in_full = facts["paid_fen"] >= facts["fund_part_fen"] and not facts["instructed_fen"]
    return bool(paid_in_full and not facts["open_recoveries"])


def settled(profile: Profile, facts: Facts) -> Refusal | None:
    """The settled cost was entered."""
    return None if facts["settled"] else Refusal(ErrorCode.REQUIRED, "settledCost")


def audit_needed(profile: Profile, facts: Facts) -> bool:
    """A settlement above the profile's amount is audited (FUND-27)."""
    return bool(facts["amount_fen"] > profile.fund_audit_above_fen)


def nothing_before_work(profile: Profile, facts: Facts) -> bool:
    """All is paid after acceptance."""
    return len(profile.fund_stages_percent) == 1


def last_before_acceptance(profile: Profile, facts: Facts) -> bool:
    """The stage that was paid is the last one before acceptance, and not the first of all."""
    return bool(1 < facts["paid_stage"] == len(profile.fund_stages_percent) - 1)


def last_stage(profile: Profile, facts: Facts) -> bool:
    """The stage that was paid is the last."""
    return bool(facts["paid_stage"] == len(stages(profile, FundKind(facts["kind"]))))


GUARDS = {
    "within_overrun": within_overrun,
    "objections_answered": objections_answered,
    "nothing_paid": nothing_paid,
}
CONDITIONS = {
    "payable": lambda profile, facts: something_due(profile, facts) is None,
    "all_asked": all_asked,
    "nothing_owed": nothing_owed,
    "audit_needed": audit_needed,
    "has_company": lambda profile, facts: bool(facts["has_company"]),
    "no_company": lambda profile, facts: not facts["has_company"],
    "not_contracted": lambda profile, facts: not facts["contracted"],
    "contracted": lambda profile, facts: bool(facts["contracted"]),
}
STAGE_CONDITIONS = {
    "stopped": lambda profile, facts: bool(facts.get("stopped_on")),
    "not_stopped": lambda profile, facts: not facts.get("stopped_on"),
    "nothing_before_work": nothing_before_work,
    "last_before_acceptance": last_before_acceptance,
    "not_last_before_acceptance": lambda profile, facts: not last_before_acceptance(profile, facts),
    "last_stage": last_stage,
    "not_last_stage": lambda profile, facts: not last_stage(profile, facts),
}
"""What only requests that are paid in stages ask."""

FACTS: Mapping[str, str] = {
    "kind": "FundKind",
    "state": "FundState: where the request stands",
    "has_company": "bool: a company serves the area",
    "contracted": "bool: the contractor and its account are known",
    "budget_fen": "int: what the owners agreed to",
    "fund_part_fen": "int: what the fund pays of the price, later of the settled cost",
    "asked_fen": "int: what the payments that stand asked of the bearers",
    "paid_fen": "int: what the bank has paid and was not returned",
    "instructed_fen": "int: what the bank is told to pay and has not reported on",
    "certificates": "int: how often progress was certified",
    "open_objections": "int: objections to the posting that are not answered",
    "open_recoveries": "int: recoveries that are not closed",
    "settled": "bool: the settled cost was entered",
    "settled_on": "date | None: when it was entered",
    "payable_on": "date | None: since when something is due that the bank was not told to pay",
    "stopped_on": "date | None: since when its decision is annulled and nothing is paid",
    "paid_stage": "int: the stage whose payment the bank reports, from 1",
}


class RecoveryReason(Term):
    """Why money is recovered (FUND-30)."""

    OVERPAID = "OVERPAID", "More was paid than the settled cost."
    MISUSE = "MISUSE", "The money was not used for what it was approved for (挪用)."


class RecoveryState(Term):
    """Where a recovery stands."""

    OPEN = "OPEN", "Demanded; not all is back."
    RECOVERED = "RECOVERED", "All is back and on the bearers' accounts again."


FINE_TIMES = 2
"""A fine is at most twice what was misused (PMR 60)."""


class ObjectionState(Term):
    """Where an owner's objection to a posting stands."""

    OPEN = "OPEN", "Not answered yet; the final payment waits."
    DISMISSED = "DISMISSED", "Answered: the posting stands."
    UPHELD = "UPHELD", "Answered: the settlement goes back."


FIRM: tuple[tuple[tuple[Party, ...], str], ...] = (((COMPANY,), "has_company"), ((), "no_company"))
"""Where a company serves the area it takes part in the check on site and the acceptance."""


# --- the lines that both lists have ------------------------------------------------------------------------------------


def pay(source: FundState, *guards: str, after: Period | None = None) -> Transition:
    """The bureau's cashier instructs the bank (FUND-28), where something is due; who decided in the case does not."""
    return Transition(
        action=_A.PAY,
        sources=(source,),
        target=None,
        by=(Role.BUREAU,),
        basis=("FUND-26", "FUND-28"),
        within=working_days("fund_payment_working_days", since="payable_on"),
        after=after,
        when=("payable",),
        guards=guards,
        releases=True,
        power=Power.FUNDS_RELEASE,
    )


def pay_posted() -> Transition:
    """What is due after settlement: only when the posting has run its days and no objection stands."""
    return pay(_S.POSTED, "objections_answered", after=end_of_day("posted_to"))


def paid(source: FundState, target: FundState | None, *when: str) -> Transition:
    """The bank has executed an instruction; the case follows."""
    return _followed(_A.MARK_PAID, source, target, when)


def came_back(source: FundState, target: FundState | None) -> Transition:
    """A payment came back: what it paid is due again."""
    return _followed(_A.MARK_RETURNED, source, target, ())


def _followed(action: FundAction, source: FundState, target: FundState | None, when: tuple[str, ...]) -> Transition:
    return Transition(
        action=action,
        sources=(source,),
        target=target,
        by=(Role.SYSTEM,),
        basis=("FUND-29",),
        when=when,
    )


def contracted(sources: tuple[FundState, ...], target: FundState | None, by: Party, *when: str) -> Transition:
    """The owners' side enters the contractor and the contract (FUND-27, FUND-28)."""
    return Transition(
        action=_A.CONTRACT,
        sources=sources,
        target=target,
        by=(by,),
        basis=("SM-6", "FUND-27"),
        documents=(DocumentKind.CONTRACT,),
        when=("not_contracted", *when),
        guards=("within_overrun",),
    )


def amended(sources: tuple[FundState, ...], by: Party, *when: str) -> Transition:
    """The contractor's account is corrected: a bank that could not pay said why (FUND-28)."""
    return Transition(
        action=_A.AMEND_CONTRACT,
        sources=sources,
        target=None,
        by=(by,),
        basis=("FUND-28",),
        documents=(DocumentKind.CONTRACT,),
        when=("contracted", *when),
    )


def stopped(sources: tuple[FundState, ...]) -> tuple[Transition, ...]:
    """The decision behind a request under contract is annulled: nothing more is paid, and the bureau has to decide (V-21).

    It resumes on a new decision of the owners, or ends it.
    """
    return (
        Transition(
            action=_A.STOP,
            sources=sources,
            target=None,
            by=(Role.SYSTEM,),
            basis=("V-21", "PMR 19"),
            when=("decided_on_platform", "not_stopped"),
            reason=True,
        ),
        Transition(
            action=_A.RESUME,
            sources=sources,
            target=None,
            by=(Role.BUREAU,),
            basis=("V-21", "V-16"),
            within=days("resubmission_days", since="stopped_on"),
            when=("stopped",),
            reason=True,
            power=Power.FUNDS_APPROVE,
        ),
        Transition(
            action=_A.TERMINATE,
            sources=sources,
            target=_S.CLOSED,
            by=(Role.BUREAU,),
            basis=("V-21", "FUND-29"),
            within=days("resubmission_days", since="stopped_on"),
            when=("stopped",),
            guards=("nothing_under_way",),
            reason=True,
            power=Power.FUNDS_APPROVE,
        ),
    )


SETTLE_PAPERS = (
    DocumentKind.SETTLEMENT,
    DocumentKind.INVOICE,
    Needs((DocumentKind.AUDIT,), when="audit_needed"),
)

REVISED = Transition(
    action=_A.REVISE,
    sources=(_S.POSTED,),
    target=_S.ACCEPTED,
    by=(Role.TOWNSHIP,),
    basis=("SM-6", "SL-6"),
    reason=True,
)
"""An objection was upheld: the settlement is made anew."""


def apportioned(source: FundState, *, after: Period | None = None, when: tuple[str, ...] = ()) -> Transition:
    """The bureau makes every bearer's part final, once all of it was asked for (FUND-15..18)."""
    return Transition(
        action=_A.APPORTION,
        sources=(source,),
        target=_S.APPORTIONED,
        by=(Role.BUREAU,),
        basis=("FUND-16", "FUND-18"),
        after=after,
        when=("all_asked", *when),
        guards=("objections_answered",),
    )


CLOSED = Transition(
    action=_A.CLOSE,
    sources=(_S.APPORTIONED,),
    target=_S.CLOSED,
    by=(Role.BUREAU,),
    basis=("SM-6", "FUND-29"),
    when=("nothing_owed",),
)
"""The bureau closes the request and frees what is left of its earmark."""

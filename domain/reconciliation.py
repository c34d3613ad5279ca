"""Comparing a bank's statement with the books: how a line is recognised, what differs, how that is resolved (FUND-4, 11).

A difference never stops anybody's writing: it is a case. It ends by itself once both sides agree (the line arrives, the
books take the fact in, somebody takes it back), or by two officials: one proposes a resolution, another confirms it.
"""

from domain.errors import ErrorCode, Refusal
from domain.periods import Facts, working_days
from domain.profiles.parameters import Profile
from domain.roles import Role
from domain.terms import Term
from domain.workflow import Transition, Workflow


class MatchBasis(Term):
    """By what a statement's line was recognised."""

    SERIAL = "SERIAL", "By the bank's serial."
    CODE = "CODE", "By amount, value date and the payment code or instruction's number."
    AMOUNT = "AMOUNT", "By amount and value date, where nothing else came into question."
    DUPLICATE = "DUPLICATE", "The same serial as an earlier line: the bank booked it twice."
    REVERSAL = "REVERSAL", "It takes an earlier line back (冲正)."
    OVERLAP = "OVERLAP", "The same entry stands in an earlier statement of the same days."


class DifferenceKind(Term):
    """How bank and books differ."""

    MISSING_IN_BOOKS = "MISSING_IN_BOOKS", "The bank has it, the books do not (银行已记、账面未记)."
    MISSING_AT_BANK = "MISSING_AT_BANK", "The books have it, the bank does not (账面已记、银行未记)."
    DUPLICATE = "DUPLICATE", "One side has it twice (重复记账)."
    ALTERED_AMOUNT = "ALTERED_AMOUNT", "Both have it, with different amounts (金额不符)."
    LATE = "LATE", "Both have it, on different value dates, or one later than its statement (时间差)."
    REVERSED = "REVERSED", "One side took it back, the other did not (单边冲正)."
    BALANCE = "BALANCE", "The balances differ by what no line explains (余额不符)."


class DifferenceState(Term):
    """Where a difference stands."""

    OPEN = "OPEN", "Found; the bureau looks into it."
    BANK_ASKED = "BANK_ASKED", "The bank has been asked."
    ANSWERED = "ANSWERED", "The bank has answered."
    PROPOSED = "PROPOSED", "A resolution is proposed; another official confirms it."
    RESOLVED = "RESOLVED", "Resolved by two officials."
    SETTLED = "SETTLED", "Both sides agree by now."


class DifferenceAction(Term):
    """What can be done about a difference."""

    ASK_BANK = "ASK_BANK", "Ask the bank."
    ANSWER = "ANSWER", "Answer, as the bank."
    PROPOSE = "PROPOSE", "Propose how it is resolved."
    CONFIRM = "CONFIRM", "Confirm the resolution; a booking is posted then."
    REJECT = "REJECT", "Refuse the proposed resolution."
    SETTLE = "SETTLE", "Bank and books agree by now."


class Resolution(Term):
    """How a difference ended."""

    BOOKED = "BOOKED", "The books took it in, to the suspense account until it is identified (补记)."
    EXPLAINED = "EXPLAINED", "It is explained and stands (说明)."
    ARRIVED = "ARRIVED", "The other side had it later (时间差已消除)."
    REVERSED = "REVERSED", "The side that was wrong took it back (冲正)."
    BANK_CORRECTED = "BANK_CORRECTED", "The bank corrected it (银行更正)."


BY_OFFICIALS = frozenset({Resolution.BOOKED, Resolution.EXPLAINED})
"""What people decide; the others show themselves in a later comparison."""


def settled_by(kind: DifferenceKind, *, books_reversed: bool) -> Resolution:
    """How a difference ended that is no longer found."""
    if kind in (DifferenceKind.MISSING_IN_BOOKS, DifferenceKind.MISSING_AT_BANK) and not books_reversed:
        return Resolution.ARRIVED
    return Resolution.REVERSED if books_reversed else Resolution.BANK_CORRECTED


def second_person(profile: Profile, facts: Facts) -> Refusal | None:
    """Whoever proposed a resolution, or recorded what it is about, does not confirm it."""
    if facts["actor"] in facts["involved"]:
        return Refusal(ErrorCode.SECOND_PERSON_REQUIRED)
    return None


def by_officials(profile: Profile, facts: Facts) -> Refusal | None:
    """People book or explain; that something arrived or was taken back, a comparison finds by itself."""
    if facts["resolution"] not in BY_OFFICIALS:
        return Refusal(ErrorCode.INVALID_INPUT, "resolution", value=facts["resolution"])
    if facts["resolution"] == Resolution.BOOKED and not facts["amount_fen"]:
        return Refusal(ErrorCode.INVALID_INPUT, "resolution", value=facts["resolution"])
    return None


_S = DifferenceState
_A = DifferenceAction
_UNPROPOSED = (_S.OPEN, _S.BANK_ASKED, _S.ANSWERED)

DIFFERENCE = Workflow(
    id="bank_difference",
    version=1,
    title="Difference with the bank (对账差异)",
    states=DifferenceState,
    start=_S.OPEN,
    terminal=frozenset({_S.RESOLVED, _S.SETTLED}),
    opened_by=(Role.SYSTEM,),
    transitions=(
        Transition(
            action=_A.ASK_BANK,
            sources=(_S.OPEN, _S.ANSWERED),
            target=_S.BANK_ASKED,
            by=(Role.BUREAU,),
            basis=("FUND-4", "FUND-11"),
            within=working_days("difference_working_days"),
            reason=True,
        ),
        Transition(
            action=_A.ANSWER,
            sources=(_S.BANK_ASKED,),
            target=_S.ANSWERED,
            by=(Role.BANK,),
            basis=("FUND-11",),
            within=working_days("difference_answer_working_days"),
            reason=True,
        ),
        Transition(
            action=_A.PROPOSE,
            sources=_UNPROPOSED,
            target=_S.PROPOSED,
            by=(Role.BUREAU,),
            basis=("FUND-4",),
            within=working_days("difference_working_days"),
            guards=("by_officials",),
            reason=True,
        ),
        Transition(
            action=_A.CONFIRM,
            sources=(_S.PROPOSED,),
            target=_S.RESOLVED,
            by=(Role.BUREAU,),
            basis=("FUND-4", "RULES §9"),
            within=working_days("difference_working_days"),
            guards=("second_person",),
        ),
        Transition(
            action=_A.REJECT,
            sources=(_S.PROPOSED,),
            target=_S.OPEN,
            by=(Role.BUREAU,),
            basis=("RULES §9",),
            within=working_days("difference_working_days"),
            reason=True,
        ),
        Transition(
            action=_A.SETTLE,
            sources=(*_UNPROPOSED, _S.PROPOSED),
            target=_S.SETTLED,
            by=(Role.SYSTEM,),
            basis=("FUND-11",),
        ),
    ),
    guards={"second_person": second_person, "by_officials": by_officials},
    facts={
        "actor": "UUID: who acts",
        "involved": "set of UUID: who proposed the resolution, and who recorded what the books have",
        "resolution": "Resolution: what is proposed",
        "amount_fen": "int: bank less books",
    },
)

"""Custodian banks (专户管理银行): chosen by tender, assessed each year, terminated and left with nothing (SM-17, SL-1 to SL-4).

A tender has three bidders at least, each scored by the profile's items; one or more win (FUND-33). A winner is a case from its
award on: contract, a yearly assessment by 31 January, and where that fails objection, termination, transfer of its accounts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from domain.documents import DocumentKind
from domain.errors import ErrorCode, Refusal
from domain.officials import Power
from domain.periods import Facts, days_before, end_of_day, posting
from domain.profiles.parameters import BankItem, Profile
from domain.records import Record
from domain.roles import Role
from domain.terms import Term
from domain.workflow import Transition, Workflow


class TenderState(Term):
    """Where a tender stands."""

    TENDER = "TENDER", "Published; bids are awaited (招标)."
    EVALUATED = "EVALUATED", "The bids are scored and published (评标)."
    AWARDED = "AWARDED", "One or more banks have won (中标)."


class CustodianState(Term):
    """Where a bank's custody stands."""

    AWARDED = "AWARDED", "It has won; the contract is to be signed."
    CONTRACTED = "CONTRACTED", "Signed; the contract has not begun."
    ACTIVE = "ACTIVE", "It keeps accounts of the county."
    ASSESSING = "ASSESSING", "The past year is assessed, by 31 January (年度考核)."
    REVIEW = "REVIEW", "Unqualified: it may object for ten days (不合格异议)."
    TERMINATED = "TERMINATED", "The contract is terminated; its accounts pay nothing but the transfer."
    ACCOUNTS_TRANSFERRED = "ACCOUNTS_TRANSFERRED", "Nothing is left on its accounts."
    CLOSED = "CLOSED", "Its accounts are closed."


class CustodianAction(Term):
    """What can be done about a custodian bank."""

    SIGN_CONTRACT = "SIGN_CONTRACT", "Record the signed contract."
    BEGIN = "BEGIN", "The contract begins."
    BEGIN_ASSESSMENT = "BEGIN_ASSESSMENT", "The year is over and is assessed."
    QUALIFY = "QUALIFY", "Find it qualified."
    DISQUALIFY = "DISQUALIFY", "Find it unqualified."
    OBJECT = "OBJECT", "Object, as the bank."
    UPHOLD = "UPHOLD", "Find after an objection that it is qualified."
    TERMINATE = "TERMINATE", "Terminate the contract after the time for objections."
    RECORD_TRANSFER = "RECORD_TRANSFER", "Find that nothing is left on its accounts."
    CLOSE = "CLOSE", "Close its accounts."


class TransferState(Term):
    """Where the transfer of an area's money to another bank stands."""

    ORDERED = "ORDERED", "The bank that had it is told to pay it over."
    SENT = "SENT", "It has left that bank: in transit (在途)."
    ARRIVED = "ARRIVED", "It has arrived; the area's custody is the other bank's."
    FAILED = "FAILED", "It was not paid, or came back: it lies where it was."


@dataclass(frozen=True)
class Score(Record):
    """Points given for one item."""

    item: BankItem
    points: int


def total_of(scores: list[Mapping[str, Any]], profile: Profile, field: str = "scores") -> int:
    """The sum of the points: each of the profile's items once, none above its worth (FUND-33).

    ``INVALID_INPUT`` for an item that is missing or there twice, ``OUT_OF_RANGE`` for more points than it is worth.
    """
    worth = {line.item: line.points for line in profile.bank_items}
    given = [Score(**each) for each in scores]
    if sorted(score.item for score in given) != sorted(worth):
        raise Refusal(ErrorCode.INVALID_INPUT, field, value=", ".join(sorted(worth)))
    for place, score in enumerate(given):
        if not 0 <= score.points <= worth[score.item]:
            raise Refusal(ErrorCode.OUT_OF_RANGE, f"{field}.{place}.points", least=0, most=worth[score.item])
    return sum(score.points for score in given)


def check_award(totals: Mapping[Any, int], winners: set[Any], field: str = "bidIds") -> None:
    """Whoever wins has at least the points of everybody who does not. ``REQUIRED``, ``INVALID_INPUT``."""
    if not winners:
        raise Refusal(ErrorCode.REQUIRED, field)
    least = min(totals[winner] for winner in winners)
    if any(points > least for bid, points in totals.items() if bid not in winners):
        raise Refusal(ErrorCode.INVALID_INPUT, field, value=least)


def passed(profile: Profile, facts: Facts) -> Refusal | None:
    """The points reach what the profile asks for; below 60 of 100 is unqualified (FUND-33)."""
    if facts["points"] >= profile.bank_pass_points:
        return None
    return Refusal(ErrorCode.OUT_OF_RANGE, "scores", least=profile.bank_pass_points)


def failed(profile: Profile, facts: Facts) -> Refusal | None:
    """Whoever reaches the points is not disqualified."""
    if facts["points"] < profile.bank_pass_points:
        return None
    return Refusal(ErrorCode.OUT_OF_RANGE, "scores", most=profile.bank_pass_points - 1)


def objected(profile: Profile, facts: Facts) -> Refusal | None:
    """A finding is looked at again where the bank has objected."""
    return None if facts["objection"] else Refusal(ErrorCode.REQUIRED, "objection")


def emptied(profile: Profile, facts: Facts) -> Refusal | None:
    """The books have not a fen left at the bank, nor on its way (SM-17)."""
    left = facts["left_fen"]
    return Refusal(ErrorCode.ACCOUNTS_NOT_EMPTY, left_fen=left) if left else None


_S, _A = CustodianState, CustodianAction
_BUREAU = (Role.BUREAU,)

CUSTODIAN = Workflow(
    id="custodian",
    version=1,
    title="Custodian bank (专户管理银行)",
    states=CustodianState,
    start=_S.AWARDED,
    terminal=frozenset({_S.CLOSED}),
    opened_by=_BUREAU,
    transitions=(
        Transition(
            action=_A.SIGN_CONTRACT,
            sources=(_S.AWARDED,),
            target=_S.CONTRACTED,
            by=_BUREAU,
            basis=("SL-1", "SM-17"),
            documents=(DocumentKind.CONTRACT,),
            within=posting("bank_contract_days"),
        ),
        Transition(
            action=_A.BEGIN,
            sources=(_S.CONTRACTED,),
            target=_S.ACTIVE,
            by=(Role.SYSTEM,),
            basis=("SM-17",),
            fires=days_before(0, "contract_from"),
        ),
        Transition(
            action=_A.BEGIN_ASSESSMENT,
            sources=(_S.ACTIVE,),
            target=_S.ASSESSING,
            by=(Role.SYSTEM,),
            basis=("SL-3",),
            fires=end_of_day("year_end"),
        ),
        Transition(
            action=_A.QUALIFY,
            sources=(_S.ASSESSING,),
            target=_S.ACTIVE,
            by=_BUREAU,
            basis=("SL-3", "FUND-33"),
            within=posting("bank_assessment_days", "year_end"),
            guards=("passed",),
            reason=True,
        ),
        Transition(
            action=_A.DISQUALIFY,
            sources=(_S.ASSESSING,),
            target=_S.REVIEW,
            by=_BUREAU,
            basis=("SL-3", "FUND-33"),
            within=posting("bank_assessment_days", "year_end"),
            guards=("failed",),
            reason=True,
        ),
        Transition(
            action=_A.OBJECT,
            sources=(_S.REVIEW,),
            target=None,
            by=(Role.BANK,),
            basis=("SM-17",),
            within=posting("bank_objection_days"),
            bars=True,
            reason=True,
        ),
        Transition(
            action=_A.UPHOLD,
            sources=(_S.REVIEW,),
            target=_S.ACTIVE,
            by=_BUREAU,
            basis=("SM-17",),
            guards=("objected", "passed"),
            reason=True,
        ),
        Transition(
            action=_A.TERMINATE,
            sources=(_S.REVIEW,),
            target=_S.TERMINATED,
            by=_BUREAU,
            basis=("SL-4",),
            after=posting("bank_objection_days"),
            documents=(DocumentKind.TERMINATION_NOTICE,),
            reason=True,
            power=Power.FUNDS_APPROVE,
        ),
        Transition(
            action=_A.RECORD_TRANSFER,
            sources=(_S.TERMINATED,),
            target=_S.ACCOUNTS_TRANSFERRED,
            by=_BUREAU,
            basis=("SL-4", "FUND-33"),
            within=posting("bank_transfer_days"),
            guards=("emptied",),
        ),
        Transition(
            action=_A.CLOSE,
            sources=(_S.ACCOUNTS_TRANSFERRED,),
            target=_S.CLOSED,
            by=_BUREAU,
            basis=("SM-17",),
        ),
    ),
    guards={"passed": passed, "failed": failed, "objected": objected, "emptied": emptied},
    facts={
        "contract_from": "date | None: the contract's first day",
        "year_end": "date | None: the last day of the year that is assessed next",
        "points": "int: what the assessment gave, of 100",
        "objection": "str | None: what the bank said against it",
        "left_fen": "int: what the books have at its accounts, or on the way from them",
    },
)

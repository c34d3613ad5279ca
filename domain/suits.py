"""Suit over unpaid bills (FEE-13, FEE-14): how ready a case is, and what its evidence pack holds."""

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from domain.terms import Term


class ReadinessPoint(Term):
    """What makes a suit promising. Only the first is required; the others warn and never block (FEE-13)."""

    DEMAND_EXPIRED = "DEMAND_EXPIRED", "A written demand was served and its period is over (Civil Code 944)."
    TWO_RECORDS = "TWO_RECORDS", "The debtor was dunned twice at least, on record."
    CONTRACT_FILED = "CONTRACT_FILED", "The contract is filed and in effect."
    DISCLOSURE_CURRENT = "DISCLOSURE_CURRENT", "The charges hang on the board at these prices."
    NO_OPEN_DISPUTE = "NO_OPEN_DISPUTE", "No dispute of these bills waits for an answer."
    WITHIN_LIMITATION = "WITHIN_LIMITATION", "The limitation period has not passed (Civil Code 188, 195)."


REQUIRED = frozenset({ReadinessPoint.DEMAND_EXPIRED})


@dataclass(frozen=True)
class Readiness:
    """What is missing: ``required`` blocks the referral, ``warnings`` do not."""

    required: tuple[ReadinessPoint, ...]
    warnings: tuple[ReadinessPoint, ...]

    @property
    def may_refer(self) -> bool:
        """Whether the company may refer the case."""
        return not self.required


def readiness(met: Mapping[ReadinessPoint, bool]) -> Readiness:
    """What is missing of all points, in their order (FEE-13)."""
    missing = [point for point in ReadinessPoint if not met[point]]
    return Readiness(
        tuple(point for point in missing if point in REQUIRED),
        tuple(point for point in missing if point not in REQUIRED),
    )


def limitation_ends(since: date, years: int) -> date:
    """The last day on which a claim can be brought, ``years`` after it fell due or was last demanded (Civil Code 188, 195).

    >>> limitation_ends(date(2024, 2, 29), 3)
    datetime.date(2027, 2, 28)
    """
    year = since.year + years
    return date(year, since.month, min(since.day, calendar.monthrange(year, since.month)[1]))


class PartySide(Term):
    """On which side a party of a suit stands."""

    PLAINTIFF = "PLAINTIFF", "Who sues: the company (原告)."
    DEFENDANT = "DEFENDANT", "Who is sued: the owner, and the user by agreement (被告)."


class EvidenceKind(Term):
    """What a piece of evidence is (FEE-14)."""

    CONTRACT = "CONTRACT", "The service contract and its filing (服务合同及备案)."
    OWNERSHIP = "OWNERSHIP", "Proof of the unit and its owner (房屋权属)."
    PRICE = "PRICE", "Star and price of the charges (星级与价格)."
    DISCLOSURE = "DISCLOSURE", "The posting of the charges, with its dates (收费公示)."
    BILLS = "BILLS", "The statement of bills (账单明细)."
    PAYMENTS = "PAYMENTS", "The list of payments (缴费记录)."
    DEMAND = "DEMAND", "The written demand and the proof of its service (催告函及送达证明)."
    DUNNING = "DUNNING", "All dunning records (催缴记录)."
    SERVICE = "SERVICE", "Records of the service given (服务记录)."
    DISPUTE = "DISPUTE", "Disputes and their answers (异议及答复)."
    MEDIATION = "MEDIATION", "Records of mediation (调解记录)."


class SuitResult(Term):
    """How a suit ended."""

    JUDGED = "JUDGED", "By judgment (判决)."
    MEDIATED = "MEDIATED", "By settlement before the court (调解)."
    WITHDRAWN = "WITHDRAWN", "By withdrawal (撤诉)."

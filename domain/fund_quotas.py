"""Quotas for the use of the maintenance fund: what owners agreed to once, for many repairs (集合表决 V-27, TQ-42 V-32).

The assembly approves a class of repairs with a limit for each and for each calendar year, over a term (V-27); or a rule that it
adopted lets the committee decide within such limits (V-32). Both are one thing here and differ in what they rest on.
"""

from dataclasses import dataclass
from datetime import date

from domain.errors import ErrorCode, Refusal
from domain.periods import Facts
from domain.profiles.parameters import Profile, VoteMode
from domain.tallies import Matter
from domain.terms import Term


class QuotaKind(Term):
    """Whose decision a draw on the quota is."""

    COLLECTIVE = "COLLECTIVE", "Owners approved a class of repairs in one vote (集合表决, V-27)."
    DELEGATED = "DELEGATED", "An adopted rule lets the committee decide within the limits (授权额度, V-32)."


class QuotaState(Term):
    """Where a quota stands."""

    PROPOSED = "PROPOSED", "Put to the owners' vote (待表决)."
    IN_FORCE = "IN_FORCE", "Adopted: requests may draw on it within its term (生效)."
    REJECTED = "REJECTED", "The vote failed, or was called off (未通过)."
    ENDED = "ENDED", "Withdrawn, or its decision was annulled (终止)."


MATTERS = {QuotaKind.COLLECTIVE: Matter.FUND_USE, QuotaKind.DELEGATED: Matter.RULES_OF_PROCEDURE}
"""As what matter of Civil Code 278 owners adopt each kind (V-1)."""


@dataclass(frozen=True)
class Limits:
    """What a quota allows, in fen: for one repair, and for all of one calendar year."""

    item: int
    year: int

    def left(self, used: int) -> int:
        """What one more repair may cost, when ``used`` of the year's limit are drawn.

        >>> Limits(item=10_000, year=19_999).left(10_000)
        9999
        """
        return max(min(self.item, self.year - used), 0)


def check_terms(limits: Limits, valid_from: date, valid_to: date) -> None:
    """A limit is positive, that of a repair at most that of the year, the term is in order. ``OUT_OF_RANGE``."""
    if limits.year <= 0:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "yearLimit", least=1)
    if not 0 < limits.item <= limits.year:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "itemLimit", least=1, most=limits.year)
    if valid_to < valid_from:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "validTo", least=valid_from)


def kind_refusal(profile: Profile, kind: QuotaKind) -> Refusal | None:
    """The county has quotas of this kind: Zibo lets nobody delegate what the assembly decides (V-31, V-32)."""
    allowed = VoteMode.COLLECTIVE in profile.fund_modes if kind is QuotaKind.COLLECTIVE else profile.delegated_quota
    return None if allowed else Refusal(ErrorCode.MODE_NOT_ALLOWED, "kind")


def exceeded(limits: Limits, used: int, amount: int) -> Refusal | None:
    """``amount`` fen keep to the limits when ``used`` of the year's are drawn (V-27, V-32)."""
    left = limits.left(used)
    return None if amount <= left else Refusal(ErrorCode.QUOTA_EXCEEDED, "amount", limit_fen=left)


def within_quota(profile: Profile, facts: Facts) -> Refusal | None:
    """A request's amount keeps to the quota's limit per repair and to what is left of its limit per year (V-27, V-32, TQ-42)."""
    limits = Limits(facts["quota_item_fen"], facts["quota_year_fen"])
    return exceeded(limits, facts["quota_used_fen"], facts["amount_fen"])

"""Renewing the maintenance fund (续筹): which accounts are too low, what each pays, and the decision behind it (FUND-8).

A unit's account is too low below the county's share of its first deposit. The owners decide on renewal jointly, as on
raising the fund (V-1 item 6); then each is asked, pressed in writing, and at last posted, masked.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from domain.errors import ErrorCode, Refusal
from domain.fund_demands import DemandState
from domain.fund_votes import VoteFigures, strictly_passed
from domain.money import ratio_below
from domain.profiles.parameters import Profile
from domain.tallies import Matter
from domain.terms import Term


class RenewalState(Term):
    """Where a renewal plan stands."""

    DRAFT = "DRAFT", "Drafted: the owners have not decided (待表决)."
    PASSED = "PASSED", "Decided by the owners; the demands are issued (已通过)."
    REJECTED = "REJECTED", "The owners decided against it (未通过)."


@dataclass(frozen=True)
class Standing:
    """A unit's account beside its first deposit, both in fen."""

    first_deposit: int
    balance: int


def is_below(profile: Profile, standing: Standing) -> bool:
    """Whether a unit's account is below the county's share of its first deposit; exactly that share is not (FUND-8)."""
    return ratio_below(standing.balance, standing.first_deposit, profile.fund_renewal_below_percent, 100)


def to_pay(standing: Standing, target_percent: int) -> int:
    """What fills an account up to ``target_percent`` of its first deposit, in fen; a fraction of a fen counts as one.

    >>> to_pay(Standing(first_deposit=800_000, balance=239_999), 100)
    560001
    """
    return max(0, -(-standing.first_deposit * target_percent // 100) - standing.balance)


def check_target(profile: Profile, percent: int) -> None:
    """A renewal fills up to between the share below which it is due and the whole first deposit. ``OUT_OF_RANGE``."""
    least = profile.fund_renewal_below_percent
    if not least <= percent <= 100:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "targetPercent", least=least, most=100)


def renewal_passed(figures: VoteFigures) -> bool:
    """Raising the fund is item 6 (FUND-8).

    >>> renewal_passed(VoteFigures(1_000, 7, 700, 5, 600, 4)), renewal_passed(VoteFigures(1_000, 8, 800, 8, 600, 5))
    (True, False)
    """
    return strictly_passed(figures, Matter.FUND_RAISING)


def pay_by(profile: Profile, noticed_on: date) -> date:
    """The last day to pay after the notice; the day of the notice is not counted (FUND-8, C-2)."""
    return noticed_on + timedelta(days=profile.fund_renewal_days)


def press_until(profile: Profile, today: date) -> date:
    """Until when a written demand (书面催交) leaves time to pay."""
    return today + timedelta(days=profile.fund_press_days)


def check_press(state: DemandState, due_on: date, pressed_on: date | None, today: date) -> None:
    """What is not paid in time is demanded in writing, once. ``ACTION_NOT_AVAILABLE``, ``TOO_EARLY``."""
    if state is not DemandState.OPEN or pressed_on is not None:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", state=state, action="fundDemandPress")
    if today <= due_on:
        raise Refusal(ErrorCode.TOO_EARLY, "id", earliest=due_on + timedelta(days=1))

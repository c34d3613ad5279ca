"""Demands for deposits to the maintenance fund (应缴): who pays, how much, by when, and the code to pay under (FUND-1 to
FUND-3).

Money is integer fen, areas 0.01 m². Rates come from the county's profile of the day, by type of building.
"""

import re
import secrets
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from domain.errors import ErrorCode, Refusal
from domain.estates import BuildingKind, UnitUse
from domain.identifiers import luhn
from domain.money import half_up, line_amount
from domain.profiles.parameters import BuildingType, FundPrepayment, Profile
from domain.terms import Term


class DemandPurpose(Term):
    """What a deposit is for (交存类型)."""

    FIRST = "FIRST", "The first deposit of a unit (首期交存, FUND-2)."
    SELLER = "SELLER", "The former landlord's part for sold public housing, kept by building (售房单位交存, FUND-2)."
    RENEWAL = "RENEWAL", "To fill an account up again by the owners' decision (续筹, FUND-8)."
    COLLECTION = "COLLECTION", "Fund money that a developer or firm holds and must hand over (清缴, TQ-105)."


class DemandPayer(Term):
    """Who has to pay a deposit (交存人)."""

    OWNER = "OWNER", "The unit's owner (业主)."
    DEVELOPER = "DEVELOPER", "The developer, for an unsold unit or on the buyer's behalf (建设单位代为缴纳, TQ-104)."
    SELLER = "SELLER", "The work unit that sold public housing to its residents (售房单位)."
    HOLDER = "HOLDER", "Whoever holds fund money that belongs into the account (TQ-105)."


class DemandState(Term):
    """Where a demand stands. Overdue is no state: it follows from the due date and today."""

    OPEN = "OPEN", "To be paid, in one sum or in parts (待交)."
    PAID = "PAID", "Paid in full; its code takes no more money (已交)."
    CANCELLED = "CANCELLED", "Taken back with a reason; its code takes no money (已撤销)."


REASONS: Mapping[DemandPurpose, str] = {
    DemandPurpose.FIRST: "首期维修资金交存",
    DemandPurpose.SELLER: "售房单位维修资金交存",
    DemandPurpose.RENEWAL: "维修资金续筹交存",
    DemandPurpose.COLLECTION: "维修资金清缴",
}
"""What the account's holder reads beside the money that came."""

NO_DEPOSIT_USES = frozenset({UnitUse.PUBLIC})
"""Rooms for everybody are common parts themselves."""

RATE_TYPES: Mapping[BuildingKind, BuildingType] = {
    BuildingKind.MULTI_STOREY: BuildingType.MULTI_STOREY,
    BuildingKind.MID_RISE: BuildingType.MID_RISE,
    BuildingKind.HIGH_RISE: BuildingType.HIGH_RISE,
    BuildingKind.VILLA: BuildingType.MULTI_STOREY,
    BuildingKind.COMMERCIAL: BuildingType.MULTI_STOREY,
    BuildingKind.GARAGE: BuildingType.MULTI_STOREY,
    BuildingKind.OTHER: BuildingType.MULTI_STOREY,
}
"""Which line of the rate table a building falls under; the table has no lines for the last four [assumption]."""


@dataclass(frozen=True)
class Deposit:
    """A deposit worked out: ``rate`` in fen per m², ``amount`` in fen."""

    rate: int
    amount: int


def owes_deposit(use: UnitUse, *, stands_alone: bool) -> bool:
    """Whether a unit's owner pays into the fund (FUND-1, PMR 53).

    Owners of dwellings and of non-dwellings in the estate do; ``stands_alone`` excepts a dwelling that is the only unit
    of the only building of its estate, for it shares no parts with anybody.
    """
    return use not in NO_DEPOSIT_USES and not (stands_alone and use is UnitUse.DWELLING)


def first_deposit(profile: Profile, kind: BuildingKind, area_001m2: int, *, public_housing: bool = False) -> Deposit:
    """A unit's first deposit (FUND-2): the county's rate by type of building × building area, rounded half up.

    The owner of sold public housing pays a part of the reform cost price (房改成本价) per m² instead. ``REQUIRED`` where
    the profile has no rate for the type.
    """
    if public_housing:
        rate = public_rate(profile)
        return Deposit(rate, line_amount(area_001m2, rate, 1))
    rate_found = profile.fund_rate(RATE_TYPES[kind])
    if rate_found is None:
        raise Refusal(ErrorCode.REQUIRED, "fundRates")
    return Deposit(rate_found, line_amount(area_001m2, rate_found, 1))


def public_rate(profile: Profile) -> int:
    """What the owner of sold public housing pays in fen per m²: the county's part of the reform cost price (FUND-2)."""
    return half_up(Fraction(profile.fund_reform_cost_fen * profile.fund_public_owner_percent, 100))


def seller_deposit(profile: Profile, kind: BuildingKind, proceeds_fen: int) -> int:
    """What a former landlord pays into a building's account, in fen: at least a fifth of the sale's proceeds, three
    tenths for a high-rise (FUND-2). A fraction of a fen counts as one, for the share is a least one.
    """
    high = RATE_TYPES[kind] is BuildingType.HIGH_RISE
    percent = profile.fund_seller_high_percent if high else profile.fund_seller_percent
    return -(-proceeds_fen * percent // 100)


def first_payer(profile: Profile, *, unsold: bool) -> DemandPayer | None:
    """Who pays a unit's first deposit, by the county's rule (FUND-3, TQ-104); ``None``: nobody before it is sold."""
    match profile.developer_prepays:
        case FundPrepayment.AT_NET_SIGNING:
            return DemandPayer.DEVELOPER
        case FundPrepayment.AT_COMPLETION_FOR_UNSOLD:
            return DemandPayer.DEVELOPER if unsold else DemandPayer.OWNER
        case FundPrepayment.AT_DELIVERY:
            return None if unsold else DemandPayer.OWNER


def check_delivery(*, owes: bool, paid: bool) -> None:
    """No unit is handed over before its first deposit is paid (FUND-3). ``DEPOSIT_NOT_PAID``."""
    if owes and not paid:
        raise Refusal(ErrorCode.DEPOSIT_NOT_PAID, "deliveredOn")


def check_net_signing(profile: Profile, *, owes: bool, paid: bool) -> None:
    """Where the developer pays on the buyer's behalf, it has paid before the contract is signed online (TQ-104)."""
    if profile.developer_prepays is FundPrepayment.AT_NET_SIGNING and owes and not paid:
        raise Refusal(ErrorCode.DEPOSIT_NOT_PAID, "netSignNo")


_CODE = re.compile(r"[0-9]{16}")


def new_code(county: str) -> str:
    """A payment code (缴款码) of 16 digits: the county, nine that are drawn and tell nothing, and a Luhn digit (ISO/IEC
    7812-1), which finds every wrong digit and nearly every swapped pair before money goes astray."""
    digits = f"{county}{secrets.randbelow(10**9):09d}"
    return digits + luhn(digits)


def code_as_written(text: str) -> str | None:
    """The payment code that somebody wrote, without blanks and hyphens; ``None`` where it cannot be one."""
    code = re.sub(r"[\s\-]", "", unicodedata.normalize("NFKC", text))
    return code if _CODE.fullmatch(code) and luhn(code[:-1]) == code[-1] else None

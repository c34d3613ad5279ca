"""Disclosure (公示): what must hang on a property area's board, who posts it, how often and how long (RULES §7).

A long-term item stays until the facts change and is then updated within the profile's working days. A periodic item is
posted anew for every period. An event's posting runs for a number of days. Nothing posted is ever changed: a new version
supersedes it (DIS-3).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from domain.calendar import next_working_day
from domain.roles import COMPANY, Role
from domain.terms import Term


class DisclosureItem(Term):
    """An item of the board (公示事项)."""

    COMPANY_AND_LEADER = "COMPANY_AND_LEADER", "Licence, project leader, 24-hour and complaint phones."
    SERVICE_STANDARD = "SERVICE_STANDARD", "Service grade or star, content and standard."
    CHARGES = "CHARGES", "Charge items, standards, basis and method; price approvals."
    CONTRACT = "CONTRACT", "Main contract terms, or the filed contract."
    COVENANT = "COVENANT", "Covenant or temporary covenant."
    COMPLAINT_CHANNELS = "COMPLAINT_CHANNELS", "Complaint and reporting channels; the departments' duties and phones."
    MAINTAINERS = "MAINTAINERS", "Maintainers of elevators, fire facilities and the like, plans, emergency plans."
    UTILITY_PHONES = "UTILITY_PHONES", "Repair phones of the utilities."
    EXTRA_SERVICES = "EXTRA_SERVICES", "Price list of household, elderly-care and other extra services."
    TAKEOVER_INSPECTION = "TAKEOVER_INSPECTION", "Result of the takeover inspection (承接查验)."
    TENDER = "TENDER", "Bidding, award and handover."
    COMMON_INCOME = "COMMON_INCOME", "Account of the common income (公共收益)."
    FUND_ACCOUNT = "FUND_ACCOUNT", "Raising and use of the maintenance fund."
    PARKING = "PARKING", "Parking spaces and their use."
    ARREARS = "ARREARS", "Unpaid fees, units masked and no name (FEE-17)."
    UTILITY_SHARES = "UTILITY_SHARES", "Apportionment of public water and power."
    SERVICE_ACCOUNTS = "SERVICE_ACCOUNTS", "Service-fee accounts, last year's performance, this year's budget."
    ELEVATOR_SPENDING = "ELEVATOR_SPENDING", "Spending on elevator maintenance."
    MEMBERS_PAYMENTS = "MEMBERS_PAYMENTS", "Committee members' own fee and parking payments."
    COMMITTEE_REPORT = "COMMITTEE_REPORT", "The committee's work report."
    FUND_PLAN = "FUND_PLAN", "Plan of a fund use, or the settlement of an emergency."
    RESULTS = "RESULTS", "Ratings, red and black list, inspections, penalties."
    DECISION = "DECISION", "A decision of the committee or the assembly."


class DisclosureClass(Term):
    """How an item lives on the board."""

    LONG_TERM = "LONG_TERM", "Until the facts change."
    PERIODIC = "PERIODIC", "Anew for every period."
    EVENT = "EVENT", "For the days that the event's rule names."


_COMMITTEE = frozenset({Role.COMMITTEE})
_OFFICES = frozenset({Role.BUREAU, Role.TOWNSHIP, Role.COMMUNITY})
_COMPANY = frozenset(COMPANY - {Role.COMPANY_STAFF})


@dataclass(frozen=True, slots=True)
class ItemRule:
    """What RULES §7 says of one item."""

    sort: DisclosureClass
    publishers: frozenset[Role]
    basis: tuple[str, ...]
    every_months: int | None = None
    """The interval of a periodic item; the posting of a period is due a month after it ends."""
    posted_days: int | None = None
    """The least days that it hangs (公示期)."""


_L, _P, _E = DisclosureClass.LONG_TERM, DisclosureClass.PERIODIC, DisclosureClass.EVENT
_I = DisclosureItem

RULES: Mapping[DisclosureItem, ItemRule] = {
    _I.COMPANY_AND_LEADER: ItemRule(_L, _COMPANY, ("TQ-69", "ZS-20")),
    _I.SERVICE_STANDARD: ItemRule(_L, _COMPANY, ("ZS-20", "SL-51", "ZD-46", "TQ-69")),
    _I.CHARGES: ItemRule(_L, _COMPANY, ("TQ-69", "ZS-26")),
    _I.CONTRACT: ItemRule(_L, _COMPANY, ("ZS-18", "ZS-20")),
    _I.COVENANT: ItemRule(_L, _COMMITTEE | _COMPANY, ("ZS-20",)),
    _I.COMPLAINT_CHANNELS: ItemRule(_L, _COMPANY | _OFFICES, ("ZS-20", "ZS-52")),
    _I.MAINTAINERS: ItemRule(_L, _COMPANY, ("TQ-69",)),
    _I.UTILITY_PHONES: ItemRule(_L, _COMPANY, ("Zibo 45",)),
    _I.EXTRA_SERVICES: ItemRule(_L, _COMPANY, ("TQ-72",)),
    _I.TAKEOVER_INSPECTION: ItemRule(_L, _COMPANY, ("TQ-23",), posted_days=15),
    _I.TENDER: ItemRule(_E, _OFFICES, ("SL-13",), posted_days=3),
    _I.COMMON_INCOME: ItemRule(_P, _COMPANY | _COMMITTEE, ("ZS-21", "TQ-69"), every_months=3, posted_days=30),
    _I.FUND_ACCOUNT: ItemRule(_P, _COMMITTEE | _OFFICES, ("ZS-21", "Civil Code 281"), every_months=6),
    _I.PARKING: ItemRule(_P, _COMPANY, ("ZS-21", "TQ-69"), every_months=6),
    _I.UTILITY_SHARES: ItemRule(_P, _COMPANY, ("TQ-69",)),
    _I.SERVICE_ACCOUNTS: ItemRule(_P, _COMPANY, ("GT-35",), every_months=12),
    _I.ELEVATOR_SPENDING: ItemRule(_P, _COMPANY, ("TQ-69",), every_months=6),
    _I.MEMBERS_PAYMENTS: ItemRule(_P, _COMMITTEE, ("Zibo 31",), every_months=6),
    _I.COMMITTEE_REPORT: ItemRule(_P, _COMMITTEE, ("Zibo 31",), every_months=12),
    _I.FUND_PLAN: ItemRule(_E, _COMPANY | _COMMITTEE | _OFFICES, ("FUND-21", "FUND-24"), posted_days=7),
    _I.RESULTS: ItemRule(_E, _OFFICES, ("TQ-82", "SL-11")),
    _I.ARREARS: ItemRule(_E, _COMMITTEE, ("FEE-17", "Henan 88", "Shandong 48")),
    _I.DECISION: ItemRule(_E, _COMMITTEE | _OFFICES, ("V-20", "COM-10"), posted_days=3),
}

OF_THE_WHOLE_AREA = frozenset(DisclosureItem) - {
    _I.CONTRACT,
    _I.TENDER,
    _I.FUND_PLAN,
    _I.RESULTS,
    _I.DECISION,
    _I.CHARGES,
}
"""Items that an area has once. The others have one entry for each contract, plan, result or list of charges."""

CONTRACT_POSTING_DAYS = 15
"""A filed contract is posted in the estate within fifteen days of its filing (ZS-18, RULES §7 assumption)."""

TQ_BOARD = (
    _I.COMPANY_AND_LEADER,
    _I.SERVICE_STANDARD,
    _I.CHARGES,
    _I.MAINTAINERS,
    _I.PARKING,
    _I.UTILITY_SHARES,
    _I.SERVICE_ACCOUNTS,
    _I.COMMON_INCOME,
    _I.ELEVATOR_SPENDING,
)
"""What TQ-69 lists for a company's board."""


def posted_until(item: DisclosureItem, posted_on: date, days: int | None = None) -> date | None:
    """The last day of the posting period, the day of posting not counted; a posting does not roll over a holiday (C-2).

    ``days`` may lengthen the rule's period, never shorten it. ``None`` for items without one.

    >>> posted_until(DisclosureItem.FUND_PLAN, date(2026, 3, 2))
    datetime.date(2026, 3, 9)
    """
    least = RULES[item].posted_days
    wanted = max(least or 0, days or 0)
    return posted_on + timedelta(days=wanted) if wanted else None


def next_due(item: DisclosureItem, posted_on: date) -> date | None:
    """When the next version of a periodic item must hang: a month after the period in which it was posted has ended.

    Periods are calendar quarters, half-years and years; yearly accounts are due by 31 March.

    >>> next_due(DisclosureItem.COMMON_INCOME, date(2026, 2, 10)), next_due(DisclosureItem.SERVICE_ACCOUNTS, date(2026, 2, 10))
    (datetime.date(2026, 4, 30), datetime.date(2027, 3, 31))
    """
    months = RULES[item].every_months
    if months is None:
        return None
    first_after = (posted_on.month - 1) // months * months + months
    year, month = posted_on.year + first_after // 12, first_after % 12 + 1
    if months == 12:
        return next_working_day(date(year, 3, 31))
    following = date(year + month // 12, month % 12 + 1, 1)
    return next_working_day(following - timedelta(days=1))

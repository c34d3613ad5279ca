"""Who manages the fund (FUND-6): the bureau until the assembly exists, then whom the assembly chooses."""

from datetime import date, timedelta

from domain.terms import Term

TRANSFER_DAYS = 30
"""So many days after the decision the money is at the account that the assembly chose (Order 165 art. 15)."""


class CustodyChoiceState(Term):
    """Where a choice stands."""

    PROPOSED = "PROPOSED", "Put to the owners' vote (待表决)."
    DECIDED = "DECIDED", "Decided: the bureau has the money transferred (待划转)."
    CARRIED_OUT = "CARRIED_OUT", "The money is where the owners wanted it (已落实)."
    REJECTED = "REJECTED", "The vote failed, or was called off (未通过)."
    ANNULLED = "ANNULLED", "The decision was cancelled before it was carried out (已撤销)."


def transfer_due(decided_on: date) -> date:
    """The last day of the transfer; the day of the decision is not counted (C-2).

    >>> transfer_due(date(2026, 3, 1))
    datetime.date(2026, 3, 31)
    """
    return decided_on + timedelta(days=TRANSFER_DAYS)

"""What is in the books once the fire is out."""

import sys
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from app.database import command_engine
from domain.profiles import counties
from resolvers.books import verify
from tests.faults.payers import AMOUNT, Order
from tests.faults.stage import Stage

VERIFIED = "faults in the ledger (`anju ledger verify`)"


@dataclass(frozen=True)
class Found:
    """What the database says of the clients' orders."""

    lost: int
    """Acknowledged, and not there, or another payment than the client was told of."""

    doubled: int
    """Payments, allocations, ledger transactions and fen beyond one of each an order."""

    unknown: int
    """Orders that nobody knows whether they were done."""


def settled(stage: Stage) -> int:
    """Fen that all bills have been settled by."""
    with stage.connect() as connection:
        [(amount,)] = connection.execute("SELECT coalesce(sum(settled), 0)::bigint FROM fee_bill").fetchall()
    return int(str(amount))


def compare(stage: Stage, orders: list[Order], settled_before: int) -> Found:
    """The orders with operations, payments, allocations, postings and bills."""
    keys = [order.key for order in orders]
    with stage.connect() as connection:
        rows = connection.execute(
            """SELECT o.key, p.id, count(DISTINCT a.id), count(DISTINCT t.id), count(DISTINCT g.account_id)
               FROM operation o
               LEFT JOIN payment p ON (p.county, p.id) = (o.county, o.outcome_id)
               LEFT JOIN allocation a ON (a.county, a.payment_id) = (p.county, p.id)
               LEFT JOIN ledger_transaction t ON (t.county, t.id) = (p.county, p.transaction_id)
               LEFT JOIN posting g ON (g.county, g.transaction_id) = (t.county, t.id)
               WHERE o.key = ANY (%s) GROUP BY o.county, o.id, o.key, p.id""",
            [keys],
        ).fetchall()
        [(payments,)] = connection.execute("SELECT count(*) FROM payment WHERE reference = ANY (%s)", [keys]).fetchall()
    known = {str(key): (payment, counts) for key, payment, *counts in rows}
    acknowledged = [order for order in orders if order.payment]
    lost = 0
    for order in acknowledged:
        payment, counts = known.get(order.key, (None, []))
        told = f"Payment_{order.bill.county}_{payment.hex}" if payment else None  # type: ignore[attr-defined]
        lost += told != order.payment or counts != [1, 1, 2]
    doubled = len(rows) - len(known) + max(0, int(str(payments)) - len(known))
    doubled += max(0, (settled(stage) - settled_before) // AMOUNT - len(known))
    return Found(lost, doubled, len(orders) - len(acknowledged))


async def ledger_faults(stage: Stage) -> int:
    """How many faults ``anju ledger verify`` would name; they go to standard error."""
    engine = command_engine(stage.settings.database, size=1)
    async with AsyncSession(engine) as session:
        found = [finding async for finding in verify(session, counties())]
    await engine.dispose()
    for finding in found:
        sys.stderr.write(f"{finding}\n")
    return len(found)

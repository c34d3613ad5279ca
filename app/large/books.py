"""The large demo's bills, payments and postings: nearly all of its rows.

The rows of a county follow one another, its oldest first. The indexes, which all begin with the county, are then made
of rows that are partly in order.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from uuid import UUID

from app.large import plan
from app.large.copying import Loading, Row
from app.large.fees import DUE_DAYS, TITLE, bank_account, income, last_of, receivable, run_id, run_number, units_of
from app.large.plan import Large, Place
from app.large.register import owner_name
from domain.bills import BillKind, BillState, ChargeBasis, Payer
from domain.ledger import TransactionKind
from domain.payments import Channel, PaymentState
from models.fees import FeeBill
from models.ledger import LedgerTransaction, Posting
from models.payments import Allocation, Payment

MODELS = (LedgerTransaction, FeeBill, Payment, Allocation, Posting)

BILLS_PER_PAYMENT = 6
PAID_AT = 10
"""The hour of payments; bills are issued at eight."""


@dataclass(frozen=True, slots=True)
class Home:
    """A billed unit: what its rows repeat."""

    place: Place
    number: int
    id: UUID
    receivable: UUID
    area: int
    amount: int
    """Fen of each monthly bill."""
    paid_groups: int


@dataclass(frozen=True, slots=True)
class Billed:
    """A billed place with its homes."""

    place: Place
    homes: list[Home]


@dataclass(frozen=True, slots=True)
class Paid:
    """One payment of a home's half-year."""

    home: Home
    group: int
    number: int
    day: date
    id: UUID
    transaction: UUID


def load(large: Large, loading: Loading) -> None:
    """Bills of every month, payments of half-years, and the postings of both; runs and accounts are there."""
    places = sorted((place for place in large.places if place.billed), key=lambda place: place.county)
    billed = [Billed(place, [_home(large, place, unit) for unit in units_of(place)]) for place in places]
    runs = len(billed) * len(large.months)
    bills = sum(len(each.homes) for each in billed) * len(large.months)
    payments = sum(home.paid_groups for each in billed for home in each.homes)
    loading.copy(LedgerTransaction, _TRANSACTION, _transactions(large, billed), runs + payments)
    loading.copy(FeeBill, _BILL, _bills(large, billed), bills)
    loading.copy(Payment, _PAYMENT, _payments(large, billed), payments)
    loading.copy(Allocation, _ALLOCATION, _allocations(large, billed), payments * BILLS_PER_PAYMENT)
    loading.copy(Posting, _POSTING, _postings(large, billed), bills + runs + 2 * payments)


def _home(large: Large, place: Place, unit: int) -> Home:
    return Home(
        place, unit, large.unit_id(unit), receivable(large, unit), large.area_of(unit), large.bill_amount(place, unit),
        large.paid_groups(unit),
    )  # fmt: skip


def _by_county(billed: list[Billed]) -> Iterator[list[Billed]]:
    for _, of_county in groupby(billed, lambda each: each.place.county):
        yield list(of_county)


def _runs(large: Large, billed: list[Billed]) -> Iterator[tuple[Place, list[Home], int, date]]:
    """Each place and its homes with each month: its number and first day."""
    for of_county in _by_county(billed):
        for month, day in enumerate(large.months):
            for each in of_county:
                yield each.place, each.homes, month, day


def _paid(large: Large, billed: list[Billed]) -> Iterator[Paid]:
    for of_county in _by_county(billed):
        for group in range(large.groups):
            for each in of_county:
                for home in each.homes:
                    if group < home.paid_groups:
                        number, day = home.number * 100 + group, _paid_on(large, home, group)
                        transaction = large.ident(plan.TRANSACTION, 1_000_000_000 + number, day)
                        yield Paid(home, group, number, day, large.ident(plan.PAYMENT, number, day), transaction)


def _paid_on(large: Large, home: Home, group: int) -> date:
    """When a unit paid a half-year: within ten days after its last bill came."""
    return large.months[group * BILLS_PER_PAYMENT + BILLS_PER_PAYMENT - 1] + timedelta(days=home.number % 10)


def _recorder(large: Large, pay: Paid) -> tuple[UUID | None, str | None]:
    """The account or the client that recorded a payment: three of four come through the bank."""
    return (None, large.bank) if pay.home.number % 4 else (pay.home.place.company.admin, None)


def _reference(large: Large, pay: Paid) -> str:
    return f"L{large.seed}-{pay.number:010}"


def _run_transaction(large: Large, place: Place, month: int) -> UUID:
    return large.ident(plan.TRANSACTION, place.number * 1_000 + month, large.months[month])


def _bill_id(large: Large, home: Home, month: int) -> UUID:
    return large.ident(plan.BILL, home.number * 1_000 + month, large.months[month])


_TRANSACTION = (
    "county", "id", "kind", "occurred_on", "reason", "reference", "posted_by", "posted_by_client", "posted_at",
)  # fmt: skip


def _transactions(large: Large, billed: list[Billed]) -> Iterator[Row]:
    for place, _, month, day in _runs(large, billed):
        yield (
            place.county, _run_transaction(large, place, month), TransactionKind.BILLS_ISSUED, day, TITLE,
            run_number(large, place, month), None, None, large.at(day),
        )  # fmt: skip
    for pay in _paid(large, billed):
        account, client = _recorder(large, pay)
        yield (
            pay.home.place.county, pay.transaction, TransactionKind.PAYMENT, pay.day,
            Channel.BANK if client else Channel.TRANSFER, _reference(large, pay), account, client,
            large.at(pay.day, PAID_AT),
        )  # fmt: skip


_BILL = (
    "county", "number", "id", "unit_id", "amount", "settled", "state", "paid_on", "updated_at", "area", "receivable_id",
    "unit_price", "estate_id", "area_id", "company_id", "township", "community", "charge_item_id", "item_disclosure_id",
    "bill_run_id", "transaction_id", "kind", "payer", "title", "basis", "period_from", "period_to", "issued_on",
    "due_on", "created_at",
)  # fmt: skip


def _bills(large: Large, billed: list[Billed]) -> Iterator[Row]:
    # A million rows: what the bills of a run share is made once.
    for p, homes, month, day in _runs(large, billed):
        group, issued, number = month // BILLS_PER_PAYMENT, large.at(day), run_number(large, p, month)
        shared = (
            p.price, p.estate_id, p.area_id, p.company.id, p.township, p.community, p.item_id,
            large.ident(plan.SHOWN, p.number), run_id(large, p, month), _run_transaction(large, p, month),
            BillKind.PRINCIPAL, Payer.OWNER, TITLE, ChargeBasis.AREA, day, last_of(day), day,
            day + timedelta(days=DUE_DAYS), issued,
        )  # fmt: skip
        for at, home in enumerate(homes, 1):
            state: Row = 0, BillState.ISSUED, None, issued
            if group < home.paid_groups:
                paid = _paid_on(large, home, group)
                state = home.amount, BillState.PAID, paid, large.at(paid, PAID_AT)
            yield (
                p.county, f"{number}-{at:06}", _bill_id(large, home, month), home.id, home.amount, *state, home.area,
                home.receivable, *shared,
            )  # fmt: skip


_PAYMENT = (
    "county", "id", "unit_id", "company_id", "area_id", "township", "community", "channel", "issuer", "reference",
    "amount", "payer_name", "received_on", "recorded_by", "recorded_by_client", "transaction_id", "state", "created_at",
)  # fmt: skip


def _payments(large: Large, billed: list[Billed]) -> Iterator[Row]:
    for pay in _paid(large, billed):
        home, p = pay.home, pay.home.place
        account, client = _recorder(large, pay)
        yield (
            p.county, pay.id, home.id, p.company.id, p.area_id, p.township, p.community,
            Channel.BANK if client else Channel.TRANSFER, client or str(p.company.id), _reference(large, pay),
            home.amount * BILLS_PER_PAYMENT, owner_name(large, home.number), pay.day, account, client, pay.transaction,
            PaymentState.SUCCEEDED, large.at(pay.day, PAID_AT),
        )  # fmt: skip


_ALLOCATION = ("county", "id", "payment_id", "bill_id", "amount", "occurred_on", "created_at")


def _allocations(large: Large, billed: list[Billed]) -> Iterator[Row]:
    for pay in _paid(large, billed):
        home, first, made = pay.home, pay.group * BILLS_PER_PAYMENT, large.at(pay.day, PAID_AT)
        for at in range(BILLS_PER_PAYMENT):
            ident, bill = large.ident(plan.ALLOCATION, pay.number * 10 + at, pay.day), _bill_id(large, home, first + at)
            yield home.place.county, ident, pay.id, bill, home.amount, pay.day, made


_POSTING = ("county", "transaction_id", "line", "account_id", "occurred_on", "amount")


def _postings(large: Large, billed: list[Billed]) -> Iterator[Row]:
    for place, homes, month, day in _runs(large, billed):
        transaction = _run_transaction(large, place, month)
        for at, home in enumerate(homes, 1):
            yield place.county, transaction, at, home.receivable, day, home.amount
        total = sum(home.amount for home in homes)
        yield place.county, transaction, len(homes) + 1, income(large, place), day, -total
    for pay in _paid(large, billed):
        home, paid = pay.home, pay.home.amount * BILLS_PER_PAYMENT
        yield home.place.county, pay.transaction, 1, bank_account(large, home.place), pay.day, paid
        yield home.place.county, pay.transaction, 2, home.receivable, pay.day, -paid

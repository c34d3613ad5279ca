"""The large demo's charge items, bill runs, bills, payments and their postings."""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache

from app.large import plan
from app.large.copying import Loading, hex_ident, line
from app.large.plan import Large, Place
from app.large.register import code, owner_name
from domain.bills import BillKind, BillState, ChargeBasis, ChargeCategory, ChargeItemState, Payer, RunState
from domain.contracts import ContractMode
from domain.disclosures import DisclosureItem
from domain.ledger import AccountKind, TransactionKind
from domain.payments import Channel, PaymentState
from domain.roles import Role
from models.disclosures import Disclosure, DisclosureEntry
from models.fees import BillRun, ChargeItem, ChargeItemDisclosure, FeeBill
from models.ledger import LedgerAccount, LedgerTransaction, Posting
from models.payments import Allocation, Payment

MODELS = (
    DisclosureEntry, Disclosure, ChargeItem, ChargeItemDisclosure, BillRun, FeeBill, LedgerAccount, LedgerTransaction,
    Posting, Payment, Allocation,
)  # fmt: skip
GROWING = (FeeBill, LedgerTransaction, Posting, Payment, Allocation)

DUE_DAYS = 19
TITLE = "物业服务费"
BILLS_PER_PAYMENT = 6


def load(large: Large, loading: Loading) -> None:
    """Everything about fees; the register is there."""
    _items(large, loading)
    _accounts(large, loading)
    billed = [place for place in large.places if place.billed]
    months = len(large.months)
    bills = sum(place.units for place in billed) * months
    payments = sum(large.paid_groups(unit) for place in billed for unit in units_of(place))
    loading.copy(LedgerTransaction, _TRANSACTION, _transactions(large, billed), len(billed) * months + payments)
    loading.copy(BillRun, _RUN, _runs(large, billed), len(billed) * months)
    loading.copy(FeeBill, _BILL, _bills(large, billed), bills)
    loading.copy(Payment, _PAYMENT, _payments(large, billed), payments)
    loading.copy(Allocation, _ALLOCATION, _allocations(large, billed), payments * BILLS_PER_PAYMENT)
    loading.copy(Posting, _POSTING, _postings(large, billed), bills + len(billed) * months + 2 * payments)


def units_of(place: Place) -> range:
    return range(place.first_unit, place.first_unit + place.units)


# Ids: whoever needs another row's id computes it again.


def run_id(large: Large, place: Place, month: int) -> str:
    return large.ident(plan.RUN, place.number * 1_000 + month, large.months[month])


def _run_transaction(large: Large, place: Place, month: int) -> str:
    return large.ident(plan.TRANSACTION, place.number * 1_000 + month, large.months[month])


def bill_id(large: Large, unit: int, month: int) -> str:
    """The id of a unit's bill of a month (by its place in ``large.months``)."""
    return f"{_bill_prefixes(large.seed, *large.months)[month]}{unit * 1_000 + month:012x}"


@cache
def _bill_prefixes(seed: int, *months: date) -> list[str]:
    return [hex_ident(plan.BILL, 0, seed=seed, ms=Large.ms(day))[:-12] for day in months]


def _receivable(large: Large, unit: int) -> str:
    return large.ident(plan.LEDGER, 1_000_000 + unit)


def _bank_account(large: Large, place: Place) -> str:
    return large.ident(plan.LEDGER, place.company.number)


def _income(large: Large, place: Place) -> str:
    return large.ident(plan.LEDGER, 100_000 + place.number)


def _paid_on(large: Large, unit: int, group: int) -> date:
    """When a unit paid a half-year: within ten days after its last bill came."""
    return large.months[group * BILLS_PER_PAYMENT + BILLS_PER_PAYMENT - 1] + timedelta(days=unit % 10)


def _items(large: Large, loading: Loading) -> None:
    since = large.months[0] - timedelta(days=20)
    at = f"{since} 09:00:00+08"
    count = len(large.places)
    loading.copy(
        ChargeItem,
        (
            "county", "id", "area_id", "company_id", "contract_id", "township", "community", "code", "name", "category",
            "mode", "basis", "unit_price", "period_months", "due_days", "guide_price", "service_content", "valid_from",
            "state",
        ),
        (
            line(
                p.county, p.item_id, p.area_id, p.company.id, large.ident(plan.CONTRACT, p.number), p.township,
                p.community, "PM", TITLE, ChargeCategory.PROPERTY_SERVICE, ContractMode.LUMP_SUM, ChargeBasis.AREA,
                p.price, 1, DUE_DAYS, False, "三星级服务（虚构）", since, ChargeItemState.DISCLOSED,
            )
            for p in large.places
        ),
        count,
    )  # fmt: skip
    loading.copy(
        DisclosureEntry,
        (
            "county", "id", "area_id", "township", "community", "item", "subject_type", "subject_id", "current_id",
            "current_version", "posted_on",
        ),
        (
            line(
                p.county, large.ident(plan.ENTRY, p.number), p.area_id, p.township, p.community, DISCLOSED, "charge_item",
                p.item_id, large.ident(plan.POSTING, p.number), 1, since,
            )
            for p in large.places
        ),
        count,
    )  # fmt: skip
    loading.copy(
        Disclosure,
        (
            "county", "id", "entry_id", "version", "area_id", "estate_id", "township", "community", "item",
            "subject_type", "subject_id", "title", "body", "digest", "valid_from", "posted_on", "published_at",
            "publisher_role", "publisher_name", "company_id", "objection_contact",
        ),
        (
            line(
                p.county, large.ident(plan.POSTING, p.number), large.ident(plan.ENTRY, p.number), 1, p.area_id, p.estate_id,
                p.township, p.community, DISCLOSED,
                "charge_item", p.item_id, f"{TITLE}收费标准", f"{p.price / 100:.2f}元/平方米·月（虚构）", "0" * 64, since,
                since, at, Role.COMPANY_ADMIN, p.company.name, p.company.id, "物业服务中心（演示）",
            )
            for p in large.places
        ),
        count,
    )  # fmt: skip
    loading.copy(
        ChargeItemDisclosure,
        ("county", "id", "charge_item_id", "disclosure_id", "unit_price", "created_at"),
        (
            line(
                p.county, large.ident(plan.SHOWN, p.number), p.item_id, large.ident(plan.POSTING, p.number), p.price, at
            )
            for p in large.places
        ),
        count,
    )


DISCLOSED = DisclosureItem.CHARGES


def _accounts(large: Large, loading: Loading) -> None:
    columns = ("county", "id", "kind", "unit_id", "area_id", "company_id", "opened_on")
    since = large.months[0]

    def rows() -> Iterator[str]:
        seen = set()
        for p in large.places:
            if p.company.number not in seen:
                seen.add(p.company.number)
                yield line(p.county, _bank_account(large, p), AccountKind.BANK, None, None, p.company.id, since)
            yield line(p.county, _income(large, p), AccountKind.FEE_INCOME, None, p.area_id, p.company.id, since)
            for u in units_of(p):
                yield line(
                    p.county, _receivable(large, u), AccountKind.RECEIVABLE, large.unit_id(u), None, p.company.id, since
                )

    loading.copy(LedgerAccount, columns, rows(), len(large.companies) + len(large.places) + large.units)


_TRANSACTION = (
    "county", "id", "kind", "occurred_on", "reason", "reference", "posted_by", "posted_by_client", "posted_at",
)  # fmt: skip


def _transactions(large: Large, billed: list[Place]) -> Iterator[str]:
    for month, day in enumerate(large.months):
        for p in billed:
            yield line(
                p.county, _run_transaction(large, p, month), TransactionKind.BILLS_ISSUED, day, TITLE,
                run_number(large, p, month), None, None, f"{day} 08:00:00+08",
            )  # fmt: skip
    for pay in _paid(large, billed):
        yield line(
            pay.place.county, pay.transaction, TransactionKind.PAYMENT, pay.day, pay.channel, pay.reference, pay.account,
            pay.client, pay.at,
        )  # fmt: skip


_RUN = (
    "county", "id", "number", "charge_item_id", "item_disclosure_id", "area_id", "company_id", "township", "community",
    "period_from", "period_to", "issued_on", "due_on", "state", "planned", "issued", "amount", "started_by",
    "started_at", "finished_at", "created_at",
)  # fmt: skip


def run_number(large: Large, place: Place, month: int) -> str:
    return f"{large.months[month]:%Y%m}-{code('L', large, place)}"


def last_of(month: date) -> date:
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def _runs(large: Large, billed: list[Place]) -> Iterator[str]:
    totals = {p.number: sum(large.bill_amount(p, unit) for unit in units_of(p)) for p in billed}
    for month, day in enumerate(large.months):
        at = f"{day} 08:00:00+08"
        for p in billed:
            yield line(
                p.county, run_id(large, p, month), run_number(large, p, month), p.item_id,
                large.ident(plan.SHOWN, p.number), p.area_id, p.company.id, p.township, p.community, day, last_of(day),
                day, day + timedelta(days=DUE_DAYS), RunState.DONE, p.units, p.units, totals[p.number],
                p.company.admin, at, at, at,
            )  # fmt: skip


_BILL = (
    "county", "number", "id", "unit_id", "amount", "settled", "state", "paid_on", "updated_at", "area", "receivable_id",
    "unit_price", "estate_id", "area_id", "company_id", "township", "community", "charge_item_id", "item_disclosure_id",
    "bill_run_id", "transaction_id", "kind", "payer", "title", "basis", "period_from", "period_to", "issued_on",
    "due_on", "created_at",
)  # fmt: skip


def _bills(large: Large, billed: list[Place]) -> Iterator[str]:
    # A million lines: what the bills of a run share is written once.
    unit_ids = {unit: large.unit_id(unit) for p in billed for unit in units_of(p)}
    receivable = {unit: _receivable(large, unit) for unit in unit_ids}
    for month, day in enumerate(large.months):
        group, issued = month // BILLS_PER_PAYMENT, f"{day} 08:00:00+08"
        for p in billed:
            number = run_number(large, p, month)
            shared = line(
                p.price, p.estate_id, p.area_id, p.company.id, p.township, p.community, p.item_id,
                large.ident(plan.SHOWN, p.number), run_id(large, p, month), _run_transaction(large, p, month),
                BillKind.PRINCIPAL, Payer.OWNER, TITLE, ChargeBasis.AREA, day, last_of(day), day,
                day + timedelta(days=DUE_DAYS), issued,
            )  # fmt: skip
            for at, unit in enumerate(units_of(p), 1):
                amount = large.bill_amount(p, unit)
                if group < large.paid_groups(unit):
                    paid = _paid_on(large, unit, group)
                    state = f"{amount}\t{BillState.PAID.value}\t{paid}\t{paid} 10:00:00+08"
                else:
                    state = f"0\t{BillState.ISSUED.value}\t\\N\t{issued}"
                yield (
                    f"{p.county}\t{number}-{at:06}\t{bill_id(large, unit, month)}\t{unit_ids[unit]}\t{amount}\t{state}"
                    f"\t{large.area_of(unit)}\t{receivable[unit]}\t{shared}"
                )


class _Payment:
    """One payment of a unit's half-year."""

    __slots__ = ("account", "amount", "at", "channel", "client", "day", "group", "id", "issuer", "number", "place",
                 "reference", "transaction", "unit")  # fmt: skip

    def __init__(self, large: Large, place: Place, unit: int, group: int, day: date) -> None:
        self.place, self.unit, self.group, self.day = place, unit, group, day
        self.number = number = unit * 100 + group
        self.id = large.ident(plan.PAYMENT, number, day)
        self.transaction = large.ident(plan.TRANSACTION, 1_000_000_000 + number, day)
        self.amount = large.bill_amount(place, unit) * BILLS_PER_PAYMENT
        self.at = f"{day} 10:00:00+08"
        self.reference = f"L{large.seed}-{number:010}"
        by_bank = unit % 4 != 0
        self.channel = (Channel.BANK if by_bank else Channel.TRANSFER).value
        self.client = large.bank if by_bank else None
        self.account = None if by_bank else place.company.admin
        self.issuer = large.bank if by_bank else place.company.id


def _paid(large: Large, billed: list[Place]) -> Iterator[_Payment]:
    for group in range(large.groups):
        for p in billed:
            for unit in units_of(p):
                if group < large.paid_groups(unit):
                    yield _Payment(large, p, unit, group, _paid_on(large, unit, group))


_PAYMENT = (
    "county", "id", "unit_id", "company_id", "area_id", "township", "community", "channel", "issuer", "reference",
    "amount", "payer_name", "received_on", "recorded_by", "recorded_by_client", "transaction_id", "state", "created_at",
)  # fmt: skip


def _payments(large: Large, billed: list[Place]) -> Iterator[str]:
    for pay in _paid(large, billed):
        p = pay.place
        yield line(
            p.county, pay.id, large.unit_id(pay.unit), p.company.id, p.area_id, p.township, p.community, pay.channel,
            pay.issuer, pay.reference, pay.amount, owner_name(large, pay.unit), pay.day, pay.account, pay.client,
            pay.transaction, PaymentState.SUCCEEDED, pay.at,
        )  # fmt: skip


_ALLOCATION = ("county", "id", "payment_id", "bill_id", "amount", "occurred_on", "created_at")


def _allocations(large: Large, billed: list[Place]) -> Iterator[str]:
    for pay in _paid(large, billed):
        amount = large.bill_amount(pay.place, pay.unit)
        first = pay.group * BILLS_PER_PAYMENT
        for at in range(BILLS_PER_PAYMENT):
            ident = large.ident(plan.ALLOCATION, pay.number * 10 + at, pay.day)
            bill = bill_id(large, pay.unit, first + at)
            yield f"{pay.place.county}\t{ident}\t{pay.id}\t{bill}\t{amount}\t{pay.day}\t{pay.at}\n"


_POSTING = ("county", "transaction_id", "line", "account_id", "occurred_on", "amount")


def _postings(large: Large, billed: list[Place]) -> Iterator[str]:
    receivable = {unit: _receivable(large, unit) for p in billed for unit in units_of(p)}
    for month, day in enumerate(large.months):
        for p in billed:
            transaction, total = _run_transaction(large, p, month), 0
            for at, unit in enumerate(units_of(p), 1):
                amount = large.bill_amount(p, unit)
                total += amount
                yield f"{p.county}\t{transaction}\t{at}\t{receivable[unit]}\t{day}\t{amount}\n"
            yield line(p.county, transaction, p.units + 1, _income(large, p), day, -total)
    for pay in _paid(large, billed):
        county = pay.place.county
        yield line(county, pay.transaction, 1, _bank_account(large, pay.place), pay.day, pay.amount)
        yield line(county, pay.transaction, 2, receivable[pay.unit], pay.day, -pay.amount)

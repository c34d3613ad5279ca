"""The large demo's charge items with their disclosures, ledger accounts and bill runs."""

from collections.abc import Iterator
from datetime import date, timedelta
from uuid import UUID

from psycopg.types.json import Jsonb

from app.large import plan
from app.large.copying import Loading, Row
from app.large.plan import Large, Place
from app.large.register import code
from domain.bills import ChargeBasis, ChargeCategory, ChargeItemState, RunState
from domain.contracts import ContractMode
from domain.disclosures import DisclosureItem
from domain.ledger import AccountKind
from domain.roles import Role
from models.disclosures import Disclosure, DisclosureEntry
from models.fees import BillRun, ChargeItem, ChargeItemDisclosure
from models.ledger import LedgerAccount

MODELS = (DisclosureEntry, Disclosure, ChargeItem, ChargeItemDisclosure, BillRun, LedgerAccount)

DUE_DAYS = 19
TITLE = "物业服务费"
ITEM_CODE = "PM"
"""Of the charge item, under which its posting shows the price (``resolvers.charge_items``)."""


def load(large: Large, loading: Loading) -> None:
    """What the bills rest on; the register is there."""
    _items(large, loading)
    _accounts(large, loading)
    billed = [place for place in large.places if place.billed]
    loading.copy(BillRun, _RUN, _runs(large, billed), len(billed) * len(large.months))


def units_of(place: Place) -> range:
    return range(place.first_unit, place.first_unit + place.units)


# Ids: whoever needs another row's id computes it again.


def run_id(large: Large, place: Place, month: int) -> UUID:
    return large.ident(plan.RUN, place.number * 1_000 + month, large.months[month])


def receivable(large: Large, unit: int) -> UUID:
    return large.ident(plan.LEDGER, 1_000_000 + unit)


def bank_account(large: Large, place: Place) -> UUID:
    return large.ident(plan.LEDGER, place.company.number)


def income(large: Large, place: Place) -> UUID:
    return large.ident(plan.LEDGER, 100_000 + place.number)


def _items(large: Large, loading: Loading) -> None:
    since = large.months[0] - timedelta(days=20)
    at = large.at(since, 9)
    count = len(large.places)
    loading.copy(
        ChargeItem,
        (
            "county", "id", "area_id", "company_id", "contract_id", "township", "community", "code", "name", "category",
            "mode", "basis", "unit_price", "period_months", "due_days", "guide_price", "service_content", "valid_from",
            "state",
        ),
        (
            (
                p.county, p.item_id, p.area_id, p.company.id, large.ident(plan.CONTRACT, p.number), p.township,
                p.community, ITEM_CODE, TITLE, ChargeCategory.PROPERTY_SERVICE, ContractMode.LUMP_SUM, ChargeBasis.AREA,
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
            (
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
            "subject_type", "subject_id", "title", "body", "content", "digest", "valid_from", "posted_on", "published_at",
            "publisher_role", "publisher_name", "company_id", "objection_contact",
        ),
        (
            (
                p.county, large.ident(plan.POSTING, p.number), large.ident(plan.ENTRY, p.number), 1, p.area_id, p.estate_id,
                p.township, p.community, DISCLOSED,
                "charge_item", p.item_id, f"{TITLE}收费标准", f"{p.price / 100:.2f}元/平方米·月（虚构）",
                Jsonb({"prices": {ITEM_CODE: p.price}}), "0" * 64, since,
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
            (p.county, large.ident(plan.SHOWN, p.number), p.item_id, large.ident(plan.POSTING, p.number), p.price, at)
            for p in large.places
        ),
        count,
    )


DISCLOSED = DisclosureItem.CHARGES


def _accounts(large: Large, loading: Loading) -> None:
    columns = ("county", "id", "kind", "unit_id", "area_id", "company_id", "opened_on")
    since = large.months[0]

    def rows() -> Iterator[Row]:
        seen = set()
        for p in large.places:
            if p.company.number not in seen:
                seen.add(p.company.number)
                yield (p.county, bank_account(large, p), AccountKind.BANK, None, None, p.company.id, since)
            yield (p.county, income(large, p), AccountKind.FEE_INCOME, None, p.area_id, p.company.id, since)
            for u in units_of(p):
                yield (
                    p.county,
                    receivable(large, u),
                    AccountKind.RECEIVABLE,
                    large.unit_id(u),
                    None,
                    p.company.id,
                    since,
                )

    loading.copy(LedgerAccount, columns, rows(), len(large.companies) + len(large.places) + large.units)


_RUN = (
    "county", "id", "number", "charge_item_id", "item_disclosure_id", "area_id", "company_id", "township", "community",
    "period_from", "period_to", "issued_on", "due_on", "state", "planned", "issued", "amount", "started_by",
    "started_at", "finished_at", "created_at",
)  # fmt: skip


def run_number(large: Large, place: Place, month: int) -> str:
    return f"{large.months[month]:%Y%m}-{code('L', large, place)}"


def last_of(month: date) -> date:
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def _runs(large: Large, billed: list[Place]) -> Iterator[Row]:
    totals = {p.number: sum(large.bill_amount(p, unit) for unit in units_of(p)) for p in billed}
    for month, day in enumerate(large.months):
        at = large.at(day)
        for p in billed:
            yield (
                p.county, run_id(large, p, month), run_number(large, p, month), p.item_id,
                large.ident(plan.SHOWN, p.number), p.area_id, p.company.id, p.township, p.community, day, last_of(day),
                day, day + timedelta(days=DUE_DAYS), RunState.DONE, p.units, p.units, totals[p.number],
                p.company.admin, at, at, at,
            )  # fmt: skip

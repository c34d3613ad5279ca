"""The matrix's conditions on charges, bills, payments and the books."""

from collections.abc import Callable, Mapping
from typing import Any

from auth.actor import Actor, Grant
from domain.roles import RESIDENTS, Role
from models.checkouts import Checkout, CheckoutBill, PayMerchant
from models.estates import Unit
from models.fee_invoices import FeeInvoice
from models.fee_receipts import DailyClose, FeeReceipt
from models.fee_refunds import FeeRefund
from models.fees import BillAdjustment, BillDispute, BillRun, ChargeItem, ChargeItemDisclosure, FeeBill
from models.ledger import LedgerAccount, LedgerTransaction, Posting
from models.meters import Meter, MeterReading, SharedCost, SharedCostPart
from models.pay_bills import PayBill, PayDifference
from models.pay_settlements import PaySettlement
from models.payments import Allocation, Payment
from models.prices import FeeAccount, FeeQuestion, PriceIncrease
from models.vacancies import UnitVacancy

KNOWN = (
    PriceIncrease,
    FeeAccount,
    ChargeItem,
    BillRun,
    FeeBill,
    UnitVacancy,
    Meter,
    SharedCost,
    Payment,
    Checkout,
    PayMerchant,
    FeeInvoice,
    FeeReceipt,
    FeeRefund,
    DailyClose,
    PayBill,
    PayDifference,
    PaySettlement,
    LedgerAccount,
    LedgerTransaction,
)
PARENTS: Mapping[type[Any], tuple[str, type[Any]]] = {
    ChargeItemDisclosure: ("charge_item_id", ChargeItem),
    FeeQuestion: ("fee_account_id", FeeAccount),
    BillAdjustment: ("bill_id", FeeBill),
    BillDispute: ("bill_id", FeeBill),
    Allocation: ("payment_id", Payment),
    MeterReading: ("meter_id", Meter),
    SharedCostPart: ("cost_id", SharedCost),
    CheckoutBill: ("checkout_id", Checkout),
    Posting: ("account_id", LedgerAccount),
}


def own(places: Any, actor: Actor, grant: Grant, row: Any) -> bool | None:
    """Companies: what is owed or was paid to them. Banks: what they collect by agreement, and what they recorded. Residents:
    charges of their area. ``None`` for others, whose place decides."""
    if isinstance(row, LedgerTransaction):
        return grant.role is Role.BUREAU or _touches_a_seen_account(places, actor, grant, row)
    match grant.role:
        case Role.OWNER if isinstance(row, LedgerAccount) and row.kind in ("COMMON_INCOME", "COMMON_MONEY"):
            return bool(places.one(Unit, row.county, grant.unit_id).area_id == row.area_id)
        case Role.BANK if isinstance(row, Payment):
            return row.recorded_by_client is not None and row.recorded_by_client == actor.client_id
        case Role.BANK:
            return "fees:collect" in grant.scopes
        case Role.COMPANY_ADMIN | Role.COMPANY_STAFF:
            return bool(row.company_id == grant.company_id)
        case Role.PROJECT_LEADER:
            in_area = getattr(row, "area_id", grant.area_id) == grant.area_id
            return bool(row.company_id == grant.company_id and in_area)
        case role if role in RESIDENTS and isinstance(row, ChargeItem | SharedCost | PriceIncrease | FeeAccount):
            return bool(places.one(Unit, row.county, grant.unit_id).area_id == row.area_id)
        case role if role in RESIDENTS and isinstance(row, Meter):
            same_area = places.one(Unit, row.county, grant.unit_id).area_id == row.area_id
            return bool(row.unit_id == grant.unit_id or (row.unit_id is None and same_area))
        case Role.COMMITTEE if isinstance(row, LedgerAccount):
            return bool(row.area_id == grant.area_id)
    return None


def _touches_a_seen_account(places: Any, actor: Actor, grant: Grant, transaction: LedgerTransaction) -> bool:
    accounts = {line.account_id for line in places.world.children(Posting.transaction_id, transaction)}
    return any(
        grant.role in places.sees(actor, LedgerAccount, places.one(LedgerAccount, transaction.county, account_id))
        for account_id in accounts
    )


# ``own`` judges what asks for the actor.
CONDITIONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "own_or_common": lambda _places, _row: True,
    "common": lambda _places, row: row.unit_id is None,
    "disclosed": lambda _places, row: row.state != "DEFINED",
    "collects": lambda _places, _row: True,
    "recorded": lambda _places, _row: True,
    "towards_company": lambda _places, row: row.company_id is not None,
    "of_the_fund": lambda _places, row: row.company_id is None,
}

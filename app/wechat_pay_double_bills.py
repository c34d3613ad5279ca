"""What the double of WeChat Pay writes into a merchant's bill of a day."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from app.wechat_pay_bills import (
    AMOUNT,
    FEE,
    FIELDS,
    MERCHANT,
    MONEY,
    NUMBER,
    REFERENCE,
    REFUND_AMOUNT,
    REFUND_NUMBER,
    REFUND_REFERENCE,
    REFUND_STATE,
    STATE,
    TIME,
    written,
)
from domain.calendar import SHANGHAI

FEE_RATE = Decimal("0.006")
"""What the double keeps of a payment."""

Told = Mapping[str, Any]


def bill_of(orders: Iterable[Told], refunds: Iterable[Told], merchant: str, day: str) -> bytes | None:
    """The bill of a merchant's day; ``None`` when nothing was paid or sent back."""
    rows = [*(_paid(one) for one in orders if one.get("transaction_id")), *(_refunded(one) for one in refunds)]
    rows = [row for row in rows if row[MERCHANT] == merchant and row[TIME].startswith(day)]
    return written(rows).encode() if rows else None


def _paid(order: Mapping[str, Any]) -> dict[str, str]:
    """An order as a bill tells it."""
    yuan = f"{Decimal(order['amount']['total']) / 100:.2f}"
    return {
        **dict.fromkeys(FIELDS, ""),
        TIME: _time(order["success_time"]),
        MERCHANT: order["sub_mchid"],
        REFERENCE: order["transaction_id"],
        NUMBER: order["out_trade_no"],
        STATE: "SUCCESS",
        MONEY: "CNY",
        AMOUNT: yuan,
        REFUND_AMOUNT: "0.00",
        FEE: f"{Decimal(yuan) * FEE_RATE:.5f}",
    }


def _refunded(made: Mapping[str, Any]) -> dict[str, str]:
    return {
        **_paid(made["order"]),
        TIME: _time(made["create_time"]),
        STATE: "REFUND",
        AMOUNT: "0.00",
        FEE: "0.00000",
        REFUND_REFERENCE: made["refund_id"],
        REFUND_NUMBER: made["out_refund_no"],
        REFUND_AMOUNT: f"{Decimal(made['amount']['refund']) / 100:.2f}",
        REFUND_STATE: made["status"],
    }


def _time(instant: str) -> str:
    return datetime.fromisoformat(instant).astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")

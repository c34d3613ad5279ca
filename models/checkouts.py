"""Payments at a payment service: companies' merchant numbers, and orders on their way."""

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.checkouts import CheckoutFailure, CheckoutState, MerchantState, PayService
from models.base import CountyRow, CreatedAt, Fen, UpdatedAt, index, link, one_of, unique


class PayMerchant(CountyRow):
    """A company's merchant number at a payment service (特约商户号): recorded by the company, confirmed by the bureau."""

    __tablename__ = "pay_merchant"
    __table_args__ = (
        link("company_id", "company"),
        index("company_id", "created_at", "id"),
        index("created_at", "id"),
        unique("service", "number", where=text("state <> 'ENDED'"), name="uq_pay_merchant_number"),
        unique("company_id", "service", where=text("state <> 'ENDED'"), name="uq_pay_merchant_one_a_company"),
        one_of("service", PayService),
        one_of("state", MerchantState),
        CheckConstraint("(confirmed_by IS NULL) = (confirmed_at IS NULL)", name="confirmed_whole"),
        CheckConstraint("state <> 'CONFIRMED' OR confirmed_at IS NOT NULL", name="confirmed_by_somebody"),
        CheckConstraint("confirmed_by <> recorded_by", name="confirmed_by_another"),
    )

    company_id: Mapped[uuid.UUID]
    service: Mapped[str]
    number: Mapped[str]
    """What the service calls the company: WeChat's ``sub_mchid``."""
    state: Mapped[str] = mapped_column(server_default=MerchantState.RECORDED)
    recorded_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    confirmed_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    confirmed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]


class Checkout(CountyRow):
    """An order at a payment service (支付订单) for one unit's bills of one company. Its id, without hyphens, is its number
    there."""

    __tablename__ = "checkout"
    __table_args__ = (
        link("unit_id", "unit"),
        link("company_id", "company"),
        link("area_id", "property_area"),
        link("merchant_id", "pay_merchant"),
        link("payment_id", "payment"),
        index("unit_id", "created_at", "id"),
        index("company_id", "created_at", "id"),
        index("area_id", "created_at", "id"),
        index("created_at", "id"),
        index("merchant_id", "created_at"),
        unique("payment_id"),
        one_of("state", CheckoutState),
        one_of("failure", CheckoutFailure),
        one_of("ending", CheckoutFailure),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("advance BETWEEN 0 AND amount", name="advance_within_amount"),
        CheckConstraint("(state IN ('SUCCEEDED', 'REFUNDED')) = (payment_id IS NOT NULL)", name="paid_names_payment"),
        CheckConstraint("(state = 'FAILED') = (failure IS NOT NULL)", name="failed_says_why"),
        CheckConstraint("state <> 'PENDING' OR prepay_id IS NOT NULL", name="pending_is_known_there"),
    )

    unit_id: Mapped[uuid.UUID]
    company_id: Mapped[uuid.UUID]
    area_id: Mapped[uuid.UUID]
    merchant_id: Mapped[uuid.UUID]
    amount: Mapped[Fen]
    advance: Mapped[Fen]
    """What of the amount is for no bill yet (FEE-4)."""
    appid: Mapped[str]
    """The mini-program in which it is paid."""
    prepay_id: Mapped[str | None]
    """What the service calls the order that its payer confirms."""
    state: Mapped[str] = mapped_column(server_default=CheckoutState.CREATED)
    failure: Mapped[str | None]
    refusal: Mapped[str | None]
    """The service's code where it did not take the order."""
    ending: Mapped[str | None]
    """Why it is being closed at the service, while it is."""
    looks: Mapped[int] = mapped_column(server_default="0", default=0)
    """How often the service was asked what came of it."""
    opened_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    expires_at: Mapped[datetime]
    paid_at: Mapped[datetime | None]
    payment_id: Mapped[uuid.UUID | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[UpdatedAt]


class CheckoutBill(CountyRow):
    """A bill that a checkout is for, and what was open on it when the checkout was opened."""

    __tablename__ = "checkout_bill"
    __table_args__ = (
        link("checkout_id", "checkout"),
        link("bill_id", "fee_bill"),
        unique("checkout_id", "bill_id"),
        index("bill_id", "id"),
        index("checkout_id", "id"),
        CheckConstraint("amount > 0", name="amount_positive"),
        {"info": {"append_only": True}},
    )

    checkout_id: Mapped[uuid.UUID]
    bill_id: Mapped[uuid.UUID]
    amount: Mapped[Fen]

"""Paying at a payment service as clients see it: orders on their way, and companies' merchant numbers (SM-14)."""

import datetime
from typing import TYPE_CHECKING, Any

import strawberry

from auth.policies.fees import OF_A_COMPANY
from domain.checkouts import CheckoutFailure, CheckoutState, MerchantState, PayService
from domain.roles import RESIDENTS
from models import checkouts as models
from resolvers import checkouts, merchants
from resolvers.pay_services import is_offered, pay_service
from schema.acts import act
from schema.common import DateTime, Fen
from schema.conditions import equal, of, since
from schema.engine.declare import column, computed, descending, entity, filters, listing, many, one, orders
from schema.engine.intents import changes, given, inputs, ref
from schema.engine.run import Run
from schema.engine.types import Connection, described, plain_type
from schema.fee_acts import REASON

if TYPE_CHECKING:
    from schema.areas import PropertyArea
    from schema.companies import Company
    from schema.estates import Unit
    from schema.fees import FeeBill
    from schema.payments import Payment

for _enumeration in (CheckoutFailure, CheckoutState, MerchantState, PayService):
    described(_enumeration)

WechatPayParameters = plain_type(
    "WechatPayParameters",
    "What `wx.requestPayment` takes, as it is; signed by the service provider.",
    {
        "app_id": ("str", "The mini-program in which it is paid."),
        "time_stamp": ("str", "`timeStamp`."),
        "nonce_str": ("str", "`nonceStr`."),
        "package": ("str", "`package`: `prepay_id=…`."),
        "sign_type": ("str", "`signType`."),
        "pay_sign": ("str", "`paySign`."),
    },
)


def _parameters(_run: Run, state: str, expires_at: str, appid: str, prepay_id: str | None) -> dict[str, Any] | None:
    """Only what may still be paid."""
    over = datetime.datetime.fromisoformat(expires_at) <= datetime.datetime.now(datetime.UTC)
    if state != CheckoutState.PENDING or prepay_id is None or over or not is_offered(PayService.WECHAT):
        return None
    given_over = pay_service(PayService.WECHAT).parameters(appid, prepay_id)
    return {
        "app_id": given_over["appId"],
        "time_stamp": given_over["timeStamp"],
        "nonce_str": given_over["nonceStr"],
        "package": given_over["package"],
        "sign_type": given_over["signType"],
        "pay_sign": given_over["paySign"],
    }


PAY_MERCHANT_ORDERS = orders(
    "PayMerchantOrder",
    "How merchant numbers are ordered.",
    NEWEST=(descending(models.PayMerchant.created_at), "Last recorded first."),
)


@filters("Which merchant numbers. All given conditions must hold.")
class PayMerchantFilter:
    company: strawberry.ID | None = of("Company", "company_id", "Of this company.")
    state: MerchantState | None = equal("state", "In this state.")


@entity(
    models.PayMerchant,
    "A company's own merchant number at a payment service (特约商户号): what owners pay goes there, and never to the platform.",
    orders=PAY_MERCHANT_ORDERS,
    filters=PayMerchantFilter,
    states=models.PayMerchant.state,
)
class PayMerchant:
    company: "Company" = one(models.PayMerchant.company_id, "Whose it is.")
    service: PayService = column(models.PayMerchant.service, "The payment service.")
    number: str = column(models.PayMerchant.number, "The number there (`sub_mchid`).")
    state: MerchantState = column(models.PayMerchant.state, "Where it stands.")
    confirmed_at: DateTime | None = column(models.PayMerchant.confirmed_at, "When the bureau confirmed it.")
    ended_at: DateTime | None = column(models.PayMerchant.ended_at, "When it was ended.")
    created_at: DateTime = column(models.PayMerchant.created_at, "When it was recorded.")


CHECKOUT_ORDERS = orders(
    "CheckoutOrder",
    "How orders at payment services are ordered.",
    NEWEST=(descending(models.Checkout.created_at), "Last opened first."),
)


@filters("Which orders at payment services. All given conditions must hold.")
class CheckoutFilter:
    unit: strawberry.ID | None = of("Unit", "unit_id", "For this unit.")
    company: strawberry.ID | None = of("Company", "company_id", "To this company.")
    area: strawberry.ID | None = of("PropertyArea", "area_id", "In this property area.")
    state: CheckoutState | None = equal("state", "In this state.")
    updated_since: DateTime | None = since()


@entity(
    models.Checkout,
    "An order at a payment service (支付订单) for one unit's bills of one company: PENDING until the service says what became "
    "of it. Poll it, or subscribe to `checkoutChanged`.",
    orders=CHECKOUT_ORDERS,
    filters=CheckoutFilter,
    states=models.Checkout.state,
    sums={"amountSum": (models.Checkout.amount, "All amounts.")},
)
class Checkout:
    amount: Fen = column(models.Checkout.amount, "How much is to be paid.")
    advance: Fen = column(models.Checkout.advance, "How much of it is for no bill yet (预缴, FEE-4).")
    state: CheckoutState = column(models.Checkout.state, "Where it stands.")
    failure: CheckoutFailure | None = column(models.Checkout.failure, "Why nothing was paid; null unless it FAILED.")
    refusal: str | None = column(
        models.Checkout.refusal, "The service's own code, where it did not take the order.", to=frozenset(OF_A_COMPANY)
    )
    wechat_pay: "WechatPayParameters | None" = computed(  # type: ignore[valid-type]
        _parameters,
        "What to hand to `wx.requestPayment`; null unless it is PENDING and in time. Each answer is signed anew.",
        needs=[models.Checkout.state, models.Checkout.expires_at, models.Checkout.appid, models.Checkout.prepay_id],
        to=frozenset(RESIDENTS),
    )
    expires_at: DateTime = column(models.Checkout.expires_at, "When it is closed, unless it is paid by then.")
    paid_at: DateTime | None = column(models.Checkout.paid_at, "When it was paid, by the service's clock.")
    payment: "Payment | None" = one(models.Checkout.payment_id, "The payment that came of it.")
    bills: Connection["CheckoutBill"] = many(models.CheckoutBill.checkout_id, "The bills that it is for.")
    unit: "Unit" = one(models.Checkout.unit_id, "For which unit.")
    company: "Company" = one(models.Checkout.company_id, "To which company.")
    area: "PropertyArea" = one(models.Checkout.area_id, "The property area.")
    created_at: DateTime = column(models.Checkout.created_at, "When it was opened.")
    updated_at: DateTime = column(models.Checkout.updated_at, "Last change.")


@entity(models.CheckoutBill, "A bill that an order at a payment service is for.")
class CheckoutBill:
    checkout: Checkout = one(models.CheckoutBill.checkout_id, "The order.")
    bill: "FeeBill | None" = one(models.CheckoutBill.bill_id, "The bill.")
    amount: Fen = column(models.CheckoutBill.amount, "What was open on it when the order was opened.")


@inputs("Pay bills at WeChat Pay.")
class CheckoutOpenInput:
    unit_id: strawberry.ID = ref("Unit", "The unit.")
    company_id: strawberry.ID = ref("Company", "The company that is paid.")
    bill_ids: list[strawberry.ID] | None = ref(
        "FeeBill", "The bills, each with all that is open on it; principal before late fees, the oldest first (FEE-11)."
    )
    advance: Fen | None = given(
        "What to pay besides for bills to come, as far as the service contract agrees; nobody has to (FEE-4)."
    )
    appid: str = given("The mini-program.")
    code: str = given("What `wx.login` gave just now: WeChat Pay knows the payer by it.")


@inputs("Give an order up that is not paid yet.")
class CheckoutCancelInput:
    id: strawberry.ID = ref("Checkout", "The order.")


@inputs("Name a company's merchant number at a payment service.")
class PayMerchantRecordInput:
    company_id: strawberry.ID = ref("Company", "The company.")
    number: str = given("The number that the service gave the company (`sub_mchid`), digits.")
    service: PayService | None = given("The payment service; WECHAT when left out.")


@inputs("Confirm that a merchant number is the company's.")
class PayMerchantConfirmInput:
    id: strawberry.ID = ref("PayMerchant", "The merchant number.")
    reason: str = given("The paper that shows it.")


@inputs("Use a merchant number no longer.")
class PayMerchantEndInput:
    id: strawberry.ID = ref("PayMerchant", "The merchant number.")
    reason: str = given(REASON)


QUERIES = {
    "checkouts": listing("Checkout", "Orders at payment services that the caller may see."),
    "payMerchants": listing("PayMerchant", "Companies' merchant numbers that the caller may see."),
}
MUTATIONS = [
    act(
        "checkoutOpen",
        checkouts.checkout_open,
        CheckoutOpenInput,
        "Open an order at WeChat Pay for a unit's bills. By its residents. A moment later it is PENDING and has `wechatPay`.",
        {"checkout": "Checkout"},
    ),
    act(
        "checkoutCancel",
        checkouts.checkout_cancel,
        CheckoutCancelInput,
        "Give an order up: it is closed at the service, or found to be paid after all.",
        {"checkout": "Checkout"},
    ),
    act(
        "payMerchantRecord",
        merchants.pay_merchant_record,
        PayMerchantRecordInput,
        "Name a company's own merchant number; it counts once the bureau has confirmed it. By the company's admin.",
        {"merchant": "PayMerchant"},
        sensitive=True,
    ),
    act(
        "payMerchantConfirm",
        merchants.pay_merchant_confirm,
        PayMerchantConfirmInput,
        "Confirm a company's merchant number. By the bureau.",
        {"merchant": "PayMerchant"},
        sensitive=True,
    ),
    act(
        "payMerchantEnd",
        merchants.pay_merchant_end,
        PayMerchantEndInput,
        "End a company's merchant number. By the company's admin, or the bureau.",
        {"merchant": "PayMerchant"},
        sensitive=True,
    ),
]
SUBSCRIPTIONS = [changes("checkoutChanged", "Checkout", "An order at a payment service, as it changes.")]

"""WeChat Pay as a service provider uses it (API v3, 服务商模式): every company is a sub-merchant and gets its money itself.

    POST /v3/pay/partner/transactions/jsapi                              an order, for the mini-program's wx.requestPayment
    GET  /v3/pay/partner/transactions/out-trade-no/{number}              what became of it
    POST /v3/pay/partner/transactions/out-trade-no/{number}/close
    POST /v3/refund/domestic/refunds, GET /v3/refund/domestic/refunds/{number}
    GET  /v3/bill/tradebill, then the address that it names               the bill of a day, which is not signed but hashed
    GET  /v3/certificates                                                when an answer names a new key

An answer counts when it is signed; anything else leaves what happened unclear (``UnclearError``), and is asked for again.
"""

import asyncio
import json
import secrets
import time
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import httpx2
import structlog
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from app import wechat_pay_bills
from app.sms import tls
from app.wechat_pay_keys import Means, UnknownKeyError, certificates, check, now
from auth.oauth.mini_programs import MiniPrograms, ProofError
from domain.checkouts import CURRENCY, Trade, TradeState
from domain.fee_refunds import RefundWord, Repayment
from domain.pay_bills import DayBill
from resolvers.pay_services import ForgedError, Notice, Order, RefusedError, Return, UnclearError

SECONDS = 8.0
"""How long one request may take."""
SECONDS_BETWEEN_FETCHES = 60.0
"""How often certificates are fetched at most, whoever names serials."""
SHANGHAI = ZoneInfo("Asia/Shanghai")

STATES: Mapping[str, TradeState] = {
    "SUCCESS": TradeState.PAID,
    "REFUND": TradeState.PAID,
    "NOTPAY": TradeState.WAITING,
    "USERPAYING": TradeState.WAITING,
    "ACCEPT": TradeState.WAITING,
    "CLOSED": TradeState.OVER,
    "REVOKED": TradeState.OVER,
    "PAYERROR": TradeState.OVER,
}
"""``trade_state``; a later one that is not known here leaves things unclear."""

REFUNDS = frozenset({"REFUND.SUCCESS", "REFUND.ABNORMAL", "REFUND.CLOSED"})
"""Notices about refunds."""

WORDS: Mapping[str, RefundWord] = {
    "SUCCESS": RefundWord.DONE,
    "PROCESSING": RefundWord.UNDER_WAY,
    "ABNORMAL": RefundWord.STUCK,
    "CLOSED": RefundWord.CLOSED,
}
"""``status`` of a refund, ``refund_status`` in a notice."""

NO_SUCH_ORDER = frozenset({"ORDER_NOT_EXIST", "ORDERNOTEXIST", "RESOURCE_NOT_EXISTS"})
NO_BILL = frozenset({"NO_STATEMENT_EXIST"})
"""Nothing was paid on the day."""
PASSING = frozenset(
    {"SYSTEM_ERROR", "SYSTEMERROR", "BANK_ERROR", "BANKERROR", "FREQUENCY_LIMITED", "RATELIMIT_EXCEEDED"}
)
"""Codes that say nothing about the request: it may have been done."""

log = structlog.get_logger(__name__)


class WeChatPay:
    """``resolvers.pay_services.Service`` over the internet. ``notices`` is where notices go to, without the county."""

    def __init__(self, means: Means, programs: MiniPrograms, notices: str, *, seconds: float = SECONDS) -> None:
        self.means = means
        self._programs = programs
        self._notices = notices.rstrip("/")
        self._seconds = seconds
        self._keys: dict[str, RSAPublicKey] = dict(means.platform_keys)
        self._fetched = -SECONDS_BETWEEN_FETCHES
        self._fetching = asyncio.Lock()

    def serves(self, appid: str) -> bool:
        return appid in self.means.appids

    async def payer(self, appid: str, code: str) -> str:
        try:
            return await self._programs.openid(appid, code)
        except ProofError as error:
            if error.status_code >= 500:  # WeChat is busy; the code is worth nothing later
                raise UnclearError from error
            raise RefusedError(error.error) from error

    async def place(self, order: Order) -> str:
        asked = {
            "sp_appid": order.appid,
            "sp_mchid": self.means.mchid,
            "sub_mchid": order.merchant,
            "description": order.description,
            "out_trade_no": order.number,
            "time_expire": order.expires_at.astimezone(SHANGHAI).isoformat(timespec="seconds"),
            "notify_url": f"{self._notices}/{order.county}",
            "amount": {"total": order.amount, "currency": CURRENCY},
            "payer": {"sp_openid": order.payer},
        }
        answer = await self._ask("POST", "/v3/pay/partner/transactions/jsapi", body=asked)
        return _text(answer, "prepay_id")

    def parameters(self, appid: str, prepay_id: str) -> Mapping[str, str]:
        timestamp, nonce, package = str(int(now().timestamp())), secrets.token_hex(16), f"prepay_id={prepay_id}"
        return {
            "appId": appid,
            "timeStamp": timestamp,
            "nonceStr": nonce,
            "package": package,
            "signType": "RSA",
            "paySign": self.means.sign(appid, timestamp, nonce, package),
        }

    async def look_up(self, merchant: str, number: str) -> Trade:
        who = urlencode({"sp_mchid": self.means.mchid, "sub_mchid": merchant})
        try:
            answer = await self._ask("GET", f"/v3/pay/partner/transactions/out-trade-no/{number}?{who}")
        except RefusedError as error:
            if error.code in NO_SUCH_ORDER:
                return Trade(number, merchant, TradeState.ABSENT)
            raise
        return self.trade(answer)

    async def close(self, merchant: str, number: str) -> None:
        who = {"sp_mchid": self.means.mchid, "sub_mchid": merchant}
        await self._ask("POST", f"/v3/pay/partner/transactions/out-trade-no/{number}/close", body=who)

    async def give_back(self, wanted: Return) -> Repayment:
        asked = {
            "sub_mchid": wanted.merchant,
            "transaction_id": wanted.reference,
            "out_refund_no": wanted.number,
            "notify_url": f"{self._notices}/{wanted.county}",
            "amount": {"refund": wanted.amount, "total": wanted.total, "currency": CURRENCY},
        }
        answer = await self._ask("POST", "/v3/refund/domestic/refunds", body=asked)
        return _repayment(answer, answer.get("status"))

    async def look_up_refund(self, merchant: str, number: str) -> Repayment:
        try:
            who = urlencode({"sub_mchid": merchant})
            answer = await self._ask("GET", f"/v3/refund/domestic/refunds/{number}?{who}")
        except RefusedError as error:
            if error.code in NO_SUCH_ORDER:
                return Repayment(number, merchant, RefundWord.ABSENT)
            raise
        return _repayment(answer, answer.get("status"))

    async def bill(self, merchant: str, day: date) -> DayBill:
        asked = urlencode({"bill_date": day.isoformat(), "sub_mchid": merchant, "bill_type": "ALL"})
        try:
            told = await self._ask("GET", f"/v3/bill/tradebill?{asked}")
        except RefusedError as error:
            if error.code in NO_BILL:
                return DayBill()
            raise
        content = await self._download(_text(told, "download_url"))
        expected = _text(told, "hash_value").lower()
        if told.get("hash_type") != "SHA1" or wechat_pay_bills.sha1(content) != expected:
            raise UnclearError("another hash")
        try:
            return wechat_pay_bills.read(content.decode(), merchant)
        except (ValueError, KeyError) as error:
            raise UnclearError("no bill") from error

    async def _download(self, address: str) -> bytes:
        """What is at an address of WeChat Pay's own: nobody else gets our signature."""
        if not address.startswith(f"{self.means.api}/"):
            raise UnclearError("another's address")
        answer = await self._request("GET", address.removeprefix(self.means.api), "")
        if not answer.is_success:
            raise UnclearError("no download")
        return answer.content

    def trade(self, told: Mapping[str, Any]) -> Trade:
        """An order as an answer or a notice tells it. Raises ``UnclearError``."""
        try:
            if told["sp_mchid"] != self.means.mchid:
                raise UnclearError("another provider's")
            amount: Mapping[str, Any] = told.get("amount") or {}
            return Trade(
                number=told["out_trade_no"],
                merchant=told["sub_mchid"],
                state=STATES[told["trade_state"]],
                amount=amount.get("total"),
                currency=amount.get("currency", CURRENCY),
                reference=told.get("transaction_id"),
                paid_at=datetime.fromisoformat(told["success_time"]) if told.get("success_time") else None,
            )
        except (KeyError, TypeError, ValueError) as error:
            raise UnclearError("not as it should be") from error

    async def heard(self, headers: Mapping[str, str], body: bytes) -> Notice:
        await self._check(headers, body)
        try:
            told = json.loads(body)
            event, resource = told["event_type"], json.loads(self.means.opened(told["resource"]))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ForgedError("no notice") from error
        if event == "TRANSACTION.SUCCESS":
            return Notice(trade=self.trade(resource))
        return Notice(repayment=_repayment(resource, resource.get("refund_status"))) if event in REFUNDS else Notice()

    async def _ask(self, method: str, target: str, *, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        answer = await self._request(method, target, "" if body is None else json.dumps(body, ensure_ascii=False))
        try:
            await self._check(answer.headers, answer.content)
            told = json.loads(answer.content) if answer.content else {}
        except (ForgedError, ValueError) as error:
            log.warning("an answer of WeChat Pay cannot be believed", path=target.partition("?")[0], fault=str(error))
            raise UnclearError("not signed") from error
        if answer.is_success and isinstance(told, dict):
            return told
        code = str(told.get("code", "")) if isinstance(told, dict) else ""
        if (
            answer.is_server_error
            or answer.status_code == httpx2.codes.TOO_MANY_REQUESTS
            or code in PASSING
            or not code
        ):
            raise UnclearError(code)
        log.warning("WeChat Pay refuses", path=target.partition("?")[0], status=answer.status_code, code=code)
        raise RefusedError(code)

    async def _request(self, method: str, target: str, content: str) -> httpx2.Response:
        headers = {
            "accept": "application/json",
            "content-type": "application/json",
            "authorization": self.means.authorization(method, target, content, now()),
            "user-agent": "anju",
        }
        secure = self.means.api.startswith("https:")  # the way to this machine leads through no proxy
        try:
            async with (
                asyncio.timeout(self._seconds),
                httpx2.AsyncClient(verify=tls(), timeout=self._seconds, trust_env=secure) as client,
            ):
                return await client.request(method, self.means.api + target, content=content, headers=headers)
        except (httpx2.TransportError, TimeoutError) as error:
            log.warning("WeChat Pay did not answer", path=target.partition("?")[0], fault=type(error).__name__)
            raise UnclearError("no answer") from error

    async def _check(self, headers: Mapping[str, str], body: bytes) -> None:
        """That WeChat Pay signed this; a key that is new is fetched first. Raises ``ForgedError``."""
        try:
            check(headers, body, self._keys, now())
        except UnknownKeyError:
            await self._fetch_keys()
            check(headers, body, self._keys, now())

    async def _fetch_keys(self) -> None:
        """Fetch the platform certificates, rarely: whoever sends notices can name any serial."""
        async with self._fetching:
            if time.monotonic() - self._fetched < SECONDS_BETWEEN_FETCHES:
                return
            self._fetched = time.monotonic()
            try:
                answer = await self._request("GET", "/v3/certificates", "")
            except UnclearError as error:
                raise ForgedError("keys cannot be fetched") from error
            found = certificates(self.means, answer.content, now())
            check(answer.headers, answer.content, {**self._keys, **found}, now())
            self._keys.update(found)


def _repayment(told: Mapping[str, Any], status: Any) -> Repayment:
    """A refund as an answer or a notice tells it; only notices name the merchant. Raises ``UnclearError``."""
    try:
        return Repayment(
            number=told["out_refund_no"],
            merchant=told.get("sub_mchid"),
            word=WORDS[status],
            amount=told["amount"]["refund"],
            reference=told.get("refund_id"),
        )
    except (KeyError, TypeError) as error:
        raise UnclearError("not as it should be") from error


def _text(answer: Mapping[str, Any], name: str) -> str:
    value = answer.get(name)
    if not isinstance(value, str) or not value:
        raise UnclearError(f"{name} is missing")
    return value

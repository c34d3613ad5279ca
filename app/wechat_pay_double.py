"""Development's double of WeChat Pay: the same requests, signatures, seals and notices, over real HTTP, with keys of its own.

``anju serve`` in development mounts it at ``/dev/wechat-pay`` and uses it unless ``ANJU_WECHAT_PAY`` names a real account. It
believes no request that is not signed, and signs what it says. What a payer does is asked for:

    POST /dev/wechat-pay/pay  {"appId", "timeStamp", "nonceStr", "package", "paySign"}   as wx.requestPayment, confirmed

``trouble`` holds what goes wrong, for tests: see ``Trouble``.
"""

import asyncio
import base64
import json
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx2
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from app.signin import from_this_machine
from app.wechat_double import APPS
from app.wechat_pay_bills import sha1
from app.wechat_pay_double_bills import bill_of
from app.wechat_pay_keys import SCHEME, SEAL, Means, now

PATH = "/dev/wechat-pay"
MCHID = "1900000000"
SERIAL = "0000000000000000000000000000000000000001"
KEY_ID = "PUB_KEY_ID_0000000000000000000000000001"


@dataclass(frozen=True)
class DoubleKeys:
    """Both sides' keys: the provider's, WeChat Pay's, and what seals notices."""

    provider: RSAPrivateKey = field(repr=False)
    platform: RSAPrivateKey = field(repr=False)
    api_v3_key: bytes = field(repr=False)

    @classmethod
    def fresh(cls) -> "DoubleKeys":
        """New ones."""
        return cls(generate_private_key(65537, 2048), generate_private_key(65537, 2048), secrets.token_hex(16).encode())

    @classmethod
    def kept(cls, folder: Path) -> "DoubleKeys":
        """Those of a development folder, made at first use: server and worker are two processes."""
        path = folder / "wechat-pay-double.pem"
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            made = cls.fresh()
            pem = [
                key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
                for key in (made.provider, made.platform)
            ]
            partial = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
            partial.touch(0o600)
            partial.write_bytes(b"".join(pem) + made.api_v3_key)
            partial.rename(path)
        blocks = re.findall(rb"-----BEGIN.+?END PRIVATE KEY-----\n", path.read_bytes(), re.DOTALL)
        provider, platform = (load_pem_private_key(block, None) for block in blocks)
        if not (isinstance(provider, RSAPrivateKey) and isinstance(platform, RSAPrivateKey)):
            raise TypeError("the double's keys are RSA keys")
        return cls(provider, platform, path.read_bytes()[-32:])

    def means(self, api: str) -> Means:
        """The provider's account at the double."""
        keys = {KEY_ID: self.platform.public_key()}
        return Means(MCHID, frozenset(APPS), SERIAL, self.provider, self.api_v3_key, keys, api)


@dataclass
class Trouble:
    """What goes wrong from now on."""

    silent: bool = False
    """No notice is sent by itself; it waits in ``outbox``."""
    twice: bool = False
    """Every notice is sent twice."""
    forged: bool = False
    """Notices and answers are signed by another key."""
    amount_off: int = 0
    """Fen by which what is said to be paid differs from the order."""
    down: int = 0
    """So many of the next requests get no answer but a fault of the server."""
    lost: int = 0
    """So many of the next requests are done, and the answer is a fault of the server."""
    refusal: str | None = None
    """The code with which orders, refunds, and looks at refunds are refused."""
    bill_altered: bool = False
    """Bills arrive with another content than was announced."""


Found = tuple[int, Mapping[str, Any] | bytes | None]


class WeChatPayDouble:
    """One WeChat Pay with one service provider. ``keys`` are made when they are first needed."""

    def __init__(self, keys: Callable[[], DoubleKeys]) -> None:
        self._make = keys
        self.trouble = Trouble()
        self.orders: dict[str, dict[str, Any]] = {}
        """By ``out_trade_no``, as an answer tells them, and ``notify_url`` and ``prepay_id`` besides."""
        self.refunds: dict[str, dict[str, Any]] = {}
        """By ``out_refund_no``, likewise."""
        self.outbox: list[tuple[str, dict[str, str], bytes]] = []
        """Notices that wait: address, headers, body."""
        self.files: dict[str, bytes] = {}
        """Bills that can be downloaded, by their token."""
        self.asked: list[str] = []
        self.key_id = KEY_ID
        self._nonces: set[str] = set()
        self._sending: set[asyncio.Task[None]] = set()

    @cached_property
    def keys(self) -> DoubleKeys:
        return self._make()

    def mount(self) -> Mount:
        """All of it under ``PATH``, for this machine alone."""
        order = "/v3/pay/partner/transactions/out-trade-no/{number}"
        routes = [
            Route("/pay", self._local(self.pay), methods=["POST"]),
            Route("/v3/pay/partner/transactions/jsapi", self._signed(self.place), methods=["POST"]),
            Route(order, self._signed(self.look_up), methods=["GET"]),
            Route(order + "/close", self._signed(self.close), methods=["POST"]),
            Route("/v3/refund/domestic/refunds", self._signed(self.give_back), methods=["POST"]),
            Route("/v3/refund/domestic/refunds/{number}", self._signed(self.look_up_refund), methods=["GET"]),
            Route("/v3/bill/tradebill", self._signed(self.bill), methods=["GET"]),
            Route("/v3/billdownload/file", self._signed(self.bill_file), methods=["GET"]),
            Route("/v3/certificates", self._signed(self.certificates), methods=["GET"]),
        ]
        return Mount(PATH, routes=routes)

    # ---- what the provider asks -------------------------------------------------------------------------------------

    async def place(self, _: Request, asked: dict[str, Any]) -> Found:
        if self.trouble.refusal:
            return 400, {"code": self.trouble.refusal, "message": "refused"}
        number, total = asked["out_trade_no"], asked["amount"]["total"]
        if asked["sp_mchid"] != MCHID or asked["sp_appid"] not in APPS or not total > 0:
            return 400, {"code": "PARAM_ERROR", "message": "参数错误"}
        known = self.orders.setdefault(
            number,
            {
                **{name: asked[name] for name in ("sp_appid", "sp_mchid", "sub_mchid", "out_trade_no", "notify_url")},
                "amount": {"total": total, "currency": "CNY"},
                "payer": asked["payer"],
                "trade_state": "NOTPAY",
                "prepay_id": f"wx{secrets.token_hex(17)}",
                "time_expire": asked["time_expire"],
            },
        )
        if known["amount"]["total"] != total or known["sub_mchid"] != asked["sub_mchid"]:
            return 400, {"code": "OUT_TRADE_NO_USED", "message": "商户订单号重复"}
        return 200, {"prepay_id": known["prepay_id"]}

    async def look_up(self, request: Request, _: dict[str, Any]) -> Found:
        order = self.orders.get(request.path_params["number"])
        if order is None or request.query_params.get("sub_mchid") != order["sub_mchid"]:
            return 404, {"code": "ORDER_NOT_EXIST", "message": "订单不存在"}
        return 200, self.told(order)

    async def close(self, request: Request, asked: dict[str, Any]) -> Found:
        order = self.orders.get(request.path_params["number"])
        if order is None or asked.get("sub_mchid") != order["sub_mchid"]:
            return 404, {"code": "ORDER_NOT_EXIST", "message": "订单不存在"}
        if order["trade_state"] == "SUCCESS":
            return 400, {"code": "ORDERPAID", "message": "该订单已支付"}
        order["trade_state"] = "CLOSED"
        return 204, None

    async def give_back(self, _: Request, asked: dict[str, Any]) -> Found:
        order = next(
            (one for one in self.orders.values() if one.get("transaction_id") == asked["transaction_id"]), None
        )
        if order is None or order["sub_mchid"] != asked["sub_mchid"]:
            return 404, {"code": "RESOURCE_NOT_EXISTS", "message": "订单不存在"}
        amount, number = asked["amount"], asked["out_refund_no"]
        given = sum(one["amount"]["refund"] for one in self.refunds.values() if one["order"] is order)
        fits = amount["total"] == order["amount"]["total"] and amount["refund"] + given <= amount["total"]
        if number not in self.refunds and (not fits or self.trouble.refusal):
            return 403, {
                "code": self.trouble.refusal or "INVALID_REQUEST",
                "message": "订单金额或退款金额与之前请求不一致",
            }
        made = self.refunds.setdefault(
            number,
            {
                "out_refund_no": number,
                "refund_id": f"50000{secrets.randbelow(10**20):020d}",
                "amount": dict(amount),
                "status": "PROCESSING",
                "create_time": now().isoformat(timespec="seconds"),
                "notify_url": asked["notify_url"],
                "order": order,
            },
        )
        return 200, _refund_told(made)

    async def look_up_refund(self, request: Request, _: dict[str, Any]) -> Found:
        made = self.refunds.get(request.path_params["number"])
        if made is None or request.query_params.get("sub_mchid") != made["order"]["sub_mchid"]:
            return 404, {"code": "RESOURCE_NOT_EXISTS", "message": "退款单不存在"}
        if self.trouble.refusal:
            return 403, {"code": self.trouble.refusal, "message": "refused"}
        return 200, _refund_told(made)

    def end_refund(self, number: str, status: str) -> None:
        """What becomes of a refund: SUCCESS, ABNORMAL or CLOSED; and the notice of it."""
        made = self.refunds[number]
        made["status"] = status
        told = {**_refund_told(made), "refund_status": status, "sub_mchid": made["order"]["sub_mchid"]}
        self.notice(f"REFUND.{status}", {name: told[name] for name in told if name != "status"}, made["notify_url"])

    async def bill(self, request: Request, _: dict[str, Any]) -> Found:
        """Where a merchant's bill of a day is, and its hash."""
        merchant, day = request.query_params["sub_mchid"], request.query_params["bill_date"]
        content = bill_of(self.orders.values(), self.refunds.values(), merchant, day)
        if content is None:
            return 400, {"code": "NO_STATEMENT_EXIST", "message": "账单文件不存在"}
        token = secrets.token_hex(16)
        self.files[token] = content + (b" " if self.trouble.bill_altered else b"")
        address = str(request.url.replace(path=f"{PATH}/v3/billdownload/file", query=f"token={token}"))
        return 200, {"hash_type": "SHA1", "hash_value": sha1(content), "download_url": address}

    async def bill_file(self, request: Request, _: dict[str, Any]) -> Found:
        content = self.files.get(request.query_params["token"])
        return (404, {"code": "NOT_FOUND", "message": "文件不存在"}) if content is None else (200, content)

    async def certificates(self, _: Request, __: dict[str, Any]) -> Found:
        """The certificate of the key that signs now, sealed for the provider."""
        nonce = secrets.token_hex(6)
        sealed = AESGCM(self.keys.api_v3_key).encrypt(nonce.encode(), self._certificate(), b"certificate")
        encrypted = {"nonce": nonce, "associated_data": "certificate", "ciphertext": base64.b64encode(sealed).decode()}
        return 200, {"data": [{"serial_no": self.key_id, "encrypt_certificate": {"algorithm": SEAL, **encrypted}}]}

    def rotate(self) -> None:
        """Sign by another key from now on, which has a certificate."""
        self.keys = replace(self.keys, platform=generate_private_key(65537, 2048))
        self.key_id = f"{secrets.randbits(159):040X}"

    def _certificate(self) -> bytes:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "WeChat Pay's double")])
        signed = (
            x509.CertificateBuilder(name, name, self.keys.platform.public_key(), int(self.key_id, 16))
            .not_valid_before(now() - timedelta(days=1))
            .not_valid_after(now() + timedelta(days=365))
            .sign(self.keys.platform, SHA256())
        )
        return signed.public_bytes(Encoding.PEM)

    # ---- what the payer does ----------------------------------------------------------------------------------------

    async def pay(self, request: Request) -> Response:
        """The payer confirms: what the mini-program handed over must be signed by the provider."""
        given = await request.json()
        lines = [given[name] for name in ("appId", "timeStamp", "nonceStr", "package")]
        if not _is_signed(self.keys.provider.public_key(), given["paySign"], "".join(f"{line}\n" for line in lines)):
            return JSONResponse({"errMsg": "requestPayment:fail 签名错误"}, 400)
        prepay_id = given["package"].removeprefix("prepay_id=")
        order = next((order for order in self.orders.values() if order["prepay_id"] == prepay_id), None)
        if order is None or order["trade_state"] != "NOTPAY" or now() > datetime.fromisoformat(order["time_expire"]):
            return JSONResponse({"errMsg": "requestPayment:fail 订单已关闭"}, 400)
        order.update(trade_state="SUCCESS", transaction_id=f"42000{secrets.randbelow(10**20):020d}")
        order.update(success_time=now().isoformat(timespec="seconds"), trade_type="JSAPI")
        self.notice("TRANSACTION.SUCCESS", self.told(order), order["notify_url"])
        return JSONResponse({"errMsg": "requestPayment:ok"})

    def notice(self, event: str, resource: Mapping[str, Any], address: str) -> None:
        """Send a notice, or let it wait."""
        nonce = secrets.token_hex(6)
        sealed = AESGCM(self.keys.api_v3_key).encrypt(nonce.encode(), json.dumps(resource).encode(), b"transaction")
        body = json.dumps(
            {
                "id": secrets.token_hex(16),
                "create_time": now().isoformat(timespec="seconds"),
                "event_type": event,
                "resource_type": "encrypt-resource",
                "resource": {
                    "algorithm": SEAL,
                    "ciphertext": base64.b64encode(sealed).decode(),
                    "associated_data": "transaction",
                    "nonce": nonce,
                },
            }
        ).encode()
        self.outbox += [(address, self._signature(body), body)] * (2 if self.trouble.twice else 1)
        if not self.trouble.silent:
            task = asyncio.create_task(self._deliver())
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    async def deliver(self) -> list[int]:
        """Send what waits; the answers' status codes."""
        waiting, self.outbox = self.outbox, []
        async with httpx2.AsyncClient(trust_env=False, timeout=20) as client:
            return [
                (await client.post(address, content=body, headers=headers)).status_code
                for address, headers, body in waiting
            ]

    async def _deliver(self) -> None:
        try:
            await self.deliver()
        except httpx2.TransportError:
            self.asked.append("a notice was not heard")

    # ---- how it speaks ----------------------------------------------------------------------------------------------

    def told(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """An order as it is told to the provider."""
        told = {name: value for name, value in order.items() if name not in ("notify_url", "prepay_id", "time_expire")}
        total = order["amount"]["total"] + (self.trouble.amount_off if order["trade_state"] == "SUCCESS" else 0)
        return {**told, "amount": {"total": total, "payer_total": total, "currency": "CNY", "payer_currency": "CNY"}}

    def _signature(self, body: bytes) -> dict[str, str]:
        timestamp, nonce = str(int(now().timestamp())), secrets.token_hex(16)
        key = self.keys.provider if self.trouble.forged else self.keys.platform
        signature = key.sign(f"{timestamp}\n{nonce}\n".encode() + body + b"\n", PKCS1v15(), SHA256())
        return {
            "content-type": "application/json",
            "wechatpay-timestamp": timestamp,
            "wechatpay-nonce": nonce,
            "wechatpay-signature": base64.b64encode(signature).decode(),
            "wechatpay-serial": self.key_id,
        }

    def _signed(self, act: Callable[[Request, dict[str, Any]], Awaitable[Found]]) -> Callable[[Request], Any]:
        """An answer to a signed request, signed itself."""

        async def answer(request: Request) -> Response:
            body = await request.body()
            self.asked.append(f"{request.method} {request.url.path.removeprefix(PATH)}")
            if self.trouble.down:
                self.trouble.down -= 1
                return Response(status_code=503)
            if not self._is_the_providers(request, body):
                return JSONResponse({"code": "SIGN_ERROR", "message": "签名错误"}, 401)
            status, told = await act(request, json.loads(body) if body else {})
            if self.trouble.lost:
                self.trouble.lost -= 1
                return Response(status_code=502)
            if isinstance(told, bytes):  # files are not signed
                return Response(told, status, media_type="application/octet-stream")
            content = b"" if told is None else json.dumps(told, ensure_ascii=False).encode()
            return Response(content, status, self._signature(content))

        return self._local(answer)

    def _is_the_providers(self, request: Request, body: bytes) -> bool:
        scheme, _, told = request.headers.get("authorization", "").partition(" ")
        named = dict(re.findall(r'(\w+)="([^"]*)"', told))
        if scheme != SCHEME or named.get("mchid") != MCHID or named.get("serial_no") != SERIAL:
            return False
        if named["nonce_str"] in self._nonces or abs(now().timestamp() - int(named["timestamp"])) > 300:
            return False
        self._nonces.add(named["nonce_str"])
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        lines = (request.method, target.removeprefix(PATH), named["timestamp"], named["nonce_str"], body.decode())
        return _is_signed(self.keys.provider.public_key(), named["signature"], "".join(f"{line}\n" for line in lines))

    def _local(self, act: Callable[[Request], Any]) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            if not from_this_machine(request):
                return Response("Not Found", 404, media_type="text/plain")
            found: Response = await act(request)
            return found

        return answer


def _refund_told(made: Mapping[str, Any]) -> dict[str, Any]:
    return {name: made[name] for name in ("out_refund_no", "refund_id", "amount", "status")}


def _is_signed(key: RSAPublicKey, signature: str, message: str) -> bool:
    try:
        key.verify(base64.b64decode(signature), message.encode(), PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True

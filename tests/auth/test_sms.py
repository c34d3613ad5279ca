"""The gateway for one-time codes, over real HTTP: a double that checks every signature with the Standard Webhooks library."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import update
from standardwebhooks import Webhook, WebhookVerificationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from structlog.testing import capture_logs

from app import signin
from app.settings import Settings, SettingsError
from app.sms import Gateway, GatewayDownError, GatewayRefusedError
from models.accounts import Account, AccountStatus
from models.sealed import DerivedVault
from tests.auth.apps import Sessions, Site
from tests.conformance.tools import free_port
from tests.loopback import serving, until

SECRET = "whsec_" + "QW5q" * 8
PHONE = "13900000001"


@dataclass
class Double:
    """What the gateway took over, by message id; ``answers`` are given first, then 202. ``open`` lets requests through."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    taken: dict[str, Any] = field(default_factory=dict)
    open: asyncio.Event = field(default_factory=asyncio.Event)

    async def receive(self, request: Request) -> Response:
        body = await request.body()
        try:
            message = Webhook(SECRET).verify(body, dict(request.headers))
        except WebhookVerificationError:
            return Response(status_code=401)
        message_id = request.headers["webhook-id"]
        self.asked.append(message_id)
        await self.open.wait()
        status = self.answers.pop(0) if self.answers else 202
        if status < 300:
            self.taken[message_id] = message
        return Response(status_code=status, headers={"location": "/elsewhere"} if status == 307 else None)


@pytest_asyncio.fixture
async def double() -> AsyncIterator[Double]:
    made = Double()
    made.open.set()
    async with serving(Starlette(routes=[Route("/codes", made.receive, methods=["POST"])])) as url:
        made.url = f"{url}/codes"
        yield made
        made.open.set()


async def test_a_code_arrives_signed(double: Double) -> None:
    await Gateway(double.url, SECRET).send(PHONE, "012345")
    [(message_id, message)] = double.taken.items()
    assert message_id.startswith("msg_")
    assert message.pop("timestamp").endswith("+00:00")
    assert message == {"type": "one_time_code", "data": {"phone": "+8613900000001", "code": "012345"}}


async def test_another_secret_is_refused(double: Double) -> None:
    with pytest.raises(GatewayRefusedError):
        await Gateway(double.url, "whsec_" + "eHh4" * 8).send(PHONE, "012345")
    assert double.taken == {}


async def test_a_fault_of_the_gateway_is_tried_once_more_as_the_same_message(double: Double) -> None:
    double.answers = [503]
    await Gateway(double.url, SECRET).send(PHONE, "012345")
    assert len(double.asked) == 2
    assert list(double.taken) == [double.asked[0]] == [double.asked[1]]
    double.answers = [503, 500, 202]
    with pytest.raises(GatewayDownError):
        await Gateway(double.url, SECRET).send(PHONE, "012345")
    assert double.answers == [202], "twice, not three times"


@pytest.mark.parametrize("status", [400, 429, 307])
async def test_a_refusal_is_not_repeated_and_a_redirect_not_followed(double: Double, status: int) -> None:
    double.answers = [status]
    with pytest.raises(GatewayRefusedError, match=str(status)):
        await Gateway(double.url, SECRET).send(PHONE, "012345")
    assert (len(double.asked), double.taken) == (1, {})


async def test_a_gateway_that_is_not_there_or_says_nothing_is_given_up(double: Double) -> None:
    with pytest.raises(GatewayDownError):
        await Gateway(f"http://127.0.0.1:{free_port()}/codes", SECRET).send(PHONE, "012345")
    double.open.clear()
    with pytest.raises(GatewayDownError):
        await Gateway(double.url, SECRET, seconds=0.1).send(PHONE, "012345")
    assert len(double.asked) == 2


async def test_a_gateway_that_hangs_holds_no_request_and_tells_nothing(
    double: Double, sessions: Sessions, vault: DerivedVault
) -> None:
    """One connection asks for a phone with an account, one without, and one whose account is suspended."""
    site = Site(sessions, vault)
    (_, known), (suspended, blocked) = await site.account(), await site.account()
    async with sessions.begin() as session:
        closed = update(Account).where(Account.id == suspended.id).values(status=AccountStatus.SUSPENDED)
        await session.execute(closed)
    unknown = f"137{known[3:]}"
    double.open.clear()
    settings = Settings(environment="production", sms_gateway=double.url, sms_secret=SECRET)  # type: ignore[arg-type]
    app = Starlette(routes=signin.routes(settings, sessions, vault))
    async with serving(app) as url, httpx.AsyncClient(trust_env=False) as http:
        answers = [await http.post(f"{url}/auth/code", json={"phone": phone}) for phone in (known, unknown, blocked)]
        told = [(answer.status_code, answer.content, sorted(answer.headers)) for answer in answers]
        assert told == [told[0]] * 3
        assert answers[0].status_code == 202
        assert double.taken == {}, "none was held until the gateway answered"
        double.open.set()
        await until(lambda: len(double.taken) == 2)
        codes = {message["data"]["phone"]: message["data"]["code"] for message in double.taken.values()}
        assert set(codes) == {f"+86{known}", f"+86{unknown}"}
        proof = {"phone": known, "code": codes[f"+86{known}"]}
        assert (await http.post(f"{url}/auth/token", json=proof)).status_code == 200


async def test_what_failed_is_logged_without_phone_and_code(sessions: Sessions, vault: DerivedVault) -> None:
    gateway = Gateway(f"http://127.0.0.1:{free_port()}/codes", SECRET)
    task = await signin.Phones(sessions, vault, gateway).send_code(PHONE, signin.Source("198.51.100.7"))
    assert task is not None
    with capture_logs() as logged:
        await task()
    said = str(logged)
    assert "a sign-in code was not delivered" in said
    assert "GatewayDownError" in said
    assert PHONE not in said
    assert task.args[1] not in said


@pytest.mark.parametrize(
    ("gateway", "secret", "complaint"),
    [
        (None, None, "ANJU_SMS_GATEWAY: production needs a gateway"),
        ("https://sms.example.gov.cn/codes", None, "ANJU_SMS_GATEWAY and ANJU_SMS_SECRET"),
        (None, SECRET, "ANJU_SMS_GATEWAY and ANJU_SMS_SECRET"),
        ("http://sms.example.gov.cn/codes", SECRET, "must look like https://host/path"),
        ("https://user:pass@sms.example.gov.cn/codes", SECRET, "must look like https://host/path"),
        ("https://sms.example.gov.cn/codes", "whsec_c2hvcnQ=", "ANJU_SMS_SECRET: must be whsec_"),
        ("https://sms.example.gov.cn/codes", "secret", "ANJU_SMS_SECRET: must be whsec_"),
    ],
)
def test_production_starts_with_a_gateway_only(gateway: str | None, secret: str | None, complaint: str) -> None:
    with pytest.raises((SettingsError, ValueError), match=complaint):
        signin.sender(Settings(environment="production", sms_gateway=gateway, sms_secret=secret))  # type: ignore[arg-type]


def test_development_prints_unless_a_gateway_is_set() -> None:
    assert isinstance(signin.sender(Settings()), signin.PrintingSender)
    given = {"sms_gateway": "https://sms.example.gov.cn/codes", "sms_secret": SECRET}
    assert isinstance(signin.sender(Settings(**given)), Gateway)  # type: ignore[arg-type]
    assert SECRET not in json.dumps(repr(Settings(**given)))  # type: ignore[arg-type]

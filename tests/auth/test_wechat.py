"""Signing in from a mini-program, over real HTTP against the double that speaks WeChat's protocol."""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest
import pytest_asyncio
from pydantic import ValidationError
from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.settings import Settings
from app.wechat import WeChat, programs
from app.wechat_double import PATH, WeChatDouble
from auth.actor import load_actor
from auth.codes import TRIES_PER_ADDRESS, Limit, admit
from auth.identities import end_bindings
from auth.oauth.mini_programs import BINDINGS_PER_PHONE, SIGN_INS_PER_OPENID, WECHAT
from auth.sessions import proven_at
from auth.tokens import token_hash
from models.accounts import AccessToken, Account, AccountStatus
from models.oauth import ExternalIdentity, OAuthSession
from models.sealed import DerivedVault
from tests.auth.apps import SECRET, Sessions, Site
from tests.auth.conftest import TODAY
from tests.loopback import serving

APP, OTHER = "wx1111111111111111", "wx2222222222222222"
APPS = {APP: "first secret", OTHER: "second secret"}


@dataclass
class Visitor:
    """Somebody's WeChat, which gives codes, and Anju's token endpoint as the mini-program calls it."""

    site: Site
    double: WeChatDouble
    wechat: httpx.AsyncClient
    http: httpx.AsyncClient
    client_id: str
    person: str
    number: str

    async def login(self, person: str | None = None) -> str:
        """``wx.login``."""
        answer = await self.wechat.post(f"{PATH}/login", json={"person": person or self.person})
        return str(answer.json()["code"])

    async def tell(self, number: str | None = None, person: str | None = None) -> str:
        """The phone button."""
        given = {"person": person or self.person, "phone": number or self.number}
        return str((await self.wechat.post(f"{PATH}/phone", json=given)).json()["code"])

    async def post(self, **form: str) -> httpx.Response:
        """The token endpoint's answer."""
        asked = {"grant_type": WECHAT, "client_id": self.client_id, "appid": APP, **form}
        return await self.http.post("/oauth/token", data=asked)

    async def signed_in(self, **form: str) -> dict[str, Any]:
        answer = await self.post(**form)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def bindings(self) -> list[ExternalIdentity]:
        """Those of this test's mini-programs."""
        async with self.site.sessions() as session:
            return list(await session.scalars(select(ExternalIdentity).order_by(ExternalIdentity.id)))


@pytest_asyncio.fixture
async def visitor(sessions: Sessions, vault: DerivedVault, phone: str) -> AsyncIterator[Visitor]:
    async with sessions.begin() as session:
        await session.execute(delete(ExternalIdentity))
    double = WeChatDouble(APPS)
    async with serving(Starlette(routes=[double.mount()])) as url, httpx.AsyncClient(base_url=url) as wechat:
        site = Site(sessions, vault, mini_programs=WeChat(url + PATH, APPS, seconds=2))
        async with site.http() as http:
            yield Visitor(site, double, wechat, http, await site.own_app(), secrets.token_hex(4), phone)


def refused(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["error"]) == (status, code), answer.text
    assert answer.json()["error_description"]
    assert answer.headers["cache-control"] == "no-store"


async def who(raw: psycopg.AsyncConnection, token: dict[str, Any]) -> Any:
    actor = await load_actor(raw, token["access_token"], TODAY)
    assert actor is not None
    return actor.account_id


# -- signing in -------------------------------------------------------------------------------------------------------


async def test_the_phone_proves_once_and_the_openid_from_then_on(
    visitor: Visitor, account: Account, raw: psycopg.AsyncConnection
) -> None:
    first = await visitor.signed_in(code=await visitor.login(), phone_code=await visitor.tell())
    assert {"access_token", "refresh_token", "expires_in", "scope", "token_type"} <= first.keys()
    assert set(first) <= {"access_token", "refresh_token", "expires_in", "scope", "token_type"}, "no key, no openid"
    later = await visitor.signed_in(code=await visitor.login())
    assert await who(raw, first) == await who(raw, later) == account.id
    [bound] = await visitor.bindings()
    assert (bound.provider, bound.account_id, len(bound.subject_index)) == (APP, account.id, 16)


async def test_a_phone_that_nobody_registered_opens_an_account(visitor: Visitor, raw: psycopg.AsyncConnection) -> None:
    opened = await who(raw, await visitor.signed_in(code=await visitor.login(), phone_code=await visitor.tell()))
    async with visitor.site.sessions() as session:
        made = await session.get_one(Account, opened)
        assert made.phone_mask == f"{visitor.number[:3]}****{visitor.number[-4:]}"


async def test_what_wechat_says_of_a_person_is_stored_nowhere(
    visitor: Visitor, raw: psycopg.AsyncConnection, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await visitor.signed_in(code=await visitor.login(), phone_code=await visitor.tell())
    told = visitor.site.mini_programs
    assert told is not None
    openid = await told.openid(APP, await visitor.login())
    cursor = await raw.execute("SELECT string_agg(t::text, '') FROM external_identity t")
    row = await cursor.fetchone()
    assert row is not None
    stored = row[0]
    for hidden in (openid, openid.encode().hex(), visitor.number, visitor.person):
        assert hidden not in stored
        assert hidden not in caplog.text
    assert APPS[APP] not in caplog.text
    assert "first%20secret" not in caplog.text
    assert "first+secret" not in caplog.text


async def test_an_openid_means_something_in_its_own_mini_program_only(visitor: Visitor) -> None:
    await visitor.signed_in(code=await visitor.login(), phone_code=await visitor.tell())
    refused(await visitor.post(appid=OTHER, code=await visitor.login()), 400, "phone_required")
    await visitor.signed_in(appid=OTHER, code=await visitor.login(), phone_code=await visitor.tell())
    first, second = await visitor.bindings()
    assert first.account_id == second.account_id
    assert first.subject_index != second.subject_index


async def test_another_phone_moves_the_binding(visitor: Visitor, raw: psycopg.AsyncConnection) -> None:
    before = await who(raw, await visitor.signed_in(code=await visitor.login(), phone_code=await visitor.tell()))
    number = f"136{visitor.number[3:]}"
    after = await who(raw, await visitor.signed_in(code=await visitor.login(), phone_code=await visitor.tell(number)))
    assert after != before
    assert await who(raw, await visitor.signed_in(code=await visitor.login())) == after
    assert len(await visitor.bindings()) == 1


async def test_a_silent_sign_in_is_no_fresh_proof(visitor: Visitor) -> None:
    """``wx.login`` asks nobody anything: sensitive acts go by when the phone was proved."""
    await visitor.signed_in(code=await visitor.login(), phone_code=await visitor.tell())
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    async with visitor.site.sessions.begin() as session:
        await session.execute(update(ExternalIdentity).values(proved_at=an_hour_ago))
    silent = await visitor.signed_in(code=await visitor.login())
    proved = await visitor.signed_in(code=await visitor.login(), phone_code=await visitor.tell())
    async with visitor.site.sessions() as session:
        tokens = [
            await session.scalar(
                select(AccessToken.id).where(AccessToken.token_hash == token_hash(one["access_token"]))
            )
            for one in (silent, proved)
        ]
        assert await proven_at(session, tokens[0]) == an_hour_ago
        assert await proven_at(session, tokens[1]) > an_hour_ago


# -- what is refused --------------------------------------------------------------------------------------------------


async def test_who_is_not_known_is_asked_for_the_phone(visitor: Visitor) -> None:
    code = await visitor.login()
    refused(await visitor.post(code=code), 400, "phone_required")
    assert await visitor.bindings() == []
    refused(await visitor.post(code=code, phone_code=await visitor.tell()), 400, "invalid_grant")
    await visitor.signed_in(code=await visitor.login(), phone_code=await visitor.tell())


@pytest.mark.parametrize("form", [{}, {"code": ""}, {"code": "c", "appid": ""}])
async def test_what_is_missing_is_said(visitor: Visitor, form: dict[str, str]) -> None:
    refused(await visitor.post(**form), 400, "invalid_request")
    assert visitor.double.asked == []


async def test_a_code_serves_once_also_for_two_at_once(visitor: Visitor) -> None:
    await visitor.signed_in(code=await visitor.login(), phone_code=await visitor.tell())
    code = await visitor.login()
    answers = await asyncio.gather(*(visitor.post(code=code) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400]
    refused(await visitor.post(code=code), 400, "invalid_grant")


async def test_codes_that_are_somebody_elses_or_made_up_bind_nothing(visitor: Visitor) -> None:
    """The phone of one person with the login of another, codes in each other's place, and codes of nobody."""
    victim = "137" + visitor.number[3:]
    stolen = await visitor.tell(victim, person="victim")
    refused(await visitor.post(code=await visitor.login(), phone_code=stolen), 400, "invalid_grant")
    refused(await visitor.post(code=await visitor.tell()), 400, "invalid_grant")
    refused(await visitor.post(code=await visitor.login(), phone_code=await visitor.login()), 400, "invalid_grant")
    refused(await visitor.post(code="' OR 1=1 --", phone_code="x&access_token=y"), 400, "invalid_grant")
    used = await visitor.tell()
    await visitor.signed_in(code=await visitor.login(), phone_code=used)
    refused(await visitor.post(code=await visitor.login(person="thief"), phone_code=used), 400, "invalid_grant")
    assert len(await visitor.bindings()) == 1


async def test_a_phone_of_another_country_is_no_account(visitor: Visitor) -> None:
    abroad = await visitor.tell("+3313800000000")
    refused(await visitor.post(code=await visitor.login(), phone_code=abroad), 400, "invalid_grant")
    assert await visitor.bindings() == []


async def test_another_mini_program_is_not_asked_for(visitor: Visitor) -> None:
    refused(await visitor.post(appid="wx3333333333333333", code=await visitor.login()), 400, "invalid_request")
    assert visitor.double.asked == ["/login"]


async def test_apps_of_others_may_not_and_more_scope_is_refused_before_the_code_is_used(visitor: Visitor) -> None:
    code = await visitor.login()
    stranger = await visitor.site.client(grant_types=["refresh_token", WECHAT])
    asked = {"grant_type": WECHAT, "appid": APP, "code": code}
    refused(await visitor.http.post("/oauth/token", data=asked, auth=(stranger, SECRET)), 400, "unauthorized_client")
    refused(await visitor.post(code=code, scope="api filings:public"), 400, "invalid_scope")
    refused(await visitor.post(code=code, client_id="nobody"), 401, "invalid_client")
    assert visitor.double.asked == ["/login"]
    refused(await visitor.post(code=code), 400, "phone_required")


async def test_a_suspended_account_stays_out(visitor: Visitor, account: Account) -> None:
    await visitor.signed_in(code=await visitor.login(), phone_code=await visitor.tell())
    async with visitor.site.sessions.begin() as session:
        await session.execute(update(Account).where(Account.id == account.id).values(status=AccountStatus.SUSPENDED))
    refused(await visitor.post(code=await visitor.login()), 400, "invalid_grant")
    refused(await visitor.post(code=await visitor.login(), phone_code=await visitor.tell()), 400, "invalid_grant")
    async with visitor.site.sessions() as session:
        held = select(func.count()).select_from(OAuthSession).where(OAuthSession.account_id == account.id)
        assert await session.scalar(held) == 1


async def test_an_ended_binding_opens_nothing(visitor: Visitor, account: Account) -> None:
    await visitor.signed_in(code=await visitor.login(), phone_code=await visitor.tell())
    async with visitor.site.sessions.begin() as session:
        await end_bindings(session, account.id, datetime.now(UTC))
    refused(await visitor.post(code=await visitor.login()), 400, "phone_required")


@pytest.mark.parametrize(
    ("errcode", "status", "error", "retry"),
    [
        (-1, 503, "temporarily_unavailable", "5"),
        (40029, 400, "invalid_grant", None),
        (40163, 400, "invalid_grant", None),
        (40226, 400, "access_denied", None),
        (45011, 503, "temporarily_unavailable", "60"),
        (40125, 503, "temporarily_unavailable", "300"),
        (40013, 503, "temporarily_unavailable", "300"),
    ],
)
async def test_wechats_numbers_become_oauth_errors(
    visitor: Visitor, errcode: int, status: int, error: str, retry: str | None
) -> None:
    code = await visitor.login()
    visitor.double.trouble = [errcode]
    answer = await visitor.post(code=code)
    refused(answer, status, error)
    assert answer.headers.get("retry-after") == retry
    assert str(errcode) not in answer.text


async def test_a_token_that_ended_is_got_anew_once(visitor: Visitor) -> None:
    await visitor.signed_in(code=await visitor.login(), phone_code=await visitor.tell())
    visitor.double.asked.clear()
    await visitor.signed_in(code=await visitor.login(), phone_code=await visitor.tell())
    assert visitor.double.asked.count("/cgi-bin/stable_token") == 0
    visitor.double.forget_tokens()
    await visitor.signed_in(code=await visitor.login(), phone_code=await visitor.tell())
    assert visitor.double.asked.count("/cgi-bin/stable_token") == 1
    code, told = await visitor.login(), await visitor.tell()
    visitor.double.forget_tokens()
    visitor.double.asked.clear()
    answers = await asyncio.gather(visitor.post(code=code, phone_code=told))
    assert answers[0].status_code == 200


async def test_while_wechat_hangs_no_connection_is_held(
    sessions: Sessions, vault: DerivedVault, engine: AsyncEngine
) -> None:
    asked, open_ = asyncio.Event(), asyncio.Event()

    async def silent(_: Request) -> Response:
        asked.set()
        await open_.wait()
        return Response()

    async with serving(Starlette(routes=[Route("/sns/jscode2session", silent)])) as url:
        site = Site(sessions, vault, mini_programs=WeChat(url, APPS, seconds=1))
        client_id = await site.own_app()
        async with site.http() as http:
            form = {"grant_type": WECHAT, "client_id": client_id, "appid": APP, "code": "c"}
            waiting = asyncio.create_task(http.post("/oauth/token", data=form))
            await asked.wait()
            assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]
            refused(await waiting, 503, "temporarily_unavailable")
        open_.set()


async def test_tries_are_limited_before_wechat_is_asked(visitor: Visitor) -> None:
    [limit] = TRIES_PER_ADDRESS
    async with visitor.site.sessions.begin() as session:
        for _ in range(limit.most):
            await admit(session, visitor.site.vault, [limit], "192.0.2.9", datetime.now(UTC))
    async with visitor.site.http("192.0.2.9") as http:
        form = {"grant_type": WECHAT, "client_id": visitor.client_id, "appid": APP, "code": "c"}
        answer = await http.post("/oauth/token", data=form)
    assert (answer.status_code, answer.json()["error"]) == (429, "temporarily_unavailable")
    assert int(answer.headers["retry-after"]) > 0
    assert visitor.double.asked == []


async def test_one_device_tries_few_times_at_the_token_endpoint(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auth.oauth.endpoints.TRIES_PER_DEVICE", (Limit("try-device-test", 1, timedelta(days=36_500)),))
    form = {"grant_type": WECHAT, "client_id": visitor.client_id, "appid": APP, "code": "c"}
    device = {"X-Device-Id": "an installation"}
    async with visitor.site.http() as http:
        first = await http.post("/oauth/token", data=form, headers=device)
        second = await http.post("/oauth/token", data=form, headers=device)
        elsewhere = await http.post("/oauth/token", data=form, headers={"X-Device-Id": "another one"})
    assert [answer.status_code for answer in (first, second, elsewhere)] == [400, 429, 400]


@pytest.mark.parametrize("limits", [BINDINGS_PER_PHONE, SIGN_INS_PER_OPENID])
async def test_a_phone_and_an_openid_have_limits_of_their_own(
    visitor: Visitor, limits: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From however many addresses: with the limit at two, the third is refused."""
    few = tuple(type(one)(one.name, 2, one.window) for one in limits)
    name = "BINDINGS_PER_PHONE" if limits is BINDINGS_PER_PHONE else "SIGN_INS_PER_OPENID"
    monkeypatch.setattr(f"auth.oauth.mini_programs.{name}", few)
    for _ in range(2):
        await visitor.signed_in(code=await visitor.login(), phone_code=await visitor.tell())
    async with visitor.site.http() as http:
        visitor.http = http
        answer = await visitor.post(code=await visitor.login(), phone_code=await visitor.tell())
    refused(answer, 429, "temporarily_unavailable")
    assert int(answer.headers["retry-after"]) > 0


# -- where it is offered ----------------------------------------------------------------------------------------------


async def test_without_mini_programs_there_is_no_such_grant(
    visitor: Visitor, sessions: Sessions, vault: DerivedVault
) -> None:
    listed = (await visitor.http.get("/.well-known/oauth-authorization-server")).json()["grant_types_supported"]
    assert WECHAT in listed
    async with Site(sessions, vault).http() as http:
        listed = (await http.get("/.well-known/oauth-authorization-server")).json()["grant_types_supported"]
        assert WECHAT not in listed
        form = {"grant_type": WECHAT, "client_id": visitor.client_id, "appid": APP, "code": "c"}
        answer = await http.post("/oauth/token", data=form)
    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")


def test_production_has_mini_programs_only_where_they_are_set() -> None:
    assert programs(Settings(environment="production")) is None
    assert programs(Settings(environment="production", wechat_apps=f"{APP}=s, {OTHER}=t")) is not None  # type: ignore[arg-type]
    assert programs(Settings()) is not None
    for wrong in (APP, f"{APP}=", "=secret"):
        with pytest.raises(ValidationError, match="ANJU_WECHAT_APPS must look like"):
            Settings(wechat_apps=wrong)  # type: ignore[arg-type]
    with pytest.raises(ValidationError, match="must look like https"):
        Settings(wechat_api="http://wechat.example.com")


@pytest.mark.parametrize(
    ("peer", "headers"),
    [("203.0.113.5", {}), ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}), ("127.0.0.1", {"Forwarded": "for=::1"})],
)
async def test_the_double_is_for_this_machine(peer: str, headers: dict[str, str]) -> None:
    app = Starlette(routes=[WeChatDouble(APPS).mount()])
    transport = httpx.ASGITransport(app, client=(peer, 40000))
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as http:
        for path in ("/login", "/phone", "/cgi-bin/stable_token", "/wxa/business/getuserphonenumber"):
            assert (await http.post(PATH + path, json={"person": "p"}, headers=headers)).status_code == 404
        assert (await http.get(f"{PATH}/sns/jscode2session", headers=headers)).status_code == 404

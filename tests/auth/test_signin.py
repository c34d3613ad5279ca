"""Signing in over HTTP: one-time codes, their limits, and the development sign-in."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest
import pytest_asyncio
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from starlette.applications import Starlette

from app import signin
from app.settings import Settings, SettingsError
from app.signin import development_token, routes
from auth.actor import load_actor
from auth.codes import ATTEMPTS, LIFETIME, Limit, admit, forget_old_codes
from auth.oauth.clients import register_client
from auth.tokens import forget_expired_tokens, issue_token
from domain.errors import ErrorCode, Refusal
from models.accounts import (
    AccessToken,
    Account,
    AccountStatus,
    ClientAuthMethod,
    OAuthClient,
    OneTimeCode,
    SignInCount,
)
from models.base import new_id
from models.sealed import SHARED, DerivedVault, Kind
from tests.auth.conftest import TODAY
from tests.database import Database

Sessions = async_sessionmaker[AsyncSession]
DEVELOPMENT = Settings(environment="development")
PRODUCTION = Settings(environment="production")


class Inbox:
    """What phones received."""

    def __init__(self) -> None:
        self.codes: list[tuple[str, str]] = []

    async def send(self, phone: str, code: str) -> None:
        self.codes.append((phone, code))


class BrokenGateway:
    async def send(self, phone: str, code: str) -> None:
        raise ConnectionError("the gateway is down")


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def address() -> str:
    """A client address that no other test uses, so that limits are counted apart."""
    return f"10.{secrets.randbelow(256)}.{secrets.randbelow(256)}.{secrets.randbelow(256)}"


def client_of(app: Starlette, address: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app, client=(address, 40000))
    return httpx.AsyncClient(transport=transport, base_url="http://testserver")


@pytest_asyncio.fixture
async def http(sessions: Sessions, vault: DerivedVault, inbox: Inbox, address: str) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(Starlette(routes=routes(DEVELOPMENT, sessions, vault, inbox)), address) as client:
        yield client


async def next_minute(sessions: Sessions) -> None:
    """Let the minute's window of every phone end."""
    async with sessions.begin() as session:
        ended = datetime.now(UTC) - timedelta(days=2)
        for row in await session.scalars(select(SignInCount).where(SignInCount.window_end > datetime.now(UTC))):
            await session.delete(row)
            session.add(SignInCount(subject=secrets.token_bytes(16), window_end=ended, count=row.count))


async def codes_of(sessions: Sessions, vault: DerivedVault, phone: str) -> list[OneTimeCode]:
    async with sessions() as session:
        return list(
            await session.scalars(
                select(OneTimeCode)
                .where(OneTimeCode.phone_index == vault.index(phone, Kind.PHONE, SHARED))
                .order_by(OneTimeCode.id)
            )
        )


def error(code: str, message: str, field: str | None = None, *, retryable: bool = False) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "field": field, "retryable": retryable}}


WRONG = error("WRONG_CODE", "验证码错误或已失效，请重新获取。", "code")


async def test_a_phone_and_its_code_give_a_token(
    http: httpx.AsyncClient,
    inbox: Inbox,
    account: Account,
    phone: str,
    raw: psycopg.AsyncConnection,
    sessions: Sessions,
    vault: DerivedVault,
) -> None:
    asked = await http.post("/auth/code", json={"phone": f"+86 {phone[:3]}-{phone[3:]}"})
    assert (asked.status_code, asked.json(), asked.headers["cache-control"]) == (202, {"sent": True}, "no-store")
    ((to, code),) = inbox.codes
    assert (to, len(code), code.isdigit()) == (phone, 6, True)

    given = await http.post("/auth/token", json={"phone": phone, "code": code})
    assert given.status_code == 200
    assert given.headers["cache-control"] == "no-store"
    body = given.json()
    token = body.pop("access_token")
    assert body == {"token_type": "Bearer", "expires_in": 30 * 24 * 3600}
    assert token.startswith("anju_")
    actor = await load_actor(raw, token, TODAY)
    assert actor is not None
    assert actor.account_id == account.id

    # What the database holds of it does not tell the code, the phone or the token.
    (row,) = await codes_of(sessions, vault, phone)
    assert (row.used_at is not None, row.attempts) == (True, 1)
    async with sessions() as session:
        stored = await session.scalar(select(AccessToken).where(AccessToken.account_id == account.id))
        assert stored is not None
        assert token.encode() not in stored.token_hash

    gone = await http.post("/auth/logout", headers={"Authorization": f"Bearer {token}"})
    assert (gone.status_code, gone.content) == (204, b"")
    assert await load_actor(raw, token, TODAY) is None


async def test_a_code_is_good_once(http: httpx.AsyncClient, inbox: Inbox, account: Account, phone: str) -> None:
    await http.post("/auth/code", json={"phone": phone})
    sent = {"phone": phone, "code": inbox.codes[0][1]}
    answers = await asyncio.gather(*(http.post("/auth/token", json=sent) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400]
    assert [answer.json() for answer in answers if answer.status_code == 400] == [WRONG] * 3


async def test_only_the_newest_code_counts(
    http: httpx.AsyncClient, inbox: Inbox, account: Account, phone: str, sessions: Sessions
) -> None:
    await http.post("/auth/code", json={"phone": phone})
    await next_minute(sessions)
    await http.post("/auth/code", json={"phone": phone})
    (_, old), (_, new) = inbox.codes
    if old != new:
        assert (await http.post("/auth/token", json={"phone": phone, "code": old})).json() == WRONG
    assert (await http.post("/auth/token", json={"phone": phone, "code": new})).status_code == 200


async def test_after_five_wrong_tries_the_right_code_is_wrong_too(
    http: httpx.AsyncClient,
    inbox: Inbox,
    account: Account,
    phone: str,
    sessions: Sessions,
    vault: DerivedVault,
) -> None:
    await http.post("/auth/code", json={"phone": phone})
    right = inbox.codes[0][1]
    wrong = f"{(int(right) + 1) % 10**6:06}"
    for tried in range(1, ATTEMPTS + 1):
        assert (await http.post("/auth/token", json={"phone": phone, "code": wrong})).json() == WRONG
        assert [row.attempts for row in await codes_of(sessions, vault, phone)] == [tried]
    refused = await http.post("/auth/token", json={"phone": phone, "code": right})
    assert (refused.status_code, refused.json()) == (400, WRONG)
    (row,) = await codes_of(sessions, vault, phone)
    assert (row.attempts, row.used_at) == (ATTEMPTS, None)


async def test_a_code_expires(
    http: httpx.AsyncClient, inbox: Inbox, account: Account, phone: str, sessions: Sessions, vault: DerivedVault
) -> None:
    await http.post("/auth/code", json={"phone": phone})
    (row,) = await codes_of(sessions, vault, phone)
    assert row.expires_at - row.issued_at == LIFETIME == timedelta(minutes=5)
    async with sessions.begin() as session:
        await session.execute(update(OneTimeCode).where(OneTimeCode.id == row.id).values(expires_at=datetime.now(UTC)))
    refused = await http.post("/auth/token", json={"phone": phone, "code": inbox.codes[0][1]})
    assert refused.json() == WRONG


@pytest.mark.parametrize("why", ["unknown", "suspended"])
async def test_a_phone_without_an_active_account_is_answered_alike(
    http: httpx.AsyncClient,
    inbox: Inbox,
    account: Account,
    phone: str,
    sessions: Sessions,
    vault: DerivedVault,
    why: str,
) -> None:
    asking = phone
    if why == "unknown":
        asking = f"188{secrets.randbelow(10**8):08}"
    else:
        async with sessions.begin() as session:
            await session.execute(
                update(Account).where(Account.id == account.id).values(status=AccountStatus.SUSPENDED)
            )
    asked = await http.post("/auth/code", json={"phone": asking})
    assert (asked.status_code, asked.json()) == (202, {"sent": True})
    assert len(inbox.codes) == (why == "unknown")  # whoever has the phone learns it, nobody who asks
    assert len(await codes_of(sessions, vault, asking)) == 1
    async with sessions() as session:
        counted = await session.scalars(
            select(SignInCount.count).where(SignInCount.subject == vault.index(asking, "code-phone-minute", SHARED))
        )
        assert list(counted) == [1]
    refused = await http.post("/auth/token", json={"phone": asking, "code": "123456"})
    assert (refused.status_code, refused.json()) == (400, WRONG)


async def test_a_phone_that_nobody_registered_gets_an_account_without_grants(
    http: httpx.AsyncClient, inbox: Inbox, sessions: Sessions, vault: DerivedVault
) -> None:
    phone = f"188{secrets.randbelow(10**8):08}"
    await http.post("/auth/code", json={"phone": phone})
    opened = await http.post("/auth/token", json={"phone": phone, "code": inbox.codes[-1][1]})
    assert opened.status_code == 200
    async with sessions() as session:
        index = vault.index(phone, Kind.PHONE, SHARED)
        account = (await session.scalars(select(Account).where(Account.phone_index == index))).one()
    assert (account.display_name, account.grants_version) == (f"{phone[:3]}****{phone[-4:]}", 1)


async def test_a_phone_gets_one_code_a_minute(
    http: httpx.AsyncClient, inbox: Inbox, account: Account, phone: str, sessions: Sessions, vault: DerivedVault
) -> None:
    answers = await asyncio.gather(*(http.post("/auth/code", json={"phone": phone}) for _ in range(3)))
    refused = [answer for answer in answers if answer.status_code == 429]
    # The three may fall on both sides of a full minute, which then lets one through on each.
    assert len(refused) in (1, 2)
    assert len(inbox.codes) == len(await codes_of(sessions, vault, phone)) == 3 - len(refused)
    seconds = int(refused[0].headers["retry-after"])
    assert 1 <= seconds <= 61
    said = refused[0].json()["error"]
    assert (said["code"], said["retryable"], str(seconds) in said["message"]) == ("RATE_LIMITED", True, True)


async def test_one_device_asks_for_few_codes_whatever_the_phones(
    http: httpx.AsyncClient, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signin, "CODES_PER_DEVICE", (Limit("code-device-test", 3, timedelta(days=36_500)),))
    device = {"X-Device-Id": secrets.token_hex(8)}

    async def ask(**headers: str) -> int:
        phone = f"188{secrets.randbelow(10**8):08}"
        return (await http.post("/auth/code", json={"phone": phone}, headers=headers)).status_code

    answers = await asyncio.gather(*(ask(**device) for _ in range(6)))
    assert sorted(answers) == [202] * 3 + [429] * 3
    assert len(inbox.codes) == 3
    assert await ask(**{"X-Device-Id": secrets.token_hex(8)}) == 202
    assert await ask() == 202


async def test_one_device_tries_few_codes_whatever_the_phones(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signin, "TRIES_PER_DEVICE", (Limit("try-device-test", 2, timedelta(days=36_500)),))
    device = {"X-Device-Id": secrets.token_hex(8)}

    async def attempt(**headers: str) -> int:
        proof = {"phone": f"188{secrets.randbelow(10**8):08}", "code": "000000"}
        return (await http.post("/auth/token", json=proof, headers=headers)).status_code

    assert sorted([await attempt(**device) for _ in range(3)]) == [400, 400, 429]
    assert await attempt() == 400


async def test_a_limit_counts_exactly_and_its_refusal_counts_nothing(sessions: Sessions, vault: DerivedVault) -> None:
    subject = secrets.token_hex(8)
    limit = Limit("test", 3, timedelta(hours=1))
    now = datetime(2026, 3, 2, 8, 59, 30, tzinfo=UTC)

    async def attempt(at: datetime) -> int | None:
        try:
            async with sessions.begin() as session:
                await admit(session, vault, [limit], subject, at)
        except Refusal as refusal:
            return int(refusal.params["seconds"])
        return None

    assert sorted(str(found) for found in await asyncio.gather(*(attempt(now) for _ in range(6)))) == sorted(
        ["None"] * 3 + ["31"] * 3
    )
    assert await attempt(now + timedelta(seconds=31)) is None
    async with sessions() as session:
        counts = await session.execute(
            select(SignInCount.window_end, SignInCount.count)
            .where(SignInCount.subject == vault.index(subject, "test", SHARED))
            .order_by(SignInCount.window_end)
        )
        assert [tuple(row) for row in counts] == [
            (datetime(2026, 3, 2, 9, tzinfo=UTC), 3),
            (datetime(2026, 3, 2, 10, tzinfo=UTC), 1),
        ]


@pytest.mark.parametrize(
    ("path", "sent", "code", "field"),
    [
        ("/auth/code", b'{"phone": "12345"}', "INVALID_PHONE", "phone"),
        ("/auth/code", b'{"phone": 13812345678}', "INVALID_INPUT", "phone"),
        ("/auth/code", b'{"phone": "1381234567\\u0000"}', "INVALID_INPUT", "phone"),
        ("/auth/code", b"{}", "REQUIRED", "phone"),
        ("/auth/code", b"null", "INVALID_INPUT", None),
        ("/auth/code", b"[[", "INVALID_INPUT", None),
        ("/auth/code", b"[" * 4000, "INVALID_INPUT", None),
        ("/auth/code", b"\xff\xfe", "INVALID_INPUT", None),
        ("/auth/code", b'{"phone": "' + b"1" * 5000 + b'"}', "INVALID_INPUT", None),
        ("/auth/token", b'{"phone": "13812345678"}', "REQUIRED", "code"),
        ("/auth/token", b'{"phone": "13812345678", "code": "12\\ud800"}', "INVALID_INPUT", "code"),
        ("/dev/login", b"{}", "NOT_FOUND", None),
    ],
)
async def test_malformed_requests_are_refused_in_words(
    http: httpx.AsyncClient, inbox: Inbox, sessions: Sessions, path: str, sent: bytes, code: str, field: str | None
) -> None:
    async def rows() -> int:
        async with sessions() as session:
            return await session.scalar(select(func.count()).select_from(OneTimeCode)) or 0

    before = await rows()
    answer = await http.post(path, content=sent, headers={"Content-Type": "application/json"})
    if path == "/dev/login":  # from elsewhere it does not exist
        assert (answer.status_code, answer.text) == (404, "Not Found")
        return
    assert answer.status_code == 400
    assert (answer.json()["error"]["code"], answer.json()["error"]["field"]) == (code, field)
    assert await rows() == before
    assert inbox.codes == []


async def test_only_json_is_read(http: httpx.AsyncClient, phone: str) -> None:
    answer = await http.post("/auth/code", content=f'{{"phone": "{phone}"}}', headers={"Content-Type": "text/plain"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "INVALID_INPUT")
    assert (await http.get("/auth/code")).status_code == 405


async def test_refusals_speak_the_callers_language(http: httpx.AsyncClient) -> None:
    answers = {}
    for language in ("en", "zh-CN", ""):
        answer = await http.post("/auth/code", json={"phone": "1"}, headers={"Accept-Language": language})
        answers[language] = answer.json()["error"]["message"]
    assert answers["en"] == "The mobile number is not right. Enter the 11 digits."
    assert answers["zh-CN"] == answers[""] != answers["en"]


async def test_a_gateway_that_is_down_is_not_the_callers_matter(
    sessions: Sessions, vault: DerivedVault, account: Account, phone: str, address: str
) -> None:
    app = Starlette(routes=routes(PRODUCTION, sessions, vault, BrokenGateway()))
    async with client_of(app, address) as http:
        assert (await http.post("/auth/code", json={"phone": phone})).status_code == 202


async def test_the_terminal_shows_the_code_in_development(
    sessions: Sessions,
    vault: DerivedVault,
    account: Account,
    phone: str,
    address: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    async with client_of(Starlette(routes=routes(DEVELOPMENT, sessions, vault)), address) as http:
        await http.post("/auth/code", json={"phone": phone})
        said, _, code = capsys.readouterr().out.strip().rpartition(" ")
        assert said == f"sign-in code for {phone}:"
        assert (await http.post("/auth/token", json={"phone": phone, "code": code})).status_code == 200


def test_production_needs_a_gateway(sessions: Sessions, vault: DerivedVault) -> None:
    with pytest.raises(SettingsError, match="gateway"):
        routes(PRODUCTION, sessions, vault)


async def test_logging_out_needs_a_token_to_log_out(http: httpx.AsyncClient) -> None:
    for header in ({}, {"Authorization": "Basic eDp5"}, {"Authorization": "Bearer "}):
        answer = await http.post("/auth/logout", headers=header)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    # A dead token is as good as revoked.
    assert (await http.post("/auth/logout", headers={"Authorization": "Bearer anju_x"})).status_code == 204


# -- development sign-in ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.9.1", "::1"])
async def test_a_demo_login_signs_in_from_this_machine(
    sessions: Sessions, vault: DerivedVault, account: Account, raw: psycopg.AsyncConnection, peer: str
) -> None:
    app = Starlette(routes=routes(DEVELOPMENT, sessions, vault))
    async with client_of(app, peer) as http:
        given = await http.post("/dev/login", json={"login": account.login})
        assert given.status_code == 200
        actor = await load_actor(raw, given.json()["access_token"], TODAY)
        assert actor is not None
        assert actor.account_id == account.id
        unknown = await http.post("/dev/login", json={"login": "nobody"}, headers={"Accept-Language": "en"})
        assert (unknown.status_code, unknown.json()) == (
            400,
            error("NOT_FOUND", "There is no such entry, or you may not see it. Check the link or your role.", "login"),
        )


@pytest.mark.parametrize(
    ("settings", "peer", "headers"),
    [
        (PRODUCTION, "127.0.0.1", {}),
        (DEVELOPMENT, "10.1.2.3", {}),
        (DEVELOPMENT, "2001:db8::1", {}),
        (DEVELOPMENT, "testclient", {}),
        (DEVELOPMENT, "127.0.0.1", {"X-Forwarded-For": "203.0.113.9"}),
        (DEVELOPMENT, "127.0.0.1", {"Forwarded": "for=203.0.113.9"}),
    ],
)
async def test_elsewhere_the_development_sign_in_does_not_exist(
    sessions: Sessions,
    vault: DerivedVault,
    account: Account,
    settings: Settings,
    peer: str,
    headers: dict[str, str],
) -> None:
    app = Starlette(routes=routes(settings, sessions, vault, Inbox()))
    async with client_of(app, peer) as http:
        answer = await http.post("/dev/login", json={"login": account.login}, headers=headers)
    assert (answer.status_code, answer.text) == (404, "Not Found")
    async with sessions() as session:
        held = select(func.count()).select_from(AccessToken).where(AccessToken.account_id == account.id)
        assert await session.scalar(held) == 0


async def test_the_command_line_makes_a_token_in_development(
    database: Database, account: Account, raw: psycopg.AsyncConnection
) -> None:
    assert account.login is not None
    settings = DEVELOPMENT.with_database(database.url)
    issued = await development_token(settings, account.login)
    actor = await load_actor(raw, issued.value, TODAY)
    assert actor is not None
    assert (actor.account_id, actor.token_id) == (account.id, issued.id)
    assert issued.value not in repr(issued)

    with pytest.raises(Refusal) as refused:
        await development_token(settings, "nobody")
    assert refused.value == Refusal(ErrorCode.NOT_FOUND, "login")
    with pytest.raises(SettingsError, match="development only"):
        await development_token(PRODUCTION.with_database(database.url), account.login)


async def test_a_banks_demo_login_acts_as_its_client(
    sessions: Sessions, vault: DerivedVault, raw: psycopg.AsyncConnection
) -> None:
    client_id = f"990001-bank-{secrets.token_hex(4)}"
    async with sessions.begin() as session:
        register_client(
            session,
            client_id,
            "演示银行",
            counties=["990001"],
            scopes=["payments:write"],
            purpose="代收物业费",
            legal_basis="演示依据",
            auth_method=ClientAuthMethod.PRIVATE_KEY_JWT,
            jwks={"keys": []},
        )
    async with client_of(Starlette(routes=routes(DEVELOPMENT, sessions, vault)), "127.0.0.1") as http:
        given = (await http.post("/dev/login", json={"login": client_id})).json()
        actor = await load_actor(raw, given["access_token"], TODAY)
        assert actor is not None
        assert (actor.client_id, actor.account_id, actor.scopes) == (client_id, None, {"payments:write"})
        assert given["expires_in"] == 3600

        async with sessions.begin() as session:
            client = await session.get_one(OAuthClient, client_id)
            client.status = AccountStatus.CLOSED
        assert (await http.post("/dev/login", json={"login": client_id})).status_code == 400


# -- sweeping ---------------------------------------------------------------------------------------------------------


async def test_what_expired_long_ago_is_forgotten(sessions: Sessions, vault: DerivedVault, account: Account) -> None:
    now = datetime.now(UTC)
    ages = [timedelta(days=-40), timedelta(hours=1)]
    async with sessions.begin() as session:
        kept = [(await issue_token(session, account_id=account.id, lifetime=age)).id for age in ages][1]
        ids = [new_id() for _ in ages]
        session.add_all(
            OneTimeCode(id=identity, phone_index=b"p", code_hash=b"c", expires_at=now + age)
            for identity, age in zip(ids, ages, strict=True)
        )
    async with sessions.begin() as session:
        assert await forget_expired_tokens(session, now - timedelta(days=30)) == 1
        assert await forget_old_codes(session, now - timedelta(days=30)) == 1
    async with sessions() as session:
        tokens = await session.scalars(select(AccessToken.id).where(AccessToken.account_id == account.id))
        assert list(tokens) == [kept]
        codes = await session.scalars(select(OneTimeCode.id).where(OneTimeCode.id.in_(ids)))
        assert list(codes) == [ids[1]]

"""Where people are signed in, over the real application: listed, revoked at once, and proved again for sensitive acts."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from pydantic import SecretStr
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app import asgi
from app.settings import Settings
from auth.grants import Reach, Source, open_grant
from auth.sessions import FRESH, masked_address, note_use, revoke_sessions, sessions_of
from auth.tokens import issue_token
from domain.officials import BUREAU_POWERS
from domain.roles import Role
from models.accounts import AccessToken, Account, OAuthClient
from models.base import new_id
from models.oauth import OAuthSession
from models.sealed import Kind, Vault, seal_into
from models.sessions import SessionDevice
from tests.database import Database

pytestmark = pytest.mark.usefixtures("no_signing_keys")

COUNTY = "370303"


class Inbox:
    """What phones received."""

    def __init__(self) -> None:
        self.codes: dict[str, str] = {}

    async def send(self, phone: str, code: str) -> None:
        self.codes[phone] = code


@dataclass
class Site:
    """The application and the database below it."""

    http: httpx.AsyncClient
    sessions: async_sessionmaker[AsyncSession]
    vault: Vault
    inbox: Inbox

    async def account(self, *roles: Role) -> tuple[Account, str]:
        """A new account with a phone, and grants."""
        phone = f"139{secrets.randbelow(10**8):08}"
        account = Account(id=new_id(), display_name="王小明")
        seal_into(account, "phone", phone, Kind.PHONE, self.vault)
        async with self.sessions.begin() as session:
            session.add(account)
            await session.flush()
            for role in roles:
                await open_grant(
                    session,
                    role,
                    COUNTY,
                    Source("official", new_id()),
                    account_id=account.id,
                    reach=Reach(office="演示局"),
                    scopes=BUREAU_POWERS,
                    valid_from=date(2020, 1, 1),
                )
        return account, phone

    async def sign_in(self, account: Account) -> str:
        async with self.sessions.begin() as session:
            return (await issue_token(session, account_id=account.id, lifetime=timedelta(days=1))).value

    async def ask(self, token: str | None, text: str, device: str = "", **variables: Any) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {token}".encode()} if token else {}
        if device:
            headers["X-Device-Name"] = device.encode()
        answer = await self.http.post("/graphql", json={"query": text, "variables": variables}, headers=headers)
        body: dict[str, Any] = answer.json()
        return body

    async def grow_old(self, account: Account, by: timedelta = FRESH) -> None:
        """Make all of the account's sign-ins older."""
        async with self.sessions.begin() as session:
            own = AccessToken.account_id == account.id
            await session.execute(update(AccessToken).where(own).values(issued_at=AccessToken.issued_at - by))
            mine = SessionDevice.account_id == account.id
            await session.execute(update(SessionDevice).where(mine).values(proven_at=SessionDevice.proven_at - by))


@pytest_asyncio.fixture
async def site(
    database: Database,
    command_sessions: async_sessionmaker[AsyncSession],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Site]:
    settings = Settings(environment="development", data=tmp_path, database_url=SecretStr(database.url))
    inbox = Inbox()
    monkeypatch.setattr(asgi.signin, "sender", lambda _settings: inbox)
    app = asgi.create_app(settings)
    address = f"203.0.113.{secrets.randbelow(250) + 1}"
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app, client=(address, 40000))
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as http:
            yield Site(http, command_sessions, settings.keys.vault(), inbox)
            await app.state.service.devices.settle()


SESSIONS = "{ viewer { sessions { id app device address signedInAt lastUsedAt expiresAt isCurrent } freshUntil } }"
REVOKE = "mutation M($id: ID!) { sessionRevoke(input: {sessionId: $id}) { left userErrors { code field } } }"
REVOKE_OTHERS = "mutation { sessionsRevokeOthers(input: {}) { revoked userErrors { code } } }"
WHO = "{ viewer { displayName } }"


async def sessions_seen(site: Site, token: str, device: str = "") -> list[dict[str, Any]]:
    body = await site.ask(token, SESSIONS, device)
    assert "errors" not in body, body
    found: list[dict[str, Any]] = body["data"]["viewer"]["sessions"]
    return found


async def until_noted(site: Site, account: Account, count: int) -> None:
    for _ in range(100):
        async with site.sessions() as session:
            known = (
                await session.scalars(select(SessionDevice.id).where(SessionDevice.account_id == account.id))
            ).all()
        if len(known) >= count:
            return
        await asyncio.sleep(0.02)
    raise AssertionError("the devices were not noted")


async def test_everybody_sees_where_they_are_signed_in(site: Site) -> None:
    """An account without any grant, too: sign-ins belong to no county."""
    account, _ = await site.account()
    phone, desk = await site.sign_in(account), await site.sign_in(account)
    await site.ask(phone, WHO, "王小明的手机")
    await site.ask(desk, WHO, "办公电脑")
    await until_noted(site, account, 2)
    found = await sessions_seen(site, desk, "办公电脑")
    assert {one["device"]: one["isCurrent"] for one in found} == {"王小明的手机": False, "办公电脑": True}
    assert {one["address"] for one in found} == {"203.0.113.*"}, "never the whole address"
    assert {one["app"] for one in found} == {None}
    other, _ = await site.account()
    assert len(await sessions_seen(site, await site.sign_in(other))) == 1


async def test_a_revoked_session_is_refused_at_its_next_request(site: Site) -> None:
    account, _ = await site.account()
    lost, kept = await site.sign_in(account), await site.sign_in(account)
    assert (await site.ask(lost, WHO))["data"]["viewer"] is not None
    (wanted,) = [one["id"] for one in await sessions_seen(site, kept) if not one["isCurrent"]]
    done = await site.ask(kept, REVOKE, id=wanted)
    assert done["data"]["sessionRevoke"] == {"left": 1, "userErrors": []}
    refused = await site.ask(lost, WHO)
    assert refused["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert (await site.ask(kept, WHO))["data"]["viewer"] is not None


async def test_all_others_end_at_once(site: Site) -> None:
    account, _ = await site.account(Role.BUREAU)
    tokens = [await site.sign_in(account) for _ in range(3)]
    done = await site.ask(tokens[0], REVOKE_OTHERS)
    assert done["data"]["sessionsRevokeOthers"] == {"revoked": 2, "userErrors": []}
    answers = [await site.ask(token, WHO) for token in tokens]
    assert ["errors" in answer for answer in answers] == [False, True, True]


async def test_somebody_elses_session_is_like_none(site: Site) -> None:
    account, _ = await site.account()
    victim, _ = await site.account()
    target = await site.sign_in(victim)
    (theirs,) = await sessions_seen(site, target)
    mine = await site.sign_in(account)
    answers = [await site.ask(mine, REVOKE, id=wanted) for wanted in (theirs["id"], str(new_id()), "nonsense", "")]
    not_found = {"left": None, "userErrors": [{"code": "NOT_FOUND", "field": "sessionId"}]}
    assert [answer["data"]["sessionRevoke"] for answer in answers] == [not_found] * 4
    assert (await site.ask(target, WHO))["data"]["viewer"] is not None


async def test_nobody_signed_in_has_no_sessions(site: Site) -> None:
    assert (await site.ask(None, REVOKE_OTHERS))["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert (await site.ask(None, SESSIONS))["data"] == {"viewer": None}


async def test_a_session_through_an_app_ends_with_its_tokens(site: Site) -> None:
    account, _ = await site.account()
    now = datetime.now(UTC)
    app = OAuthClient(
        client_id=f"app-{new_id().hex}",
        name="小程序",
        auth_method="none",
        grant_types=[],
        purpose="演示",
        legal_basis="演示",
    )
    family = OAuthSession(
        id=new_id(),
        account_id=account.id,
        client_id=app.client_id,
        scopes=["api"],
        signed_in_at=now,
        expires_at=now + timedelta(days=30),
    )
    async with site.sessions.begin() as session:
        session.add(app)
        await session.flush()
        session.add(family)
        await session.flush()
        for _ in range(2):
            await issue_token(session, account_id=account.id, lifetime=timedelta(minutes=5))
        own = AccessToken.account_id == account.id
        await session.execute(update(AccessToken).where(own).values(session_id=family.id))
        await note_use(
            session,
            await session.scalar(select(AccessToken.id).where(own).limit(1)),
            account.id,
            now,
            device="mini",
            address="2001:db8:1:2::3",
        )
    async with site.sessions() as session:
        (found,) = await sessions_of(session, account.id, now)
        assert (found.id, found.app, found.device, found.address) == (family.id, "小程序", "mini", "2001:db8:1::*")
    async with site.sessions.begin() as session:
        assert await revoke_sessions(session, account.id, now, only=family.id) == 1
        live = select(AccessToken.id).where(AccessToken.account_id == account.id, AccessToken.revoked_at.is_(None))
        assert (await session.scalars(live)).all() == []
        assert (await session.get_one(OAuthSession, family.id, populate_existing=True)).revoked_at is not None


# -- a fresh sign-in --------------------------------------------------------------------------------------------------

APPOINT = """
mutation M($input: OfficialAppointInput!) { officialAppoint(input: $input) { official { id state } userErrors { code message } } }
"""


def approver() -> dict[str, Any]:
    return {
        "name": "李审批",
        "phone": f"138{secrets.randbelow(10**8):08}",
        "role": "BUREAU",
        "duty": "APPROVER",
        "office": "演示局",
        "validFrom": "2026-01-01",
        "basis": "演任〔2026〕1号",
        "idempotencyKey": secrets.token_hex(8),
    }


async def appointed(site: Site, token: str) -> dict[str, Any]:
    body = await site.ask(token, APPOINT, input=approver())
    assert "errors" not in body, body
    done: dict[str, Any] = body["data"]["officialAppoint"]
    return done


async def test_a_sensitive_act_needs_a_fresh_sign_in(site: Site) -> None:
    account, phone = await site.account(Role.BUREAU)
    token = await site.sign_in(account)
    assert (await appointed(site, token))["official"]["state"] == "PROPOSED"
    await site.grow_old(account)
    refused = await appointed(site, token)
    assert refused["official"] is None
    assert [error["code"] for error in refused["userErrors"]] == ["REAUTHENTICATION_REQUIRED"]

    bearer = {"Authorization": f"Bearer {token}"}
    assert (await site.http.post("/auth/reauthenticate/code", headers=bearer)).status_code == 202
    code = site.inbox.codes[phone]
    wrong = "000000" if code != "000000" else "111111"
    answer = await site.http.post("/auth/reauthenticate", json={"code": wrong}, headers=bearer)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "WRONG_CODE")
    assert (await appointed(site, token))["official"] is None
    answer = await site.http.post("/auth/reauthenticate", json={"code": code}, headers=bearer)
    assert answer.status_code == 200
    until = datetime.fromisoformat(answer.json()["fresh_until"])
    assert timedelta(minutes=9) < until - datetime.now(UTC) <= FRESH
    assert (await appointed(site, token))["official"]["state"] == "PROPOSED"
    shown = (await site.ask(token, SESSIONS))["data"]["viewer"]["freshUntil"]
    assert abs(datetime.fromisoformat(shown) - until) < timedelta(seconds=1)
    await site.grow_old(account)
    assert (await appointed(site, token))["official"] is None, "ten minutes and no longer"


async def test_only_the_session_that_redeemed_the_code_is_fresh(site: Site) -> None:
    account, phone = await site.account(Role.BUREAU)
    proved, other = await site.sign_in(account), await site.sign_in(account)
    await site.grow_old(account)
    bearer = {"Authorization": f"Bearer {proved}"}
    await site.http.post("/auth/reauthenticate/code", headers=bearer)
    given = {"code": site.inbox.codes[phone]}
    assert (await site.http.post("/auth/reauthenticate", json=given, headers=bearer)).status_code == 200
    assert (await appointed(site, other))["official"] is None
    assert (await appointed(site, proved))["official"] is not None


async def test_anothers_code_proves_nothing(site: Site) -> None:
    account, _ = await site.account(Role.BUREAU)
    other, phone = await site.account()
    token = await site.sign_in(account)
    await site.grow_old(account)
    theirs = {"Authorization": f"Bearer {await site.sign_in(other)}"}
    await site.http.post("/auth/reauthenticate/code", headers=theirs)
    given, bearer = {"code": site.inbox.codes[phone]}, {"Authorization": f"Bearer {token}"}
    assert (await site.http.post("/auth/reauthenticate", json=given, headers=bearer)).status_code == 400
    assert (await appointed(site, token))["official"] is None


@pytest.mark.parametrize("path", ["/auth/reauthenticate", "/auth/reauthenticate/code"])
async def test_without_a_token_there_is_nothing_to_prove(site: Site, path: str) -> None:
    for headers in ({}, {"Authorization": "Bearer anju_nothing"}, {"Authorization": "Basic eA=="}):
        assert (await site.http.post(path, json={"code": "123456"}, headers=headers)).status_code == 401


async def test_an_app_that_may_not_act_for_the_person_renews_nothing(site: Site) -> None:
    """What /graphql refuses (a token for signing in only, a partner's own) is refused here, and no code is sent."""
    account, phone = await site.account(Role.BUREAU)
    app = OAuthClient(
        client_id=f"app-{new_id().hex}",
        name="小程序",
        auth_method="none",
        grant_types=[],
        purpose="演示",
        legal_basis="演示",
    )
    async with site.sessions.begin() as session:
        session.add(app)
        await session.flush()
        whose = [{"account_id": account.id, "scopes": scopes} for scopes in (["openid"], ["api"])]
        tokens = [
            (await issue_token(session, client_id=app.client_id, lifetime=timedelta(days=1), **holder)).value
            for holder in ({}, *whose)
        ]
    statuses = []
    for token in tokens:
        bearer = {"Authorization": f"Bearer {token}"}
        assert phone not in site.inbox.codes
        statuses.append((await site.http.post("/auth/reauthenticate/code", headers=bearer)).status_code)
    assert statuses == [401, 401, 202]
    assert phone in site.inbox.codes


async def test_everyday_acts_need_no_fresh_sign_in(site: Site) -> None:
    account, _ = await site.account(Role.BUREAU)
    token = await site.sign_in(account)
    await site.grow_old(account)
    body = await site.ask(token, APPOINT, input={**approver(), "duty": "OFFICER"})
    assert body["data"]["officialAppoint"]["official"]["state"] == "IN_POST"


def test_an_address_is_known_again_but_not_found() -> None:
    assert masked_address("198.51.100.23") == "198.51.100.*"
    assert masked_address("::1") == "::*"
    assert masked_address("testclient") is None

"""Apps of others that a person let act for them, over the real application: seen, and withdrawn with all that they hold."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from pydantic import SecretStr
from sqlalchemy import select

from app import asgi
from app.settings import Settings
from auth.tokens import issue_token
from models.accounts import Account
from models.oauth import OAuthConsent
from tests.auth.apps import SECRET, Asking, Inbox, Sessions, Site
from tests.auth.browser import Browser
from tests.database import Database

pytestmark = pytest.mark.usefixtures("no_signing_keys")

CONSENTS = "{ viewer { consents { clientId app scopes purpose givenAt } } }"
WITHDRAW = "mutation M($id: String!) { consentWithdraw(input: {clientId: $id}) { ended userErrors { code field } } }"
WHO = "{ viewer { displayName } }"
NOT_FOUND = {"ended": None, "userErrors": [{"code": "NOT_FOUND", "field": "clientId"}]}


@dataclass
class Visit:
    """The application, and somebody before it with a phone and a browser."""

    site: Site
    http: httpx.AsyncClient

    async def agreed(self, client_id: str, phone: str, **changed: str | None) -> dict[str, Any]:
        """Sign in to an app, agree to what it asks, and what it holds then."""
        asking = Asking(client_id, changed={"scope": "api openid", **changed})
        return await self.exchanged(asking, await self.code(asking, phone))

    async def code(self, asking: Asking, phone: str) -> str:
        """What the app gets when the person agrees; a person who is signed in already is not asked for the phone."""
        browser = await Browser(self.http).go(asking.address)
        if not browser.away and "phone" in browser.page.buttons():
            await self.site.signed_in(browser, phone)
        if not browser.away:
            await browser.press("allow")
        return browser.brought_back()["code"]

    async def exchanged(self, asking: Asking, code: str) -> dict[str, Any]:
        """The answer to the app at the token endpoint."""
        return await self.token(asking.client_id, **asking.exchange(code))

    async def token(self, client_id: str, **form: str) -> dict[str, Any]:
        answer = await self.http.post("/oauth/token", data=form, auth=(client_id, SECRET))
        return dict(answer.json())

    async def ask(self, token: str, text: str, **variables: Any) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {token}"}
        answer = await self.http.post("/graphql", json={"query": text, "variables": variables}, headers=headers)
        return dict(answer.json())

    async def withdrawn(self, token: str, client_id: str) -> dict[str, Any]:
        return dict((await self.ask(token, WITHDRAW, id=client_id))["data"]["consentWithdraw"])

    async def consents(self, token: str) -> list[dict[str, Any]]:
        return list((await self.ask(token, CONSENTS))["data"]["viewer"]["consents"])

    async def own_token(self, account: Account) -> str:
        """Signed in without an app."""
        async with self.site.sessions.begin() as session:
            return (await issue_token(session, account_id=account.id, lifetime=timedelta(days=1))).value


@pytest_asyncio.fixture
async def visit(
    database: Database, command_sessions: Sessions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Visit]:
    settings = Settings(environment="development", data=tmp_path, database_url=SecretStr(database.url))
    inbox = Inbox()
    monkeypatch.setattr(asgi.signin, "sender", lambda _settings: inbox)
    app = asgi.create_app(settings)
    address = f"203.0.113.{secrets.randbelow(250) + 1}"
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app, client=(address, 40000))
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as http:
            yield Visit(Site(command_sessions, settings.keys.vault(), inbox=inbox), http)


async def test_what_was_agreed_to_is_seen_app_by_app(visit: Visit) -> None:
    _, phone = await visit.site.account()
    first, second = await visit.site.client(), await visit.site.client()
    own_app = await visit.site.own_app()
    await visit.agreed(first, phone, scope="openid")
    held = await visit.agreed(first, phone, scope="api openid", prompt="consent")
    await visit.agreed(second, phone, scope="openid profile")
    await visit.code(Asking(own_app), phone)  # the county's own app asks for none
    found = await visit.consents(held["access_token"])
    assert [(one["clientId"], one["scopes"]) for one in found] == [
        (second, ["openid", "profile"]),
        (first, ["api", "openid"]),
    ]
    assert {(one["app"], one["purpose"]) for one in found} == {("演示应用", "演示用途")}
    assert found[0]["givenAt"] > found[1]["givenAt"]


async def test_a_withdrawn_consent_ends_all_that_the_app_holds_and_nothing_else(visit: Visit) -> None:
    account, phone = await visit.site.account()
    client_id, other = await visit.site.client(), await visit.site.client()
    held, kept = await visit.agreed(client_id, phone), await visit.agreed(other, phone)
    await visit.agreed(client_id, phone)  # on a second device
    pending = Asking(client_id)
    code = await visit.code(pending, phone)
    _, neighbour = await visit.site.account("李小红")
    visit.http.cookies.clear()
    theirs = await visit.agreed(client_id, neighbour)
    own = kept["access_token"]

    assert await visit.withdrawn(own, client_id) == {"ended": 2, "userErrors": []}
    refused = await visit.ask(held["access_token"], WHO)
    assert refused["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    again = {"grant_type": "refresh_token", "refresh_token": held["refresh_token"]}
    assert (await visit.token(client_id, **again))["error"] == "invalid_grant"
    assert (await visit.exchanged(pending, code))["error"] == "invalid_grant", "a code on its way, too"
    headers = {"Authorization": f"Bearer {held['access_token']}"}
    assert (await visit.http.get("/oauth/userinfo", headers=headers)).status_code == 401

    for token in (own, theirs["access_token"]):
        assert "errors" not in await visit.ask(token, WHO)
    assert [one["clientId"] for one in await visit.consents(own)] == [other]
    assert [one["clientId"] for one in await visit.consents(theirs["access_token"])] == [client_id]
    async with visit.site.sessions() as session:
        rows = (await session.scalars(select(OAuthConsent).where(OAuthConsent.account_id == account.id))).all()
    assert {row.client_id: row.withdrawn_at is None for row in rows} == {client_id: False, other: True}


async def test_after_a_withdrawal_the_app_asks_anew(visit: Visit) -> None:
    account, phone = await visit.site.account()
    client_id = await visit.site.client()
    await visit.agreed(client_id, phone)
    browser = await Browser(visit.http).go(Asking(client_id).address)
    assert browser.away, "agreed already"
    assert (await visit.withdrawn(await visit.own_token(account), client_id))["ended"] == 1
    browser = await Browser(visit.http).go(Asking(client_id).address)
    assert not browser.away
    assert "allow" in browser.page.buttons()
    silent = await Browser(visit.http).go(Asking(client_id, changed={"prompt": "none"}).address)
    assert silent.brought_back()["error"] == "consent_required"
    await browser.press("allow")
    assert "code" in browser.brought_back()


async def test_what_was_not_given_cannot_be_withdrawn(visit: Visit) -> None:
    """By nobody, of nobody else, not twice; and an app that exists is like one that does not."""
    account, phone = await visit.site.account()
    neighbour, _ = await visit.site.account()
    client_id = await visit.site.client()
    held = await visit.agreed(client_id, phone)
    stranger = await visit.own_token(neighbour)
    for name in (client_id, "no-such-app", ""):
        assert await visit.withdrawn(stranger, name) == NOT_FOUND
    assert "errors" not in await visit.ask(held["access_token"], WHO)
    nobody = await visit.http.post("/graphql", json={"query": WITHDRAW, "variables": {"id": client_id}})
    assert nobody.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    own = await visit.own_token(account)
    assert (await visit.withdrawn(own, client_id))["ended"] == 1
    assert await visit.withdrawn(own, client_id) == NOT_FOUND


async def test_an_app_may_end_its_own_consent(visit: Visit) -> None:
    _, phone = await visit.site.account()
    client_id = await visit.site.client()
    held = (await visit.agreed(client_id, phone))["access_token"]
    assert (await visit.withdrawn(held, client_id))["ended"] == 1
    assert (await visit.ask(held, WHO))["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_whatever_is_given_out_at_the_same_moment_ends_too(visit: Visit) -> None:
    """Exchanges of codes and refresh tokens race the withdrawal; whoever wins, nothing is left."""
    account, phone = await visit.site.account()
    client_id = await visit.site.client()
    own = await visit.own_token(account)
    for _ in range(3):
        held = await visit.agreed(client_id, phone)
        pending = [Asking(client_id) for _ in range(2)]
        codes = [await visit.code(asking, phone) for asking in pending]
        given = await asyncio.gather(
            *(visit.exchanged(asking, code) for asking, code in zip(pending, codes, strict=True)),
            visit.withdrawn(own, client_id),
            visit.token(client_id, grant_type="refresh_token", refresh_token=held["refresh_token"]),
        )
        tokens = [held["access_token"], *(one["access_token"] for one in given if "access_token" in one)]
        for token in tokens:
            assert (await visit.ask(token, WHO))["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"

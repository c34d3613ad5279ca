"""Signing in through an app: authorization code with PKCE, refresh by family, the county's own apps, userinfo."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest
import pytest_asyncio
from joserfc import jwt
from joserfc.jwk import KeySet
from sqlalchemy import func, select, update

from auth.actor import load_actor
from auth.oauth.grants import ONE_TIME_CODE
from auth.oauth.sessions import forget_ended_sessions
from auth.tokens import forget_expired_tokens
from models.accounts import AccessToken, Account, AccountStatus, ClientAuthMethod
from models.oauth import AuthorizationCode, OAuthConsent, OAuthSession, RefreshToken
from models.sealed import DerivedVault
from tests.auth.apps import BACK, ISSUER, SECRET, Asking, Sessions, Site
from tests.auth.browser import Browser
from tests.auth.conftest import TODAY

TOKEN = "/oauth/token"


@pytest.fixture
def site(sessions: Sessions, vault: DerivedVault) -> Site:
    return Site(sessions, vault)


@pytest_asyncio.fixture
async def http(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    async with site.http() as client:
        yield client


async def code_for(site: Site, http: httpx.AsyncClient, asking: Asking, phone: str) -> str:
    """Sign in and consent where asked, and bring back the code."""
    browser = await Browser(http).go(asking.address)
    if not browser.away and "phone" in browser.page.buttons():
        await site.signed_in(browser, phone)
    if not browser.away:
        await browser.press("allow")
    assert browser.away.startswith(BACK)
    back = browser.brought_back()
    assert (back["state"], back["iss"]) == (asking.state, ISSUER)
    return back["code"]


async def tokens_for(site: Site, http: httpx.AsyncClient, client_id: str, phone: str) -> dict[str, Any]:
    asking = Asking(client_id)
    code = await code_for(site, http, asking, phone)
    answer = await http.post(TOKEN, data=asking.exchange(code, client_id=client_id))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def refused(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["error"]) == (status, code)
    assert answer.headers["cache-control"] == "no-store"


async def test_a_code_gives_tokens_of_the_person(site: Site, http: httpx.AsyncClient, raw: Any) -> None:
    account, phone = await site.account()
    client_id = await site.client()
    asking = Asking(client_id)
    code = await code_for(site, http, asking, phone)
    answer = await http.post(TOKEN, data=asking.exchange(code), auth=(client_id, SECRET))
    body = answer.json()
    assert answer.status_code == 200
    assert set(body) == {"access_token", "token_type", "expires_in", "refresh_token", "scope", "id_token"}
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 1800, "api openid")
    assert body["access_token"].startswith("anju_")

    actor = await load_actor(raw, body["access_token"], TODAY)
    assert actor is not None
    assert (actor.account_id, actor.client_id) == (account.id, None)

    keys = KeySet.import_key_set((await http.get("/oauth/jwks")).json())
    told = jwt.decode(body["id_token"], keys, algorithms=["ES256"])
    assert told.header["kid"] == keys.keys[0].kid
    claims = told.claims
    assert (claims["iss"], claims["aud"], claims["sub"]) == (ISSUER, [client_id], str(account.id))
    assert (claims["nonce"], claims["exp"] - claims["iat"]) == ("n-0S6_WzA2Mj", 600)
    assert "name" not in claims  # profile was not asked for
    assert claims["auth_time"] <= claims["iat"]


async def test_two_redemptions_at_once_give_one_token(site: Site, http: httpx.AsyncClient, raw: Any) -> None:
    _, phone = await site.account()
    client_id = await site.own_app()
    for _ in range(5):
        asking = Asking(client_id)
        code = await code_for(site, http, asking, phone)
        form = asking.exchange(code, client_id=client_id)
        answers = await asyncio.gather(*(http.post(TOKEN, data=form) for _ in range(4)))
        given = [answer.json() for answer in answers if answer.status_code == 200]
        assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400]
        assert await load_actor(raw, given[0]["access_token"], TODAY) is not None


async def test_a_code_that_comes_again_ends_what_it_gave(site: Site, http: httpx.AsyncClient, raw: Any) -> None:
    _, phone = await site.account()
    client_id = await site.own_app()
    asking = Asking(client_id)
    form = asking.exchange(await code_for(site, http, asking, phone), client_id=client_id)
    given = (await http.post(TOKEN, data=form)).json()
    assert await load_actor(raw, given["access_token"], TODAY) is not None
    refused(await http.post(TOKEN, data=form), 400, "invalid_grant")
    assert await load_actor(raw, given["access_token"], TODAY) is None
    refresh = {"grant_type": "refresh_token", "refresh_token": given["refresh_token"], "client_id": client_id}
    refused(await http.post(TOKEN, data=refresh), 400, "invalid_grant")


async def test_a_code_holds_for_a_minute(site: Site, http: httpx.AsyncClient) -> None:
    _, phone = await site.account()
    client_id = await site.own_app()
    asking = Asking(client_id)
    code = await code_for(site, http, asking, phone)
    async with site.sessions.begin() as session:
        stored = await session.scalar(
            select(AuthorizationCode).where(AuthorizationCode.client_id == client_id).with_for_update()
        )
        assert stored is not None
        assert timedelta(0) < stored.expires_at - datetime.now(UTC) <= timedelta(seconds=60)
        stored.expires_at = datetime.now(UTC)
    refused(await http.post(TOKEN, data=asking.exchange(code, client_id=client_id)), 400, "invalid_grant")


# -- refresh ----------------------------------------------------------------------------------------------------------


async def test_refresh_tokens_rotate(site: Site, http: httpx.AsyncClient, raw: Any) -> None:
    account, phone = await site.account()
    client_id = await site.own_app()
    first = await tokens_for(site, http, client_id, phone)
    form = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"], "client_id": client_id}
    answer = await http.post(TOKEN, data=form)
    second = answer.json()
    assert answer.status_code == 200
    assert second["refresh_token"] != first["refresh_token"]
    assert second["scope"] == first["scope"] == "api openid"
    actor = await load_actor(raw, second["access_token"], TODAY)
    assert actor is not None
    assert actor.account_id == account.id
    fewer = {**form, "refresh_token": second["refresh_token"], "scope": "openid"}
    third = (await http.post(TOKEN, data=fewer)).json()
    assert third["scope"] == "openid"
    assert await load_actor(raw, third["access_token"], TODAY) is None  # without api it opens nothing but userinfo
    again = {**form, "refresh_token": third["refresh_token"]}
    assert (await http.post(TOKEN, data=again)).json()["scope"] == "api openid"


async def test_a_replayed_refresh_token_kills_its_family(site: Site, http: httpx.AsyncClient, raw: Any) -> None:
    _, phone = await site.account()
    client_id = await site.own_app()
    first = await tokens_for(site, http, client_id, phone)
    other = await tokens_for(site, http, client_id, phone)
    form = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"], "client_id": client_id}
    second = (await http.post(TOKEN, data=form)).json()

    refused(await http.post(TOKEN, data=form), 400, "invalid_grant")  # the thief, or the robbed one

    for dead in (first, second):
        assert await load_actor(raw, dead["access_token"], TODAY) is None
        refused(await http.post(TOKEN, data={**form, "refresh_token": dead["refresh_token"]}), 400, "invalid_grant")
    assert await load_actor(raw, other["access_token"], TODAY) is not None
    assert (await http.post(TOKEN, data={**form, "refresh_token": other["refresh_token"]})).status_code == 200


async def test_refreshing_twice_at_once_gives_one_new_token(site: Site, http: httpx.AsyncClient, raw: Any) -> None:
    _, phone = await site.account()
    client_id = await site.own_app()
    first = await tokens_for(site, http, client_id, phone)
    form = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"], "client_id": client_id}
    answers = await asyncio.gather(*(http.post(TOKEN, data=form) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400]
    [given] = [answer.json() for answer in answers if answer.status_code == 200]
    assert await load_actor(raw, given["access_token"], TODAY) is not None


async def test_a_sign_in_ends_after_its_days_and_with_the_account(site: Site, http: httpx.AsyncClient) -> None:
    account, phone = await site.account()
    client_id = await site.own_app()
    for ending in ("days", "account"):
        given = await tokens_for(site, http, client_id, phone)
        async with site.sessions.begin() as session:
            if ending == "days":
                lapsed = update(OAuthSession).where(OAuthSession.client_id == client_id)
                await session.execute(lapsed.values(expires_at=datetime.now(UTC)))
            else:
                closed = update(Account).where(Account.id == account.id)
                await session.execute(closed.values(status=AccountStatus.CLOSED))
        form = {"grant_type": "refresh_token", "refresh_token": given["refresh_token"], "client_id": client_id}
        answer = await http.post(TOKEN, data=form)
        assert answer.status_code == 400
        assert "access_token" not in answer.json()


# -- the county's own apps ---------------------------------------------------------------------------------------------


async def test_the_countys_own_app_brings_a_one_time_code(site: Site, http: httpx.AsyncClient, raw: Any) -> None:
    account, phone = await site.account()
    client_id = await site.own_app()
    await (await Browser(http).go(Asking(client_id).address)).press("phone", phone=phone)
    form = {"grant_type": ONE_TIME_CODE, "client_id": client_id, "phone": phone, "scope": "api"}
    wrong = f"{(int(site.inbox.codes[phone]) + 1) % 10**6:06}"
    refused(await http.post(TOKEN, data={**form, "code": wrong}), 400, "invalid_grant")
    right = {**form, "code": site.inbox.codes[phone]}
    answers = await asyncio.gather(*(http.post(TOKEN, data=right) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400]
    [given] = [answer.json() for answer in answers if answer.status_code == 200]
    assert set(given) == {"access_token", "token_type", "expires_in", "refresh_token", "scope"}
    actor = await load_actor(raw, given["access_token"], TODAY)
    assert actor is not None
    assert actor.account_id == account.id


async def test_only_the_countys_own_apps_may_bring_one(site: Site, http: httpx.AsyncClient) -> None:
    _, phone = await site.account()
    own = await site.own_app()
    await (await Browser(http).go(Asking(own).address)).press("phone", phone=phone)
    form = {"grant_type": ONE_TIME_CODE, "phone": phone, "code": site.inbox.codes[phone], "scope": "api"}
    foreign = await site.client(ClientAuthMethod.NONE, grant_types=[ONE_TIME_CODE, "refresh_token"])
    refused(await http.post(TOKEN, data={**form, "client_id": foreign}), 400, "unauthorized_client")
    no_grant = await site.client(ClientAuthMethod.NONE, first_party=True)
    refused(await http.post(TOKEN, data={**form, "client_id": no_grant}), 400, "unauthorized_client")
    for missing in ("phone", "code"):
        lacking = {name: value for name, value in form.items() if name != missing}
        refused(await http.post(TOKEN, data={**lacking, "client_id": own}), 400, "invalid_request")
    refused(await http.post(TOKEN, data={**form, "client_id": own, "phone": "12"}), 400, "invalid_request")
    assert (await http.post(TOKEN, data={**form, "client_id": own})).status_code == 200  # none of these used it up


# -- what is told, and ending it ----------------------------------------------------------------------------------------


async def test_userinfo_tells_what_the_scopes_allow(site: Site, http: httpx.AsyncClient) -> None:
    account, phone = await site.account("李雷")
    client_id = await site.client()
    told = {}
    for scope in ("openid", "openid profile", "api"):
        asking = Asking(client_id, changed={"scope": scope})
        code = await code_for(site, http, asking, phone)
        given = (await http.post(TOKEN, data=asking.exchange(code), auth=(client_id, SECRET))).json()
        assert ("id_token" in given) == ("openid" in scope)
        told[scope] = await http.get("/oauth/userinfo", headers={"Authorization": f"Bearer {given['access_token']}"})
    assert told["openid"].json() == {"sub": str(account.id)}
    assert told["openid profile"].json() == {"sub": str(account.id), "name": "李雷", "locale": "zh-CN"}
    assert (told["api"].status_code, told["api"].json()["error"]) == (403, "insufficient_scope")
    for header in ({}, {"Authorization": "Bearer x"}, {"Authorization": "Bearer"}):
        nobody = await http.get("/oauth/userinfo", headers=header)
        assert nobody.status_code == 401
        assert nobody.headers["www-authenticate"].lower().startswith("bearer")


async def test_introspection_knows_a_clients_own_tokens(site: Site, http: httpx.AsyncClient) -> None:
    account, phone = await site.account()
    client_id, other = await site.client(), await site.client()
    asking = Asking(client_id)
    code = await code_for(site, http, asking, phone)
    given = (await http.post(TOKEN, data=asking.exchange(code), auth=(client_id, SECRET))).json()

    async def introspect(token: str, client: str = client_id) -> dict[str, Any]:
        answer = await http.post("/oauth/introspect", data={"token": token}, auth=(client, SECRET))
        assert answer.status_code == 200
        return dict(answer.json())

    access, refresh = await introspect(given["access_token"]), await introspect(given["refresh_token"])
    assert access["active"] is True
    assert (access["sub"], access["client_id"], access["scope"]) == (str(account.id), client_id, "api openid")
    assert (access["iss"], access["token_type"]) == (ISSUER, "Bearer")
    assert access["exp"] - access["iat"] == pytest.approx(1800, abs=5)
    assert (refresh["active"], refresh["sub"], "token_type" in refresh) == (True, str(account.id), False)
    for token, client in ((given["access_token"], other), (given["refresh_token"], other), ("x", client_id)):
        assert await introspect(token, client) == {"active": False}
    refused(await http.post("/oauth/introspect", data={"token": "x"}), 401, "invalid_client")
    refused(await http.post("/oauth/introspect", data={}, auth=(client_id, SECRET)), 400, "invalid_request")

    async with site.sessions.begin() as session:
        suspended = update(Account).where(Account.id == account.id).values(status=AccountStatus.SUSPENDED)
        await session.execute(suspended)
    assert await introspect(given["access_token"]) == {"active": False}


async def test_a_public_client_cannot_introspect(site: Site, http: httpx.AsyncClient) -> None:
    own = await site.own_app()
    refused(await http.post("/oauth/introspect", data={"token": "x", "client_id": own}), 401, "invalid_client")


async def test_revoking_a_refresh_token_ends_the_sign_in(site: Site, http: httpx.AsyncClient, raw: Any) -> None:
    _, phone = await site.account()
    own = await site.own_app()
    given = await tokens_for(site, http, own, phone)
    other = await site.own_app()
    stolen = await http.post("/oauth/revoke", data={"token": given["refresh_token"], "client_id": other})
    refused(stolen, 400, "invalid_grant")
    assert await load_actor(raw, given["access_token"], TODAY) is not None

    answer = await http.post("/oauth/revoke", data={"token": given["refresh_token"], "client_id": own})
    assert (answer.status_code, answer.json()) == (200, {})
    assert await load_actor(raw, given["access_token"], TODAY) is None
    form = {"grant_type": "refresh_token", "refresh_token": given["refresh_token"], "client_id": own}
    refused(await http.post(TOKEN, data=form), 400, "invalid_grant")


async def test_nothing_that_proves_anything_is_stored_plainly(
    site: Site, http: httpx.AsyncClient, database: Any
) -> None:
    _, phone = await site.account()
    own = await site.own_app()
    asking = Asking(own)
    code = await code_for(site, http, asking, phone)
    given = (await http.post(TOKEN, data=asking.exchange(code, client_id=own))).json()
    secrets_given = [code, given["access_token"], given["refresh_token"], http.cookies["anju"], asking.verifier]
    tables = ("access_token", "refresh_token", "authorization_code", "oauth_session", "browser_session", "signing_key")
    async with await psycopg.AsyncConnection.connect(database.superuser_url) as connection:
        for table in tables:
            rows = await (await connection.execute(f"SELECT t::text FROM {table} t")).fetchall()
            assert rows
            for secret in secrets_given:
                assert not any(secret in text or secret.encode().hex() in text for (text,) in rows)
        kinds = await connection.execute("SELECT DISTINCT substring(token_hash FROM 1 FOR 1) FROM refresh_token")
        assert await kinds.fetchall() == [(b"\x01",)]  # the hash says which one it is


async def test_a_consent_is_recorded_once_and_for_its_purpose(site: Site, http: httpx.AsyncClient) -> None:
    account, phone = await site.account()
    client_id = await site.client()
    await code_for(site, http, Asking(client_id), phone)
    browser = await Browser(http).go(Asking(client_id).address)
    assert "code" in browser.brought_back()  # signed in and agreed: no page
    more = await Browser(http).go(Asking(client_id, changed={"scope": "api openid profile"}).address)
    assert more.page.buttons() == ["allow", "deny", "leave"]
    async with site.sessions() as session:
        given = list(await session.scalars(select(OAuthConsent).where(OAuthConsent.account_id == account.id)))
    assert [(one.scopes, one.purpose) for one in given] == [(["api", "openid"], "演示用途")]


async def counted(site: Site, client_id: str) -> tuple[int, int]:
    """Access and refresh tokens of a client."""
    async with site.sessions() as session:
        access = select(func.count()).select_from(AccessToken).where(AccessToken.client_id == client_id)
        refresh = (
            select(func.count())
            .select_from(RefreshToken)
            .join(OAuthSession, OAuthSession.id == RefreshToken.session_id)
            .where(OAuthSession.client_id == client_id)
        )
        return await session.scalar(access) or 0, await session.scalar(refresh) or 0


async def test_a_client_without_refresh_gets_none(site: Site, http: httpx.AsyncClient) -> None:
    _, phone = await site.account()
    client_id = await site.client(ClientAuthMethod.NONE, first_party=True, grant_types=["authorization_code"])
    given = await tokens_for(site, http, client_id, phone)
    assert "refresh_token" not in given
    assert await counted(site, client_id) == (1, 0)
    form = {"grant_type": "refresh_token", "refresh_token": secrets.token_hex(), "client_id": client_id}
    refused(await http.post(TOKEN, data=form), 400, "unauthorized_client")


async def test_no_token_stands_in_the_log(
    site: Site, http: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    """Authlib would write every token into its debug log."""
    caplog.set_level("DEBUG")
    _, phone = await site.account()
    own = await site.own_app()
    given = await tokens_for(site, http, own, phone)
    form = {"grant_type": "refresh_token", "refresh_token": given["refresh_token"], "client_id": own}
    again = (await http.post(TOKEN, data=form)).json()
    for token in (*given.values(), *again.values()):
        if isinstance(token, str) and len(token) > 20:
            assert token not in caplog.text


async def test_what_is_over_is_swept(site: Site, http: httpx.AsyncClient) -> None:
    _, phone = await site.account()
    own, kept = await site.own_app(), await site.own_app()
    await tokens_for(site, http, own, phone)
    alive = await tokens_for(site, http, kept, phone)
    now = datetime.now(UTC)
    async with site.sessions.begin() as session:
        long_ago = now - timedelta(days=40)
        ended = update(OAuthSession).where(OAuthSession.client_id == own)
        await session.execute(ended.values(expires_at=long_ago))
        codes = update(AuthorizationCode).where(AuthorizationCode.client_id == own)
        await session.execute(codes.values(expires_at=long_ago))
        assert await forget_ended_sessions(session, now - timedelta(days=1)) == 0  # its access token is not swept yet
        tokens = update(AccessToken).where(AccessToken.client_id == own)
        await session.execute(tokens.values(expires_at=long_ago))
        assert await forget_expired_tokens(session, now - timedelta(days=1)) >= 1
        assert await forget_ended_sessions(session, now - timedelta(days=1)) == 1
    assert await counted(site, own) == (0, 0)
    form = {"grant_type": "refresh_token", "refresh_token": alive["refresh_token"], "client_id": kept}
    assert (await http.post(TOKEN, data=form)).status_code == 200


STRANGE = ["\x00", "²", "\ud7ff\u202e", "%s{0}${x}", "x" * 7000, "x" * 9000, "-1", "9" * 20]


async def test_strange_requests_are_no_faults(site: Site, http: httpx.AsyncClient) -> None:
    own = await site.own_app()
    for value in STRANGE:
        for name in ("nonce", "state", "scope", "max_age", "prompt", "ui_locales", "client_id", "code_challenge"):
            answer = await http.get(Asking(own, changed={name: value}).address)
            assert answer.status_code in (200, 303, 400), (name, value)


async def test_strange_forms_are_no_faults(site: Site, http: httpx.AsyncClient) -> None:
    own = await site.own_app()
    names = ("code", "code_verifier", "refresh_token", "redirect_uri", "scope", "phone", "token", "client_id")
    for value in ("\x00", "中", "x" * 1500, "", " "):
        for grant in ("authorization_code", "refresh_token", ONE_TIME_CODE):
            form = {"grant_type": grant, **dict.fromkeys(names, value), "client_id": own}
            for path in (TOKEN, "/oauth/revoke"):
                answer = await http.post(path, data=form)
                assert answer.status_code in (200, 400, 401), (grant, value)

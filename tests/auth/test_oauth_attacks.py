"""Attacks on the authorization server, each with its refusal (RFC 9700). Pages: ``test_sign_in_pages``; certificates:
``test_certificates``; assertions: ``test_oauth``."""

import base64
import hmac
import json
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import pytest_asyncio
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from sqlalchemy import update

from auth.actor import load_actor
from auth.oauth.keys import current_key
from models.accounts import AccessToken, ClientAuthMethod
from models.sealed import DerivedVault
from tests.auth.apps import BACK, ISSUER, SECRET, Asking, Sessions, Site, challenge
from tests.auth.browser import Browser
from tests.auth.conftest import TODAY
from tests.auth.test_code_flow import TOKEN, code_for, counted, refused, tokens_for


@pytest.fixture
def site(sessions: Sessions, vault: DerivedVault) -> Site:
    return Site(sessions, vault)


@pytest_asyncio.fixture
async def http(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    async with site.http() as client:
        yield client


# -- the code ---------------------------------------------------------------------------------------------------------


async def test_a_code_is_worthless_to_another_client(site: Site, http: httpx.AsyncClient) -> None:
    """Code injection: the attacker redeems a stolen code with a client of his own, even knowing the verifier."""
    _, phone = await site.account()
    robbed, thief = await site.client(), await site.client()
    asking = Asking(robbed)
    code = await code_for(site, http, asking, phone)
    refused(await http.post(TOKEN, data=asking.exchange(code), auth=(thief, SECRET)), 400, "invalid_grant")
    # It was in the wrong hands: now nobody gets anything for it.
    refused(await http.post(TOKEN, data=asking.exchange(code), auth=(robbed, SECRET)), 400, "invalid_grant")
    assert await counted(site, robbed) == await counted(site, thief) == (0, 0)


FLAWS: dict[str, dict[str, str | None]] = {
    "another verifier": {"code_verifier": "w" * 50},
    "no verifier": {"code_verifier": None},
    "the challenge as verifier": {"code_verifier": "CHALLENGE"},
    "a verifier too short": {"code_verifier": "short"},
    "a verifier with a line end": {"code_verifier": "VERIFIER\n"},
    "another redirect": {"redirect_uri": "https://evil.example/back"},
    "no redirect": {"redirect_uri": None},
}


@pytest.mark.parametrize("flaw", FLAWS)
@pytest.mark.parametrize("method", [ClientAuthMethod.BASIC, ClientAuthMethod.NONE])
async def test_a_code_needs_what_it_was_asked_with(
    site: Site, http: httpx.AsyncClient, flaw: str, method: ClientAuthMethod
) -> None:
    """Code injection: the attacker puts a stolen code into his own session with the right client. PKCE holds for
    confidential clients too."""
    _, phone = await site.account()
    client_id = await site.client(method)
    asking = Asking(client_id)
    code = await code_for(site, http, asking, phone)
    proof: dict[str, Any] = {"auth": (client_id, SECRET)} if method is ClientAuthMethod.BASIC else {}
    named = {} if proof else {"client_id": client_id}
    words = {"CHALLENGE": challenge(asking.verifier), "VERIFIER\n": f"{asking.verifier}\n"}
    changed = {name: words.get(value or "", value) for name, value in FLAWS[flaw].items()}
    answer = await http.post(TOKEN, data={**asking.exchange(code, **changed), **named}, **proof)
    assert (answer.status_code, answer.json()["error"] in ("invalid_grant", "invalid_request")) == (400, True)
    again = await http.post(TOKEN, data={**asking.exchange(code), **named}, **proof)
    refused(again, 400, "invalid_grant")
    assert await counted(site, client_id) == (0, 0)


@pytest.mark.parametrize(
    "changed",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge": None},
        {"code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": "s256"},
        {"code_challenge": "short"},
        {"code_challenge": "x" * 200},
    ],
)
@pytest.mark.parametrize("first_party", [True, False])
async def test_no_code_without_pkce(
    site: Site, http: httpx.AsyncClient, changed: dict[str, str | None], first_party: bool
) -> None:
    """PKCE downgrade."""
    _, phone = await site.account()
    own = await site.own_app()
    await site.signed_in(await Browser(http).go(Asking(own).address), phone)
    client_id = own if first_party else await site.client()
    browser = await Browser(http).go(Asking(client_id, changed=changed).address)
    assert browser.brought_back()["error"] == "invalid_request"
    assert browser.brought_back()["iss"] == ISSUER


async def test_a_code_is_not_a_token_nor_a_refresh_token(site: Site, http: httpx.AsyncClient, raw: Any) -> None:
    _, phone = await site.account()
    own = await site.own_app()
    code = await code_for(site, http, Asking(own), phone)
    assert await load_actor(raw, code, TODAY) is None
    form = {"grant_type": "refresh_token", "refresh_token": code, "client_id": own}
    refused(await http.post(TOKEN, data=form), 400, "invalid_grant")


# -- scope ------------------------------------------------------------------------------------------------------------


async def test_scopes_only_shrink(site: Site, http: httpx.AsyncClient) -> None:
    """Scope escalation, at each place where a scope can be named."""
    _, phone = await site.account()
    modest = await site.client(scopes=["openid"])
    browser = await site.signed_in(await Browser(http).go(Asking(modest, changed={"scope": "openid"}).address), phone)
    await browser.press("allow")
    for more in ("openid api", "api", "fees:collect", "*"):
        asked = await Browser(http).go(Asking(modest, changed={"scope": more}).address)
        assert asked.brought_back()["error"] == "invalid_scope"

    asking = Asking(modest, changed={"scope": "openid"})
    code = (await Browser(http).go(asking.address)).brought_back()["code"]
    given = await http.post(TOKEN, data={**asking.exchange(code), "scope": "openid api"}, auth=(modest, SECRET))
    assert given.json()["scope"] == "openid"
    form = {"grant_type": "refresh_token", "refresh_token": given.json()["refresh_token"]}
    for more in ("openid api", "api"):
        refused(await http.post(TOKEN, data={**form, "scope": more}, auth=(modest, SECRET)), 400, "invalid_scope")
    assert (await http.post(TOKEN, data=form, auth=(modest, SECRET))).json()["scope"] == "openid"


async def test_a_token_for_signing_in_opens_nothing_else(site: Site, http: httpx.AsyncClient, raw: Any) -> None:
    _, phone = await site.account()
    client_id = await site.client(ClientAuthMethod.NONE, first_party=True, scopes=["openid"])
    asking = Asking(client_id, changed={"scope": "openid"})
    code = await code_for(site, http, asking, phone)
    given = (await http.post(TOKEN, data=asking.exchange(code, client_id=client_id))).json()
    assert await load_actor(raw, given["access_token"], TODAY) is None
    assert await load_actor(raw, given["id_token"], TODAY) is None


@pytest.mark.parametrize(
    "grant", ["client_credentials", "password", "implicit", "urn:ietf:params:oauth:grant-type:jwt-bearer"]
)
async def test_a_client_uses_the_grants_it_has(site: Site, http: httpx.AsyncClient, grant: str) -> None:
    client_id = await site.client()
    answer = await http.post(TOKEN, data={"grant_type": grant}, auth=(client_id, SECRET))
    known = grant == "client_credentials"
    refused(answer, 400, "unauthorized_client" if known else "unsupported_grant_type")


@pytest.mark.parametrize("response_type", ["token", "id_token", "code token", "none", "", "'\"\\中"])
async def test_tokens_never_come_through_the_browser(site: Site, http: httpx.AsyncClient, response_type: str) -> None:
    own = await site.own_app()
    answer = await http.get(Asking(own, changed={"response_type": response_type}).address)
    assert answer.status_code in (303, 400)
    location = answer.headers.get("location", BACK)
    assert location.startswith(BACK)
    assert "token=" not in location


# -- the refresh token --------------------------------------------------------------------------------------------------


async def test_a_stolen_refresh_token_ends_with_the_first_that_notices(
    site: Site, http: httpx.AsyncClient, raw: Any
) -> None:
    """The thief refreshes first; when the app comes with its own, both lose everything."""
    _, phone = await site.account()
    own = await site.own_app()
    given = await tokens_for(site, http, own, phone)
    form = {"grant_type": "refresh_token", "refresh_token": given["refresh_token"], "client_id": own}
    async with site.http() as thief:
        stolen = (await thief.post(TOKEN, data=form)).json()
        assert await load_actor(raw, stolen["access_token"], TODAY) is not None
        refused(await http.post(TOKEN, data=form), 400, "invalid_grant")
        assert await load_actor(raw, stolen["access_token"], TODAY) is None
        next_one = {**form, "refresh_token": stolen["refresh_token"]}
        refused(await thief.post(TOKEN, data=next_one), 400, "invalid_grant")


async def test_a_refresh_token_in_another_clients_hands_ends_its_family(
    site: Site, http: httpx.AsyncClient, raw: Any
) -> None:
    _, phone = await site.account()
    own, thief = await site.own_app(), await site.client()
    given = await tokens_for(site, http, own, phone)
    form = {"grant_type": "refresh_token", "refresh_token": given["refresh_token"]}
    refused(await http.post(TOKEN, data=form, auth=(thief, SECRET)), 400, "invalid_grant")
    assert await load_actor(raw, given["access_token"], TODAY) is None
    refused(await http.post(TOKEN, data={**form, "client_id": own}), 400, "invalid_grant")


async def test_a_refresh_token_opens_nothing(site: Site, http: httpx.AsyncClient, raw: Any) -> None:
    _, phone = await site.account()
    given = await tokens_for(site, http, await site.own_app(), phone)
    assert await load_actor(raw, given["refresh_token"], TODAY) is None
    bearer = {"Authorization": f"Bearer {given['refresh_token']}"}
    assert (await http.get("/oauth/userinfo", headers=bearer)).status_code == 401


# -- clients ----------------------------------------------------------------------------------------------------------


async def test_a_confidential_client_is_never_taken_for_a_public_one(site: Site, http: httpx.AsyncClient) -> None:
    _, phone = await site.account()
    client_id = await site.client()
    asking = Asking(client_id)
    code = await code_for(site, http, asking, phone)
    for form in ({"client_id": client_id}, {"client_id": client_id, "client_secret": ""}):
        refused(await http.post(TOKEN, data={**asking.exchange(code), **form}), 401, "invalid_client")
    assert (await http.post(TOKEN, data=asking.exchange(code), auth=(client_id, SECRET))).status_code == 200


async def test_a_client_proves_itself_in_one_way(site: Site, http: httpx.AsyncClient) -> None:
    client_id = await site.client()
    two = {"grant_type": "refresh_token", "client_id": client_id, "client_secret": SECRET}
    refused(await http.post(TOKEN, data=two, auth=(client_id, SECRET)), 400, "invalid_request")
    refused(await http.post(TOKEN, data={**two, "client_assertion": "x"}), 400, "invalid_request")


# -- signed access tokens (RFC 9068) --------------------------------------------------------------------------------------


async def partner_token(site: Site, http: httpx.AsyncClient) -> tuple[str, str]:
    client_id = await site.client(grant_types=["client_credentials"], scopes=["filings:public"], redirect_uris=[])
    answer = await http.post(TOKEN, data={"grant_type": "client_credentials"}, auth=(client_id, SECRET))
    assert answer.status_code == 200, answer.text
    return client_id, answer.json()["access_token"]


async def test_a_partners_token_can_be_checked_offline(site: Site, http: httpx.AsyncClient, raw: Any) -> None:
    client_id, token = await partner_token(site, http)
    keys = KeySet.import_key_set((await http.get("/oauth/jwks")).json())
    read = jwt.decode(token, keys, algorithms=["ES256"])
    assert (read.header["typ"], read.header["alg"], read.header["kid"]) == ("at+jwt", "ES256", keys.keys[0].kid)
    claims = dict(read.claims)
    assert claims.pop("exp") - claims.pop("iat") == 3600
    assert len(claims.pop("jti")) >= 16
    assert claims == {
        "iss": ISSUER,
        "aud": f"{ISSUER}/graphql",
        "sub": client_id,
        "client_id": client_id,
        "scope": "filings:public",
    }
    actor = await load_actor(raw, token, TODAY)
    assert actor is not None
    assert actor.client_id == client_id
    await http.post("/oauth/revoke", data={"token": token}, auth=(client_id, SECRET))
    assert await load_actor(raw, token, TODAY) is None  # revoked at once, whatever its signature says


def encoded(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def mac_signed(header: dict[str, Any], claims: dict[str, Any], secret: bytes) -> str:
    """HS256 by hand: joserfc would not take a public key for a secret."""
    signed = f"{encoded(header)}.{encoded(claims)}"
    mac = hmac.digest(secret, signed.encode(), "sha256")
    return f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


async def test_forged_signed_tokens_are_refused(site: Site, http: httpx.AsyncClient, raw: Any) -> None:
    """Algorithm confusion (none; HS256 with the public key as secret), another key, audience, issuer or life."""
    _, token = await partner_token(site, http)
    header, payload, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    public = (await http.get("/oauth/jwks")).json()["keys"][0]
    secrets_of_it = [json.dumps(public).encode(), ECKey.import_key(public).as_pem(private=False), public["x"].encode()]
    other = ECKey.generate_key("P-256", parameters={"kid": public["kid"]})
    at = {"typ": "at+jwt", "kid": public["kid"]}
    forged = [f"{encoded({**at, 'alg': alg})}.{payload}." for alg in ("none", "None", "NONE", "")]
    forged += [f"{encoded({**at, 'alg': 'none'})}.{payload}.{signature}", f"{header}.{payload}.", f"{header}.{payload}"]
    forged += [mac_signed({**at, "alg": "HS256"}, claims, secret) for secret in secrets_of_it]
    changes: list[dict[str, Any]] = [
        {},
        {"aud": "https://elsewhere.example"},
        {"iss": "https://elsewhere.example"},
        {"exp": int(time.time()) + 10**6},
        {"scope": "filings:public fees:collect"},
        {"sub": "somebody"},
    ]
    for change in changes:
        forged.append(jwt.encode({**at, "alg": "ES256"}, {**claims, **change}, other, algorithms=["ES256"]))
    forged.append(f"{header}.{encoded({**claims, 'scope': 'fees:collect'})}.{signature}")
    for one in forged:
        assert await load_actor(raw, one, TODAY) is None
    assert await load_actor(raw, token, TODAY) is not None


async def test_what_our_own_key_signed_but_was_never_issued_is_refused(
    site: Site, http: httpx.AsyncClient, raw: Any
) -> None:
    """Token confusion: even a good signature does not make an access token. An ID token has one."""
    _, token = await partner_token(site, http)
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    async with site.sessions.begin() as session:
        key = await session.run_sync(lambda sync: current_key(sync, site.vault))
    made = jwt.encode({"alg": "ES256", "typ": "at+jwt"}, {**claims, "jti": "mine"}, key, algorithms=["ES256"])
    assert await load_actor(raw, made, TODAY) is None


async def test_an_expired_token_is_refused(site: Site, http: httpx.AsyncClient, raw: Any) -> None:
    client_id, token = await partner_token(site, http)
    async with site.sessions.begin() as session:
        lapsed = update(AccessToken).where(AccessToken.client_id == client_id)
        await session.execute(lapsed.values(expires_at=datetime.now(UTC)))
    assert await load_actor(raw, token, TODAY) is None
    answer = await http.post("/oauth/introspect", data={"token": token}, auth=(client_id, SECRET))
    assert answer.json() == {"active": False}


# -- client assertions (RFC 7523), further than test_oauth -----------------------------------------------------------------


async def test_algorithm_confusion_in_assertions(site: Site, http: httpx.AsyncClient) -> None:
    key = ECKey.generate_key("P-256", parameters={"kid": "1"})
    jwks = KeySet([key]).as_dict(private=False)
    client_id = await site.client(
        ClientAuthMethod.PRIVATE_KEY_JWT, jwks=jwks, grant_types=["client_credentials"], redirect_uris=[]
    )
    now = int(time.time())
    claims = {"iss": client_id, "sub": client_id, "aud": ISSUER, "exp": now + 60, "jti": "1"}
    public = key.as_dict(private=False)
    forged = [f"{encoded({'alg': alg, 'kid': '1'})}.{encoded(claims)}." for alg in ("none", "None", "nOnE")]
    secrets_of_it = (json.dumps(public).encode(), key.as_pem(private=False), key.as_der(private=False))
    forged += [mac_signed({"alg": "HS256", "kid": "1"}, claims, secret) for secret in secrets_of_it]
    own_key = ECKey.generate_key("P-256")
    carried = {"alg": "ES256", "jwk": own_key.as_dict(private=False)}
    forged.append(jwt.encode(carried, claims, own_key, algorithms=["ES256"]))
    pointing: list[dict[str, str]] = [
        {"jku": "https://evil.example/jwks"},
        {"x5u": "https://evil.example/x"},
        {"kid": "../1"},
    ]
    forged += [jwt.encode({"alg": "ES256", **one}, claims, own_key, algorithms=["ES256"]) for one in pointing]
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    }
    for assertion in forged:
        refused(await http.post(TOKEN, data={**form, "client_assertion": assertion}), 401, "invalid_client")
    good = jwt.encode({"alg": "ES256", "kid": "1"}, claims, key, algorithms=["ES256"])
    assert (await http.post(TOKEN, data={**form, "client_assertion": good})).status_code == 200
    refused(await http.post(TOKEN, data={**form, "client_assertion": good}), 401, "invalid_client")  # its jti was used
    assert await counted(site, client_id) == (1, 0)

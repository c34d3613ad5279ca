"""Partners' clients at the token endpoint: RFC 6749 §4.4, 7009, 7523, 8414."""

import base64
import secrets
import time
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import psycopg
import pytest
import pytest_asyncio
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from starlette.applications import Starlette
from starlette.requests import Request

from auth.actor import load_actor
from auth.codes import CLIENTS_PER_ADDRESS
from auth.oauth.clients import hash_secret, new_secret, register_client, secret_matches
from auth.oauth.endpoints import Endpoints, address_of, issuer_of
from auth.oauth.issuing import Lifetimes
from auth.oauth.server import Means
from auth.tokens import issue_token
from models.accounts import AccessToken, Account, AccountStatus, ClientAuthMethod, OAuthClient, OAuthJti
from models.sealed import DerivedVault
from tests.auth.conftest import TODAY
from tests.auth.test_signin import client_of

Sessions = async_sessionmaker[AsyncSession]
ISSUER = "https://anju.example.gov.cn"
GRANT = {"grant_type": "client_credentials"}
SECRET = "correct horse"  # hashed slowly once, for all tests
SECRET_HASH = hash_secret(SECRET)
KEY = ECKey.generate_key("P-256", parameters={"kid": "2026-1"})
PROVING = [method for method in ClientAuthMethod if method is not ClientAuthMethod.NONE]
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
NOT_AUTHENTICATED = {"error": "invalid_client", "error_description": "Client authentication failed."}


@pytest.fixture
def address() -> str:
    return f"10.{secrets.randbelow(256)}.{secrets.randbelow(256)}.{secrets.randbelow(256)}"


@pytest_asyncio.fixture
async def http(sessions: Sessions, vault: DerivedVault, address: str) -> AsyncIterator[httpx.AsyncClient]:
    made = Endpoints(sessions, Means(vault, Lifetimes()), issuer_of(f"{ISSUER}/")).routes()
    async with client_of(Starlette(routes=made), address) as client:
        yield client


async def registered(sessions: Sessions, method: ClientAuthMethod = ClientAuthMethod.BASIC) -> str:
    client_id = f"court-{uuid.uuid4()}"
    with_key = method is ClientAuthMethod.PRIVATE_KEY_JWT
    async with sessions.begin() as session:
        client = register_client(
            session,
            client_id,
            "演示法院",
            counties=["990001"],
            scopes=["filings:read", "filings:public"],
            purpose="核实备案",
            legal_basis="演示依据",
            auth_method=method,
            jwks=KeySet([KEY]).as_dict(private=False) if with_key else None,
        )
        if not with_key:
            client.secret_hash = SECRET_HASH
    return client_id


async def tokens_of(sessions: Sessions, client_id: str) -> int:
    async with sessions() as session:
        held = select(func.count()).select_from(AccessToken).where(AccessToken.client_id == client_id)
        return await session.scalar(held) or 0


def assertion(client_id: str, key: Any = KEY, algorithm: str = "ES256", **claims: Any) -> dict[str, str]:
    now = int(time.time())
    content = {
        "iss": client_id,
        "sub": client_id,
        "aud": f"{ISSUER}/oauth/token",
        "exp": now + 120,
        "jti": secrets.token_hex(),
    }
    merged = {name: value for name, value in {**content, **claims}.items() if value is not None}
    signed = jwt.encode({"alg": algorithm, "kid": "2026-1"}, merged, key, algorithms=[algorithm])
    return {**GRANT, "client_assertion_type": ASSERTION, "client_assertion": signed}


def refused(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["error"]) == (status, code)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["pragma"] == "no-cache"


# -- the token --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", PROVING)
async def test_a_client_gets_a_token_in_the_way_it_was_registered_for(
    http: httpx.AsyncClient, sessions: Sessions, raw: psycopg.AsyncConnection, method: ClientAuthMethod
) -> None:
    client_id = await registered(sessions, method)
    ways = {
        ClientAuthMethod.BASIC: {"data": GRANT, "auth": (client_id, SECRET)},
        ClientAuthMethod.POST: {"data": {**GRANT, "client_id": client_id, "client_secret": SECRET}},
        ClientAuthMethod.PRIVATE_KEY_JWT: {"data": assertion(client_id)},
    }
    for tried, request in ways.items():
        answer = await http.post("/oauth/token", **request)
        if tried is not method:
            refused(answer, 401, "invalid_client")
            continue
        assert answer.status_code == 200
        assert (answer.headers["cache-control"], answer.headers["pragma"]) == ("no-store", "no-cache")
        body = answer.json()
        token = body.pop("access_token")
        assert body == {"token_type": "Bearer", "expires_in": 3600, "scope": "filings:public filings:read"}
        actor = await load_actor(raw, token, TODAY)
        assert actor is not None
        assert (actor.client_id, actor.account_id) == (client_id, None)
        assert actor.scopes == {"filings:public", "filings:read"}
    assert await tokens_of(sessions, client_id) == 1


async def test_fewer_scopes_can_be_asked_for_and_no_others(http: httpx.AsyncClient, sessions: Sessions) -> None:
    client_id = await registered(sessions)
    fewer = await http.post("/oauth/token", data={**GRANT, "scope": "filings:public"}, auth=(client_id, SECRET))
    assert fewer.json()["scope"] == "filings:public"
    more = await http.post("/oauth/token", data={**GRANT, "scope": "filings:public x"}, auth=(client_id, SECRET))
    refused(more, 400, "invalid_scope")
    assert await tokens_of(sessions, client_id) == 1


async def test_who_fails_to_authenticate_is_answered_alike(http: httpx.AsyncClient, sessions: Sessions) -> None:
    active, suspended = await registered(sessions), await registered(sessions)
    async with sessions.begin() as session:
        await session.execute(
            update(OAuthClient).where(OAuthClient.client_id == suspended).values(status=AccountStatus.SUSPENDED)
        )
    basic = {
        "wrong secret": f"{active}:wrong",
        "unknown client": f"nobody:{SECRET}",
        "suspended": f"{suspended}:{SECRET}",
        "no secret": f"{active}:",
        "no colon": active,
        "nul": f"no\x00body:{SECRET}",
        "long": "x" * 5000 + f":{SECRET}",
    }
    headers = [f"Basic {base64.b64encode(pair.encode()).decode()}" for pair in basic.values()]
    headers += ["Basic !!!", f"Basic {base64.b64encode(bytes([255, 254, 58, 255])).decode()}", "Bearer x", "Basic"]
    for header in headers:
        answer = await http.post("/oauth/token", data=GRANT, headers={"Authorization": header})
        refused(answer, 401, "invalid_client")
        assert answer.json() == NOT_AUTHENTICATED
        assert answer.headers["www-authenticate"].startswith("Basic ")
    refused(await http.post("/oauth/token", data=GRANT), 401, "invalid_client")
    assert await tokens_of(sessions, active) + await tokens_of(sessions, suspended) == 0


@pytest.mark.parametrize(
    ("body", "content_type", "code"),
    [
        ("grant_type=password", "application/x-www-form-urlencoded", "unsupported_grant_type"),
        ("grant_type=%E4%B8%AD", "application/x-www-form-urlencoded", "unsupported_grant_type"),
        ("grant_type=client_credentials&x=%00", "application/x-www-form-urlencoded", "invalid_request"),
        ("", "application/x-www-form-urlencoded", "unsupported_grant_type"),
        ('{"grant_type": "client_credentials"}', "application/json", "invalid_request"),
        ("grant_type=client_credentials", "", "invalid_request"),
        ("grant_type=client_credentials&grant_type=x", "application/x-www-form-urlencoded", "invalid_request"),
        ("grant_type=%FF", "application/x-www-form-urlencoded", "invalid_request"),
        ("a=" + "x" * 20_000, "application/x-www-form-urlencoded", "invalid_request"),
        ("&".join(f"a{n}=1" for n in range(50)), "application/x-www-form-urlencoded", "invalid_request"),
        ("grant_type=client_credentials&client_secret=x", "application/x-www-form-urlencoded", "invalid_request"),
    ],
)
async def test_requests_out_of_form_are_refused_by_code(
    http: httpx.AsyncClient, sessions: Sessions, body: str, content_type: str, code: str
) -> None:
    client_id = await registered(sessions)
    answer = await http.post(
        "/oauth/token", content=body, headers={"Content-Type": content_type}, auth=(client_id, SECRET)
    )
    refused(answer, 400, code)
    assert await tokens_of(sessions, client_id) == 0


async def test_an_address_may_try_sixty_times_a_minute(http: httpx.AsyncClient) -> None:
    (limit,) = CLIENTS_PER_ADDRESS
    assert (limit.most, limit.window) == (60, timedelta(minutes=1))
    statuses = []
    while 429 not in statuses and len(statuses) <= 2 * limit.most:
        answer = await http.post("/oauth/token", data={"grant_type": "x"})
        statuses.append(answer.status_code)
    # Over a full minute the count begins anew, once.
    assert limit.most < len(statuses) <= 2 * limit.most + 1
    assert set(statuses) == {400, 429}
    assert answer.json() == {"error": "temporarily_unavailable"}
    assert 1 <= int(answer.headers["retry-after"]) <= 61


@pytest.mark.parametrize(
    ("peer", "subject"),
    [
        (("203.0.113.9", 1), "203.0.113.9"),
        (("2001:db8:1:2:3:4:5:6", 1), "2001:db8:1:2::/64"),
        (("unix-peer", 1), "unix-peer"),
        (None, ""),
    ],
)
def test_an_ipv6_subscriber_is_counted_as_one_address(peer: tuple[str, int] | None, subject: str) -> None:
    assert address_of(Request({"type": "http", "headers": [], "client": peer})) == subject


# -- private_key_jwt --------------------------------------------------------------------------------------------------


async def test_an_assertion_is_good_once(http: httpx.AsyncClient, sessions: Sessions) -> None:
    client_id = await registered(sessions, ClientAuthMethod.PRIVATE_KEY_JWT)
    form = assertion(client_id)
    assert (await http.post("/oauth/token", data=form)).status_code == 200
    refused(await http.post("/oauth/token", data=form), 401, "invalid_client")
    assert await tokens_of(sessions, client_id) == 1


async def test_an_assertion_is_used_up_by_a_refused_request_too(http: httpx.AsyncClient, sessions: Sessions) -> None:
    client_id = await registered(sessions, ClientAuthMethod.PRIVATE_KEY_JWT)
    form = assertion(client_id)
    refused(await http.post("/oauth/token", data={**form, "scope": "more"}), 400, "invalid_scope")
    refused(await http.post("/oauth/token", data=form), 401, "invalid_client")
    assert await tokens_of(sessions, client_id) == 0


OTHER_KEY = ECKey.generate_key("P-256", parameters={"kid": "2026-1"})
FLAWS: dict[str, dict[str, Any]] = {
    "another key": {"key": OTHER_KEY},
    "a shared secret": {"key": OctKey.generate_key(256), "algorithm": "HS256"},
    "another audience": {"aud": "https://elsewhere.example"},
    "no audience": {"aud": None},
    "expired": {"exp": 1},
    "no expiry": {"exp": None},
    "expiry as text": {"exp": "tomorrow"},
    "a life too long": {"exp": int(time.time()) + 7200},
    "no end": {"exp": 10**30},
    "no id": {"jti": None},
    "an id that is no text": {"jti": 5},
    "an empty id": {"jti": ""},
    "an id too long": {"jti": "x" * 300},
    "an id with nul": {"jti": "a\x00"},
    "another issuer": {"iss": "somebody"},
    "no subject": {"sub": None},
    "an unknown subject": {"sub": "nobody", "iss": "nobody"},
    "a subject that is no text": {"sub": 7, "iss": 7},
    "not yet": {"nbf": int(time.time()) + 3600},
}


@pytest.mark.parametrize("flaw", FLAWS)
async def test_a_flawed_assertion_is_nobodys(http: httpx.AsyncClient, sessions: Sessions, flaw: str) -> None:
    client_id = await registered(sessions, ClientAuthMethod.PRIVATE_KEY_JWT)
    answer = await http.post("/oauth/token", data=assertion(client_id, **FLAWS[flaw]))
    refused(answer, 401, "invalid_client")
    assert answer.json() == NOT_AUTHENTICATED
    assert await tokens_of(sessions, client_id) == 0
    async with sessions() as session:
        used = select(func.count()).select_from(OAuthJti).where(OAuthJti.client_id == client_id)
        assert await session.scalar(used) == 0


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "e30.e30.", "中", "eyJhbGciOiJub25lIn0.e30."])
async def test_what_is_no_assertion_is_nobodys(http: httpx.AsyncClient, text: str) -> None:
    form = {**GRANT, "client_assertion_type": ASSERTION, "client_assertion": text}
    refused(await http.post("/oauth/token", data=form), 401, "invalid_client")


# -- revocation -------------------------------------------------------------------------------------------------------


async def test_a_client_revokes_its_own_token(
    http: httpx.AsyncClient, sessions: Sessions, raw: psycopg.AsyncConnection
) -> None:
    client_id = await registered(sessions)
    token = (await http.post("/oauth/token", data=GRANT, auth=(client_id, SECRET))).json()["access_token"]
    unproven = await http.post("/oauth/revoke", data={"token": token}, auth=(client_id, "wrong"))
    refused(unproven, 401, "invalid_client")
    assert await load_actor(raw, token, TODAY) is not None

    form = {"token": token, "token_type_hint": "whatever"}
    for _ in range(2):  # a dead token is answered like a revoked one
        answer = await http.post("/oauth/revoke", data=form, auth=(client_id, SECRET))
        assert (answer.status_code, answer.json(), answer.headers["cache-control"]) == (200, {}, "no-store")
        assert await load_actor(raw, token, TODAY) is None
    refused(await http.post("/oauth/revoke", data={}, auth=(client_id, SECRET)), 400, "invalid_request")


async def test_nobody_revokes_anothers_token(
    http: httpx.AsyncClient, sessions: Sessions, raw: psycopg.AsyncConnection, account: Account
) -> None:
    client_id = await registered(sessions)
    async with sessions.begin() as session:
        token = (await issue_token(session, account_id=account.id, lifetime=timedelta(hours=1))).value
    refused(await http.post("/oauth/revoke", data={"token": token}, auth=(client_id, SECRET)), 400, "invalid_grant")
    assert await load_actor(raw, token, TODAY) is not None


# -- metadata and secrets ---------------------------------------------------------------------------------------------


async def test_the_metadata_are_those_of_rfc_8414(http: httpx.AsyncClient) -> None:
    answer = await http.get("/.well-known/oauth-authorization-server")
    found = AuthorizationServerMetadata(answer.json())
    found.validate_issuer()
    found.validate_token_endpoint()
    found.validate_token_endpoint_auth_methods_supported()
    found.validate_revocation_endpoint()
    assert found["issuer"] == ISSUER
    assert found["token_endpoint"] == f"{ISSUER}/oauth/token"
    assert found["revocation_endpoint"] == f"{ISSUER}/oauth/revoke"
    found.validate()
    assert found["grant_types_supported"] == [
        "authorization_code",
        "refresh_token",
        "client_credentials",
        "urn:anju:oauth:grant-type:one-time-code",
    ]
    assert found["token_endpoint_auth_methods_supported"] == [*PROVING, "none"]
    assert (await http.get("/.well-known/openid-configuration")).json() == answer.json()


async def test_in_development_the_issuer_is_where_the_request_went(
    sessions: Sessions, vault: DerivedVault, address: str
) -> None:
    made = Endpoints(sessions, Means(vault, Lifetimes()), issuer_of(None)).routes()
    async with client_of(Starlette(routes=made), address) as http:
        answer = await http.get("/.well-known/oauth-authorization-server")
    assert answer.json()["token_endpoint"] == "http://testserver/oauth/token"


def test_a_secret_is_stored_as_a_salted_slow_hash() -> None:
    secret = new_secret()
    first, second = hash_secret(secret), hash_secret(secret)
    assert first.startswith("scrypt$16384$8$1$")
    assert first != second
    assert secret_matches(secret, first)
    assert secret_matches(secret, second)
    assert not secret_matches(secret + "x", first)
    assert not secret_matches("", None)


@pytest.mark.parametrize("method", PROVING)
async def test_a_client_that_could_not_authenticate_is_not_registered(
    sessions: Sessions, method: ClientAuthMethod
) -> None:
    with pytest.raises(IntegrityError, match="ck_oauth_client_can_authenticate"):
        async with sessions.begin() as session:
            register_client(
                session,
                f"x-{uuid.uuid4()}",
                "x",
                counties=[],
                scopes=[],
                purpose="x",
                legal_basis="x",
                auth_method=method,
            )


async def test_a_public_client_has_no_rights_of_its_own(sessions: Sessions) -> None:
    with pytest.raises(IntegrityError, match="ck_oauth_client_public_has_no_rights_of_its_own"):
        async with sessions.begin() as session:
            register_client(
                session,
                f"x-{uuid.uuid4()}",
                "x",
                counties=[],
                scopes=[],
                purpose="x",
                legal_basis="x",
                auth_method=ClientAuthMethod.NONE,
            )

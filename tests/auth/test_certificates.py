"""Tokens bound to a client certificate (RFC 8705), which only a trusted proxy can vouch for."""

import base64
import hashlib
import hmac
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx
import psycopg
import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from joserfc import jwt
from joserfc.jwk import KeySet

from app.settings import Settings, SettingsError, load
from auth.actor import load_actor
from auth.codes import Limit
from auth.proxy import TrustedProxy, client_address, client_certificate, thumbprint_text
from models.sealed import DerivedVault
from tests.auth.apps import SECRET, Asking, Sessions, Site
from tests.auth.conftest import TODAY
from tests.auth.test_code_flow import code_for

PROXY_SECRET = "s" * 40
PROXY = TrustedProxy.of(["192.0.2.0/24", "2001:db8::1"], PROXY_SECRET)
INSIDE, OUTSIDE = "192.0.2.7", "198.51.100.7"
TOKEN = "/oauth/token"


def certificate(name: str) -> x509.Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    return x509.CertificateBuilder(subject, subject, key.public_key(), 1, now, now + timedelta(days=1)).sign(
        key, SHA256()
    )


BANK, OTHER = certificate("bank"), certificate("other")


def thumbprint(one: x509.Certificate) -> bytes:
    return hashlib.sha256(one.public_bytes(Encoding.DER)).digest()


def rfc9440(one: x509.Certificate) -> str:
    return f":{base64.b64encode(one.public_bytes(Encoding.DER)).decode()}:"


def from_proxy(one: x509.Certificate, secret: str = PROXY_SECRET) -> dict[str, str]:
    return {"Client-Cert": rfc9440(one), "X-Anju-Proxy-Secret": secret}


@pytest.fixture
def site(sessions: Sessions, vault: DerivedVault) -> Site:
    return Site(sessions, vault, PROXY)


@pytest_asyncio.fixture
async def http(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    async with site.http(INSIDE) as client:
        yield client


async def bank(site: Site) -> str:
    return await site.client(
        grant_types=["client_credentials"], scopes=["filings:public"], redirect_uris=[], certificate_bound=True
    )


async def bound_token(site: Site, http: httpx.AsyncClient) -> tuple[str, str]:
    client_id = await bank(site)
    form = {"grant_type": "client_credentials"}
    answer = await http.post(TOKEN, data=form, auth=(client_id, SECRET), headers=from_proxy(BANK))
    assert answer.status_code == 200, answer.text
    return client_id, answer.json()["access_token"]


async def test_a_token_is_bound_to_the_certificate(
    site: Site, http: httpx.AsyncClient, raw: psycopg.AsyncConnection[Any]
) -> None:
    client_id, token = await bound_token(site, http)
    keys = KeySet.import_key_set((await http.get("/oauth/jwks")).json())
    cnf = {"x5t#S256": base64.urlsafe_b64encode(thumbprint(BANK)).rstrip(b"=").decode()}
    assert jwt.decode(token, keys, algorithms=["ES256"]).claims["cnf"] == cnf
    told = await http.post("/oauth/introspect", data={"token": token}, auth=(client_id, SECRET))
    assert told.json()["cnf"] == cnf
    actor = await load_actor(raw, token, TODAY)
    assert actor is not None
    assert actor.comes_with(thumbprint(BANK))
    assert not actor.comes_with(thumbprint(OTHER))
    assert not actor.comes_with(None)


async def test_without_a_proven_certificate_there_is_no_token(site: Site, http: httpx.AsyncClient) -> None:
    """Header spoofing at the token endpoint: from outside, without the secret, with a wrong one, twice, or damaged."""
    client_id = await bank(site)
    good = from_proxy(BANK)
    spoofed: list[tuple[str, Any]] = [
        (OUTSIDE, good),
        ("2001:db8::2", good),
        ("unix", good),
        (INSIDE, {"Client-Cert": good["Client-Cert"]}),
        (INSIDE, from_proxy(BANK, "t" * 40)),
        (INSIDE, from_proxy(BANK, "")),
        (INSIDE, {"X-Anju-Proxy-Secret": PROXY_SECRET}),
        (INSIDE, [*good.items(), ("Client-Cert", rfc9440(OTHER))]),
        (INSIDE, [*good.items(), ("X-Anju-Proxy-Secret", "x")]),
        (INSIDE, {**good, "Client-Cert": ":bm8gY2VydGlmaWNhdGU=:"}),
        (INSIDE, {**good, "Client-Cert": "subject=CN=bank"}),
        (INSIDE, {**good, "Client-Cert": ""}),
        (INSIDE, {"X-SSL-Client-Cert": good["Client-Cert"], "X-Anju-Proxy-Secret": PROXY_SECRET}),
        (INSIDE, {}),
    ]
    for peer, headers in spoofed:
        async with site.http(peer) as client:
            answer = await client.post(
                TOKEN, data={"grant_type": "client_credentials"}, auth=(client_id, SECRET), headers=headers
            )
            assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_a_bound_apps_tokens_of_people_are_bound_too(
    site: Site, http: httpx.AsyncClient, raw: psycopg.AsyncConnection[Any]
) -> None:
    _, phone = await site.account()
    client_id = await site.client(certificate_bound=True)
    asking = Asking(client_id)
    code = await code_for(site, http, asking, phone)
    bare = await http.post(TOKEN, data=asking.exchange(code), auth=(client_id, SECRET))
    assert (bare.status_code, bare.json()["error"]) == (400, "invalid_request")
    proof = {"auth": (client_id, SECRET), "headers": from_proxy(BANK)}
    given = (await http.post(TOKEN, data=asking.exchange(code), **proof)).json()  # the code was not even looked at
    refresh = {"grant_type": "refresh_token", "refresh_token": given["refresh_token"]}
    bare = await http.post(TOKEN, data=refresh, auth=(client_id, SECRET))
    assert (bare.status_code, bare.json()["error"]) == (400, "invalid_request")
    again = (await http.post(TOKEN, data=refresh, **proof)).json()
    for token in (given["access_token"], again["access_token"]):
        actor = await load_actor(raw, token, TODAY)
        assert actor is not None
        assert [actor.comes_with(one) for one in (thumbprint(BANK), None)] == [True, False]
        bearer = {"Authorization": f"Bearer {token}"}
        assert (await http.get("/oauth/userinfo", headers=bearer)).status_code == 401
        assert (await http.get("/oauth/userinfo", headers={**bearer, **from_proxy(BANK)})).status_code == 200
    revoked = await http.post("/oauth/revoke", data={"token": again["refresh_token"]}, auth=(client_id, SECRET))
    assert revoked.status_code == 200  # ending one needs no certificate


def scope_of(peer: str | None, *headers: tuple[str, str]) -> dict[str, Any]:
    pairs = [(name.lower().encode(), value.encode()) for name, value in headers]
    return {"client": (peer, 1) if peer else None, "headers": pairs}


def test_both_forms_of_proxies_are_read() -> None:
    pem = quote(BANK.public_bytes(Encoding.PEM).decode())  # nginx: $ssl_client_escaped_cert
    for peer in (INSIDE, "2001:db8::1"):
        for form in (rfc9440(BANK), pem):
            scope = scope_of(peer, ("Client-Cert", form), ("X-Anju-Proxy-Secret", PROXY_SECRET))
            assert client_certificate(scope, PROXY) == thumbprint(BANK)
            assert client_certificate(scope, None) is None
    assert client_certificate(scope_of(None, *from_proxy(BANK).items()), PROXY) is None
    assert thumbprint_text(b"\xff" * 32) == "_" * 42 + "8"


@pytest.mark.parametrize(
    ("peer", "headers", "address"),
    [
        (INSIDE, {"X-Forwarded-For": "203.0.113.9", "X-Anju-Proxy-Secret": PROXY_SECRET}, "203.0.113.9"),
        (INSIDE, {"X-Forwarded-For": "10.9.9.9, 2001:db8:5::1", "X-Anju-Proxy-Secret": PROXY_SECRET}, "2001:db8:5::1"),
        (INSIDE, {"X-Forwarded-For": "203.0.113.9, me", "X-Anju-Proxy-Secret": PROXY_SECRET}, INSIDE),
        (INSIDE, {"X-Forwarded-For": "203.0.113.9"}, INSIDE),
        (INSIDE, {"X-Forwarded-For": "203.0.113.9", "X-Anju-Proxy-Secret": "x"}, INSIDE),
        (OUTSIDE, {"X-Forwarded-For": "203.0.113.9", "X-Anju-Proxy-Secret": PROXY_SECRET}, OUTSIDE),
        (None, {"X-Forwarded-For": "203.0.113.9", "X-Anju-Proxy-Secret": PROXY_SECRET}, ""),
    ],
)
def test_limits_count_by_the_callers_own_address(peer: str | None, headers: dict[str, str], address: str) -> None:
    assert client_address(scope_of(peer, *headers.items()), PROXY) == address
    assert client_address(scope_of(peer, *headers.items()), None) == (peer or "")


async def test_limits_behind_a_proxy_are_each_callers_own(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    few = (Limit("client-address-minute", 2, timedelta(days=1)),)
    monkeypatch.setattr("auth.oauth.endpoints.CLIENTS_PER_ADDRESS", few)

    async def asked(address: str) -> int:
        headers = {"X-Forwarded-For": address, "X-Anju-Proxy-Secret": PROXY_SECRET}
        return (await http.post(TOKEN, data={"grant_type": "x"}, headers=headers)).status_code

    async with site.http("192.0.2.200") as http:
        assert [await asked("198.18.0.1") for _ in range(3)] == [400, 400, 429]
        assert await asked("198.18.0.2") == 400


def test_the_secret_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def spy(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return one == other

    monkeypatch.setattr(hmac, "compare_digest", spy)
    assert client_certificate(scope_of(INSIDE, *from_proxy(BANK).items()), PROXY) == thumbprint(BANK)
    assert compared == [(PROXY_SECRET.encode(), PROXY_SECRET.encode())]


@pytest.mark.parametrize(
    "wrong",
    [
        {"proxy_addresses": ("10.0.0.1",)},
        {"proxy_secret": "s" * 40},
        {"proxy_addresses": ("10.0.0.1",), "proxy_secret": "short"},
        {"proxy_addresses": ("nginx",), "proxy_secret": "s" * 40},
        {"proxy_addresses": ("10.0.0.1/8",), "proxy_secret": "s" * 40},
    ],
)
def test_a_proxy_is_set_whole_or_not_at_all(wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingsError, match=r"ANJU_PROXY|does not appear|host bits"):
        load(**wrong)


def test_the_proxy_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().proxy is None
    monkeypatch.setenv("ANJU_PROXY_ADDRESSES", "10.0.0.1, 10.1.0.0/16")
    monkeypatch.setenv("ANJU_PROXY_SECRET", PROXY_SECRET)
    proxy = load().proxy
    assert proxy is not None
    assert [str(network) for network in proxy.networks] == ["10.0.0.1/32", "10.1.0.0/16"]
    assert PROXY_SECRET not in repr(proxy)

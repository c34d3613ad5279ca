"""Apps and people of the authorization server's tests."""

import base64
import hashlib
import secrets
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import httpx
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from starlette.applications import Starlette

from app.authorize import Authorize
from app.forms import FormTokens
from app.signin import Phones
from app.sso import CountySignIn
from app.sso_providers import Provider
from auth.oauth.clients import hash_secret, register_client
from auth.oauth.endpoints import Endpoints, issuer_of
from auth.oauth.grants import ONE_TIME_CODE
from auth.oauth.issuing import Lifetimes
from auth.oauth.mini_programs import WECHAT, MiniPrograms
from auth.oauth.server import Means
from auth.proxy import TrustedProxy
from domain.lockouts import Lockout, Subject
from models.accounts import Account, ClientAuthMethod
from models.base import new_id
from models.sealed import DerivedVault, Kind, seal_into
from tests.auth.browser import Browser

Sessions = async_sessionmaker[AsyncSession]

ISSUER = "http://testserver"
BACK = "https://app.example.com/back"
SECRET = "correct horse"
SECRET_HASH = hash_secret(SECRET)
PATIENT = dict.fromkeys(Subject, Lockout.parse("1000/1/1"))
"""Attacks are tried one after the other here; what locks out is tried in test_lockouts."""
ALL_GRANTS = ("authorization_code", "refresh_token")


class Inbox:
    """What phones received."""

    def __init__(self) -> None:
        self.codes: dict[str, str] = {}

    async def send(self, phone: str, code: str) -> None:
        self.codes[phone] = code


@dataclass
class Site:
    """An authorization server with its pages, as one process serves them."""

    sessions: Sessions
    vault: DerivedVault
    proxy: TrustedProxy | None = None
    lifetimes: Lifetimes = field(default_factory=Lifetimes)
    issuer: str | None = None
    inbox: Inbox = field(default_factory=Inbox)
    mini_programs: MiniPrograms | None = None
    counties: dict[str, Provider] = field(default_factory=dict)

    @property
    def app(self) -> Starlette:
        means, issuer = Means(self.vault, self.lifetimes, self.mini_programs), issuer_of(self.issuer)
        phones = Phones(self.sessions, self.vault, self.inbox, None, PATIENT)
        authorize = Authorize(self.sessions, means, issuer, phones, FormTokens(b"k" * 32), self.counties)
        county = CountySignIn(self.sessions, self.vault, issuer, self.counties, b"s" * 32, lockouts=PATIENT)
        endpoints = Endpoints(self.sessions, means, issuer, self.proxy, PATIENT)
        return Starlette(routes=[*endpoints.routes(), *authorize.routes(), *county.routes()])

    @asynccontextmanager
    async def http(self, peer: str | None = None) -> AsyncIterator[httpx.AsyncClient]:
        """A client at an address of its own, so that limits are counted apart."""
        address = peer or ".".join(["10", *(str(secrets.randbelow(256)) for _ in range(3))])
        transport = httpx.ASGITransport(app=self.app, client=(address, 40000))
        async with httpx.AsyncClient(transport=transport, base_url=self.issuer or ISSUER) as client:
            yield client

    async def account(self, name: str = "王小明") -> tuple[Account, str]:
        """Somebody with a phone."""
        phone = f"138{secrets.randbelow(10**8):08}"
        row = Account(id=new_id(), display_name=name)
        seal_into(row, "phone", phone, Kind.PHONE, self.vault)
        async with self.sessions.begin() as session:
            session.add(row)
            await session.flush()
            await session.refresh(row)
        return row, phone

    async def client(self, method: ClientAuthMethod = ClientAuthMethod.BASIC, **given: Any) -> str:
        """An app of others with a secret, unless said otherwise."""
        client_id = f"app-{uuid.uuid4()}"
        values: dict[str, Any] = {
            "counties": [],
            "scopes": ["api", "openid", "profile"],
            "purpose": "演示用途",
            "legal_basis": "本人同意（演示）",
            "grant_types": ALL_GRANTS,
            "redirect_uris": [BACK],
            **given,
        }
        async with self.sessions.begin() as session:
            row = register_client(session, client_id, "演示应用", auth_method=method, **values)
            if method in (ClientAuthMethod.BASIC, ClientAuthMethod.POST):
                row.secret_hash = SECRET_HASH
        return client_id

    async def own_app(self) -> str:
        """The county's own app: public, and nobody is asked for consent."""
        grants = (*ALL_GRANTS, ONE_TIME_CODE, WECHAT)
        return await self.client(ClientAuthMethod.NONE, first_party=True, grant_types=grants)

    async def signed_in(self, browser: Browser, phone: str) -> Browser:
        """Go through the pages of phone and code, one of which the browser shows."""
        await browser.press("phone", phone=phone)
        return await browser.press("code", code=self.inbox.codes[phone])


@dataclass
class Asking:
    """One authorization request of an app."""

    client_id: str
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    state: str = field(default_factory=secrets.token_hex)
    changed: dict[str, str | None] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """Where the app sends the browser."""
        asked = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": BACK,
            "scope": "api openid",
            "state": self.state,
            "nonce": "n-0S6_WzA2Mj",
            "code_challenge": challenge(self.verifier),
            "code_challenge_method": "S256",
            **self.changed,
        }
        return "/oauth/authorize?" + urlencode({name: value for name, value in asked.items() if value is not None})

    def exchange(self, code: str, **changed: str | None) -> dict[str, str]:
        """What the app posts for the code."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": BACK,
            "code_verifier": self.verifier,
            **changed,
        }
        return {name: value for name, value in form.items() if value is not None}


def challenge(verifier: str) -> str:
    """S256 (RFC 7636 §4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()

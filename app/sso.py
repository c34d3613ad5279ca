"""Officials sign in with their county's own single sign-on (统一身份认证): OpenID Connect, by Authlib's Starlette client.

    GET /oauth/sso/{county}?<the app's query>  to the county's provider, with state, nonce and PKCE
    GET /oauth/sso/{county}/back               back from it: signed in here, and on to /oauth/authorize?<the app's query>

Nobody gets an account or a grant by this: the subject must already be known for an official in post in that county, or
bring a phone (a claim that the county vouches for) of one. What was sent along waits in a signed cookie of this browser; a
return that this browser did not set out for is refused. There is no address to be sent to but our own page.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

import httpx2
import structlog
from authlib.integrations.base_client import OAuthError
from authlib.integrations.starlette_client import OAuth
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc.errors import JoseError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from app import sign_in_pages as pages
from app.browsers import Browsers
from app.negotiation import locale
from app.sms import tls
from app.sso_providers import Provider
from auth.attempts import Caller, Failure, Rules, record_failure, refuse_locked
from auth.codes import TRIES_PER_ADDRESS, admit
from auth.identities import bind, bound_account, official_in_post, subject_index
from auth.oauth.endpoints import Issuer, address_of
from auth.oauth.requests import parameters
from auth.proxy import TrustedProxy
from auth.sessions import FRESH
from domain.calendar import today
from domain.errors import Refusal
from domain.identifiers import check_phone
from domain.lockouts import LOCKOUTS, Proof
from models.accounts import Account
from models.sealed import SHARED, Kind, Vault, normalised

SECONDS = 5.0
"""How long one request to a provider may take."""
WAITING_SECONDS = 600
"""How long somebody may take at the provider's pages."""
LONGEST_QUERY = 2000
"""Bytes of an app's request: it travels in a cookie."""
ALGORITHMS = frozenset({"ES256", "PS256", "RS256"})
"""Of ID tokens: asymmetric ones only, whatever a provider's metadata allow."""
LEEWAY = 60
"""Seconds by which the provider's clock may differ."""

log = structlog.get_logger(__name__)
logging.getLogger("authlib").setLevel(logging.INFO)  # its debug lines hold codes and verifiers


class ProviderError(Exception):
    """The provider does not answer, or answers what no provider should."""


class ReturnError(Exception):
    """What came back does not belong to a sign-in of this browser, or the provider refused."""


@dataclass(frozen=True)
class CountySignIn:
    """The two routes, for every county that has a provider."""

    sessions: async_sessionmaker[AsyncSession]
    vault: Vault
    issuer: Issuer
    providers: Mapping[str, Provider]
    key: bytes = field(repr=False)
    """Signs the cookie that waits for the return."""
    secure: bool = True
    proxy: TrustedProxy | None = None
    lockouts: Rules = field(default_factory=lambda: LOCKOUTS)

    def routes(self) -> list[Route]:
        """None where no county has a provider."""
        if not self.providers:
            return []
        waiting = Middleware(
            SessionMiddleware,
            secret_key=self.key.hex(),
            session_cookie="__Host-anju-sso" if self.secure else "anju-sso",
            max_age=WAITING_SECONDS,
            same_site="lax",
            https_only=self.secure,
        )
        return [
            Route(f"{pages.SSO}/{{county}}", self.start, methods=["GET"], middleware=[waiting]),
            Route(f"{pages.SSO}/{{county}}/back", self.back, methods=["GET"], middleware=[waiting]),
        ]

    @cached_property
    def _clients(self) -> OAuth:
        registry = OAuth()
        for provider in self.providers.values():
            registry.register(provider.county, **_registration(provider))
        return registry

    async def start(self, request: Request) -> Response:
        """To the provider."""
        county, query = request.path_params["county"], request.url.query
        asked = parameters(query.encode()) if len(query) <= LONGEST_QUERY else None
        provider = self.providers.get(county)
        if provider is None or asked is None:
            return self._problem(request, "refused", "", 404)
        again = {"prompt": "login"} if "login" in asked.get("prompt", "").split() else {}
        client = self._clients.create_client(county)
        back = f"{self.issuer(request)}{pages.SSO}/{county}/back"
        try:
            with _answering(client, county):
                await _checked_metadata(client, provider)
                made = await client.create_authorization_url(back, **again)
        except ProviderError:
            return self._problem(request, "sso_down", urlencode(asked), 503)
        await client.save_authorize_data(request, redirect_uri=back, query=_without_prompt(asked), **made)
        return RedirectResponse(made["url"], 303, {"Cache-Control": "no-store"})

    async def back(self, request: Request) -> Response:
        """From the provider. Whatever it says, the browser goes on to our own page only."""
        county = request.path_params["county"]
        provider = self.providers.get(county)
        if provider is None:
            return self._problem(request, "refused", "", 404)
        waiting = await self._clients.create_client(county).framework.get_state_data(
            request.session, request.query_params.get("state")
        )
        query = str((waiting or {}).get("query", ""))
        now, caller = datetime.now(UTC), Caller(address_of(request, self.proxy))
        try:
            async with self.sessions.begin() as session:
                await admit(session, self.vault, TRIES_PER_ADDRESS, caller.address, now)
                await refuse_locked(session, self.vault, caller, now)
            claims = await self._claims(request, provider)
        except Refusal as refusal:
            answer = self._problem(request, "sso_failed", query, 429)
            answer.headers["Retry-After"] = str(refusal.params["seconds"])
            return answer
        except ProviderError:
            return self._problem(request, "sso_down", query, 503)
        except ReturnError as error:
            log.warning("a return from a county's sign-in was refused", county=county, fault=str(error))
            await self._note("REFUSED", caller, now)
            return self._problem(request, "sso_failed", query, 400)
        browsers = Browsers(secure=self.issuer(request).startswith("https:"))
        async with self.sessions.begin() as session:
            account = await self._official(session, provider, claims, now)
            value = None if account is None else browsers.sign_in(session, account, _proved_at(claims, now))
        if value is None:
            await self._note("UNKNOWN", caller, now)
            return self._problem(request, "sso_unknown", query, 403)
        request.session.clear()
        answer = RedirectResponse(f"{pages.PATH}?{query}", 303, {"Cache-Control": "no-store"})
        browsers.remember(answer, value)
        return answer

    async def _claims(self, request: Request, provider: Provider) -> Mapping[str, Any]:
        """Of the ID token, once code, state, nonce, issuer, audience, signature and times are right."""
        client = self._clients.create_client(provider.county)
        if request.query_params.get("iss", provider.issuer) != provider.issuer:  # RFC 9207: another provider's answer
            raise ReturnError("iss")
        if not request.query_params.get("code") and not request.query_params.get("error"):
            raise ReturnError("no code")
        expected = {
            "iss": {"essential": True, "value": provider.issuer},
            "aud": {"essential": True, "value": provider.client_id},
            "nonce": {"essential": True},
        }
        with _answering(client, provider.county):
            try:
                await _checked_metadata(client, provider)
                token = await client.authorize_access_token(request, claims_options=expected, leeway=LEEWAY)
            except (OAuthError, JoseError) as error:
                raise ReturnError(error.error) from None
        claims = token.get("userinfo")
        if not claims:
            raise ReturnError("no ID token")
        return dict(claims)

    async def _official(
        self, session: AsyncSession, provider: Provider, claims: Mapping[str, Any], now: datetime
    ) -> Account | None:
        """Whose posting it is: known by the subject or, the first time, by the phone that the county vouches for."""
        subject = claims.get(provider.subject_claim)
        if not isinstance(subject, str) or not subject:
            return None
        index = subject_index(self.vault, provider.issuer, subject)
        bound = await bound_account(session, index)
        if bound is not None:
            return await official_in_post(session, provider.county, today(now), account_id=bound[0].id)
        phone = _phone(claims.get(provider.phone_claim or ""))
        if phone is None:
            return None
        phone_index = self.vault.index(phone, Kind.PHONE, SHARED)
        account = await official_in_post(session, provider.county, today(now), phone_index=phone_index)
        if account is not None:
            await bind(session, provider.issuer, index, account.id, now)
        return account

    async def _note(self, reason: str, caller: Caller, now: datetime) -> None:
        failure = Failure(Proof.COUNTY_SIGN_IN, reason, caller)
        async with self.sessions.begin() as session:
            await record_failure(session, self.vault, failure, now, self.lockouts)

    def _problem(self, request: Request, title: str, query: str, status: int) -> Response:
        language = locale(request.headers.get("accept-language", "").encode("latin-1"))
        answer = pages.problem(language, title, query, again=bool(query))
        answer.status_code = status
        answer.headers["Cache-Control"] = "no-store"
        return answer


def _registration(provider: Provider) -> dict[str, Any]:
    """The provider as Authlib's client wants it."""
    kwargs: dict[str, Any] = {
        "scope": provider.scope,
        "code_challenge_method": "S256",
        "timeout": SECONDS,
        "verify": tls(),
        "trust_env": provider.issuer.startswith("https:"),  # the way to this machine leads through no proxy
    }
    if provider.private_key is None:
        kwargs["token_endpoint_auth_method"] = "client_secret_basic"  # noqa: S105 (a method's name)
    else:
        header = {"kid": provider.private_key.kid} if provider.private_key.kid else {}
        kwargs["token_endpoint_auth_method"] = PrivateKeyJWT(alg="ES256", headers=header)
    return {
        "client_id": provider.client_id,
        "client_secret": provider.private_key or provider.client_secret,
        "server_metadata_url": f"{provider.issuer}/.well-known/openid-configuration",
        "client_kwargs": kwargs,
    }


async def _checked_metadata(client: Any, provider: Provider) -> None:
    """Read once; of another issuer, or without a signature that counts, they are refused (OIDC Discovery §4.3)."""
    metadata = await client.load_server_metadata()
    if metadata.get("issuer") != provider.issuer:
        raise ValueError("the metadata are another issuer's")
    offered = metadata.get("id_token_signing_alg_values_supported") or ["RS256"]
    metadata["id_token_signing_alg_values_supported"] = sorted(ALGORITHMS & set(offered))


@contextmanager
def _answering(client: Any, county: str) -> Iterator[None]:
    """Faults of the network and of the provider's answers, as one. Its metadata are then asked for anew."""
    try:
        yield
    except (TimeoutError, httpx2.HTTPError, ValueError, KeyError, TypeError, RuntimeError) as error:
        log.warning("a county's sign-in does not answer", county=county, fault=type(error).__name__)
        client.server_metadata.clear()
        raise ProviderError from error


def _proved_at(claims: Mapping[str, Any], now: datetime) -> datetime:
    """When the official signed in there; where the provider does not say, too long ago for sensitive acts."""
    told = claims.get("auth_time")
    if isinstance(told, int) and 0 < told <= now.timestamp() + LEEWAY:
        return min(now, datetime.fromtimestamp(told, UTC))
    return now - FRESH - timedelta(seconds=1)


def _phone(claim: object) -> str | None:
    if not isinstance(claim, str):
        return None
    try:
        return check_phone(normalised(claim, Kind.PHONE))
    except Refusal:
        return None


def _without_prompt(asked: Mapping[str, str]) -> str:
    """Where to go on: what asked for signing in is done."""
    return urlencode({name: value for name, value in asked.items() if name not in ("prompt", "max_age")})

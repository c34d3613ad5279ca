"""Authlib's authorization server over one SQLAlchemy session; one ``Server`` serves one request.

Authlib is synchronous: ``endpoints`` runs it inside ``AsyncSession.run_sync``, so that it shares the request's connection
and transaction. What it does by default and not here: PKCE for public clients only and with ``plain`` (``grants.S256``),
codes and refresh tokens read without a lock, no end of a family on reuse (``grants``), lifetimes of ten days
(``issuing.Lifetimes``), tokens in the debug log (below).
"""

import logging
import uuid
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any

from authlib.common.urls import add_params_to_uri
from authlib.oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import InvalidClientError, InvalidRequestError
from authlib.oauth2.rfc6749.errors import OAuth2Error
from joserfc.jwk import KeySet
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from auth.oauth.client_auth import Client, ClientAssertion
from auth.oauth.grants import S256, CodeGrant, FirstPartyGrant, OneTimeCodeGrant, PartnerGrant, RefreshGrant
from auth.oauth.issuing import IdToken, Lifetimes, PartnerTokens, PersonTokens
from auth.oauth.keys import current_key
from auth.oauth.mini_programs import MiniPrograms, WeChatGrant
from auth.oauth.requests import Answer, FormRequest
from auth.oauth.tokens import Introspection, PersonInfo, Revocation
from auth.tokens import token_hash
from models.accounts import AccessToken, Account, AccountStatus, ClientAuthMethod
from models.base import new_id
from models.oauth import OAuthSession, RefreshToken
from models.sealed import Vault

FIRST_PARTY_GRANTS: tuple[type[FirstPartyGrant], ...] = (OneTimeCodeGrant, WeChatGrant)
"""How the county's own apps prove who a person is."""

GRANT_TYPES = (
    CodeGrant.GRANT_TYPE,
    RefreshGrant.GRANT_TYPE,
    PartnerGrant.GRANT_TYPE,
    *(str(grant.GRANT_TYPE) for grant in FIRST_PARTY_GRANTS),
)

logging.getLogger("authlib").setLevel(logging.INFO)  # its debug lines hold tokens


@dataclass(frozen=True)
class Means:
    """What the authorization server works with in every request."""

    vault: Vault
    lifetimes: Lifetimes
    mini_programs: MiniPrograms | None = None
    """WeChat, where the deployment has mini-programs."""

    @property
    def grant_types(self) -> list[str]:
        """What the token endpoint takes."""
        return [name for name in GRANT_TYPES if name != WeChatGrant.GRANT_TYPE or self.mini_programs is not None]


class Server(AuthorizationServer):
    """All endpoints, for one request on one session."""

    def __init__(self, asynchronous: AsyncSession, means: Means, issuer: str, certificate: bytes | None = None) -> None:
        super().__init__()
        self.asynchronous = asynchronous
        self.session: Session = asynchronous.sync_session
        self.vault = means.vault
        self.lifetimes = means.lifetimes
        self.mini_programs = means.mini_programs
        self.issuer = issuer
        self.register_client_auth_method(
            ClientAuthMethod.PRIVATE_KEY_JWT, ClientAssertion(self.session, [issuer, f"{issuer}/oauth/token"])
        )
        self.register_token_generator("default", PersonTokens(means.lifetimes.person))
        partner_tokens = PartnerTokens(issuer, lambda: self.key, means.lifetimes.partner, certificate)
        self.register_token_generator(PartnerGrant.GRANT_TYPE, partner_tokens)
        self.register_grant(PartnerGrant)
        self.register_grant(CodeGrant, [S256(), IdToken(issuer, lambda: self.key)])
        self.register_grant(RefreshGrant)
        for grant in FIRST_PARTY_GRANTS:
            if grant.GRANT_TYPE in means.grant_types:
                self.register_grant(grant)
        for endpoint in (Revocation, Introspection, PersonInfo):
            self.register_endpoint(endpoint)

    @cached_property
    def key(self) -> KeySet:
        """What signs at present."""
        return current_key(self.session, self.vault)

    def query_client(self, client_id: str) -> Client:
        """Never ``None``: see ``Client``."""
        return Client.find(self.session, client_id)

    def authenticate_client(self, request: FormRequest, methods: list[str], endpoint: str = "token") -> Client:
        """Besides its own proof, a client whose tokens are bound to its certificate needs that one (RFC 8705 §3)."""
        client: Client = super().authenticate_client(request, methods, endpoint)
        if endpoint == "token" and client.known.certificate_bound and request.certificate is None:
            raise InvalidRequestError("This client needs a client certificate.")
        return client

    def active_account(self, account_id: uuid.UUID) -> Account | None:
        """The account, unless it was suspended or closed."""
        account = self.session.get(Account, account_id)
        return account if account is not None and account.status == AccountStatus.ACTIVE else None

    def save_token(self, token: dict[str, Any], request: FormRequest) -> None:
        """Store the hashes; a person's tokens with the sign-in that they belong to."""
        client, account = request.client.known, request.user
        partner = account is None
        if account is not None and request.family is None:
            request.family = self._signed_in(account, request)
        self.session.add(
            AccessToken(
                token_hash=token_hash(token["access_token"]),
                account_id=None if account is None else account.id,
                client_id=client.client_id,
                session_id=None if request.family is None else request.family.id,
                certificate=request.certificate if client.certificate_bound else None,
                scopes=token["scope"].split(),
                expires_at=request.received_at + timedelta(seconds=token["expires_in"]),
            )
        )
        if not partner and "refresh_token" in token:
            assert request.family is not None  # noqa: S101
            self.session.add(RefreshToken(token_hash=token_hash(token["refresh_token"]), session_id=request.family.id))

    def _signed_in(self, account: Account, request: FormRequest) -> OAuthSession:
        family = OAuthSession(
            id=new_id(),
            account_id=account.id,
            client_id=request.client.get_client_id(),
            scopes=request_scopes(request),
            signed_in_at=request.signed_in_at or request.received_at,
            expires_at=request.received_at + self.lifetimes.session,
        )
        self.session.add(family)
        self.session.flush()  # the tokens refer to it
        return family

    def create_oauth2_request(self, request: FormRequest) -> FormRequest:
        """It is one already."""
        return request

    def handle_response(self, status: int, body: Any, headers: list[tuple[str, str]]) -> Answer:
        """Data for the adapter. Whoever is redirected learns from whom (RFC 9207), in success and in failure."""
        if status == 302:
            headers = [(name, self._named(value) if name == "Location" else value) for name, value in headers]
        return Answer(status, body, headers)

    def handle_error_response(self, request: FormRequest, error: OAuth2Error) -> Answer:
        """RFC 6749 §5.2; who failed to authenticate always gets 401 with the scheme to use."""
        if isinstance(error, InvalidClientError):
            error = InvalidClientError("Client authentication failed.", status_code=401)
        return super().handle_error_response(request, error)

    def malformed(self, request: FormRequest) -> Answer:
        """The answer to a request that is not one."""
        return self.handle_error_response(request, InvalidRequestError())

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens."""

    def _named(self, location: str) -> str:
        return add_params_to_uri(location, [("iss", self.issuer)])


def request_scopes(request: FormRequest) -> list[str]:
    """What a sign-in covers: what its code was given for, or what was asked for now."""
    code = request.authorization_code
    return sorted(code.row.scopes if code is not None else request.scope.split())

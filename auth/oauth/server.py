"""Authlib's authorization server over one SQLAlchemy session: partners' ``client_credentials`` and revocation.

Authlib is synchronous; ``endpoints`` runs it inside ``AsyncSession.run_sync``, so that it shares the request's
connection and transaction. One ``PartnerServer`` serves one request. Authlib has no integration with Starlette: the
request is read before, and the response is plain data (``Answer``).
"""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from authlib.oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import (
    ClientMixin,
    InvalidClientError,
    InvalidRequestError,
    InvalidScopeError,
    OAuth2Request,
)
from authlib.oauth2.rfc6749.errors import OAuth2Error
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from sqlalchemy.util import await_only

from auth.oauth.clients import secret_matches
from auth.tokens import new_token, token_hash
from models.accounts import AccessToken, AccountStatus, ClientAuthMethod, OAuthClient, OAuthJti

AUTH_METHODS = [str(method) for method in ClientAuthMethod]
SIGNING_ALGORITHMS = ["ES256", "PS256", "RS256"]
LONGEST_ASSERTION = timedelta(hours=1)
"""An assertion that lives longer is refused: its ``jti`` is kept for as long as it could be replayed."""

_LONGEST_ID = 200
# Two at a time: each check of a secret takes 16 MiB.
_HASHERS = ThreadPoolExecutor(2, thread_name_prefix="client-secrets")


class Answer(NamedTuple):
    """An HTTP response as data."""

    status: int
    body: Mapping[str, Any]
    headers: list[tuple[str, str]]


class FormRequest(OAuth2Request):
    """A form that was posted, as Authlib wants to see it."""

    def __init__(self, form: Mapping[str, str], headers: Mapping[str, str]) -> None:
        # Whether the transport is secure is known where TLS ends (the proxy), not here.
        super().__init__("POST", "https://localhost/", headers=headers)
        self.payload = BasicOAuth2Payload(form)

    @property
    def form(self) -> Mapping[str, str]:
        """The parameters of the body; none is read from the query (RFC 6749 §2.3.1)."""
        return self.payload.data


class Client(ClientMixin):
    """A partner's client, or nobody: an unknown client fails in the same place, time and words as a wrong secret."""

    def __init__(self, row: OAuthClient | None) -> None:
        self.row = row

    def check_client_secret(self, client_secret: str) -> bool:
        """Slow by intention, so in a thread."""
        stored = None if self.row is None else self.row.secret_hash
        loop = asyncio.get_running_loop()
        return await_only(loop.run_in_executor(_HASHERS, secret_matches, client_secret, stored))

    def check_endpoint_auth_method(self, method: str, _endpoint: str) -> bool:
        """Only an active client, in the way it was registered for."""
        return self.row is not None and self.row.status == AccountStatus.ACTIVE and self.row.auth_method == method

    def check_grant_type(self, grant_type: str) -> bool:
        """Partners act for themselves."""
        return grant_type == ClientCredentialsGrant.GRANT_TYPE


class PartnerGrant(ClientCredentialsGrant):
    """``client_credentials`` (RFC 6749 §4.4) with the scopes of the client's agreement."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS

    def validate_requested_scope(self) -> None:
        """A scope outside the agreement is refused; none asked for means all of it."""
        allowed = self.request.client.row.scopes
        asked = (self.request.payload.scope or "").split()
        if not set(asked) <= set(allowed):
            raise InvalidScopeError
        self.request.scope = " ".join(sorted(set(asked or allowed)))

    def create_token_response(self) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        """The token, without Authlib's own, which would write the token into the debug log."""
        token = self.generate_token(scope=self.request.scope)
        self.save_token(token)
        return 200, token, self.TOKEN_RESPONSE_HEADER


class Revocation(RevocationEndpoint):
    """Revocation (RFC 7009): unknown and dead tokens are answered like revoked ones."""

    CLIENT_AUTH_METHODS = AUTH_METHODS

    def check_params(self, request: FormRequest, _client: Client) -> None:
        """``token_type_hint`` is ignored, as §2.1 allows: there is one type."""
        if "token" not in request.form:
            raise InvalidRequestError

    def query_token(self, token_string: str, _hint: str | None) -> "_OwnedToken | None":
        """A live token, whosesoever."""
        found = self.server.session.scalar(
            select(AccessToken).where(
                AccessToken.token_hash == token_hash(token_string),
                AccessToken.revoked_at.is_(None),
                AccessToken.expires_at > func.now(),
            )
        )
        return None if found is None else _OwnedToken(found)

    def revoke_token(self, token: "_OwnedToken", _request: FormRequest) -> None:
        """At once: the next look-up by hash finds it revoked."""
        token.row.revoked_at = datetime.now(UTC)


class _OwnedToken:
    def __init__(self, row: AccessToken) -> None:
        self.row = row

    def check_client(self, client: Client) -> bool:
        return client.row is not None and self.row.client_id == client.row.client_id


class ClientAssertion(JWTBearerClientAssertion):
    """``private_key_jwt`` (RFC 7523 §2.2) with the keys that the partner handed over at registration."""

    CLIENT_AUTH_METHOD = ClientAuthMethod.PRIVATE_KEY_JWT.value

    def __init__(self, session: Session, audiences: list[str]) -> None:
        super().__init__()
        self.session = session
        self.audiences = audiences

    def get_audiences(self) -> list[str]:
        """The issuer and the token endpoint."""
        return self.audiences

    def resolve_client_public_key(self, client: Client) -> KeySet:
        """From our own table: nothing is fetched inside the transaction."""
        if client.row is None or client.row.jwks is None:
            raise InvalidClientError
        return KeySet.import_key_set(client.row.jwks)  # type: ignore[arg-type]

    def process_assertion_claims(self, assertion: str, resolve_key: KeySet) -> dict[str, Any]:
        """Signature first, with asymmetric algorithms only; then the claims."""
        try:
            claims = jwt.decode(assertion, resolve_key, algorithms=SIGNING_ALGORITHMS).claims
            self.verify_claims(claims)
        except (JoseError, ValueError, TypeError):
            raise InvalidClientError from None
        return claims

    def validate_jti(self, claims: dict[str, Any], jti: object) -> bool:
        """Whether it is new: the insert meets the key when it is not."""
        if not _storable(jti) or claims["exp"] > (datetime.now(UTC) + LONGEST_ASSERTION).timestamp():
            raise InvalidClientError
        expires_at = datetime.fromtimestamp(claims["exp"], UTC)
        first_use = insert(OAuthJti).values(client_id=claims["sub"], jti=jti, expires_at=expires_at)
        return self.session.scalar(first_use.on_conflict_do_nothing().returning(OAuthJti.jti)) is not None


class PartnerServer(AuthorizationServer):
    """The token and revocation endpoints for one request."""

    def __init__(self, session: Session, *, issuer: str, lifetime: timedelta) -> None:
        super().__init__()
        self.session = session
        self.lifetime = lifetime
        self.register_client_auth_method(
            ClientAuthMethod.PRIVATE_KEY_JWT, ClientAssertion(session, [issuer, f"{issuer}/oauth/token"])
        )
        self.register_token_generator("default", self._bearer)
        self.register_grant(PartnerGrant)
        self.register_endpoint(Revocation)

    def query_client(self, client_id: str) -> Client:
        """Never ``None``: see ``Client``."""
        return Client(self.session.get(OAuthClient, client_id) if _storable(client_id) else None)

    def save_token(self, token: dict[str, Any], request: FormRequest) -> None:
        """Store the hash."""
        self.session.add(
            AccessToken(
                token_hash=token_hash(token["access_token"]),
                client_id=request.client.row.client_id,
                scopes=token["scope"].split(),
                expires_at=datetime.now(UTC) + self.lifetime,
            )
        )

    def create_oauth2_request(self, request: FormRequest) -> FormRequest:
        """It is one already. One way of authenticating per request (RFC 6749 §2.3)."""
        return request

    def handle_response(self, status: int, body: Mapping[str, Any], headers: list[tuple[str, str]]) -> Answer:
        """Data for the adapter."""
        return Answer(status, body, headers)

    def handle_error_response(self, request: FormRequest, error: OAuth2Error) -> Answer:
        """RFC 6749 §5.2; who failed to authenticate always gets 401 with the scheme to use."""
        if isinstance(error, InvalidClientError):
            error = InvalidClientError("Client authentication failed.", status_code=401)
        return super().handle_error_response(request, error)

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens."""

    def _bearer(self, *, scope: str, **_: Any) -> dict[str, Any]:
        return {
            "access_token": new_token(),
            "token_type": "Bearer",
            "expires_in": int(self.lifetime.total_seconds()),
            "scope": scope,
        }


def _storable(value: object) -> bool:
    """Texts that PostgreSQL can hold and an index should."""
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_ID and "\x00" not in value

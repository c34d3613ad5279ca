"""How clients prove themselves: a secret, a signed assertion, or as a public app not at all (RFC 6749 §2.3, RFC 7523)."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

from authlib.oauth2.rfc6749 import ClientMixin, InvalidClientError
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from sqlalchemy.util import await_only

from auth.oauth.clients import secret_matches
from models.accounts import AccountStatus, ClientAuthMethod, OAuthClient, OAuthJti

AUTH_METHODS = [str(method) for method in ClientAuthMethod]
PROVING_METHODS = [method for method in AUTH_METHODS if method != ClientAuthMethod.NONE]
"""What a client must use where being one is itself the permission."""

ASSERTION_ALGORITHMS = ["ES256", "PS256", "RS256"]
"""Asymmetric ones only: a public key is then never taken for a shared secret."""

LONGEST_ASSERTION = timedelta(hours=1)
"""An assertion that lives longer is refused: its ``jti`` is kept for as long as it could be replayed."""

_LONGEST_ID = 200
# Two at a time: each check of a secret takes 16 MiB.
_HASHERS = ThreadPoolExecutor(2, thread_name_prefix="client-secrets")


class Client(ClientMixin):
    """A client, or nobody: an unknown client fails in the same place, time and words as a wrong secret."""

    def __init__(self, row: OAuthClient | None) -> None:
        self.row = row

    @classmethod
    def find(cls, session: Session, client_id: object) -> "Client":
        """The client with this id; nobody for an unknown one."""
        return cls(session.get(OAuthClient, client_id) if storable(client_id) else None)

    @property
    def known(self) -> OAuthClient:
        """The row of a client that has proved itself."""
        assert self.row is not None  # noqa: S101
        return self.row

    def get_client_id(self) -> str:
        return self.known.client_id

    def check_client_secret(self, client_secret: str) -> bool:
        """Slow by intention, so in a thread."""
        stored = None if self.row is None else self.row.secret_hash
        loop = asyncio.get_running_loop()
        return await_only(loop.run_in_executor(_HASHERS, secret_matches, client_secret, stored))

    def check_endpoint_auth_method(self, method: str, _endpoint: str) -> bool:
        """Only an active client, in the way it was registered for."""
        return self._is_active and self.known.auth_method == method

    def check_grant_type(self, grant_type: str) -> bool:
        """Only the grants that it was registered for."""
        return self._is_active and grant_type in self.known.grant_types

    def check_response_type(self, response_type: str) -> bool:
        """Codes, for clients that may exchange them."""
        return response_type == "code" and self.check_grant_type("authorization_code")

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Letter by letter (RFC 9700 §4.1.3); a client that is not active has none."""
        return self._is_active and redirect_uri in self.known.redirect_uris

    def get_default_redirect_uri(self) -> None:
        """None: every request says where its code shall go."""

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """What was asked for, sorted, or all that the client may ask for; ``None`` when it asks for more."""
        allowed, asked = set(self.known.scopes), set((scope or "").split())
        return " ".join(sorted(asked or allowed)) if asked <= allowed else None

    @property
    def _is_active(self) -> bool:
        return self.row is not None and self.row.status == AccountStatus.ACTIVE


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
            claims = jwt.decode(assertion, resolve_key, algorithms=ASSERTION_ALGORITHMS).claims
            self.verify_claims(claims)
        except (JoseError, ValueError, TypeError):
            raise InvalidClientError from None
        return claims

    def validate_jti(self, claims: dict[str, Any], jti: object) -> bool:
        """Whether it is new: the insert meets the key when it is not."""
        if not storable(jti) or claims["exp"] > (datetime.now(UTC) + LONGEST_ASSERTION).timestamp():
            raise InvalidClientError
        expires_at = datetime.fromtimestamp(claims["exp"], UTC)
        first_use = insert(OAuthJti).values(client_id=claims["sub"], jti=jti, expires_at=expires_at)
        return self.session.scalar(first_use.on_conflict_do_nothing().returning(OAuthJti.jti)) is not None


def storable(value: object) -> bool:
    """Texts that PostgreSQL can hold and an index should."""
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_ID and "\x00" not in value

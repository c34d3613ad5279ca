"""What can be asked about tokens, and ending them: revocation, introspection, userinfo (RFC 7009, RFC 7662, OIDC §5.3)."""

from datetime import UTC, datetime
from typing import Any

from authlib.oauth2.rfc6749 import InvalidRequestError, ResourceProtector
from authlib.oauth2.rfc6750 import BearerTokenValidator
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from authlib.oidc.core import UserInfoEndpoint
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from auth.oauth.client_auth import AUTH_METHODS, PROVING_METHODS, Client
from auth.oauth.issuing import confirmation, seconds, user_info
from auth.oauth.requests import FormRequest
from auth.oauth.sessions import locked_family, revoke_family, scope_text
from auth.tokens import token_hash
from models.accounts import AccessToken, Account, AccountStatus
from models.oauth import OAuthSession, RefreshToken


class HeldToken:
    """A live token, of either kind, as Authlib asks about it."""

    def __init__(self, row: AccessToken | RefreshToken, family: OAuthSession | None) -> None:
        self.row = row
        self.family = family

    @property
    def client_id(self) -> str | None:
        """Whose it is."""
        return self.row.client_id if isinstance(self.row, AccessToken) else self.family.client_id  # type: ignore[union-attr]

    def check_client(self, client: Client) -> bool:
        return self.client_id == client.get_client_id()

    def get_scope(self) -> str:
        return scope_text(self.row.scopes if isinstance(self.row, AccessToken) else self.family.scopes)  # type: ignore[union-attr]

    def is_expired(self) -> bool:
        """Only live ones are found."""
        return False

    def is_revoked(self) -> bool:
        """Only live ones are found."""
        return False


def find_live(session: Session, token: str) -> HeldToken | None:
    """The access or refresh token while it is worth something; ``token_type_hint`` is not needed (RFC 7009 §2.1)."""
    key = token_hash(token)
    access = session.scalar(
        select(AccessToken).where(
            AccessToken.token_hash == key, AccessToken.revoked_at.is_(None), AccessToken.expires_at > func.now()
        )
    )
    if access is not None:
        return HeldToken(access, None)
    found = session.execute(
        select(RefreshToken, OAuthSession)
        .join(OAuthSession, OAuthSession.id == RefreshToken.session_id)
        .where(
            RefreshToken.token_hash == key,
            RefreshToken.used_at.is_(None),
            OAuthSession.revoked_at.is_(None),
            OAuthSession.expires_at > func.now(),
        )
    ).first()
    return None if found is None else HeldToken(*found)


class _AnyHint:
    """``token_type_hint`` is ignored: both kinds are looked up by the same hash."""

    def check_params(self, request: FormRequest, _client: Client) -> None:
        if "token" not in request.form:
            raise InvalidRequestError

    def query_token(self, token_string: str, _hint: str | None) -> HeldToken | None:
        return find_live(self.server.session, token_string)  # type: ignore[attr-defined]


class Revocation(_AnyHint, RevocationEndpoint):
    """Revocation (RFC 7009): unknown and dead tokens are answered like revoked ones."""

    CLIENT_AUTH_METHODS = AUTH_METHODS

    def revoke_token(self, token: HeldToken, _request: FormRequest) -> None:
        """At once: the next look-up by hash finds it revoked. A refresh token takes its whole sign-in along (§2.1)."""
        now = datetime.now(UTC)
        if isinstance(token.row, AccessToken):
            token.row.revoked_at = now
            return
        family = locked_family(self.server.session, token.row.session_id)
        revoke_family(self.server.session, family.id, now)


class Introspection(_AnyHint, IntrospectionEndpoint):
    """Introspection (RFC 7662) of a client's own tokens; about others' it learns nothing."""

    CLIENT_AUTH_METHODS = PROVING_METHODS

    def check_permission(self, token: HeldToken, client: Client, _request: FormRequest) -> bool:
        return token.check_client(client)

    def introspect_token(self, token: HeldToken) -> dict[str, Any]:
        """Its claims. ``sub`` is the person or, for a partner, the client."""
        claims: dict[str, Any] = {
            "iss": self.server.issuer,
            "client_id": token.client_id,
            "scope": token.get_scope(),
            "iat": seconds(token.row.issued_at),
        }
        if isinstance(token.row, AccessToken):
            account_id, expires_at = token.row.account_id, token.row.expires_at
            claims |= {"token_type": "Bearer", **confirmation(token.row.certificate)}
        else:
            assert token.family is not None  # noqa: S101
            account_id, expires_at = token.family.account_id, token.family.expires_at
        if account_id is not None and self.server.active_account(account_id) is None:
            return {"active": False}
        return {**claims, "sub": str(account_id or token.client_id), "exp": seconds(expires_at)}


class _PersonsToken(BearerTokenValidator):
    """Bearer tokens (RFC 6750) of active people."""

    def __init__(self, session: Session, certificate: bytes | None) -> None:
        super().__init__(realm="anju")
        self.session = session
        self.certificate = certificate

    def authenticate_token(self, token_string: str) -> "_Bearer | None":
        found = find_live(self.session, token_string)
        if found is None or not isinstance(found.row, AccessToken):
            return None
        if found.row.certificate is not None and found.row.certificate != self.certificate:
            return None
        account = self.session.get(Account, found.row.account_id) if found.row.account_id else None
        if account is None or account.status != AccountStatus.ACTIVE:
            return None
        return _Bearer(found, account)


class _Bearer:
    def __init__(self, token: HeldToken, account: Account) -> None:
        self.token = token
        self.account = account

    def is_expired(self) -> bool:
        return False

    def is_revoked(self) -> bool:
        return False

    def get_scope(self) -> str:
        return self.token.get_scope()


class PersonInfo(UserInfoEndpoint):
    """Userinfo (OpenID Connect Core §5.3): the same claims as in the ID token, for the bearer of an access token."""

    def __call__(self, request: FormRequest) -> tuple[int, Any, list[tuple[str, str]]]:
        protector = ResourceProtector()
        protector.register_token_validator(_PersonsToken(self.server.session, request.certificate))
        bearer: _Bearer = protector.validate_request(["openid"], request)
        return 200, user_info(bearer.account, bearer.get_scope()), [*_JSON]


_JSON = (("Content-Type", "application/json"), ("Cache-Control", "no-store"), ("Pragma", "no-cache"))

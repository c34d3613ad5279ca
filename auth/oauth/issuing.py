"""What tokens look like: opaque for people, signed for partners who validate offline, and who signed in (ID token)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from authlib.oauth2.rfc9068 import JWTBearerTokenGenerator
from authlib.oidc.core import OpenIDCode, UserInfo
from joserfc.jwk import KeySet

from auth.oauth.client_auth import Client
from auth.oauth.keys import ALGORITHM
from auth.oauth.requests import FormRequest
from auth.proxy import thumbprint_text
from auth.tokens import new_token
from models.accounts import Account

ID_TOKEN_SECONDS = 600
"""It says who signed in, once: no token to ask anything with."""

PERSONAL_SCOPES = ("api", "openid", "profile")
"""What an app may ask a person for. ``api``: act for them in Anju."""

Keys = Callable[[], KeySet]


class Lifetimes(NamedTuple):
    """How long things hold. Authlib's own lifetimes (ten days) are not used."""

    person: timedelta = timedelta(minutes=30)
    """An app's access token of a person."""
    partner: timedelta = timedelta(hours=1)
    """A partner's access token."""
    session: timedelta = timedelta(days=30)
    """A sign-in through an app, however often its tokens are refreshed."""
    code: timedelta = timedelta(seconds=60)
    """An authorization code."""

    @property
    def longest_signed(self) -> timedelta:
        """How long a signature of ours may have to be verified."""
        return max(self.partner, timedelta(seconds=ID_TOKEN_SECONDS))


class PersonTokens:
    """Opaque tokens of people, with a refresh token where the client may have one."""

    def __init__(self, lifetime: timedelta) -> None:
        self.seconds = int(lifetime.total_seconds())

    def __call__(self, *, scope: str, include_refresh_token: bool, **_: Any) -> dict[str, Any]:
        refresh = {"refresh_token": new_token()} if include_refresh_token else {}
        return {
            "access_token": new_token(),
            "token_type": "Bearer",
            "expires_in": self.seconds,
            **refresh,
            "scope": scope,
        }


class PartnerTokens(JWTBearerTokenGenerator):
    """Signed access tokens (RFC 9068). Anju itself looks them up by hash like any other, so that revocation is immediate
    here too; the signature is for whoever cannot ask."""

    def __init__(self, issuer: str, keys: Keys, lifetime: timedelta, certificate: bytes | None) -> None:
        super().__init__(issuer, alg=ALGORITHM.value, expires_generator=int(lifetime.total_seconds()))
        self.keys = keys
        self.certificate = certificate

    def get_jwks(self) -> KeySet:
        return self.keys()

    def get_audiences(self, client: Client, user: None, scope: str) -> str:
        """The resource that the tokens are for."""
        return audience(self.issuer)

    def get_extra_claims(self, client: Client, grant_type: str, user: None, scope: str) -> dict[str, Any]:
        """The certificate to which the token is bound (RFC 8705 §3.1)."""
        return confirmation(self.certificate if client.known.certificate_bound else None)


def audience(issuer: str) -> str:
    """The resource server's identifier."""
    return f"{issuer}/graphql"


def confirmation(certificate: bytes | None) -> dict[str, Any]:
    """The ``cnf`` claim, where there is a certificate."""
    return {} if certificate is None else {"cnf": {"x5t#S256": thumbprint_text(certificate)}}


class IdToken(OpenIDCode):
    """The ID token (OpenID Connect Core §2): who signed in, when, and for which request."""

    DEFAULT_EXPIRES_IN = ID_TOKEN_SECONDS

    def __init__(self, issuer: str, keys: Keys) -> None:
        super().__init__()
        self.issuer = issuer
        self.keys = keys

    def exists_nonce(self, nonce: str, request: FormRequest) -> bool:
        """The nonce is the app's to check; a code of ours is exchanged once and only with its verifier."""
        return False

    def resolve_client_private_key(self, client: Client) -> KeySet:
        return self.keys()

    def get_client_algorithm(self, client: Client) -> str:
        return ALGORITHM.value

    def get_client_claims(self, client: Client) -> dict[str, Any]:
        return {"iss": self.issuer}

    def generate_user_info(self, user: Account, scope: str) -> UserInfo:
        return user_info(user, scope)


def user_info(account: Account, scope: str) -> UserInfo:
    """What is told about a person: an id, and with ``profile`` the name and language. Never a phone or an id number."""
    claims = UserInfo(sub=str(account.id), name=account.display_name, locale=account.locale)
    return claims.filter(scope)


def seconds(instant: datetime) -> int:
    """As tokens have instants."""
    return int(instant.timestamp())

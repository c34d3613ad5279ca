"""The grants of the token endpoint: a partner for itself, a code, a refresh token, and the county's own apps' proofs."""

import secrets
from datetime import datetime
from typing import Any

from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidRequestError, InvalidScopeError, UnauthorizedClientError
from authlib.oauth2.rfc6749.grants import (
    AuthorizationCodeGrant,
    BaseGrant,
    ClientCredentialsGrant,
    RefreshTokenGrant,
    TokenEndpointMixin,
)
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc7636.challenge import compare_s256_code_challenge
from authlib.oidc.core import AuthorizationCodeMixin
from sqlalchemy import select, update
from sqlalchemy.util import await_only

from auth.codes import redeem_code
from auth.oauth.client_auth import AUTH_METHODS, PROVING_METHODS, Client
from auth.oauth.issuing import seconds
from auth.oauth.requests import FormRequest
from auth.oauth.sessions import is_replay, locked_family, revoke_family, scope_text
from auth.tokens import token_hash
from domain.errors import Refusal
from domain.identifiers import check_phone
from models.accounts import Account
from models.oauth import AuthorizationCode, ChallengeMethod, OAuthSession, RefreshToken
from models.sealed import Kind, normalised

ONE_TIME_CODE = "urn:anju:oauth:grant-type:one-time-code"
"""Extension grant (RFC 6749 §4.5) of the county's own apps: ``phone`` and the ``code`` it received by SMS."""


class PartnerGrant(ClientCredentialsGrant):
    """``client_credentials`` (RFC 6749 §4.4) with the scopes of the client's agreement."""

    TOKEN_ENDPOINT_AUTH_METHODS = PROVING_METHODS

    def validate_requested_scope(self) -> None:
        """A scope outside the agreement is refused; none asked for means all of it."""
        _take_scope(self.request, self.client)

    def create_token_response(self) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        """The token, with the scopes that were made out."""
        token = self.generate_token(scope=self.request.scope, include_refresh_token=False)
        self.save_token(token)
        return 200, token, self.TOKEN_RESPONSE_HEADER


class S256(CodeChallenge):
    """PKCE (RFC 7636) for every client, with S256 only; Authlib would let confidential clients and ``plain`` pass."""

    DEFAULT_CODE_CHALLENGE_METHOD = ChallengeMethod.S256.value
    SUPPORTED_CODE_CHALLENGE_METHOD = (ChallengeMethod.S256.value,)
    CODE_CHALLENGE_METHODS = {ChallengeMethod.S256.value: compare_s256_code_challenge}  # noqa: RUF012

    def validate_code_challenge(self, grant: BaseGrant, redirect_uri: str) -> None:
        """Both parameters have to be there."""
        given = grant.request.payload.data
        if not given.get("code_challenge") or given.get("code_challenge_method") != ChallengeMethod.S256:
            raise InvalidRequestError("PKCE is needed: code_challenge, and S256 as code_challenge_method.")
        super().validate_code_challenge(grant, redirect_uri)


class RedeemedCode(AuthorizationCodeMixin):
    """A code as Authlib asks about it."""

    def __init__(self, row: AuthorizationCode) -> None:
        self.row = row
        self.code_challenge = row.challenge
        self.code_challenge_method = row.challenge_method

    def get_redirect_uri(self) -> str:
        return self.row.redirect_uri

    def get_scope(self) -> str:
        return scope_text(self.row.scopes)

    def get_nonce(self) -> str | None:
        return self.row.nonce

    def get_auth_time(self) -> int:
        return seconds(self.row.signed_in_at)


class CodeGrant(AuthorizationCodeGrant):
    """``authorization_code`` (RFC 6749 §4.1). A code is used up by the first request that shows it, good or bad."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS

    @staticmethod
    def validate_authorization_redirect_uri(request: FormRequest, client: Client) -> str:
        """One of the client's, and given: an error about it is never sent there."""
        if not client.check_redirect_uri(request.payload.redirect_uri):
            raise InvalidRequestError("The redirect_uri is not one of the client's.")
        return str(request.payload.redirect_uri)

    def generate_authorization_code(self) -> str:
        """256 random bits."""
        return secrets.token_urlsafe(32)

    def save_authorization_code(self, code: str, request: FormRequest) -> None:
        """With everything that the exchange has to match."""
        asked = request.payload.data
        assert request.user is not None and request.signed_in_at is not None  # noqa: S101, PT018
        self.server.session.add(
            AuthorizationCode(
                code_hash=token_hash(code),
                client_id=request.client.get_client_id(),
                account_id=request.user.id,
                redirect_uri=request.payload.redirect_uri,
                scopes=request.scope.split(),
                challenge=asked["code_challenge"],
                challenge_method=asked["code_challenge_method"],
                nonce=asked.get("nonce"),
                signed_in_at=request.signed_in_at,
                expires_at=request.received_at + self.server.lifetimes.code,
            )
        )

    def query_authorization_code(self, code: str, client: Client) -> RedeemedCode | None:
        """Take the code: of two requests the second waits here for the first, and finds it used."""
        session, now = self.server.session, datetime.now(self.request.received_at.tzinfo)
        row = session.scalar(
            update(AuthorizationCode)
            .where(AuthorizationCode.code_hash == token_hash(code), AuthorizationCode.used_at.is_(None))
            .values(used_at=now)
            .returning(AuthorizationCode)
        )
        if row is None:
            self._end_what_followed(code, now)
            return None
        if row.client_id != client.get_client_id() or row.expires_at <= now:
            return None
        self.request.signed_in_at = row.signed_in_at
        return RedeemedCode(row)

    def _end_what_followed(self, code: str, now: datetime) -> None:
        """A code that comes again was stolen, or its app was: what it gave ends (RFC 6749 §4.1.2)."""
        row = self.server.session.scalar(
            select(AuthorizationCode).where(AuthorizationCode.code_hash == token_hash(code))
        )
        if row is not None and row.session_id is not None and is_replay(row.used_at, self.request.received_at):
            revoke_family(self.server.session, row.session_id, now)

    def authenticate_user(self, authorization_code: RedeemedCode) -> Account | None:
        """The person, while the account is active."""
        return self.server.active_account(authorization_code.row.account_id)

    def delete_authorization_code(self, authorization_code: RedeemedCode) -> None:
        """Kept until it is swept, to know it again."""
        authorization_code.row.session_id = self.request.family.id


class HeldRefreshToken:
    """A refresh token as Authlib asks about it."""

    def __init__(self, row: RefreshToken, family: OAuthSession) -> None:
        self.row = row
        self.family = family

    def check_client(self, client: Client) -> bool:
        return self.family.client_id == client.get_client_id()

    def get_scope(self) -> str:
        return scope_text(self.family.scopes)


class RefreshGrant(RefreshTokenGrant):
    """``refresh_token`` (RFC 6749 §6) with a new one each time; a used one that comes back ends the whole family."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> HeldRefreshToken | None:
        """The token while it is unused and its family lives. The family is locked before the token is judged."""
        session, received_at = self.server.session, self.request.received_at
        by_hash = select(RefreshToken).where(RefreshToken.token_hash == token_hash(refresh_token))
        row = session.scalar(by_hash)
        if row is None:
            return None
        family = locked_family(session, row.session_id)
        session.refresh(row)
        if row.used_at is not None and is_replay(row.used_at, received_at):
            revoke_family(session, family.id, received_at)
        if row.used_at is not None or family.revoked_at is not None or family.expires_at <= received_at:
            return None
        if family.client_id != self.request.client.get_client_id():  # in the wrong hands
            revoke_family(session, family.id, received_at)
        self.request.family = family
        return HeldRefreshToken(row, family)

    def authenticate_user(self, refresh_token: HeldRefreshToken) -> Account | None:
        """The person, while the account is active."""
        return self.server.active_account(refresh_token.family.account_id)

    def revoke_old_credential(self, refresh_token: HeldRefreshToken) -> None:
        """Used: its successor counts from now on."""
        refresh_token.row.used_at = datetime.now(self.request.received_at.tzinfo)


class FirstPartyGrant(BaseGrant, TokenEndpointMixin):
    """An extension grant (RFC 6749 §4.5): the county's own app brings a proof of who the person is.

    A subclass names its ``GRANT_TYPE`` and says whose proof it is (``proved_account``); it is then registered in
    ``auth.oauth.server.FIRST_PARTY_GRANTS``. Where the proof was given earlier than now, it says so
    (``request.signed_in_at``).
    """

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS

    def proved_account(self) -> Account | None:
        """The active account of the proof in ``self.request.form``; ``None`` for a proof that is worth nothing."""
        raise NotImplementedError

    def validate_token_request(self) -> None:
        """The client first, then the scope, and only then the proof, which may be used up by looking at it."""
        client = self.authenticate_token_endpoint_client()
        if not client.check_grant_type(self.GRANT_TYPE) or not client.known.first_party:
            raise UnauthorizedClientError("This grant is for the county's own apps.")
        self.request.client = client
        _take_scope(self.request, client)
        account = self.proved_account()
        if account is None:
            raise InvalidGrantError("The proof is wrong, used or expired.")
        self.request.user = account
        self.request.signed_in_at = self.request.signed_in_at or self.request.received_at

    def create_token_response(self) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        """A new sign-in with its tokens."""
        may_refresh = self.client.check_grant_type(RefreshGrant.GRANT_TYPE)
        token = self.generate_token(self.request.user, self.request.scope, include_refresh_token=may_refresh)
        self.save_token(token)
        return 200, token, self.TOKEN_RESPONSE_HEADER


class OneTimeCodeGrant(FirstPartyGrant):
    """A phone and the code it received (``POST /auth/code`` sends one)."""

    GRANT_TYPE = ONE_TIME_CODE

    def proved_account(self) -> Account | None:
        """The account of the phone; each try counts, by code and by address."""
        phone, code = self.request.form.get("phone"), self.request.form.get("code")
        if not phone or not code:
            raise InvalidRequestError("The parameters phone and code are needed.")
        try:
            number = check_phone(normalised(phone, Kind.PHONE))
        except Refusal:
            raise InvalidRequestError("The phone must have 11 digits.") from None
        server = self.server
        return await_only(redeem_code(server.asynchronous, server.vault, number, code, self.request.received_at))


def _take_scope(request: FormRequest, client: Client) -> None:
    scope = client.get_allowed_scope(request.payload.scope)
    if scope is None:
        raise InvalidScopeError
    request.scope = scope

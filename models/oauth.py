"""What the authorization server keeps: sign-ins through apps, their codes and refresh tokens, consents, signing keys.

Whatever proves something to its bearer is stored as ``auth.tokens.token_hash`` of it, private keys under the vault.
"""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ARRAY, ForeignKey, Index, LargeBinary, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.accounts import SHARED_AND_SWEPT, SHARED_TABLE
from models.base import Base, CreatedAt, Id, one_of

_TEXTS = ARRAY(Text(collation="C"))


class SigningAlgorithm(StrEnum):
    """How Anju signs (RFC 7518 names). SM2 with SM3 would be another value, and another kind of key."""

    ES256 = "ES256"


class ChallengeMethod(StrEnum):
    """How a PKCE challenge follows from its verifier (RFC 7636 §4.2); ``plain`` is not taken."""

    S256 = "S256"


class OAuthSession(Base):
    """One sign-in through an app: the family of all tokens that followed from it. Revoked, it takes them along."""

    __tablename__ = "oauth_session"
    __table_args__ = (
        Index(None, "account_id"),
        Index(None, "client_id"),
        Index(None, "expires_at"),
        SHARED_AND_SWEPT,
    )

    id: Mapped[Id]
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    client_id: Mapped[str] = mapped_column(ForeignKey("oauth_client.client_id"))
    scopes: Mapped[list[str]] = mapped_column(_TEXTS)
    signed_in_at: Mapped[datetime]
    """When the person proved who they are (``auth_time``)."""
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class RefreshToken(Base):
    """Good for one exchange (RFC 9700 §4.14). Used ones are kept while the session lasts, to know them again."""

    __tablename__ = "refresh_token"
    __table_args__ = (UniqueConstraint("token_hash"), Index(None, "session_id"), SHARED_AND_SWEPT)

    id: Mapped[Id]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary)
    session_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("oauth_session.id"))
    issued_at: Mapped[CreatedAt]
    used_at: Mapped[datetime | None]


class AuthorizationCode(Base):
    """A code on its way from the browser to the app (RFC 6749 §4.1.2), bound to all that the app said when asking."""

    __tablename__ = "authorization_code"
    __table_args__ = (
        UniqueConstraint("code_hash"),
        Index(None, "session_id"),
        Index(None, "expires_at"),
        one_of("challenge_method", ChallengeMethod),
        SHARED_AND_SWEPT,
    )

    id: Mapped[Id]
    code_hash: Mapped[bytes] = mapped_column(LargeBinary)
    client_id: Mapped[str] = mapped_column(ForeignKey("oauth_client.client_id"))
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    redirect_uri: Mapped[str]
    scopes: Mapped[list[str]] = mapped_column(_TEXTS)
    challenge: Mapped[str]
    challenge_method: Mapped[str]
    nonce: Mapped[str | None]
    signed_in_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    session_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("oauth_session.id"))
    """What it was exchanged for; ends when the code comes a second time."""


class OAuthConsent(Base):
    """A person's separate consent that an app of others may act for them or read about them (RULES PRI-1, PRI-4)."""

    __tablename__ = "oauth_consent"
    __table_args__ = (Index(None, "account_id", "client_id"), Index(None, "client_id"), SHARED_TABLE)

    id: Mapped[Id]
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    client_id: Mapped[str] = mapped_column(ForeignKey("oauth_client.client_id"))
    scopes: Mapped[list[str]] = mapped_column(_TEXTS)
    purpose: Mapped[str]
    """As the page said it when the person agreed."""
    given_at: Mapped[CreatedAt]
    withdrawn_at: Mapped[datetime | None]


class BrowserSession(Base):
    """Who is signed in on the authorization server's own pages, by the hash of the cookie."""

    __tablename__ = "browser_session"
    __table_args__ = (
        UniqueConstraint("token_hash"),
        Index(None, "account_id"),
        Index(None, "expires_at"),
        SHARED_AND_SWEPT,
    )

    id: Mapped[Id]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    signed_in_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class ExternalIdentity(Base):
    """That somebody whom another system knows (a WeChat user, a subject of a county's sign-in) signs in to an account.
    Known by a keyed index alone: the name there is stored nowhere, because nothing is ever sent to it."""

    __tablename__ = "external_identity"
    __table_args__ = (
        UniqueConstraint("subject_index"),
        Index(None, "account_id"),
        Index(None, "ended_at"),
        SHARED_AND_SWEPT,
    )

    id: Mapped[Id]
    provider: Mapped[str]
    """Who knows them: a mini-program's appid, an issuer's address."""
    subject_index: Mapped[bytes] = mapped_column(LargeBinary)
    """Of provider and subject (an openid, a ``sub``) together."""
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    proved_at: Mapped[datetime]
    """When they last proved that the account is theirs."""
    ended_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]


class SigningKey(Base):
    """A key that signs tokens, or did: one without ``retired_at`` per algorithm signs, the others are only published."""

    __tablename__ = "signing_key"
    __table_args__ = (
        one_of("algorithm", SigningAlgorithm),
        Index("uq_signing_key_current", "algorithm", unique=True, postgresql_where=text("retired_at IS NULL")),
        SHARED_AND_SWEPT,
    )

    kid: Mapped[str] = mapped_column(primary_key=True)
    algorithm: Mapped[str]
    public_jwk: Mapped[dict[str, Any]] = mapped_column(JSONB)
    private_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    """The private JWK under the vault, which writes the id of its own algorithm before it."""
    created_at: Mapped[CreatedAt]
    retired_at: Mapped[datetime | None]
    published_until: Mapped[datetime | None]
    """When the last token signed with it has expired."""

"""Login accounts, what they are allowed, and how they and the partners' clients prove who they are.

Shared reference data: no county key, so one person may live in one county and work in another. A grant row follows from
a fact of a county (ownership, a term in office, employment, a posting, a partner's agreement). The command that writes
the fact writes the grant in the same transaction (``auth.grants``), and it ends with the fact.
"""

import uuid
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
    desc,
    false,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from domain.roles import Role
from models.base import Base, CreatedAt, Id, one_of
from models.sealed import sealed_columns

SHARED_TABLE: dict[str, Any] = {"info": {"shared": True}}
SHARED_AND_SWEPT: dict[str, Any] = {"info": {"shared": True, "deletable": True}}
"""What has expired is deleted by the worker; nothing refers to it."""

_TEXTS = ARRAY(Text(collation="C"))
_NO_TEXTS = text("'{}'::text[]")


class AccountStatus(StrEnum):
    """Only an ``ACTIVE`` account or client is anybody: the tokens of the others are refused at once."""

    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    CLOSED = "CLOSED"


class ClientAuthMethod(StrEnum):
    """How a client proves itself at the token endpoint (the names of RFC 7591 §2)."""

    BASIC = "client_secret_basic"
    POST = "client_secret_post"
    PRIVATE_KEY_JWT = "private_key_jwt"
    NONE = "none"
    """A public client: an app on somebody's device keeps no secret, so PKCE and its redirect URI must do."""


class Account(Base):
    """A person who signs in. ``grants_version`` counts up with every change of the grants or the status."""

    __tablename__ = "account"
    __table_args__ = (
        UniqueConstraint("login"),
        UniqueConstraint("phone_index"),
        one_of("status", AccountStatus),
        SHARED_TABLE,
    )

    id: Mapped[Id]
    login: Mapped[str | None]
    """The name of a demo login (``370303-bureau``); people sign in with their phone."""
    display_name: Mapped[str]
    phone_sealed, phone_index, phone_mask = sealed_columns()
    locale: Mapped[str] = mapped_column(server_default="zh-CN")
    status: Mapped[str] = mapped_column(server_default=AccountStatus.ACTIVE)
    grants_version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[CreatedAt]


class OAuthClient(Base):
    """A system or an app: what it may ask, where, and on what legal basis (PRI-4).

    A partner (bank, court) acts for itself; an app acts for the person who signed in with it.
    """

    __tablename__ = "oauth_client"
    __table_args__ = (
        one_of("status", AccountStatus),
        one_of("auth_method", ClientAuthMethod),
        CheckConstraint(
            "CASE auth_method WHEN 'private_key_jwt' THEN jwks IS NOT NULL WHEN 'none' THEN true"
            " ELSE secret_hash IS NOT NULL END",
            name="can_authenticate",
        ),
        CheckConstraint("(quota_points IS NULL) = (quota_per_second IS NULL)", name="quota_is_whole"),
        CheckConstraint("quota_points > 0 AND quota_per_second > 0", name="quota_lets_something_through"),
        CheckConstraint(
            "auth_method <> 'none' OR NOT 'client_credentials' = ANY (grant_types)",
            name="public_has_no_rights_of_its_own",
        ),
        SHARED_TABLE,
    )

    client_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    auth_method: Mapped[str] = mapped_column(server_default=ClientAuthMethod.BASIC)
    secret_hash: Mapped[str | None]
    jwks: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    """The partner's public keys, handed over when it was registered: Anju never fetches them."""
    counties: Mapped[list[str]] = mapped_column(_TEXTS, server_default=_NO_TEXTS)
    scopes: Mapped[list[str]] = mapped_column(_TEXTS, server_default=_NO_TEXTS)
    purpose: Mapped[str]
    legal_basis: Mapped[str]
    grant_types: Mapped[list[str]] = mapped_column(_TEXTS, server_default=text("'{client_credentials}'::text[]"))
    redirect_uris: Mapped[list[str]] = mapped_column(_TEXTS, server_default=_NO_TEXTS)
    """Where codes may be sent, compared letter by letter (RFC 9700 §2.1)."""
    first_party: Mapped[bool] = mapped_column(server_default=false())
    """The county's own app: people who sign in with it are not asked whether it may act for them."""
    certificate_bound: Mapped[bool] = mapped_column(server_default=false())
    """Its access tokens are bound to the client certificate of the connection (RFC 8705 §3)."""
    quota_points: Mapped[int | None]
    """Its own quota (``domain.quotas``) where it has one: of the partner, or of each person who uses the app."""
    quota_per_second: Mapped[int | None]
    only_trusted: Mapped[bool] = mapped_column(server_default=false())
    """Nothing but the documents of its manifests runs for it."""
    documents_revision: Mapped[int] = mapped_column(server_default="0")
    """Counts up with every change of its manifests."""
    status: Mapped[str] = mapped_column(server_default=AccountStatus.ACTIVE)
    grants_version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[CreatedAt]


class AccountGrant(Base):
    """One capacity of an account or a client in one county, with the places or bodies that it covers.

    It holds on every day from ``valid_from`` to the day before ``valid_to`` (null: until further notice).
    ``source_type`` and ``source_id`` name the row it follows from; ``ended_at`` says when its end was recorded.
    """

    __tablename__ = "account_grant"
    __table_args__ = (
        Index(None, "account_id"),
        Index(None, "client_id"),
        Index(None, "source_type", "source_id"),
        one_of("role", Role),
        CheckConstraint("(account_id IS NULL) <> (client_id IS NULL)", name="one_holder"),
        CheckConstraint("valid_to >= valid_from", name="dates_in_order"),
        SHARED_TABLE,
    )

    id: Mapped[Id]
    account_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    client_id: Mapped[str | None] = mapped_column(ForeignKey("oauth_client.client_id"))
    county: Mapped[str]
    role: Mapped[str]
    office: Mapped[str | None]
    """The name of the office or department an official acts for, as shown in events (张店区住房和城乡建设局)."""
    township: Mapped[str | None]
    """Division code, 9 digits (street or town)."""
    community: Mapped[str | None]
    """Division code, 12 digits (community or village)."""
    unit_id: Mapped[uuid.UUID | None]
    estate_id: Mapped[uuid.UUID | None]
    area_id: Mapped[uuid.UUID | None]
    company_id: Mapped[uuid.UUID | None]
    committee_id: Mapped[uuid.UUID | None]
    acting_for: Mapped[str | None]
    """Whom an acting official stands in for (代理)."""
    scopes: Mapped[list[str]] = mapped_column(_TEXTS, server_default=_NO_TEXTS)
    """Of a partner what its agreement allows, of an official the powers of the duty (``domain.officials.Power``)."""
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    source_type: Mapped[str]
    source_id: Mapped[uuid.UUID]
    ended_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]


class AccessToken(Base):
    """A token known only by its hash, opaque or JWT alike. It counts until revoked or expired, while its holder is active.

    ``client_id`` beside an account is the app that acts for the person.
    """

    __tablename__ = "access_token"
    __table_args__ = (
        UniqueConstraint("token_hash"),
        Index(None, "account_id"),
        Index(None, "client_id"),
        Index(None, "session_id"),
        Index(None, "expires_at"),
        CheckConstraint("account_id IS NOT NULL OR client_id IS NOT NULL", name="has_holder"),
        SHARED_AND_SWEPT,
    )

    id: Mapped[Id]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary)
    account_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"))
    client_id: Mapped[str | None] = mapped_column(ForeignKey("oauth_client.client_id"))
    session_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("oauth_session.id"))
    """The sign-in through an app that it belongs to, and ends with."""
    certificate: Mapped[bytes | None] = mapped_column(LargeBinary)
    """SHA-256 of the client certificate without which it is worth nothing (``cnf.x5t#S256``)."""
    scopes: Mapped[list[str]] = mapped_column(_TEXTS, server_default=_NO_TEXTS)
    issued_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class OneTimeCode(Base):
    """A sign-in code sent to a phone: hashed, short-lived, used once. Only the newest of a phone counts."""

    __tablename__ = "one_time_code"
    __table_args__ = (
        Index("ix_one_time_code_phone_newest", "phone_index", desc("issued_at")),
        Index(None, "expires_at"),
        SHARED_AND_SWEPT,
    )

    id: Mapped[Id]
    phone_index: Mapped[bytes] = mapped_column(LargeBinary)
    code_hash: Mapped[bytes] = mapped_column(LargeBinary)
    attempts: Mapped[int] = mapped_column(server_default="0")
    issued_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class SignInCount(Base):
    """How often a phone or an address (both as blind index) tried something within one window of time."""

    __tablename__ = "sign_in_count"
    __table_args__ = (Index(None, "window_end"), SHARED_AND_SWEPT)

    subject: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    window_end: Mapped[datetime] = mapped_column(primary_key=True)
    count: Mapped[int]


class OAuthJti(Base):
    """A client assertion that was used: its ``jti`` is inserted once, so that a replay meets the key."""

    __tablename__ = "oauth_jti"
    __table_args__ = (Index(None, "expires_at"), SHARED_AND_SWEPT)

    client_id: Mapped[str] = mapped_column(ForeignKey("oauth_client.client_id"), primary_key=True)
    jti: Mapped[str] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime]

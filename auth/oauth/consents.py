"""Consents: which apps of others a person lets act for them or know who they are, and for what (RULES PRI-1, PRI-4)."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from auth.sessions import revoke_sessions
from models.accounts import Account, OAuthClient
from models.oauth import AuthorizationCode, OAuthConsent


@dataclass(frozen=True)
class Consent:
    """What an account lets one app do until it is withdrawn."""

    client_id: str
    app: str
    """The app's name."""
    scopes: tuple[str, ...]
    purpose: str
    """As the page said it when the person agreed last."""
    given_at: datetime
    """When the person agreed last."""


def has_consented(session: Session, account: Account, client: OAuthClient, scopes: Iterable[str]) -> bool:
    """Whether the person has agreed to all of it, for the purpose that the client has now.

    What it finds stands until this transaction ends: a withdrawal waits, and then ends what was given out here.
    """
    given = session.scalars(
        select(OAuthConsent)
        .where(
            OAuthConsent.account_id == account.id,
            OAuthConsent.client_id == client.client_id,
            OAuthConsent.purpose == client.purpose,
            OAuthConsent.withdrawn_at.is_(None),
        )
        .with_for_update(read=True)
    )
    return set(scopes) <= {scope for consent in given for scope in consent.scopes}


def record_consent(session: Session, account: Account, client: OAuthClient, scopes: Iterable[str]) -> None:
    """Keep that the person agreed, and to what."""
    session.add(
        OAuthConsent(account_id=account.id, client_id=client.client_id, scopes=sorted(scopes), purpose=client.purpose)
    )


async def consents_of(session: AsyncSession, account_id: uuid.UUID) -> list[Consent]:
    """What the account's consents come to, app by app, the one given last first."""
    standing = await session.execute(
        select(OAuthConsent, OAuthClient.name)
        .join(OAuthClient, OAuthClient.client_id == OAuthConsent.client_id)
        .where(OAuthConsent.account_id == account_id, OAuthConsent.withdrawn_at.is_(None))
        .order_by(OAuthConsent.given_at.desc(), OAuthConsent.id.desc())
    )
    found: dict[str, Consent] = {}
    for given, app in standing:
        last = found.setdefault(given.client_id, Consent(given.client_id, app, (), given.purpose, given.given_at))
        scopes = tuple(sorted({*last.scopes, *given.scopes}))
        found[given.client_id] = Consent(last.client_id, app, scopes, last.purpose, last.given_at)
    return list(found.values())


async def withdraw_consent(session: AsyncSession, account_id: uuid.UUID, client_id: str, now: datetime) -> int | None:
    """Take all consents of an app back: its codes, sign-ins and tokens for this account end in the same transaction.

    How many sign-ins were live; ``None`` where there was no consent. In this order, whatever is given out at the same
    moment is either waited for and then ended, or finds the consent withdrawn.
    """
    withdrawn = await session.scalars(
        update(OAuthConsent)
        .where(
            OAuthConsent.account_id == account_id,
            OAuthConsent.client_id == client_id,
            OAuthConsent.withdrawn_at.is_(None),
        )
        .values(withdrawn_at=now)
        .returning(OAuthConsent.id)
    )
    if not withdrawn.all():
        return None
    await session.execute(
        update(AuthorizationCode)
        .where(
            AuthorizationCode.account_id == account_id,
            AuthorizationCode.client_id == client_id,
            AuthorizationCode.used_at.is_(None),
        )
        .values(used_at=now)
    )
    return await revoke_sessions(session, account_id, now, client_id=client_id)

"""Consents: which apps of others a person lets act for them or know who they are, and for what (RULES PRI-1, PRI-4)."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.accounts import Account, OAuthClient
from models.oauth import OAuthConsent


def has_consented(session: Session, account: Account, client: OAuthClient, scopes: Iterable[str]) -> bool:
    """Whether the person has agreed to all of it, for the purpose that the client has now."""
    given = session.scalars(
        select(OAuthConsent).where(
            OAuthConsent.account_id == account.id,
            OAuthConsent.client_id == client.client_id,
            OAuthConsent.purpose == client.purpose,
            OAuthConsent.withdrawn_at.is_(None),
        )
    )
    return set(scopes) <= {scope for consent in given for scope in consent.scopes}


def record_consent(session: Session, account: Account, client: OAuthClient, scopes: Iterable[str]) -> None:
    """Keep that the person agreed, and to what."""
    session.add(
        OAuthConsent(account_id=account.id, client_id=client.client_id, scopes=sorted(scopes), purpose=client.purpose)
    )

"""Sign-ins through apps: the family of tokens that follow from one, which ends as a whole (RFC 9700 §4.14.2)."""

import uuid
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import delete, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from models.accounts import AccessToken, OAuthJti
from models.oauth import AuthorizationCode, BrowserSession, OAuthSession, RefreshToken


def revoke_family(session: Session, family_id: uuid.UUID, now: datetime) -> None:
    """End a sign-in: its access tokens are refused at once, its refresh token is worth nothing."""
    session.execute(
        update(OAuthSession)
        .where(OAuthSession.id == family_id, OAuthSession.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    session.execute(
        update(AccessToken)
        .where(AccessToken.session_id == family_id, AccessToken.revoked_at.is_(None))
        .values(revoked_at=now)
    )


def locked_family(session: Session, family_id: uuid.UUID) -> OAuthSession:
    """The sign-in, locked: whoever exchanges or ends one of its tokens takes this lock first."""
    return session.execute(
        select(OAuthSession)
        .where(OAuthSession.id == family_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one()


def is_replay(used_at: datetime, received_at: datetime) -> bool:
    """Whether what was used at ``used_at`` came again later, and not at the same moment.

    A request that had arrived before the first one was served is the same hurried app, sending twice: it is refused,
    but the one token that was given lives. Anything later is what a thief, or the robbed one after him, would send.
    """
    return received_at > used_at


async def forget_ended_sessions(session: AsyncSession, before: datetime) -> int:
    """Delete codes, sign-ins and used assertions that expired before an instant (the worker's daily sweep); how many
    sign-ins there were. Access tokens are swept before (``forget_expired_tokens``); what still has some, stays."""
    await session.execute(delete(OAuthJti).where(OAuthJti.expires_at < before))
    await session.execute(delete(BrowserSession).where(BrowserSession.expires_at < before))
    held = select(AccessToken.id).where(AccessToken.session_id == OAuthSession.id)
    over = select(OAuthSession.id).where(OAuthSession.expires_at < before, ~exists(held)).scalar_subquery()
    await session.execute(delete(RefreshToken).where(RefreshToken.session_id.in_(over)))
    await session.execute(
        delete(AuthorizationCode).where(
            AuthorizationCode.expires_at < before,
            or_(AuthorizationCode.session_id.is_(None), AuthorizationCode.session_id.in_(over)),
        )
    )
    gone = await session.execute(delete(OAuthSession).where(OAuthSession.id.in_(over)).returning(OAuthSession.id))
    return len(gone.all())


def scope_text(scopes: Iterable[str]) -> str:
    """As a ``scope`` parameter has them."""
    return " ".join(sorted(scopes))

"""Where an account is signed in: its sessions, the devices behind them, and when each last proved who uses it.

A session is a sign-in through an app with all the tokens that followed from it or, without an app, one access token.
Its id is ``coalesce(access_token.session_id, access_token.id)``. Revoking it revokes its tokens in the same act, so
that the next request with one of them is refused.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network

from sqlalchemy import ColumnElement, Integer, and_, cast, delete, func, literal, null, select, union_all, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from models.accounts import AccessToken, OAuthClient
from models.oauth import OAuthSession
from models.sessions import SessionDevice

FRESH = timedelta(minutes=10)
"""How long a redeemed one-time code counts as a fresh sign-in."""
KEEP_DEVICES = timedelta(days=180)
"""How long what is known of a device is kept after its last use: longer than any session lasts."""
LONGEST_DEVICE = 80
"""Characters of a device's name."""


@dataclass(frozen=True)
class Session:
    """One sign-in that is still worth something."""

    id: uuid.UUID
    app: str | None
    """The app's name; ``None`` without one."""
    device: str | None
    address: str | None
    signed_in_at: datetime
    last_used_at: datetime
    expires_at: datetime


async def session_of(session: AsyncSession, token_id: uuid.UUID) -> uuid.UUID | None:
    """The session to which an access token belongs."""
    return await session.scalar(select(_session_id()).where(AccessToken.id == token_id))


async def sessions_of(session: AsyncSession, account_id: uuid.UUID, now: datetime) -> list[Session]:
    """The account's live sessions, the one used last first."""
    alone = select(
        AccessToken.id,
        null().label("app"),
        AccessToken.issued_at.label("signed_in_at"),
        AccessToken.expires_at,
    ).where(
        AccessToken.account_id == account_id,
        AccessToken.session_id.is_(None),
        AccessToken.revoked_at.is_(None),
        AccessToken.expires_at > now,
    )
    through_apps = (
        select(OAuthSession.id, OAuthClient.name, OAuthSession.created_at, OAuthSession.expires_at)
        .join(OAuthClient, OAuthClient.client_id == OAuthSession.client_id)
        .where(OAuthSession.account_id == account_id, OAuthSession.revoked_at.is_(None), OAuthSession.expires_at > now)
    )
    live = union_all(alone, through_apps).subquery()
    last_used = func.coalesce(SessionDevice.last_used_at, live.c.signed_in_at)
    found = await session.execute(
        select(
            live.c.id,
            live.c.app,
            SessionDevice.device,
            SessionDevice.address_mask,
            live.c.signed_in_at,
            last_used,
            live.c.expires_at,
        )
        .outerjoin(SessionDevice, SessionDevice.id == live.c.id)
        .order_by(last_used.desc(), live.c.id)
    )
    return [Session(*row) for row in found]


async def revoke_sessions(
    session: AsyncSession,
    account_id: uuid.UUID,
    now: datetime,
    *,
    only: uuid.UUID | None = None,
    but: uuid.UUID | None = None,
    client_id: str | None = None,
) -> int:
    """Revoke sessions of an account with all their tokens: ``only`` one, all ``but`` one, or those through one app.
    How many were live."""
    of_app = [OAuthSession.account_id == account_id, OAuthSession.revoked_at.is_(None), OAuthSession.expires_at > now]
    of_token = [AccessToken.account_id == account_id, AccessToken.revoked_at.is_(None)]
    if only is not None:
        of_app.append(OAuthSession.id == only)
        of_token.append(_session_id() == only)
    if but is not None:
        of_app.append(OAuthSession.id != but)
        of_token.append(_session_id() != but)
    if client_id is not None:
        of_app.append(OAuthSession.client_id == client_id)
        of_token.append(AccessToken.client_id == client_id)
    apps = await session.scalars(update(OAuthSession).where(*of_app).values(revoked_at=now).returning(OAuthSession.id))
    tokens = await session.scalars(
        update(AccessToken).where(*of_token).values(revoked_at=now).returning(_live_alone(now))
    )
    return len(apps.all()) + sum(tokens.all())


async def note_use(
    session: AsyncSession, token_id: uuid.UUID, account_id: uuid.UUID, now: datetime, *, device: str, address: str
) -> None:
    """Remember when and from where a session was used last."""
    used = {"device": device[:LONGEST_DEVICE] or None, "address_mask": masked_address(address), "last_used_at": now}
    row = select(_session_id(), literal(account_id), *(literal(value) for value in used.values())).where(
        AccessToken.id == token_id
    )
    made = insert(SessionDevice).from_select(["id", "account_id", *used], row)
    await session.execute(made.on_conflict_do_update(index_elements=["id"], set_=used))


async def note_proof(session: AsyncSession, token_id: uuid.UUID, account_id: uuid.UUID, now: datetime) -> None:
    """Remember that the session's user has just redeemed a one-time code."""
    proof = {"proven_at": now, "last_used_at": now}
    row = select(_session_id(), literal(account_id), *(literal(value) for value in proof.values())).where(
        AccessToken.id == token_id
    )
    made = insert(SessionDevice).from_select(["id", "account_id", *proof], row)
    await session.execute(made.on_conflict_do_update(index_elements=["id"], set_=proof))


async def proven_at(session: AsyncSession, token_id: uuid.UUID) -> datetime | None:
    """When the user of a token last proved who they are: signing in, or with a code since; ``None`` for no such token."""
    signed_in = func.coalesce(OAuthSession.signed_in_at, AccessToken.issued_at)
    return await session.scalar(
        select(func.greatest(signed_in, SessionDevice.proven_at))
        .select_from(AccessToken)
        .outerjoin(OAuthSession, OAuthSession.id == AccessToken.session_id)
        .outerjoin(SessionDevice, SessionDevice.id == _session_id())
        .where(AccessToken.id == token_id)
    )


async def forget_devices(session: AsyncSession, before: datetime) -> None:
    """Delete what is known of devices not used since an instant (the worker's daily sweep)."""
    await session.execute(delete(SessionDevice).where(SessionDevice.last_used_at < before))


def masked_address(address: str) -> str | None:
    """The network of an address: enough to know one's own, too little to find the place.

    >>> masked_address("203.0.113.77"), masked_address("2001:db8:1:2:3::4"), masked_address("")
    ('203.0.113.*', '2001:db8:1::*', None)
    """
    try:
        known = ip_address(address)
    except ValueError:
        return None
    if known.version == 4:
        return f"{address.rpartition('.')[0]}.*"
    return f"{ip_network((address, 48), strict=False).network_address}*"


def _session_id() -> ColumnElement[uuid.UUID]:
    return func.coalesce(AccessToken.session_id, AccessToken.id)


def _live_alone(now: datetime) -> ColumnElement[int]:
    """1 for a token that was a session of its own until now."""
    return cast(and_(AccessToken.session_id.is_(None), AccessToken.expires_at > now), Integer())

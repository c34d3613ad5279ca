"""Clients' own quotas (``domain.quotas``), and the sweep of buckets that have run empty."""

from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from domain.errors import ErrorCode, Refusal
from domain.quotas import Quota
from models.accounts import OAuthClient
from models.quotas import QuotaBucket


def quota_of(session: Session, client_id: str) -> Quota | None:
    """The client's own quota; ``None`` where the deployment's holds. Refuses ``NOT_FOUND``."""
    client = _client(session, client_id)
    if client.quota_points is None or client.quota_per_second is None:
        return None
    return Quota(client.quota_points, client.quota_per_second)


def set_quota(session: Session, client_id: str, quota: Quota | None) -> None:
    """Give the client a quota of its own, or the deployment's back. Refuses ``NOT_FOUND``."""
    client = _client(session, client_id)
    client.quota_points = None if quota is None else quota.points
    client.quota_per_second = None if quota is None else quota.per_second
    client.grants_version += 1  # kept actors carry the quota


async def forget_buckets(session: AsyncSession, before: datetime) -> None:
    """Delete the buckets that nobody has asked from since an instant (the worker's daily sweep)."""
    await session.execute(delete(QuotaBucket).where(QuotaBucket.settled_at < before))


def _client(session: Session, client_id: str) -> OAuthClient:
    client = session.get(OAuthClient, client_id, with_for_update=True)
    if client is None:
        raise Refusal(ErrorCode.NOT_FOUND, "clientId")
    return client

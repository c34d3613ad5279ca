"""People as other systems know them (WeChat's openid, the subject of a county's sign-in) and the accounts they sign in to.

Such a name is personal data. It is stored nowhere: it is known by a keyed index of provider and subject, which nobody
without the key can make, or join with other people's data (DESIGN §2 asks for a ciphertext besides, to show the value or
use it again; nothing does. docs/adr/0016).
"""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, exists, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from models.accounts import Account, AccountGrant, AccountStatus
from models.base import new_id
from models.oauth import ExternalIdentity
from models.sealed import SHARED, Vault


def subject_index(vault: Vault, provider: str, subject: str) -> bytes:
    """By what somebody is known: a subject means something at its own provider only."""
    return vault.index(f"{provider}\n{subject}", "external-identity", SHARED)


async def bind(session: AsyncSession, provider: str, index: bytes, account_id: uuid.UUID, now: datetime) -> None:
    """Let a subject of the provider sign in to an account from now on; to no other one any more."""
    proved: dict[str, Any] = {"account_id": account_id, "proved_at": now, "ended_at": None}
    made = insert(ExternalIdentity).values(id=new_id(), provider=provider, subject_index=index, **proved)
    await session.execute(made.on_conflict_do_update(index_elements=["subject_index"], set_=proved))


async def bound_account(session: AsyncSession, index: bytes) -> tuple[Account, datetime] | None:
    """The account that a subject signs in to, whatever its status, and when it was last proved theirs."""
    found = await session.execute(
        select(Account, ExternalIdentity.proved_at)
        .join(ExternalIdentity, ExternalIdentity.account_id == Account.id)
        .where(ExternalIdentity.subject_index == index, ExternalIdentity.ended_at.is_(None))
    )
    row = found.first()
    return None if row is None else (row[0], row[1])


async def official_in_post(
    session: AsyncSession,
    county: str,
    day: date,
    *,
    account_id: uuid.UUID | None = None,
    phone_index: bytes | None = None,
) -> Account | None:
    """The active account, by its id or phone, that holds an official's posting in the county on a day; else nobody."""
    who = Account.id == account_id if phone_index is None else Account.phone_index == phone_index
    posting = exists().where(
        AccountGrant.account_id == Account.id,
        AccountGrant.county == county,
        AccountGrant.source_type == "official",
        AccountGrant.valid_from <= day,
        or_(AccountGrant.valid_to.is_(None), AccountGrant.valid_to > day),
    )
    return await session.scalar(select(Account).where(who, Account.status == AccountStatus.ACTIVE, posting))


async def end_bindings(session: AsyncSession, account_id: uuid.UUID, now: datetime) -> None:
    """Nobody signs in to this account by another system any more (it is closed)."""
    bound = (ExternalIdentity.account_id == account_id, ExternalIdentity.ended_at.is_(None))
    await session.execute(update(ExternalIdentity).where(*bound).values(ended_at=now))


async def forget_ended_bindings(session: AsyncSession, before: datetime) -> None:
    """Delete bindings that ended before an instant (the worker's daily sweep)."""
    await session.execute(delete(ExternalIdentity).where(ExternalIdentity.ended_at < before))

"""WeChat users of the county's mini-programs and the accounts that they sign in to.

An openid is personal data. It is stored nowhere: a binding is known by a keyed index of appid and openid, which nobody
without the key can make, or join with other people's data (DESIGN §2 asks for a ciphertext besides, to show the value or
use it again; nothing does. docs/adr/0016).
"""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from models.accounts import Account
from models.base import new_id
from models.oauth import WeChatBinding
from models.sealed import SHARED, Vault


def openid_index(vault: Vault, appid: str, openid: str) -> bytes:
    """By what a binding is known: an openid means something in its own mini-program only."""
    return vault.index(f"{appid}:{openid}", "wechat-openid", SHARED)


async def bind(session: AsyncSession, appid: str, index: bytes, account_id: uuid.UUID, now: datetime) -> None:
    """Let an openid sign in to an account from now on; to no other one any more."""
    proved: dict[str, Any] = {"account_id": account_id, "proved_at": now, "ended_at": None}
    made = insert(WeChatBinding).values(id=new_id(), appid=appid, openid_index=index, **proved)
    await session.execute(made.on_conflict_do_update(index_elements=["openid_index"], set_=proved))


async def bound_account(session: AsyncSession, index: bytes) -> tuple[Account, datetime] | None:
    """The account that an openid signs in to, whatever its status, and when its phone was last proved."""
    found = await session.execute(
        select(Account, WeChatBinding.proved_at)
        .join(WeChatBinding, WeChatBinding.account_id == Account.id)
        .where(WeChatBinding.openid_index == index, WeChatBinding.ended_at.is_(None))
    )
    row = found.first()
    return None if row is None else (row[0], row[1])


async def end_bindings(session: AsyncSession, account_id: uuid.UUID, now: datetime) -> None:
    """No openid signs in to this account any more (it is closed)."""
    bound = (WeChatBinding.account_id == account_id, WeChatBinding.ended_at.is_(None))
    await session.execute(update(WeChatBinding).where(*bound).values(ended_at=now))


async def forget_ended_bindings(session: AsyncSession, before: datetime) -> None:
    """Delete bindings that ended before an instant (the worker's daily sweep)."""
    await session.execute(delete(WeChatBinding).where(WeChatBinding.ended_at < before))

"""One-time codes (验证码) that a phone receives, and how often they may be asked for and tried.

A phone that nobody registered is treated like any other: it gets a code, and whoever redeems it has an account from then
on, which sees nothing until a county's register, an office or a claim gives it a grant. Codes and phones are stored
under the vault's keys alone, so the table does not tell who signs in.
"""

import hmac
import secrets
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import ErrorCode, Refusal
from domain.identifiers import mask_phone
from models.accounts import Account, AccountStatus, OneTimeCode, SignInCount
from models.base import new_id
from models.sealed import SHARED, Kind, Vault, normalised, seal_into

LIFETIME = timedelta(minutes=5)
ATTEMPTS = 5
DIGITS = 6
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class CodeSender(Protocol):
    """Brings a code to a phone: an SMS gateway in production, the terminal in development."""

    async def send(self, phone: str, code: str) -> None:
        """Send it; called outside any transaction, after the answer has left."""


@dataclass(frozen=True)
class Limit:
    """At most ``most`` tries by one subject in each window of time; ``name`` keeps the counts of two limits apart."""

    name: str
    most: int
    window: timedelta


CODES_PER_PHONE = (
    Limit("code-phone-minute", 1, timedelta(minutes=1)),
    Limit("code-phone-day", 10, timedelta(days=1)),
)
CODES_PER_ADDRESS = (Limit("code-address-hour", 60, timedelta(hours=1)),)
CODES_PER_DEVICE = (Limit("code-device-hour", 20, timedelta(hours=1)),)
TRIES_PER_ADDRESS = (Limit("try-address-hour", 120, timedelta(hours=1)),)
TRIES_PER_DEVICE = (Limit("try-device-hour", 40, timedelta(hours=1)),)
CLIENTS_PER_ADDRESS = (Limit("client-address-minute", 60, timedelta(minutes=1)),)


async def admit(
    session: AsyncSession, vault: Vault, limits: Iterable[Limit], subject: str | None, now: datetime
) -> None:
    """Count one try of a phone, an address or a device; refuses with ``RATE_LIMITED`` and counts nothing once a limit is
    reached. A subject that nobody named (``None``) has no limits.

    Counts are per fixed window and exact under concurrency: the row of the window is the lock.
    """
    if subject is None:
        return
    for limit in limits:
        window_end = _EPOCH + ((now - _EPOCH) // limit.window + 1) * limit.window
        key = vault.index(subject, limit.name, SHARED)
        start = insert(SignInCount).values(subject=key, window_end=window_end, count=1)
        counted = await session.scalar(
            start.on_conflict_do_update(
                index_elements=[SignInCount.subject, SignInCount.window_end],
                set_={"count": SignInCount.count + start.excluded.count},
                where=SignInCount.count < limit.most,
            ).returning(SignInCount.count)
        )
        if counted is None:
            raise Refusal(ErrorCode.RATE_LIMITED, seconds=int((window_end - now).total_seconds()) + 1)


async def new_code(session: AsyncSession, vault: Vault, phone: str, now: datetime) -> str | None:
    """Store a fresh code for a phone, which ends any earlier one. ``None`` when its account is closed or suspended."""
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
    row = OneTimeCode(
        id=new_id(),
        phone_index=vault.index(phone, Kind.PHONE, SHARED),
        issued_at=now,
        expires_at=now + LIFETIME,
    )
    row.code_hash = _code_hash(vault, row.id, code)
    session.add(row)
    known = await _account(session, row.phone_index)
    return code if known is None or known.status == AccountStatus.ACTIVE else None


async def redeem_code(session: AsyncSession, vault: Vault, phone: str, code: str, now: datetime) -> Account | None:
    """The active account whose phone received this code, opened where the phone had none; ``None`` for a wrong code.

    Either way the try counts: the caller commits.

    Only the newest code of a phone can be redeemed, once, within ``LIFETIME`` and ``ATTEMPTS`` tries.
    """
    phone_index = vault.index(phone, Kind.PHONE, SHARED)
    newest = await session.scalar(
        select(OneTimeCode)
        .where(OneTimeCode.phone_index == phone_index)
        .order_by(OneTimeCode.issued_at.desc(), OneTimeCode.id.desc())
        .limit(1)
        .with_for_update()
    )
    if newest is None or newest.used_at is not None or newest.expires_at <= now or newest.attempts >= ATTEMPTS:
        return None
    newest.attempts += 1
    if not hmac.compare_digest(newest.code_hash, _code_hash(vault, newest.id, code)):
        return None
    newest.used_at = now
    return await account_of_proved_phone(session, vault, phone)


async def account_of_proved_phone(session: AsyncSession, vault: Vault, phone: str) -> Account | None:
    """The active account of a phone that proved to be somebody's, opened where there is none; ``None`` when it is
    suspended or closed."""
    account = await open_account(session, vault, phone, mask_phone(normalised(phone, Kind.PHONE)))
    return account if account.status == AccountStatus.ACTIVE else None


async def open_account(session: AsyncSession, vault: Vault, phone: str, display_name: str) -> Account:
    """The account of a phone; one is opened when there is none. Two that open it at once find the same."""
    account = Account(id=new_id(), display_name=display_name)
    seal_into(account, "phone", phone, Kind.PHONE, vault)
    columns = ("id", "display_name", "phone_sealed", "phone_index", "phone_mask")
    opened = await session.scalar(
        insert(Account)
        .values({column: getattr(account, column) for column in columns})
        .on_conflict_do_nothing(index_elements=["phone_index"])
        .returning(Account)
    )
    by_phone = select(Account).where(Account.phone_index == account.phone_index)
    return opened or (await session.execute(by_phone)).scalar_one()


async def forget_old_codes(session: AsyncSession, before: datetime) -> int:
    """Delete codes and counts that ended before an instant (the worker's daily sweep); how many codes there were."""
    await session.execute(delete(SignInCount).where(SignInCount.window_end < before))
    gone = await session.execute(delete(OneTimeCode).where(OneTimeCode.expires_at < before).returning(OneTimeCode.id))
    return len(gone.all())


async def _account(session: AsyncSession, phone_index: bytes) -> Account | None:
    return await session.scalar(select(Account).where(Account.phone_index == phone_index))


def _code_hash(vault: Vault, row_id: uuid.UUID, code: str) -> bytes:
    # Six digits have no entropy to speak of: only a key that is not in the database keeps them.
    return vault.index(f"{row_id}:{code}", "one-time-code", SHARED)

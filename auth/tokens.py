"""Bearer tokens: stored by their hash, revoked at once (DESIGN §6). Roles never travel in them."""

import hashlib
import secrets
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.accounts import AccessToken
from models.base import new_id

PREFIX = "anju_"
"""Lets secret scanners recognise a leaked token."""

SHA_256 = b"\x01"
"""The id of the hash before every stored one, so that another (SM3) can follow beside it."""


@dataclass(frozen=True)
class IssuedToken:
    """A token as its holder gets it, once; the database keeps only the hash."""

    id: uuid.UUID
    value: str
    expires_in: int
    """Seconds."""
    scopes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"IssuedToken({self.id})"


def new_token() -> str:
    """256 random bits behind the prefix."""
    return PREFIX + secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """What is stored and looked up: the algorithm's id and the hash. A plain one suffices: 256 random bits cannot be
    guessed, nor can a signature."""
    return SHA_256 + hashlib.sha256(token.encode()).digest()


async def issue_token(
    session: AsyncSession,
    *,
    lifetime: timedelta,
    account_id: uuid.UUID | None = None,
    client_id: str | None = None,
    scopes: Iterable[str] = (),
) -> IssuedToken:
    """Write a new token of an account or a client. The caller commits before handing it out."""
    issued = IssuedToken(new_id(), new_token(), int(lifetime.total_seconds()), tuple(sorted(scopes)))
    session.add(
        AccessToken(
            id=issued.id,
            token_hash=token_hash(issued.value),
            account_id=account_id,
            client_id=client_id,
            scopes=list(issued.scopes),
            expires_at=datetime.now(UTC) + lifetime,
        )
    )
    # Authlib and the sign-in answer right after this; a holder that does not exist must fail here, not at commit.
    await session.flush()
    return issued


async def live_token(session: AsyncSession, token: str) -> AccessToken | None:
    """The token's row while it is neither revoked nor expired."""
    return await session.scalar(
        select(AccessToken).where(
            AccessToken.token_hash == token_hash(token),
            AccessToken.revoked_at.is_(None),
            AccessToken.expires_at > func.now(),
        )
    )


async def revoke_token(session: AsyncSession, token: str, *, client_id: str | None = None) -> bool:
    """Revoke one token (with ``client_id``, only a token of that client); whether there was a live one."""
    found = await live_token(session, token)
    if found is None or (client_id is not None and found.client_id != client_id):
        return False
    found.revoked_at = datetime.now(UTC)
    await session.flush()  # the next statement of this transaction must see it revoked
    return True


async def revoke_account_tokens(session: AsyncSession, account_id: uuid.UUID) -> int:
    """Revoke every live token of an account (a lost phone, a suspension); how many there were."""
    revoked = await session.execute(
        update(AccessToken)
        .where(AccessToken.account_id == account_id, AccessToken.revoked_at.is_(None))
        .values(revoked_at=datetime.now(UTC))
        .returning(AccessToken.id)
    )
    return len(revoked.all())


async def forget_expired_tokens(session: AsyncSession, before: datetime) -> int:
    """Delete tokens that expired before an instant (the worker's daily sweep); how many there were."""
    gone = await session.execute(delete(AccessToken).where(AccessToken.expires_at < before).returning(AccessToken.id))
    return len(gone.all())

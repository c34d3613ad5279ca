"""Grants follow facts: the command that writes an ownership, a term, an employment or a posting opens its grants here.

Both functions run in the command's own transaction and count up ``grants_version`` of every holder they touch, so that
an actor cached anywhere is found stale by its next statement. The holder's row is locked first: two facts written at
once for one person wait for each other. Ids are made in Python, so a command can write its grants before the county's
rows, the order that a distributed database asks for (DESIGN §8).
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.roles import Role
from models.accounts import Account, AccountGrant, OAuthClient


@dataclass(frozen=True)
class Reach:
    """The places and bodies that a grant covers; what its role does not need stays ``None``."""

    office: str | None = None
    township: str | None = None
    community: str | None = None
    unit_id: uuid.UUID | None = None
    estate_id: uuid.UUID | None = None
    area_id: uuid.UUID | None = None
    company_id: uuid.UUID | None = None
    committee_id: uuid.UUID | None = None
    acting_for: str | None = None
    """Whose office an acting official stands in for (代理)."""


@dataclass(frozen=True)
class Source:
    """The row of the fact: its table's name and id."""

    table: str
    id: uuid.UUID


REACH_NEEDED: dict[Role, tuple[str, ...]] = {
    Role.OWNER: ("unit_id",),
    Role.TENANT: ("unit_id",),
    Role.COMMITTEE: ("committee_id",),
    Role.COMPANY_ADMIN: ("company_id",),
    Role.PROJECT_LEADER: ("company_id",),
    Role.COMPANY_STAFF: ("company_id",),
    Role.COMMUNITY: ("community",),
    Role.TOWNSHIP: ("township",),
}
"""Without these a grant would match nothing: a mistake of the command that opens it."""


async def open_grant(
    session: AsyncSession,
    role: Role,
    county: str,
    source: Source,
    *,
    account_id: uuid.UUID | None = None,
    client_id: str | None = None,
    reach: Reach = Reach(),
    scopes: Iterable[str] = (),
    valid_from: date,
    valid_to: date | None = None,
) -> AccountGrant:
    """Give an account or a client a capacity from ``valid_from`` to the day before ``valid_to``.

    The same fact opening the same grant again (a repeated import) gives the one that is there. Raises ``ValueError``
    when the reach lacks what the role needs, the role belongs to nobody who signs in, or the holder does not exist.
    """
    missing = [name for name in REACH_NEEDED.get(role, ()) if getattr(reach, name) is None]
    if missing or role is Role.SYSTEM:
        raise ValueError(f"a grant as {role} needs {', '.join(missing) or 'no holder'}")
    await _touch(session, [account_id] if account_id else [], [client_id] if client_id else [])
    columns: dict[str, Any] = {
        "account_id": account_id,
        "client_id": client_id,
        "county": county,
        "role": role.value,
        "source_type": source.table,
        "source_id": source.id,
        **vars(reach),
    }
    same = [getattr(AccountGrant, name).is_not_distinct_from(value) for name, value in columns.items()]
    present = await session.scalar(select(AccountGrant).where(*same, AccountGrant.ended_at.is_(None)))
    if present is not None:
        present.valid_from, present.valid_to, present.scopes = valid_from, valid_to, sorted(scopes)
        return present
    grant = AccountGrant(**columns, scopes=sorted(scopes), valid_from=valid_from, valid_to=valid_to)
    session.add(grant)
    await session.flush()  # gives the grant its id, which the command may write into its event
    return grant


async def end_grants(session: AsyncSession, source: Source, on: date, *, account_id: uuid.UUID | None = None) -> int:
    """End the grants of a fact: ``on`` is the first day they no longer hold. How many there were.

    With ``account_id`` only that person's (one of several owners moves out).
    """
    open_ones = [
        AccountGrant.source_type == source.table,
        AccountGrant.source_id == source.id,
        AccountGrant.ended_at.is_(None),
        or_(AccountGrant.valid_to.is_(None), AccountGrant.valid_to > on),
    ]
    if account_id is not None:
        open_ones.append(AccountGrant.account_id == account_id)
    holders = (await session.execute(select(AccountGrant.account_id, AccountGrant.client_id).where(*open_ones))).all()
    if not holders:
        return 0
    await _touch(
        session,
        [account for account, _client in holders if account is not None],
        [client for _account, client in holders if client is not None],
    )
    ended = await session.execute(
        update(AccountGrant)
        .where(*open_ones)
        # A fact that ends before it began (a term that was called off) leaves no day on which its grant holds.
        .values(valid_to=func.greatest(AccountGrant.valid_from, on), ended_at=datetime.now(UTC))
        .returning(AccountGrant.id)
        .execution_options(synchronize_session="fetch")
    )
    return len(ended.all())


async def extend_grants(session: AsyncSession, source: Source, valid_to: date | None) -> int:
    """Let the grants of a fact hold until the day before ``valid_to`` (null: until further notice). How many there were."""
    theirs = [
        AccountGrant.source_type == source.table,
        AccountGrant.source_id == source.id,
        AccountGrant.ended_at.is_(None),
    ]
    found = (await session.scalars(select(AccountGrant).where(*theirs))).all()
    await _touch(
        session,
        [grant.account_id for grant in found if grant.account_id is not None],
        [grant.client_id for grant in found if grant.client_id is not None],
    )
    for grant in found:
        grant.valid_to = valid_to
    await session.flush()  # the holder's next statement reads them
    return len(found)


async def _touch(session: AsyncSession, accounts: Iterable[uuid.UUID], clients: Iterable[str]) -> None:
    """Lock the holders in one order and count their versions up."""
    for key, wanted in ((Account.id, set(accounts)), (OAuthClient.client_id, set(clients))):
        if not wanted:
            continue
        model = key.class_
        in_order = select(key).where(key.in_(wanted)).order_by(key).with_for_update().correlate(None)
        touched = await session.scalars(
            update(model)
            .where(key.in_(in_order))
            .values(grants_version=model.grants_version + 1)
            .returning(key)
            .execution_options(synchronize_session=False)
        )
        if len(touched.all()) != len(wanted):
            raise ValueError("a grant's holder does not exist")

"""A county in the making: its clock, who acts in it, and how a command is called on a day that has passed."""

import hashlib
import uuid
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

import obstore
from obstore.store import ObjectStore
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, async_sessionmaker

from app.demo.county import County, EstatePlan
from app.demo.papers import NAMES, content_of
from auth.actor import Actor, Grant, system_actor
from domain import profiles
from domain.calendar import SHANGHAI, today
from domain.documents import PHOTO_KINDS, DocumentKind
from domain.errors import ErrorCode, Refusal
from domain.profiles.parameters import Profile
from domain.roles import Role
from models.accounts import AccountGrant
from models.sealed import Vault
from resolvers import documents
from resolvers.cases import timers
from resolvers.unit_of_work import UnitOfWork, transact

CHAINED_TIMERS = 3
"""The longest chain of steps that the clock takes at one instant: in effect, expiring, continuing."""


@dataclass(frozen=True)
class Home:
    """A unit as later chapters need it. Areas in 0.01 m²."""

    id: uuid.UUID
    use: str
    area: int
    account_id: uuid.UUID | None
    """The owner who uses the platform."""


@dataclass
class Site:
    """An estate in its property area, with whoever acts there."""

    plan: EstatePlan
    estate_id: uuid.UUID
    area_id: uuid.UUID
    area_code: str
    buildings: list[uuid.UUID]
    homes: list[Home]
    facility_id: uuid.UUID | None = None
    chair_id: uuid.UUID | None = None
    """The account of the chair of the body in office."""
    vice_id: uuid.UUID | None = None
    """The vice chair's: nobody decides on an own application."""
    contract_id: uuid.UUID | None = None
    filing_id: uuid.UUID | None = None
    contract_ends_on: date | None = None

    @property
    def resident_id(self) -> uuid.UUID:
        """The account of an owner here who uses the platform."""
        return next(home.account_id for home in self.homes if home.account_id)


@dataclass
class Firm:
    """A company and its administrator."""

    id: uuid.UUID
    admin_id: uuid.UUID
    name: str


@dataclass
class Scene:
    """One county, told from the past to today."""

    connection: AsyncConnection
    """In the county's transaction."""
    county: County
    vault: Vault
    store: ObjectStore
    now: datetime
    seed: int
    logins: dict[str, uuid.UUID] = field(default_factory=dict)
    """Accounts by the role part of their login."""
    offices: dict[tuple[Role, str], uuid.UUID] = field(default_factory=dict)
    """Accounts of offices by role and place (the county's code for its departments)."""
    colleagues: dict[tuple[Role, str], uuid.UUID] = field(default_factory=dict)
    firms: dict[str, Firm] = field(default_factory=dict)
    sites: dict[str, Site] = field(default_factory=dict)
    model_texts: dict[str, uuid.UUID] = field(default_factory=dict)
    signed_up: dict[tuple[str, int], tuple[str, str]] = field(default_factory=dict)
    """Names and phones of owners who may have an account, by estate and home."""
    _grants: dict[uuid.UUID | str, list[AccountGrant]] = field(default_factory=dict)
    _serial: int = 0

    def __post_init__(self) -> None:
        # What a command commits, the county's transaction keeps; what one refuses takes the county with it.
        self.sessions = async_sessionmaker(
            self.connection, expire_on_commit=False, join_transaction_mode="rollback_only"
        )
        self.chance = Random(f"{self.seed}/{self.county.code}")  # noqa: S311 -- invented data

    # -- time ---------------------------------------------------------------------------------------------------------

    @property
    def today(self) -> date:
        return today(self.now)

    def day(self, ago: int) -> date:
        """So many days before today; negative: to come."""
        return self.today - timedelta(days=ago)

    def at(self, ago: int, hour: int = 10, minute: int = 0) -> datetime:
        """An instant so many days ago in Shanghai; never after now."""
        day = self.day(ago)
        return min(datetime(day.year, day.month, day.day, hour, minute, tzinfo=SHANGHAI), self.now)

    def on(self, day: date, hour: int = 10) -> datetime:
        return self.at((self.today - day).days, hour)

    @property
    def first_month(self) -> date:
        """The first day of the 24 months that are billed."""
        return months_before(self.today, 24)

    @property
    def beginning(self) -> int:
        """Days ago when the county began on the platform: before the first bills."""
        return (self.today - self.first_month).days + 150

    @property
    def profile(self) -> Profile:
        return profiles.profile(self.county.code, self.today)

    def serial(self) -> int:
        """The next number of the county: nothing made here shares one."""
        self._serial += 1
        return self._serial

    # -- who ----------------------------------------------------------------------------------------------------------

    def office(self, role: Role, place: str | None = None) -> uuid.UUID:
        """The account of the office in charge of a place."""
        return self.offices[role, place or self.county.code]

    def forget(self) -> None:
        """Read everybody's grants anew: facts have changed."""
        self._grants.clear()

    async def actor(self, who: uuid.UUID | str, when: datetime, role: Role | None = None) -> Actor:
        """An account or a client with the grants of that day; with ``role`` narrowed to those of the role."""
        if who not in self._grants:
            holder = AccountGrant.client_id if isinstance(who, str) else AccountGrant.account_id
            async with self.sessions.begin() as session:
                found = await session.scalars(select(AccountGrant).where(holder == who).order_by(AccountGrant.id))
                self._grants[who] = list(found)
        day = today(when)
        grants = tuple(
            _grant(row)
            for row in self._grants[who]
            if row.county == self.county.code
            and row.valid_from <= day
            and (row.valid_to is None or day < row.valid_to)
            and (role is None or row.role == role)
        )
        account_id, client_id = (None, who) if isinstance(who, str) else (who, None)
        return Actor(account_id, client_id, None, "", "zh-CN", day, grants)

    # -- acts ---------------------------------------------------------------------------------------------------------

    async def run(
        self,
        who: uuid.UUID | str,
        when: datetime,
        work: Callable[[UnitOfWork], Awaitable[Any]],
        role: Role | None = None,
    ) -> Any:
        """Do some work as somebody at an instant, in one transaction; what it returns."""
        actor = await self.actor(who, when, role)
        return await self._transact(actor, when, work)

    async def do(
        self,
        who: uuid.UUID | str,
        when: datetime,
        command: Callable[..., Awaitable[Any]],
        *papers: DocumentKind,
        role: Role | None = None,
        papers_as: str = "document_ids",
        **given: Any,
    ) -> Any:
        """Run one command, with papers uploaded for it before."""

        async def work(uow: UnitOfWork) -> Any:
            attached = {papers_as: [await self.paper(uow, kind) for kind in papers]} if papers else {}
            return await command(uow, **attached, **given)

        return await self.run(who, when, work, role)

    async def refused(
        self, code: ErrorCode, who: uuid.UUID, when: datetime, command: Callable[..., Awaitable[Any]], **given: Any
    ) -> None:
        """Try what Anju refuses with ``code``. Raises ``AssertionError`` when it does not, and any other refusal."""
        attempt = await self.connection.begin_nested()
        try:
            await self.do(who, when, command, **given)
        except Refusal as refusal:
            if refusal.code is not code:
                raise
            await attempt.rollback()
        else:
            raise AssertionError(f"{command.__name__} was to be refused with {code}")

    async def tick(self, when: datetime) -> None:
        """Let the county's clock work off what was due by an instant."""
        for _ in range(CHAINED_TIMERS):
            await self.clock(when, timers)

    async def clock(self, when: datetime, command: Callable[..., Awaitable[Any]], **given: Any) -> Any:
        """Let the county's clock do something at an instant."""

        async def work(uow: UnitOfWork) -> Any:
            return await command(uow, **given)

        return await self._transact(system_actor(self.county.code, today(when)), when, work)

    async def paper(self, uow: UnitOfWork, kind: DocumentKind) -> uuid.UUID:
        """A document of the actor's, received and confirmed."""
        photo = kind in PHOTO_KINDS
        media_type, content = content_of(photo=photo)
        document = await documents.upload_create(
            uow,
            kind=kind,
            name=f"{NAMES[kind]}（演示）.{'jpg' if photo else 'pdf'}",
            media_type=media_type,
            size=len(content),
        )
        key = f"{uow.county}/{document.id.hex}/demo"
        await obstore.put_async(self.store, key, content)
        received = documents.Received(key=key, size=len(content), sha256=hashlib.sha256(content).hexdigest())
        await documents.receive(uow, document_id=document.id, received=received)
        await documents.upload_confirm(uow, id=document.id)
        return document.id

    async def _transact(self, actor: Actor, when: datetime, work: Callable[[UnitOfWork], Awaitable[Any]]) -> Any:
        outcome = await transact(self.sessions, actor, self.county.code, work, now=when, vault=self.vault)
        return outcome.row


def months_before(day: date, months: int) -> date:
    """The first day of the month so many months before that of ``day``.

    >>> months_before(date(2026, 3, 17), 24)
    datetime.date(2024, 3, 1)
    """
    counted = day.year * 12 + day.month - 1 - months
    return date(counted // 12, counted % 12 + 1, 1)


_NAMES: Iterable[str] = tuple(Grant.__dataclass_fields__)


def _grant(row: AccountGrant) -> Grant:
    values = {name: getattr(row, name) for name in _NAMES}
    return Grant(**{**values, "role": Role(row.role), "scopes": tuple(row.scopes)})

"""A county of a test's own with people in it: what tests of commands and policies stand on.

Everything is made through commands and grants, as in life; only divisions and the accounts of officials, which no
command of a county makes, are written straight. ``refused`` shows that a refusal changed nothing in any table.

Reading commits too: after a rollback psycopg forgets what its connection has prepared, and commands would be planned anew.
"""

import secrets
import uuid
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from sqlalchemy import TextClause, or_, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

import auth.policies  # noqa: F401 -- who sees what
from auth.actor import Actor, Grant, system_actor
from auth.grants import Reach, Source, open_grant
from domain.divisions import DivisionLevel
from domain.errors import ErrorCode, Refusal
from domain.identifiers import make_phone
from domain.officials import BUREAU_POWERS
from domain.roles import PARTNERS, Role
from models.accounts import Account, AccountGrant, OAuthClient
from models.base import Base, is_county_table, new_id
from models.divisions import Division
from models.sealed import DerivedVault, Vault
from resolvers.unit_of_work import UnitOfWork, set_fuse, transact

VAULT = DerivedVault({1: bytes(range(32))})
"""What seals personal data in tests; the engine over the tests' database has the same."""

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
"""Monday, 2 March 2026, 12:00 in Shanghai."""


@dataclass
class World:
    """One county, two townships with two communities each, and a clock that tests may turn."""

    sessions: async_sessionmaker[AsyncSession]
    county: str
    now: datetime = NOON
    vault: Vault = VAULT

    @property
    def today(self) -> date:
        return (self.now + timedelta(hours=8)).date()

    @property
    def township(self) -> str:
        return f"{self.county}001"

    @property
    def other_township(self) -> str:
        return f"{self.county}002"

    @property
    def community(self) -> str:
        return f"{self.county}001001"

    @property
    def sibling_community(self) -> str:
        return f"{self.county}001002"

    @property
    def other_community(self) -> str:
        return f"{self.county}002001"

    async def settle(self) -> "World":
        """Write the county's divisions."""
        rows = [(self.county, DivisionLevel.COUNTY, None, "演示县")]
        for number in ("001", "002"):
            rows.append((self.county + number, DivisionLevel.TOWNSHIP, self.county, f"演示{number}街道"))
            rows += [
                (f"{self.county}{number}{place}", DivisionLevel.COMMUNITY, self.county + number, f"演示{place}社区")
                for place in ("001", "002")
            ]
        values = [
            {
                "code": code,
                "name": name,
                "name_sort": code,
                "level": level.value,
                "parent_code": parent,
                "county": self.county,
            }
            for code, level, parent, name in rows
        ]
        async with self.sessions.begin() as session:
            await session.execute(insert(Division).values(values).on_conflict_do_nothing())
        return self

    async def person(self, role: Role, name: str = "", **reach: Any) -> Actor:
        """A new account, or a partner's client, with one grant."""
        holder: dict[str, Any] = {}
        async with self.sessions.begin() as session:
            if role in PARTNERS:
                holder["client_id"] = f"{role.value.lower()}-{new_id().hex[-12:]}"
                session.add(_client(holder["client_id"], self.county, reach.get("scopes", ())))
            else:
                holder["account_id"] = new_id()
                session.add(Account(id=holder["account_id"], display_name=name or role.value))
            await session.flush()
            scopes = reach.pop("scopes", ())
            await open_grant(
                session,
                role,
                self.county,
                Source("test", new_id()),
                **holder,
                reach=Reach(**reach),
                scopes=scopes,
                valid_from=date(2020, 1, 1),
            )
        return await self.actor(**holder)

    def phone(self) -> str:
        """A mobile number that no other test uses: accounts are shared by all counties."""
        return make_phone(secrets.randbelow(10**8))

    async def bureau(self) -> Actor:
        return await self.person(Role.BUREAU, office="演示县住房和城乡建设局", scopes=BUREAU_POWERS)

    async def township_office(self, code: str | None = None) -> Actor:
        return await self.person(Role.TOWNSHIP, office="街道办事处", township=code or self.township)

    async def community_office(self, code: str | None = None) -> Actor:
        return await self.person(Role.COMMUNITY, office="社区居民委员会", community=code or self.community)

    async def actor(self, account_id: uuid.UUID | None = None, client_id: str | None = None) -> Actor:
        """An account or client with the grants it has on the world's day."""
        statement = select(AccountGrant).where(
            AccountGrant.account_id == account_id if account_id else AccountGrant.client_id == client_id,
            AccountGrant.valid_from <= self.today,
            or_(AccountGrant.valid_to.is_(None), AccountGrant.valid_to > self.today),
        )
        async with self.sessions.begin() as session:
            rows = (await session.scalars(statement.order_by(AccountGrant.id))).all()
        names = Grant.__dataclass_fields__
        grants = tuple(
            Grant(
                **{
                    **{name: getattr(row, name) for name in names},
                    "role": Role(row.role),
                    "scopes": tuple(row.scopes),
                }
            )
            for row in rows
        )
        return Actor(account_id, client_id, None, "", "zh-CN", self.today, grants)

    async def do(self, actor: Actor, command: Callable[..., Awaitable[Any]], **inputs: Any) -> Any:
        """Run one command in its own committed transaction; the row or rows that it returns."""

        async def work(uow: UnitOfWork) -> Any:
            return await command(uow, **inputs)

        outcome = await transact(self.sessions, actor, self.county, work, now=self.now, vault=self.vault)
        return outcome.row

    async def tick(self, handler: Callable[[UnitOfWork], Awaitable[bool]]) -> None:
        """Let the county's clock run a handler until it has nothing left to do."""
        while await self.do(system_actor(self.county, self.today), handler):
            pass

    async def refused(
        self,
        actor: Actor,
        command: Callable[..., Awaitable[Any]],
        code: ErrorCode,
        /,
        field: str | None = None,
        **inputs: Any,
    ) -> Refusal:
        """The command is refused with this code (and field), and no table of the county is another than before."""
        before = await self.fingerprint()
        with pytest.raises(Refusal) as raised:
            await self.do(actor, command, **inputs)
        refusal = raised.value
        assert refusal.code is code, f"{refusal} instead of {code}"
        assert field is None or refusal.field == field, f"{refusal} instead of field {field}"
        assert await self.fingerprint() == before, "a refusal changed something"
        return refusal

    async def fingerprint(self) -> dict[str, str]:
        """A digest of all rows of the county, by table."""
        async with self.sessions.begin() as session:
            await set_fuse(session, {self.county})
            found = await session.execute(_digests(), {"county": self.county})
            return {row[0]: row[1] for row in found}

    async def sees(self, actor: Actor, model: type[Any]) -> set[uuid.UUID]:
        """The ids of the rows of a model that the actor sees."""

        async def look(uow: UnitOfWork) -> Any:
            return set((await uow.session.scalars(uow.select(model).with_only_columns(model.id))).all())

        return await self.do(actor, look)  # type: ignore[no-any-return]

    async def rows(self, model: type[Any], **where: Any) -> list[Any]:
        """The county's rows of a model, whoever may see them."""
        async with self.sessions.begin() as session:
            await set_fuse(session, {self.county})
            statement = select(model).where(model.county == self.county).filter_by(**where).order_by(model.id)
            return list((await session.scalars(statement)).all())

    async def write(self, rows: Iterable[Any]) -> None:
        """Store rows that no command makes."""
        async with self.sessions.begin() as session:
            await set_fuse(session, {self.county})
            for row in rows:
                session.add(row)
                await session.flush()


@cache
def _digests() -> TextClause:
    tables = [table for table in Base.metadata.sorted_tables if is_county_table(table)]
    return text(
        " UNION ALL ".join(
            f"SELECT '{table.name}', md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) "
            f'FROM "{table.name}" t WHERE county = :county'
            for table in tables
        )
    )


def _client(client_id: str, county: str, scopes: Iterable[str]) -> OAuthClient:
    return OAuthClient(
        client_id=client_id,
        name=client_id,
        secret_hash="none",
        counties=[county],
        scopes=sorted(scopes),
        purpose="test",
        legal_basis="test",
    )

"""The shared reference tables of sign-in, seen as the application sees them (role ``anju_app``)."""

import secrets
from collections.abc import AsyncIterator
from datetime import date

import psycopg
import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from app.database import command_engine, session_options, without_driver
from models.accounts import Account
from models.base import new_id
from models.sealed import DerivedVault, Kind, seal_into
from tests.database import Database

TODAY = date(2026, 3, 2)


@pytest.fixture(scope="session")
def vault() -> DerivedVault:
    return DerivedVault({1: bytes(range(32))})


@pytest.fixture(autouse=True)
def own_keys(no_signing_keys: None) -> None:
    """Tokens here are signed with keys under ``vault``."""


@pytest_asyncio.fixture(scope="session")
async def engine(database: Database) -> AsyncIterator[AsyncEngine]:
    made = command_engine(database.url, size=4, overflow=4)
    yield made
    await made.dispose()


@pytest.fixture(scope="session")
def sessions(engine: AsyncEngine) -> async_sessionmaker[AsyncSession]:
    return async_sessionmaker(engine, expire_on_commit=False)


@pytest_asyncio.fixture
async def raw(database: Database) -> AsyncIterator[psycopg.AsyncConnection]:
    """A connection of the read pool's kind."""
    async with await psycopg.AsyncConnection.connect(
        without_driver(database.url), autocommit=True, prepare_threshold=0, options=session_options()
    ) as connection:
        yield connection


@pytest.fixture
def phone() -> str:
    """A number that no other test uses."""
    return f"139{secrets.randbelow(10**8):08}"


@pytest_asyncio.fixture
async def account(sessions: async_sessionmaker[AsyncSession], vault: DerivedVault, phone: str) -> Account:
    """An active account with a phone and no grant."""
    row = Account(id=new_id(), display_name="王小明", login=f"login-{phone}")
    seal_into(row, "phone", phone, Kind.PHONE, vault)
    async with sessions.begin() as session:
        session.add(row)
        await session.flush()
        await session.refresh(row)
    return row

"""Signing keys: made once, stored sealed with the ids of their algorithms, rotated, published until of no use."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.database import command_engine
from auth.oauth import keys
from models.oauth import SigningKey
from models.sealed import DerivedVault, SealedError
from tests.auth.apps import SECRET, Sessions, Site
from tests.database import Database

HOUR = timedelta(hours=1)


async def published(sessions: Sessions, now: datetime | None = None) -> list[str]:
    async with sessions() as session:
        found = await session.run_sync(keys.published_keys, now or datetime.now(UTC))
    return [key["kid"] for key in found]


async def rotated(sessions: Sessions, vault: DerivedVault, now: datetime | None = None) -> str:
    async with sessions.begin() as session:
        return await session.run_sync(lambda sync: keys.rotate(sync, vault, longest_token=HOUR, now=now))


@pytest.fixture
async def fresh(own_database: Database) -> Any:
    """A database without any key."""
    engine = command_engine(own_database.url, size=8, overflow=0)
    yield async_sessionmaker(engine, expire_on_commit=False)
    await engine.dispose()


async def test_the_first_key_is_made_once(fresh: Sessions, vault: DerivedVault) -> None:
    async def current() -> str:
        async with fresh.begin() as session:
            found = await session.run_sync(keys.current_key, vault)
        return str(found.keys[0].kid)

    kids = await asyncio.gather(*(current() for _ in range(8)))
    assert len(set(kids)) == 1
    assert await published(fresh) == [kids[0]]


async def test_a_token_is_verifiable_until_it_expires_and_not_after(fresh: Sessions, vault: DerivedVault) -> None:
    site = Site(fresh, vault)
    client_id = await site.client(grant_types=["client_credentials"], scopes=["x"], redirect_uris=[])
    async with site.http() as http:
        form = {"grant_type": "client_credentials"}
        before = (await http.post("/oauth/token", data=form, auth=(client_id, SECRET))).json()["access_token"]
        old = await published(fresh)
        new = await rotated(fresh, vault)
        after = (await http.post("/oauth/token", data=form, auth=(client_id, SECRET))).json()["access_token"]
        answer = await http.get("/oauth/jwks")
        served = answer.json()
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert [key["kid"] for key in served["keys"]] == [new, *old]
    for key in served["keys"]:
        assert set(key) == {"kty", "crv", "x", "y", "kid", "alg", "use"}  # and nothing private
        assert (key["alg"], key["use"], key["crv"]) == ("ES256", "sig", "P-256")
    for token, kid in ((before, old[0]), (after, new)):
        assert jwt.decode(token, KeySet.import_key_set(served), algorithms=["ES256"]).header["kid"] == kid

    now = datetime.now(UTC)
    assert await published(fresh, now + HOUR - timedelta(minutes=1)) == [new, *old]
    assert await published(fresh, now + HOUR + timedelta(minutes=1)) == [new]
    async with fresh.begin() as session:
        assert await session.run_sync(keys.forget_old_keys, now) == 0
        assert await session.run_sync(keys.forget_old_keys, now + 2 * HOUR) == 1
    assert await published(fresh) == [new]


async def test_two_rotations_at_once_leave_one_key_that_signs(fresh: Sessions, vault: DerivedVault) -> None:
    await rotated(fresh, vault)
    await asyncio.gather(*(rotated(fresh, vault) for _ in range(3)), return_exceptions=True)
    async with fresh() as session:
        signing = list(await session.scalars(select(SigningKey).where(SigningKey.retired_at.is_(None))))
    assert len(signing) == 1


async def test_a_private_key_opens_only_under_the_vault_and_in_its_own_row(
    fresh: Sessions, vault: DerivedVault
) -> None:
    await rotated(fresh, vault)
    await rotated(fresh, vault)
    async with fresh() as session:
        rows = list(await session.scalars(select(SigningKey).order_by(SigningKey.created_at)))
    assert {row.algorithm for row in rows} == {"ES256"}
    for row in rows:
        assert row.private_sealed[0] == 1  # the vault's id of AES-256-GCM
        assert b'"d"' not in row.private_sealed
        assert "d" not in row.public_jwk
    async with fresh.begin() as session:
        strange = DerivedVault({1: b"x" * 32})
        with pytest.raises(SealedError):
            await session.run_sync(keys.current_key, strange)
    async with fresh.begin() as session:  # one row's key put into the other's
        current = await session.get_one(SigningKey, rows[1].kid)
        current.private_sealed = rows[0].private_sealed
        with pytest.raises(SealedError):
            await session.run_sync(keys.current_key, vault)
        await session.rollback()


async def test_the_application_may_sweep_keys(fresh: async_sessionmaker[AsyncSession], vault: DerivedVault) -> None:
    await rotated(fresh, vault)
    async with fresh.begin() as session:
        await session.execute(delete(SigningKey))
    assert await published(fresh) == []

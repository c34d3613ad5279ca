"""Rotation of the key that seals a county's personal data (PRI-6): online, in batches, resumable, whole."""

import asyncio
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from app import key_rotation
from app.county_keys import FileCountyKeys
from app.settings import SettingsError, load
from auth.actor import system_actor
from models.base import new_id
from models.people import Owner
from models.sealed import Context, DerivedVault, Kind, SealedError, reveal, seal_into
from resolvers import key_rotation as batches
from resolvers.unit_of_work import set_fuse
from tests.database import Database
from tests.world import World

OWNERS = 5_000
"""Each with a document and a phone: ten thousand values."""


@pytest.fixture
def keys(world: World, tmp_path: Path) -> FileCountyKeys:
    """The world's vault on a file of keys, as a deployment has it."""
    secrets = load(data=tmp_path).keys
    assert secrets.counties is not None
    world.vault = secrets.vault()
    return secrets.counties


async def _owners(world: World, number: int = OWNERS) -> list[uuid.UUID]:
    ids = [new_id() for _ in range(number)]
    rows = []
    for place, row_id in enumerate(ids):
        document, phone = f"{10**17 + place}", f"138{place:08d}"
        sealed = world.vault.seal(document, Kind.ID_NUMBER, world.county, Context("owner", "document", str(row_id)))
        called = world.vault.seal(phone, Kind.PHONE, world.county, Context("owner", "phone", str(row_id)))
        rows.append(
            {
                "county": world.county, "id": row_id, "kind": "PERSON", "name": "王小明", "name_sort": "w",
                "name_mask": "王*", "document_kind": "OTHER", "document_sealed": sealed[0],
                "document_index": sealed[1], "document_mask": sealed[2], "phone_sealed": called[0],
                "phone_index": called[1], "phone_mask": called[2], "is_minor": False, "version": 1,
            }
        )  # fmt: skip
    async with world.sessions.begin() as session:
        await set_fuse(session, {world.county})
        await session.execute(Owner.__table__.insert(), rows)
    return ids


async def _headers(world: World) -> dict[bytes, int]:
    async with world.sessions() as session:
        await set_fuse(session, {world.county})
        found = await session.execute(
            text(
                "SELECT substring(v FROM 1 FOR 3), count(*) FROM owner, unnest(ARRAY[document_sealed, phone_sealed]) v"
                " WHERE county = :county AND v IS NOT NULL GROUP BY 1"
            ),
            {"county": world.county},
        )
        return {bytes(header): count for header, count in found}


async def _step(world: World, rotation_id: uuid.UUID) -> bool:
    actor = system_actor(world.county, world.today)
    return bool(await world.do(actor, batches.rotate, rotation_id=rotation_id))


async def _begin(world: World) -> Any:
    return await world.do(system_actor(world.county, world.today), batches.begin)


async def test_ten_thousand_values_are_reencrypted_while_reads_and_writes_go_on(
    world: World, keys: FileCountyKeys
) -> None:
    ids = await _owners(world)
    number = keys.add(world.county)
    rotation = await _begin(world)
    assert (rotation.total, rotation.done) == (2 * OWNERS, 0)
    over = asyncio.Event()
    written: dict[uuid.UUID, str] = {}

    async def write_and_read() -> None:
        turn = 0
        while not over.is_set():
            turn += 1
            row_id, phone = ids[(turn * 37) % OWNERS], f"139{turn:08d}"
            async with world.sessions.begin() as session:
                await set_fuse(session, {world.county})
                owner = await session.get_one(Owner, (world.county, row_id), with_for_update=True)
                assert reveal(owner, "document", world.vault) == f"{10**17 + ids.index(row_id)}"
                seal_into(owner, "phone", phone, Kind.PHONE, world.vault)
            written[row_id] = phone
            await asyncio.sleep(0)

    async def work() -> None:
        while await _step(world, rotation.id):
            pass
        over.set()

    await asyncio.gather(write_and_read(), work())

    assert len(written) > 3, "people wrote meanwhile"
    header = bytes([1]) + number.to_bytes(2, "big")
    assert await _headers(world) == {header: 2 * OWNERS}
    for owner in await world.rows(Owner):
        place = ids.index(owner.id)
        assert reveal(owner, "document", world.vault) == f"{10**17 + place}"
        assert reveal(owner, "phone", world.vault) == written.get(owner.id, f"138{place:08d}")
    finished = await world.do(system_actor(world.county, world.today), batches.find, rotation_id=rotation.id)
    assert finished.finished_at is not None
    assert 0 < 2 * OWNERS - finished.done <= len(written) or finished.done == 2 * OWNERS


async def test_a_rotation_that_was_broken_off_goes_on_where_it_stood(
    world: World, keys: FileCountyKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _owners(world, 50)
    keys.add(world.county)
    monkeypatch.setattr(batches, "BATCH", 20)
    rotation = await _begin(world)
    assert await _step(world, rotation.id)
    halfway = await _begin(world)
    assert halfway.id == rotation.id, "there is one rotation of a county at a time"
    assert halfway.done == 40
    counted: list[int] = []
    while await _step(world, rotation.id):
        counted.append(1)
    assert len(counted) == 1
    assert len(await _headers(world)) == 1


async def test_a_row_that_somebody_holds_is_met_again(
    world: World, keys: FileCountyKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "_PAUSE_SECONDS", 0.01)
    ids = await _owners(world, 10)
    keys.add(world.county)
    rotation = await _begin(world)
    async with world.sessions.begin() as session:
        await set_fuse(session, {world.county})
        await session.get_one(Owner, (world.county, ids[4]), with_for_update=True)
        assert await _step(world, rotation.id), "one row is left"
        assert sum(count for header, count in (await _headers(world)).items() if header[2] == 1) == 2
    while await _step(world, rotation.id):
        pass
    assert len(await _headers(world)) == 1


async def test_other_counties_and_masks_and_indexes_stay(world: World, keys: FileCountyKeys) -> None:
    ids = await _owners(world, 5)
    before = {row.id: (row.phone_index, row.phone_mask, row.updated_at) for row in await world.rows(Owner)}
    keys.add(world.county)
    rotation = await _begin(world)
    while await _step(world, rotation.id):
        pass
    after = {row.id: (row.phone_index, row.phone_mask, row.updated_at) for row in await world.rows(Owner)}
    assert after == before
    assert set(ids) == set(after)


async def test_a_worker_without_the_new_key_leaves_everything_as_it_is(world: World, keys: FileCountyKeys) -> None:
    await _owners(world, 5)
    keys.add(world.county)
    rotation = await _begin(world)
    before = await _headers(world)
    knowing, world.vault = world.vault, replace(world.vault, counties=DerivedVault({1: b"a" * 32}).counties)
    with pytest.raises(SealedError, match="not at hand"):
        await _step(world, rotation.id)
    world.vault = knowing
    assert await _headers(world) == before


async def test_the_command_rotates_and_retires(own_database: Database, world: World, tmp_path: Path) -> None:
    settings = load(data=tmp_path, database_url=own_database.url)
    before = settings.keys.vault().seal("13812345678", Kind.PHONE, world.county, Context("owner", "phone", "x"))
    with pytest.raises(SettingsError, match="no key of its own"):
        await key_rotation.retire(settings, world.county)
    assert await key_rotation.rotate(settings, world.county) == 0
    assert await key_rotation.rotate(settings, world.county) == 0
    assert settings.keys.counties is not None
    assert settings.keys.counties.current(world.county) == 4
    assert await key_rotation.retire(settings, world.county) == 1
    assert await key_rotation.rotate(settings, "*") >= 0
    assert settings.keys.vault().open(before.ciphertext, world.county, Context("owner", "phone", "x")) == "13812345678"


def test_every_sealed_column_is_rotated() -> None:
    county = {table.name: table.attributes for table in batches.sealed_tables("370303")}
    assert county["owner"] == ("document", "phone", "agent_phone")
    assert {"occupancy", "committee_member", "company", "company_staff", "estate", "data_request"} <= set(county)
    shared = {table.name: (table.key, table.attributes) for table in batches.sealed_tables("*")}
    assert shared["account"] == ("id", ("phone",))
    assert shared["signing_key"] == ("kid", ("private",))

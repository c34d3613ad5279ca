"""Re-encrypting a county's personal data under its new key, in batches, while everybody goes on reading and writing.

What is written meanwhile is sealed under the new key at once; what is read opens under whichever key its ciphertext names. A
batch locks its own rows only and skips those that somebody holds: the next pass meets them again. The rotation's row says how
far it is, so that a worker or a command that died is followed by the next.
"""

import asyncio
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import select, text

from models.base import Base, is_county_table, new_id
from models.personal_data import KeyRotation
from models.sealed import SHARED, Context, SealedError
from resolvers.jobs import job
from resolvers.unit_of_work import UnitOfWork

ACCOUNTS = "*"
"""What stands for a county where the values belong to none: the accounts' phones, the server's signing keys."""

BATCH = 2_000
"""Rows of one transaction: some tens of milliseconds."""

JOB = "data_keys_rotate"
HEADER_BYTES = 3
_PAUSE_SECONDS = 0.5


@dataclass(frozen=True)
class SealedTable:
    """A table with sealed attributes, and the column that names its rows."""

    name: str
    key: str
    key_type: str
    attributes: tuple[str, ...]

    @property
    def columns(self) -> list[str]:
        """The columns with the ciphertexts."""
        return [f"{attribute}_sealed" for attribute in self.attributes]

    @property
    def outdated(self) -> str:
        """SQL: some value of the row is sealed under another key or algorithm than ``:header`` names."""
        return "(" + " OR ".join(f"substring({column} FROM 1 FOR 3) <> :header" for column in self.columns) + ")"


def sealed_tables(county: str) -> list[SealedTable]:
    """The tables with sealed columns, of counties or of no county, by name."""
    found = []
    for table in sorted(Base.metadata.tables.values(), key=lambda table: table.name):
        attributes = tuple(c.name.removesuffix("_sealed") for c in table.columns if c.name.endswith("_sealed"))
        if not attributes or is_county_table(table) is (county == ACCOUNTS):
            continue
        key = next(c for c in table.primary_key.columns if c.name != "county")
        found.append(SealedTable(table.name, key.name, "uuid" if isinstance(key.type, sa.Uuid) else "text", attributes))
    return found


async def begin(uow: UnitOfWork) -> KeyRotation:
    """The county's running rotation, or a new one to its present key; the job that works on it is enqueued."""
    found = await running(uow)
    if found is not None:
        return found
    rotation = KeyRotation(
        county=uow.county,
        id=new_id(),
        key_number=int.from_bytes(_header(uow)[1:], "big"),
        total=await outdated(uow),
        started_at=uow.now,
        updated_at=uow.now,
    )
    uow.session.add(rotation)
    await uow.session.flush()
    await uow.enqueue(JOB, rotation_id=rotation.id)
    return rotation


async def running(uow: UnitOfWork) -> KeyRotation | None:
    """The rotation of the county that is not finished."""
    found: KeyRotation | None = await uow.session.scalar(
        select(KeyRotation).where(KeyRotation.county == uow.county, KeyRotation.finished_at.is_(None))
    )
    return found


async def find(uow: UnitOfWork, rotation_id: uuid.UUID) -> KeyRotation:
    """How far a rotation is."""
    return await uow.session.get_one(KeyRotation, (uow.county, rotation_id))


async def outdated(uow: UnitOfWork) -> int:
    """How many values are still sealed under another key than the county's present one."""
    total = 0
    for table in sealed_tables(uow.county):
        counts = " + ".join(
            f"count(*) FILTER (WHERE substring({column} FROM 1 FOR 3) <> :header)" for column in table.columns
        )
        statement = text(f'SELECT {counts} FROM "{table.name}"{_where(uow.county)}')  # noqa: S608 - own names
        found = await uow.session.execute(statement, {"header": _header(uow), "county": uow.county})
        total += found.scalar_one()
    return total


@job(JOB)
async def rotate(uow: UnitOfWork, *, rotation_id: uuid.UUID) -> bool:
    """Re-encrypt the next batch; ``True`` while there is more.

    Raises ``SealedError`` where this process does not know the new key yet (its file has not arrived here): the job comes
    again.
    """
    rotation = await uow.session.get_one(KeyRotation, (uow.county, rotation_id), with_for_update=True)
    if rotation.finished_at is not None:
        return False
    if int.from_bytes(_header(uow)[1:], "big") != rotation.key_number:
        raise SealedError(f"key {rotation.key_number} of {uow.county} is not at hand")
    for table in _from(sealed_tables(uow.county), rotation.in_table):
        after = rotation.after if table.name == rotation.in_table else ""
        changed, last = await _batch(uow, table, after)
        rotation.in_table, rotation.after = table.name, last or after
        rotation.done += changed
        rotation.updated_at = uow.now
        if last is not None:
            return True
    # Through all tables: nothing is left, or rows that somebody held while their batch went by.
    rotation.passes += 1
    rotation.in_table = rotation.after = ""
    left = await outdated(uow)
    if left:
        await asyncio.sleep(_PAUSE_SECONDS)
        return True
    rotation.finished_at = uow.now
    return False


def _header(uow: UnitOfWork) -> bytes:
    return uow.vault.header(_key_county(uow.county))


def _key_county(county: str) -> str:
    return SHARED if county == ACCOUNTS else county


def _where(county: str) -> str:
    return "" if county == ACCOUNTS else " WHERE county = :county"


def _from(tables: list[SealedTable], name: str) -> Iterator[SealedTable]:
    return (table for table in tables if table.name >= name)


async def _batch(uow: UnitOfWork, table: SealedTable, after: str) -> tuple[int, str | None]:
    """Re-encrypt up to ``BATCH`` rows behind ``after``: how many values, and the last row's key (``None`` at the end)."""
    conditions = [] if uow.county == ACCOUNTS else ["county = :county"]
    conditions += [f'"{table.key}" > CAST(:after AS {table.key_type})'] if after else []
    found = await uow.session.execute(
        text(
            f'SELECT "{table.key}", {", ".join(table.columns)} FROM "{table.name}" '  # noqa: S608 - own names
            f"WHERE {' AND '.join([*conditions, table.outdated])} "
            f'ORDER BY "{table.key}" LIMIT {BATCH} FOR NO KEY UPDATE SKIP LOCKED'
        ),
        {"county": uow.county, "after": after, "header": _header(uow)},
    )
    rows = found.all()
    changed = 0
    for place, attribute in enumerate(table.attributes, start=1):
        renewed = _renewed(uow, table, attribute, [(row[0], row[place]) for row in rows if row[place] is not None])
        if renewed:
            await uow.session.execute(
                text(
                    f'UPDATE "{table.name}" AS t SET {attribute}_sealed = r.sealed '  # noqa: S608 - own names
                    f"FROM unnest(CAST(:keys AS {table.key_type}[]), CAST(:sealed AS bytea[])) AS r(key, sealed) "
                    f'WHERE t."{table.key}" = r.key{"" if uow.county == ACCOUNTS else " AND t.county = :county"}'
                ),
                {"county": uow.county, "keys": [key for key, _ in renewed], "sealed": [value for _, value in renewed]},
            )
            changed += len(renewed)
    return changed, str(rows[-1][0]) if len(rows) == BATCH else None


def _renewed(
    uow: UnitOfWork, table: SealedTable, attribute: str, stored: list[tuple[Any, bytes]]
) -> list[tuple[Any, bytes]]:
    vault, county, header = uow.vault, _key_county(uow.county), _header(uow)
    renewed = []
    for key, ciphertext in stored:
        if ciphertext[:HEADER_BYTES] != header:
            context = Context(table.name, attribute, str(key))
            renewed.append((key, vault.encrypt(vault.decrypt(ciphertext, county, context), county, context)))
    return renewed

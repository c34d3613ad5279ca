"""The division tree: seeded and upgraded from the packaged table, and asked whether a place exists."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from itertools import islice

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.divisions import DivisionLevel
from domain.errors import ErrorCode, Refusal
from domain.text import pinyin_key
from models.divisions import Division
from resolvers.unit_of_work import UnitOfWork

COUNTY_DIGITS = 6
_ROWS_AT_ONCE = 500


@dataclass(frozen=True)
class DivisionLine:
    """One line of ``domain/data/divisions.csv``: code, name, level and the code one level up."""

    code: str
    name: str
    level: DivisionLevel
    parent_code: str | None

    @property
    def county(self) -> str | None:
        """The county that the division is or lies in; provinces and prefectures have none."""
        return self.code[:COUNTY_DIGITS] if len(self.code) >= COUNTY_DIGITS else None


def packaged_divisions() -> list[DivisionLine]:
    """The packaged tree, parents first."""
    text = files("domain.data").joinpath("divisions.csv").read_text("utf-8")
    lines = [
        DivisionLine(row["code"], row["name"], DivisionLevel(row["level"]), row["parent_code"] or None)
        for row in csv.DictReader(text.splitlines())
    ]
    return sorted(lines, key=lambda line: (len(line.code), line.code))


async def seed_divisions(session: AsyncSession, lines: list[DivisionLine] | None = None) -> int:
    """Write the tree, or bring it up to date; how many rows were new or changed. Doing it again changes nothing.

    A code that the table no longer lists stays: closing it is a reform of codes, which names its successor.
    """
    changed = 0
    there = {
        row.code: (row.name, row.parent_code)
        for row in await session.execute(select(Division.code, Division.name, Division.parent_code))
    }
    given = packaged_divisions() if lines is None else lines
    # Sorting Chinese names loads dictionaries: nothing of it for what is there already.
    remaining = iter([line for line in given if there.get(line.code) != (line.name, line.parent_code)])
    while portion := list(_rows(islice(remaining, _ROWS_AT_ONCE))):
        statement = insert(Division)
        new = statement.excluded
        updated = statement.on_conflict_do_update(
            index_elements=["code"],
            set_={"name": new.name, "name_sort": new.name_sort, "parent_code": new.parent_code},
            where=or_(Division.name != new.name, Division.parent_code.is_distinct_from(new.parent_code)),
        ).returning(Division.code)
        changed += len((await session.scalars(updated, portion)).all())
    return changed


def _rows(lines: Iterator[DivisionLine]) -> Iterator[dict[str, str | None]]:
    for line in lines:
        yield {
            "code": line.code,
            "name": line.name,
            "name_sort": pinyin_key(line.name),
            "level": line.level.value,
            "parent_code": line.parent_code,
            "county": line.county,
        }


async def check_place(uow: UnitOfWork, township: str, community: str) -> None:
    """Both divisions exist today in the unit of work's county, and the community lies in the township.

    Refuses with ``INVALID_DIVISION`` on ``township`` or ``community``.
    """
    found = {division.code: division for division in await _divisions(uow, township, community)}
    if not _is(found.get(township), DivisionLevel.TOWNSHIP, uow.today):
        raise Refusal(ErrorCode.INVALID_DIVISION, "township", value=township)
    place = found.get(community)
    if place is None or not _is(place, DivisionLevel.COMMUNITY, uow.today) or place.parent_code != township:
        raise Refusal(ErrorCode.INVALID_DIVISION, "community", value=community)


async def _divisions(uow: UnitOfWork, *codes: str) -> list[Division]:
    statement = select(Division).where(Division.county == uow.county, Division.code.in_(codes))
    return list((await uow.session.scalars(statement)).all())


def _is(division: Division | None, level: DivisionLevel, today: date) -> bool:
    return (
        division is not None
        and division.level == level
        and division.valid_from <= today
        and (division.valid_to is None or today < division.valid_to)
    )

"""What the database puts together is what the heads of random rolls say one by one, co-owners and representatives among them."""

import random
import uuid
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from sqlalchemy.ext.asyncio import async_sessionmaker

from app.database import command_engine
from domain.ballots import effective
from domain.tallies import Choice, RollUnit, Tally, tally
from resolvers.tallies import counted_items
from resolvers.unit_of_work import set_fuse
from tests.database import Database

COUNTY = "990000"
ITEMS = 2
VOTES = 20

_HEAD = """
INSERT INTO roll_head (county, id, vote_id, area_id, township, community, number, kind, area, unit_count, representative_id)
VALUES (%(county)s, %(head)s, %(vote)s, %(vote)s, '', '', %(number)s, 'OWNERS', %(area)s, %(units)s, %(speaks)s)
"""
_UNIT = """
INSERT INTO roll_unit (county, id, vote_id, head_id, unit_id, position, name, name_mask, area, area_basis)
VALUES (%(county)s, %(unit)s, %(vote)s, %(head)s, %(unit)s, 1, '', '', %(area)s, 'REGISTERED')
"""
_SERVED = """
INSERT INTO ballot_service (county, id, vote_id, roll_unit_id, paper, way, served_on, document_id, recorded_by, at)
VALUES (%(county)s, gen_random_uuid(), %(vote)s, %(unit)s, %(paper)s, 'POST', current_date, %(unit)s, %(unit)s, now())
"""
_BALLOT = """
INSERT INTO ballot (county, id, vote_id, head_id, elector_key, version, choices, channel, cast_by, receipt, at)
VALUES (%(county)s, gen_random_uuid(), %(vote)s, %(head)s, %(elector)s, %(version)s, %(choices)s, 'ONLINE', %(head)s, '', now())
"""


@pytest.mark.rule("V-11", "V-20", "V-28")
async def test_what_is_counted_together_is_what_each_head_said(own_database: Database) -> None:
    chance = random.Random(278)  # noqa: S311 (the same rolls every time)
    with psycopg.connect(own_database.superuser_url) as connection:
        connection.execute("SET session_replication_role = replica")  # a count needs neither units nor owners
        expected = [_written(connection, _id(chance), chance) for _ in range(VOTES)]
    engine = command_engine(own_database.url)
    async with async_sessionmaker(engine).begin() as session:
        await set_fuse(session, {COUNTY})
        uow: Any = SimpleNamespace(session=session, county=COUNTY)
        items: Any = [SimpleNamespace()] * ITEMS
        for vote, tallies in expected:
            assert await counted_items(uow, vote, items) == tallies
    await engine.dispose()
    assert any(found.for_.heads and found.silent_served.heads for _, tallies in expected for found in tallies)


def _written(connection: psycopg.Connection[Any], vote_id: uuid.UUID, chance: random.Random) -> tuple[Any, list[Tally]]:
    """A vote's rows, and what each of its items is counted as, head by head."""
    roll: list[RollUnit] = []
    said: dict[str, tuple[str | None, ...]] = {}
    for number in range(chance.randrange(25)):
        head, owners = _id(chance), [_id(chance) for _ in range(chance.randint(1, 3))]
        units = [(_id(chance), chance.randint(1, 20_000)) for _ in range(chance.randint(1, 3))]
        speaks = chance.choice([None, None, *owners])
        row: dict[str, Any] = {"county": COUNTY, "vote": vote_id, "head": head}
        area = sum(each for _, each in units)
        connection.execute(_HEAD, row | {"number": number, "area": area, "units": len(units), "speaks": speaks})
        for unit, each in units:
            paper = chance.choice(["BALLOT", "BALLOT", "NOTICE"])
            roll.append(RollUnit(str(unit), str(head), each, served=paper == "BALLOT"))
            connection.execute(_UNIT, row | {"unit": unit, "area": each})
            connection.execute(_SERVED, row | {"unit": unit, "paper": paper})
        last: dict[uuid.UUID, tuple[str, ...]] = {}
        for version in range(chance.randrange(5)):
            who, choices = chance.choice(owners), chance.choices([*Choice], k=ITEMS)
            words = None if chance.random() < 0.2 else tuple(choice.value for choice in choices)
            last.pop(who, None)
            if words is not None:
                last[who] = words
            given = {"elector": who, "version": version + 1, "choices": words and list(words)}
            connection.execute(_BALLOT, row | given)
        said[str(head)] = effective(last, speaks)
    by_item = [
        {head: Choice(word) for head, words in said.items() if words and (word := words[at]) is not None}
        for at in range(ITEMS)
    ]
    return SimpleNamespace(county=COUNTY, id=vote_id), [tally(roll, ballots) for ballots in by_item]


def _id(chance: random.Random) -> uuid.UUID:
    return uuid.UUID(int=chance.getrandbits(128))

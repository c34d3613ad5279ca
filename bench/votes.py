"""How long a count takes: a vote of 200,000 heads who all have cast ballots, counted as ``voteTally`` does it.

The roll and the ballots are written by SQL into a database of their own; foreign keys are off while they are, since units and
owners add nothing to a count. A fifth of the heads changed their ballot, at every tenth unit the ballot was served. The count
is ``resolvers.tallies.counted_items``: one statement that puts heads together that are alike, and the pure count of two items.
"""

import asyncio
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
from sqlalchemy.ext.asyncio import async_sessionmaker

from app import database, postgres
from app.database import command_engine
from domain.tallies import Matter
from models.base import new_id
from resolvers.tallies import counted_items
from resolvers.unit_of_work import set_fuse

HEADS = 200_000
TARGET_SECONDS = 5.0
COUNTY = "990000"
DATABASE = "votes"

_ROLL = """
SET session_replication_role = replica;
INSERT INTO roll_head (county, id, vote_id, area_id, township, community, number, kind, area, unit_count, voted_at)
SELECT '{county}', ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, '{vote}', '{vote}', '', '', n, 'OWNERS',
       5000 + n % 9000, 1, now() FROM generate_series(1, {heads}) n;
INSERT INTO roll_unit (county, id, vote_id, head_id, unit_id, position, name, name_mask, area, area_basis)
SELECT county, id, vote_id, id, id, number, '', '', area, 'REGISTERED' FROM roll_head;
INSERT INTO ballot_service (county, id, vote_id, roll_unit_id, paper, way, served_on, printed_last_day, document_id,
                            recorded_by, at)
SELECT county, id, vote_id, id, 'BALLOT', 'POST', current_date, current_date, id, id, now() FROM roll_unit
 WHERE position % 10 = 0;
INSERT INTO ballot (county, id, vote_id, head_id, elector_key, version, choices, channel, cast_by, receipt, at)
SELECT h.county, gen_random_uuid(), h.vote_id, h.id, h.id, v,
       ARRAY[(ARRAY['FOR','FOR','AGAINST','ABSTAIN'])[1 + (h.number + v) % 4], 'FOR'], 'ONLINE', h.id, '', now()
  FROM roll_head h, generate_series(1, 2) v WHERE v = 1 OR h.number % 5 = 0;
ANALYZE;
"""


def measured(_folder: Path, heads: int, rounds: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Seconds of each round, and what was counted."""
    with postgres.temporary() as server:
        database.create_database(server.superuser_url, DATABASE, postgres.OWNER)
        url = server.url_for(DATABASE, user=postgres.OWNER)
        database.migrate(url)
        vote = new_id()
        say(f"writing a roll of {heads:,} heads and their ballots")
        with psycopg.connect(server.url_for(DATABASE, user="postgres"), autocommit=True) as connection:
            connection.execute(_ROLL.format(county=COUNTY, vote=vote, heads=heads))
            (ballots,) = connection.execute("SELECT count(*) FROM ballot").fetchone() or (0,)
        return {"heads": heads, "ballots": ballots, **asyncio.run(_counted(url, vote, rounds, say))}


async def _counted(url: str, vote_id: Any, rounds: int, say: Callable[[str], None]) -> dict[str, Any]:
    engine = command_engine(url)
    items: Any = [SimpleNamespace(matter=matter.value) for matter in (Matter.FUND_USE, Matter.COMMON_PARTS)]
    vote: Any = SimpleNamespace(county=COUNTY, id=vote_id)
    seconds, found = [], None
    for turn in range(rounds):
        async with async_sessionmaker(engine).begin() as session:
            await set_fuse(session, {COUNTY})
            uow: Any = SimpleNamespace(session=session, county=COUNTY)
            began = time.perf_counter()
            found = await counted_items(uow, vote, items)
            seconds.append(time.perf_counter() - began)
        say(f"round {turn + 1} of {rounds}: {seconds[-1]:.2f} s")
    await engine.dispose()
    assert found is not None
    return {"seconds": seconds, "participating": [list(each.participating) for each in found]}


def report(found: dict[str, Any]) -> list[str]:
    median, worst = statistics.median(found["seconds"]), max(found["seconds"])
    return [
        "",
        f"{found['ballots']:,} ballots of {found['heads']:,} heads, two items: median {median:.2f} s, slowest {worst:.2f} s"
        f" of {len(found['seconds'])} rounds (at most {TARGET_SECONDS:.0f} s: {'met' if worst < TARGET_SECONDS else 'MISSED'})",
    ]


def as_json(found: dict[str, Any]) -> dict[str, Any]:
    return {"votes": found}

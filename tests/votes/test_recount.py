"""The independent recount: the golden examples and random votes against the platform's own count, and an export end to end."""

import base64
import hashlib
import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.ballots import effective
from domain.profiles.parameters import VoteMode
from domain.roles import Role
from domain.tallies import Choice, Matter, RollUnit, Tally, by_mode, deciding, strict, tally
from models.cases import AuditEvent
from resolvers import tallies, votes
from tests.acts import Ask, done, opaque, refusal
from tests.stage import Stage
from tests.votes.electorate import Electorate

SCRIPT = Path(__file__).parents[2] / "votes" / "recount.py"
_spec = importlib.util.spec_from_file_location("recount", SCRIPT)
assert _spec is not None
assert _spec.loader is not None
script: Any = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(script)


def test_it_is_independent() -> None:
    imported = {
        line.split()[1].split(".")[0]
        for line in SCRIPT.read_text().splitlines()
        if line.startswith(("import ", "from "))
    }
    assert imported <= sys.stdlib_module_names


def _golden(*said: tuple[str, str], served: str = "") -> dict[str, Any]:
    areas = {"A": 3, "D": 2} | dict.fromkeys("12345", 1)
    unit = {"unit": "1-*-1**", "area": 10_000}
    roll = [
        {"head": head, "representative": None, "units": [{**unit, "served": head in served}] * many}
        for head, many in areas.items()
    ]
    ballots = [{"head": head, "elector": head, "version": 1, "choices": [word] * 3} for head, word in said]
    items = [{"position": at, "matter": "FUND_USE", "mode": mode} for at, mode in enumerate(MODES, start=1)]
    return {"items": items, "roll": roll, "ballots": ballots, "strictRequired": False}


MODES = ("STANDARD", "OBJECTION", "DEFAULT")


@pytest.mark.rule("G-1", "G-2", "G-2b", "V-20")
def test_the_golden_examples() -> None:
    first = script.recount(_golden(*((head, "FOR") for head in "A123"), ("4", "AGAINST")))
    assert [(row["for"], row["outcome"]) for row in first] == [([60_000, 4], "PASSED")] * 3
    second = script.recount(_golden(*((head, "FOR") for head in "A123"), served="45"))
    assert [(row["strict"], row["mode"]) for row in second] == [
        ("FAILED_QUORUM", mode) for mode in ("FAILED_QUORUM", "PASSED", "PASSED")
    ]
    third = script.recount(_golden(*((head, "FOR") for head in "AD12")))
    assert (third[0]["for"], third[0]["strict"]) == ([70_000, 4], "FAILED_QUORUM")


HEADS = st.lists(
    st.lists(st.tuples(st.integers(1, 20_000), st.booleans()), min_size=1, max_size=3), min_size=1, max_size=8
)
BALLOTS = st.lists(
    st.tuples(
        st.integers(0, 7), st.integers(0, 1), st.none() | st.lists(st.sampled_from(Choice), min_size=2, max_size=2)
    ),
    max_size=20,
)


@pytest.mark.rule("V-20", "V-31", "SM-8")
@settings(max_examples=150)
@given(HEADS, BALLOTS, st.sampled_from(Matter), st.sampled_from(VoteMode), st.booleans(), st.sampled_from([None, 0, 1]))
def test_random_votes_are_counted_alike(
    heads: list[list[tuple[int, bool]]],
    cast: list[tuple[int, int, list[Choice] | None]],
    matter: Matter,
    mode: VoteMode,
    strict_required: bool,
    speaks: int | None,
) -> None:
    cast = [ballot for ballot in cast if ballot[0] < len(heads)]
    roll = [
        {
            "head": str(at),
            "representative": None if speaks is None else str(speaks),
            "units": [{"unit": "*", "area": area, "served": served} for area, served in units],
        }
        for at, units in enumerate(heads)
    ]
    ballots = [
        {"head": str(head), "elector": str(who), "version": version, "choices": choices}
        for version, (head, who, choices) in enumerate(cast)
    ]
    items = [
        {"position": 1, "matter": matter.value, "mode": "STANDARD"},
        {"position": 2, "matter": "FUND_USE", "mode": mode.value},
    ]
    counted = script.recount({"items": items, "roll": roll, "ballots": ballots, "strictRequired": strict_required})
    for at, (row, item_matter, item_mode) in enumerate(
        zip(counted, (matter, Matter.FUND_USE), (VoteMode.STANDARD, mode), strict=True)
    ):
        found = _platforms(heads, cast, at, speaks)
        strictly = strict(item_matter, found)
        in_mode = strictly if item_mode is VoteMode.STANDARD else by_mode(item_mode, found)
        expected = [strictly, in_mode, deciding(strictly, in_mode, strict_required=strict_required)]
        assert [row["strict"], row["mode"], row["outcome"]] == expected
        figures = (found.scope, found.for_, found.against, found.abstained, found.silent_served)
        assert [row[name] for name in script.PAIRS] == [list(pair) for pair in figures]


def _platforms(heads: Any, cast: Any, item: int, speaks: int | None) -> Tally:
    last: dict[str, dict[Any, tuple[str, ...]]] = {}
    for head, who, choices in cast:
        last.setdefault(str(head), {}).pop(who, None)
        if choices is not None:
            last[str(head)][who] = tuple(choices)
    roll = [
        RollUnit(f"{at}.{no}", str(at), area, served)
        for at, units in enumerate(heads)
        for no, (area, served) in enumerate(units)
    ]
    words = {head: effective(each, speaks) for head, each in last.items()}  # type: ignore[arg-type]
    return tally(
        roll, {head: Choice(word) for head, said in words.items() if said and (word := said[item]) is not None}
    )


@pytest.mark.rule("V-20")
async def test_an_export_is_counted_alike_and_shows_nobody(
    stage: Stage, ask: Ask, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    electorate = await Electorate.build(stage, await stage.place(), (0, 1), (2,))
    vote = await electorate.opened(await electorate.drafted())
    await electorate.cast(vote, 0, "AGAINST")
    await electorate.cast(vote, 0, "FOR")
    await electorate.cast(vote, 1, "AGAINST")
    vote = await electorate.published(vote)
    township, id = await stage.actor(Role.TOWNSHIP), opaque(stage.county, "Vote", vote)
    early = await refusal(ask, township, "voteExport", id=id)
    await stage.do(electorate.owners[1], votes.object_, id=vote.id, reason="请复核")
    counter = await refusal(ask, electorate.committee, "voteExport", id=id)
    owner = await refusal(ask, electorate.owners[0], "voteExport", id=id)
    assert [code for code, _ in (early, counter, owner)] == ["ACTION_NOT_AVAILABLE", "SAME_REVIEWER", "FORBIDDEN_ROLE"]
    file = await done(ask, township, "voteExport", "file { name mediaType content digest }", id=id)
    content = base64.b64decode(file["content"])
    assert hashlib.sha256(content).hexdigest() == file["digest"]
    *_, event = await stage.rows(AuditEvent, subject_id=vote.id, action="voteExport")
    assert event.detail == {"digest": file["digest"]}
    export = json.loads(content)
    told = json.dumps(export)
    for secret in [
        *electorate.records,
        *(unit.id for unit in electorate.place.units),
        *(unit.name for unit in electorate.place.units),
    ]:
        assert str(secret) not in told
    assert len(export["ballots"]) == 3
    path = tmp_path / file["name"]
    path.write_bytes(content)
    assert (script.main([str(path)]), capsys.readouterr().out.startswith("1. agrees")) == (0, True)
    path.write_text(json.dumps({**export, "ballots": []}))
    assert (script.main([str(path)]), capsys.readouterr().out.startswith("1. DIFFERS")) == (1, True)
    await stage.do(township, tallies.recount, id=vote.id)

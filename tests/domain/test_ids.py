"""Ids are made here: UUIDv7, and sorted as they were made."""

import time
from itertools import pairwise

import pytest

from models.base import new_id


def test_ids_are_version_7_and_sort_as_they_were_made() -> None:
    before = time.time_ns() // 1_000_000
    made = [new_id() for _ in range(10_000)]
    assert made == sorted(set(made))
    assert {(one.version, one.variant) for one in made} == {(7, "specified in RFC 4122")}
    assert before <= made[0].int >> 80 <= before + 60_000


def test_two_ids_do_not_tell_how_many_lie_between(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 0)  # all of them in one millisecond, long after it
    made = [new_id().int for _ in range(1_000)]
    steps = [later - earlier for earlier, later in pairwise(made)]
    assert min(steps) > 0
    assert len(set(steps)) > 900

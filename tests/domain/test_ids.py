"""Ids are made here: UUIDv7, and sorted as they were made."""

import time

from models.base import new_id


def test_ids_are_version_7_and_sort_as_they_were_made() -> None:
    before = time.time_ns() // 1_000_000
    made = [new_id() for _ in range(10_000)]
    assert made == sorted(set(made))
    assert {(one.version, one.variant) for one in made} == {(7, "specified in RFC 4122")}
    assert before <= made[0].int >> 80 <= before + 60_000

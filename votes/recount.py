#!/usr/bin/env python3
"""Count a vote again from its export, independently: own code, the standard library, nothing of the platform.

    python votes/recount.py vote-….json

Prints every item as it is counted here beside what was published, and ends with 1 where they differ (2 for a file that is no
export). Areas are in 0.01 m². The rules: Civil Code 278 (two thirds take part; of these more than half are for, three
quarters where the fund is raised, something is rebuilt or common parts change), and the modes that read silence.
"""

import json
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

THREE_QUARTERS = {"FUND_RAISING", "REBUILDING", "COMMON_PARTS"}
PAIRS = ("scope", "for", "against", "abstained", "silent")


def last_words(ballots: list[dict[str, Any]]) -> dict[str, dict[str, list[str]]]:
    """By head and elector, the highest version that was not withdrawn."""
    newest: dict[tuple[str, str], dict[str, Any]] = {}
    for ballot in ballots:
        key = (ballot["head"], ballot["elector"])
        if key not in newest or ballot["version"] > newest[key]["version"]:
            newest[key] = ballot
    words: dict[str, dict[str, list[str]]] = {}
    for (head, elector), ballot in newest.items():
        if ballot["choices"] is not None:
            words.setdefault(head, {})[elector] = ballot["choices"]
    return words


def word_of(head: dict[str, Any], words: dict[str, list[str]], item: int) -> str | None:
    """What a head says of an item: its representative's word, or the co-owners' if they all say the same."""
    if head["representative"] is not None:
        spoken = [words[head["representative"]][item]] if head["representative"] in words else []
    else:
        spoken = [each[item] for each in words.values()]
    return spoken[0] if spoken and len(set(spoken)) == 1 else None


def count(roll: list[dict[str, Any]], words: dict[str, dict[str, list[str]]], item: int) -> dict[str, list[int]]:
    """Areas and heads by what they say; the silent are those who were served at every unit."""
    found = {name: [0, 0] for name in PAIRS}
    names = {"FOR": "for", "AGAINST": "against", "ABSTAIN": "abstained"}
    for head in roll:
        area = sum(unit["area"] for unit in head["units"])
        word = word_of(head, words.get(head["head"], {}), item)
        places = ["scope"]
        if word is not None:
            places.append(names[word])
        elif all(unit["served"] for unit in head["units"]):
            places.append("silent")
        for place in places:
            found[place][0] += area
            found[place][1] += 1
    return found


def majority(matter: str, scope: list[int], took_part: list[int], in_favour: list[int]) -> str:
    """Civil Code 278, by area and by heads."""
    if any(not whole or Fraction(part, whole) < Fraction(2, 3) for part, whole in zip(took_part, scope, strict=True)):
        return "FAILED_QUORUM"
    shares = [Fraction(part, whole) for part, whole in zip(in_favour, took_part, strict=True)]
    needed = all(share >= Fraction(3, 4) for share in shares)
    if matter not in THREE_QUARTERS:
        needed = all(share > Fraction(1, 2) for share in shares)
    return "PASSED" if needed else "FAILED_SUPPORT"


def judged(matter: str, mode: str, found: dict[str, list[int]], strict_required: bool) -> dict[str, str]:
    """The strict outcome, the mode's, and the one that counts."""
    took_part = [sum(each) for each in zip(found["for"], found["against"], found["abstained"], strict=True)]
    strictly = majority(matter, found["scope"], took_part, found["for"])
    with_silent = [sum(each) for each in zip(took_part, found["silent"], strict=True)]
    if mode == "OBJECTION":
        pairs = zip(found["against"], found["scope"], strict=True)
        few = all(whole and Fraction(part, whole) <= Fraction(1, 3) for part, whole in pairs)
        in_mode = "PASSED" if few else "FAILED_SUPPORT"
    elif mode == "DEFAULT":
        for_ = [sum(each) for each in zip(found["for"], found["silent"], strict=True)]
        in_mode = majority(matter, found["scope"], with_silent, for_)
    elif mode == "SILENCE_WITH_MAJORITY":
        sides = zip(found["for"], found["against"], found["silent"], strict=True)
        for_ = [ours + (silent if ours > theirs else 0) for ours, theirs, silent in sides]
        in_mode = majority(matter, found["scope"], with_silent, for_)
    else:
        in_mode = strictly
    outcome = strictly if strict_required and in_mode == "PASSED" else in_mode
    return {"strict": strictly, "mode": in_mode, "outcome": outcome}


def recount(export: dict[str, Any]) -> list[dict[str, Any]]:
    """The results of an export, as it has them itself."""
    words = last_words(export["ballots"])
    results = []
    for at, item in enumerate(export["items"]):
        found = count(export["roll"], words, at)
        outcomes = judged(item["matter"], item["mode"], found, export["strictRequired"])
        results.append({"position": item["position"], **found, **outcomes})
    return results


def main(arguments: list[str]) -> int:
    try:
        export = json.loads(Path(arguments[0]).read_text("utf-8"))
        counted = recount(export)
    except (IndexError, OSError, ValueError, KeyError, TypeError) as error:
        sys.stderr.write(f"no export of a vote: {error!r}\n")
        return 2
    published = {result["position"]: result for result in export["results"]}
    same = len(counted) == len(published)
    for result in counted:
        agrees = result == published.get(result["position"])
        same = same and agrees
        sys.stdout.write(f"{result['position']}. {'agrees' if agrees else 'DIFFERS'}: {json.dumps(result)}\n")
        if not agrees:
            sys.stdout.write(f"   published: {json.dumps(published.get(result['position']))}\n")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

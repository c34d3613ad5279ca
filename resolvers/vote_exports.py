"""What another count needs: the frozen roll and the ballots under pseudonyms, units masked (V-20, PRI-9).

``votes/recount.py`` reads it with its own code. Keys are keyed hashes under a salt that the vote keeps to itself, and rows
stand in the order of their keys, so that nothing leads back to a head but the published areas.
"""

import base64
import hashlib
import hmac
import json
import uuid
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select, text

from domain.errors import ErrorCode, Refusal
from domain.profiles import profile_version
from domain.votes import VOTE, VoteState
from models.ballots import Ballot
from models.rolls import RollHead
from models.votes import Vote
from resolvers.tallies import items_of, results_of
from resolvers.unit_of_work import UnitOfWork

FORMAT = "anju-vote/1"
_COUNTED = frozenset({VoteState.OBJECTED, VoteState.RECOUNTED, VoteState.FINAL})


@dataclass(frozen=True)
class VoteExportFile:
    """A file as the API hands it over."""

    name: str
    media_type: str
    content: str = field(repr=False)
    """The bytes in Base64."""
    digest: str


async def export(uow: UnitOfWork, *, id: uuid.UUID) -> VoteExportFile:
    """The roll and the ballots of a vote for a recount (voteExport): for those who may count again, and recorded.

    Refuses ``ACTION_NOT_AVAILABLE`` before somebody objected or the result is final, ``SAME_REVIEWER`` for who counted.
    """
    vote = await uow.load(Vote, id)
    if vote.state not in _COUNTED:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, state=vote.state, action="EXPORT")
    grant = await uow.act(VOTE.openers(profile_version(vote.profile_version)), Vote, vote)
    if vote.counted_by == uow.actor.account_id:
        raise Refusal(ErrorCode.SAME_REVIEWER)
    content = json.dumps(await _content(uow, vote), ensure_ascii=False, separators=(",", ":")).encode()
    digest = hashlib.sha256(content).hexdigest()
    await uow.audit("voteExport", vote, grant=grant, detail={"digest": digest})
    return VoteExportFile(f"vote-{vote.id}.json", "application/json", base64.b64encode(content).decode(), digest)


async def _content(uow: UnitOfWork, vote: Vote) -> dict[str, Any]:
    units: dict[uuid.UUID, list[dict[str, Any]]] = {}
    for head_id, mask, area, served in await uow.session.execute(_UNITS, {"county": uow.county, "vote": vote.id}):
        units.setdefault(head_id, []).append({"unit": mask, "area": area, "served": served})
    heads = await uow.session.execute(
        select(RollHead.id, RollHead.representative_id).where(
            RollHead.county == uow.county, RollHead.vote_id == vote.id
        )
    )
    roll = [
        {"head": _key(vote, head), "representative": speaks and _key(vote, head, speaks), "units": units[head]}
        for head, speaks in heads
    ]
    cast = await uow.session.execute(
        select(Ballot.head_id, Ballot.elector_key, Ballot.version, Ballot.choices, Ballot.receipt).where(
            Ballot.county == uow.county, Ballot.vote_id == vote.id
        )
    )
    ballots = [
        {
            "head": _key(vote, head),
            "elector": _key(vote, head, elector),
            "version": version,
            "choices": choices,
            "receipt": receipt,
        }
        for head, elector, version, choices, receipt in cast
    ]
    return {
        "format": FORMAT,
        "vote": str(vote.id),
        "title": vote.title,
        "strictRequired": profile_version(vote.profile_version).strict_vote_required,
        "items": [
            {"position": item.position, "matter": item.matter, "mode": item.mode} for item in await items_of(uow, vote)
        ],
        "roll": sorted(roll, key=lambda row: row["head"]),
        "ballots": sorted(ballots, key=lambda row: (row["head"], row["elector"], row["version"])),
        "results": [
            {
                "position": result.position,
                "scope": [result.scope_area, result.scope_heads],
                "for": [result.for_area, result.for_heads],
                "against": [result.against_area, result.against_heads],
                "abstained": [result.abstained_area, result.abstained_heads],
                "silent": [result.silent_area, result.silent_heads],
                "strict": result.strict_outcome,
                "mode": result.mode_outcome,
                "outcome": result.outcome,
            }
            for result in await results_of(uow, vote)
        ],
    }


def _key(vote: Vote, *parts: uuid.UUID) -> str:
    """The pseudonym of a head, or of an elector in a head, in this vote alone."""
    named = b"".join(part.bytes for part in parts)
    return hmac.new(bytes.fromhex(vote.salt), named, hashlib.sha256).hexdigest()[:24]


_UNITS = text("""
SELECT u.head_id, u.name_mask, u.area, s.id IS NOT NULL
  FROM roll_unit u
  LEFT JOIN ballot_service s ON s.county = :county AND s.roll_unit_id = u.id AND s.paper = 'BALLOT'
 WHERE u.county = :county AND u.vote_id = :vote
 ORDER BY u.head_id, u.name_mask, u.area
""")

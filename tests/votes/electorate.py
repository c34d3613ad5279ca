"""Owners with logins around a place, and small votes held by commands: for tests of votes and of what waits for them.

owners = await Electorate.build(stage, place)
vote = await owners.hold("FOR", "FOR", "FOR", request_id=request.id)   # noticed, cast, counted, posted, final
"""

import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from auth.actor import Actor, Grant
from domain.calendar import today
from domain.documents import DocumentKind
from domain.estates import IdentityDocument, OwnershipBasis, OwnershipKind
from domain.identifiers import make_id_number, make_phone
from domain.profiles import profile
from domain.profiles.parameters import VoteMode
from domain.roles import Role
from domain.tallies import Matter
from models.base import new_id
from models.estates import Ownership, Unit
from models.people import Owner
from models.rolls import RollOwner, RollUnit
from models.votes import ModeClause, Vote, VoteItem
from resolvers import ballots, fund_votes, mode_clauses, people, tallies, votes
from tests.stage import Place, Stage

CONTACT = {"contact": "社区居委会 0533-0000000"}
ITEM: dict[str, Any] = {"matter": Matter.FUND_USE, "title": "屋面防水", "text": "同意使用维修资金重做1幢屋面防水"}


@dataclass
class Electorate:
    """A place's committee, and the owners of its units in the units' order."""

    stage: Stage
    place: Place
    committee: Actor
    owners: list[Actor] = field(default_factory=list)
    records: list[uuid.UUID] = field(default_factory=list)
    """The owners' records, as ``owners``."""

    @classmethod
    async def build(
        cls, stage: Stage, place: Place, *held: Sequence[int], committee: Actor | None = None
    ) -> "Electorate":
        """Each owner holds units by their places; by default each unit has an owner of its own."""
        made = cls(stage, place, committee or await stage.committee(place))
        bureau = await stage.actor(Role.BUREAU)
        for units in held or [(at,) for at in range(len(place.units))]:
            await made.register(bureau, [place.units[at] for at in units])
        return made

    async def register(
        self, bureau: Actor, units: Sequence[Unit], *, co_owners: int = 1, **changes: Any
    ) -> list[Actor]:
        """New people who hold these units (together, where they are several), and their logins."""
        persons = [_person() for _ in range(co_owners)]
        for unit in units:
            await self.stage.do(
                bureau,
                people.ownership_register,
                unit_id=unit.id,
                kind=OwnershipKind.SOLE if co_owners == 1 else OwnershipKind.JOINT,
                holders=[{"person": person} for person in persons],
                since=self.stage.today,
                **{"basis": OwnershipBasis.REGISTERED, **changes},
            )
        held = await self.stage.rows(Ownership, unit_id=units[0].id, valid_to=None)
        rows = [await self.stage.row(Owner, id=each.owner_id) for each in held]
        made = [self._login(row, units) for row in rows]
        self.owners += made
        self.records += [row.id for row in rows]
        return made

    def _login(self, owner: Owner, units: Sequence[Unit]) -> Actor:
        place = {"estate_id": self.place.estate.id, "area_id": self.place.area.id}
        grants = tuple(
            Grant(new_id(), Role.OWNER, self.stage.county, account_id=owner.account_id, unit_id=unit.id, **place)
            for unit in units
        )
        return Actor(owner.account_id, None, None, owner.name, "zh-CN", self.stage.today, grants)

    async def drafted(self, *items: dict[str, Any], by: Actor | None = None, **changes: Any) -> Vote:
        """A draft on the whole area."""
        given = {"area_id": self.place.area.id, "title": "2026年第一次业主大会", "agenda": items or [ITEM], **changes}
        return await self.stage.do(by or self.committee, votes.draft, **given)  # type: ignore[no-any-return]

    async def noticed(self, vote: Vote, *, days: int = 15, by: Actor | None = None, **changes: Any) -> Vote:
        """Noticed today, to open as soon as the county lets it and to run for ``days`` after its first."""
        opens_on = self.stage.today + timedelta(days=profile(self.stage.county, self.stage.today).vote_notice_days)
        given = {"opens_on": opens_on, "closes_on": opens_on + timedelta(days=days), **CONTACT, **changes}
        return await self.stage.do(by or self.committee, votes.give_notice, id=vote.id, **given)  # type: ignore[no-any-return]

    async def opened(self, vote: Vote, **changes: Any) -> Vote:
        """Noticed, and its first day has come."""
        noticed = await self.noticed(vote, **changes)
        assert noticed.opens_on is not None
        return await self.turn_to(noticed, "opens_on")

    async def turn_to(self, vote: Vote, day: str, after: int = 0) -> Vote:
        """Let time pass until so many days after one of the vote's, and the clock act."""
        at = getattr(vote, day) + timedelta(days=after)
        self.stage.later(days=(at - today(self.stage.now)).days)
        await self.stage.tick()
        return await self.stage.row(Vote, id=vote.id)  # type: ignore[no-any-return]

    async def cast(self, vote: Vote, at: int, *choices: str, **given: Any) -> Any:
        """The owner at this place says this of the items, in their order."""
        return await self.stage.do(
            self.owners[at], ballots.cast, vote_id=vote.id, choices=await self.said(vote, *choices), **given
        )

    async def said(self, vote: Vote, *choices: str) -> list[dict[str, Any]]:
        """Choices as input, for the items in their order."""
        items = sorted(await self.stage.rows(VoteItem, vote_id=vote.id), key=lambda item: item.position)
        return [{"item_id": item.id, "choice": choice} for item, choice in zip(items, choices, strict=True)]

    async def counted(self, vote: Vote) -> Vote:
        """Its last day is over, and it is counted."""
        await self.turn_to(vote, "closes_on", 1)
        return await self.stage.do(self.committee, tallies.count, id=vote.id)  # type: ignore[no-any-return]

    async def published(self, vote: Vote) -> Vote:
        """Counted, and its result is posted."""
        await self.counted(vote)
        return await self.stage.do(self.committee, votes.publish, id=vote.id, **CONTACT)  # type: ignore[no-any-return]

    async def final(self, vote: Vote) -> Vote:
        """Posted, and nobody objected."""
        published = await self.published(vote)
        return await self.turn_to(published, "published_on", 8)

    async def clause(self, mode: VoteMode | None) -> ModeClause:
        """The clause of the rules of procedure that allows a mode, or the committee's quota, with the owners' resolution."""
        return await self.stage.do(  # type: ignore[no-any-return]
            self.committee,
            mode_clauses.record,
            area_id=self.place.area.id,
            mode=mode,
            source=Matter.RULES_OF_PROCEDURE,
            article="议事规则第二十条",
            adopted_on=self.stage.today,
            document_ids=[await self.paper(self.committee, DocumentKind.OWNERS_RESOLUTION)],
        )

    async def hold(self, *choices: str | None, request_id: uuid.UUID) -> Vote:
        """Hold the vote that a posted fund request waits for: each owner in turn says this, or nothing; final in the end."""
        request = await self.stage.do(self.committee, fund_votes.open_vote, id=request_id, on_platform=True)
        vote = await self.opened(await self.stage.row(Vote, id=request.vote_id))
        for at, choice in enumerate(choices):
            if choice is not None:
                await self.cast(vote, at, choice)
        return await self.final(vote)

    async def head_of(self, vote: Vote, unit: Unit) -> uuid.UUID:
        """The head that a unit belongs to on the vote's roll."""
        return (await self.stage.row(RollUnit, vote_id=vote.id, unit_id=unit.id)).head_id  # type: ignore[no-any-return]

    async def paper(self, who: Actor, kind: DocumentKind) -> uuid.UUID:
        return (await self.stage.paper(who, kind)).id


async def owners_on_the_roll(stage: Stage, head_id: uuid.UUID) -> set[uuid.UUID]:
    return {row.owner_id for row in await stage.rows(RollOwner, head_id=head_id)}


def _person() -> dict[str, Any]:
    number = secrets.randbelow(10**8)
    born = date(1950, 1, 1) + timedelta(days=number % 18_000)
    document = {"document_kind": IdentityDocument.ID_CARD, "document_number": make_id_number(number % 997, born)}
    return {"name": f"测试{number}", "phone": make_phone(number), **document}

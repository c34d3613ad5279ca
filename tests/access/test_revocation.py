"""Connections that stay open end when what they rest on does: heard from the database, not found out by asking.

The application looks at its clock once a minute only; these tests wait five seconds at most. How long it takes is measured by
``python -m bench --revocation``.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy import update

from app.revocation import until_worthless
from auth.actor import Actor
from auth.grants import Source, end_grants
from auth.tokens import revoke_token
from domain.roles import Role
from models.accounts import Account, AccountGrant
from models.committees import CommitteeMember
from models.officials import Official
from schema.events import Event
from schema.faults import RequestCode, RequestError
from tests.door import Door
from tests.edge.asgi_client import PATIENCE, Socket, Stream
from tests.edge.tiny import ACTOR
from tests.officials.test_officials import administrator, appointed
from tests.project import Project

CLAIMS = "subscription S($county: String) { unitClaimChanged(county: $county) { id } }"
GRANTS = "{ viewer { grants { role } } }"
ENDED = (4403, "The token or a grant ended")


async def socket_of(door: Door, who: Actor) -> Socket:
    """A WebSocket on which a subscription waits."""
    socket = await Socket(door.application.app).greeted(authorization=f"Bearer {await door.token(who)}")
    socket.subscribe("1", CLAIMS, county=door.world.county)
    return socket


async def stream_of(door: Door, who: Actor) -> Stream:
    """A stream of events on which a subscription waits."""
    query = f'subscription {{ unitClaimChanged(county: "{door.world.county}") {{ id }} }}'
    stream = Stream(door.application.app, query, authorization=f"Bearer {await door.token(who)}")
    assert (await stream.hear())["status"] == 200
    assert await stream.piece() == b":\n\n"
    return stream


async def has_ended(stream: Stream) -> None:
    assert b"UNAUTHENTICATED" in await stream.piece()
    assert await stream.piece() == b"event: complete\ndata:\n\n"
    await stream.ended()


async def test_an_ended_posting_closes_what_its_holder_listens_to(door: Door) -> None:
    bureau = await administrator(door.world)
    clerk = await appointed(door.world, bureau, Role.BUREAU)
    (row,) = await door.world.rows(Official, account_id=clerk.account_id)
    socket, stream = await socket_of(door, clerk), await stream_of(door, clerk)
    other = await socket_of(door, bureau)
    given = {"id": door.id("Official", row), "on": door.world.today.isoformat(), "reason": "调离"}
    await door.did(bureau, "officialEnd", "id", **given)
    assert await socket.close() == ENDED
    await has_ended(stream)
    assert (await door.ask(clerk, GRANTS))["viewer"]["grants"] == []
    other.send({"type": "ping"})
    assert await other.message() == {"type": "pong"}
    other.leave()
    await other.ended()


async def test_a_suspended_member_of_the_committee_hears_no_more(door: Door, project: Project) -> None:
    world = door.world
    (member, *_) = await world.rows(CommitteeMember, account_id=project.chair.account_id)
    socket = await socket_of(door, project.chair)
    grants = [grant["role"] for grant in (await door.ask(project.chair, GRANTS))["viewer"]["grants"]]
    assert "COMMITTEE" in grants
    yesterday = (world.today - timedelta(days=1)).isoformat()
    given = {
        "id": door.id("CommitteeMember", member),
        "status": "SUSPENDED",
        "reason": "停职调查",
        "endedOn": yesterday,
    }
    await door.did(project.street, "committeeMemberEnd", "id", **given)
    assert await socket.close() == ENDED
    left = [grant["role"] for grant in (await door.ask(project.chair, GRANTS))["viewer"]["grants"]]
    assert left == [role for role in grants if role != "COMMITTEE"]


@pytest.mark.parametrize("way", ["the token is revoked", "the account is suspended", "the grant ends"])
async def test_whatever_ends_it(way: str, door: Door) -> None:
    clerk = await door.world.bureau()
    stream = await stream_of(door, clerk)
    async with door.world.sessions.begin() as session:
        if way == "the token is revoked":
            assert await revoke_token(session, await door.token(clerk))
        elif way == "the account is suspended":
            # As an operator would by hand: no code of ours has part in it.
            await session.execute(update(Account).where(Account.id == clerk.account_id).values(status="SUSPENDED"))
        else:
            (grant,) = clerk.grants
            row = await session.get_one(AccountGrant, grant.id)
            assert await end_grants(session, Source(row.source_type, row.source_id), door.world.today) == 1
    await has_ended(stream)
    answer = await door.say(clerk, GRANTS)
    if way == "the grant ends":
        assert answer["data"]["viewer"]["grants"] == []
    else:
        assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_what_ended_before_it_could_be_heard_ends_it_too() -> None:
    """Between the first look and the moment from which changes are heard: then it looks once more."""
    found = [ACTOR]

    async def find() -> Actor:
        if not found:
            raise RequestError(RequestCode.UNAUTHENTICATED, "over")
        return found.pop()

    async with asyncio.timeout(PATIENCE):
        await until_worthless(find, Silence(), recheck_seconds=3600)


class Silence:
    """Events of which none ever comes."""

    @asynccontextmanager
    async def subscribe(self, kind: str, county: str, row_id: str | None = None) -> AsyncIterator[AsyncIterator[Event]]:
        assert (kind, county, row_id) == ("Holder", "", str(ACTOR.account_id))

        async def none() -> AsyncIterator[Event]:
            await asyncio.Event().wait()
            yield Event("", "", "")

        yield none()

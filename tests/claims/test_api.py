"""Claims and invitations over HTTP: every act allowed and refused, and what the present owner gets to see of a claim."""

from typing import Any

import pytest

from auth.actor import Actor, system_actor
from domain.documents import DocumentKind
from domain.errors import ErrorCode
from domain.estates import OccupancyKind, OwnershipKind
from domain.identifiers import make_id_number
from domain.roles import Role
from models.claims import Invitation, UnitClaim
from models.estates import Building, Unit
from models.people import Owner
from resolvers import claims, invitations, people
from schema.claims import MUTATIONS
from tests.claims.test_claims import Home, Inbox, home_of, newcomer
from tests.door import Door
from tests.estates import places
from tests.project import papers

CLAIM = "id state"
SEEN = "{ unitClaims { nodes { id state name phone idTail owner { id } availableActions { action deadline } } } }"


@pytest.fixture
def inbox() -> Inbox:
    from resolvers import codes

    made = Inbox()
    codes.provide(made)
    return made


async def unclaimed(door: Door, home: Home, number: int, room: str) -> tuple[Unit, Owner]:
    """A neighbouring unit whose owner's phone nobody knows."""
    world = door.world
    building = next(row for row in await world.rows(Building) if row.id == home.unit.building_id)
    flat = await places.unit(world, building, room)
    given = {
        "kind": OwnershipKind.SOLE,
        "holders": [{"person": places.person(number, phone=None)}],
        "since": world.today,
    }
    await world.do(await world.bureau(), people.ownership_register, unit_id=flat.id, **given)
    (owner,) = await world.rows(Owner, name=f"测试{number}")
    return flat, owner


async def again(door: Door, who: Actor) -> Actor:
    return await door.world.actor(account_id=who.account_id)


async def proof_of(door: Door, who: Actor) -> str:
    """A confirmed paper of an applicant, whose claim is begun."""
    (paper,) = await papers(door.world, await again(door, who), DocumentKind.OWNERSHIP_PROOF)
    return door.id("Document", paper)


async def handed_in(door: Door, who: Actor, about: dict[str, Any]) -> str:
    claim: str = (await door.did(who, "unitClaimOpen", CLAIM, **about))["id"]
    await door.did(who, "unitClaimSubmit", CLAIM, id=claim, documentIds=[await proof_of(door, who)])
    return claim


async def deliver(door: Door, model: type[Any], **which: Any) -> None:
    """What the worker does for the newest claim or invitation: send its code."""
    *_, row = await door.world.rows(model)
    handler = claims.send if model is UnitClaim else invitations.send
    await door.world.do(system_actor(door.world.county, door.world.today), handler, **{next(iter(which)): row.id})


async def test_a_home_is_claimed_contested_and_decided(door: Door, inbox: Inbox) -> None:
    world = door.world
    home = await home_of(world)
    stranger = await newcomer(world)
    unit = door.id("Unit", home.unit)
    look_up = 'query Q($c: String!) { unitLookUp(county: $c, estate: "测试花园（演示）", unit: "1幢101") { id } }'
    about = {"unitId": unit, "name": home.name, "idTail": home.tail}
    found = (await door.ask(stranger, look_up, c=world.county))["unitLookUp"]
    assert found in ({"id": unit}, None)  # an estate that is not approved yet is found by nobody

    # By the register: the code goes to its phone, and only who began the claim redeems it.
    me = await newcomer(world)
    await door.refused(
        me, "unitClaimVerify", ErrorCode.INVALID_INPUT, "idTail", **{**about, "idTail": "1"}, phone=home.phone
    )
    verified = await door.did(me, "unitClaimVerify", CLAIM, **about, phone=home.phone)
    await deliver(door, UnitClaim, claim_id=None)
    code = inbox.sent[-1][1]
    await door.refused(stranger, "unitClaimProve", ErrorCode.NOT_FOUND, "id", id=verified["id"], code=code)
    assert (await door.did(me, "unitClaimProve", CLAIM, id=verified["id"], code=code))["state"] == "BOUND"
    grants = (await door.ask(me, "{ viewer { grants { role unit { id } } } }"))["viewer"]["grants"]
    assert {"role": "OWNER", "unit": {"id": unit}} in grants

    # On papers, while somebody is bound: the present owner hears of it and may contest; the applicant is masked.
    rival = await newcomer(world)
    claim = (await door.did(rival, "unitClaimOpen", CLAIM, **about))["id"]
    await door.refused(rival, "unitClaimOpen", ErrorCode.ALREADY_REGISTERED, "unitId", **about)
    assert [node["id"] for node in (await door.ask(me, SEEN))["unitClaims"]["nodes"]] == [verified["id"]]
    await door.refused(rival, "unitClaimSubmit", ErrorCode.MISSING_DOCUMENT, id=claim, documentIds=[])
    await door.did(rival, "unitClaimSubmit", CLAIM, id=claim, documentIds=[await proof_of(door, rival)])
    first, *_ = (await door.ask(me, SEEN))["unitClaims"]["nodes"]
    assert (first["id"], first["phone"], first["idTail"], first["owner"]) == (claim, None, None, None)
    assert first["name"] == f"{home.name[0]}*"
    assert "CONTEST" in [each["action"] for each in first["availableActions"]]
    assert (await door.ask(stranger, SEEN))["unitClaims"]["nodes"] == []
    deciding = {"id": claim, "ownerId": door.id("Owner", home.owner)}
    await door.refused(home.community, "unitClaimApprove", ErrorCode.POSTING_PERIOD_NOT_OVER, **deciding)
    await door.refused(stranger, "unitClaimContest", ErrorCode.NOT_FOUND, "id", id=claim, reason="与我无关")
    await door.did(me, "unitClaimContest", CLAIM, id=claim, reason="我才是业主")
    await door.refused(home.community, "unitClaimDismiss", ErrorCode.FORBIDDEN_ROLE, id=claim, reason="不符")
    assert (await door.did(home.street, "unitClaimDismiss", CLAIM, id=claim, reason="不符"))["state"] == "REJECTED"

    # Upheld, and the binding moves with the next request.
    claim = await handed_in(door, rival, about)
    await door.did(me, "unitClaimContest", CLAIM, id=claim, reason="再次异议")
    upheld = {"id": claim, "ownerId": door.id("Owner", home.owner), "reason": "产权证载明"}
    await door.refused(home.community, "unitClaimUphold", ErrorCode.FORBIDDEN_ROLE, **upheld)
    await door.did(home.street, "unitClaimUphold", CLAIM, **upheld)
    assert "OWNER" not in [
        grant["role"] for grant in (await door.ask(me, "{ viewer { grants { role } } }"))["viewer"]["grants"]
    ]

    # A home that nobody is bound to: approved at once, rejected, withdrawn; by a tenant too, who is then both.
    flat, owner = await unclaimed(door, home, 32, "102")
    tenant_phone = world.phone()
    renting = {"kind": OccupancyKind.TENANT, "name": "租客", "since": world.today, "phone": tenant_phone}
    occupancy = await world.do(await world.bureau(), people.occupancy_register, unit_id=flat.id, **renting)
    tenant = await world.actor(account_id=occupancy.account_id)
    assert tenant.roles == {Role.TENANT}
    theirs = {"unitId": door.id("Unit", flat), "name": owner.name, "idTail": make_id_number(32)[-4:]}
    claim = await handed_in(door, tenant, theirs)
    await door.refused(home.community, "unitClaimReject", ErrorCode.REQUIRED, "reason", id=claim, reason=" ")
    await door.did(home.community, "unitClaimReject", CLAIM, id=claim, reason="材料不清")
    claim = await handed_in(door, tenant, theirs)
    await door.refused(stranger, "unitClaimWithdraw", ErrorCode.NOT_FOUND, "id", id=claim)
    await door.did(tenant, "unitClaimWithdraw", CLAIM, id=claim)
    claim = await handed_in(door, tenant, theirs)
    await door.did(home.community, "unitClaimApprove", CLAIM, id=claim, ownerId=door.id("Owner", owner))
    assert {Role.OWNER, Role.TENANT} <= (await again(door, tenant)).roles

    # By invitation.
    flat, owner = await unclaimed(door, home, 33, "103")
    phone = world.phone()
    inviting = {"unitId": door.id("Unit", flat), "ownerId": door.id("Owner", owner), "phone": phone}
    await door.refused(tenant, "invitationIssue", ErrorCode.NOT_FOUND, "unitId", **inviting)
    sent = (await door.did(home.community, "invitationIssue", "id state", **inviting))["id"]
    await door.refused(stranger, "invitationRevoke", ErrorCode.NOT_FOUND, "id", id=sent, reason="发错")
    await door.did(home.community, "invitationRevoke", "id state", id=sent, reason="发错")
    await door.did(home.community, "invitationIssue", "id state", **inviting)
    await deliver(door, Invitation, invitation_id=None)
    answer = {"county": world.county, "code": inbox.sent[-1][1], "name": owner.name, "idTail": make_id_number(33)[-4:]}
    await door.refused(stranger, "invitationAccept", ErrorCode.WRONG_CODE, "code", **answer)
    invited = await newcomer(world, phone)
    assert (await door.did(invited, "invitationAccept", CLAIM, **answer))["state"] == "BOUND"
    door.covers(MUTATIONS)

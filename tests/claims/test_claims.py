"""Claims to units: by the register, by invitation, on papers; contested, and ended with the ownership."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from auth.actor import Actor, system_actor
from domain.claims import ATTEMPTS, CODE_LIFETIME, INVITATION_LIFETIME, KEPT, ClaimState
from domain.documents import DocumentKind
from domain.errors import ErrorCode, Refusal
from domain.estates import OwnershipKind
from domain.identifiers import make_id_number
from domain.roles import Role
from models.accounts import Account
from models.base import new_id
from models.cases import Review, Task
from models.claims import Invitation, UnitClaim
from models.estates import Estate, Unit
from models.people import Owner
from models.sealed import Kind, seal_into
from resolvers import cases, claims, codes, invitations, people
from resolvers.unit_of_work import set_fuse
from tests.estates import places
from tests.project import papers
from tests.world import World


@dataclass
class Inbox:
    """What phones received."""

    sent: list[tuple[str, str]] = field(default_factory=list)

    async def send(self, phone: str, code: str) -> None:
        self.sent.append((phone, code))


@pytest.fixture
def inbox() -> Inbox:
    made = Inbox()
    codes.provide(made)
    return made


@dataclass
class Home:
    """A unit whose register names one owner with a phone, and who works around it."""

    world: World
    unit: Unit
    owner: Owner
    phone: str
    name: str
    tail: str
    community: Actor
    street: Actor


NUMBER = 31
NAME = f"测试{NUMBER}"
TAIL = make_id_number(NUMBER)[-4:]


async def home_of(world: World, *, phone: str | None = None, number: int = NUMBER) -> Home:
    """With ``phone=""`` the register knows no phone, so no account."""
    estate = await places.estate(world)
    flat = await places.unit(world, await places.building(world, estate))
    known = world.phone() if phone is None else phone
    person = places.person(number, phone=known or None)
    await world.do(
        await world.bureau(),
        people.ownership_register,
        unit_id=flat.id,
        kind=OwnershipKind.SOLE,
        holders=[{"person": person}],
        since=world.today,
    )
    (owner,) = await world.rows(Owner)
    return Home(
        world, flat, owner, known, f"测试{number}", make_id_number(number)[-4:],
        await world.community_office(), await world.township_office(),
    )  # fmt: skip


async def newcomer(world: World, phone: str | None = None) -> Actor:
    """Somebody signed in by phone who holds nothing anywhere; or whoever has that phone."""
    account = Account(id=new_id(), display_name="新用户")
    seal_into(account, "phone", phone or world.phone(), Kind.PHONE, world.vault)
    async with world.sessions.begin() as session:
        known = await session.scalar(select(Account).where(Account.phone_index == account.phone_index))
        if known is None:
            session.add(account)
    return await again(world, known or account)


async def again(world: World, who: Account | Actor) -> Actor:
    """The person with the grants of now, as a claim's acts meet them."""
    account_id = who.account_id if isinstance(who, Actor) else who.id
    return (await world.actor(account_id=account_id)).as_applicant((world.county,))


def asked(home: Home, **changes: Any) -> dict[str, Any]:
    return {"unit_id": home.unit.id, "name": home.name, "id_tail": home.tail, "phone": home.phone, **changes}


async def deliver(world: World, claim: UnitClaim) -> None:
    await world.do(system_actor(world.county, world.today), claims.send, claim_id=claim.id)


async def state_of(world: World, claim: UnitClaim) -> UnitClaim:
    (row,) = await world.rows(UnitClaim, id=claim.id)
    return row  # type: ignore[no-any-return]


async def owner_grants(world: World, actor: Actor) -> list[Any]:
    return [grant for grant in (await world.actor(account_id=actor.account_id)).grants if grant.role is Role.OWNER]


# -- by the register --------------------------------------------------------------------------------------------------


async def test_the_register_binds_whoever_has_its_phone(world: World, inbox: Inbox) -> None:
    home, me = await home_of(world), await newcomer(world)
    claim = await world.do(me, claims.verify, **asked(home))
    assert claim.state == ClaimState.OPENED
    await deliver(world, claim)
    ((to, code),) = inbox.sent
    assert to == home.phone
    proved = await world.do(await again(world, me), claims.prove, id=claim.id, code=code)
    assert (proved.state, proved.owner_id, proved.bound_on) == (ClaimState.BOUND, home.owner.id, world.today)
    (grant,) = await owner_grants(world, me)
    assert (grant.unit_id, grant.source_type) == (home.unit.id, "ownership")
    # The account that the register knew by its phone acts for the unit no longer.
    assert await owner_grants(world, await newcomer(world, home.phone)) == []


async def test_a_code_is_sent_once_its_hash_is_committed(world: World) -> None:
    """The gateway is called outside the transaction: another session sees what it then says."""
    home = await home_of(world)
    claim = await world.do(await newcomer(world), claims.verify, **asked(home))
    seen: list[tuple[bool, str]] = []

    class Reading:
        async def send(self, phone: str, code: str) -> None:
            async with world.sessions() as session:
                await set_fuse(session, {world.county})
                row = await session.get_one(UnitClaim, (world.county, claim.id), with_for_update={"nowait": True})
                seen.append((codes.is_code_of(world.vault, row, code), phone))

    codes.provide(Reading())
    await deliver(world, claim)
    assert seen == [(True, home.phone)]


async def test_what_does_not_match_answers_like_what_does(world: World, inbox: Inbox) -> None:
    """Name, document and phone, one wrong at a time: the same row, the same answers, and no code."""
    home = await home_of(world)
    right = await world.do(await newcomer(world), claims.verify, **asked(home))
    for wrong in ({"name": "别人"}, {"id_tail": "0000"}, {"phone": world.phone()}):
        me = await newcomer(world)
        claim = await world.do(me, claims.verify, **asked(home, **wrong))
        await deliver(world, claim)
        assert inbox.sent == []
        alike = ("state", "way", "title", "code_until", "attempts", "bound_on")
        assert [getattr(claim, name) for name in alike] == [getattr(right, name) for name in alike]
        # Even to the applicant: the tries end alike, and the claim shows no owner.
        await tried(world, await again(world, me), claim, "123456")
        assert await owner_grants(world, me) == []
    await deliver(world, right)
    assert len(inbox.sent) == 1


async def tried(world: World, me: Actor, claim: UnitClaim, code: str) -> None:
    before = (await state_of(world, claim)).attempts
    with pytest.raises(Refusal) as refused:
        await world.do(me, claims.prove, id=claim.id, code=code)
    assert refused.value == Refusal(ErrorCode.WRONG_CODE, "code")
    assert (await state_of(world, claim)).attempts == before + 1, "a try counts though it is refused"


async def test_a_code_stands_five_tries_and_ten_minutes(world: World, inbox: Inbox) -> None:
    home, me = await home_of(world), await newcomer(world)
    claim = await world.do(me, claims.verify, **asked(home))
    await deliver(world, claim)
    code = inbox.sent[0][1]
    wrong = "000000" if code != "000000" else "111111"
    me = await again(world, me)
    for _ in range(ATTEMPTS):
        await tried(world, me, claim, wrong)
    await tried(world, me, claim, code)

    other = await newcomer(world)
    late = await world.do(other, claims.verify, **asked(home))
    await deliver(world, late)
    world.now += CODE_LIFETIME
    await tried(world, await again(world, other), late, inbox.sent[1][1])


async def test_tries_are_limited_by_account_phone_and_unit(world: World) -> None:
    home, me = await home_of(world), await newcomer(world)
    for _ in range(5):
        await world.do(me, claims.verify, **asked(home, name="猜"))
    refused = await world.refused(me, claims.verify, ErrorCode.RATE_LIMITED, **asked(home, name="猜"))
    assert refused.params["seconds"] > 0  # the phone's
    for _ in range(5):
        await world.do(await newcomer(world), claims.verify, **asked(home, phone=world.phone()))
    await world.refused(
        await newcomer(world), claims.verify, ErrorCode.RATE_LIMITED, **asked(home, phone=world.phone())
    )
    world.now += timedelta(days=1)
    await world.do(me, claims.verify, **asked(home))


async def test_a_code_is_the_applicants_alone(world: World, inbox: Inbox) -> None:
    home, me = await home_of(world), await newcomer(world)
    claim = await world.do(me, claims.verify, **asked(home))
    await deliver(world, claim)
    thief = await newcomer(world)
    await world.refused(thief, claims.prove, ErrorCode.NOT_FOUND, "id", id=claim.id, code=inbox.sent[0][1])
    assert await world.sees(thief, UnitClaim) == set()
    assert await world.sees(home.community, UnitClaim) == set(), "what is only begun concerns no office"


async def test_what_is_asked_must_have_its_form(world: World) -> None:
    home, me = await home_of(world), await newcomer(world)
    for changes, code, at in (
        ({"name": " "}, ErrorCode.REQUIRED, "name"),
        ({"id_tail": "12"}, ErrorCode.INVALID_INPUT, "idTail"),
        ({"phone": "12345"}, ErrorCode.INVALID_PHONE, "phone"),
        ({"unit_id": new_id()}, ErrorCode.NOT_FOUND, "unitId"),
    ):
        await world.refused(me, claims.verify, code, at, **asked(home, **changes))


async def test_an_unproved_verification_lapses(world: World) -> None:
    home, me = await home_of(world), await newcomer(world)
    claim = await world.do(me, claims.verify, **asked(home))
    world.now += timedelta(days=2)
    await world.tick(cases.timers)
    assert (await state_of(world, claim)).state == ClaimState.LAPSED
    (grant,) = (await world.actor(account_id=me.account_id)).grants
    assert (grant.role, grant.valid_to) == (Role.APPLICANT, world.today + KEPT)


# -- by invitation ----------------------------------------------------------------------------------------------------


async def invited(home: Home, inbox: Inbox, phone: str, by: Actor | None = None) -> tuple[Invitation, str]:
    world = home.world
    sent: Invitation = await world.do(
        by or home.community, invitations.issue, unit_id=home.unit.id, owner_id=home.owner.id, phone=phone
    )
    await world.do(system_actor(world.county, world.today), invitations.send, invitation_id=sent.id)
    to, code = inbox.sent[-1]
    assert to == phone
    return sent, code


def answer(home: Home, code: str, **changes: Any) -> dict[str, Any]:
    return {"code": code, "name": home.name, "id_tail": home.tail, **changes}


async def test_an_invitation_binds_its_phone(world: World, inbox: Inbox) -> None:
    home, phone = await home_of(world, phone=""), world.phone()
    _, code = await invited(home, inbox, phone)
    me = await newcomer(world, phone)
    claim = await world.do(me, invitations.accept, **answer(home, code))
    assert (claim.state, claim.owner_id) == (ClaimState.BOUND, home.owner.id)
    assert [grant.unit_id for grant in await owner_grants(world, me)] == [home.unit.id]
    # It serves once.
    with pytest.raises(Refusal) as refused:
        await world.do(await again(world, me), invitations.accept, **answer(home, code))
    assert refused.value.code is ErrorCode.WRONG_CODE


async def test_an_invitation_to_a_wrong_phone_opens_nothing(world: World, inbox: Inbox) -> None:
    """The code alone is not enough, nor is another phone: name and document must be the register's."""
    home, phone = await home_of(world, phone=""), world.phone()
    sent, code = await invited(home, inbox, phone)
    stranger = await newcomer(world, phone)
    wrong = [answer(home, code, name="别人"), answer(home, code, id_tail="0000"), answer(home, "00000000")]
    for given in wrong:
        with pytest.raises(Refusal) as refused:
            await world.do(stranger, invitations.accept, **given)
        assert refused.value == Refusal(ErrorCode.WRONG_CODE, "code")
    with pytest.raises(Refusal) as refused:
        await world.do(await newcomer(world), invitations.accept, **answer(home, code))
    assert refused.value == Refusal(ErrorCode.WRONG_CODE, "code")
    (row,) = await world.rows(Invitation, id=sent.id)
    assert row.attempts == len(wrong)
    assert await owner_grants(world, stranger) == []


async def test_an_invitation_ends_after_a_week_after_five_tries_and_when_taken_back(world: World, inbox: Inbox) -> None:
    home, phone = await home_of(world, phone=""), world.phone()
    me = await newcomer(world, phone)

    async def refuses(code: str) -> None:
        with pytest.raises(Refusal) as refused:
            await world.do(me, invitations.accept, **answer(home, code))
        assert refused.value.code is ErrorCode.WRONG_CODE

    sent, code = await invited(home, inbox, phone)
    await world.do(home.community, invitations.revoke, id=sent.id, reason="号码有误")
    await refuses(code)
    _, code = await invited(home, inbox, phone)
    for _ in range(ATTEMPTS):
        await refuses("00000000")
    await refuses(code)
    _, code = await invited(home, inbox, phone)
    world.now += INVITATION_LIFETIME
    await refuses(code)


async def test_who_may_invite(world: World, inbox: Inbox) -> None:
    home = await home_of(world, phone="")
    given = {"unit_id": home.unit.id, "owner_id": home.owner.id, "phone": world.phone()}
    elsewhere = await world.community_office(world.other_community)
    await world.refused(elsewhere, invitations.issue, ErrorCode.NOT_FOUND, "unitId", **given)
    owner = await world.person(Role.OWNER, unit_id=home.unit.id, area_id=home.unit.area_id)
    await world.refused(owner, invitations.issue, ErrorCode.FORBIDDEN_ROLE, **given)
    committee = await world.person(Role.COMMITTEE, committee_id=new_id(), area_id=home.unit.area_id)
    if home.unit.area_id is not None:
        await world.do(committee, invitations.issue, **given)
    await world.refused(
        home.community, invitations.issue, ErrorCode.INVALID_INPUT, "ownerId", **{**given, "owner_id": new_id()}
    )


async def test_nobody_is_invited_in_an_owners_place(world: World) -> None:
    home = await home_of(world)  # the register's phone has its account
    given = {"unit_id": home.unit.id, "owner_id": home.owner.id, "phone": world.phone()}
    await world.refused(home.community, invitations.issue, ErrorCode.ALREADY_REGISTERED, "ownerId", **given)


# -- on papers --------------------------------------------------------------------------------------------------------


async def submitted(home: Home, me: Actor) -> UnitClaim:
    world = home.world
    claim = await world.do(me, claims.open_, unit_id=home.unit.id, name=home.name, id_tail=home.tail)
    me = await again(world, me)
    (proof,) = await papers(world, me, DocumentKind.OWNERSHIP_PROOF)
    handed_in: UnitClaim = await world.do(me, claims.submit, id=claim.id, document_ids=[proof])
    return handed_in


async def test_the_community_examines_papers(world: World) -> None:
    home, me = await home_of(world, phone=""), await newcomer(world)
    claim = await submitted(home, me)
    (task,) = await world.rows(Task, case_id=claim.id, closed_at=None)
    assert (task.role, task.community, task.actions) == (
        "COMMUNITY",
        home.community.grants[0].community,
        ["APPROVE", "REJECT"],
    )
    assert await world.sees(home.community, UnitClaim) == {claim.id}
    approved = await world.do(home.community, claims.approve, id=claim.id, owner_id=home.owner.id)
    assert approved.state == ClaimState.BOUND
    (review,) = await world.rows(Review, case_id=claim.id)
    assert (review.role, review.decision) == ("COMMUNITY", "BOUND")
    assert [grant.unit_id for grant in await owner_grants(world, me)] == [home.unit.id]
    assert await world.rows(Task, case_id=claim.id, closed_at=None) == []


async def test_papers_are_needed_and_one_claim_at_a_time(world: World) -> None:
    home, me = await home_of(world, phone=""), await newcomer(world)
    given = {"unit_id": home.unit.id, "name": home.name, "id_tail": home.tail}
    claim = await world.do(me, claims.open_, **given)
    await world.refused(await again(world, me), claims.submit, ErrorCode.MISSING_DOCUMENT, id=claim.id)
    await world.refused(await again(world, me), claims.open_, ErrorCode.ALREADY_REGISTERED, "unitId", **given)


async def test_the_community_refuses_with_reasons(world: World) -> None:
    home, me = await home_of(world, phone=""), await newcomer(world)
    claim = await submitted(home, me)
    await world.refused(home.community, claims.reject, ErrorCode.REQUIRED, "reason", id=claim.id, reason=" ")
    rejected = await world.do(home.community, claims.reject, id=claim.id, reason="材料不符")
    assert rejected.state == ClaimState.REJECTED
    assert await owner_grants(world, me) == []
    assert await world.sees(await again(world, me), UnitClaim) == {claim.id}, "the applicant reads why"


async def test_only_the_units_community_and_only_its_owners(world: World) -> None:
    home, me = await home_of(world, phone=""), await newcomer(world)
    claim = await submitted(home, me)
    sibling = await world.community_office(world.sibling_community)
    await world.refused(sibling, claims.approve, ErrorCode.NOT_FOUND, "id", id=claim.id, owner_id=home.owner.id)
    await world.refused(home.street, claims.approve, ErrorCode.FORBIDDEN_ROLE, id=claim.id, owner_id=home.owner.id)
    await world.refused(
        home.community, claims.approve, ErrorCode.INVALID_INPUT, "ownerId", id=claim.id, owner_id=new_id()
    )


async def test_nobody_decides_on_an_own_claim(world: World) -> None:
    home = await home_of(world, phone="")
    clerk = home.community
    claim = await submitted(home, clerk.as_applicant((world.county,)))
    await world.refused(clerk, claims.approve, ErrorCode.OWN_APPLICATION, id=claim.id, owner_id=home.owner.id)


# -- contested --------------------------------------------------------------------------------------------------------


async def test_the_present_owner_has_a_week_to_contest(world: World) -> None:
    home, me = await home_of(world), await newcomer(world)
    present = await newcomer(world, home.phone)
    claim = await submitted(home, me)
    given = {"id": claim.id, "owner_id": home.owner.id}
    await world.refused(home.community, claims.approve, ErrorCode.POSTING_PERIOD_NOT_OVER, **given)
    assert await world.sees(await world.actor(account_id=present.account_id), UnitClaim) == {claim.id}
    contested = await world.do(
        await world.actor(account_id=present.account_id), claims.contest, id=claim.id, reason="我才是业主"
    )
    assert (contested.state, contested.contested_by) == (ClaimState.CONTESTED, present.account_id)
    await world.refused(home.community, claims.approve, ErrorCode.ACTION_NOT_AVAILABLE, **given)
    (task,) = await world.rows(Task, case_id=claim.id, closed_at=None)
    assert (task.role, task.actions) == ("TOWNSHIP", ["UPHOLD", "DISMISS"])
    dismissed = await world.do(home.street, claims.dismiss, id=claim.id, reason="产权证载明为现业主")
    assert dismissed.state == ClaimState.REJECTED
    assert await owner_grants(world, me) == []
    assert len(await owner_grants(world, present)) == 1


async def test_without_a_contest_the_binding_moves_after_a_week(world: World) -> None:
    home, me = await home_of(world), await newcomer(world)
    claim = await submitted(home, me)
    world.now += timedelta(days=8)
    await world.do(home.community, claims.approve, id=claim.id, owner_id=home.owner.id)
    assert len(await owner_grants(world, me)) == 1
    assert await owner_grants(world, await newcomer(world, home.phone)) == []


async def test_the_township_upholds_a_contested_claim(world: World) -> None:
    home, me = await home_of(world), await newcomer(world)
    present = await newcomer(world, home.phone)
    claim = await submitted(home, me)
    await world.do(await world.actor(account_id=present.account_id), claims.contest, id=claim.id, reason="不同意")
    await world.refused(home.street, claims.uphold, ErrorCode.REQUIRED, "ownerId", id=claim.id, reason="证据充分")
    upheld = await world.do(home.street, claims.uphold, id=claim.id, reason="证据充分", owner_id=home.owner.id)
    assert upheld.state == ClaimState.BOUND
    assert len(await owner_grants(world, me)) == 1
    assert await owner_grants(world, present) == []


async def test_a_co_owner_contests_a_binding_and_the_township_ends_it(world: World, inbox: Inbox) -> None:
    home, me = await home_of(world, phone=""), await newcomer(world)
    claim = await submitted(home, me)
    await world.do(home.community, claims.approve, id=claim.id, owner_id=home.owner.id)
    mine = await world.actor(account_id=me.account_id)
    await world.refused(mine, claims.contest, ErrorCode.OWN_APPLICATION, id=claim.id, reason="自己")
    co_owner = await world.person(Role.OWNER, unit_id=home.unit.id, area_id=home.unit.area_id)
    await world.do(co_owner, claims.contest, id=claim.id, reason="冒名")
    assert len(await owner_grants(world, me)) == 1, "until it is decided the binding holds"
    await world.do(home.street, claims.dismiss, id=claim.id, reason="查实冒名")
    assert await owner_grants(world, me) == []
    (owner,) = await world.rows(Owner)
    assert owner.account_id is None


async def test_a_neighbour_contests_nothing(world: World) -> None:
    home, me = await home_of(world, phone=""), await newcomer(world)
    claim = await submitted(home, me)
    block = await places.building(world, (await world.rows(Estate))[0], "2")
    neighbour = await world.person(Role.OWNER, unit_id=(await places.unit(world, block)).id)
    await world.refused(neighbour, claims.contest, ErrorCode.NOT_FOUND, "id", id=claim.id, reason="好奇")


async def test_who_proved_themselves_is_not_displaced_by_a_code(world: World, inbox: Inbox) -> None:
    home, me = await home_of(world), await newcomer(world)
    first = await world.do(me, claims.verify, **asked(home))
    await deliver(world, first)
    await world.do(await again(world, me), claims.prove, id=first.id, code=inbox.sent[-1][1])
    other = await newcomer(world)
    second = await world.do(other, claims.verify, **asked(home))
    await deliver(world, second)
    with pytest.raises(Refusal) as refused:
        await world.do(await again(world, other), claims.prove, id=second.id, code=inbox.sent[-1][1])
    assert refused.value.code is ErrorCode.ALREADY_REGISTERED
    assert len(await owner_grants(world, me)) == 1


# -- the end ------------------------------------------------------------------------------------------------------------


async def test_a_binding_ends_with_the_ownership(world: World) -> None:
    home, me = await home_of(world, phone=""), await newcomer(world)
    claim = await submitted(home, me)
    await world.do(home.community, claims.approve, id=claim.id, owner_id=home.owner.id)
    world.now += timedelta(days=1)
    await world.do(
        await world.bureau(),
        people.ownership_transfer,
        unit_id=home.unit.id,
        kind=OwnershipKind.SOLE,
        holders=[{"person": places.person(32, phone=world.phone())}],
        on=world.today,
        reason="买卖",
    )
    assert await owner_grants(world, me) == []
    former = next(owner for owner in await world.rows(Owner) if owner.id == home.owner.id)
    assert former.account_id is None
    world.now += timedelta(days=1)
    await world.tick(cases.timers)
    ended = await state_of(world, claim)
    assert ended.state == ClaimState.ENDED
    mine = await world.actor(account_id=me.account_id)
    await world.refused(mine, claims.withdraw, ErrorCode.ACTION_NOT_AVAILABLE, id=claim.id)


async def test_a_binding_outlives_a_transfer_that_keeps_the_owner(world: World) -> None:
    home, me = await home_of(world, phone=""), await newcomer(world)
    claim = await submitted(home, me)
    await world.do(home.community, claims.approve, id=claim.id, owner_id=home.owner.id)
    world.now += timedelta(days=1)
    holders = [{"person": places.person(NUMBER, phone=None), "is_representative": True}, {"person": places.person(33)}]
    await world.do(
        await world.bureau(),
        people.ownership_transfer,
        unit_id=home.unit.id,
        kind=OwnershipKind.JOINT,
        holders=holders,
        on=world.today,
        reason="加名",
    )
    assert len(await owner_grants(world, me)) == 1
    world.now += timedelta(days=1)
    await world.tick(cases.timers)
    assert (await state_of(world, claim)).state == ClaimState.BOUND


async def test_no_code_or_phone_is_stored_in_plain(world: World, inbox: Inbox) -> None:
    home = await home_of(world, phone="")
    phone = world.phone()
    _, code = await invited(home, inbox, phone)
    me = await newcomer(world)
    await world.do(me, claims.verify, **asked(home, phone=phone))
    async with world.sessions() as session:
        await set_fuse(session, {world.county})
        for table in ("invitation", "unit_claim", "procrastinate_jobs"):
            rows = await session.execute(text(f"SELECT t::text FROM {table} t"))
            stored = "|".join(row[0] for row in rows)
            assert phone not in stored
            assert code not in stored

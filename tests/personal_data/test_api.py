"""Personal data and requests over HTTP with a token of whoever asks: every act allowed and refused."""

from datetime import date, timedelta

from sqlalchemy import select

from auth.actor import Actor
from domain.documents import DocumentKind
from domain.errors import ErrorCode
from domain.identifiers import make_id_number
from domain.profiles import profile_for_test
from domain.roles import Role
from models.estates import Ownership
from models.people import Owner
from models.sessions import SessionDevice
from resolvers.unit_of_work import set_fuse
from schema import data_requests, personal_data
from tests.door import Door
from tests.personal_data.conftest import Home
from tests.project import paper

REQUEST = "id state holds"
VALUES = "values { field value }"


async def test_reveals_copies_and_orders(door: Door, home: Home) -> None:
    world = home.world
    bureau, community = await world.bureau(), await world.community_office()
    elsewhere = await world.community_office(world.sibling_community)
    asking = {"subject": home.owner_id, "fields": ["PHONE"], "purpose": "REGISTER", "reason": "核对产权登记"}
    shown = await door.did(community, "personalDataReveal", VALUES, **asking)
    assert shown["values"] == [{"field": "PHONE", "value": home.phone}]
    await door.refused(elsewhere, "personalDataReveal", ErrorCode.NOT_FOUND, "subject", **asking)
    await door.refused(home.tenant, "personalDataReveal", ErrorCode.NOT_FOUND, "subject", **asking)
    deputy = await world.person(Role.COMMUNITY, community=world.community, office="居委会", acting_for="王主任")
    await door.did(deputy, "personalDataReveal", VALUES, **asking)
    log = "{ personalDataReads(first: 2) { nodes { role actingFor byMyself } } }"
    assert (await door.ask(home.holder, log))["personalDataReads"]["nodes"] == [
        {"role": "COMMUNITY", "actingFor": "王主任", "byMyself": False},
        {"role": "COMMUNITY", "actingFor": None, "byMyself": False},
    ]
    await door.did(home.holder, "personalDataCopy", "name", county=world.county, format="JSON")
    bank = await world.person(Role.BANK, scopes=("fees:collect",))
    await door.refused(bank, "personalDataCopy", ErrorCode.FORBIDDEN_ROLE, county=world.county, format="JSON")
    keeping = {"ownerId": home.owner_id, "legalBasis": "民事诉讼法", "reason": "诉讼保全"}
    await door.refused(community, "legalHoldPlace", ErrorCode.FORBIDDEN_ROLE, **keeping)
    hold = await door.did(bureau, "legalHoldPlace", "id", **keeping)
    await door.refused(community, "legalHoldLift", ErrorCode.NOT_FOUND, "id", id=hold["id"], reason="结案")
    await door.did(bureau, "legalHoldLift", "id", id=hold["id"], reason="结案")
    door.covers(personal_data.MUTATIONS)


async def test_requests_of_persons_and_for_cases(door: Door, home: Home) -> None:
    world = home.world
    bureau, community = await world.bureau(), await world.community_office()
    tail = make_id_number(51)

    # A correction is the person's to ask, and the community's to make.
    wrong = {"subject": home.owner_id, "documentKind": "ID_CARD", "documentNumber": tail}
    await door.refused(home.co_holder, "dataCorrectionRequest", ErrorCode.NOT_FOUND, "subject", **wrong)
    request = await door.did(home.holder, "dataCorrectionRequest", REQUEST, **wrong)
    await door.refused(home.holder, "dataRequestCorrect", ErrorCode.FORBIDDEN_ROLE, id=request["id"])
    await door.did(community, "dataRequestCorrect", REQUEST, id=request["id"])
    request = await door.did(home.holder, "dataCorrectionRequest", REQUEST, subject=home.owner_id, name="测试新名")
    await door.refused(
        community, "dataRequestRefuse", ErrorCode.PURPOSE_REQUIRED, "reason", id=request["id"], reason=" "
    )
    await door.did(community, "dataRequestRefuse", REQUEST, id=request["id"], reason="与证件不符")
    request = await door.did(home.holder, "dataCorrectionRequest", REQUEST, subject=home.owner_id, name="测试新名")
    await door.refused(home.co_holder, "dataRequestWithdraw", ErrorCode.NOT_FOUND, "id", id=request["id"])
    await door.did(home.holder, "dataRequestWithdraw", REQUEST, id=request["id"])

    # A court's case: approved by the bureau, read by the court alone, over at once when revoked.
    court = await world.person(Role.COURT, scopes=("filings:public",))
    other_court = await world.person(Role.COURT, scopes=("filings:public",))
    case = {
        "county": world.county,
        "purpose": "执行",
        "legalBasis": "民事诉讼法",
        "caseNumber": "（演示）执1号",
        "fields": ["PHONE"],
        "expiresOn": (world.today + timedelta(days=30)).isoformat(),
        "documentNumber": tail,
    }
    instruction = [door.id("Document", await paper(world, bureau, DocumentKind.OTHER))]
    await door.refused(home.holder, "dataDisclosureRequest", ErrorCode.FORBIDDEN_ROLE, **case)
    await door.refused(court, "dataDisclosureRequest", ErrorCode.NOT_FOUND, **case, documents=instruction)
    request = await door.did(court, "dataDisclosureRequest", REQUEST, **case)
    await door.refused(community, "dataRequestApprove", ErrorCode.NOT_FOUND, "id", id=request["id"])
    await door.refused(court, "dataRequestRead", ErrorCode.ACTION_NOT_AVAILABLE, id=request["id"])
    await door.did(bureau, "dataRequestApprove", REQUEST, id=request["id"])
    page = await door.did(court, "dataRequestRead", "persons { values { field value } } hasMore", id=request["id"])
    assert page == {"persons": [{"values": [{"field": "PHONE", "value": home.phone}]}], "hasMore": False}
    await door.refused(other_court, "dataRequestRead", ErrorCode.NOT_FOUND, "id", id=request["id"])
    await door.refused(court, "dataRequestRevoke", ErrorCode.FORBIDDEN_ROLE, id=request["id"], reason="x")
    await door.did(bureau, "dataRequestRevoke", REQUEST, id=request["id"], reason="案件已结")
    await door.refused(court, "dataRequestRead", ErrorCode.ACTION_NOT_AVAILABLE, id=request["id"])

    # A deletion is blocked while the law requires keeping, and goes through when nothing does.
    await door.refused(home.tenant, "dataDeletionRequest", ErrorCode.NOT_FOUND, ownerId=home.owner_id)
    request = await door.did(home.holder, "dataDeletionRequest", REQUEST, ownerId=home.owner_id)
    assert request["holds"] == ["HOLDS_A_UNIT"]
    await door.refused(bureau, "dataRequestPseudonymise", ErrorCode.LEGAL_HOLD, id=request["id"])
    await door.refused(home.holder, "dataRequestBlock", ErrorCode.FORBIDDEN_ROLE, id=request["id"])
    assert (await door.did(bureau, "dataRequestBlock", REQUEST, id=request["id"]))["state"] == "BLOCKED"
    await sold_long_ago(home)
    request = await door.did(bureau, "dataDeletionRequest", REQUEST, ownerId=home.owner_id)
    await door.refused(bureau, "dataRequestPseudonymise", ErrorCode.OWN_APPLICATION, id=request["id"])
    assert await devices_of(door, home.holder) > 0
    await door.did(await world.bureau(), "dataRequestPseudonymise", REQUEST, id=request["id"])
    assert await devices_of(door, home.holder) == 0
    (owner,) = await world.rows(Owner, id=home.owner.id)
    assert (owner.phone_sealed, owner.account_id) == (None, None)
    assert (await door.say(home.holder, "{ viewer { displayName } }"))["errors"][0]["extensions"]["code"] == (
        "UNAUTHENTICATED"
    )
    door.covers(data_requests.MUTATIONS)


async def devices_of(door: Door, who: Actor) -> int:
    """How many devices of somebody's sign-ins are known."""
    await door.application.app.state.service.devices.settle()
    async with door.world.sessions() as session:
        return len(
            (await session.scalars(select(SessionDevice).where(SessionDevice.account_id == who.account_id))).all()
        )


async def test_how_long_data_is_kept_is_the_countys(door: Door, home: Home) -> None:
    await sold_long_ago(home, days=500)
    for years, holds in ((3, ["RETENTION"]), (1, [])):
        profile_for_test(home.world.county, copy_of="370303", personal_data_kept_years=years)
        request = await door.did(await home.world.bureau(), "dataDeletionRequest", REQUEST, ownerId=home.owner_id)
        assert request["holds"] == holds


async def sold_long_ago(home: Home, days: int = 1200) -> None:
    """The owner parted with the unit longer ago than the law asks to keep."""
    world = home.world
    long_ago: tuple[date, date] = world.today - timedelta(days=3000), world.today - timedelta(days=days)
    async with world.sessions.begin() as session:
        await set_fuse(session, {world.county})
        for row in await session.scalars(select(Ownership).where(Ownership.owner_id == home.owner.id)):
            row.valid_from, row.valid_to = long_ago
            row.is_representative = False

"""Fund requests by their mutations, step by step and office by office: SM-6 to the earmark and back, SM-7 in both orders."""

from datetime import timedelta
from typing import Any

import pytest

from auth.actor import Actor
from domain.documents import DocumentKind
from domain.profiles import profile_for_test
from domain.roles import Role
from tests.acts import Ask, done, opaque, refusal, row_of
from tests.stage import Place, Stage

CONTACT = {"objectionContact": "0533-1234567"}
STATE = "fundRequest { state }"
PASSED = {
    "scopeArea": 30_000,
    "scopeHeads": 3,
    "participatingArea": 29_000,
    "participatingHeads": 3,
    "forArea": 20_000,
    "forHeads": 2,
}


class Desk:
    """An area in business, who has a say in its fund, and their acts on one request."""

    def __init__(self, live: Stage, ask: Ask, place: Place, company: Actor, committee: Actor | None) -> None:
        self.live, self.ask, self.place, self.company, self.committee = live, ask, place, company, committee
        self.id = ""

    @classmethod
    async def open(cls, live: Stage, ask: Ask, *, committee: bool = True) -> "Desk":
        place = await live.place()
        company = await live.actor(Role.COMPANY_ADMIN, company_id=await live.company(place))
        await live.fund(place, 5_000, 5_000, 5_000)
        return cls(live, ask, place, company, await live.committee(place) if committee else None)

    def name(self, type_name: str, row: Any) -> str:
        return opaque(self.live.county, type_name, row)

    def day(self, ago: int) -> str:
        return (self.live.today - timedelta(days=ago)).isoformat()

    async def papers(self, who: Actor, *kinds: DocumentKind) -> list[str]:
        return [self.name("Document", await self.live.paper(who, kind)) for kind in kinds]

    async def do(self, who: Actor, step: str, shown: str = "state", **given: Any) -> Any:
        row = await done(self.ask, who, f"fundRequest{step}", f"fundRequest {{ {shown} }}", id=self.id, **given)
        return row["state"] if shown == "state" else row

    async def refused(self, who: Actor, step: str, **given: Any) -> tuple[str, str | None]:
        before = await self.seen("state version")
        found = await refusal(self.ask, who, f"fundRequest{step}", id=self.id, **given)
        assert await self.seen("state version") == before
        return found

    async def seen(self, shown: str) -> Any:
        return await row_of(self.ask, self.company, self.id, shown)


PLAN: dict[str, Any] = {
    "title": "屋面防水维修",
    "description": "1幢屋面防水层老化，重做。",
    "budget": 10_000,
    "warrantyChecked": True,
    "warrantyEndsOn": "2020-01-01",
    "exclusionNote": "已核对保修书",
    "contractor": "演示防水（虚构）",
    "contractorCreditCode": "91990000000000051X",
}


@pytest.fixture
async def desk(live: Stage, ask: Ask) -> Desk:
    return await Desk.open(live, ask)


async def drafted(desk: Desk) -> str:
    """The draft's id, told with all that a plan may say; the roof is a facility of one building."""
    lift = {"estateId": desk.name("Estate", desk.place.estate), "kind": "OTHER", "number": "屋面1", "name": "屋面"}
    facility = await done(desk.ask, await desk.live.actor(Role.BUREAU), "facilityRegister", "facility { id }", **lift)
    building = desk.name("Building", desk.place.building)
    given = {"estateId": lift["estateId"], "buildingId": building, "scope": "BUILDING", "facilityId": facility["id"]}
    shown = f"fundRequest {{ id kind scope requestedOn building {{ id }} facility {{ name }} {' '.join(PLAN)} }}"
    made = await done(desk.ask, desk.company, "fundRequestDraft", shown, **given, **PLAN)
    desk.id = made["id"]
    of_a_building = {
        "kind": "ORDINARY",
        "scope": "BUILDING",
        "building": {"id": building},
        "facility": {"name": "屋面"},
    }
    assert made == {**PLAN, **of_a_building, "id": desk.id, "requestedOn": desk.day(0)}
    return desk.id


async def test_an_ordinary_request_by_every_mutation_of_its_way(desk: Desk) -> None:
    live, committee = desk.live, desk.committee
    assert committee is not None
    community, township, bureau = [await live.actor(role) for role in (Role.COMMUNITY, Role.TOWNSHIP, Role.BUREAU)]
    await drafted(desk)
    version = (await desk.seen("version"))["version"]
    plan = {**PLAN, "budget": 12_000, "exclusion": "PERSON_LIABLE"}
    corrected = await desk.do(desk.company, "Change", "version budget exclusion", expectedVersion=version, **plan)
    assert (corrected["budget"], corrected["exclusion"]) == (12_000, "PERSON_LIABLE")
    stale = await desk.refused(desk.company, "Change", expectedVersion=version, **PLAN)
    assert stale == ("VERSION_CONFLICT", "expectedVersion")
    # A posting that ran its seven days before it was entered: its proof is among the papers.
    kinds = (DocumentKind.PLAN, DocumentKind.BUDGET, DocumentKind.POSTING_PROOF)
    posting = {
        "postedFrom": desk.day(8),
        "postedTo": desk.day(1),
        **CONTACT,
        "documentIds": await desk.papers(desk.company, *kinds),
    }
    assert await desk.refused(desk.company, "PostPlan", **posting) == ("EXCLUDED_WORK", "exclusion")
    await desk.do(desk.company, "Change", expectedVersion=corrected["version"], **PLAN)
    shown = "state postedFrom postedTo"
    assert await desk.do(desk.company, "PostPlan", shown, **posting) == {
        "state": "PLAN_POSTED",
        "postedFrom": desk.day(8),
        "postedTo": desk.day(1),
    }
    assert await desk.refused(committee, "OpenVote", mode="OBJECTION") == ("MODE_NOT_ALLOWED", "voteMode")
    assert await desk.do(committee, "OpenVote", "state voteMode") == {"state": "VOTING", "voteMode": "STANDARD"}
    counted = "votePassed voteStrictPassed votedOn voteScopeArea voteScopeHeads voteParticipatingArea"
    counted += " voteParticipatingHeads voteForArea voteForHeads"
    resolution = await desk.papers(committee, DocumentKind.OWNERS_RESOLUTION)
    outcome = {"votedOn": desk.day(0), "figures": PASSED, "documentIds": resolution}
    assert await desk.do(committee, "RecordVote", f"state {counted}", **outcome) == {
        "state": "VOTE_PASSED",
        "votePassed": True,
        "voteStrictPassed": True,
        "votedOn": desk.day(0),
        **{f"vote{name[0].upper()}{name[1:]}": figure for name, figure in PASSED.items()},
    }
    assert await desk.do(committee, "Approve") == "COMMITTEE_APPROVED"
    assert await desk.do(community, "Check") == "COMMUNITY_CHECKED"
    returned = await desk.do(township, "Return", "state returns", reason="预算缺明细")
    assert returned == {"state": "RETURNED", "returns": 1}
    assert await desk.do(desk.company, "Resubmit") == "COMMITTEE_APPROVED"
    assert await desk.do(community, "Check") == "COMMUNITY_CHECKED"
    assert await desk.refused(bureau, "Grant") == ("ACTION_NOT_AVAILABLE", None)
    assert (await desk.refused(township, "Verify", signed=True, sealed=False))[0] == "SEAL_REQUIRED"
    assert (await desk.refused(township, "Verify", signed=False, sealed=True))[0] == "SIGNATURES_REQUIRED"
    assert await desk.do(township, "Verify", signed=True, sealed=True) == "TOWNSHIP_VERIFIED"
    granted = "state approvedAmount decidedOn earmark { amount isReleased releasedAt }"
    assert await desk.do(bureau, "Grant", granted) == {
        "state": "BUREAU_APPROVED",
        "approvedAmount": 10_000,
        "decidedOn": desk.day(0),
        "earmark": {"amount": 10_000, "isReleased": False, "releasedAt": None},
    }
    reviews = await desk.seen("reviews(first: 20) { nodes { role action signed sealed } }")
    assert [(row["role"], row["action"], row["signed"], row["sealed"]) for row in reviews["reviews"]["nodes"]] == [
        ("COMMITTEE", "APPROVE", False, False),
        ("COMMUNITY", "CHECK", False, False),
        ("TOWNSHIP", "RETURN", False, False),
        ("COMMUNITY", "CHECK", False, False),
        ("TOWNSHIP", "VERIFY", True, True),
        ("BUREAU", "GRANT", False, False),
    ]
    text = "query { ledgerAccounts(where: {kind: EARMARK}) { nodes { balance area { id } } } }"
    area = {"id": desk.name("PropertyArea", desk.place.area)}
    accounts = (await desk.ask(bureau, text))["ledgerAccounts"]["nodes"]
    assert accounts == [{"balance": 10_000, "area": area}]
    cancelled = await desk.do(desk.company, "Cancel", "state earmark { isReleased }", reason="质保单位已修复")
    assert cancelled == {"state": "CANCELLED", "earmark": {"isReleased": True}}
    assert (await desk.ask(bureau, text))["ledgerAccounts"]["nodes"] == [{"balance": 0, "area": area}]


async def test_what_the_bureau_rejects_says_why(desk: Desk) -> None:
    live, committee = desk.live, desk.committee
    assert committee is not None
    await drafted(desk)
    kinds = (DocumentKind.PLAN, DocumentKind.BUDGET, DocumentKind.POSTING_PROOF)
    papers = await desk.papers(desk.company, *kinds)
    await desk.do(desk.company, "PostPlan", postedFrom=desk.day(8), postedTo=desk.day(1), documentIds=papers, **CONTACT)
    await desk.do(committee, "OpenVote")
    resolution = await desk.papers(committee, DocumentKind.OWNERS_RESOLUTION)
    await desk.do(committee, "RecordVote", votedOn=desk.day(0), figures=PASSED, documentIds=resolution)
    await desk.do(committee, "Approve")
    await desk.do(await live.actor(Role.COMMUNITY), "Check")
    await desk.do(await live.actor(Role.TOWNSHIP), "Verify", signed=True, sealed=True)
    bureau = await live.actor(Role.BUREAU)
    shown = "state decidedOn earmark { amount }"
    rejected = await desk.do(bureau, "Reject", shown, reason="应由建设单位承担")
    assert rejected == {"state": "REJECTED", "decidedOn": desk.day(0), "earmark": None}
    # Its applicant reads who decided, and why.
    reviews = await desk.seen("reviews(last: 1) { nodes { action reason role decision } }")
    decided = {"action": "REJECT", "reason": "应由建设单位承担", "role": "BUREAU", "decision": "REJECTED"}
    assert reviews["reviews"]["nodes"] == [decided]


REPORT: dict[str, Any] = {
    "scope": "ESTATE",
    "emergencyCode": "ELEVATOR",
    "title": "1号电梯停梯",
    "description": "曳引机故障，停梯困人。",
    "budget": 9_000,
    "warrantyChecked": True,
}


async def reported(desk: Desk) -> None:
    """An emergency on which all three parties agreed on site."""
    unit = desk.name("Unit", desk.place.units[0])
    shown = "fundRequest { id state kind emergencyCode emergencyOrder concernedUnit { id } committee { id } }"
    photo = await desk.papers(desk.company, DocumentKind.PHOTO)
    estate = desk.name("Estate", desk.place.estate)
    given = {"estateId": estate, "concernedUnitId": unit, "documentIds": photo, **REPORT}
    made = await done(desk.ask, desk.company, "fundRequestReport", shown, **given)
    desk.id = made["id"]
    assert (made["state"], made["kind"], made["emergencyCode"]) == ("REPORTED", "EMERGENCY", "ELEVATOR")
    assert made["concernedUnit"] == {"id": unit}
    body = desk.committee or await desk.live.actor(Role.COMMUNITY)
    seen = await desk.papers(desk.company, DocumentKind.PHOTO)
    said = {"isEmergency": True, "note": "现场属实"}
    assert await desk.do(await desk.live.owner(desk.place), "CheckSite", **said) == "REPORTED"
    assert await desk.do(body, "CheckSite", **said) == "REPORTED"
    checks = "state siteChecks { nodes { role isEmergency note photoIds } }"
    row = await desk.do(desk.company, "CheckSite", checks, photoIds=seen, **said)
    assert row["state"] == "SITE_CHECKED"
    third = "COMMITTEE" if desk.committee else "COMMUNITY"
    assert [(check["role"], check["photoIds"]) for check in row["siteChecks"]["nodes"]] == [
        ("OWNER", []),
        (third, []),
        ("COMPANY_ADMIN", seen),
    ]


async def test_an_emergency_that_is_repaired_and_posted_before_it_is_paid(desk: Desk) -> None:
    live, committee, owner = desk.live, desk.committee, await desk.live.owner(desk.place)
    assert committee is not None
    township, bureau = await live.actor(Role.TOWNSHIP), await live.actor(Role.BUREAU)
    await reported(desk)
    assert await desk.do(committee, "Approve") == "APPROVED_DIRECT"
    bills = await desk.papers(desk.company, DocumentKind.INVOICE)
    repair = {"repairedOn": desk.day(0), "settledCost": 9_900, "documentIds": bills}
    shown = f"state {' '.join(list(repair)[:2])} shares {{ amountSum }}"
    assert await desk.do(desk.company, "RecordRepair", shown, **repair) == {
        "state": "REPAIRED",
        "repairedOn": desk.day(0),
        "settledCost": 9_900,
        "shares": {"amountSum": 9_900},
    }
    record = await desk.papers(owner, DocumentKind.ACCEPTANCE)
    assert await desk.do(owner, "Accept", note="已恢复运行", documentIds=record) == "REPAIRED"
    accepted = await desk.do(committee, "Accept", "state acceptedOn")
    assert accepted == {"state": "ACCEPTED", "acceptedOn": desk.day(0)}
    kinds = (DocumentKind.SETTLEMENT, DocumentKind.APPORTIONMENT, DocumentKind.POSTING_PROOF)
    papers = await desk.papers(desk.company, *kinds)
    # Five days at least, which the township waits for.
    four = {"postedFrom": desk.day(5), "postedTo": desk.day(1), "documentIds": papers, **CONTACT}
    assert await desk.refused(desk.company, "Post", **four) == ("OUT_OF_RANGE", "postedTo")
    under_way = {**four, "postedTo": desk.day(0)}
    assert await desk.do(desk.company, "Post", **under_way) == "POSTED"
    assert (await desk.refused(township, "Verify", signed=True, sealed=True))[0] == "POSTING_PERIOD_NOT_OVER"
    assert await desk.do(township, "Return", reason="漏一户") == "RETURNED"
    again = {"postedFrom": desk.day(6), "postedTo": desk.day(1)}
    assert await desk.do(desk.company, "Resubmit", **again) == "POSTED"
    assert await desk.do(township, "Verify", signed=True, sealed=True) == "TOWNSHIP_VERIFIED"
    granted = await desk.do(bureau, "Grant", "state approvedAmount earmark { amount }")
    assert granted == {"state": "BUREAU_APPROVED", "approvedAmount": 9_900, "earmark": {"amount": 9_900}}
    given_up = await desk.do(desk.company, "Cancel", "state earmark { isReleased }", reason="保险已赔付")
    assert given_up == {"state": "CANCELLED", "earmark": {"isReleased": True}}


async def test_an_emergency_that_is_paid_at_once_in_an_estate_without_a_body(live: Stage, ask: Ask) -> None:
    profile_for_test(live.county, copy_of="410927")
    desk = await Desk.open(live, ask, committee=False)
    township, bureau = await live.actor(Role.TOWNSHIP), await live.actor(Role.BUREAU)
    await reported(desk)
    assert await desk.do(township, "Approve") == "APPROVED_DIRECT"
    colleague = await live.actor(Role.TOWNSHIP)
    assert await desk.do(colleague, "Return", reason="缺预算") == "RETURNED"
    papers = await desk.papers(desk.company, DocumentKind.PLAN, DocumentKind.BUDGET)
    assert await desk.do(desk.company, "Resubmit", documentIds=papers) == "APPROVED_DIRECT"
    # Who approved in the committee's stead does not verify what was approved.
    assert (await desk.refused(township, "Verify", signed=True, sealed=True))[0] == "SAME_REVIEWER"
    assert await desk.do(colleague, "Verify", signed=True, sealed=True) == "TOWNSHIP_VERIFIED"
    shown = "state emergencyOrder approvedAmount earmark { amount }"
    assert await desk.do(bureau, "Grant", shown) == {
        "state": "BUREAU_APPROVED",
        "emergencyOrder": "PAY_FIRST",
        "approvedAmount": 9_000,
        "earmark": {"amount": 9_000},
    }


async def test_what_was_no_emergency_goes_on_as_a_draft(desk: Desk) -> None:
    assert desk.committee is not None
    await reported(desk)
    assert await desk.do(desk.committee, "Decline", reason="仅异响") == "NOT_EMERGENCY"
    shown = "kind state title budget origin { id state }"
    assert await desk.do(desk.company, "Continue", shown) == {
        "kind": "ORDINARY",
        "state": "DRAFT",
        "title": REPORT["title"],
        "budget": 9_000,
        "origin": {"id": desk.id, "state": "NOT_EMERGENCY"},
    }

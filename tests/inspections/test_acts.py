"""Inspections by their mutations: every transition of SM-11, from the plan to the publication and each of its side ways."""

from datetime import timedelta
from typing import Any

import pytest

from auth.actor import Actor
from domain.documents import DocumentKind
from domain.roles import Role
from resolvers import rectifications
from tests.acts import Ask, done, opaque, refusal, row_of
from tests.inspections.test_api import _official
from tests.inspections.test_inspections import Case, _case
from tests.stage import Stage


class Desk:
    """An inspection of a served estate by the bureau, and acts on it through the API."""

    def __init__(self, live: Stage, ask: Ask, chief: Actor, company: Actor, id: str = "") -> None:
        self.live, self.ask, self.chief, self.company, self.id = live, ask, chief, company, id

    def name(self, type_name: str, row: Any) -> str:
        return opaque(self.live.county, type_name, row)

    def day(self, ahead: int) -> str:
        return (self.live.today + timedelta(days=ahead)).isoformat()

    async def photo(self, who: Actor) -> list[str]:
        return [self.name("Document", await self.live.paper(who, DocumentKind.PHOTO))]

    async def do(self, who: Actor, act: str, shown: str = "state", **given: Any) -> Any:
        row = await done(self.ask, who, act, f"inspection {{ {shown} }}", id=self.id, **given)
        return row["state"] if shown == "state" else row

    async def refused(self, who: Actor, act: str, **given: Any) -> tuple[str, str | None]:
        before = await self.seen(self.chief, "state version")
        found = await refusal(self.ask, who, act, id=self.id, **given)
        assert await self.seen(self.chief, "state version") == before
        return found

    async def seen(self, who: Actor, shown: str) -> Any:
        return await row_of(self.ask, who, self.id, shown)


async def planned(live: Stage, ask: Ask) -> tuple[Desk, str]:
    """An inspection that was just planned, and the one matter of its checklist."""
    place = await live.place()
    company = await live.actor(Role.COMPANY_ADMIN, company_id=await live.company(place))
    desk = Desk(live, ask, await _official(live, "丙"), company)
    plan = {
        "title": "夏季检查",
        "kind": "SPECIAL",
        "basis": "ZS-62",
        "startsOn": desk.day(0),
        "endsOn": desk.day(30),
        "matters": [{"matter": "收费公示", "basis": "TQ-69"}],
    }
    shown = f"plan {{ id {' '.join(list(plan)[:5])} checklist {{ nodes {{ id matter basis }} }} }}"
    made = await done(ask, desk.chief, "inspectionPlanMake", shown, **plan)
    [item] = made.pop("checklist")["nodes"]
    assert {**made, "matters": [{"matter": item["matter"], "basis": item["basis"]}]} == {**plan, "id": made["id"]}
    given = {"planId": made["id"], "estateId": desk.name("Estate", place.estate)}
    opened = await done(ask, desk.chief, "inspectionOpen", "inspection { id state area { id } target }", **given)
    assert (opened["state"], opened["target"]) == ("PLANNED", place.estate.name)
    assert opened["area"] == {"id": desk.name("PropertyArea", place.area)}
    desk.id = opened["id"]
    return desk, item["id"]


def named(*officials: Actor) -> list[dict[str, Any]]:
    return [{"accountId": f"Account_{who.account_id}", "certificate": f"执法{who.display_name}"} for who in officials]


async def test_an_inspection_by_every_mutation_of_its_way(live: Stage, ask: Ask) -> None:
    desk, item = await planned(live, ask)
    chief, company = desk.chief, desk.company
    first, second, third = [await _official(live, name) for name in ("甲", "乙", "丁")]
    people = "state inspectors { nodes { id name office certificate recusedAt recusalReason } }"
    assigned = await desk.do(chief, "inspectionAssign", people, inspectors=named(first, second))
    assert [(one["name"], one["certificate"]) for one in assigned["inspectors"]["nodes"]] == [
        ("甲", "执法甲"),
        ("乙", "执法乙"),
    ]
    stepping = {"inspectorId": assigned["inspectors"]["nodes"][0]["id"], "reason": "近亲属在该公司任职"}
    assert await desk.refused(chief, "inspectorRecuse", **stepping) == ("OUT_OF_RANGE", "inspectors")
    recused = await desk.do(chief, "inspectorRecuse", people, **stepping, replacement=named(third)[0])
    assert {one["name"]: one["recusalReason"] for one in recused["inspectors"]["nodes"]} == {
        "甲": "近亲属在该公司任职",
        "乙": None,
        "丁": None,
    }
    problem = {"severity": "MAJOR", "description": "无公示", "basis": "TQ-69"}
    report: dict[str, Any] = {
        "inspectedOn": desk.day(0),
        "report": "现场检查情况",
        "checked": [{"checklistItemId": item, "result": "ISSUE", "note": "公示栏空白"}],
        "findings": [{**problem, "checklistItemId": item, "photoIds": await desk.photo(second)}],
    }
    assert (await desk.refused(first, "inspectionReport", **report))[0] == "FORBIDDEN_ROLE"
    written = "state inspectedOn report findingCount checkedItems { nodes { result note } }"
    assert await desk.do(second, "inspectionReport", written, **report) == {
        "state": "ASSIGNED",
        "inspectedOn": desk.day(0),
        "report": "现场检查情况",
        "findingCount": 1,
        "checkedItems": {"nodes": [{"result": "ISSUE", "note": "公示栏空白"}]},
    }
    # One signature is none: nobody signs twice, and who is not of the inspectors does not sign.
    assert (await desk.refused(second, "inspectionSign"))[0] == "SIGNATURES_REQUIRED"
    assert (await desk.refused(chief, "inspectionSign"))[0] == "FORBIDDEN_ROLE"
    assert await desk.do(third, "inspectionSign") == "ISSUE_FOUND"

    offers = await desk.seen(chief, "availableActions { action deadline }")
    deadlines = {offer["action"]: offer["deadline"] for offer in offers["availableActions"]}
    assert set(deadlines) == {"ORDER", "PUBLISH", "TRANSFER"}
    assert deadlines["PUBLISH"] is not None
    public = await desk.do(chief, "inspectionPublish", "state publishedOn publishedText", text="发现一项问题")
    assert public == {"state": "ISSUE_FOUND", "publishedOn": desk.day(0), "publishedText": "发现一项问题"}
    assert await desk.refused(chief, "inspectionPublish", text="再次") == ("ALREADY_REGISTERED", "publishedOn")

    order = {"requirement": "十日内张贴", "deadline": desk.day(10)}
    ordered = "state rectifyBy responsible rectification { deadline requirement responsible orderedOn }"
    firm = "演示物业（虚构）有限公司"
    assert await desk.do(chief, "rectificationOrder", ordered, **order) == {
        "state": "RECTIFICATION_ORDERED",
        "rectifyBy": desk.day(10),
        "responsible": firm,
        "rectification": {**order, "responsible": firm, "orderedOn": desk.day(0)},
    }
    later = {"deadline": desk.day(17), "reason": "材料未到"}
    extended = await desk.do(
        chief, "rectificationExtend", "state rectification { deadline extendedFrom extensionReason }", **later
    )
    assert extended["rectification"] == {
        "deadline": desk.day(17),
        "extendedFrom": desk.day(10),
        "extensionReason": "材料未到",
    }
    again = await desk.refused(chief, "rectificationExtend", deadline=desk.day(20), reason="再延")
    assert again == ("OUT_OF_RANGE", "extensions")

    shown = "findings { nodes { id severity description basis rectification rectifiedPhotoIds clearedOn } }"
    [finding] = (await desk.seen(company, shown))["findings"]["nodes"]
    assert {name: finding[name] for name in problem} == problem

    async def put_right() -> str:
        photos = await desk.photo(company)
        answer = {"findingId": finding["id"], "rectification": "已张贴", "photoIds": photos}
        handed_in = await desk.do(company, "rectificationSubmit", f"state {shown}", note="整改完毕", answers=[answer])
        [row] = handed_in["findings"]["nodes"]
        assert (row["rectification"], row["rectifiedPhotoIds"]) == ("已张贴", photos)
        return handed_in["state"]  # type: ignore[no-any-return]

    assert await put_right() == "SUBMITTED"
    failed = {"passed": False, "note": "仍无收费标准"}
    assert await desk.do(second, "rectificationRecheck", **failed) == "SUBMITTED"
    told = "state recheckPassed rectification { passed recheckNote recheckedOn }"
    assert await desk.do(third, "inspectionSign", told) == {
        "state": "RECHECKED",
        "recheckPassed": False,
        "rectification": {"passed": False, "recheckNote": "仍无收费标准", "recheckedOn": desk.day(0)},
    }
    assert await desk.do(chief, "rectificationOrder", requirement="再次整改", deadline=desk.day(5)) == (
        "RECTIFICATION_ORDERED"
    )
    assert await put_right() == "SUBMITTED"
    passed = {"passed": True, "note": "复查合格", "clearedIds": [finding["id"]]}
    missed = await desk.refused(second, "rectificationRecheck", passed=True, note="复查合格")
    assert missed == ("NOT_RECTIFIED", "clearedIds")
    assert await desk.do(second, "rectificationRecheck", **passed) == "SUBMITTED"
    closed = await desk.do(third, "inspectionSign", f"state rectifications {{ totalCount }} {shown}")
    assert (closed["state"], closed["rectifications"]) == ("CLOSED", {"totalCount": 2})
    assert closed["findings"]["nodes"][0]["clearedOn"] == desk.day(0)
    assert await desk.do(chief, "inspectionPublish", text="已整改") == "PUBLISHED"


async def test_an_inspection_is_given_up_only_before_the_visit(live: Stage, ask: Ask) -> None:
    desk, item = await planned(live, ask)
    officials = [await _official(live, name) for name in ("甲", "乙")]
    await desk.do(desk.chief, "inspectionAssign", inspectors=named(*officials))
    assert await desk.refused(desk.chief, "inspectionCancel", reason=" ") == ("REQUIRED", "reason")
    assert await desk.do(desk.chief, "inspectionCancel", reason="小区停电") == "CANCELLED"
    other, item = await planned(live, ask)
    await other.do(other.chief, "inspectionAssign", inspectors=named(*officials))
    clean = [{"checklistItemId": item, "result": "CONFORMS"}]
    visit = {"inspectedOn": other.day(0), "report": "未发现问题", "checked": clean}
    await other.do(officials[0], "inspectionReport", **visit)
    assert await other.do(officials[1], "inspectionSign") == "CLEAN"
    assert (await other.refused(other.chief, "inspectionCancel", reason="x"))[0] == "ACTION_NOT_AVAILABLE"


@pytest.fixture
async def overdue(live: Stage, ask: Ask) -> tuple[Desk, Case]:
    """An order of last month that was not followed; the clock found out."""
    live.later(days=-30)
    case = await _case(live, Role.BUREAU)
    await case.ordered(days=10)
    live.later(days=30)
    await live.tick()
    desk = Desk(live, ask, case.chief, case.company, opaque(live.county, "Inspection", case.id))
    assert (await desk.seen(case.chief, "state isOverdue"))["state"] == "OVERDUE"
    return desk, case


async def test_an_order_that_was_not_followed_is_punished_by_the_bureau_alone(overdue: tuple[Desk, Case]) -> None:
    desk, _ = overdue
    street = await desk.live.actor(Role.TOWNSHIP)
    assert (await desk.refused(street, "inspectionPenalise", reason="警告"))[0] == "FORBIDDEN_ROLE"
    assert await desk.refused(desk.chief, "inspectionPenalise", reason="") == ("REQUIRED", "reason")
    assert await desk.do(desk.chief, "inspectionPenalise", reason="逾期未改，警告") == "PENALISED"
    assert await desk.do(desk.chief, "inspectionPublish", text="逾期未改，已处罚") == "PUBLISHED"


async def test_an_order_that_was_not_followed_is_handed_over(overdue: tuple[Desk, Case]) -> None:
    desk, _ = overdue
    assert await desk.do(desk.chief, "inspectionTransfer", reason="移送综合执法") == "TRANSFERRED"
    assert await desk.do(desk.chief, "inspectionPublish", text="已移送") == "PUBLISHED"


async def test_what_is_put_right_late_is_checked_again_and_may_still_be_punished(overdue: tuple[Desk, Case]) -> None:
    desk, case = overdue
    shown = "findings { nodes { id } }"
    [finding] = (await desk.seen(desk.company, shown))["findings"]["nodes"]
    answer = {"findingId": finding["id"], "rectification": "已张贴", "photoIds": await desk.photo(desk.company)}
    assert await desk.do(desk.company, "rectificationSubmit", note="迟交", answers=[answer]) == "SUBMITTED"
    await desk.live.do(case.first, rectifications.recheck, id=case.id, passed=False, note="仍无")
    assert await desk.do(case.second, "inspectionSign") == "RECHECKED"
    assert await desk.do(desk.chief, "inspectionPenalise", reason="屡教不改") == "PENALISED"


async def test_a_failed_recheck_may_be_handed_over(overdue: tuple[Desk, Case]) -> None:
    desk, case = overdue
    [finding] = (await desk.seen(desk.company, "findings { nodes { id } }"))["findings"]["nodes"]
    answer = {"findingId": finding["id"], "rectification": "已张贴", "photoIds": await desk.photo(desk.company)}
    await desk.do(desk.company, "rectificationSubmit", note="迟交", answers=[answer])
    await desk.live.do(case.first, rectifications.recheck, id=case.id, passed=False, note="仍无")
    await desk.do(case.second, "inspectionSign")
    assert await desk.do(desk.chief, "inspectionTransfer", reason="移送市场监管") == "TRANSFERRED"

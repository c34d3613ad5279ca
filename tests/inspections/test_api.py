"""Inspections through the API: planned, assigned, reported, signed, published, each by its own mutation."""

from datetime import date, timedelta
from typing import Any

from auth.actor import Actor
from auth.grants import Reach, Source, open_grant
from domain.documents import DocumentKind
from domain.roles import Role
from models.base import new_id
from schema.engine.values import Ref, encode_id
from tests.cases.conftest import Ask
from tests.stage import Stage

PLAN = """mutation Plan($input: InspectionPlanInput!) { inspectionPlanMake(input: $input) {
  userErrors { code field } plan { id title kind township checklist { nodes { id position matter basis } } } } }"""
OPEN = """mutation Open($input: InspectionOpenInput!) { inspectionOpen(input: $input) {
  userErrors { code } inspection { id state title estate { name } company { name }
    availableActions { action blockedBy } } } }"""
ASSIGN = """mutation Assign($input: InspectionAssignInput!) { inspectionAssign(input: $input) {
  userErrors { code field } inspection { state inspectors { nodes { name certificate signatures { totalCount } } } } } }"""
REPORT = """mutation Report($input: InspectionReportInput!) { inspectionReport(input: $input) {
  userErrors { code field } inspection { state findingCount findings { nodes { severity description photoIds } }
    checkedItems { nodes { result item { matter } } } } } }"""
SIGN = """mutation Sign($input: InspectionSignInput!) { inspectionSign(input: $input) {
  userErrors { code } inspection { state inspectors { nodes { signatures { totalCount } } } } } }"""


def opaque(stage: Stage, type_name: str, key: Any) -> str:
    return encode_id(Ref(type_name, stage.county, key))


async def _official(stage: Stage, name: str) -> Actor:
    actor = await stage.actor(Role.BUREAU, name=name)
    async with stage.sessions.begin() as session:
        await open_grant(
            session,
            Role.BUREAU,
            stage.county,
            Source("posting", new_id()),
            account_id=actor.account_id,
            reach=Reach(office="测试县住房和城乡建设局"),
            valid_from=date(2020, 1, 1),
        )
    return actor


async def test_an_inspection_from_plan_to_its_signed_finding(live: Stage, ask: Ask) -> None:
    place = await live.place()
    company = await live.actor(Role.COMPANY_ADMIN, company_id=await live.company(place))
    chief, first, second = [await _official(live, name) for name in ("丙", "甲", "乙")]
    given = {
        "title": "春季检查",
        "kind": "ROUTINE",
        "basis": "INS-1",
        "startsOn": live.today.isoformat(),
        "endsOn": (live.today + timedelta(days=30)).isoformat(),
        "matters": [{"matter": "收费公示", "basis": "TQ-69"}],
        "idempotencyKey": "i-1",
    }
    plan = (await ask(chief, PLAN, input=given))["inspectionPlanMake"]["plan"]
    assert (plan["kind"], plan["township"]) == ("ROUTINE", None)
    (item,) = plan["checklist"]["nodes"]
    assert (item["position"], item["matter"], item["basis"]) == (1, "收费公示", "TQ-69")

    where = {"planId": plan["id"], "estateId": opaque(live, "Estate", place.estate.id), "idempotencyKey": "i-2"}
    opened = (await ask(chief, OPEN, input=where))["inspectionOpen"]["inspection"]
    assert (opened["state"], opened["estate"], opened["company"]) == (
        "PLANNED",
        {"name": place.estate.name},
        {"name": "演示物业（虚构）有限公司"},
    )
    assert [offer["action"] for offer in opened["availableActions"]] == ["ASSIGN", "CANCEL"]

    found = await ask(chief, "{ inspectorCandidates { id name office } }")
    by_name = {candidate["name"]: candidate["id"] for candidate in found["inspectorCandidates"]}
    assert {"甲", "乙", "丙"} == set(by_name)
    inspectors = [{"accountId": by_name[name], "certificate": f"执法{name}"} for name in ("甲", "乙")]
    one = {"id": opened["id"], "inspectors": inspectors[:1], "idempotencyKey": "i-3"}
    refused = (await ask(chief, ASSIGN, input=one))["inspectionAssign"]
    assert refused == {"userErrors": [{"code": "OUT_OF_RANGE", "field": "inspectors"}], "inspection": None}
    both = {**one, "inspectors": inspectors, "idempotencyKey": "i-4"}
    assigned = (await ask(chief, ASSIGN, input=both))["inspectionAssign"]["inspection"]
    assert assigned["state"] == "ASSIGNED"
    assert [each["name"] for each in assigned["inspectors"]["nodes"]] == ["甲", "乙"]

    photo = opaque(live, "Document", (await live.paper(first, DocumentKind.PHOTO)).id)
    finding = {
        "severity": "MAJOR",
        "description": "无公示",
        "basis": "TQ-69",
        "checklistItemId": item["id"],
        "photoIds": [photo],
    }
    report = {
        "id": opened["id"],
        "inspectedOn": live.today.isoformat(),
        "report": "现场检查",
        "checked": [{"checklistItemId": item["id"], "result": "ISSUE"}],
        "findings": [finding],
        "idempotencyKey": "i-5",
    }
    written = (await ask(first, REPORT, input=report))["inspectionReport"]
    assert written["userErrors"] == []
    assert written["inspection"] == {
        "state": "ASSIGNED",
        "findingCount": 1,
        "findings": {"nodes": [{"severity": "MAJOR", "description": "无公示", "photoIds": [photo]}]},
        "checkedItems": {"nodes": [{"result": "ISSUE", "item": {"matter": "收费公示"}}]},
    }

    node = "query N($id: ID!) { node(id: $id) { ... on Inspection { state findings { totalCount } plan { title } } } }"
    assert await ask(company, node, id=opened["id"]) == {"node": None}
    signed = (await ask(second, SIGN, input={"id": opened["id"], "idempotencyKey": "i-6"}))["inspectionSign"]
    assert signed["inspection"]["state"] == "ISSUE_FOUND"
    assert [each["signatures"]["totalCount"] for each in signed["inspection"]["inspectors"]["nodes"]] == [1, 1]
    # From the signed report on the company sees what was found, the plan never.
    assert await ask(company, node, id=opened["id"]) == {
        "node": {"state": "ISSUE_FOUND", "findings": {"totalCount": 1}, "plan": None}
    }
    nested = await ask(
        chief,
        """query E($id: ID!) { node(id: $id) { ... on Estate { inspections(first: 5) { totalCount
          nodes { state findings { nodes { position } } } } } } }""",
        id=opaque(live, "Estate", place.estate.id),
    )
    assert nested["node"]["inspections"] == {
        "totalCount": 1,
        "nodes": [{"state": "ISSUE_FOUND", "findings": {"nodes": [{"position": 1}]}}],
    }

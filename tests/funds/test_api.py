"""Fund requests through the API: from a draft to the earmark, with ids, payloads, user errors and the queue."""

from datetime import timedelta
from typing import Any

from auth.actor import Actor
from domain.documents import DocumentKind
from domain.roles import Role
from schema.engine.values import Ref, encode_id
from tests.cases.conftest import Ask
from tests.stage import Stage

DRAFT = """mutation Draft($estate: ID!, $key: String!) {
  fundRequestDraft(input: {estateId: $estate, scope: ESTATE, title: "屋面防水", description: "重做防水层", budget: 10000,
    warrantyChecked: true, idempotencyKey: $key}) {
    replayed userErrors { code field }
    fundRequest { id state budget dueOn version shares { totalCount amountSum nodes { amount unit { name } } }
      availableActions { action missing blockedBy deadline } events { nodes { action role toState } } }
  } }"""
STEP = """mutation Step($input: FundRequestStepInput!) { fundRequestCheck(input: $input) {
  userErrors { code field } fundRequest { state } } }"""
QUEUE = """{ viewer { tasks { totalCount countsByState { state count }
    nodes { role actions caseType title isOverdue caseId case { __typename ... on FundRequest { id state } } } }
  taskCounts { role caseType open dueToday overdue } } }"""


def opaque(stage: Stage, type_name: str, row: Any) -> str:
    return encode_id(Ref(type_name, stage.county, getattr(row, "id", row)))


async def _drafted(live: Stage, ask: Ask) -> tuple[Actor, str, Any]:
    place = await live.place(8_050, 12_025, 9_999)
    company = await live.actor(Role.COMPANY_ADMIN, company_id=await live.company(place))
    drafted = await ask(company, DRAFT, estate=opaque(live, "Estate", place.estate), key="d-1")
    return company, drafted["fundRequestDraft"]["fundRequest"]["id"], place


async def test_a_draft_shows_its_shares_its_event_and_what_comes_next(live: Stage, ask: Ask) -> None:
    place = await live.place(8_050, 12_025, 9_999)
    company = await live.actor(Role.COMPANY_ADMIN, company_id=await live.company(place))
    estate = opaque(live, "Estate", place.estate)
    first = (await ask(company, DRAFT, estate=estate, key="d-1"))["fundRequestDraft"]
    assert (first["replayed"], first["userErrors"]) == (False, [])
    request = first["fundRequest"]
    assert (request["state"], request["budget"], request["dueOn"]) == ("DRAFT", 10_000, None)
    assert request["shares"] == {
        "totalCount": 3,
        "amountSum": 10_000,
        "nodes": [
            {"amount": amount, "unit": {"name": unit.name}}
            for amount, unit in zip([2_677, 3_998, 3_325], place.units, strict=True)
        ],
    }
    assert request["events"] == {"nodes": [{"action": "OPEN", "role": "COMPANY_ADMIN", "toState": "DRAFT"}]}
    assert [(offer["action"], offer["missing"]) for offer in request["availableActions"]] == [
        ("POST_PLAN", ["PLAN", "BUDGET", "POSTING_PROOF"]),
        ("CANCEL", []),
    ]
    again = (await ask(company, DRAFT, estate=estate, key="d-1"))["fundRequestDraft"]
    assert (again["replayed"], again["fundRequest"]["id"]) == (True, request["id"])


async def test_a_key_is_required_where_money_moves(live: Stage, ask: Ask) -> None:
    place = await live.place()
    company = await live.actor(Role.COMPANY_ADMIN, company_id=await live.company(place))
    refused = await ask(company, DRAFT, estate=opaque(live, "Estate", place.estate), key="")
    assert refused["fundRequestDraft"]["userErrors"] == [
        {"code": "IDEMPOTENCY_KEY_REQUIRED", "field": "idempotencyKey"}
    ]


async def test_a_draft_is_its_applicants_own_and_a_posted_plan_the_owners_too(live: Stage, ask: Ask) -> None:
    company, request_id, place = await _drafted(live, ask)
    owner, bureau = await live.owner(place), await live.actor(Role.BUREAU)
    node = "query N($id: ID!) { node(id: $id) { ... on FundRequest { title shares { nodes { amount } } } } }"
    for nobody in (owner, bureau):
        assert await ask(nobody, node, id=request_id) == {"node": None}
    kinds = (DocumentKind.PLAN, DocumentKind.BUDGET, DocumentKind.POSTING_PROOF)
    papers = [opaque(live, "Document", await live.paper(company, kind)) for kind in kinds]
    post = """mutation P($input: FundRequestPostInput!) { fundRequestPostPlan(input: $input) {
      userErrors { code field } fundRequest { state postingDocumentIds } } }"""
    given = {
        "id": request_id,
        "postedFrom": live.today.isoformat(),
        "postedTo": (live.today + timedelta(days=9)).isoformat(),
        "objectionContact": "0533-1234567",
        "documentIds": papers,
        "idempotencyKey": "p-1",
    }
    early = {**given, "postedTo": given["postedFrom"], "idempotencyKey": "p-0"}
    refused = (await ask(company, post, input=early))["fundRequestPostPlan"]
    assert (refused["userErrors"], refused["fundRequest"]) == (
        [{"code": "OUT_OF_RANGE", "field": "postedTo"}],
        None,
    )
    posted = (await ask(company, post, input=given))["fundRequestPostPlan"]
    assert posted["userErrors"] == []
    assert posted["fundRequest"]["state"] == "PLAN_POSTED"
    assert sorted(posted["fundRequest"]["postingDocumentIds"]) == sorted(papers)
    # An owner sees the plan, and of the shares the own unit's only.
    assert await ask(owner, node, id=request_id) == {
        "node": {"title": "屋面防水", "shares": {"nodes": [{"amount": 2_677}]}}
    }


async def test_a_step_out_of_turn_is_refused_with_the_reason_and_changes_nothing(live: Stage, ask: Ask) -> None:
    _company, request_id, _place = await _drafted(live, ask)
    community = await live.actor(Role.COMMUNITY)
    given = {"id": request_id, "idempotencyKey": "c-1"}
    hidden = (await ask(community, STEP, input=given))["fundRequestCheck"]
    assert hidden == {"userErrors": [{"code": "NOT_FOUND", "field": "id"}], "fundRequest": None}


async def test_the_queue_shows_the_case_itself_and_counts(live: Stage, ask: Ask) -> None:
    company, request_id, _place = await _drafted(live, ask)
    viewer = (await ask(company, QUEUE))["viewer"]
    assert viewer["tasks"] == {
        "totalCount": 1,
        "countsByState": [{"state": "FundRequest", "count": 1}],
        "nodes": [
            {
                "role": "COMPANY_ADMIN",
                "actions": ["POST_PLAN"],
                "caseType": "FundRequest",
                "title": "屋面防水",
                "isOverdue": False,
                "caseId": request_id,
                "case": {"__typename": "FundRequest", "id": request_id, "state": "DRAFT"},
            }
        ],
    }
    assert viewer["taskCounts"] == [
        {"role": "COMPANY_ADMIN", "caseType": "FundRequest", "open": 1, "dueToday": 0, "overdue": 0}
    ]


async def test_requests_are_listed_with_their_sums_by_state_and_estate(live: Stage, ask: Ask) -> None:
    company, request_id, place = await _drafted(live, ask)
    listed = await ask(
        company,
        """query L($where: FundRequestFilter) { fundRequests(where: $where) {
          totalCount budgetSum approvedSum countsByState { state count } nodes { id estate { name } } } }""",
        where={"estate": opaque(live, "Estate", place.estate), "state": "DRAFT"},
    )
    assert listed["fundRequests"] == {
        "totalCount": 1,
        "budgetSum": 10_000,
        "approvedSum": 0,
        "countsByState": [{"state": "DRAFT", "count": 1}],
        "nodes": [{"id": request_id, "estate": {"name": place.estate.name}}],
    }

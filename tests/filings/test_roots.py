"""The root fields that every client starts from, the work queue, and how a client finds out what its own request did."""

from datetime import timedelta
from typing import Any

from graphql import GraphQLInputObjectType, get_named_type

from domain.documents import DocumentKind
from resolvers import premises_filings
from schema.api import graphql_schema
from tests.filings.conftest import Ask, ids
from tests.filings.test_simple_filings import development
from tests.project import Project, papers

LISTS = (
    "divisions propertyAreas estates units companies committees contracts filings chargeItems feeBills payments inspections "
    "fundRequests disclosures"
)
ROOTS = f"viewer node nodes {LISTS} filingVerify statistics operationByIdempotencyKey".split()


def test_the_roots_that_were_agreed_are_there_and_what_is_followed_can_be_polled() -> None:
    schema = graphql_schema()
    assert schema.query_type is not None
    assert schema.subscription_type is not None
    assert set(ROOTS) <= set(schema.query_type.fields)
    assert {"filingChanged", "fundRequestChanged"} <= set(schema.subscription_type.fields)
    lists = {get_named_type(field.type).name: field for field in schema.query_type.fields.values()}
    for name in ("filingChanged", "fundRequestChanged", "inspectionChanged"):
        subscription = schema.subscription_type.fields[name]
        polled = lists[f"{get_named_type(subscription.type).name}Connection"]
        where = get_named_type(polled.args["where"].type)
        assert isinstance(where, GraphQLInputObjectType)
        assert "updatedSince" in where.fields, name


async def test_every_list_answers_each_office_with_its_own(ask: Ask, project: Project) -> None:
    world = project.world
    await project.filed_company()
    contract, _filing = await project.filed(starts_on=world.today, ends_on=world.today + timedelta(days=300))
    await project.published(contract)
    text = "{ " + " ".join(f"{name} {{ totalCount nodes {{ id }} }}" for name in LISTS.split()) + " }"
    seen = {
        who: {name: answer["totalCount"] for name, answer in (await ask(actor, text))["data"].items()}
        for who, actor in {
            "bureau": project.bureau,
            "owner": project.owner,
            "elsewhere": await _elsewhere(project),
        }.items()
    }
    there = {"propertyAreas": 1, "estates": 1, "units": 1, "companies": 1, "committees": 1, "contracts": 1}
    assert seen["bureau"].items() >= {**there, "filings": 2, "disclosures": 1}.items()
    assert seen["owner"].items() >= {**there, "filings": 1, "disclosures": 1}.items()
    # A filed company is public in the whole county, and divisions are; nothing else is an office's of another street.
    public = {"companies": 1, "divisions": seen["bureau"]["divisions"]}
    assert seen["elsewhere"] == {**dict.fromkeys(LISTS.split(), 0), **public}


async def _elsewhere(project: Project) -> Any:
    return await project.world.township_office(project.world.other_township)


QUEUE = """query Q($where: TaskFilter) { viewer { tasks(where: $where) { nodes { title state dueOn isOverdue
  case { ... on Filing { kind } } } } taskCounts { role caseType open dueToday overdue } } }"""


async def test_the_queue_shows_what_is_overdue_first(ask: Ask, project: Project) -> None:
    world = project.world
    today, world.now = world.now, world.now - timedelta(days=30)
    await project.company_filing()  # to be taken in within two working days
    world.now = today
    filing = await world.do(project.admin, premises_filings.open_, **development(project))
    kinds = (DocumentKind.PLANNING_PERMIT, DocumentKind.FLOOR_PLAN, DocumentKind.DEVELOPER_MANDATE)
    given = await papers(world, project.admin, *kinds)
    await world.do(project.admin, premises_filings.submit, id=filing.id, document_ids=given)

    async def queue(**where: Any) -> list[Any]:
        viewer = (await ask(project.bureau, QUEUE, where=where))["data"]["viewer"]
        return [(node["case"]["kind"], node["isOverdue"]) for node in viewer["tasks"]["nodes"]]

    late, coming = ("COMPANY", True), ("PREMISES", False)
    assert await queue() == [late, coming]
    assert await queue(dueBefore=world.today.isoformat()) == [late]
    assert await queue(dueBefore=(world.today + timedelta(days=30)).isoformat()) == [late, coming]
    assert await queue(state="SUBMITTED") == [late, coming]
    assert await queue(state="CHECKED") == []
    (counts,) = (await ask(project.bureau, QUEUE))["data"]["viewer"]["taskCounts"]
    assert counts == {"role": "BUREAU", "caseType": "Filing", "open": 2, "dueToday": 0, "overdue": 1}
    # Whose turn it is not has nothing to do.
    others = (await ask(project.price, QUEUE))["data"]["viewer"]
    assert (others["tasks"]["nodes"], others["taskCounts"]) == ([], [])


OUTCOME = """query O($key: String!) { operationByIdempotencyKey(key: $key) {
  name at node { ... on Filing { number state } } } }"""


async def test_a_client_that_lost_the_answer_finds_what_its_key_did(ask: Ask, project: Project) -> None:
    world = project.world
    (company,) = ids("Company", world.county, project.company.id)
    opening = """mutation Open($company: ID!) { companyFilingOpen(input: {companyId: $company, idempotencyKey: "lost-1"}) {
      filing { id number } userErrors { code } } }"""
    opened = (await ask(project.admin, opening, company=company))["data"]["companyFilingOpen"]["filing"]
    found = (await ask(project.admin, OUTCOME, key="lost-1"))["data"]["operationByIdempotencyKey"]
    assert found["name"] == "companyFilingOpen"
    assert found["node"] == {"number": opened["number"], "state": "DRAFT"}
    # A key is its own client's: nobody else learns of it, and what was refused was not done.
    for who, key in ((project.bureau, "lost-1"), (project.admin, "lost-2")):
        assert (await ask(who, OUTCOME, key=key))["data"] == {"operationByIdempotencyKey": None}
    refused = await ask(project.admin, opening.replace("lost-1", "lost-3"), company=company)
    assert refused["data"]["companyFilingOpen"]["userErrors"] == [{"code": "ALREADY_REGISTERED"}]
    assert (await ask(project.admin, OUTCOME, key="lost-3"))["data"] == {"operationByIdempotencyKey": None}

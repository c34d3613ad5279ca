"""Filings through the API: a company files by mutations, offices decide, banks and courts ask, anybody checks."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.lines import read_lines
from app.settings import Settings
from auth.actor import Actor, anonymous, system_actor
from domain.bills import ChargeBasis, ChargeCategory
from domain.disclosures import DisclosureItem
from domain.documents import DocumentKind
from domain.filing_records import digest as digest_of
from domain.roles import Role
from models.fees import FeeBill
from models.filings import Filing, FilingQueryLog
from resolvers import bill_runs, bills, charge_items, company_filings, disclosures, filing_partners
from resolvers.cases import timers
from schema.api import graphql_schema
from schema.documents import Documents, RequestContext
from schema.engine.execute import Executor
from schema.engine.values import Ref, encode_id
from schema.filing_partners import having_asked
from tests.database import Database
from tests.project import COMPANY_PAPERS, Project, paper, papers
from tests.world import World

Ask = Callable[..., Awaitable[dict[str, Any]]]


@pytest_asyncio.fixture
async def ask(
    database: Database,
    command_sessions: async_sessionmaker[AsyncSession],
    world: World,
    tmp_path: Path,
) -> AsyncIterator[Ask]:
    documents = Documents(graphql_schema())
    settings = Settings(data=tmp_path)
    async with read_lines(database.url) as lines:
        executor = Executor(graphql_schema(), lines, command_sessions, world.vault, settings)

        async def asked(who: Actor, text: str, **variables: Any) -> dict[str, Any]:
            document = documents.get(text)
            assert document.rejection is None, document.rejection
            context = RequestContext("r-1")
            answer = await executor.execute(document, document.operation(None), variables, who, context)
            return orjson.loads(answer.body)  # type: ignore[no-any-return]

        yield asked


@pytest_asyncio.fixture
async def project(world: World) -> Project:
    """The same project, today: the engine reads with the real clock."""
    world.now = datetime.now(UTC)
    return await Project.build(world)


def ids(type_name: str, county: str, *keys: Any) -> list[str]:
    return [encode_id(Ref(type_name, county, key)) for key in keys]


async def test_a_company_files_through_the_api(ask: Ask, project: Project) -> None:
    world = project.world
    documents = ids("Document", world.county, *await papers(world, project.admin, *COMPANY_PAPERS))
    (company,) = ids("Company", world.county, project.company.id)
    opening = """mutation Open($company: ID!, $key: String!) {
      companyFilingOpen(input: {companyId: $company, idempotencyKey: $key}) {
      replayed userErrors { code field } filing { id number state kind availableActions { action missing deadline } } } }"""
    opened = (await ask(project.admin, opening, company=company, key="k-1"))["data"]["companyFilingOpen"]
    assert (opened["replayed"], opened["userErrors"]) == (False, [])
    filing = opened["filing"]
    assert (filing["number"], filing["state"], filing["kind"]) == (f"QYBA-{world.today.year}-00001", "DRAFT", "COMPANY")
    assert filing["availableActions"] == [
        {"action": "SUBMIT", "missing": sorted(COMPANY_PAPERS, key=COMPANY_PAPERS.index), "deadline": None},
        {"action": "WITHDRAW", "missing": [], "deadline": None},
    ]
    again = (await ask(project.admin, opening, company=company, key="k-1"))["data"]["companyFilingOpen"]
    assert (again["replayed"], again["filing"]["id"]) == (True, filing["id"])
    other = (await ask(project.admin, opening, company=company, key="k-2"))["data"]["companyFilingOpen"]
    assert other["userErrors"] == [{"code": "ALREADY_REGISTERED", "field": "companyId"}]
    submit = """mutation Submit($id: ID!, $documents: [ID!]) {
      companyFilingSubmit(input: {id: $id, documentIds: $documents, idempotencyKey: "k-3"}) {
        userErrors { code message field }
        filing { state round digest documents { totalCount } submissions { nodes { round digest } } }
      } }"""
    refused = (await ask(project.admin, submit, id=filing["id"], documents=None))["data"]["companyFilingSubmit"]
    assert (refused["filing"], refused["userErrors"][0]["code"]) == (None, "MISSING_DOCUMENT")
    sent = (await ask(project.admin, submit, id=filing["id"], documents=documents))["data"]["companyFilingSubmit"]
    assert sent["userErrors"] == []
    assert (sent["filing"]["state"], sent["filing"]["round"]) == ("SUBMITTED", 1)
    assert sent["filing"]["documents"]["totalCount"] == 5
    assert sent["filing"]["submissions"]["nodes"] == [{"round": 1, "digest": sent["filing"]["digest"]}]
    take_in = """mutation In($id: ID!) {
      filingTakeIn(input: {id: $id, idempotencyKey: "b-1"}) { userErrors { code } filing { state } } }"""
    assert (await ask(project.bureau, take_in, id=filing["id"]))["data"]["filingTakeIn"]["filing"] == {
        "state": "UNDER_REVIEW"
    }
    file = """mutation File($id: ID!) { filingApprove(input: {id: $id, idempotencyKey: "b-2"}) { userErrors { code }
      filing { state certificateNumber isEffective published company { state name }
        reviews { nodes { role decision } } events { totalCount } } } }"""
    filed = (await ask(project.bureau, file, id=filing["id"]))["data"]["filingApprove"]["filing"]
    assert filed == {
        "state": "FILED",
        "certificateNumber": f"物企备{world.county}-{world.today.year}-0001",
        "isEffective": True,
        "published": True,
        "company": {"state": "FILED", "name": project.company.name},
        "reviews": {"nodes": [{"role": "BUREAU", "decision": "FILED"}]},
        "events": {"totalCount": 4},
    }


FILINGS = """query Filings($where: FilingFilter, $purpose: PurposeInput) {
  filings(where: $where, purpose: $purpose) { totalCount nodes {
    certificateNumber creditCode state isEffective content returnedReasons digest } } }"""


async def test_a_bank_says_why_and_is_logged(ask: Ask, project: Project) -> None:
    world = project.world
    filed = await project.filed_company()
    bank = await world.person(Role.BANK, scopes=("filings:public",))
    for said in (None, {"legalBasis": "网络查控办法"}, {"legalBasis": " ", "purpose": "贷前核查"}):
        refused = await ask(bank, FILINGS, purpose=said)
        assert refused["data"]["filings"] is None
        assert refused["errors"][0]["extensions"]["code"] == "PURPOSE_REQUIRED"
    assert await world.rows(FilingQueryLog) == []
    purpose = {"legalBasis": "商业银行法", "purpose": "贷前核查"}
    where = {"creditCode": project.company.credit_code, "asOf": world.today.isoformat()}
    found = (await ask(bank, FILINGS, where=where, purpose=purpose))["data"]["filings"]
    assert found == {
        "totalCount": 1,
        "nodes": [
            {
                "certificateNumber": filed.certificate_number,
                "creditCode": project.company.credit_code,
                "state": "FILED",
                "isEffective": True,
                "content": None,
                "returnedReasons": None,
                "digest": filed.digest,
            }
        ],
    }
    (logged,) = await world.rows(FilingQueryLog)
    assert (logged.client_id, logged.purpose, logged.case_number, logged.legal_basis, logged.count) == (
        bank.client_id,
        "贷前核查",
        None,
        "商业银行法",
        1,
    )
    assert logged.filters == where
    before = {"asOf": (world.today - timedelta(days=1)).isoformat()}
    assert (await ask(bank, FILINGS, where=before, purpose=purpose))["data"]["filings"]["totalCount"] == 0
    for where in (
        {"certificateNumber": filed.certificate_number},
        {"kind": "COMPANY"},
        {"state": "FILED"},
        {"updatedSince": (world.now - timedelta(hours=1)).isoformat()},
    ):
        assert (await ask(bank, FILINGS, where=where, purpose=purpose))["data"]["filings"]["totalCount"] == 1
    assert (await ask(bank, FILINGS, where={"kind": "SERVICE_CONTRACT"}, purpose=purpose))["data"]["filings"][
        "totalCount"
    ] == 0
    counts = [row.count for row in await world.rows(FilingQueryLog)]
    assert counts == [1, 0, 1, 1, 1, 1, 0]
    log = "{ filingQueries { totalCount nodes { clientId count legalBasis } } }"
    assert (await ask(project.bureau, log))["data"]["filingQueries"]["totalCount"] == 7
    other_bank = await world.person(Role.BANK)
    assert (await ask(other_bank, log))["data"]["filingQueries"]["totalCount"] == 0
    assert (await ask(other_bank, FILINGS, purpose=purpose))["data"]["filings"]["totalCount"] == 0
    assert (await ask(project.bureau, FILINGS))["data"]["filings"]["totalCount"] == 1


async def test_no_way_leads_a_silent_partner_to_a_filing(ask: Ask, project: Project) -> None:
    world = project.world
    filed = await project.filed_company()
    bank = await world.person(Role.BANK, scopes=("filings:public",))
    (row,) = ids("Filing", world.county, filed.id)
    ways = "query W($id: ID!) { node(id: $id) { id } companies { nodes { name filing { number } } } contracts { totalCount } }"
    silent = {
        "node": None,
        "companies": {"nodes": [{"name": project.company.name, "filing": None}]},
        "contracts": {"totalCount": 0},
    }
    assert (await ask(bank, ways, id=row))["data"] == silent
    asked = """query A($id: ID!) { filings(purpose: {legalBasis: "商业银行法", purpose: "核查"}) { totalCount }
      node(id: $id) { id } companies { nodes { filing { number } } } }"""
    answer = (await ask(bank, asked, id=row))["data"]
    assert answer["node"] == {"id": row}
    assert answer["companies"]["nodes"] == [{"filing": {"number": filed.number}}]
    assert (await ask(bank, ways, id=row))["data"] == silent
    assert len(await world.rows(FilingQueryLog)) == 1


async def test_filings_of_an_estate(ask: Ask, project: Project) -> None:
    world = project.world
    await project.filed_company()
    contract, filing = await project.filed(starts_on=world.today, ends_on=world.today + timedelta(days=300))
    await project.published(contract)
    bank = await world.person(Role.BANK, scopes=("filings:public",))
    (estate,) = ids("Estate", world.county, project.unit.estate_id)
    purpose = {"legalBasis": "商业银行法", "caseNumber": "2026-1"}
    found = (await ask(bank, FILINGS, where={"estate": estate}, purpose=purpose))["data"]["filings"]
    assert [node["certificateNumber"] for node in found["nodes"]] == [filing.certificate_number]
    nobody = ids("Estate", world.county, project.area.id)[0]
    assert (await ask(bank, FILINGS, where={"estate": nobody}, purpose=purpose))["data"]["filings"]["totalCount"] == 0


REFER = """mutation Refer($client: String!, $company: ID!, $until: Date!) { referralEnter(input: {
  clientId: $client, purpose: "审理需要", legalBasis: "民事诉讼法", caseNumber: "(2026)演01民初1号", scope: ["filings"],
  expiresOn: $until, companyIds: [$company], idempotencyKey: "r-1"}) { userErrors { code field } referral { id caseNumber } } }"""


async def test_a_court_sees_more_under_a_live_referral(ask: Ask, project: Project) -> None:
    world = project.world
    filing = await project.company_filing()
    court = await world.person(Role.COURT, scopes=("filings:public",))
    purpose = {"legalBasis": "民事诉讼法", "caseNumber": "(2026)演01民初1号"}
    documents = (
        "query D($purpose: PurposeInput) { filings(purpose: $purpose) { nodes { state documents { totalCount } } } }"
    )
    assert (await ask(court, documents, purpose=purpose))["data"]["filings"]["nodes"] == []
    (company,) = ids("Company", world.county, project.company.id)
    given = {"client": court.client_id, "company": company, "until": world.today.isoformat()}
    assert (await ask(project.street, REFER, **given))["data"]["referralEnter"]["userErrors"][0]["code"] in (
        "FORBIDDEN_ROLE",
        "NOT_FOUND",
    )
    entered = (await ask(project.bureau, REFER, **given))["data"]["referralEnter"]
    assert entered["userErrors"] == []
    seen = (await ask(court, documents, purpose=purpose))["data"]["filings"]["nodes"]
    assert seen == [{"state": "SUBMITTED", "documents": {"totalCount": 5}}]
    other_court = await world.person(Role.COURT, scopes=("filings:public",))
    assert (await ask(other_court, documents, purpose=purpose))["data"]["filings"]["nodes"] == []
    revoke = """mutation Revoke($id: ID!) {
      referralRevoke(input: {id: $id, reason: "结案", idempotencyKey: "r-2"}) { referral { revokedOn } } }"""
    revoked = (await ask(project.bureau, revoke, id=entered["referral"]["id"]))["data"]["referralRevoke"]
    assert revoked["referral"] == {"revokedOn": world.today.isoformat()}
    assert (await ask(court, documents, purpose=purpose))["data"]["filings"]["nodes"] == []
    assert filing.id not in await world.sees(having_asked(court), Filing)


async def test_a_referral_runs_out(project: Project) -> None:
    world = project.world
    filing = await project.company_filing()
    court = having_asked(await world.person(Role.COURT))
    assert court.client_id
    await world.do(
        project.bureau,
        filing_partners.refer,
        client_id=court.client_id,
        purpose="审理",
        legal_basis="民事诉讼法",
        case_number="1",
        scope=["filings"],
        expires_on=world.today + timedelta(days=1),
        company_ids=[project.company.id],
    )
    assert await world.sees(court, Filing) == {filing.id}
    world.now += timedelta(days=2)
    assert await world.sees(having_asked(await world.actor(client_id=court.client_id)), Filing) == set()


VERIFY = """query V($number: String!, $digest: String!) {
  filingVerify(number: $number, digest: $digest) { matches current effective title kind effectiveFrom } }"""


async def test_anybody_checks_a_certificate(ask: Ask, project: Project) -> None:
    filed = await project.filed_company()
    nobody = anonymous(project.world.today)
    good = await ask(nobody, VERIFY, number=filed.certificate_number, digest=filed.digest)
    assert good["data"]["filingVerify"] == {
        "matches": True,
        "current": True,
        "effective": True,
        "title": project.company.name,
        "kind": "COMPANY",
        "effectiveFrom": project.world.today.isoformat(),
    }
    for number, digest in (
        (filed.certificate_number, "0" * 64),
        ("物企备000000-2026-0001", filed.digest),
        ("nonsense", filed.digest),
    ):
        bad = await ask(nobody, VERIFY, number=number, digest=digest)
        assert bad["data"]["filingVerify"] == {
            "matches": False,
            "current": False,
            "effective": False,
            "title": None,
            "kind": None,
            "effectiveFrom": None,
        }
    assert (await ask(nobody, "{ filings { totalCount } }"))["data"]["filings"] == {"totalCount": 0}


async def test_documents_say_how_to_send_and_fetch_them(ask: Ask, project: Project) -> None:
    world = project.world
    announce = """mutation Up { uploadCreate(input: {kind: PHOTO, name: "a.png", mediaType: "image/png", size: 10}) {
      userErrors { code } document { id state downloadUrl
        upload { method url headers { name value } fileField formFields { name } } } } }"""
    made = (await ask(project.chair, announce))["data"]["uploadCreate"]["document"]
    assert (made["state"], made["downloadUrl"]) == ("PENDING", None)
    assert made["upload"]["method"] == "PUT"
    assert made["upload"]["url"].startswith("http://127.0.0.1:8000/files/")
    assert made["upload"]["headers"] == [{"name": "Content-Type", "value": "image/png"}]
    assert (made["upload"]["fileField"], made["upload"]["formFields"]) == ("file", [])
    shown = await paper(world, project.admin, DocumentKind.BUSINESS_LICENCE)
    await world.do(project.admin, company_filings.open_, company_id=project.company.id, document_ids=[shown])
    (row,) = ids("Document", world.county, shown)
    look = "query D($id: ID!) { node(id: $id) { ... on Document { state downloadUrl upload { url } size sha256 } } }"
    mine = (await ask(project.admin, look, id=row))["data"]["node"]
    assert (mine["state"], mine["upload"], mine["size"]) == ("READY", None, 5)
    assert mine["downloadUrl"].startswith("http://127.0.0.1:8000/files/")
    assert (await ask(project.owner, look, id=row))["data"]["node"] is None


CONTRACTS = """{
  contracts { nodes {
    title state priceTerms unitPrice otherTerms area { name } company { name } filing { certificateNumber }
    committee { name memberCount }
  } }
  disclosures(where: {item: CONTRACT}) { nodes { version title publisherName } }
  companies { nodes { name creditCode contactPhone contractCount } }
  committees { nodes { name members { nodes { name post } } } }
}"""


async def test_a_contract_is_read_with_its_filing_and_parties(ask: Ask, project: Project) -> None:
    world = project.world
    await project.filed_company()
    contract, _filing = await project.filed(starts_on=world.today, ends_on=world.today + timedelta(days=300))
    await project.published(contract)
    await world.tick(timers)
    for who, chair in ((project.owner, "委员0"), (project.bureau, "委员0"), (project.admin, "委*")):
        answer = (await ask(who, CONTRACTS))["data"]
        (node,) = answer["contracts"]["nodes"]
        assert (node["title"], node["state"], node["unitPrice"]) == (contract.title, "EFFECTIVE", 120)
        assert node["filing"]["certificateNumber"].startswith("物合备")
        assert node["company"]["name"] == project.company.name
        assert answer["disclosures"]["nodes"][0]["version"] == 1
        assert answer["companies"]["nodes"][0]["contractCount"] == 1
        members = answer["committees"]["nodes"][0]["members"]["nodes"]
        assert [member["post"] for member in members] == ["CHAIR", "MEMBER", "MEMBER"]
        assert members[0]["name"] == chair


@pytest.mark.parametrize("field", ["filings", "contracts", "companies", "committees", "disclosures", "documents"])
async def test_nobody_reads_an_empty_page(ask: Ask, world: World, field: str) -> None:
    nobody = anonymous(world.today)
    assert (await ask(nobody, f"{{ {field} {{ totalCount }} }}"))["data"][field] == {"totalCount": 0}


DISPUTES = """{ billDisputes { nodes { reason bill { item {
  code contract { priceTerms filing { certificateNumber content digest } }
} } } } }"""


@pytest.mark.requirement("GT-20")
async def test_a_dispute_leads_to_the_filed_text(ask: Ask, project: Project) -> None:
    world = project.world
    await project.filed_company()
    contract, filing = await project.filed(
        starts_on=world.today.replace(day=1), ends_on=world.today + timedelta(days=300)
    )
    await project.published(contract)
    await world.tick(timers)
    item = await world.do(
        project.admin,
        charge_items.charge_item_define,
        contract_id=contract.id,
        code="WY-01",
        name="物业服务费",
        category=ChargeCategory.PROPERTY_SERVICE,
        basis=ChargeBasis.AREA,
        unit_price=120,
        period_months=1,
        service_content="三级服务",
        valid_from=world.today.replace(day=1),
    )
    posted = await world.do(
        project.admin,
        disclosures.post,
        area_id=project.area.id,
        item=DisclosureItem.CHARGES,
        title="收费公示",
        body="1.20元/㎡·月（虚构）",
        objection_contact="社区居委会",
        content={"prices": {"WY-01": 120}},
        valid_from=world.today.replace(day=1),
    )
    await world.do(project.admin, charge_items.charge_item_disclose, id=item.id, disclosure_id=posted.id)
    run = await world.do(
        project.admin, bill_runs.bill_run_start, charge_item_id=item.id, period_from=world.today.replace(day=1)
    )
    clock = system_actor(world.county, world.today)
    while await world.do(clock, bill_runs.issue, bill_run_id=run.id):
        pass
    (bill,) = await world.rows(FeeBill)
    assert bill.amount == 12_000
    await world.do(project.owner, bills.bill_dispute, id=bill.id, reason="服务未达到约定标准")
    (dispute,) = (await ask(project.community, DISPUTES))["data"]["billDisputes"]["nodes"]
    text = dispute["bill"]["item"]["contract"]
    assert text["priceTerms"] == contract.price_terms
    assert text["filing"]["certificateNumber"] == filing.certificate_number
    assert text["filing"]["content"]["serviceTerms"] == contract.service_terms
    assert text["filing"]["digest"] == digest_of(text["filing"]["content"])
    of_an_assessment = "{ inspections { nodes { area { contract { filing { content } } } } } }"
    assert "errors" not in await ask(project.community, of_an_assessment)

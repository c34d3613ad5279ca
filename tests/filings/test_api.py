"""Filings through the API: a company files by mutations, offices decide, banks and courts ask, anybody checks."""

from datetime import timedelta
from typing import Any

import pytest

from auth.actor import Actor, anonymous, system_actor
from domain.bills import ChargeBasis, ChargeCategory
from domain.companies import StaffKind
from domain.disclosures import DisclosureItem
from domain.documents import DocumentKind
from domain.filing_records import digest as digest_of
from domain.identifiers import make_credit_code
from domain.profiles import profile_for_test
from domain.roles import Role
from models.fees import FeeBill
from models.filings import Filing, FilingQueryLog
from resolvers import bill_runs, bills, charge_items, company_filings, disclosures, filing_partners, leaders
from resolvers.cases import timers
from schema.filing_partners import having_asked
from tests.filings.conftest import Ask, ids
from tests.project import COMPANY_PAPERS, Project, paper, papers, without_serial
from tests.world import World


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
    assert (filing["state"], filing["kind"]) == ("DRAFT", "COMPANY")
    assert without_serial(filing["number"]) == f"QYBA-{world.today.year}-"
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
    assert without_serial(filed.pop("certificateNumber")) == f"物企备{world.county}-{world.today.year}-"
    assert filed == {
        "state": "FILED",
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
    refused = (await ask(project.street, REFER, **given))["data"]["referralEnter"]
    assert refused == {"userErrors": [{"code": "FORBIDDEN_ROLE", "field": None}], "referral": None}
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


OPEN_PREMISES = """mutation Open($input: PremisesFilingOpenInput!) { premisesFilingOpen(input: $input) {
  userErrors { code field message } filing { id number state kind developerName creditCode totalArea requiredArea
    premises { totalCount areaSum nodes { position purpose location floor area unit { name } } }
    availableActions { action missing } } } }"""


@pytest.mark.requirement("ZD-24")
async def test_service_premises_are_pre_filed_through_the_api(ask: Ask, project: Project) -> None:
    world = project.world
    (unit,) = ids("Unit", world.county, project.unit.id)
    room = {"purpose": "OFFICE", "location": "1幢101", "floor": 1, "area": 8000}
    given: dict[str, Any] = {
        "areaCode": project.area.code,
        "developerName": "演示开发公司",
        "developerCreditCode": make_credit_code(515151),
        "permitNumber": "建字第演示1号",
        "totalArea": 2_000_000,
        "premises": [room, {**room, "purpose": "COMMITTEE", "location": "1幢102", "area": 1999}],
        "idempotencyKey": "p-1",
    }
    foreign = {**given, "premises": [{**room, "unitId": unit.replace(world.county, "370303")}]}
    refused = (await ask(project.bureau, OPEN_PREMISES, input=foreign))["data"]["premisesFilingOpen"]
    assert [error["code"] for error in refused["userErrors"]] == ["NOT_FOUND"]
    given["premises"][0]["unitId"] = unit
    opened = (await ask(project.bureau, OPEN_PREMISES, input=given))["data"]["premisesFilingOpen"]
    assert opened["userErrors"] == []
    filing = opened["filing"]
    assert (filing["kind"], filing["state"], filing["totalArea"], filing["requiredArea"]) == (
        "PREMISES",
        "DRAFT",
        2_000_000,
        10_000,
    )
    assert filing["premises"]["areaSum"] == 9999
    assert [node["unit"] for node in filing["premises"]["nodes"]] == [{"name": project.unit.name}, None]
    assert filing["availableActions"] == [
        {"action": "SUBMIT", "missing": ["PLANNING_PERMIT", "FLOOR_PLAN"]},
        {"action": "WITHDRAW", "missing": []},
    ]
    kinds = (DocumentKind.PLANNING_PERMIT, DocumentKind.FLOOR_PLAN)
    with_papers = ids("Document", world.county, *await papers(world, project.bureau, *kinds))
    submit = """mutation S($id: ID!, $documents: [ID!], $key: String!) { premisesFilingSubmit(input: {id: $id,
      documentIds: $documents, idempotencyKey: $key}) { userErrors { code field } filing { state dueOn } } }"""
    refused = (await ask(project.bureau, submit, id=filing["id"], documents=with_papers, key="p-2"))["data"]
    assert refused["premisesFilingSubmit"]["userErrors"] == [{"code": "PREMISES_TOO_SMALL", "field": "premises"}]
    change = """mutation C($input: PremisesFilingChangeInput!) { premisesFilingChange(input: $input) {
      userErrors { code } filing { premises { areaSum } } } }"""
    larger = {name: value for name, value in given.items() if name != "areaCode"}
    larger["premises"] = [given["premises"][0], {**given["premises"][1], "area": 2000}]
    answer = await ask(project.bureau, change, input={**larger, "id": filing["id"], "idempotencyKey": "p-3"})
    changed = answer["data"]["premisesFilingChange"]
    assert changed == {"userErrors": [], "filing": {"premises": {"areaSum": 10_000}}}
    sent = (await ask(project.bureau, submit, id=filing["id"], documents=with_papers, key="p-4"))["data"]
    assert (sent["premisesFilingSubmit"]["userErrors"], sent["premisesFilingSubmit"]["filing"]["state"]) == (
        [],
        "SUBMITTED",
    )
    file = """mutation F($id: ID!) { filingApprove(input: {id: $id, idempotencyKey: "p-5"}) { userErrors { code }
      filing { state certificateNumber digest published } } }"""
    own = (await ask(project.bureau, file, id=filing["id"]))["data"]["filingApprove"]
    assert own["userErrors"] == [{"code": "OWN_APPLICATION"}]
    colleague = await world.bureau()
    queue = "{ viewer { tasks { nodes { actions case { __typename } } } } }"
    tasks = (await ask(colleague, queue))["data"]["viewer"]["tasks"]["nodes"]
    assert {"actions": ["FILE", "RETURN"], "case": {"__typename": "Filing"}} in tasks
    filed = (await ask(colleague, file, id=filing["id"]))["data"]["filingApprove"]["filing"]
    assert (filed["state"], filed["published"]) == ("FILED", True)
    verify = (
        "query V($n: String!, $d: String!) { filingVerify(number: $n, digest: $d) { matches effective kind title } }"
    )
    anybody = (await ask(anonymous(world.today), verify, n=filed["certificateNumber"], d=filed["digest"]))["data"]
    assert anybody["filingVerify"] == {
        "matches": True,
        "effective": True,
        "kind": "PREMISES",
        "title": f"{project.area.name}物业服务用房",
    }
    home = "{ filings(where: {kind: PREMISES}) { nodes { premises { nodes { location } } content } } }"
    seen = (await ask(project.owner, home))["data"]["filings"]["nodes"]
    assert [room["location"] for room in seen[0]["premises"]["nodes"]] == ["1幢101", "1幢102"]


async def test_as_of_a_day_on_which_the_filing_rested_finds_nothing(ask: Ask, project: Project) -> None:
    world = project.world
    today, world.now = world.now, world.now - timedelta(days=30)
    filing = await project.filed_company()
    order = {"id": filing.id, "reason": "演示", "rectify_by": world.today + timedelta(days=1)}
    await world.do(project.bureau, company_filings.rectification_order, **order)
    days = {"filed": world.today}
    world.now += timedelta(days=5)
    await world.do(project.bureau, company_filings.suspend, id=filing.id, reason="逾期未整改")
    days["suspended"] = world.today
    resting = "{ filings { nodes { state isEffective } } }"
    assert (await ask(project.bureau, resting))["data"]["filings"]["nodes"] == [
        {"state": "SUSPENDED", "isEffective": False}
    ]
    world.now += timedelta(days=5)
    days["last day of rest"] = world.today - timedelta(days=1)
    await world.do(project.bureau, company_filings.rectification_clear, id=filing.id)
    days["cleared"], world.now = world.today, today
    days["today"] = world.today
    found = {}
    for name, day in days.items():
        where = {"asOf": day.isoformat()}
        found[name] = (await ask(project.bureau, FILINGS, where=where))["data"]["filings"]["totalCount"]
    assert found == {"filed": 1, "suspended": 0, "last day of rest": 0, "cleared": 1, "today": 1}
    assert (await ask(project.bureau, resting))["data"]["filings"]["nodes"] == [{"state": "FILED", "isEffective": True}]


@pytest.mark.requirement("SL-8", "SL-10")
async def test_the_street_files_leader_covenant_and_committee_through_the_api(ask: Ask, project: Project) -> None:
    """The modules of SL-8 besides companies and contracts, by the requests that the street's people send."""
    world = project.world
    profile_for_test(world.county, copy_of="220382")
    await project.staff(StaffKind.TECHNICIAN, certificate_number="T-1")
    member = await project.staff(StaffKind.MANAGER, training_name="培训")
    await project.filed_company()
    await project.filed(starts_on=world.today, ends_on=world.today + timedelta(days=300))
    leader = await world.do(
        project.admin,
        leaders.appoint,
        area_id=project.area.id,
        staff_id=member.id,
        certificate_number="P-1",
        appointed_on=world.today,
    )

    async def take(
        who: Actor, name: str, fields: str = "filing { id state certificateNumber copiedTo }", **given: Any
    ) -> Any:
        input_type = f"{name[0].upper()}{name[1:]}Input"
        if name.endswith("FilingSubmit"):
            input_type = "SimpleFilingSubmitInput"
        text = (
            f"mutation M($input: {input_type}!) {{ {name}(input: $input) {{ userErrors {{ code field }} {fields} }} }}"
        )
        answer = (await ask(who, text, input={**given, "idempotencyKey": f"{name}-{len(given)}"}))["data"][name]
        assert answer["userErrors"] == [], answer
        return next(value for key, value in answer.items() if key != "userErrors")

    async def upload(who: Actor, *kinds: DocumentKind) -> list[str]:
        return ids("Document", world.county, *await papers(world, who, *kinds))

    (leader_id,) = ids("ProjectLeader", world.county, leader.id)
    opened = await take(project.admin, "projectLeaderFilingOpen", projectLeaderId=leader_id)
    of_leader = await upload(project.admin, DocumentKind.MANAGER_CERTIFICATE, DocumentKind.APPOINTMENT)
    await take(project.admin, "projectLeaderFilingSubmit", id=opened["id"], documentIds=of_leader)
    filed = await take(project.street, "filingApprove", id=opened["id"])
    assert (filed["state"], filed["copiedTo"]) == ("FILED", ["BUREAU"])
    shown = (
        "{ filings(where: {kind: PROJECT_LEADER}) { nodes { projectLeader { name } company { name } area { name } } } }"
    )
    assert (await ask(project.street, shown))["data"]["filings"]["nodes"] == [
        {
            "projectLeader": {"name": leader.name},
            "company": {"name": project.company.name},
            "area": {"name": project.area.name},
        }
    ]
    adopted = {"kind": "COVENANT", "adoptedOn": world.today.isoformat(), "decisionReference": "业主大会决议2026-2"}
    opened = await take(project.chair, "covenantFilingOpen", areaCode=project.area.code, **adopted)
    of_owners = await upload(project.chair, DocumentKind.COVENANT, DocumentKind.OWNERS_RESOLUTION)
    await take(project.chair, "covenantFilingSubmit", id=opened["id"], documentIds=of_owners)
    filed = await take(project.street, "filingApprove", id=opened["id"], opinion="合法")
    assert filed["certificateNumber"].startswith(f"物约备{world.township}-")
    at_home = "{ filings(where: {kind: COVENANT}) { nodes { covenantKind adoptedOn documents { nodes { kind } } } } }"
    assert (await ask(project.owner, at_home))["data"]["filings"]["nodes"] == [
        {
            "covenantKind": "COVENANT",
            "adoptedOn": world.today.isoformat(),
            "documents": {"nodes": [{"kind": "COVENANT"}]},
        }
    ]
    (body,) = ids("Committee", world.county, project.committee.id)
    recorded = await take(
        project.street,
        "committeeFilingRecord",
        "committee { state filingNumber }",
        id=body,
        filingNumber="业备2026-1",
        filedOn=world.today.isoformat(),
    )
    assert recorded == {"state": "FILED", "filingNumber": "业备2026-1"}

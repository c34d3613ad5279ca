"""Requests about personal data through the API: corrections, deletions, data for a case (PRI-4, PRI-8)."""

import base64
import hashlib
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import openpyxl
import pytest
from sqlalchemy import select

from auth.actor import Actor
from auth.identities import bind, bound_account
from domain.calendar import add_working_days
from domain.errors import ErrorCode, Refusal
from domain.identifiers import make_id_number
from domain.personal_data import PersonalField
from domain.roles import Role
from models.accounts import Account
from models.base import new_id
from models.cases import AuditEvent, Task
from models.claims import Invitation, UnitClaim
from models.data_requests import DataRequest
from models.estates import Occupancy, Ownership
from models.filings import Referral, ReferralSubject
from models.people import Owner
from models.sealed import Kind, seal_into
from models.search import SearchGram
from resolvers import claims, data_requests, disclosed_data, people, personal_data
from resolvers.cases import timers
from resolvers.unit_of_work import set_fuse
from tests.personal_data.conftest import Ask, Home, officials

_F = PersonalField
CORRECT = """mutation M($id: ID!) { dataRequestCorrect(input: {id: $id, idempotencyKey: "k"}) {
  dataRequest { state owner { name } } userErrors { code field } } }"""


async def _correction(ask: Ask, who: Actor, subject: str, **given: str) -> Any:
    listed = ", ".join(f"{name}: ${name}" for name in given)
    kinds = {"documentKind": "IdentityDocument"}
    declared = ", ".join(f"${name}: {kinds.get(name, 'String')}" for name in given)
    text = f"""mutation M($subject: ID!, {declared}) {{ dataCorrectionRequest(input: {{
      subject: $subject, {listed}, idempotencyKey: "c" }}) {{
      dataRequest {{ id kind state fields newName newDocument newPhone dueOn availableActions {{ action }} }}
      userErrors {{ code field }} }} }}"""
    return (await ask(who, text, subject=subject, **given))["dataCorrectionRequest"]


# The copy


async def test_a_person_copies_everything_about_the_own_data(home: Home, ask: Ask) -> None:
    text = """mutation M($f: CopyFormat!) { personalDataCopy(input: {format: $f}) {
      file { name mediaType content digest } userErrors { code } } }"""
    await ask(await home.world.bureau(), "{ owners { nodes { name } } }")
    file = (await ask(home.holder, text, f="JSON"))["personalDataCopy"]["file"]
    content = base64.b64decode(file["content"])
    assert hashlib.sha256(content).hexdigest() == file["digest"]
    copied = json.loads(content)
    (owner,), (holding,), (account,) = copied["owner"], copied["holdings"], copied["account"]
    assert (owner["document"], owner["phone"], account["phone"]) == (home.document, home.phone, home.phone)
    assert (holding["unit"], holding["kind"], holding["valid_to"]) == (home.unit.name, "JOINT", None)
    assert [read["role"] for read in copied["reads"]] == ["OWNER", "OWNER", "BUREAU"], "the copy itself is a read"
    assert [grant["role"] for grant in copied["grants"]] == ["OWNER"]

    workbook = (await ask(home.tenant, text, f="XLSX"))["personalDataCopy"]["file"]
    assert workbook["name"].endswith(".xlsx")
    book = openpyxl.load_workbook(io.BytesIO(base64.b64decode(workbook["content"])))
    header, row = book["occupancies"].iter_rows(values_only=True)
    assert dict(zip(header, row, strict=True))["phone"] == home.tenant_phone
    assert home.phone not in str([list(sheet.values) for sheet in book]), "nobody else's"
    assert {entry.subject_type for entry in await home.reads(account_id=home.tenant.account_id)} == {
        "Account",
        "Occupancy",
    }


async def test_a_client_is_no_person(home: Home, ask: Ask) -> None:
    bank = await home.world.person(Role.BANK, scopes=("fees:collect",))
    text = "mutation { personalDataCopy(input: {format: JSON}) { file { name } userErrors { code } } }"
    assert (await ask(bank, text))["personalDataCopy"]["userErrors"] == [{"code": "FORBIDDEN_ROLE"}]


# Corrections


async def test_a_correction_is_decided_by_the_community(home: Home, ask: Ask) -> None:
    phone, number = home.world.phone(), make_id_number(11)
    answer = await _correction(
        ask, home.holder, home.owner_id, name="新名字", phone=phone, documentKind="ID_CARD", documentNumber=number
    )
    assert answer["userErrors"] == []
    request = answer["dataRequest"]
    assert (request["state"], request["fields"]) == ("SUBMITTED", ["NAME", "DOCUMENT", "PHONE"])
    assert request["newPhone"] == f"{phone[:3]}****{phone[-4:]}"
    assert request["dueOn"] == add_working_days(home.world.today, 15).isoformat()
    assert [offer["action"] for offer in request["availableActions"]] == ["WITHDRAW"]
    (task,) = await home.world.rows(Task, case_type="DataRequest", closed_at=None)
    assert (task.role, task.community) == ("COMMUNITY", home.world.community)

    community = await home.world.community_office()
    queue = await ask(community, "{ viewer { tasks { nodes { case { ... on DataRequest { id state } } } } } }")
    assert queue["viewer"]["tasks"]["nodes"] == [{"case": {"id": request["id"], "state": "SUBMITTED"}}]
    done = (await ask(community, CORRECT, id=request["id"]))["dataRequestCorrect"]
    assert done == {"dataRequest": {"state": "CORRECTED", "owner": {"name": "新名字"}}, "userErrors": []}
    (owner,) = await home.world.rows(Owner, id=home.owner.id)
    index = home.world.vault.index
    assert owner.phone_index == index(phone, "phone", home.world.county)
    assert owner.document_index == index(number, "id_number", home.world.county)
    assert (owner.name_mask, owner.document_mask) == ("新*", f"{number[:3]}***********{number[-4:]}")
    (stored,) = await home.world.rows(DataRequest)
    assert (stored.new_name, stored.new_phone_sealed, stored.new_document_sealed) == (None, None, None)
    assert [event.action for event in await home.world.rows(AuditEvent, subject_id=stored.id)] == ["OPEN", "CORRECT"]


async def test_the_company_that_keeps_the_record_may_decide_on_a_tenants(home: Home, ask: Ask) -> None:
    phone = home.world.phone()
    answer = await _correction(ask, home.tenant, home.id("Occupancy", home.occupancy), phone=phone)
    waiting = await home.world.rows(Task, case_type="DataRequest", closed_at=None)
    assert {task.role for task in waiting} >= {"COMMUNITY", "COMPANY_ADMIN"}
    done = (await ask(home.market.admin, CORRECT, id=answer["dataRequest"]["id"]))["dataRequestCorrect"]
    assert done["dataRequest"]["state"] == "CORRECTED"
    (occupancy,) = await home.world.rows(Occupancy)
    assert occupancy.phone_index == home.world.vault.index(phone, "phone", home.world.county)


async def test_others_data_is_not_asked_to_be_corrected_and_nobody_decides_for_oneself(home: Home, ask: Ask) -> None:
    # A co-owner and the landlord see or know of the record; it is not theirs.
    for who, subject in (
        (home.co_holder, home.owner_id),
        (home.tenant, home.owner_id),
        (home.holder, home.id("Occupancy", home.occupancy)),
    ):
        refused = await _correction(ask, who, subject, name="某某")
        assert refused["userErrors"] == [{"code": "NOT_FOUND", "field": "subject"}]
    taken_in = await home.world.community_office()
    request = (await _correction(ask, taken_in, home.owner_id, name="新名字"))["dataRequest"]
    own = (await ask(taken_in, CORRECT, id=request["id"]))["dataRequestCorrect"]
    assert [error["code"] for error in own["userErrors"]] == ["OWN_APPLICATION"]
    for who in (home.co_holder, home.market.cashier, await home.world.community_office(home.world.other_community)):
        hidden = (await ask(who, CORRECT, id=request["id"]))["dataRequestCorrect"]
        assert [error["code"] for error in hidden["userErrors"]] == ["NOT_FOUND"]
    other = await home.world.community_office()
    assert (await ask(other, CORRECT, id=request["id"]))["dataRequestCorrect"]["dataRequest"]["state"] == "CORRECTED"


async def test_a_document_of_somebody_else_is_refused_without_saying_whose(home: Home, ask: Ask) -> None:
    taken = make_id_number(8)
    request = (await _correction(ask, home.holder, home.owner_id, documentKind="ID_CARD", documentNumber=taken))[
        "dataRequest"
    ]
    await home.world.refused(
        await home.world.community_office(),
        data_requests.correct,
        ErrorCode.ALREADY_REGISTERED,
        "documentNumber",
        id=(await home.world.rows(DataRequest))[0].id,
    )
    assert request["newDocument"].endswith(taken[-4:])


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({}, ErrorCode.REQUIRED, "name"),
        ({"phone": "123"}, ErrorCode.INVALID_PHONE, None),
        ({"document_number": "110105194912310021"}, ErrorCode.REQUIRED, "documentKind"),
        ({"document_kind": "ID_CARD", "document_number": "1101"}, ErrorCode.INVALID_ID_NUMBER, "documentNumber"),
    ],
)
async def test_a_correction_that_says_nothing_or_nonsense_is_refused(
    home: Home, given: dict[str, Any], code: ErrorCode, field: str | None
) -> None:
    await home.world.refused(
        home.holder, data_requests.correction_request, code, field, subject=("Owner", home.owner.id), **given
    )


async def test_a_request_is_refused_with_a_reason_or_withdrawn(home: Home, ask: Ask) -> None:
    world = home.world
    await _correction(ask, home.holder, home.owner_id, name="新名字")
    (request,) = await world.rows(DataRequest)
    community = await world.community_office()
    await world.refused(community, data_requests.refuse, ErrorCode.PURPOSE_REQUIRED, "reason", id=request.id, reason="")
    await world.refused(community, data_requests.withdraw, ErrorCode.FORBIDDEN_ROLE, id=request.id)
    refused = await world.do(community, data_requests.refuse, id=request.id, reason="证明不足")
    assert (refused.state, refused.decided_reason) == ("REFUSED", "证明不足")
    again = await world.do(
        home.holder, data_requests.correction_request, subject=("Owner", home.owner.id), name="新名字"
    )
    assert (await world.do(home.holder, data_requests.withdraw, id=again.id)).state == "WITHDRAWN"


# Deletions


async def _former(home: Home) -> None:
    """The owner sold the unit over three years ago, and what was due then is paid."""
    world = home.world
    async with world.sessions.begin() as session:
        await set_fuse(session, {world.county})
        for row in await session.scalars(select(Ownership).where(Ownership.owner_id == home.owner.id)):
            row.valid_from, row.valid_to = world.today - timedelta(days=3000), world.today - timedelta(days=1200)
            row.is_representative = False


async def test_data_that_the_law_requires_keeping_is_not_deleted_and_the_person_is_told_why(
    home: Home, ask: Ask
) -> None:
    world, bureau = home.world, await home.world.bureau()
    text = """mutation M($id: ID!) { dataDeletionRequest(input: {ownerId: $id, idempotencyKey: "d"}) {
      dataRequest { id holds state } userErrors { code } } }"""
    request = (await ask(home.holder, text, id=home.owner_id))["dataDeletionRequest"]["dataRequest"]
    assert (request["state"], request["holds"]) == ("SUBMITTED", ["HOLDS_A_UNIT"])
    (row,) = await world.rows(DataRequest)
    refusal = await world.refused(bureau, data_requests.pseudonymise, ErrorCode.LEGAL_HOLD, id=row.id)
    assert refusal.params["holds"] == ["HOLDS_A_UNIT"]
    blocked = """mutation M($id: ID!) { dataRequestBlock(input: {id: $id, idempotencyKey: "b"}) {
      dataRequest { state holds } userErrors { code } } }"""
    answer = (await ask(bureau, blocked, id=request["id"]))["dataRequestBlock"]
    assert answer["dataRequest"] == {"state": "BLOCKED", "holds": ["HOLDS_A_UNIT"]}
    mine = await ask(home.holder, "{ dataRequests { nodes { state holds events { nodes { reason } } } } }")
    assert mine["dataRequests"]["nodes"][0]["holds"] == ["HOLDS_A_UNIT"]


async def test_an_order_keeps_data_until_it_is_lifted_and_then_it_goes(home: Home) -> None:
    world = home.world
    await _former(home)
    clerk, bureau = await world.bureau(), await world.bureau()
    hold = await world.do(
        bureau, personal_data.place_hold, owner_id=home.owner.id, legal_basis="民事诉讼法", reason="诉讼保全"
    )
    request = await world.do(clerk, data_requests.deletion_request, owner_id=home.owner.id)
    assert request.holds == ["LEGAL_HOLD"]
    await world.refused(bureau, data_requests.pseudonymise, ErrorCode.LEGAL_HOLD, id=request.id)
    await world.refused(clerk, data_requests.block, ErrorCode.OWN_APPLICATION, id=request.id)
    await world.refused(clerk, personal_data.lift_hold, ErrorCode.PURPOSE_REQUIRED, "reason", id=hold.id, reason=" ")
    await world.do(clerk, personal_data.lift_hold, id=hold.id, reason="案件已结")
    await world.refused(bureau, data_requests.block, ErrorCode.REQUIRED, "holds", id=request.id)
    ownerships = len(await world.rows(Ownership))

    done = await world.do(bureau, data_requests.pseudonymise, id=request.id)

    assert done.state == "PSEUDONYMISED"
    (owner,) = await world.rows(Owner, id=home.owner.id)
    assert owner.name == owner.name_mask == f"已注销-{str(owner.id)[-4:]}"
    emptied = ("document_kind", "document_sealed", "document_index", "document_mask", "phone_sealed", "phone_index",
               "phone_mask", "account_id", "born_on", "agent_name", "guardian_id")  # fmt: skip
    assert {name: getattr(owner, name) for name in emptied} == dict.fromkeys(emptied)
    assert len(await world.rows(Ownership)) == ownerships, "rows that count stay"
    async with world.sessions() as session:
        await set_fuse(session, {world.county})
        grams = select(SearchGram.gram).where(SearchGram.subject_id == owner.id)
        assert (await session.scalars(grams)).all() == []
        account = await session.get_one(Account, home.holder.account_id)
    assert (account.status, account.phone_sealed, account.phone_index) == ("CLOSED", None, None)
    assert home.owner.name not in account.display_name
    await world.refused(bureau, data_requests.pseudonymise, ErrorCode.ACTION_NOT_AVAILABLE, id=request.id)


async def test_claims_and_invitations_go_with_the_data(home: Home) -> None:
    world, bureau = home.world, await home.world.bureau()
    me = home.holder.as_applicant((world.county,))
    claim = await world.do(me, claims.open_, unit_id=home.unit.id, name=home.owner.name, id_tail=home.document[-4:])
    invitation = Invitation(
        county=world.county, id=new_id(), unit_id=home.unit.id, owner_id=home.owner.id, township="", community="",
        state="ISSUED", issued_by=bureau.account_id, issued_role="BUREAU", expires_at=world.now, attempts=0, version=1,
    )  # fmt: skip
    seal_into(invitation, "phone", home.phone, Kind.PHONE, world.vault)
    async with world.sessions.begin() as session:
        await set_fuse(session, {world.county})
        session.add(invitation)
        await bind(session, "wx0", b"openid", home.holder.account_id, world.now)
    await _former(home)
    request = await world.do(bureau, data_requests.deletion_request, owner_id=home.owner.id)
    assert request.holds == [], "whoever began a claim holds no post"
    await world.do(await world.bureau(), data_requests.pseudonymise, id=request.id)

    (row,), (sent,) = await world.rows(UnitClaim, id=claim.id), await world.rows(Invitation, id=invitation.id)
    assert row.name == row.name_mask == f"已注销-{str(home.owner.id)[-4:]}"
    assert (row.id_tail, row.phone_sealed, row.code_hash) == (None, None, None)
    assert (sent.phone_sealed, sent.phone_index, sent.phone_mask, sent.state) == (None, None, None, "REVOKED")
    async with world.sessions() as session:
        account = await session.get_one(Account, home.holder.account_id)
        assert await bound_account(session, b"openid") is None
    assert account.status == "CLOSED"


async def test_what_was_sold_lately_is_kept_for_its_time(home: Home) -> None:
    world = home.world
    await world.do(await world.bureau(), people.occupancy_end, id=home.occupancy.id, on=world.today)
    async with world.sessions.begin() as session:
        await set_fuse(session, {world.county})
        for row in await session.scalars(select(Ownership).where(Ownership.owner_id == home.owner.id)):
            row.valid_from, row.valid_to = world.today - timedelta(days=900), world.today - timedelta(days=100)
            row.is_representative = False
    request = await world.do(await world.bureau(), data_requests.deletion_request, owner_id=home.owner.id)
    assert request.holds == ["RETENTION"]


# Data for a case

DISCLOSE = {
    "purpose": "执行案件查找被执行人",
    "legal_basis": "民事诉讼法第253条",
    "case_number": "（2026）鲁0303执1234号",
}


async def _court(home: Home) -> Actor:
    return await home.world.person(Role.COURT, scopes=("filings:public",))


async def test_a_court_reads_just_the_approved_fields_until_the_last_day(home: Home, ask: Ask) -> None:
    world, court, bureau = home.world, await _court(home), await home.world.bureau()
    ask_for = """mutation M($number: String!, $until: Date!) { dataDisclosureRequest(input: {
      purpose: "执行案件查找被执行人", legalBasis: "民事诉讼法第253条", caseNumber: "（2026）鲁0303执1234号",
      fields: [NAME, PHONE, DOCUMENT], expiresOn: $until, documentNumber: $number, idempotencyKey: "r"}) {
      dataRequest { id state subjectDocument owner { name } availableActions { action } } userErrors { code field } } }"""
    until = (world.today + timedelta(days=10)).isoformat()
    asked = (await ask(court, ask_for, number=home.document, until=until))["dataDisclosureRequest"]["dataRequest"]
    assert asked["state"] == "SUBMITTED"
    assert asked["subjectDocument"].endswith(home.document[-4:])
    assert asked["owner"] is None, "it does not say whether there is such a person"
    read = """mutation M($id: ID!) { dataRequestRead(input: {id: $id}) {
      page { persons { subject values { field value } } hasMore } userErrors { code field } } }"""
    early = (await ask(court, read, id=asked["id"]))["dataRequestRead"]
    assert early == {"page": None, "userErrors": [{"code": "ACTION_NOT_AVAILABLE", "field": "id"}]}
    (task,) = await world.rows(Task, case_type="DataRequest", closed_at=None)
    assert task.role == "BUREAU"

    approve = """mutation M($id: ID!) { dataRequestApprove(input: {id: $id, fields: [NAME, PHONE], idempotencyKey: "a"}) {
      dataRequest { state fields } userErrors { code field } } }"""
    assert (await ask(bureau, approve, id=asked["id"]))["dataRequestApprove"]["dataRequest"] == {
        "state": "APPROVED",
        "fields": ["NAME", "PHONE"],
    }
    (referral,) = await world.rows(Referral)
    (subject,) = await world.rows(ReferralSubject)
    assert (referral.client_id, referral.approved_by, referral.scope) == (
        court.client_id,
        bureau.account_id,
        ["NAME", "PHONE"],
    )
    assert (subject.subject_type, subject.subject_id) == ("owner", home.owner.id)

    page = (await ask(court, read, id=asked["id"]))["dataRequestRead"]["page"]
    assert page == {
        "persons": [
            {
                "subject": home.owner_id,
                "values": [{"field": "NAME", "value": home.owner.name}, {"field": "PHONE", "value": home.phone}],
            }
        ],
        "hasMore": False,
    }
    (entry,) = await home.reads(client_id=court.client_id)
    assert (entry.purpose, entry.basis, entry.case_number, entry.legal_basis) == (
        "CASE",
        "LEGAL_DUTY",
        DISCLOSE["case_number"],
        DISCLOSE["legal_basis"],
    )
    assert (entry.subject_account_id, entry.fields) == (home.holder.account_id, ["NAME", "PHONE"])
    # The bureau sees the request and reads nothing under it; nor does another court, which does not even see it.
    seen = (await ask(bureau, read, id=asked["id"]))["dataRequestRead"]
    assert seen["userErrors"] == [{"code": "FORBIDDEN_ROLE", "field": "id"}]
    other = (await ask(await _court(home), read, id=asked["id"]))["dataRequestRead"]
    assert other["userErrors"] == [{"code": "NOT_FOUND", "field": "id"}]

    world.now = datetime.now(UTC) + timedelta(days=11)
    court = await world.actor(client_id=court.client_id)
    (request,) = await world.rows(DataRequest)
    await world.refused(court, disclosed_data.read, ErrorCode.ACTION_NOT_AVAILABLE, "id", id=request.id)
    await world.tick(timers)
    assert [row.state for row in await world.rows(DataRequest)] == ["EXPIRED"]
    assert len(await home.reads(client_id=court.client_id)) == 1


async def test_a_department_reads_the_owners_of_a_unit_and_of_an_estate_page_by_page(home: Home) -> None:
    world = home.world
    market, bureau = await world.person(Role.MARKET, office="市场监督管理局"), await world.bureau()
    until = world.today + timedelta(days=3)
    for scope in ({"unit_id": home.unit.id}, {"estate_id": home.market.estate.id}):
        request = await world.do(
            market, data_requests.disclosure_request, **DISCLOSE, fields=[_F.PHONE], expires_on=until, **scope
        )
        await world.refused(market, data_requests.approve, ErrorCode.FORBIDDEN_ROLE, id=request.id)
        await world.do(bureau, data_requests.approve, id=request.id)
        first = await world.do(market, disclosed_data.read, id=request.id, first=1)
        rest = await world.do(market, disclosed_data.read, id=request.id, after=first.persons[-1].owner_id)
        found = [*first.persons, *rest.persons]
        assert (first.more, rest.more) == (True, False)
        assert {person.owner_id for person in found} == {home.owner.id, home.co_owner.id}
        assert {tuple(person.values) for person in found} == {(_F.PHONE,)}
    (opened, _) = await world.rows(Referral)
    assert (opened.client_id, opened.account_id) == (None, market.account_id)
    assert opened.id in await world.sees(market, Referral)
    assert await world.sees(await world.person(Role.MARKET), Referral) == set()
    assert len(await home.reads(account_id=market.account_id)) == 4


async def test_a_revoked_request_opens_nothing_at_once(home: Home) -> None:
    world, court, bureau = home.world, await _court(home), await home.world.bureau()
    until = world.today + timedelta(days=3)
    request = await world.do(
        court, data_requests.disclosure_request, **DISCLOSE, fields=[_F.NAME], expires_on=until,
        document_number=home.document,
    )  # fmt: skip
    await world.do(bureau, data_requests.approve, id=request.id, expires_on=world.today)
    assert len((await world.do(court, disclosed_data.read, id=request.id)).persons) == 1
    revoked = await world.do(bureau, data_requests.revoke, id=request.id, reason="案件撤回")
    assert revoked.state == "REVOKED"
    await world.refused(court, disclosed_data.read, ErrorCode.ACTION_NOT_AVAILABLE, id=request.id)


async def test_an_approval_gives_no_more_than_was_asked_for(home: Home) -> None:
    world, court, bureau = home.world, await _court(home), await home.world.bureau()
    until = world.today + timedelta(days=3)
    request = await world.do(
        court, data_requests.disclosure_request, **DISCLOSE, fields=[_F.NAME], expires_on=until,
        document_number=home.document,
    )  # fmt: skip
    more = {"fields": [_F.NAME, _F.PHONE]}, {"expires_on": until + timedelta(days=1)}
    for given, field in zip(more, ("fields", "expiresOn"), strict=True):
        await world.refused(bureau, data_requests.approve, ErrorCode.OUT_OF_RANGE, field, id=request.id, **given)
    withdrawn = await world.do(court, data_requests.withdraw, id=request.id)
    assert withdrawn.state == "WITHDRAWN"


async def test_a_bureaus_own_request_is_approved_by_somebody_else(home: Home) -> None:
    world, clerk = home.world, await home.world.bureau()
    until = world.today + timedelta(days=3)
    request = await world.do(
        clerk, data_requests.disclosure_request, **DISCLOSE, fields=[_F.NAME], expires_on=until, unit_id=home.unit.id
    )
    await world.refused(clerk, data_requests.approve, ErrorCode.OWN_APPLICATION, id=request.id)
    await world.do(await world.bureau(), data_requests.approve, id=request.id)
    assert len((await world.do(clerk, disclosed_data.read, id=request.id)).persons) == 2


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"legal_basis": " "}, ErrorCode.REQUIRED, "legalBasis"),
        ({"case_number": ""}, ErrorCode.REQUIRED, "caseNumber"),
        ({"purpose": ""}, ErrorCode.REQUIRED, "purpose"),
        ({"purpose": "查13812345678"}, ErrorCode.INVALID_INPUT, "purpose"),
        ({"fields": []}, ErrorCode.REQUIRED, "fields"),
        ({"fields": [_F.CONTACT_PHONE]}, ErrorCode.INVALID_INPUT, "fields"),
        ({"document_number": None}, ErrorCode.REQUIRED, "documentNumber"),
        ({"unit_number": "370303001001GB00001F00010001"}, ErrorCode.REQUIRED, "documentNumber"),
        ({"document_number": None, "unit_number": "370303"}, ErrorCode.NOT_FOUND, "unitNumber"),
    ],
)
async def test_a_request_for_a_case_names_everything(
    home: Home, changes: dict[str, Any], code: ErrorCode, field: str
) -> None:
    given = {
        **DISCLOSE,
        "fields": [_F.NAME],
        "expires_on": home.world.today,
        "document_number": home.document,
        **changes,
    }
    await home.world.refused(await _court(home), data_requests.disclosure_request, code, field, **given)


async def test_residents_companies_and_past_days_ask_for_nothing(home: Home) -> None:
    world = home.world
    given = {**DISCLOSE, "fields": [_F.NAME], "document_number": home.document}
    for who in (home.holder, home.market.admin, await world.community_office()):
        await world.refused(
            who, data_requests.disclosure_request, ErrorCode.FORBIDDEN_ROLE, **given, expires_on=world.today
        )
    yesterday = world.today - timedelta(days=1)
    with pytest.raises(Refusal) as refusal:
        await world.do(await _court(home), data_requests.disclosure_request, **given, expires_on=yesterday)
    assert (refusal.value.code, refusal.value.field) == (ErrorCode.OUT_OF_RANGE, "expiresOn")


async def test_a_person_who_is_not_in_the_register_is_found_out_by_the_bureau_only(home: Home) -> None:
    world, court = home.world, await _court(home)
    request = await world.do(
        court, data_requests.disclosure_request, **DISCLOSE, fields=[_F.NAME], expires_on=world.today,
        document_number=make_id_number(99),
    )  # fmt: skip
    assert request.state == "SUBMITTED"
    await world.refused(await world.bureau(), data_requests.approve, ErrorCode.NOT_FOUND, "id", id=request.id)


async def test_requests_are_seen_by_their_applicant_and_who_decides(home: Home) -> None:
    world, court = home.world, await _court(home)
    own = await world.do(home.holder, data_requests.correction_request, subject=("Owner", home.owner.id), name="新")
    case = await world.do(
        court, data_requests.disclosure_request, **DISCLOSE, fields=[_F.NAME], expires_on=world.today,
        document_number=home.document,
    )  # fmt: skip
    offices = await officials(world)
    assert await world.sees(home.holder, DataRequest) == {own.id}
    assert await world.sees(court, DataRequest) == {case.id}
    assert await world.sees(offices[Role.BUREAU], DataRequest) == {own.id, case.id}
    assert await world.sees(offices[Role.COMMUNITY], DataRequest) == {own.id}
    assert await world.sees(offices[Role.TOWNSHIP], DataRequest) == {own.id}
    for nobody in (home.co_holder, home.tenant, home.market.admin, await world.person(Role.PRICE), await _court(home)):
        assert await world.sees(nobody, DataRequest) == set()
    (actor,) = {row.applicant_id for row in await world.rows(DataRequest, id=case.id)}
    async with world.sessions() as session:
        standing = await session.get_one(Account, actor)
    assert (standing.status, standing.phone_index, standing.login) == ("SUSPENDED", None, f"client:{court.client_id}")

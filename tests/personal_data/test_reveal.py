"""Plain values for named roles with a reason on record, and the log that the person concerned reads (PRI-6, PRI-7)."""

import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from domain.errors import ErrorCode
from domain.personal_data import PersonalField, ProcessingPurpose
from domain.roles import Role
from models.base import new_id
from models.personal_data import PersonalDataRead
from resolvers import personal_data
from resolvers.unit_of_work import set_fuse
from tests.personal_data.conftest import Ask, Home, officials

REVEAL = """mutation M($subject: ID!, $fields: [PersonalField!]!, $purpose: ProcessingPurpose!, $reason: String!) {
  personalDataReveal(input: {subject: $subject, fields: $fields, purpose: $purpose, reason: $reason}) {
    revealed { subject values { field value } } userErrors { code field } } }"""
LOG = """{ personalDataReads { totalCount nodes {
  fields purpose basis reason role office operation operationId subject subjectType byMyself } } }"""


async def _reveal(
    ask: Ask, who: Any, subject: str, *fields: str, purpose: str = "REGISTER", reason: str = "核对登记"
) -> Any:
    given = {"subject": subject, "fields": list(fields), "purpose": purpose, "reason": reason}
    return (await ask(who, REVEAL, **given))["personalDataReveal"]


@pytest.mark.parametrize("role", [Role.BUREAU, Role.TOWNSHIP, Role.COMMUNITY])
async def test_an_office_of_the_place_gets_document_and_phone_and_is_on_record(
    home: Home, ask: Ask, role: Role
) -> None:
    official = (await officials(home.world))[role]
    answer = await _reveal(ask, official, home.owner_id, "DOCUMENT", "PHONE")
    assert answer["userErrors"] == []
    assert answer["revealed"] == {
        "subject": home.owner_id,
        "values": [{"field": "DOCUMENT", "value": home.document}, {"field": "PHONE", "value": home.phone}],
    }
    (entry,) = await home.reads()
    assert (entry.subject_type, entry.subject_id, entry.owner_id) == ("Owner", home.owner.id, home.owner.id)
    assert (entry.account_id, entry.role, entry.subject_account_id) == (
        official.account_id,
        role.value,
        home.holder.account_id,
    )
    assert (entry.fields, entry.purpose, entry.basis) == (["DOCUMENT", "PHONE"], "REGISTER", "LEGAL_DUTY")
    assert (entry.reason, entry.operation, entry.request_id) == ("核对登记", "personalDataReveal", "test")


async def test_the_company_that_serves_gets_phones_for_its_contract_and_no_documents(home: Home, ask: Ask) -> None:
    admin = home.market.admin
    shown = await _reveal(ask, admin, home.owner_id, "PHONE", purpose="SERVICE", reason="漏水联系业主")
    assert shown["revealed"]["values"] == [{"field": "PHONE", "value": home.phone}]
    (entry,) = await home.reads()
    assert (entry.role, entry.purpose, entry.basis) == ("COMPANY_ADMIN", "SERVICE", "CONTRACT")
    refused = await _reveal(ask, admin, home.owner_id, "PHONE", "DOCUMENT", purpose="SERVICE")
    assert refused == {"revealed": None, "userErrors": [{"code": "FORBIDDEN_ROLE", "field": "fields"}]}
    assert len(await home.reads()) == 1, "what was not shown is no read"


async def test_staff_committee_price_and_banks_reveal_nothing(home: Home, ask: Ask) -> None:
    world = home.world
    for who, code in (
        (home.market.cashier, "FORBIDDEN_ROLE"),
        (await world.person(Role.COMMITTEE, committee_id=new_id(), area_id=home.market.area.id), "FORBIDDEN_ROLE"),
        (await world.person(Role.PRICE), "NOT_FOUND"),
        (await world.person(Role.MARKET), "NOT_FOUND"),
        (await world.person(Role.BANK, scopes=("fees:collect",)), "NOT_FOUND"),
        (await world.person(Role.COURT, scopes=("filings:public",)), "NOT_FOUND"),
        (await world.township_office(world.other_township), "NOT_FOUND"),
        (await world.community_office(world.sibling_community), "NOT_FOUND"),
        (home.tenant, "NOT_FOUND"),
    ):
        answer = await _reveal(ask, who, home.owner_id, "PHONE", purpose="REGISTER")
        assert answer["revealed"] is None
        assert [error["code"] for error in answer["userErrors"]] == [code], who.roles
    assert await home.reads() == []


async def test_a_hidden_person_is_as_one_that_does_not_exist(home: Home, ask: Ask) -> None:
    stranger = await home.world.township_office(home.world.other_township)
    hidden = await _reveal(ask, stranger, home.owner_id, "PHONE")
    missing = await _reveal(ask, stranger, home.id("Owner", uuid.uuid4()), "PHONE")
    assert hidden == missing == {"revealed": None, "userErrors": [{"code": "NOT_FOUND", "field": "subject"}]}
    wrong = await _reveal(ask, await home.world.bureau(), home.id("Unit", home.unit), "PHONE")
    assert wrong["userErrors"] == [{"code": "NOT_FOUND", "field": "subject"}]


@pytest.mark.parametrize(
    ("purpose", "reason", "code", "field"),
    [
        (ProcessingPurpose.REGISTER, "  ", ErrorCode.PURPOSE_REQUIRED, "reason"),
        (ProcessingPurpose.SERVICE, "核对", ErrorCode.PURPOSE_REQUIRED, "purpose"),
        (ProcessingPurpose.CASE, "核对", ErrorCode.PURPOSE_REQUIRED, "purpose"),
        (ProcessingPurpose.REGISTER, "电话13812345678", ErrorCode.INVALID_INPUT, "reason"),
        (ProcessingPurpose.REGISTER, "证号 11010519491231002x", ErrorCode.INVALID_INPUT, "reason"),
    ],
)
async def test_a_reveal_without_a_purpose_of_the_role_is_refused_and_changes_nothing(
    home: Home, purpose: ProcessingPurpose, reason: str, code: ErrorCode, field: str
) -> None:
    await home.world.refused(
        await home.world.bureau(),
        personal_data.reveal,
        code,
        field,
        subject=("Owner", home.owner.id),
        fields=[PersonalField.PHONE],
        purpose=purpose,
        reason=reason,
    )


async def test_fields_that_the_row_does_not_have_are_refused(home: Home, ask: Ask) -> None:
    bureau = await home.world.bureau()
    for subject, fields in ((home.owner_id, ["CONTACT_PHONE"]), (home.id("Occupancy", home.occupancy), ["DOCUMENT"])):
        assert (await _reveal(ask, bureau, subject, *fields))["userErrors"] == [
            {"code": "INVALID_INPUT", "field": "fields"}
        ]
    assert (await _reveal(ask, bureau, home.owner_id))["userErrors"] == [{"code": "REQUIRED", "field": "fields"}]


async def test_the_own_data_is_shown_to_oneself_and_that_is_on_record_too(home: Home, ask: Ask) -> None:
    mine = await _reveal(ask, home.holder, home.owner_id, "DOCUMENT", purpose="OWN_AFFAIRS", reason="查看")
    assert mine["revealed"]["values"] == [{"field": "DOCUMENT", "value": home.document}]
    tenants = await _reveal(
        ask, home.tenant, home.id("Occupancy", home.occupancy), "PHONE", purpose="OWN_AFFAIRS", reason="查看"
    )
    assert tenants["revealed"]["values"] == [{"field": "PHONE", "value": home.tenant_phone}]
    assert [(entry.account_id, entry.basis) for entry in await home.reads()] == [
        (home.holder.account_id, "CONSENT"),
        (home.tenant.account_id, "CONSENT"),
    ]
    # A joint owner sees that the other holds the unit, and nothing that is the other's own.
    other = await _reveal(ask, home.co_holder, home.owner_id, "PHONE", purpose="OWN_AFFAIRS", reason="查看")
    assert other["revealed"] is None
    # The landlord sees who lives there, but the phone in plain is the tenant's.
    landlord = await _reveal(
        ask, home.holder, home.id("Occupancy", home.occupancy), "PHONE", purpose="OWN_AFFAIRS", reason="查看"
    )
    assert [error["code"] for error in landlord["userErrors"]] == ["FORBIDDEN_ROLE"]


async def test_a_replayed_reveal_shows_nothing_and_stores_no_value(home: Home, ask: Ask) -> None:
    bureau = await home.world.bureau()
    keyed = REVEAL.replace("reason: $reason}", 'reason: $reason, idempotencyKey: "once"}')
    given = {"subject": home.owner_id, "fields": ["PHONE"], "purpose": "REGISTER", "reason": "核对"}
    first = (await ask(bureau, keyed, **given))["personalDataReveal"]
    again = (await ask(bureau, keyed, **given))["personalDataReveal"]
    assert first["revealed"]["values"][0]["value"] == home.phone
    assert again["revealed"] is None
    assert len(await home.reads()) == 1


# Lists


async def test_names_in_lists_are_on_record_one_statement_per_operation(home: Home, ask: Ask) -> None:
    community = await home.world.community_office()
    answer = await ask(community, "{ owners { nodes { name maskedName phone } } estates { nodes { name } } }")
    assert len(answer["owners"]["nodes"]) == 2
    entries = await home.reads()
    assert {entry.subject_id for entry in entries} == {home.owner.id, home.co_owner.id}
    assert {(entry.operation, entry.operation_id, entry.role) for entry in entries} == {
        ("estates,owners", entries[0].operation_id, "COMMUNITY")
    }
    assert {tuple(entry.fields) for entry in entries} == {("NAME",)}
    assert {(entry.purpose, entry.basis) for entry in entries} == {("REGISTER", "LEGAL_DUTY")}


@pytest.mark.parametrize(
    "text",
    [
        "{ owners { nodes { maskedName phone document isMinor } totalCount } }",
        "{ owners { totalCount } estates { nodes { name } } viewer { displayName } }",
    ],
)
async def test_masks_and_counts_are_no_reads(home: Home, ask: Ask, text: str) -> None:
    await ask(await home.world.bureau(), text)
    assert await home.reads() == []


async def test_names_are_on_record_wherever_they_are_reached(home: Home, ask: Ask) -> None:
    bureau = await home.world.bureau()
    for query in (
        "query Q($id: ID!) { node(id: $id) { ... on Owner { called: name } } }",
        "query Q($id: ID!) { nodes(ids: [$id]) { ... on Owner { name } } }",
    ):
        await ask(bureau, query, id=home.owner_id)
    through = "query Q($id: ID!) { node(id: $id) { ... on Unit { ownerships { nodes { owner { name } } } "
    through += "occupancies { nodes { name } } } } }"
    await ask(bureau, through, id=home.id("Unit", home.unit))
    entries = await home.reads()
    assert [entry.subject_id for entry in entries[:2]] == [home.owner.id] * 2
    assert {(entry.subject_type, entry.subject_account_id) for entry in entries[2:]} == {
        ("Owner", home.holder.account_id),
        ("Owner", home.co_holder.account_id),
        ("Occupancy", home.tenant.account_id),
    }


async def test_what_a_payload_shows_is_on_record(home: Home, ask: Ask) -> None:
    text = """mutation M($id: ID!, $on: Date!) { occupancyEnd(input: {id: $id, on: $on}) {
      occupancy { name } userErrors { code } } }"""
    answer = await ask(
        await home.world.bureau(), text, id=home.id("Occupancy", home.occupancy), on=home.world.today.isoformat()
    )
    assert answer["occupancyEnd"]["occupancy"] == {"name": "租客"}
    (entry,) = await home.reads()
    assert (entry.subject_type, entry.operation) == ("Occupancy", "occupancyEnd")


async def test_no_answer_without_its_entry(home: Home, say: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_given: Any, **_more: Any) -> None:
        raise OSError("the log cannot be written")

    monkeypatch.setattr(personal_data, "append_reads", broken)
    with pytest.raises(OSError, match="cannot be written"):
        await say(await home.world.bureau(), "{ owners { nodes { name } } }")


# The log


async def test_the_person_sees_who_read_and_nobody_else_does(home: Home, ask: Ask) -> None:
    official = (await officials(home.world))[Role.TOWNSHIP]
    await _reveal(ask, official, home.owner_id, "PHONE")
    mine = (await ask(home.holder, LOG))["personalDataReads"]
    assert mine["totalCount"] == 1
    assert mine["nodes"][0] | {"operationId": None} == {
        "fields": ["PHONE"],
        "purpose": "REGISTER",
        "basis": "LEGAL_DUTY",
        "reason": "核对登记",
        "role": "TOWNSHIP",
        "office": "街道办事处",
        "operation": "personalDataReveal",
        "operationId": None,
        "subject": home.owner_id,
        "subjectType": "Owner",
        "byMyself": False,
    }
    for other in (home.co_holder, home.tenant, official, home.market.admin, await home.world.community_office()):
        assert (await ask(other, LOG))["personalDataReads"]["totalCount"] == 0
    bureau = await home.world.bureau()
    assert (await ask(bureau, LOG))["personalDataReads"]["totalCount"] == 1, "for audits"


async def test_entries_from_before_the_person_signed_in_are_seen_too(home: Home, ask: Ask) -> None:
    world = home.world
    async with world.sessions.begin() as session:
        await set_fuse(session, {world.county})
        owner = await session.get_one(type(home.owner), (world.county, home.owner.id))
        owner.account_id = None
    await _reveal(ask, await world.bureau(), home.owner_id, "PHONE")
    assert (await ask(home.holder, LOG))["personalDataReads"]["totalCount"] == 0
    async with world.sessions.begin() as session:
        await set_fuse(session, {world.county})
        owner = await session.get_one(type(home.owner), (world.county, home.owner.id))
        owner.account_id = home.holder.account_id
    assert (await ask(home.holder, LOG))["personalDataReads"]["totalCount"] == 1


async def test_the_log_can_be_neither_changed_nor_deleted(home: Home, ask: Ask) -> None:
    await _reveal(ask, await home.world.bureau(), home.owner_id, "PHONE")
    for statement in ("UPDATE personal_data_read SET reason = 'x'", "DELETE FROM personal_data_read"):
        async with home.world.sessions() as session:
            await set_fuse(session, {home.world.county})
            with pytest.raises(ProgrammingError, match="permission denied"):
                await session.execute(text(statement))
    assert len(await home.reads()) == 1


async def test_the_purposes_and_their_bases_are_told(home: Home, ask: Ask) -> None:
    told = (await ask(home.holder, "{ processingPurposes { purpose basis roles } }"))["processingPurposes"]
    by_purpose = {one["purpose"]: one for one in told}
    assert set(by_purpose) == {purpose.value for purpose in ProcessingPurpose}
    assert by_purpose["SERVICE"] == {
        "purpose": "SERVICE",
        "basis": "CONTRACT",
        "roles": ["COMPANY_ADMIN", "PROJECT_LEADER", "COMPANY_STAFF"],
    }
    assert by_purpose["CASE"]["roles"] == ["BANK", "COURT"]


async def test_an_actor_of_several_roles_is_noted_in_the_widest(home: Home, ask: Ask) -> None:
    world = home.world
    both = await world.community_office()
    holder = home.holder
    mixed = replace(holder, grants=(*holder.grants, *(replace(g, account_id=holder.account_id) for g in both.grants)))
    world.now += timedelta(seconds=1)
    await ask(mixed, "{ owners { nodes { name } } }")
    assert {entry.role for entry in await home.reads()} == {"COMMUNITY"}
    assert {row.purpose for row in await world.rows(PersonalDataRead)} == {"REGISTER"}

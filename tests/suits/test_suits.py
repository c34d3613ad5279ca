"""From an expired demand to the court's result, through the API (FEE-13..15, FEE-18, SL-36, SL-37)."""

import hashlib
import json
from typing import Any

import pytest
from sqlalchemy import update

from auth.actor import Actor
from domain.documents import DocumentKind
from domain.roles import Role
from models.disclosures import DisclosureEntry
from models.dunning import DunningCase
from models.fees import FeeBill
from models.personal_data import PersonalDataRead
from models.suits import SuitEvidence
from resolvers import courts
from resolvers.unit_of_work import set_fuse
from tests.acts import Ask, act, done, opaque, refusal, row_of
from tests.dunning.debtors import Debtors
from tests.market import days
from tests.world import World

READY = "query ($id: ID!) { suitReadiness(case: $id) { mayRefer required warnings } }"


async def court(world: World) -> Actor:
    return await world.person(Role.COURT, scopes=("filings:public", "suits:handle"))


async def found(world: World, **said: Any) -> None:
    """Let the court have found something else in all cases."""
    async with world.sessions.begin() as session:
        await set_fuse(session, {world.county})
        await session.execute(update(DunningCase).where(DunningCase.county == world.county).values(**said))


async def referred(debtors: Debtors, to: Actor) -> str:
    """A case that was prepared and referred to a court."""
    case = debtors.id(await debtors.demanded())
    admin = debtors.market.admin
    papers = await debtors.papers(DocumentKind.SUIT_PAPER)
    given = {"id": case, "agentName": "演示律师", "agentContact": "演示律师事务所", "documentIds": papers}
    await done(debtors.ask, admin, "suitPrepare", "case { state }", **given)
    batch = await done(
        debtors.ask, admin, "suitRefer", "batch { caseCount }", caseIds=[case], courtClientId=to.client_id
    )
    assert batch == {"caseCount": 1}
    return case


@pytest.mark.rule("FEE-13", "SM-14")
@pytest.mark.requirement("SL-36")
async def test_only_the_demand_is_required_all_else_warns(ask: Ask, world: World) -> None:
    debtors = await Debtors.owe(world, ask)
    admin, market = debtors.market.admin, debtors.market
    await debtors.night()
    reminded = (await ask(admin, READY, id=debtors.id(await debtors.case())))["suitReadiness"]
    assert reminded["warnings"] == ["TWO_RECORDS", "CONTRACT_FILED"]
    await debtors.night(later=30)
    case = await debtors.case()
    missing = (await ask(admin, READY, id=debtors.id(case)))["suitReadiness"]
    # The contract of this market was never filed here.
    assert missing == {"mayRefer": False, "required": ["DEMAND_EXPIRED"], "warnings": ["CONTRACT_FILED"]}
    await done(ask, admin, "dunningDemandServe", "case { state }", **await debtors.demand(case, ago=0))
    assert (await refusal(ask, admin, "suitPrepare", id=debtors.id(case))) == ("TOO_EARLY", "id")
    await done(ask, admin, "dunningDemandServe", "case { state }", **await debtors.demand(case))

    # Everything that only warns is missing at once, and the case goes to court all the same.
    for _ in range(2):
        await debtors.bill(due=5)
    bill = next(one for one in await market.bills() if one.due_on == case.due_since)
    bill_id = opaque(world.county, "FeeBill", bill)
    await done(ask, await market.resident(), "billDispute", "bill { state }", id=bill_id, reason="服务不到位")
    async with world.sessions.begin() as session:
        await set_fuse(session, {world.county})
        years_ago = {"due_on": world.today - days(4 * 365), "issued_on": world.today - days(4 * 365 + 30)}
        await session.execute(update(FeeBill).where(FeeBill.county == world.county).values(**years_ago))
        taken_down = update(DisclosureEntry).where(DisclosureEntry.county == world.county)
        await session.execute(taken_down.values(current_id=None))
    ready = (await ask(admin, READY, id=debtors.id(case)))["suitReadiness"]
    warnings = ["CONTRACT_FILED", "DISCLOSURE_CURRENT", "NO_OPEN_DISPUTE", "WITHIN_LIMITATION"]
    assert ready == {"mayRefer": True, "required": [], "warnings": warnings}
    assert await done(ask, admin, "suitPrepare", "case { state }", id=debtors.id(case)) == {"state": "READY"}


@pytest.mark.rule("FEE-14")
@pytest.mark.requirement("SL-36")
async def test_the_pack_names_parties_claims_and_evidence(ask: Ask, world: World) -> None:
    debtors = await Debtors.owe(world, ask)
    await debtors.owner(debtors.market.units[0])
    case = await debtors.demanded()
    admin = debtors.market.admin
    prepared = await done(
        ask,
        admin,
        "suitPrepare",
        """case { state edition serviceAddress
          lines { principalSum lateFeeSum nodes { edition position title principal lateFee } }
          parties { nodes { side maskedName creditCode serviceAddress agentName } }
          evidence(first: 50) { nodes { position kind title sha256 size document { kind } content } } }""",
        id=debtors.id(case),
        agentName="演示律师",
        serviceAddress="演示路1号1幢101（户籍地址同）",
    )
    assert (prepared["state"], prepared["edition"]) == ("READY", 1)
    [line] = prepared["lines"]["nodes"]
    # ¥120.00, 100 days late at 0.05 % a day: ¥6.00.
    assert (line["principal"], line["lateFee"], line["position"]) == (12_000, 600, 1)
    assert (prepared["lines"]["principalSum"], prepared["lines"]["lateFeeSum"]) == (12_000, 600)
    plaintiff, defendant = prepared["parties"]["nodes"]
    assert plaintiff["side"] == "PLAINTIFF"
    assert plaintiff["creditCode"] == debtors.market.company.credit_code
    assert (plaintiff["maskedName"], plaintiff["agentName"]) == (debtors.market.company.name, "演示律师")
    assert (defendant["side"], defendant["maskedName"]) == ("DEFENDANT", "王*")
    assert defendant["serviceAddress"] == "演示路1号1幢101（户籍地址同）"
    evidence = prepared["evidence"]["nodes"]
    assert [one["position"] for one in evidence] == list(range(1, len(evidence) + 1))
    kinds = [one["kind"] for one in evidence]
    assert kinds == [
        "CONTRACT",
        "OWNERSHIP",
        "PRICE",
        "DISCLOSURE",
        "BILLS",
        "PAYMENTS",
        "DEMAND",
        "DEMAND",
        "DUNNING",
    ]
    assert [one["document"]["kind"] for one in evidence if one["document"]] == ["DEMAND_LETTER", "SERVICE_PROOF"]
    for one in await world.rows(SuitEvidence):
        if one.content is not None:
            text = json.dumps(one.content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
            assert (one.sha256, one.size) == (hashlib.sha256(text).hexdigest(), len(text))
    assert "王小明" not in json.dumps(prepared, ensure_ascii=False)


@pytest.mark.rule("FEE-15", "SM-14")
@pytest.mark.requirement("SL-37")
async def test_the_court_alone_records_what_becomes_of_it_and_the_company_sees_each_step(
    ask: Ask, world: World
) -> None:
    debtors = await Debtors.owe(world, ask)
    judge, other, admin = await court(world), await court(world), debtors.market.admin
    without_scope = await world.person(Role.COURT, scopes=("filings:public",))
    case = await referred(debtors, judge)
    for stranger in (other, without_scope):
        assert await row_of(ask, stranger, case, "state") is None
        assert await refusal(ask, stranger, "suitReceive", id=case) == ("NOT_FOUND", "id")
    before = await world.fingerprint()
    for who in (admin, await world.bureau(), debtors.committee):
        assert (await refusal(ask, who, "suitReceive", id=case))[0] == "FORBIDDEN_ROLE"
    assert before == await world.fingerprint()

    listed = "{ dunningCases(where: {state: SUIT_REFERRED}) { nodes { title availableActions { action } } } }"
    [shown] = (await ask(judge, listed))["dunningCases"]["nodes"]
    assert [one["action"] for one in shown["availableActions"]] == ["RECEIVE"]
    received = await done(ask, judge, "suitReceive", "case { state receivedOn dueOn unit { name } }", id=case)
    assert received == {
        "state": "COURT_RECEIVED",
        "receivedOn": world.today.isoformat(),
        "dueOn": received["dueOn"],
        "unit": None,
    }
    assert received["dueOn"] >= (world.today + days(7)).isoformat()  # on a working day
    wanted = {"id": case, "wanted": ["授权委托书", "送达地址确认书"], "dueOn": (world.today + days(5)).isoformat()}
    await done(ask, judge, "suitCorrectionWant", "case { state }", **wanted)
    asked = await row_of(ask, admin, case, "state correctionItems correctionDueOn")
    assert (asked["state"], asked["correctionItems"]) == ("CORRECTION", ["授权委托书", "送达地址确认书"])
    papers = await debtors.papers(DocumentKind.SUIT_PAPER)
    corrected = await done(
        ask, admin, "suitCorrect", "case { state edition }", id=case, note="已补交", documentIds=papers
    )
    assert corrected == {"state": "COURT_RECEIVED", "edition": 2}
    number = "（2026）鲁0303诉前调1号"
    await done(ask, judge, "suitMediationNumber", "case { state }", id=case, number=number)
    filed = await done(
        ask, judge, "suitFile", "case { state courtCaseNumber filedOn }", id=case, caseNumber="（2026）鲁0303民初1号"
    )
    assert filed == {
        "state": "FILED",
        "courtCaseNumber": "（2026）鲁0303民初1号",
        "filedOn": world.today.isoformat(),
    }
    result = {"id": case, "result": "JUDGED", "resultOn": world.today.isoformat(), "summary": "支持全部诉请"}
    assert await refusal(ask, judge, "suitResultRecord", **result) == ("REQUIRED", "amount")
    effective = {**result, "amount": 12_600, "effectiveOn": world.today.isoformat()}
    judged = await done(ask, judge, "suitResultRecord", "case { state resultAmount }", **effective)
    assert judged == {"state": "JUDGED", "resultAmount": 12_600}
    seen = await row_of(ask, admin, case, "mediationNumber records(first: 50) { nodes { step note } }")
    assert seen["mediationNumber"] == number
    steps = [one["note"] for one in seen["records"]["nodes"] if one["step"] == "COURT"]
    assert steps == [
        "RECEIVE",
        "WANT_CORRECTION：授权委托书；送达地址确认书",
        f"NUMBER_MEDIATION：{number}",
        "FILE：（2026）鲁0303民初1号",
        "RECORD_JUDGED：支持全部诉请",
    ]
    assert await done(ask, judge, "suitPerform", "case { state }", id=case) == {"state": "PERFORMED"}


@pytest.mark.rule("FEE-18")
@pytest.mark.requirement("TQ-45")
async def test_only_the_court_lists_and_only_who_could_pay(ask: Ask, world: World) -> None:
    debtors = await Debtors.owe(world, ask)
    judge = await court(world)
    case = await referred(debtors, judge)
    await done(ask, judge, "suitReceive", "case { state }", id=case)
    await done(ask, judge, "suitFile", "case { state }", id=case, caseNumber="1")
    result = {"id": case, "result": "JUDGED", "resultOn": world.today.isoformat(), "amount": 12_600}
    await done(ask, judge, "suitResultRecord", "case { state }", **result)
    # Not in effect: nothing to enforce, and nobody is listed.
    assert await refusal(ask, judge, "suitEnforce", id=case, ableDebtor=True) == ("REQUIRED", "effectiveOn")
    listing = {"id": case, "reason": "有能力而拒不履行"}
    assert (await refusal(ask, judge, "suitCreditList", **listing))[0] == "ACTION_NOT_AVAILABLE"
    await found(world, effective_on=world.today)
    await done(ask, judge, "suitEnforce", "case { state }", id=case, ableDebtor=False)
    assert await refusal(ask, judge, "suitCreditList", **listing) == ("DEBTOR_UNABLE", "id")
    await found(world, able_debtor=True)
    for who in (debtors.market.admin, debtors.committee, await world.bureau()):
        assert (await refusal(ask, who, "suitCreditList", **listing))[0] == "FORBIDDEN_ROLE"
    listed = await done(ask, judge, "suitCreditList", "case { state creditListedOn courtReason }", **listing)
    assert listed == {
        "state": "CREDIT_LISTED",
        "creditListedOn": world.today.isoformat(),
        "courtReason": "有能力而拒不履行",
    }


async def test_a_rejected_case_is_prepared_anew_and_similar_cases_go_together(ask: Ask, world: World) -> None:
    debtors = await Debtors.owe(world, ask, units=2)
    judge, admin = await court(world), debtors.market.admin
    first = await debtors.demanded()
    second = await debtors.case(debtors.market.units[1])
    await done(ask, admin, "dunningDemandServe", "case { state }", **await debtors.demand(second))
    ids = [debtors.id(first), debtors.id(second)]
    await done(ask, admin, "suitPrepare", "case { state }", id=ids[0])
    before = await world.fingerprint()
    refer = {"caseIds": ids, "courtClientId": judge.client_id}
    assert (await refusal(ask, admin, "suitRefer", **refer))[0] == "ACTION_NOT_AVAILABLE"  # one is not prepared
    assert before == await world.fingerprint()
    await done(ask, admin, "suitPrepare", "case { state }", id=ids[1])
    nobody = await act(ask, admin, "suitRefer", "batch { caseCount }", caseIds=ids, courtClientId="nobody")
    assert nobody["userErrors"] == [{"code": "NOT_FOUND", "field": "courtClientId"}]
    await done(ask, admin, "suitRefer", "batch { caseCount cases { totalCount } }", **refer)
    batches = "{ suitBatches { nodes { caseCount cases { totalCount nodes { state } } } } }"
    [batch] = (await ask(judge, batches))["suitBatches"]["nodes"]
    assert batch == {"caseCount": 2, "cases": {"totalCount": 2, "nodes": [{"state": "SUIT_REFERRED"}] * 2}}
    await done(ask, judge, "suitReceive", "case { state }", id=ids[0])
    await done(ask, judge, "suitReject", "case { state }", id=ids[0], reason="被告住址不明")
    assert await row_of(ask, admin, ids[0], "state courtReason") == {"state": "REJECTED", "courtReason": "被告住址不明"}
    again = await done(ask, admin, "suitPrepare", "case { state edition }", id=ids[0], serviceAddress="新地址")
    assert again == {"state": "READY", "edition": 2}
    assert await row_of(ask, judge, ids[0], "state") is None  # it is with the company again


@pytest.mark.rule("FEE-15")
async def test_a_court_reads_who_is_sued_for_a_purpose_and_on_record(ask: Ask, world: World) -> None:
    debtors = await Debtors.owe(world, ask)
    owner = await debtors.owner(debtors.market.units[0])
    judge = await court(world)
    case = await referred(debtors, judge)
    read = {"id": case, "purpose": "送达起诉状副本", "legalBasis": "民事诉讼法（演示）"}
    before = await world.fingerprint()
    assert await refusal(ask, judge, "suitPartiesRead", **{**read, "purpose": " "}) == ("PURPOSE_REQUIRED", "purpose")
    assert (await refusal(ask, debtors.market.admin, "suitPartiesRead", **read))[0] == "FORBIDDEN_ROLE"
    assert before == await world.fingerprint()
    told = await done(ask, judge, "suitPartiesRead", "parties { defendants { values { field value } } }", **read)
    [defendant] = told["defendants"]
    assert {one["field"]: one["value"] for one in defendant["values"]} == {
        "NAME": "王小明",
        "DOCUMENT": "11010519491231002X",
        "PHONE": "13812345678",
        "AGENT_NAME": None,
    }
    [logged] = await world.rows(PersonalDataRead, operation="suitPartiesRead")
    assert (logged.owner_id, logged.reason, logged.legal_basis) == (owner.id, "送达起诉状副本", "民事诉讼法（演示）")
    assert (logged.client_id, logged.purpose) == (judge.client_id, "CASE")


@pytest.mark.rule("FEE-15")
async def test_a_suit_not_filed_within_the_days_is_overdue_in_its_courts_queue(ask: Ask, world: World) -> None:
    debtors = await Debtors.owe(world, ask)
    judge, other = await court(world), await court(world)
    case = await referred(debtors, judge)
    queue = """{ viewer { taskCounts { caseType open overdue }
      tasks(first: 5) { nodes { caseId state actions dueOn isOverdue } } } }"""

    async def waiting(who: Actor) -> Any:
        return (await ask(who, queue))["viewer"]

    [task] = (await waiting(judge))["tasks"]["nodes"]
    assert task == {
        "caseId": case,
        "state": "SUIT_REFERRED",
        "actions": ["RECEIVE"],
        "dueOn": None,
        "isOverdue": False,
    }
    row = await debtors.case()
    world.now -= days(30)
    await world.do(judge, courts.receive, id=row.id)
    world.now += days(30)
    shown = await waiting(judge)
    [task] = shown["tasks"]["nodes"]
    assert (task["state"], task["isOverdue"]) == ("COURT_RECEIVED", True)
    assert "FILE" in task["actions"]
    # Seven days from receipt, or the first working day after them.
    assert (world.today - days(23)).isoformat() <= task["dueOn"] < (world.today - days(10)).isoformat()
    assert shown["taskCounts"] == [{"caseType": "DunningCase", "open": 1, "overdue": 1}]
    without_scope = await world.person(Role.COURT, scopes=("filings:public",))
    for stranger in (other, without_scope):
        assert (await waiting(stranger))["tasks"]["nodes"] == []

    # Late is seen, not refused; then nothing of it is overdue any more.
    await done(ask, judge, "suitFile", "case { state }", id=case, caseNumber="（2026）鲁0303民初2号")
    [task] = (await waiting(judge))["tasks"]["nodes"]
    assert (task["state"], task["dueOn"], task["isOverdue"]) == ("FILED", None, False)


@pytest.mark.rule("FEE-15", "SM-14")
async def test_a_payment_order_has_effect_unless_the_debtor_objects_within_fifteen_days(ask: Ask, world: World) -> None:
    debtors = await Debtors.owe(world, ask)
    judge, admin = await court(world), debtors.market.admin
    case = await referred(debtors, judge)
    await done(ask, judge, "suitReceive", "case { state }", id=case)
    filing = {"id": case, "caseNumber": "（2026）鲁0303民督1号", "paymentOrder": True}
    filed = await done(ask, judge, "suitFile", "case { state orderDueOn dueOn }", **filing)
    issued_by = (world.today + days(15)).isoformat()
    assert (filed["state"], filed["orderDueOn"], filed["dueOn"]) == ("FILED", issued_by, issued_by)
    order: dict[str, Any] = {"id": case, "amount": 12_600, "servedOn": world.today.isoformat()}
    assert (await refusal(ask, admin, "suitOrderIssue", **order))[0] == "FORBIDDEN_ROLE"
    tomorrow = (world.today + days(1)).isoformat()
    assert await refusal(ask, judge, "suitOrderIssue", **{**order, "servedOn": tomorrow}) == (
        "OUT_OF_RANGE",
        "servedOn",
    )
    assert await refusal(ask, judge, "suitOrderIssue", **{**order, "amount": 0}) == ("OUT_OF_RANGE", "amount")
    shown = "case { state resultAmount effectiveOn orderServedOn orderDueOn }"
    issued = await done(ask, judge, "suitOrderIssue", shown, **order)
    effective = world.today + days(16)
    assert issued == {
        "state": "ORDERED",
        "resultAmount": 12_600,
        "effectiveOn": effective.isoformat(),
        "orderServedOn": world.today.isoformat(),
        "orderDueOn": issued_by,
    }
    assert await refusal(ask, judge, "suitEnforce", id=case, ableDebtor=True) == ("TOO_EARLY", "id")

    # An objection in time ends the order, and what goes on is a suit: no order can be issued in it.
    ended = await done(ask, judge, "suitOrderEnd", shown, id=case)
    assert (ended["state"], ended["resultAmount"], ended["effectiveOn"], ended["orderDueOn"]) == (
        "FILED",
        None,
        None,
        None,
    )
    assert (await refusal(ask, judge, "suitOrderIssue", **order))[0] == "ACTION_NOT_AVAILABLE"

    await found(world, order_due_on=world.today)
    await done(ask, judge, "suitOrderIssue", shown, **order)
    await found(world, effective_on=world.today)
    assert await refusal(ask, judge, "suitOrderEnd", id=case) == ("LATE", "id")
    assert await done(ask, judge, "suitEnforce", "case { state }", id=case, ableDebtor=True) == {"state": "ENFORCING"}


@pytest.mark.rule("FEE-14", "FEE-15")
async def test_a_court_opens_the_documents_in_evidence_of_suits_before_it_and_no_others(ask: Ask, world: World) -> None:
    debtors = await Debtors.owe(world, ask)
    judge, other, admin = await court(world), await court(world), debtors.market.admin
    case = debtors.id(await debtors.demanded())
    unnumbered = await debtors.papers(DocumentKind.SUIT_PAPER)
    await done(ask, admin, "suitPrepare", "case { state }", id=case, documentIds=unnumbered)
    numbered = [
        opaque(world.county, "Document", piece.document_id)
        for piece in await world.rows(SuitEvidence)
        if piece.document_id is not None
    ]
    assert len(numbered) == 2
    assert [await row_of(ask, judge, paper, "kind") for paper in numbered] == [None, None]  # not referred yet
    await done(ask, admin, "suitRefer", "batch { caseCount }", caseIds=[case], courtClientId=judge.client_id)

    evidence = await row_of(ask, judge, case, "evidence(first: 50) { nodes { sha256 document { id kind sha256 } } }")
    papers = [piece for piece in evidence["evidence"]["nodes"] if piece["document"]]
    assert [piece["document"]["id"] for piece in papers] == numbered
    assert [piece["document"]["kind"] for piece in papers] == ["DEMAND_LETTER", "SERVICE_PROOF"]
    assert all(piece["sha256"] == piece["document"]["sha256"] for piece in papers)
    assert await row_of(ask, admin, unnumbered[0], "kind") == {"kind": "SUIT_PAPER"}
    assert await row_of(ask, judge, unnumbered[0], "kind") is None
    for paper in numbered:
        assert await row_of(ask, other, paper, "kind") is None
    # Rejected and prepared anew, it is with the company again, and its papers are.
    await done(ask, judge, "suitReceive", "case { state }", id=case)
    await done(ask, judge, "suitReject", "case { state }", id=case, reason="被告住址不明")
    await done(ask, admin, "suitPrepare", "case { state }", id=case)
    assert [await row_of(ask, judge, paper, "kind") for paper in numbered] == [None, None]

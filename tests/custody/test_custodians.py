"""Custodian banks: chosen by tender, assessed each year, terminated, and left with not a fen (SM-17, SL-1 to SL-4)."""

from datetime import date, timedelta
from typing import Any

import pytest

from auth.actor import Actor
from domain.custodians import CustodianState
from domain.documents import DocumentKind
from domain.errors import ErrorCode, Refusal
from domain.ledger import AccountKind, TransactionKind, credit, debit
from domain.payment_instructions import InstructionPurpose, Payee
from domain.roles import Role
from models.custodians import Custodian, CustodianAssessment, CustodianBid, CustodianTender, CustodyTransfer
from models.custody import BankAccount, Custody
from models.payment_instructions import PaymentInstruction
from resolvers import custodians, custody, ledger
from resolvers.books import verify
from resolvers.payment_instructions import instruct
from resolvers.unit_of_work import UnitOfWork
from tests.acts import Ask, done, opaque, refusal, row_of
from tests.stage import Place, Stage

ITEMS = {"SAFETY": 30, "PAYMENT": 20, "QUERY_SERVICE": 15, "YIELD": 15, "SYSTEM": 10, "STATEMENTS": 10}


def scored(points: int) -> list[dict[str, Any]]:
    """Scores that come to so many points, each item as full as it goes."""
    scores = []
    for item, worth in ITEMS.items():
        given = min(worth, points)
        scores.append({"item": item, "points": given})
        points -= given
    return scores


async def papers(stage: Stage, who: Actor, *kinds: DocumentKind) -> list[str]:
    return [opaque(stage.county, "Document", await stage.paper(who, kind)) for kind in kinds]


@pytest.mark.rule("SM-17", "FUND-33")
@pytest.mark.requirement("SL-1", "SL-2", "SL-3")
async def test_from_the_tender_to_a_years_assessment(live: Stage, ask: Ask) -> None:
    bureau, bank, owner = await live.actor(Role.BUREAU), await live.bank(), await live.owner(await live.place())
    opening = {"county": live.county, "title": "维修资金专户管理银行招标", "closesOn": live.today.isoformat()}
    past = {**opening, "closesOn": "2020-01-01"}
    assert await refusal(ask, bureau, "custodianTenderOpen", **past) == ("OUT_OF_RANGE", "closesOn")
    assert await refusal(ask, bank, "custodianTenderOpen", **opening) == ("FORBIDDEN_ROLE", None)
    tender = await done(ask, bureau, "custodianTenderOpen", "tender { id state }", **opening)
    here = {"id": tender["id"]}
    bids = [
        {"bankName": name, "scores": scored(points)}
        for name, points in (("甲银行", 90), ("乙银行", 85), ("丙银行", 70))
    ]
    wrong = [{**bids[0], "scores": [{"item": "SAFETY", "points": 31}, *bids[0]["scores"][1:]]}, *bids[1:]]
    short = [{**bids[0], "scores": bids[0]["scores"][:5]}, *bids[1:]]
    for given, expected in (
        (bids[:2], ("TOO_FEW_BIDDERS", "bids")),
        ([*bids[:2], bids[0]], ("TOO_FEW_BIDDERS", "bids")),
        (wrong, ("OUT_OF_RANGE", "bids.0.scores.0.points")),
        (short, ("INVALID_INPUT", "bids.0.scores")),
    ):
        assert await refusal(ask, bureau, "custodianTenderEvaluate", **here, bids=given) == expected
    early = await done(
        ask,
        bureau,
        "custodianTenderOpen",
        "tender { id }",
        **{**opening, "closesOn": (live.today + timedelta(1)).isoformat()},
    )
    assert await refusal(ask, bureau, "custodianTenderEvaluate", id=early["id"], bids=bids) == ("TOO_EARLY", None)
    assert await refusal(ask, bureau, "custodianTenderAward", **here, bidIds=[], documentIds=[]) == (
        "ACTION_NOT_AVAILABLE",
        "id",
    )
    assert await live.rows(CustodianBid) == []
    await done(ask, bureau, "custodianTenderEvaluate", "tender { state }", **here, bids=bids)
    published = await row_of(ask, owner, tender["id"], "state scoredOn bids { nodes { bankName points } }")
    assert published["scoredOn"] == live.today.isoformat()
    assert {(bid["bankName"], bid["points"]) for bid in published["bids"]["nodes"]} == {
        ("甲银行", 90),
        ("乙银行", 85),
        ("丙银行", 70),
    }

    ids = {row.bank_name: opaque(live.county, "CustodianBid", row) for row in await live.rows(CustodianBid)}
    notice = await papers(live, bureau, DocumentKind.TENDER_RESULT)
    for winners, documents, expected in (
        ([], notice, ("REQUIRED", "bidIds")),
        (["甲银行", "丙银行"], notice, ("INVALID_INPUT", "bidIds")),
        (["甲银行"], [], ("MISSING_DOCUMENT", "documents")),
    ):
        given = {"bidIds": [ids[name] for name in winners], "documentIds": documents}
        assert await refusal(ask, bureau, "custodianTenderAward", **here, **given) == expected
    winners = [ids["甲银行"], ids["乙银行"]]
    await done(ask, bureau, "custodianTenderAward", "tender { state }", **here, bidIds=winners, documentIds=notice)
    assert [row.state for row in await live.rows(CustodianTender)] == ["AWARDED", "TENDER"]
    rows = {row.bank_name: row for row in await live.rows(Custodian)}
    assert {name: row.state for name, row in rows.items()} == {"甲银行": "AWARDED", "乙银行": "AWARDED"}

    case = {"id": opaque(live.county, "Custodian", rows["甲银行"])}
    contract = {
        "clientId": bank.client_id,
        "contractNumber": "ZH-2025-1",
        "contractFrom": f"{live.today.year - 1}-03-01",
        "contractTo": f"{live.today.year + 2}-02-28",
        "documentIds": await papers(live, bureau, DocumentKind.CONTRACT),
    }
    for changed, expected in (
        ({"clientId": "nobody"}, ("NOT_FOUND", "clientId")),
        ({"contractTo": "2020-01-01"}, ("OUT_OF_RANGE", "contractTo")),
        ({"documentIds": []}, ("MISSING_DOCUMENT", "documents")),
    ):
        assert await refusal(ask, bureau, "custodianSign", **case, **{**contract, **changed}) == expected
    state = "custodian { state }"
    assert await done(ask, bureau, "custodianSign", state, **case, **contract) == {"state": "CONTRACTED"}
    other = {"id": opaque(live.county, "Custodian", rows["乙银行"])}
    papers_of_it = {"documentIds": await papers(live, bureau, DocumentKind.CONTRACT)}
    assert await refusal(ask, bureau, "custodianSign", **other, **{**contract, **papers_of_it}) == (
        "ALREADY_REGISTERED",
        "clientId",
    )
    await live.tick()  # it begins by itself; last year is over and is to be assessed
    await live.tick()
    begun = await row_of(ask, bank, case["id"], "state yearEnd dueOn")
    assert begun == {
        "state": "ASSESSING",
        "yearEnd": f"{live.today.year - 1}-12-31",
        "dueOn": f"{live.today.year}-01-31",
    }

    finding = {"scores": scored(59), "reason": "对账不及时"}
    assert await refusal(ask, bureau, "custodianAssess", **case, **finding) == ("MISSING_DOCUMENT", "documents")
    measures = {"county": live.county, "title": "专户管理银行考核办法"}
    (report,) = await papers(live, bureau, DocumentKind.REPORT)
    assert await refusal(ask, bureau, "custodianMeasuresIssue", **measures, documentId=report) == (
        "MISSING_DOCUMENT",
        "documentId",
    )
    (paper,) = await papers(live, bureau, DocumentKind.ASSESSMENT_MEASURES)
    issued = await done(
        ask, bureau, "custodianMeasuresIssue", "measures { title issuedOn }", **measures, documentId=paper
    )
    assert issued == {"title": "专户管理银行考核办法", "issuedOn": live.today.isoformat()}
    assert await refusal(ask, bank, "custodianAssess", **case, **finding) == ("FORBIDDEN_ROLE", None)
    assert await refusal(ask, bureau, "custodianAssess", **case, scores=scored(59), reason=" ") == (
        "REQUIRED",
        "reason",
    )
    assert await done(ask, bureau, "custodianAssess", state, **case, **finding) == {"state": "REVIEW"}

    # It may object for ten days, and is not terminated before; only enough points end the review.
    ending = {"reason": "考核不合格", "documentIds": await papers(live, bureau, DocumentKind.TERMINATION_NOTICE)}
    assert await refusal(ask, bureau, "custodianTerminate", **case, **ending) == ("POSTING_PERIOD_NOT_OVER", None)
    again = {"scores": scored(60), "reason": "复核"}
    assert await refusal(ask, bureau, "custodianAssess", **case, **again) == ("REQUIRED", "objection")
    assert await refusal(ask, bureau, "custodianObject", **case, objection="x") == ("FORBIDDEN_ROLE", None)
    assert await done(ask, bank, "custodianObject", state, **case, objection="12月对账单已补送") == {"state": "REVIEW"}
    assert await refusal(ask, bureau, "custodianAssess", **case, **finding) == ("OUT_OF_RANGE", "scores")
    assert await done(ask, bureau, "custodianAssess", state, **case, **again) == {"state": "ACTIVE"}
    assert [(row.year, row.points, row.qualified) for row in await live.rows(CustodianAssessment)] == [
        (live.today.year - 1, 59, False),
        (live.today.year - 1, 60, True),
    ]
    assert (await live.row(Custodian, bank_name="甲银行")).year_end == date(live.today.year, 12, 31)
    for step in ("RecordTransfer", "Close"):
        given = {"reason": "x"} if step == "Close" else {}
        assert await refusal(ask, bureau, f"custodian{step}", **case, **given) == ("ACTION_NOT_AVAILABLE", None)


async def unqualified(stage: Stage, bureau: Actor, bank: Actor) -> Custodian:
    """A custodian that was found unqualified twelve days ago."""
    stage.later(days=-12)
    tender = await stage.do(bureau, custodians.tender_open, title="招标（演示）", closes_on=stage.today)
    bids = [{"bank_name": f"银行{n}", "scores": scored(80 - n)} for n in range(3)]
    await stage.do(bureau, custodians.tender_evaluate, id=tender.id, bids=bids)
    first = next(bid for bid in await stage.rows(CustodianBid) if bid.points == 80)
    notice = [(await stage.paper(bureau, DocumentKind.TENDER_RESULT)).id]
    await stage.do(bureau, custodians.tender_award, id=tender.id, bid_ids=[first.id], document_ids=notice)
    row = await stage.row(Custodian)
    contract = {
        "client_id": bank.client_id,
        "contract_number": "ZH-1",
        "contract_from": date(stage.today.year - 1, 1, 1),
        "contract_to": date(stage.today.year + 1, 12, 31),
        "document_ids": [(await stage.paper(bureau, DocumentKind.CONTRACT)).id],
    }
    await stage.do(bureau, custodians.sign, id=row.id, **contract)
    await stage.tick()
    await stage.tick()
    measures = (await stage.paper(bureau, DocumentKind.ASSESSMENT_MEASURES)).id
    await stage.do(bureau, custodians.measures_issue, title="考核办法", document_id=measures)
    await stage.do(bureau, custodians.assess, id=row.id, scores=scored(40), reason="多次错付")
    stage.later(days=12)
    return row  # type: ignore[no-any-return]


async def deposit(uow: UnitOfWork, *, place: Place, fen: int) -> None:
    money = await custody.fund_money(uow, area_id=place.area.id)
    fund = await ledger.account(uow, AccountKind.AREA_FUND, area_id=place.area.id)
    await ledger.post(uow, TransactionKind.FUND_DEPOSIT, [debit(money, fen), credit(fund, fen)], reason="缴存（演示）")


async def pay(uow: UnitOfWork, *, account: BankAccount, place: Place) -> PaymentInstruction:
    money = await custody.fund_money(uow, area_id=place.area.id)
    payee = Payee("演示施工（虚构）", "62220202000012345", "999999000002")
    at = {"money_account_id": money, "bank_account_id": account.id}
    return await instruct(uow, InstructionPurpose.FUND_USE, account, payee=payee, amount=1, remark="维修", **at)


async def books(stage: Stage, *accounts: BankAccount) -> list[int]:
    async def look(uow: UnitOfWork) -> list[int]:
        return [await custody.book_balance(uow, account.id) for account in accounts]

    return await stage.do(await stage.actor(Role.BUREAU), look)  # type: ignore[no-any-return]


@pytest.mark.rule("SM-17", "FUND-28", "FUND-33", "FUND-6")
@pytest.mark.requirement("SL-4")
async def test_a_terminated_bank_is_left_with_nothing(live: Stage, ask: Ask) -> None:
    """It pays nothing any more but the transfer; all balances are the same before and after, to the fen."""
    bureau, old, new = await live.actor(Role.BUREAU), await live.bank(), await live.bank()
    one, two, empty = await live.place(), await live.place(), await live.place()
    source, target = await live.bank_account(old, one, two, empty), await live.bank_account(new)
    await live.do(bureau, deposit, place=one, fen=70_001)
    await live.do(bureau, deposit, place=two, fen=9)
    row = await unqualified(live, bureau, old)
    case = {"id": opaque(live.county, "Custodian", row)}
    state = "custodian { state dueOn }"
    late = {"objection": "迟到的异议"}
    assert await refusal(ask, old, "custodianObject", **case, **late) == ("LATE", None)
    assert await refusal(ask, bureau, "custodianTerminate", **case, reason="考核不合格", documentIds=[]) == (
        "MISSING_DOCUMENT",
        "documents",
    )
    ending = {"reason": "考核不合格", "documentIds": await papers(live, bureau, DocumentKind.TERMINATION_NOTICE)}
    officer = await live.actor(Role.BUREAU, scopes=())
    assert await refusal(ask, officer, "custodianTerminate", **case, **ending) == ("POWER_REQUIRED", None)
    ended = await done(ask, bureau, "custodianTerminate", state, **case, **ending)
    assert ended == {"state": "TERMINATED", "dueOn": (live.today + timedelta(30)).isoformat()}
    assert (await live.row(BankAccount, id=source.id)).state == "FROZEN"
    refused: Refusal = await live.refused(bureau, pay, account=source, place=one)
    assert refused.code is ErrorCode.BANK_TERMINATED
    assert await refusal(ask, bureau, "custodianRecordTransfer", **case) == ("ACCOUNTS_NOT_EMPTY", None)

    accounts = {name: opaque(live.county, "BankAccount", row) for name, row in (("from", source), ("to", target))}
    move = {"fromAccountId": accounts["from"], "toAccountId": accounts["to"]}
    back = {"fromAccountId": accounts["to"], "toAccountId": accounts["from"]}
    assert await refusal(ask, officer, "custodyTransferOrder", **move) == ("POWER_REQUIRED", None)
    assert await refusal(ask, bureau, "custodyTransferOrder", **back) == ("INVALID_INPUT", "toAccountId")
    await done(ask, bureau, "custodyTransferOrder", "bankAccount { id }", **move)
    assert {row.bank_account_id for row in await live.rows(Custody, area_id=empty.area.id, valid_to=None)} == {
        target.id
    }
    assert sorted(row.amount for row in await live.rows(CustodyTransfer)) == [9, 70_001]

    day = live.today.isoformat()
    for number, row in enumerate(await live.rows(PaymentInstruction)):
        told = {"id": opaque(live.county, "PaymentInstruction", row)}
        await done(ask, old, "paymentInstructionAcknowledge", "paymentInstruction { state }", **told)
        paid = {**told, "serial": f"OUT-{number}", "valueDate": day}
        await done(ask, old, "paymentInstructionExecuted", "paymentInstruction { state }", **paid)
    assert await books(live, source, target) == [0, 0]  # in transit
    assert await refusal(ask, bureau, "custodianRecordTransfer", **case) == ("ACCOUNTS_NOT_EMPTY", None)
    for number, row in enumerate(await live.rows(CustodyTransfer)):
        told = {"id": opaque(live.county, "CustodyTransfer", row), "serial": f"IN-{number}", "valueDate": day}
        assert await refusal(ask, old, "custodyTransferArrived", **told) == ("NOT_FOUND", "id")
        arrived = await done(ask, new, "custodyTransferArrived", "transfer { state }", **told)
        assert await done(ask, new, "custodyTransferArrived", "transfer { state }", **told) == arrived
        other = {**told, "serial": "IN-9"}
        assert await refusal(ask, new, "custodyTransferArrived", **other) == ("ACTION_NOT_AVAILABLE", "id")
    assert await books(live, source, target) == [0, 70_010]
    assert {row.bank_account_id for row in await live.rows(Custody, valid_to=None)} == {target.id}
    assert [finding async for finding in verify(await session_of(live), [live.county])] == []

    assert (await done(ask, bureau, "custodianRecordTransfer", state, **case))["state"] == "ACCOUNTS_TRANSFERRED"
    assert (await done(ask, bureau, "custodianClose", state, **case, reason="已划转完毕"))["state"] == "CLOSED"
    assert (await live.row(BankAccount, id=source.id)).state == "CLOSED"
    assert (await live.row(Custodian)).state == CustodianState.CLOSED


async def session_of(stage: Stage) -> Any:
    return stage.sessions()

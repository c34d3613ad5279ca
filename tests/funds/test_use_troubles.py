"""What may go wrong with an approved request, by mutations: accounts that lack money, payments that fail or come back,
overruns, audits, objections, cancellation, recoveries; and an order kept to the fen (FUND-5, FUND-17, FUND-18, FUND-26..30)."""

from typing import Any

import pytest

from domain.documents import DocumentKind as Kind
from domain.profiles import profile_for_test
from models.estates import Unit
from models.fund_use import FundObjection, FundRecovery
from resolvers.unit_of_work import UnitOfWork
from tests.acts import Ask, act, done, opaque, refusal
from tests.fund_receipts.money import deposit, first_demands
from tests.funds.works import PAYEE, Work
from tests.stage import Stage


@pytest.mark.rule("FUND-5", "FUND-18", "SM-6")
async def test_what_an_account_lacks_is_claimed_from_its_owner_and_paid_when_it_is_there(live: Stage, ask: Ask) -> None:
    profile_for_test(live.county, copy_of="370303", fund_stages_percent=(100,))
    work = await (await Work.begin(live, ask, 1_000, 9_000, 9_000)).approved(9_000)
    crew = work.crew
    await work.contract(9_000)
    assert await work.refused(crew.cashier, "Pay") == ("NOTHING_DUE", None)  # all of it after acceptance
    await work.do(crew.company, "Start")
    await work.accept()
    await work.settle(9_000)
    await work.post()
    assert await work.paid() == "FINAL_PAID"
    assert await work.payments() == [(1, 9_000, 7_000, "EXECUTED")]
    lacking = {
        "units": [0, 6_000, 6_000],
        "claims": [2_000, 0, 0],
        "claimed": 2_000,
        "bank": 12_000,
        "earmarked": 2_000,
    }
    assert await work.books() == lacking
    assert await work.do(crew.bureau, "Apportion") == "APPORTIONED"
    assert (await work.refused(crew.bureau, "Close"))[0] == "CLAIMS_OPEN"
    assert await work.refused(crew.cashier, "Pay") == ("INSUFFICIENT_BALANCE", None)

    (demand,) = await first_demands(live, ask, crew.bureau, work.place.units[0])
    for fen, still in ((1_500, 500), (100, 400), (900, 0)):  # each deposit settles what it brings, and no more
        receipt = await deposit(live, ask, crew.bank, work.account, demand["code"], fen)
        assert (await work.books())["claims"] == [still, 0, 0]
    # What is taken off the account is claimed again, until it is there again.
    off = {"id": receipt["id"], "reason": "错记房号"}
    await done(ask, crew.bureau, "fundDepositTakeOff", "receipt { state }", **off)
    without = await work.books()
    assert (without["units"][0], without["claims"]) == (1_600, [400, 0, 0])
    back = {**off, "demandId": demand["id"]}
    await done(ask, crew.bureau, "fundSuspenseIdentify", "receipt { state }", **back)
    assert await work.books() == {
        **lacking,
        "units": [2_500, 6_000, 6_000],
        "claims": [0, 0, 0],
        "claimed": 0,
        "bank": 14_500,
    }
    instruction = await work.pay()
    # The bank may have paid it already: what it takes stays on the account.
    assert await refusal(ask, crew.bureau, "fundDepositTakeOff", **off) == ("INSUFFICIENT_BALANCE", "id")
    assert await work.report(instruction) == "EXECUTED"
    assert (await work.seen("state"))["state"] == "APPORTIONED"
    assert (await work.payments())[1] == (1, 0, 2_000, "EXECUTED")
    assert await work.drawn() == [3_000, 3_000, 3_000]
    assert await work.do(crew.bureau, "Close") == "CLOSED"
    assert await work.books() == {
        "units": [500, 6_000, 6_000],
        "claims": [0, 0, 0],
        "claimed": 0,
        "bank": 12_500,
        "earmarked": 0,
    }


@pytest.mark.rule("FUND-28", "FUND-29", "SM-6")
async def test_a_payment_that_fails_or_comes_back_is_due_again(live: Stage, ask: Ask) -> None:
    work = await (await Work.begin(live, ask, 5_000, 5_000, 5_000)).approved(9_000)
    crew = work.crew
    await work.contract(9_000)
    whole = await work.books()
    failed = await work.pay()
    bank_id = opaque(live.county, "PaymentInstruction", failed)
    await done(ask, crew.bank, "paymentInstructionAcknowledge", "paymentInstruction { state }", id=bank_id)
    assert await work.report(failed, "Failed", code="E1", reason="户名不符") == "FAILED"
    assert await work.seen("state instructed") == {"state": "CONTRACTED", "instructed": 0}
    papers = await work.papers(crew.committee, Kind.CONTRACT)
    account = {"account": "6222020000000000018", "bankCode": PAYEE["bankCode"], "documentIds": papers}
    assert await work.refused(crew.company, "AmendContract", **account) == ("FORBIDDEN_ROLE", None)
    assert await work.do(crew.committee, "AmendContract", **account) == "CONTRACTED"
    sent = await work.pay()
    assert sent.payee_account_mask == "****0018"
    await work.report(sent)
    assert (await work.seen("state"))["state"] == "STAGE1_PAID"
    assert (await work.books())["units"] == [4_100, 4_100, 4_100]
    assert await work.report(sent, "Returned", code="E9", reason="账户已销户") == "RETURNED"
    assert await work.seen("state paid") == {"state": "CONTRACTED", "paid": 0}
    assert await work.books() == whole
    assert await work.paid() == "STAGE1_PAID"
    assert [state for *_, state in await work.payments()] == ["FAILED", "RETURNED", "EXECUTED"]


@pytest.mark.rule("FUND-7", "FUND-29")
async def test_before_payment_a_request_is_cancelled_and_after_it_not(live: Stage, ask: Ask) -> None:
    work = await (await Work.begin(live, ask, 5_000, 5_000, 5_000)).approved(9_000)
    crew = work.crew
    await work.contract(9_000)
    instruction = await work.pay()
    assert await work.refused(crew.company, "Cancel", reason="不修了") == ("ALREADY_PAID", None)
    # What an approved request may still take from a unit's account is not refunded with it (FUND-7).
    refund = {
        "unitId": opaque(live.county, "Unit", work.place.units[0]),
        "basis": "火灾灭失（演示）",
        "payee": PAYEE,
        "documentIds": await work.papers(crew.bureau, Kind.OTHER),
    }
    assert (await done(ask, crew.bureau, "fundUnitRefund", "refund { amount }", **refund)) == {"amount": 2_000}
    id = opaque(live.county, "PaymentInstruction", instruction)
    await done(ask, crew.cashier, "paymentInstructionCancel", "paymentInstruction { state }", id=id, reason="不修了")
    assert await work.do(crew.company, "Cancel", reason="不修了") == "CANCELLED"
    assert (await work.books())["earmarked"] == 0


@pytest.mark.requirement("GT-37")
@pytest.mark.rule("FUND-27")
async def test_more_than_a_tenth_beyond_the_budget_needs_a_new_application(live: Stage, ask: Ask) -> None:
    work = await (await Work.begin(live, ask, 4_000, 4_000, 4_000)).approved(10_000)
    papers = await work.papers(work.crew.committee, Kind.CONTRACT)
    terms: dict[str, Any] = {"payee": PAYEE, "signedOn": work.day(), "documentIds": papers}
    assert await work.refused(work.crew.committee, "Contract", price=11_001, **terms) == ("OVERRUN", "amount")
    wrong = {**terms, "payee": {**PAYEE, "bankCode": "12"}}
    assert await work.refused(work.crew.committee, "Contract", price=10_000, **wrong) == (
        "INVALID_INPUT",
        "payee.bankCode",
    )
    assert await work.refused(work.crew.company, "Contract", price=10_000, **terms) == ("FORBIDDEN_ROLE", None)
    await work.contract(11_000)
    assert (await work.books())["earmarked"] == 11_000  # what is promised follows the price as far as it may


@pytest.mark.rule("FUND-27", "SM-6")
async def test_a_large_settlement_brings_its_audit(live: Stage, ask: Ask) -> None:
    work = await (await Work.begin(live, ask, 2_000_000, 2_000_000, 2_000_000)).approved(3_000_001)
    crew = work.crew
    await work.contract(3_000_001)
    await work.progress()
    await work.accept()
    papers = await work.papers(crew.company, Kind.SETTLEMENT, Kind.INVOICE)
    given = {"settledCost": 3_000_001, "documentIds": papers}
    assert await work.refused(crew.company, "Settle", **given) == ("MISSING_DOCUMENT", "documents")
    assert await work.settle(3_000_001, Kind.AUDIT) == "SETTLED"


@pytest.mark.rule("SM-6")
@pytest.mark.requirement("ZD-7")
async def test_the_townships_other_official_verifies_the_use_and_answers_objections(live: Stage, ask: Ask) -> None:
    work = await (await Work.begin(live, ask, 5_000, 5_000, 5_000)).approved(9_000)
    crew, unit = work.crew, opaque(live.county, "Unit", work.place.units[0])
    await work.contract(9_000)
    await work.progress()
    await work.accept()
    papers = await work.papers(crew.company, Kind.SETTLEMENT, Kind.INVOICE)
    await work.do(crew.company, "Settle", settledCost=9_000, documentIds=papers)
    assert await work.refused(crew.auditor, "VerifyUse", signed=True, sealed=False) == ("SEAL_REQUIRED", "sealed")
    assert await work.refused(crew.township, "VerifyUse", signed=True, sealed=True) == ("SAME_REVIEWER", None)
    assert await work.do(crew.auditor, "VerifyUse", signed=True, sealed=True) == "SETTLED"
    await work.post(last_day_ago=0)
    said = {"id": work.id, "unitId": unit, "reason": "单价偏高"}
    assert await refusal(ask, crew.company, "fundRequestObject", **said) == ("FORBIDDEN_ROLE", None)
    made = await done(ask, crew.owner, "fundRequestObject", "fundObjection { id state unit { id } }", **said)
    assert (made["state"], made["unit"]["id"]) == ("OPEN", unit)
    assert await work.refused(crew.cashier, "Pay") == ("POSTING_PERIOD_NOT_OVER", None)
    answer = {"id": made["id"], "upheld": True, "answer": "核减"}
    assert await refusal(ask, crew.bureau, "fundObjectionAnswer", **answer) == ("FORBIDDEN_ROLE", None)
    upheld = await done(ask, crew.township, "fundObjectionAnswer", "fundObjection { state answer }", **answer)
    assert upheld == {"state": "UPHELD", "answer": "核减"}
    assert await refusal(ask, crew.township, "fundObjectionAnswer", **answer) == ("ACTION_NOT_AVAILABLE", "id")
    assert (await work.seen("state openObjections")) == {"state": "ACCEPTED", "openObjections": 0}
    assert await work.settle(8_700) == "SETTLED"
    await work.post()
    assert await refusal(ask, crew.owner, "fundRequestObject", **said) == ("LATE", None)
    assert await work.paid() == "FINAL_PAID"
    assert (await live.row(FundObjection)).state == "UPHELD"
    assert await work.drawn() == [2_900, 2_900, 2_900]


@pytest.mark.rule("FUND-30")
async def test_misused_money_is_demanded_back_and_is_on_the_accounts_again(live: Stage, ask: Ask) -> None:
    work = await (await Work.begin(live, ask, 5_000, 5_000, 5_000)).approved(9_000)
    crew = work.crew
    await work.contract(9_000)
    assert await work.paid() == "STAGE1_PAID"
    shown = "fundRecovery { id state amount recovered gains fine blacklist kind }"
    demand = {
        "id": work.id,
        "amount": 1_500,
        "party": PAYEE["name"],
        "note": "挪作他用",
        "fine": 3_000,
        "blacklist": True,
    }
    for who, changed, expected in (
        (crew.committee, {}, ("FORBIDDEN_ROLE", None)),
        (crew.bureau, {"fine": 3_001}, ("OUT_OF_RANGE", "fine")),
        (crew.bureau, {"amount": 2_701}, ("OUT_OF_RANGE", "amount")),
        (crew.bureau, {"note": " "}, ("REQUIRED", "note")),
    ):
        assert await refusal(ask, who, "fundRecoveryOpen", **{**demand, **changed}) == expected
    made = await done(ask, crew.bureau, "fundRecoveryOpen", shown, **demand)
    assert made == {**made, "state": "OPEN", "fine": 3_000, "gains": 0, "blacklist": True, "kind": "MISUSE"}
    back = {"id": made["id"], "serial": "R-1", "valueDate": work.day(), "amount": 1_000}
    assert await refusal(ask, crew.bureau, "fundRecoveryReceive", **{**back, "amount": 1_501}) == (
        "OUT_OF_RANGE",
        "amount",
    )
    part = await done(ask, crew.cashier, "fundRecoveryReceive", shown, **back)
    assert (part["state"], part["recovered"]) == ("OPEN", 1_000)
    assert await refusal(ask, crew.cashier, "fundRecoveryReceive", **{**back, "amount": 500}) == (
        "ALREADY_REGISTERED",
        "serial",
    )
    whole = await done(ask, crew.cashier, "fundRecoveryReceive", shown, **{**back, "serial": "R-2", "amount": 500})
    assert (whole["state"], whole["recovered"]) == ("RECOVERED", 1_500)
    books = await work.books()
    assert (books["units"], books["bank"]) == ([4_600, 4_600, 4_600], 13_800)
    assert (await live.row(FundRecovery)).recovered == 1_500


@pytest.mark.rule("FUND-17")
async def test_what_a_developer_pays_in_cash_is_recorded_beside_the_fund(live: Stage, ask: Ask) -> None:
    work = await Work.begin(live, ask, 30_000, 30_000, 0)
    crew = work.crew

    async def unsell(uow: UnitOfWork) -> None:
        unit = await uow.load(Unit, work.place.units[2].id)
        unit.developer_held = True

    await live.do(crew.bureau, unsell)
    await work.approved(9_000)
    shown = "shares { nodes { id bearer amount cashPaid cashPaidOn } }"
    parts = (await work.seen(shown))["shares"]["nodes"]
    assert [(part["bearer"], part["amount"]) for part in parts] == [
        ("UNIT_ACCOUNT", 3_000),
        ("UNIT_ACCOUNT", 3_000),
        ("DEVELOPER", 3_000),
    ]
    mine, theirs = parts[0]["id"], parts[2]["id"]
    given = {"amount": 2_000, "paidOn": work.day(), "documentIds": await work.papers(crew.committee, Kind.INVOICE)}
    early = await refusal(ask, crew.committee, "fundShareRecordCash", id=theirs, **given)
    assert early == ("NOT_CONTRACTED", None)
    await work.contract(9_000)
    books = await work.books()
    for who, id, change, wanted in (
        (crew.company, theirs, {}, ("FORBIDDEN_ROLE", None)),
        (crew.committee, mine, {}, ("INVALID_INPUT", "id")),  # a fund's account bears it
        (crew.committee, theirs, {"amount": 3_001}, ("OUT_OF_RANGE", "amount")),
        (crew.committee, theirs, {"paidOn": work.day(1)}, ("OUT_OF_RANGE", "paidOn")),
        (crew.committee, theirs, {"documentIds": []}, ("MISSING_DOCUMENT", "documentIds")),
    ):
        assert await refusal(ask, who, "fundShareRecordCash", id=id, **{**given, **change}) == wanted
    payload = await act(
        ask, crew.committee, "fundShareRecordCash", "fundShare { cashPaid cashPaidOn }", id=theirs, **given
    )
    assert payload["fundShare"] == {"cashPaid": 2_000, "cashPaidOn": work.day()}
    beyond = {**given, "amount": 1_001, "documentIds": await work.papers(crew.committee, Kind.INVOICE)}
    assert await refusal(ask, crew.committee, "fundShareRecordCash", id=theirs, **beyond) == ("OUT_OF_RANGE", "amount")
    assert await work.books() == books  # no account of the fund has a part in it

"""Quality warranty deposits from the developer's payment to repairs and the refund (FUND-32, ZD-22)."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from auth.actor import Actor
from domain.custody import AccountPurpose
from domain.documents import DocumentKind
from domain.identifiers import make_account
from domain.roles import Role
from models.ledger import LedgerTransaction
from models.warranty_deposits import WarrantyDeposit, WarrantyObjection, WarrantyPayout
from resolvers.books import verify
from resolvers.unit_of_work import set_fuse
from tests.acts import Ask, done, opaque, refusal, row_of
from tests.stage import Place, Stage

PAYEE = {"name": "演示防水工程（虚构）", "account": make_account(18), "bankCode": "999999000001"}
PAYOUT = "payout { id state amount postedTo instruction { id purpose remark } }"
STEP = "paymentInstruction { state }"
BOARD = "{ disclosures { nodes { title body } } }"
BOOKS = "{ ledgerAccounts { nodes { kind balance } } bankAccounts { nodes { bookBalance } } }"


async def books(ask: Ask, bureau: Actor) -> dict[str, int]:
    """The deposit, the money, and the bank account's book balance, in fen."""
    seen = await ask(bureau, BOOKS)
    kinds = {each["kind"]: each["balance"] for each in seen["ledgerAccounts"]["nodes"]}
    (at_bank,) = [each["bookBalance"] for each in seen["bankAccounts"]["nodes"]]
    return {**kinds, "at bank": at_bank}


def standing(fen: int) -> dict[str, int]:
    return {"WARRANTY_DEPOSIT": fen, "WARRANTY_MONEY": fen, "at bank": fen}


async def passing(live: Stage, day: Any, days: int) -> None:
    """Let so many days pass over the county's deposits or refunds: the API goes by the real clock."""
    async with live.sessions.begin() as session:
        await set_fuse(session, {live.county})
        await session.execute(update(day.class_).where(day.class_.county == live.county).values({day: day - days}))


async def area(live: Stage) -> tuple[Place, Actor, dict[str, Any]]:
    """An area whose warranty deposit a bank keeps, the bank, and a developer's payment for it."""
    place, bank = await live.place(10_000, 10_000), await live.bank()
    account = await live.bank_account(bank, place, purpose=AccountPurpose.WARRANTY_DEPOSIT)
    return (
        place,
        bank,
        {
            "bankAccountId": opaque(live.county, "BankAccount", account),
            "areaId": opaque(live.county, "PropertyArea", place.area),
            "developer": "演示置业（虚构）有限公司",
            "amount": 100_000,
            "serial": "W-1",
            "valueDate": live.today.isoformat(),
            "refundableFrom": live.today.isoformat(),
        },
    )


async def pays(live: Stage, ask: Ask, bank: Actor, instruction: dict[str, Any], serial: str) -> None:
    """A third official releases what was approved, and the bank pays it."""
    await done(ask, await live.actor(Role.BUREAU), "paymentInstructionRelease", STEP, id=instruction["id"])
    await done(ask, bank, "paymentInstructionAcknowledge", STEP, id=instruction["id"])
    paid = {"id": instruction["id"], "serial": serial, "valueDate": live.today.isoformat()}
    await done(ask, bank, "paymentInstructionExecuted", STEP, **paid)


@pytest.mark.rule("FUND-32")
@pytest.mark.requirement("ZD-22")
async def test_a_deposit_pays_what_the_developer_does_not_repair(live: Stage, ask: Ask) -> None:
    place, bank, paid_in = await area(live)
    bureau, other, clerk = [await live.actor(Role.BUREAU, **more) for more in ({}, {}, {"scopes": ()})]
    committee, owner = await live.committee(place), await live.owner(place)
    company = await live.actor(Role.COMPANY_ADMIN, company_id=await live.company(place))

    assert await refusal(ask, owner, "warrantyDepositRecord", **paid_in) == ("NOT_FOUND", "bankAccountId")
    assert await refusal(ask, clerk, "warrantyDepositRecord", **paid_in) == ("POWER_REQUIRED", None)
    for field, bad in (("amount", 0), ("valueDate", "2999-01-01"), ("developer", " "), ("serial", "")):
        code = "REQUIRED" if isinstance(bad, str) and not bad.strip() else "OUT_OF_RANGE"
        assert await refusal(ask, bank, "warrantyDepositRecord", **{**paid_in, field: bad}) == (code, field)
    elsewhere = {**paid_in, "areaId": opaque(live.county, "PropertyArea", (await live.place()).area)}
    assert await refusal(ask, bank, "warrantyDepositRecord", **elsewhere) == ("INVALID_INPUT", "areaId")
    assert await live.rows(WarrantyDeposit) == []
    first = await done(ask, bank, "warrantyDepositRecord", "deposit { id state }", **paid_in)
    assert await done(ask, bank, "warrantyDepositRecord", "deposit { id state }", **paid_in) == first
    more = {**paid_in, "amount": 1}
    assert await refusal(ask, bank, "warrantyDepositRecord", **more) == ("ALREADY_REGISTERED", "serial")
    wrong = await done(ask, bureau, "warrantyDepositRecord", "deposit { id }", **{**more, "serial": "W-2"})
    back = {**wrong, "serial": "W-3", "valueDate": live.today.isoformat(), "reason": "银行误入账"}
    assert await refusal(ask, clerk, "warrantyDepositReverse", **back) == ("POWER_REQUIRED", None)
    assert (await done(ask, bank, "warrantyDepositReverse", "deposit { state }", **back))["state"] == "REVERSED"
    assert await refusal(ask, bank, "warrantyDepositReverse", **back) == ("ALREADY_REVERSED", "id")
    assert await books(ask, bureau) == standing(100_000)

    # Who serves or represents the area asks, with papers; an official who did not ask grants it.
    async def repair(who: Actor, amount: int) -> dict[str, Any]:
        paper = opaque(live.county, "Document", await live.paper(who, DocumentKind.PHOTO))
        return {
            "areaId": paid_in["areaId"],
            "basis": "外墙渗漏，建设单位逾期未修（演示）",
            "demandedOn": live.today.isoformat(),
            "amount": amount,
            "documentIds": [paper],
        }

    wanted = await repair(committee, 30_000)
    assert await refusal(ask, owner, "warrantyRepairRequest", **wanted) == ("FORBIDDEN_ROLE", None)
    for field, bad, code in (
        ("documentIds", [], "MISSING_DOCUMENT"),
        ("amount", 100_001, "INSUFFICIENT_BALANCE"),
        ("amount", 0, "OUT_OF_RANGE"),
        ("demandedOn", "2999-01-01", "OUT_OF_RANGE"),
        ("basis", " ", "REQUIRED"),
    ):
        assert await refusal(ask, committee, "warrantyRepairRequest", **{**wanted, field: bad}) == (code, field)
    assert await live.rows(WarrantyPayout) == []
    asked = await done(ask, committee, "warrantyRepairRequest", PAYOUT, **wanted)
    dear = await repair(company, 70_001)
    assert await refusal(ask, company, "warrantyRepairRequest", **dear) == ("INSUFFICIENT_BALANCE", "amount")
    asked_by_company = await done(ask, company, "warrantyRepairRequest", PAYOUT, **await repair(company, 70_000))
    no = {"id": asked_by_company["id"], "reason": "已由建设单位修复"}
    assert await refusal(ask, company, "warrantyPayoutDecline", **no) == ("FORBIDDEN_ROLE", None)
    declined = await done(ask, bureau, "warrantyPayoutDecline", "payout { state }", **no)
    assert declined == {"state": "DECLINED"}
    own = await done(ask, bureau, "warrantyRepairRequest", PAYOUT, **await repair(bureau, 1_000))
    approval = {"id": asked["id"], "payee": PAYEE}
    refused = {**approval, "id": own["id"]}
    assert await refusal(ask, bureau, "warrantyPayoutApprove", **refused) == ("SECOND_PERSON_REQUIRED", "id")
    assert await refusal(ask, clerk, "warrantyPayoutApprove", **approval) == ("POWER_REQUIRED", None)
    told = await done(ask, bureau, "warrantyPayoutApprove", PAYOUT, **approval)
    assert told["state"] == "INSTRUCTED"
    assert told["instruction"]["purpose"] == "WARRANTY_REPAIR"
    assert told["instruction"]["remark"] == "物业质量保修金代为维修"
    assert await refusal(ask, other, "warrantyPayoutApprove", **approval) == ("ACTION_NOT_AVAILABLE", "id")
    assert await books(ask, bureau) == standing(100_000)
    await pays(live, ask, bank, told["instruction"], "P-1")
    assert await books(ask, bureau) == standing(70_000)
    assert await row_of(ask, owner, asked["id"], "state amount") == {"state": "PAID", "amount": 30_000}
    returned = {"serial": "P-2", "valueDate": live.today.isoformat(), "code": "R01", "reason": "户名不符"}
    await done(ask, bank, "paymentInstructionReturned", STEP, id=told["instruction"]["id"], **returned)
    assert await books(ask, bureau) == standing(100_000)
    again = await done(ask, other, "warrantyPayoutApprove", PAYOUT, **approval)
    await pays(live, ask, bank, again["instruction"], "P-3")
    assert await books(ask, bureau) == standing(70_000)
    async with live.sessions() as session:
        assert [finding async for finding in verify(session, [live.county])] == []


@pytest.mark.rule("FUND-32")
@pytest.mark.requirement("ZD-22")
async def test_the_rest_goes_back_after_a_posting_to_which_nobody_objects(live: Stage, ask: Ask) -> None:
    place, bank, paid_in = await area(live)
    bureau, other = await live.actor(Role.BUREAU), await live.actor(Role.BUREAU)
    owner, stranger = await live.owner(place), await live.owner(await live.place(10_000))
    await done(ask, bank, "warrantyDepositRecord", "deposit { id }", **paid_in)
    later = {**paid_in, "serial": "W-2", "refundableFrom": (live.today + timedelta(days=10)).isoformat()}
    late = await done(ask, bank, "warrantyDepositRecord", "deposit { id }", **later)
    wanted = {"areaId": paid_in["areaId"], "basis": "保修期满（演示）", "objectionContact": "0533-1234567"}
    assert await refusal(ask, owner, "warrantyRefundPost", **wanted) == ("FORBIDDEN_ROLE", None)
    assert await refusal(ask, bureau, "warrantyRefundPost", **wanted) == ("TOO_EARLY", "areaId")
    await passing(live, WarrantyDeposit.refundable_from, 10)
    assert await live.rows(WarrantyPayout) == []
    posted = await done(ask, bureau, "warrantyRefundPost", PAYOUT, **wanted)
    assert (posted["state"], posted["amount"]) == ("POSTED", 200_000)
    assert await refusal(ask, other, "warrantyRefundPost", **wanted) == ("ALREADY_REGISTERED", "areaId")
    (board,) = (await ask(owner, BOARD))["disclosures"]["nodes"]
    assert board["title"] == "物业质量保修金退还"
    assert board["body"].startswith("拟向演示置业（虚构）有限公司退还物业质量保修金¥2,000.00。")

    objection = {"id": posted["id"], "text": "地下室仍在渗漏（演示）"}
    assert await refusal(ask, stranger, "warrantyRefundObject", **objection) == ("NOT_FOUND", "id")
    assert await refusal(ask, bureau, "warrantyRefundObject", **objection) == ("FORBIDDEN_ROLE", None)
    assert await live.rows(WarrantyObjection) == []
    await done(ask, owner, "warrantyRefundObject", "objection { text }", **objection)
    assert await refusal(ask, owner, "warrantyRefundObject", **objection) == ("ALREADY_REGISTERED", "id")
    await passing(live, WarrantyPayout.posted_to, 31)
    approval = {"id": posted["id"], "payee": PAYEE}
    assert await refusal(ask, other, "warrantyPayoutApprove", **approval) == ("ACTION_NOT_AVAILABLE", "id")
    no = {"id": posted["id"], "reason": "异议成立"}
    await done(ask, other, "warrantyPayoutDecline", "payout { state }", **no)

    again = await done(ask, bureau, "warrantyRefundPost", PAYOUT, **wanted)
    approval["id"] = again["id"]
    assert again["postedTo"] == (live.today + timedelta(days=30)).isoformat()
    await passing(live, WarrantyPayout.posted_to, 30)
    assert await refusal(ask, other, "warrantyPayoutApprove", **approval) == ("POSTING_PERIOD_NOT_OVER", "id")
    await passing(live, WarrantyPayout.posted_to, 1)
    assert await refusal(ask, owner, "warrantyRefundObject", **{**objection, "id": again["id"]}) == ("LATE", "id")
    assert await refusal(ask, bureau, "warrantyPayoutApprove", **approval) == ("SECOND_PERSON_REQUIRED", "id")
    told = await done(ask, other, "warrantyPayoutApprove", PAYOUT, **approval)
    assert told["instruction"]["purpose"] == "WARRANTY_REFUND"
    await pays(live, ask, bank, told["instruction"], "P-1")
    assert await books(ask, bureau) == standing(0)
    assert [row.reason for row in await live.rows(LedgerTransaction, kind="WARRANTY_REFUND")] == [
        "物业质量保修金退还：保修期满（演示）"
    ]
    assert await refusal(ask, bureau, "warrantyRefundPost", **wanted) == ("INSUFFICIENT_BALANCE", "areaId")
    spent = {**late, "serial": "W-9", "valueDate": live.today.isoformat(), "reason": "冲正"}
    assert await refusal(ask, bank, "warrantyDepositReverse", **spent) == ("INSUFFICIENT_BALANCE", None)

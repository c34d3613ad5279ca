"""How a price is raised (FEE-6), and budget and accounts of the remuneration mode (FEE-1)."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from domain.bills import BILLERS
from domain.contracts import IN_FORCE, ContractKind, ContractMode
from domain.disclosures import DisclosureItem
from domain.documents import DocumentKind
from domain.errors import ErrorCode, Refusal
from domain.money import format_fen
from domain.prices import FeeAccountKind, check_increase, check_period
from domain.records import Record
from domain.roles import COMPANY, RESIDENTS
from models.base import new_id
from models.contracts import ServiceContract
from models.disclosures import Disclosure
from models.estates import PropertyArea
from models.fees import ChargeItem
from models.prices import FeeAccount, FeeQuestion, PriceIncrease
from resolvers import documents as papers
from resolvers.disclosures import About, Posting, put_up
from resolvers.unit_of_work import UnitOfWork

MOST_LINES = 100


@dataclass(frozen=True)
class AccountLine(Record):
    """One line of a budget or of accounts, in fen."""

    title: str
    amount: int


async def price_increase_record(
    uow: UnitOfWork,
    *,
    charge_item_id: uuid.UUID,
    new_price: int,
    valid_from: date,
    posted_from: date,
    posted_to: date,
    voted_on: date,
    vote_passed: bool,
    result_posted_from: date,
    result_posted_to: date,
    document_ids: Sequence[uuid.UUID] = (),
) -> PriceIncrease:
    """Put on record how the owners came to a higher price (priceIncreaseRecord, FEE-6, Zibo 53, Henan 48).

    The audit (REPORT) where the county asks for one, the proposal's posting, the owners' resolution (OWNERS_RESOLUTION) and
    the posting of its result: refuses as ``domain.prices.check_increase`` does. ``chargeItemDefine`` then takes the new price.
    """
    item = await uow.load(ChargeItem, charge_item_id, lock=True, field="chargeItemId")
    grant = await uow.act(BILLERS, ChargeItem, item)
    if new_price <= item.unit_price:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "newPrice", least=item.unit_price + 1)
    if not posted_to < voted_on <= result_posted_from <= uow.today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "votedOn", least=posted_to, most=min(result_posted_from, uow.today))
    increase = PriceIncrease(
        county=uow.county,
        id=new_id(),
        charge_item_id=item.id,
        area_id=item.area_id,
        company_id=item.company_id,
        township=item.township,
        community=item.community,
        new_price=new_price,
        valid_from=valid_from,
        posted_from=posted_from,
        posted_to=posted_to,
        voted_on=voted_on,
        result_posted_from=result_posted_from,
        result_posted_to=result_posted_to,
        recorded_by=uow.actor.account_id,
    )
    attached = await papers.attach(uow, document_ids, increase)
    kinds = {DocumentKind(paper.kind) for paper in attached}
    if DocumentKind.OWNERS_RESOLUTION not in kinds:
        raise Refusal(ErrorCode.MISSING_DOCUMENT, "documentIds", documents=[DocumentKind.OWNERS_RESOLUTION.value])
    check_increase(
        uow.profile,
        audited=DocumentKind.REPORT in kinds,
        posted_from=posted_from,
        posted_to=posted_to,
        vote_passed=vote_passed,
        result_posted_from=result_posted_from,
        result_posted_to=result_posted_to,
        valid_from=valid_from,
    )
    increase.document_ids = [paper.id for paper in attached]
    uow.session.add(increase)
    await uow.audit("priceIncreaseRecord", increase, grant=grant, detail={"newPrice": new_price})
    return increase


async def check_may_rise(uow: UnitOfWork, before: ChargeItem, unit_price: int, valid_from: date) -> None:
    """Whether an item may take over from another at a higher price; ``PRICE_INCREASE_REQUIRED`` without the record (FEE-6)."""
    if unit_price <= before.unit_price or not uow.profile.price_increase_recorded:
        return
    contract = await uow.session.get_one(ServiceContract, (uow.county, before.contract_id))
    if uow.profile.price_increase_early_only and contract.kind != ContractKind.EARLY_STAGE:
        return
    found = await uow.session.scalar(
        select(PriceIncrease.id).where(
            PriceIncrease.county == uow.county,
            PriceIncrease.charge_item_id == before.id,
            PriceIncrease.new_price >= unit_price,
            PriceIncrease.valid_from <= valid_from,
        )
    )
    if found is None:
        raise Refusal(ErrorCode.PRICE_INCREASE_REQUIRED, "unitPrice")


async def fee_account_post(
    uow: UnitOfWork,
    *,
    contract_id: uuid.UUID,
    kind: FeeAccountKind,
    period_from: date,
    period_to: date,
    income: int,
    expense: int,
    remuneration: int,
    objection_contact: str,
    lines: Sequence[AccountLine | Mapping[str, Any]] = (),
) -> tuple[FeeAccount, Disclosure]:
    """Post a budget, quarterly or annual accounts of a contract in remuneration mode (feeAccountPost, FEE-1).

    ``ACTION_NOT_AVAILABLE`` for a lump-sum contract or one not in force, ``OUT_OF_RANGE`` for another period than a year or
    quarter, ``ALREADY_REGISTERED`` for one that was told before, ``UNBALANCED`` where the lines do not come to the expense.
    """
    contract = await uow.load(ServiceContract, contract_id, field="contractId")
    grant = await uow.act(BILLERS, ServiceContract, contract)
    kind = FeeAccountKind(kind)
    if contract.mode != ContractMode.REMUNERATION or contract.state not in IN_FORCE:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "contractId", state=contract.mode)
    check_period(kind, period_from, period_to)
    for field, fen in (("income", income), ("expense", expense), ("remuneration", remuneration)):
        if fen < 0:
            raise Refusal(ErrorCode.OUT_OF_RANGE, field, least=0)
    told = [line if isinstance(line, AccountLine) else AccountLine(**line) for line in lines]
    if len(told) > MOST_LINES:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "lines", most=MOST_LINES)
    if told and sum(line.amount for line in told) != expense:
        raise Refusal(ErrorCode.UNBALANCED, "lines")
    if await budget_of(uow, contract, period_from, kind) is not None:
        raise Refusal(ErrorCode.ALREADY_REGISTERED, "periodFrom")
    area = await uow.session.get_one(PropertyArea, (uow.county, contract.area_id))
    account_id = new_id()
    title = {"BUDGET": "年度预算", "QUARTER": "季度收支", "ANNUAL": "年度决算"}[kind.value]
    body = f"收入{format_fen(income)}，支出{format_fen(expense)}，酬金{format_fen(remuneration)}。"
    posting = Posting(
        title=f"物业服务资金{title} {period_from:%Y-%m-%d}至{period_to:%Y-%m-%d}",
        body="\n".join([body, *(f"{line.title}：{format_fen(line.amount)}" for line in told)]),
        objection_contact=objection_contact,
        content={"income": income, "expense": expense, "remuneration": remuneration},
    )
    disclosure = await put_up(
        uow, area, DisclosureItem.SERVICE_ACCOUNTS, posting, grant=grant, about=About("fee_account", account_id)
    )
    await uow.session.flush()
    account = FeeAccount(
        county=uow.county,
        id=account_id,
        contract_id=contract.id,
        area_id=contract.area_id,
        company_id=contract.company_id,
        township=contract.township,
        community=contract.community,
        kind=kind.value,
        period_from=period_from,
        period_to=period_to,
        income=income,
        expense=expense,
        remuneration=remuneration,
        lines=[{"title": line.title, "amount": line.amount} for line in told],
        disclosure_id=disclosure.id,
        recorded_by=uow.actor.account_id,
    )
    uow.session.add(account)
    await uow.audit("feeAccountPost", account, grant=grant, detail={"kind": kind.value})
    return account, disclosure


async def fee_question_ask(uow: UnitOfWork, *, fee_account_id: uuid.UUID, question: str) -> FeeQuestion:
    """Ask the company about posted accounts (feeQuestionAsk, FEE-1), as a resident: it answers within the profile's days."""
    account = await uow.load(FeeAccount, fee_account_id, field="feeAccountId")
    grant = await uow.act(RESIDENTS, FeeAccount, account)
    if not question.strip():
        raise Refusal(ErrorCode.REQUIRED, "question")
    if uow.actor.account_id is None:
        raise Refusal(ErrorCode.FORBIDDEN_ROLE)
    asked = FeeQuestion(
        county=uow.county,
        id=new_id(),
        fee_account_id=account.id,
        question=question.strip(),
        asked_by=uow.actor.account_id,
        due_on=uow.today + timedelta(days=uow.profile.fee_answer_days),
    )
    uow.session.add(asked)
    await uow.audit("feeQuestionAsk", asked, grant=grant)
    return asked


async def fee_question_answer(uow: UnitOfWork, *, id: uuid.UUID, answer: str) -> FeeQuestion:
    """Answer a payer's question, as the company (feeQuestionAnswer, FEE-1); late is seen, not refused.

    ``ACTION_NOT_AVAILABLE`` once answered."""
    asked = await uow.load(FeeQuestion, id, lock=True)
    account = await uow.load(FeeAccount, asked.fee_account_id)
    grant = await uow.act(COMPANY, FeeAccount, account)
    if not answer.strip():
        raise Refusal(ErrorCode.REQUIRED, "answer")
    if asked.answer is not None:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", state="ANSWERED", action="feeQuestionAnswer")
    asked.answer, asked.answered_on = answer.strip(), uow.today
    await uow.audit("feeQuestionAnswer", asked, grant=grant)
    uow.notify(asked)
    return asked


async def budget_of(
    uow: UnitOfWork, contract: ServiceContract, day: date, kind: FeeAccountKind = FeeAccountKind.BUDGET
) -> uuid.UUID | None:
    """The posted budget (or accounts of another kind) of a contract whose period holds a day."""
    return await uow.session.scalar(
        select(FeeAccount.id).where(
            FeeAccount.county == uow.county,
            FeeAccount.contract_id == contract.id,
            FeeAccount.kind == kind.value,
            FeeAccount.period_from <= day,
            FeeAccount.period_to >= day,
        )
    )

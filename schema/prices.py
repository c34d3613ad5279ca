"""How prices were raised (FEE-6), and budget and accounts of the remuneration mode (FEE-1), as clients see them."""

import datetime
from typing import TYPE_CHECKING, Any

import strawberry
from sqlalchemy import ColumnElement, and_

from domain.prices import FeeAccountKind
from models import prices as models
from resolvers import prices
from schema.acts import act
from schema.cases import document_ids_of
from schema.common import JSON, DateTime, Fen
from schema.conditions import equal, of
from schema.engine.declare import ascending, column, derived, descending, entity, filters, listing, many, one, orders
from schema.engine.intents import given, inputs, ref
from schema.engine.types import Connection, described

if TYPE_CHECKING:
    from schema.areas import PropertyArea
    from schema.companies import Company
    from schema.contracts import ServiceContract
    from schema.disclosures import Disclosure
    from schema.fees import ChargeItem

described(FeeAccountKind)


@entity(
    models.PriceIncrease,
    "How the owners came to a higher price: audit and proposal posted, vote, result posted (FEE-6).",
    orders=orders(
        "PriceIncreaseOrder",
        "How increases are ordered.",
        NEWEST=(descending(models.PriceIncrease.id), "Latest first."),
    ),
)
class PriceIncrease:
    item: "ChargeItem | None" = one(models.PriceIncrease.charge_item_id, "The charge item whose price rises.")
    area: "PropertyArea | None" = one(models.PriceIncrease.area_id, "The property area.")
    company: "Company | None" = one(models.PriceIncrease.company_id, "Who charges.")
    new_price: Fen = column(models.PriceIncrease.new_price, "The price agreed on.")
    valid_from: datetime.date = column(models.PriceIncrease.valid_from, "From when.")
    posted_from: datetime.date = column(models.PriceIncrease.posted_from, "First day of the proposal's posting.")
    posted_to: datetime.date = column(models.PriceIncrease.posted_to, "Last day of it.")
    voted_on: datetime.date = column(models.PriceIncrease.voted_on, "Day of the owners' decision.")
    result_posted_from: datetime.date = column(models.PriceIncrease.result_posted_from, "First day of the result's.")
    result_posted_to: datetime.date = column(models.PriceIncrease.result_posted_to, "Last day of it.")
    document_ids: list[strawberry.ID] = document_ids_of(
        models.PriceIncrease, models.PriceIncrease.document_ids, "Audit and resolution, as ids of documents."
    )


@filters("Which budgets and accounts. All given conditions must hold.")
class FeeAccountFilter:
    area: strawberry.ID | None = of("PropertyArea", "area_id", "Of this property area.")
    company: strawberry.ID | None = of("Company", "company_id", "Of this company.")
    kind: FeeAccountKind | None = equal("kind", "Of this sort.")


@entity(
    models.FeeAccount,
    "A budget, quarterly or annual accounts of the remuneration mode (酬金制), as posted on the board (FEE-1).",
    orders=orders(
        "FeeAccountOrder",
        "How accounts are ordered.",
        NEWEST=(descending(models.FeeAccount.period_from), "Latest first."),
    ),
    filters=FeeAccountFilter,
)
class FeeAccount:
    kind: FeeAccountKind = column(models.FeeAccount.kind, "Budget, quarterly or annual accounts.")
    contract: "ServiceContract | None" = one(models.FeeAccount.contract_id, "The contract.")
    area: "PropertyArea | None" = one(models.FeeAccount.area_id, "The property area.")
    company: "Company | None" = one(models.FeeAccount.company_id, "The company.")
    period_from: datetime.date = column(models.FeeAccount.period_from, "First day of the period.")
    period_to: datetime.date = column(models.FeeAccount.period_to, "Last day of the period.")
    income: Fen = column(models.FeeAccount.income, "Advance funds of the period.")
    expense: Fen = column(models.FeeAccount.expense, "What service cost.")
    remuneration: Fen = column(models.FeeAccount.remuneration, "What the company draws (酬金).")
    lines: JSON = column(models.FeeAccount.lines, "The expense line by line: title and amount in fen.")
    disclosure: "Disclosure | None" = one(models.FeeAccount.disclosure_id, "The posting.")
    questions: Connection["FeeQuestion"] = many(
        models.FeeQuestion.fee_account_id, "What payers asked about it, with the company's answers."
    )


def _is_overdue(row: Any, env: Any) -> ColumnElement[bool]:
    return and_(row.answer.is_(None), row.due_on < env.today)


@entity(
    models.FeeQuestion,
    "A payer's question about posted accounts, and the company's answer (质询). Who asked is not shown.",
    orders=orders(
        "FeeQuestionOrder",
        "How questions are ordered.",
        OLDEST=(ascending(models.FeeQuestion.id), "As they were asked."),
    ),
)
class FeeQuestion:
    fee_account: "FeeAccount | None" = one(models.FeeQuestion.fee_account_id, "The accounts that it is about.")
    question: str = column(models.FeeQuestion.question, "What was asked.")
    due_on: datetime.date = column(models.FeeQuestion.due_on, "The last day to answer.")
    is_overdue: bool = derived(_is_overdue, "Whether that day has passed without an answer.")
    answer: str | None = column(models.FeeQuestion.answer, "The answer.")
    answered_on: datetime.date | None = column(models.FeeQuestion.answered_on, "When it was answered.")
    created_at: DateTime = column(models.FeeQuestion.created_at, "When it was asked.")
    updated_at: DateTime = column(models.FeeQuestion.updated_at, "Last change.")


QUERIES = {
    "priceIncreases": listing("PriceIncrease", "Price increases that the caller may see."),
    "feeAccounts": listing("FeeAccount", "Budgets and accounts of the remuneration mode that the caller may see."),
}


@inputs("Put on record how the owners came to a higher price.")
class PriceIncreaseRecordInput:
    charge_item_id: strawberry.ID = ref("ChargeItem", "The charge item whose price rises.")
    new_price: Fen = given("The price agreed on.")
    valid_from: datetime.date = given("From when; after the result's posting.")
    posted_from: datetime.date = given("First day of the proposal's posting.")
    posted_to: datetime.date = given("Last day of it; 30 days later at least.")
    voted_on: datetime.date = given("Day of the owners' decision.")
    vote_passed: bool = given("Whether they agreed.")
    result_posted_from: datetime.date = given("First day of the result's posting.")
    result_posted_to: datetime.date = given("Last day of it; 7 days later at least.")
    document_ids: list[strawberry.ID] = ref("Document", "The audit (REPORT) and the resolution (OWNERS_RESOLUTION).")


@inputs("One line of a budget or of accounts.", item=True)
class AccountLineInput:
    title: str = given("What for.")
    amount: Fen = given("How much.")


@inputs("Post a budget, quarterly or annual accounts.")
class FeeAccountPostInput:
    contract_id: strawberry.ID = ref("ServiceContract", "The contract, in remuneration mode.")
    kind: FeeAccountKind = given("Which of them.")
    period_from: datetime.date = given("First day of the year or quarter.")
    period_to: datetime.date = given("Last day of it.")
    income: Fen = given("Advance funds of the period.")
    expense: Fen = given("What service cost, or will cost.")
    remuneration: Fen = given("What the company draws.")
    objection_contact: str = given("Where an owner asks; answered within seven days.")
    lines: list[AccountLineInput] | None = given("The expense line by line.")


@inputs("Ask about posted accounts.")
class FeeQuestionAskInput:
    fee_account_id: strawberry.ID = ref("FeeAccount", "The accounts.")
    question: str = given("What is asked; all who see the accounts read it.")


@inputs("Answer a question about posted accounts.")
class FeeQuestionAnswerInput:
    id: strawberry.ID = ref("FeeQuestion", "The question.")
    answer: str = given("The answer; all who see the accounts read it.")


MUTATIONS = [
    act(
        "priceIncreaseRecord",
        prices.price_increase_record,
        PriceIncreaseRecordInput,
        "Put on record how the owners came to a higher price (FEE-6). By the company.",
        {"increase": "PriceIncrease"},
    ),
    act(
        "feeAccountPost",
        prices.fee_account_post,
        FeeAccountPostInput,
        "Post a budget, quarterly or annual accounts of the remuneration mode (FEE-1). By the company.",
        {"account": "FeeAccount", "disclosure": "Disclosure"},
    ),
    act(
        "feeQuestionAsk",
        prices.fee_question_ask,
        FeeQuestionAskInput,
        "Ask the company about posted accounts; it answers within seven days (FEE-1). By a resident of the area.",
        {"question": "FeeQuestion"},
    ),
    act(
        "feeQuestionAnswer",
        prices.fee_question_answer,
        FeeQuestionAnswerInput,
        "Answer a question about posted accounts (FEE-1). By the company.",
        {"question": "FeeQuestion"},
    ),
]

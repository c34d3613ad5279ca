"""The fund's yearly report, and owners' requests for review (FUND-11, FUND-31)."""

import datetime
from typing import TYPE_CHECKING, Any

import strawberry
from sqlalchemy import Boolean, ColumnElement, and_

from domain.fund_reports import ReviewState
from models import fund_reviews as models
from resolvers import fund_reports
from schema.acts import act
from schema.common import DateTime
from schema.conditions import equal, of, since
from schema.engine.declare import ascending, column, derived, descending, entity, filters, listing, matches, one, orders
from schema.engine.intents import given, inputs, ref
from schema.engine.types import described

if TYPE_CHECKING:
    from schema.estates import Unit

described(ReviewState)

FUND_REVIEW_ORDERS = orders(
    "FundReviewOrder",
    "How requests for review are ordered.",
    NEWEST=(descending(models.FundReview.created_at), "Last first."),
    DUE=(ascending(models.FundReview.due_on), "First due first."),
)


def _is_overdue(row: Any, env: Any) -> ColumnElement[bool]:
    return and_(row.state == ReviewState.OPEN.value, row.due_on < env.today)


@filters("Which requests. All given conditions must hold.")
class FundReviewFilter:
    unit: strawberry.ID | None = of("Unit", "unit_id", "About this unit's account.")
    state: ReviewState | None = equal("state", "In this state.")
    overdue: bool | None = matches(
        lambda row, value, env: _is_overdue(row, env) == value,
        Boolean(),
        "Whether its answer is late.",
        opens=True,
    )
    updated_since: DateTime | None = since()


@entity(
    models.FundReview,
    "An owner's request to look again at the own account in the maintenance fund (复核申请), with the bureau's answer.",
    orders=FUND_REVIEW_ORDERS,
    filters=FundReviewFilter,
    states=models.FundReview.state,
)
class FundReview:
    unit: "Unit | None" = one(models.FundReview.unit_id, "The unit.")
    question: str = column(models.FundReview.question, "What seems wrong.")
    due_on: datetime.date = column(models.FundReview.due_on, "The last day to answer.")
    is_overdue: bool = derived(_is_overdue, "Whether that day has passed without an answer.")
    state: ReviewState = column(models.FundReview.state, "Whether it is answered.")
    answer: str | None = column(models.FundReview.answer, "The answer.")
    answered_on: datetime.date | None = column(models.FundReview.answered_on, "When it was answered.")
    created_at: DateTime = column(models.FundReview.created_at, "When it was asked.")
    updated_at: DateTime = column(models.FundReview.updated_at, "Last change.")


@inputs("Post an area's fund of a year on its board.")
class FundReportPublishInput:
    area_id: strawberry.ID = ref("PropertyArea", "The property area.")
    year: int = given("The year, which must be over.")
    objection_contact: str = given("Where an owner objects.")
    audit: str | None = given("Who audited it and what was found; then it hangs thirty days (FUND-31).")


@inputs("Ask for a review of the own account.")
class FundReviewAskInput:
    unit_id: strawberry.ID = ref("Unit", "The unit whose account it is.")
    question: str = given("What seems wrong.")


@inputs("Answer a request for review.")
class FundReviewAnswerInput:
    id: strawberry.ID = ref("FundReview", "The request.")
    answer: str = given("The answer to the owner.")


QUERIES = {"fundReviews": listing("FundReview", "Requests for review of fund accounts that the caller may see.")}

MUTATIONS = [
    act(
        "fundReportPublish",
        fund_reports.publish,
        FundReportPublishInput,
        "Post totals and each expense of a year with how many accounts bear it, from the books. By the committee or the bureau.",
        {"disclosure": "Disclosure"},
    ),
    act(
        "fundReviewAsk",
        fund_reports.ask,
        FundReviewAskInput,
        "Ask the bureau to look again at the own unit's account.",
        {"review": "FundReview"},
    ),
    act(
        "fundReviewAnswer",
        fund_reports.answer,
        FundReviewAnswerInput,
        "Answer an owner's request for review. By the bureau.",
        {"review": "FundReview"},
    ),
]

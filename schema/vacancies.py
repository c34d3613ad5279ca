"""Vacant units as clients see them, and what companies record of them (FEE-4)."""

import datetime
from typing import TYPE_CHECKING

import strawberry

from models import vacancies as models
from models.documents import Document as DocumentRow
from resolvers import vacancies
from schema.acts import act
from schema.common import DateTime
from schema.conditions import equal, of, since
from schema.engine.declare import column, descending, entity, filters, listing, many, one, orders
from schema.engine.intents import given, inputs, ref
from schema.engine.types import Connection
from schema.fee_acts import REASON

if TYPE_CHECKING:
    from schema.areas import PropertyArea
    from schema.attachments import Document
    from schema.companies import Company
    from schema.estates import Unit


@filters("Which vacancies. All given conditions must hold.")
class UnitVacancyFilter:
    unit: strawberry.ID | None = of("Unit", "unit_id", "Of this unit.")
    company: strawberry.ID | None = of("Company", "company_id", "Recorded by this company.")
    area: strawberry.ID | None = of("PropertyArea", "area_id", "In this property area.")
    township: str | None = equal("township", "In this township, 9 digits.")
    community: str | None = equal("community", "In this community, 12 digits.")
    updated_since: DateTime | None = since()


@entity(
    models.UnitVacancy,
    "A time in which nobody uses a unit (空置), as its company recorded it on paper. Where a charge item agrees to charge a "
    "vacant unit less, its bills do (FEE-4). Neighbours and committees do not see it.",
    orders=orders(
        "UnitVacancyOrder",
        "How vacancies are ordered.",
        NEWEST=(descending(models.UnitVacancy.vacant_from), "Latest first."),
    ),
    filters=UnitVacancyFilter,
)
class UnitVacancy:
    vacant_from: datetime.date = column(models.UnitVacancy.vacant_from, "The first day.")
    vacant_to: datetime.date | None = column(
        models.UnitVacancy.vacant_to,
        "The last day; null: until further notice; the eve of the first day: it was taken back.",
    )
    note: str = column(models.UnitVacancy.note, "What it rests on.")
    end_reason: str | None = column(models.UnitVacancy.end_reason, "Why it ended on that day.")
    township: str = column(models.UnitVacancy.township, "Division code, 9 digits.")
    community: str = column(models.UnitVacancy.community, "Division code, 12 digits.")
    unit: "Unit" = one(models.UnitVacancy.unit_id, "Which unit.")
    company: "Company | None" = one(models.UnitVacancy.company_id, "Who recorded it.")
    area: "PropertyArea | None" = one(models.UnitVacancy.area_id, "The property area.")
    documents: Connection["Document"] = many(
        DocumentRow.subject_id, "Its papers.", where=lambda row: row.subject_type == "unit_vacancy"
    )
    created_at: DateTime = column(models.UnitVacancy.created_at, "When it was recorded.")
    updated_at: DateTime = column(models.UnitVacancy.updated_at, "Last change.")


@inputs("Record that a unit is vacant.")
class UnitVacancyRecordInput:
    unit_id: strawberry.ID = ref("Unit", "Which unit.")
    vacant_from: datetime.date = given("The first day; not one to come.")
    vacant_to: datetime.date | None = given("The last day; left out: until further notice.")
    note: str = given("What it rests on.")
    document_ids: list[strawberry.ID] = ref("Document", "The paper that shows it.")


@inputs("Say on which day a unit was last vacant.")
class UnitVacancyEndInput:
    id: strawberry.ID = ref("UnitVacancy", "The vacancy.")
    last_day: datetime.date = given("The last day; the eve of the first takes the record back.")
    reason: str = given(REASON)


QUERIES = {"unitVacancies": listing("UnitVacancy", "Vacant units that the caller may see.")}
MUTATIONS = [
    act(
        "unitVacancyRecord",
        vacancies.unit_vacancy_record,
        UnitVacancyRecordInput,
        "Record that a unit is vacant; bills issued from then on charge what was agreed for it (FEE-4). By the company.",
        {"vacancy": "UnitVacancy"},
    ),
    act(
        "unitVacancyEnd",
        vacancies.unit_vacancy_end,
        UnitVacancyEndInput,
        "End a vacancy, or take back one that was recorded wrongly; bills that were issued stay. By its company.",
        {"vacancy": "UnitVacancy"},
    ),
]

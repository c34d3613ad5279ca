"""Filings (备案) as clients see them, with what was handed in, the tests of dead companies, and the model texts."""

import datetime
from typing import TYPE_CHECKING, Any

import strawberry
from sqlalchemy import Boolean, Date, and_, case, exists, func, not_, or_, select
from sqlalchemy.orm import aliased

from domain.covenant_filings import CovenantKind
from domain.filing_records import (
    CancellationTestKind,
    FilingKind,
    FilingState,
    ModelTextKind,
)
from domain.premises_filings import PremisesPurpose
from domain.roles import IN_THE_COUNTY, Role
from models import filings as models
from models.documents import Document as DocumentRow
from models.estates import EstateArea
from schema import filing_partners
from schema.cases import available_actions_of, events_of, reviews_of
from schema.common import JSON, Area, DateTime
from schema.conditions import equal, of, since
from schema.engine.declare import (
    ascending,
    column,
    derived,
    descending,
    entity,
    filters,
    listing,
    many,
    matches,
    one,
    orders,
)
from schema.engine.intents import changes
from schema.engine.types import Connection, described
from schema.engine.values import key_of

if TYPE_CHECKING:
    from schema.areas import PropertyArea
    from schema.attachments import Document
    from schema.cases import AuditEvent, AvailableAction, Review
    from schema.committees import Committee
    from schema.companies import Company, ProjectLeader
    from schema.contracts import ServiceContract
    from schema.estates import Unit

for _enumeration in (
    FilingKind,
    FilingState,
    ModelTextKind,
    CancellationTestKind,
    CovenantKind,
    PremisesPurpose,
    Role,
):
    described(_enumeration)

"""The scope ``filings:public`` covers what is published; the course of a case is not."""
PARTIES_AND_OFFICES = IN_THE_COUNTY - {Role.OWNER, Role.TENANT}


def _of_estate(row: Any, estate_id: Any, env: Any) -> Any:
    linked = aliased(EstateArea)
    return exists(
        select(1).where(
            env.county_of(linked),
            linked.county == row.county,
            linked.area_id == row.area_id,
            linked.estate_id == estate_id,
            linked.valid_to.is_(None),
        )
    )


def _in_effect(row: Any, day: Any) -> Any:
    return and_(
        row.effective_from <= day,
        or_(row.effective_to.is_(None), row.effective_to >= day),
        not_(row.suspended.contains(day)),
    )


FILING_ORDERS = orders(
    "FilingOrder",
    "How filings are ordered.",
    NEWEST=(descending(models.Filing.updated_at), "Last changed first."),
    CHANGED=(ascending(models.Filing.updated_at), "First changed first: for polling with `updatedSince`."),
)


@filters("Which filings. All given conditions must hold.")
class FilingFilter:
    kind: FilingKind | None = equal("kind", "Of this kind.")
    state: FilingState | None = equal("state", "In this state.")
    number: str | None = equal("number", "With exactly this case number.")
    certificate_number: str | None = equal("certificate_number", "With exactly this certificate number.")
    credit_code: str | None = equal(
        "credit_code", "Of the party with this unified social credit code: the company, of premises the developer."
    )
    company: strawberry.ID | None = of("Company", "company_id", "Of this company.")
    contract: strawberry.ID | None = of("ServiceContract", "contract_id", "Of this contract.")
    project_leader: strawberry.ID | None = of("ProjectLeader", "project_leader_id", "Of this project leader.")
    area: strawberry.ID | None = of("PropertyArea", "area_id", "Of this property area.")
    estate: strawberry.ID | None = matches(
        _of_estate,
        models.Filing.id.type,
        "Of property areas that cover this estate.",
        read=key_of("Estate"),
        opens=True,
    )
    township: str | None = equal("township", "Township or subdistrict code, 9 digits.")
    community: str | None = equal("community", "Community code, 12 digits.")
    as_of: datetime.date | None = matches(_in_effect, Date(), "In effect on this day.")
    published: bool | None = equal("published", "Published, or not.", Boolean())
    due_before: datetime.date | None = matches(
        lambda row, value: row.due_on < value, Date(), "Whose next act is due before this day."
    )
    updated_since: DateTime | None = since()


@entity(
    models.Filing,
    "A filing case (备案). Partners see what is published; more only under a referral of the bureau.",
    orders=FILING_ORDERS,
    filters=FilingFilter,
    states=models.Filing.state,
)
class Filing:
    kind: FilingKind = column(models.Filing.kind, "What is filed.")
    number: str = column(models.Filing.number, "The case number.")
    title: str = column(models.Filing.title, "What it is about.")
    state: FilingState = column(models.Filing.state, "Where it stands.")
    state_since: DateTime = column(models.Filing.state_since, "Since when.")
    due_on: datetime.date | None = column(models.Filing.due_on, "The last day for the next act.", to=IN_THE_COUNTY)
    company: "Company | None" = one(models.Filing.company_id, "The company.")
    contract: "ServiceContract | None" = one(models.Filing.contract_id, "The contract, of a contract's filing.")
    project_leader: "ProjectLeader | None" = one(
        models.Filing.project_leader_id, "The leader, of a project leader's filing.", to=IN_THE_COUNTY
    )
    area: "PropertyArea | None" = one(
        models.Filing.area_id, "The property area; null of a company's filing, which concerns none."
    )
    committee: "Committee | None" = one(
        models.Filing.committee_id, "The body that signed the contract or adopted the covenant.", to=IN_THE_COUNTY
    )
    credit_code: str | None = column(
        models.Filing.credit_code, "The party's unified social credit code: the company's, of premises the developer's."
    )
    covenant_kind: CovenantKind | None = column(models.Filing.covenant_kind, "Which covenant, of a covenant's filing.")
    adopted_on: datetime.date | None = derived(
        lambda row, env: case((row.kind == FilingKind.COVENANT.value, row.signed_on)),
        "The day on which a covenant was adopted or issued.",
    )
    decision_reference: str | None = column(
        models.Filing.decision_reference, "Where the owners' decision is found that adopted a covenant."
    )
    model_text: "ModelText | None" = one(
        models.Filing.model_text_id, "The model text that a covenant is written on.", to=IN_THE_COUNTY
    )
    developer_name: str | None = column(
        models.Filing.developer_name, "The developer (建设单位) of premises or of a temporary covenant."
    )
    permit_number: str | None = column(
        models.Filing.permit_number, "Number of the planning permit whose plan shows the premises."
    )
    total_area: Area | None = column(
        models.Filing.total_area, "Building area of the development, or of its phase, whose premises are filed."
    )
    required_area: Area | None = column(
        models.Filing.required_area, "The least area that these premises must have (Shandong 12, Zibo 9)."
    )
    premises: Connection["ServicePremises"] = many(models.ServicePremises.filing_id, "The service premises as planned.")
    township: str | None = column(models.Filing.township, "Township or subdistrict code, 9 digits.")
    community: str | None = column(models.Filing.community, "Community code, 12 digits.")
    round: int | None = column(models.Filing.round, "How often it was handed in.", to=IN_THE_COUNTY)
    submitted_on: datetime.date | None = column(models.Filing.submitted_on, "When it was last handed in.")
    late_days: int | None = column(
        models.Filing.late_days, "Days after the legal period; 0 in time.", to=PARTIES_AND_OFFICES
    )
    returned_reasons: list[str] | None = column(
        models.Filing.returned_reasons, "Why it was returned.", to=PARTIES_AND_OFFICES
    )
    resubmit_by: datetime.date | None = column(
        models.Filing.resubmit_by, "After this day a returned filing lapses.", to=PARTIES_AND_OFFICES
    )
    rectify_by: datetime.date | None = column(
        models.Filing.rectify_by, "The day by which an order is to be followed.", to=PARTIES_AND_OFFICES
    )
    decided_on: datetime.date | None = column(models.Filing.decided_on, "When it was filed.")
    certificate_number: str | None = column(models.Filing.certificate_number, "Certificate number (备案证明编号).")
    digest: str | None = column(models.Filing.digest, "SHA-256 of the record: check it with `filingVerify`.")
    content: JSON | None = column(models.Filing.content, "The record as it was filed.", to=IN_THE_COUNTY)
    copied_to: list[Role] | None = column(models.Filing.copied_to, "Offices that hold a copy.", to=PARTIES_AND_OFFICES)
    effective_from: datetime.date | None = column(models.Filing.effective_from, "First day of effect.")
    effective_to: datetime.date | None = column(models.Filing.effective_to, "Last day of effect; null while it lasts.")
    is_effective: bool = derived(
        lambda row, env: func.coalesce(_in_effect(row, env.today), False),
        "Whether it has effect today.",
    )
    published: bool = column(models.Filing.published, "Whether it is published.")
    published_at: DateTime | None = column(models.Filing.published_at, "When it was published.")
    version: int = column(models.Filing.version, "Counts up with every change: give it as `expectedVersion`.")
    created_at: DateTime = column(models.Filing.created_at, "When the case was opened.")
    updated_at: DateTime = column(models.Filing.updated_at, "Last change.")
    documents: Connection["Document"] = many(
        DocumentRow.subject_id, "Its documents.", where=lambda row: row.subject_type == "filing"
    )
    submissions: Connection["FilingSubmission"] = many(
        models.FilingSubmission.filing_id, "What was handed in each time."
    )
    cancellation_tests: Connection["CancellationTest"] = many(
        models.CancellationTest.filing_id, "Tests of a dead company (GT-11), as recorded."
    )
    reviews: Connection["Review"] = reviews_of(models.Filing)
    events: Connection["AuditEvent"] = events_of(models.Filing)
    available_actions: "list[AvailableAction]" = available_actions_of(  # type: ignore[valid-type]
        models.Filing,
        models.Filing.contract_kind,
        models.Filing.covenant_kind,
        models.Filing.signed_on,
        models.Filing.starts_on,
        models.Filing.ends_on,
        models.Filing.changed_on,
        models.Filing.rectify_by,
        models.Filing.replaced_on,
        models.Filing.rectification_refused,
    )


PREMISES_ORDERS = orders(
    "ServicePremisesOrder",
    "How service premises are ordered.",
    POSITION=(ascending(models.ServicePremises.position), "As the filing lists them."),
)


@entity(
    models.ServicePremises,
    "One of the service premises (物业服务用房) that a developer must provide, as planned and pre-filed.",
    orders=PREMISES_ORDERS,
    sums={"areaSum": (models.ServicePremises.area, "Their building area together.")},
)
class ServicePremises:
    position: int = column(models.ServicePremises.position, "Its number in the filing, from 1.")
    purpose: PremisesPurpose = column(models.ServicePremises.purpose, "What it is for.")
    location: str = column(models.ServicePremises.location, "Building, entrance, floor and room, as the plan says.")
    floor: int = column(models.ServicePremises.floor, "Storey: 1 at ground level, negative below ground.")
    area: Area = column(models.ServicePremises.area, "Building area.")
    unit: "Unit | None" = one(models.ServicePremises.unit_id, "The unit in the register, once it is entered there.")


SUBMISSION_ORDERS = orders(
    "FilingSubmissionOrder",
    "How submissions are ordered.",
    ROUND=(ascending(models.FilingSubmission.round), "In the order in which they were handed in."),
)


@entity(models.FilingSubmission, "What was handed in once, as it was. Never changed.", orders=SUBMISSION_ORDERS)
class FilingSubmission:
    round: int = column(models.FilingSubmission.round, "Its number, from 1.")
    content: JSON = column(models.FilingSubmission.content, "The record.")
    digest: str = column(models.FilingSubmission.digest, "Its SHA-256 in hexadecimal.")
    at: DateTime = column(models.FilingSubmission.at, "When.")


TEST_ORDERS = orders(
    "CancellationTestOrder",
    "How tests are ordered.",
    NEWEST=(descending(models.CancellationTest.recorded_at), "Last recorded first."),
)


@entity(models.CancellationTest, "One test before a 三无/僵尸 company's filing is cancelled.", orders=TEST_ORDERS)
class CancellationTest:
    test: CancellationTestKind = column(models.CancellationTest.test, "Which test.")
    met: bool = column(models.CancellationTest.met, "Whether it was found so.")
    finding: str = column(models.CancellationTest.finding, "What was found.")
    document: "Document | None" = one(models.CancellationTest.document_id, "The evidence.")
    recorded_role: Role = column(models.CancellationTest.recorded_role, "Which office recorded it.")
    recorded_at: DateTime = column(models.CancellationTest.recorded_at, "When.")


TEXT_ORDERS = orders(
    "ModelTextOrder",
    "How model texts are ordered.",
    NEWEST=(descending(models.ModelText.valid_from), "Last edition first."),
)


@filters("Which model texts. All given conditions must hold.")
class ModelTextFilter:
    kind: ModelTextKind | None = equal("kind", "For this.")


@entity(
    models.ModelText,
    "An edition of a model text (示范文本). Never changed.",
    orders=TEXT_ORDERS,
    filters=ModelTextFilter,
)
class ModelText:
    kind: ModelTextKind = column(models.ModelText.kind, "What it is for.")
    edition: str = column(models.ModelText.edition, "The edition's name.")
    title: str = column(models.ModelText.title, "Its title.")
    basis: str = column(models.ModelText.basis, "Who issued it, under which number.")
    valid_from: datetime.date = column(models.ModelText.valid_from, "First day on which it is used.")
    document: "Document | None" = one(models.ModelText.document_id, "The text.")


QUERIES = {**filing_partners.QUERIES, "modelTexts": listing("ModelText", "The county's model texts.")}

SUBSCRIPTIONS = [changes("filingChanged", "Filing", "A filing that the caller may see, each time it changes.")]

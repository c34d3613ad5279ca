"""Requests about personal data as clients see them: the own to be corrected or deleted, others' to be read for a case."""

import datetime
import uuid
from typing import TYPE_CHECKING, Any

import strawberry
from sqlalchemy import DateTime as SqlDateTime
from sqlalchemy import Text

from domain.data_requests import DataRequestKind, DataRequestState
from domain.estates import IdentityDocument
from domain.personal_data import Hold, PersonalField
from domain.roles import OFFICIALS, PARTNERS, Role
from models import data_requests as models
from resolvers import data_requests as requests
from resolvers import disclosed_data
from resolvers.unit_of_work import UnitOfWork
from schema import people as people_schema
from schema import personal_data as personal_data_schema
from schema.cases import available_actions_of, events_of, reviews_of
from schema.common import DateTime
from schema.engine.declare import (
    column,
    derived,
    descending,
    entity,
    filters,
    listing,
    matches,
    one,
    orders,
)
from schema.engine.intents import changes, given, inputs, intent, ref
from schema.engine.types import Connection, described, plain_type
from schema.engine.values import Ref, encode_id

if TYPE_CHECKING:
    from schema.cases import AuditEvent, AvailableAction, Review
    from schema.estates import Estate, Unit
    from schema.people import Occupancy, Owner

ENUMERATIONS_FROM = (people_schema, personal_data_schema)
"""Their modules give further enumerations to the schema."""

for _enumeration in (DataRequestKind, DataRequestState):
    described(_enumeration)

DECIDING = frozenset({Role.OWNER, Role.TENANT, *OFFICIALS, Role.COMPANY_ADMIN, Role.PROJECT_LEADER})
ASKING = frozenset({*PARTNERS, *OFFICIALS})

REQUEST_ORDERS = orders(
    "DataRequestOrder",
    "How requests about personal data are ordered.",
    NEWEST=(descending(models.DataRequest.id), "Latest first."),
    UPDATED=(descending(models.DataRequest.updated_at), "Last changed first."),
)


@filters("Which requests about personal data. All given conditions must hold.")
class DataRequestFilter:
    kind: DataRequestKind | None = matches(lambda row, value: row.kind == value, Text(), "Of this kind.")
    state: DataRequestState | None = matches(lambda row, value: row.state == value, Text(), "In this state.")
    updated_since: DateTime | None = matches(
        lambda row, value: row.updated_at >= value, SqlDateTime(timezone=True), "Changed at or after this instant."
    )


@entity(
    models.DataRequest,
    "A request about personal data (个人信息请求): a person's to have the own corrected or deleted, a court's or department's to "
    "read others' for a case. The applicant sees it, and the offices and the company that decide it.",
    orders=REQUEST_ORDERS,
    filters=DataRequestFilter,
    states=models.DataRequest.state,
)
class DataRequest:
    kind: DataRequestKind = column(models.DataRequest.kind, "What is asked for.")
    title: str = column(models.DataRequest.title, "What it is about.")
    state: DataRequestState = column(models.DataRequest.state, "Where it stands.")
    state_since: DateTime = column(models.DataRequest.state_since, "Since when.")
    due_on: datetime.date | None = column(models.DataRequest.due_on, "By when it is to be answered.")
    is_overdue: bool | None = derived(lambda row, env: row.due_on < env.today, "Whether that day has passed.")
    version: int = column(models.DataRequest.version, "Counts its changes.")
    fields: list[PersonalField] = column(models.DataRequest.fields, "What is to be corrected, or may be read.")
    owner: "Owner | None" = one(models.DataRequest.owner_id, "The owner whose data it is.")
    occupancy: "Occupancy | None" = one(models.DataRequest.occupancy_id, "The occupancy whose data it is.")
    new_name: str | None = column(models.DataRequest.new_name, "The name as it should be.", to=DECIDING)
    new_document: str | None = column(
        models.DataRequest.new_document_mask, "Number of the right document, masked.", to=DECIDING
    )
    new_phone: str | None = column(models.DataRequest.new_phone_mask, "The right phone, masked.", to=DECIDING)
    holds: list[Hold] = column(models.DataRequest.holds, "Why the data may not be deleted, as found last.")
    purpose: str | None = column(models.DataRequest.purpose, "What a court or department needs it for.")
    legal_basis: str | None = column(models.DataRequest.legal_basis, "The provision.")
    case_number: str | None = column(models.DataRequest.case_number, "The case.")
    subject_document: str | None = column(
        models.DataRequest.subject_document_mask, "Whose data, by the document's number, masked.", to=ASKING
    )
    unit: "Unit | None" = one(models.DataRequest.unit_id, "The unit whose owners are asked for.")
    estate: "Estate | None" = one(
        models.DataRequest.estate_id, "The estate: of the record, or whose owners are asked for."
    )
    expires_on: datetime.date | None = column(models.DataRequest.expires_on, "Last day on which it opens anything.")
    decided_reason: str | None = column(models.DataRequest.decided_reason, "Why it was refused or revoked.")
    reviews: Connection["Review"] = reviews_of(models.DataRequest)
    events: Connection["AuditEvent"] = events_of(models.DataRequest)
    available_actions: "list[AvailableAction]" = available_actions_of(  # type: ignore[valid-type]
        models.DataRequest, models.DataRequest.holds, models.DataRequest.expires_on
    )


DisclosedPerson = plain_type(
    "DisclosedPerson",
    "What an approved request opens of one person.",
    {
        "subject": ("strawberry.ID", "The person's id: the cursor for `after`."),
        "values": ("list[PersonalValue]", "The approved fields."),
    },
)

DisclosedPage = plain_type(
    "DisclosedPage",
    "A page of what an approved request opens. Each person on it is on record.",
    {
        "persons": ("list[DisclosedPerson]", "The persons, in a fixed order."),
        "has_more": ("bool", "Whether there are more behind the last one."),
    },
)

DOCUMENTS = "Documents to attach, uploaded and confirmed."
VERSION = "The `version` that was read: refused with VERSION_CONFLICT when somebody changed the request since."


@inputs("What is wrong in the own record, and how it should be. Only what is to change.")
class DataCorrectionRequestInput:
    subject: strawberry.ID = ref("Owner|Occupancy", "The own record; a ward's for the guardian.")
    name: str | None = given("The right name.")
    document_kind: IdentityDocument | None = given("The kind of the right document; with its number.")
    document_number: str | None = given("The number of the right document; stored sealed.")
    phone: str | None = given("The right phone; stored sealed.")
    documents: list[strawberry.ID] | None = ref("Document", DOCUMENTS)


@inputs("Whose data is to be deleted.")
class DataDeletionRequestInput:
    owner_id: strawberry.ID = ref("Owner", "The own record; a ward's for the guardian.")
    documents: list[strawberry.ID] | None = ref("Document", DOCUMENTS)


@inputs("What a court or department needs for a case. Exactly one of the person, the unit and the estate is named.")
class DataDisclosureRequestInput:
    county: str | None = given("The county, by its six-digit code; needed only by who acts in several.")
    purpose: str = given("What for.")
    legal_basis: str = given("The provision that allows it.")
    case_number: str = given("The number of the case or instruction.")
    fields: list[PersonalField] = given("What is needed, no more.")
    expires_on: datetime.date = given("The last day on which it is needed.")
    document_number: str | None = given("The person, by the number of the identity document; stored sealed.")
    unit_number: str | None = given("The unit, by its real-estate unit number (不动产单元号).")
    unit_id: strawberry.ID | None = ref("Unit", "The unit, for an office that sees it.")
    estate_id: strawberry.ID | None = ref("Estate", "The estate: all its owners.")
    documents: list[strawberry.ID] | None = ref("Document", DOCUMENTS)


@inputs("A decision on a request.")
class DataRequestDecideInput:
    id: strawberry.ID = ref("DataRequest", "The request.")
    expected_version: int | None = given(VERSION)


@inputs("The approval of a court's or department's request: as asked, or less of it.")
class DataRequestApproveInput:
    id: strawberry.ID = ref("DataRequest", "The request.")
    fields: list[PersonalField] | None = given("Fewer fields than were asked for.")
    expires_on: datetime.date | None = given("An earlier last day.")
    expected_version: int | None = given(VERSION)


@inputs("A decision that needs a reason.")
class DataRequestReasonInput:
    id: strawberry.ID = ref("DataRequest", "The request.")
    reason: str = given("Why.")


@inputs("The request to withdraw.")
class DataRequestWithdrawInput:
    id: strawberry.ID = ref("DataRequest", "The request.")


@inputs("A page of what an approved request opens.", keyed=False)
class DataRequestReadInput:
    id: strawberry.ID = ref("DataRequest", "The request.")
    first: int | None = given("How many persons, 100 at most and if left out.")
    after: strawberry.ID | None = ref("Owner", "The last person of the page before.")


async def _read(uow: UnitOfWork, **what: Any) -> dict[str, Any]:
    page = await disclosed_data.read(uow, **what)

    def shown(owner_id: uuid.UUID) -> str:
        return encode_id(Ref("Owner", uow.county, owner_id))

    return {
        "persons": [
            {
                "subject": shown(person.owner_id),
                "values": [{"field": name, "value": value} for name, value in person.values.items()],
            }
            for person in page.persons
        ],
        "has_more": page.more,
    }


_REQUEST = {"dataRequest": "DataRequest"}

QUERIES = {
    "dataRequests": listing("DataRequest", "Requests about personal data that the caller may see."),
}

MUTATIONS = [
    intent(
        "dataCorrectionRequest",
        requests.correction_request,
        DataCorrectionRequestInput,
        "Ask that the own data be corrected.",
        _REQUEST,
    ),
    intent(
        "dataDeletionRequest",
        requests.deletion_request,
        DataDeletionRequestInput,
        "Ask that the own data be deleted.",
        _REQUEST,
    ),
    intent(
        "dataDisclosureRequest",
        requests.disclosure_request,
        DataDisclosureRequestInput,
        "Ask to read personal data for a case; courts, banks, departments.",
        _REQUEST,
    ),
    intent("dataRequestCorrect", requests.correct, DataRequestDecideInput, "Correct the record as asked.", _REQUEST),
    intent(
        "dataRequestPseudonymise",
        requests.pseudonymise,
        DataRequestDecideInput,
        "Delete the data: names and numbers go, rows that count stay under a pseudonym.",
        _REQUEST,
    ),
    intent(
        "dataRequestBlock",
        requests.block,
        DataRequestDecideInput,
        "Answer that the law requires keeping the data; `holds` says why.",
        _REQUEST,
    ),
    intent("dataRequestApprove", requests.approve, DataRequestApproveInput, "Open what is asked for.", _REQUEST),
    intent("dataRequestRefuse", requests.refuse, DataRequestReasonInput, "Refuse a request.", _REQUEST),
    intent("dataRequestRevoke", requests.revoke, DataRequestReasonInput, "End an approval early.", _REQUEST),
    intent("dataRequestWithdraw", requests.withdraw, DataRequestWithdrawInput, "Withdraw an own request.", _REQUEST),
    intent(
        "dataRequestRead",
        _read,
        DataRequestReadInput,
        "Read what an approved request opens, a page at a time; logged before it is handed over.",
        {"page": "DisclosedPage"},
        keyed=False,
    ),
]

SUBSCRIPTIONS = [changes("dataRequestChanged", "DataRequest", "A request about personal data, as it changes.")]

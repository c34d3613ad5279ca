"""Personal data as people meet it: what is revealed and why, the log of reads, orders that keep data (PRI-1..10)."""

import datetime
import uuid
from typing import Any

import strawberry
from sqlalchemy import DateTime as SqlDateTime
from sqlalchemy import Text

from domain.personal_data import (
    BASIS_OF,
    PURPOSES_OF,
    Hold,
    LawfulBasis,
    PersonalField,
    ProcessingPurpose,
)
from domain.roles import Role
from models import personal_data as models
from resolvers import personal_data
from resolvers.personal_data_copies import CopyFormat, copy_of_own
from resolvers.unit_of_work import UnitOfWork
from schema.common import DateTime
from schema.engine.declare import (
    answer,
    ascending,
    column,
    computed,
    descending,
    entity,
    filters,
    listing,
    matches,
    orders,
)
from schema.engine.intents import given, inputs, intent, ref
from schema.engine.run import Run
from schema.engine.types import described, plain_type
from schema.engine.values import Ref, encode_id

for _enumeration in (LawfulBasis, ProcessingPurpose, PersonalField, Hold, CopyFormat):
    described(_enumeration)

READ_ORDERS = orders(
    "PersonalDataReadOrder",
    "How reads of personal data are ordered.",
    NEWEST=(descending(models.PersonalDataRead.at), "Latest first."),
    OLDEST=(ascending(models.PersonalDataRead.at), "Earliest first."),
)


@filters("Which reads of personal data. All given conditions must hold.")
class PersonalDataReadFilter:
    purpose: ProcessingPurpose | None = matches(lambda row, value: row.purpose == value, Text(), "For this purpose.")
    role: Role | None = matches(lambda row, value: row.role == value, Text(), "In this role.")
    since: DateTime | None = matches(
        lambda row, value: row.at >= value, SqlDateTime(timezone=True), "At or after this instant."
    )


def _subject(_run: Run, kind: str, county: str, key: str | None) -> str | None:
    return None if key is None else encode_id(Ref(kind, county, uuid.UUID(key)))


@entity(
    models.PersonalDataRead,
    "That somebody read personal data in plain (PRI-7). The person concerned sees who, what for and which fields; the bureau "
    "sees all. Never changed; kept three years at least.",
    orders=READ_ORDERS,
    filters=PersonalDataReadFilter,
)
class PersonalDataRead:
    at: DateTime = column(models.PersonalDataRead.at, "When.")
    fields: list[PersonalField] = column(models.PersonalDataRead.fields, "What was read.")
    purpose: ProcessingPurpose = column(models.PersonalDataRead.purpose, "What for.")
    basis: LawfulBasis = column(models.PersonalDataRead.basis, "The lawful basis of that purpose.")
    reason: str | None = column(models.PersonalDataRead.reason, "The reason given.")
    legal_basis: str | None = column(models.PersonalDataRead.legal_basis, "The provision that was named.")
    case_number: str | None = column(models.PersonalDataRead.case_number, "The case.")
    role: Role = column(models.PersonalDataRead.role, "In which role it was read.")
    office: str | None = column(models.PersonalDataRead.office, "For which office.")
    acting_for: str | None = column(
        models.PersonalDataRead.acting_for, "Whom the official who read it stood in for (代理)."
    )
    client_id: str | None = column(models.PersonalDataRead.client_id, "By which partner's client.")
    operation: str = column(models.PersonalDataRead.operation, "The field of this API that showed it.")
    operation_id: strawberry.ID = column(
        models.PersonalDataRead.operation_id, "The same for all persons whom one operation read."
    )
    subject_type: str = column(models.PersonalDataRead.subject_type, "The type of what was read.")
    subject: strawberry.ID | None = computed(
        _subject,
        "The id of what was read, for `node`; null when the whole register was.",
        needs=[
            models.PersonalDataRead.subject_type,
            models.PersonalDataRead.county,
            models.PersonalDataRead.subject_id,
        ],
    )
    by_myself: bool = computed(
        lambda run, reader: reader is not None and reader == str(run.actor.account_id),
        "Whether the caller did it.",
        needs=[models.PersonalDataRead.account_id],
    )


HOLD_ORDERS = orders(
    "LegalHoldOrder",
    "How orders that keep data are ordered.",
    NEWEST=(descending(models.LegalHold.placed_on), "Latest first."),
)


@entity(models.LegalHold, "An order that keeps a person's data while it lasts (PIPL 47).", orders=HOLD_ORDERS)
class LegalHold:
    legal_basis: str = column(models.LegalHold.legal_basis, "The provision.")
    reason: str = column(models.LegalHold.reason, "Why.")
    case_number: str | None = column(models.LegalHold.case_number, "The case.")
    placed_on: datetime.date = column(models.LegalHold.placed_on, "Since when.")
    lifted_on: datetime.date | None = column(models.LegalHold.lifted_on, "First day on which it no longer holds.")
    lifted_reason: str | None = column(models.LegalHold.lifted_reason, "Why it was lifted.")


PersonalValue = plain_type(
    "PersonalValue",
    "One personal attribute in plain.",
    {
        "field": ("PersonalField", "Which."),
        "value": ("str | None", "Its value; null where the register has none."),
    },
)

RevealedData = plain_type(
    "RevealedData",
    "Personal data of one row in plain. It is given once: a replay under the same idempotency key shows nothing.",
    {
        "subject": ("strawberry.ID", "Whose."),
        "values": ("list[PersonalValue]", "The fields asked for."),
    },
)

PersonalDataFile = plain_type(
    "PersonalDataFile",
    "A copy of the caller's own data, made at once and stored nowhere.",
    {
        "name": ("str", "A name for the file."),
        "media_type": ("str", "Its type."),
        "content": ("str", "Its bytes in Base64."),
        "digest": ("str", "SHA-256 of the bytes, in hexadecimal."),
    },
)

ProcessingPurposeInfo = plain_type(
    "ProcessingPurposeInfo",
    "A purpose for which personal data is processed, with its lawful basis (PRI-1).",
    {
        "purpose": ("ProcessingPurpose", "The purpose."),
        "basis": ("LawfulBasis", "On what basis."),
        "roles": ("list[Role]", "Who processes data for it."),
    },
)

SUBJECT_TYPES = "|".join(personal_data.SUBJECTS)


@inputs("Personal data in plain, for a purpose and a reason that are put on record.", keyed=False)
class PersonalDataRevealInput:
    subject: strawberry.ID = ref(
        SUBJECT_TYPES,
        "An owner, an occupancy, a committee member, staff, a company, an estate (its contact) or an "
        "electronic invoice (whom it is made out to).",
    )
    fields: list[PersonalField] = given("What is needed, no more (PRI-1).")
    purpose: ProcessingPurpose = given("What for; one that the acting role has (`processingPurposes`).")
    reason: str = given("Why, in words; no phones or numbers of documents.")


@inputs("A copy of the caller's own data.", keyed=False)
class PersonalDataCopyInput:
    county: str | None = given("The county, by its six-digit code; needed only by who acts in several.")
    format: CopyFormat = given("JSON or a workbook.")


@inputs("An order that keeps a person's data.", keyed=False)
class LegalHoldPlaceInput:
    owner_id: strawberry.ID = ref("Owner", "The person.")
    legal_basis: str = given("The provision.")
    reason: str = given("Why.")
    case_number: str | None = given("The case.")


@inputs("The end of such an order.", keyed=False)
class LegalHoldLiftInput:
    id: strawberry.ID = ref("LegalHold", "The order.")
    reason: str = given("Why.")


async def _reveal(uow: UnitOfWork, **what: Any) -> dict[str, Any]:
    found = await personal_data.reveal(uow, **what)
    return {
        "subject": encode_id(Ref(found.type, uow.county, found.id)),
        "values": [{"field": name, "value": value} for name, value in found.values.items()],
    }


async def _purposes(_run: Run) -> list[dict[str, Any]]:
    return [
        {
            "purpose": purpose,
            "basis": basis,
            "roles": [role for role in Role if purpose in PURPOSES_OF.get(role, ()) and role is not Role.SYSTEM],
        }
        for purpose, basis in BASIS_OF.items()
    ]


QUERIES = {
    "personalDataReads": listing(
        "PersonalDataRead", "Who read the caller's personal data, and what for; the bureau sees every read."
    ),
    "legalHolds": listing("LegalHold", "Orders that keep data of persons; the bureau's."),
    "processingPurposes": answer(
        _purposes,
        "For what personal data is processed here, and on what lawful basis (PRI-1).",
        shows="list[ProcessingPurposeInfo] | None",
    ),
}

MUTATIONS = [
    intent(
        "personalDataReveal",
        _reveal,
        PersonalDataRevealInput,
        "Show personal data in plain to a named role, or to the person concerned. Logged before it is shown.",
        {"revealed": "RevealedData"},
        keyed=False,
    ),
    intent(
        "personalDataCopy",
        copy_of_own,
        PersonalDataCopyInput,
        "Get a copy of everything that the county keeps about the caller (PRI-8).",
        {"file": "PersonalDataFile"},
        keyed=False,
    ),
    intent(
        "legalHoldPlace",
        personal_data.place_hold,
        LegalHoldPlaceInput,
        "Keep a person's data by order.",
        {"legalHold": "LegalHold"},
        keyed=False,
    ),
    intent(
        "legalHoldLift",
        personal_data.lift_hold,
        LegalHoldLiftInput,
        "End an order that keeps a person's data.",
        {"legalHold": "LegalHold"},
        keyed=False,
    ),
]

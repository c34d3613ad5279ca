"""Plain personal values: to the person concerned, and to named roles with a purpose and a reason; all of it on record.

Nothing else opens what is sealed. ``append_reads`` writes the log (PRI-7), in the transaction that reads and so before any answer
is given; reads of plain names through lists come to it from the engine (``schema.engine``).
"""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text

from auth.actor import Grant
from domain.errors import ErrorCode, Refusal
from domain.personal_data import BASIS_OF, PURPOSES_OF, REVEALED_TO, PersonalField, ProcessingPurpose
from domain.personal_data import spells_personal_number as spells_number
from domain.roles import RESIDENTS, Role
from models.base import CountyRow, new_id
from models.committees import CommitteeMember
from models.companies import Company, CompanyStaff
from models.estates import Estate, Occupancy
from models.fee_invoices import FeeInvoice
from models.people import Owner
from models.personal_data import LegalHold
from models.sealed import reveal as opened
from resolvers.unit_of_work import UnitOfWork

_F = PersonalField


@dataclass(frozen=True)
class Subject:
    """A type whose rows hold personal data: its sealed attributes and its plain ones, by field."""

    model: type[CountyRow]
    sealed: Mapping[PersonalField, str]
    plain: Mapping[PersonalField, str] = field(default_factory=dict)


SUBJECTS: Mapping[str, Subject] = {
    "Owner": Subject(
        Owner,
        {_F.DOCUMENT: "document", _F.PHONE: "phone", _F.AGENT_PHONE: "agent_phone"},
        {_F.NAME: "name", _F.AGENT_NAME: "agent_name"},
    ),
    "Occupancy": Subject(Occupancy, {_F.PHONE: "phone"}, {_F.NAME: "name"}),
    "CommitteeMember": Subject(CommitteeMember, {_F.PHONE: "phone"}),
    "CompanyStaff": Subject(CompanyStaff, {_F.PHONE: "phone"}),
    "Company": Subject(Company, {_F.CONTACT_PHONE: "contact_phone"}),
    "FeeInvoice": Subject(FeeInvoice, {_F.NAME: "title", _F.DOCUMENT: "tax_number", _F.EMAIL: "email"}),
    "Estate": Subject(Estate, {_F.CONTACT_PHONE: "contact_cadre_phone"}),
}


@dataclass(frozen=True)
class Revealed:
    """Plain values of one row. They are given to the caller and stored nowhere."""

    type: str
    id: uuid.UUID
    values: Mapping[PersonalField, str | None] = field(repr=False)


@dataclass(frozen=True)
class Why:
    """What personal data is read for, as the log keeps it."""

    purpose: ProcessingPurpose
    reason: str | None = None
    legal_basis: str | None = None
    case_number: str | None = None
    data_request_id: uuid.UUID | None = None


async def reveal(
    uow: UnitOfWork,
    *,
    subject: tuple[str, uuid.UUID],
    fields: Sequence[PersonalField],
    purpose: ProcessingPurpose,
    reason: str,
) -> Revealed:
    """The plain values of a visible row's fields (personalDataReveal), logged with purpose and reason.

    Refuses ``NOT_FOUND`` for a row that the actor does not see, ``FORBIDDEN_ROLE`` unless every field is revealed to the
    acting role or the data is the actor's own, ``PURPOSE_REQUIRED`` without a reason or for a purpose that the role does not
    have, ``INVALID_INPUT`` for a reason that itself spells a personal number.
    """
    kind, row_id = subject
    wanted = [PersonalField(one) for one in fields]
    declared = SUBJECTS[kind]
    row: Any = await uow.load(declared.model, row_id, field="subject")
    if not wanted:
        raise Refusal(ErrorCode.REQUIRED, "fields")
    if any(one not in declared.sealed for one in wanted):
        raise Refusal(ErrorCode.INVALID_INPUT, "fields")
    roles = frozenset.intersection(*(REVEALED_TO[kind][one] for one in wanted))
    if is_own(uow, row):
        roles |= RESIDENTS
    grant = await uow.act(roles, declared.model, row, field="fields")
    why = Why(ProcessingPurpose(purpose), checked_reason(reason))
    if why.purpose not in PURPOSES_OF[grant.role]:
        raise Refusal(ErrorCode.PURPOSE_REQUIRED, "purpose")
    await append_reads(uow, {(kind, row.id): wanted}, grant=grant, why=why, operation="personalDataReveal")
    return Revealed(kind, row.id, {one: opened(row, declared.sealed[one], uow.vault) for one in wanted})


def is_own(uow: UnitOfWork, row: Any) -> bool:
    """Whether the row is about the actor."""
    return uow.actor.account_id is not None and getattr(row, "account_id", None) == uow.actor.account_id


def checked_reason(reason: str, field: str = "reason") -> str:
    """A reason for the record: ``PURPOSE_REQUIRED`` when empty, ``INVALID_INPUT`` when it spells a personal number."""
    said = reason.strip()
    if not said:
        raise Refusal(ErrorCode.PURPOSE_REQUIRED, field)
    if spells_number(said):
        raise Refusal(ErrorCode.INVALID_INPUT, field)
    return said


_APPEND = text(
    """
    INSERT INTO personal_data_read (county, id, operation_id, subject_type, subject_id, owner_id, subject_account_id, fields,
      account_id, client_id, grant_id, role, office, acting_for, purpose, basis, reason, legal_basis, case_number,
      data_request_id, operation, request_id, at)
    SELECT :county, r.id, CAST(:operation_id AS uuid), r.type, r.subject,
      CASE r.type WHEN 'Owner' THEN r.subject END,
      CASE r.type
        WHEN 'Owner' THEN (SELECT account_id FROM owner WHERE county = :county AND id = r.subject)
        WHEN 'Occupancy' THEN (SELECT account_id FROM occupancy WHERE county = :county AND id = r.subject)
        WHEN 'CommitteeMember' THEN (SELECT account_id FROM committee_member WHERE county = :county AND id = r.subject)
        WHEN 'CompanyStaff' THEN (SELECT account_id FROM company_staff WHERE county = :county AND id = r.subject)
        WHEN 'FeeInvoice' THEN (SELECT account_id FROM fee_invoice WHERE county = :county AND id = r.subject)
        WHEN 'UnitClaim' THEN (SELECT applicant_id FROM unit_claim WHERE county = :county AND id = r.subject)
        WHEN 'Account' THEN r.subject
      END,
      string_to_array(r.fields, ','),
      CAST(:account_id AS uuid), :client_id, CAST(:grant_id AS uuid), :role, :office, :acting_for, :purpose, :basis, :reason,
      :legal_basis, :case_number, CAST(:data_request_id AS uuid), :operation, :request_id, :at
    FROM unnest(CAST(:ids AS uuid[]), CAST(:types AS text[]), CAST(:subjects AS uuid[]), CAST(:fields AS text[]))
      AS r(id, type, subject, fields)
    """
)

Reads = Mapping[Any, Collection[PersonalField]]
"""By type and id of each row (``("Owner", id)``) what was read of it; no id: of all rows."""


async def append_reads(uow: UnitOfWork, reads: Reads, *, grant: Grant, why: Why, operation: str) -> uuid.UUID:
    """Put a read on record: one statement for all persons whom one operation read. Returns the operation's id."""
    operation_id = new_id()
    values = {
        "county": uow.county,
        "operation_id": operation_id,
        "ids": [new_id() for _ in reads],
        "types": [kind for kind, _ in reads],
        "subjects": [row_id for _, row_id in reads],
        "fields": [",".join(sorted(fields)) for fields in reads.values()],
        "account_id": uow.actor.account_id,
        "client_id": uow.actor.client_id,
        "grant_id": grant.id,
        "role": grant.role.value,
        "office": grant.office,
        "acting_for": grant.acting_for,
        "purpose": why.purpose.value,
        "basis": BASIS_OF[why.purpose].value,
        "reason": why.reason,
        "legal_basis": why.legal_basis,
        "case_number": why.case_number,
        "data_request_id": why.data_request_id,
        "operation": operation,
        "request_id": uow.request_id,
        "at": uow.now,
    }
    await uow.session.flush()  # what a command has just made may be what was read
    await uow.session.execute(_APPEND, values)
    return operation_id


async def append_shown(uow: UnitOfWork, reads: Reads, operation: str) -> None:
    """Put on record what lists showed in plain. The role's ordinary purpose is what they are read for.

    An actor with several roles in the county is noted under the first of them, unless the request named one.
    """
    grants = [grant for grant in uow.actor.grants if grant.county == uow.county]
    if not grants:  # nobody without a grant is shown anything
        return
    first = min(grants, key=lambda grant: _ORDER.index(grant.role))
    await append_reads(uow, reads, grant=first, why=Why(PURPOSES_OF[first.role][0]), operation=operation)


_ORDER = (
    Role.BUREAU,
    Role.TOWNSHIP,
    Role.COMMUNITY,
    Role.MARKET,
    Role.PRICE,
    Role.COMPANY_ADMIN,
    Role.PROJECT_LEADER,
    Role.COMPANY_STAFF,
    Role.COMMITTEE,
    Role.COURT,
    Role.BANK,
    Role.OWNER,
    Role.TENANT,
    Role.APPLICANT,
    Role.SYSTEM,
)
"""Of several capacities the widest is what explains a read."""


async def place_hold(
    uow: UnitOfWork, *, owner_id: uuid.UUID, legal_basis: str, reason: str, case_number: str | None = None
) -> LegalHold:
    """Keep a person's data by order (legalHoldPlace): the bureau, with the legal basis and the reason (PIPL 47)."""
    owner = await uow.load(Owner, owner_id, field="ownerId")
    grant = await uow.act((Role.BUREAU,))
    if not legal_basis.strip():
        raise Refusal(ErrorCode.REQUIRED, "legalBasis")
    hold = LegalHold(
        county=uow.county,
        id=new_id(),
        owner_id=owner.id,
        legal_basis=legal_basis.strip(),
        reason=checked_reason(reason),
        case_number=case_number,
        placed_by=uow.actor.account_id,
        placed_on=uow.today,
    )
    uow.session.add(hold)
    await uow.audit("legalHoldPlace", hold, grant=grant, reason=hold.reason)
    return hold


async def lift_hold(uow: UnitOfWork, *, id: uuid.UUID, reason: str) -> LegalHold:
    """End an order that keeps a person's data (legalHoldLift)."""
    hold = await uow.load(LegalHold, id, lock=True)
    grant = await uow.act((Role.BUREAU,))
    if hold.lifted_on is not None:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", action="legalHoldLift", state="LIFTED")
    hold.lifted_on, hold.lifted_reason = uow.today, checked_reason(reason)
    await uow.audit("legalHoldLift", hold, grant=grant, reason=hold.lifted_reason)
    return hold

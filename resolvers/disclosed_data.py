"""What a court or department reads under its approved request: the named fields of the persons in its scope, until its last day.

Each page is on record for every person on it, with the case and the legal basis, before it is handed over (PRI-4, PRI-7).
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, select

from domain.data_requests import ASKING, DataRequestKind, DataRequestState
from domain.errors import ErrorCode, Refusal
from domain.personal_data import PersonalField, ProcessingPurpose
from models.data_requests import DataRequest
from models.estates import Ownership, Unit
from models.filings import Referral, ReferralSubject
from models.people import Owner
from models.sealed import reveal
from resolvers.personal_data import SUBJECTS, Why, append_reads
from resolvers.unit_of_work import UnitOfWork

MOST = 100
"""Persons of one page."""


@dataclass(frozen=True)
class Disclosed:
    """The named fields of one person."""

    owner_id: uuid.UUID
    values: Mapping[PersonalField, str | None] = field(repr=False)


@dataclass(frozen=True)
class Page:
    """A page of persons in a fixed order."""

    persons: list[Disclosed]
    more: bool


async def read(uow: UnitOfWork, *, id: uuid.UUID, first: int | None = None, after: uuid.UUID | None = None) -> Page:
    """Read what an approved request opens (dataRequestRead); only who asked may.

    Refuses ``NOT_FOUND`` for a request that is not the caller's, ``FORBIDDEN_ROLE`` for an office that merely sees it, and
    ``ACTION_NOT_AVAILABLE`` before it is approved and after its last day.
    """
    request = await uow.load(DataRequest, id)
    grant = await uow.act(ASKING)
    mine = (
        request.client_id == grant.client_id
        if request.client_id is not None
        else request.applicant_id == uow.actor.account_id
    )
    if not mine:
        raise Refusal(ErrorCode.FORBIDDEN_ROLE, "id")
    if request.kind != DataRequestKind.DISCLOSURE.value or request.state != DataRequestState.APPROVED.value:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", action="dataRequestRead", state=request.state)
    referral = await uow.session.get_one(Referral, (uow.county, request.referral_id))
    if referral.revoked_on is not None or not referral.approved_on <= uow.today <= referral.expires_on:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", action="dataRequestRead", state="EXPIRED")
    size = MOST if first is None else first
    if not 1 <= size <= MOST:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "first", least=1, most=MOST)
    found = await _owners(uow, referral, size + 1, after)
    wanted = [PersonalField(name) for name in referral.scope]
    persons = [Disclosed(owner.id, _values(uow, owner, wanted)) for owner in found[:size]]
    why = Why(
        ProcessingPurpose.CASE,
        reason=request.purpose,
        legal_basis=referral.legal_basis,
        case_number=referral.case_number,
        data_request_id=request.id,
    )
    reads = {("Owner", person.owner_id): wanted for person in persons}
    if reads:
        await append_reads(uow, reads, grant=grant, why=why, operation="dataRequestRead")
    return Page(persons, more=len(found) > size)


def _values(uow: UnitOfWork, owner: Owner, wanted: list[PersonalField]) -> dict[PersonalField, str | None]:
    declared = SUBJECTS["Owner"]
    return {
        one: reveal(owner, declared.sealed[one], uow.vault)
        if one in declared.sealed
        else getattr(owner, declared.plain[one])
        for one in wanted
    }


async def _owners(uow: UnitOfWork, referral: Referral, size: int, after: uuid.UUID | None) -> list[Owner]:
    """The persons in the scope of a referral, by id: the named one, or who holds the unit or a unit of the estate now."""
    subjects = (
        await uow.session.scalars(
            select(ReferralSubject).where(
                ReferralSubject.county == uow.county, ReferralSubject.referral_id == referral.id
            )
        )
    ).all()
    statement: Select[Any] = select(Owner).where(Owner.county == uow.county)
    (subject,) = subjects
    if subject.subject_type == "owner":
        statement = statement.where(Owner.id == subject.subject_id)
    else:
        column = Unit.id if subject.subject_type == "unit" else Unit.estate_id
        statement = statement.where(
            select(Ownership.id)
            .join(Unit, (Unit.county == Ownership.county) & (Unit.id == Ownership.unit_id))
            .where(
                Ownership.county == Owner.county,
                Ownership.owner_id == Owner.id,
                Ownership.valid_to.is_(None),
                column == subject.subject_id,
            )
            .exists()
        )
    if after is not None:
        statement = statement.where(Owner.id > after)
    return list((await uow.session.scalars(statement.order_by(Owner.id).limit(size))).all())

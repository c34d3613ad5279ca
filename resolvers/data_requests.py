"""Requests about personal data: to correct or delete the own (PRI-8), to read others' for a case (PRI-4).

An approved request opens a referral, as the bureau's referrals for filings do; ``resolvers.disclosed_data`` reads under it.
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from auth.actor import Grant
from domain.contracts import IN_FORCE
from domain.data_requests import (
    ASKING,
    DATA_CORRECTION,
    DATA_DELETION,
    DATA_DISCLOSURE,
    DataRequestAction,
    DataRequestKind,
    DataRequestState,
)
from domain.errors import ErrorCode, Refusal
from domain.estates import IdentityDocument
from domain.identifiers import check_id_number, check_phone
from domain.personal_data import Hold, PersonalField
from domain.roles import COMPANY, RESIDENTS, Role
from domain.workflow import Workflow
from models.accounts import Account, AccountStatus, OAuthClient
from models.base import new_id
from models.contracts import ServiceContract
from models.data_requests import DataRequest
from models.estates import Estate, Occupancy, Ownership, Unit
from models.filings import Referral, ReferralSubject
from models.people import Owner
from models.sealed import Kind, seal_into
from resolvers.cases import case_kind
from resolvers.data_deletion import apply_correction, erase, holds_of
from resolvers.estates import REGISTRARS
from resolvers.personal_data import checked_reason, is_own
from resolvers.unit_of_work import UnitOfWork

_F = PersonalField
OWN = (*sorted(RESIDENTS), *REGISTRARS)
DISCLOSED = frozenset({_F.NAME, _F.DOCUMENT, _F.PHONE, _F.AGENT_NAME, _F.AGENT_PHONE})
"""What a case may ask for."""

_NAMESPACE = uuid.UUID("6f1d3a0e-54d7-4c6c-9d35-8f8d5a0d7c11")


def _facts(row: Any) -> Mapping[str, Any]:
    return {"holds": list(row.holds), "expires_on": row.expires_on}


def _asks(row: Any, role: Role) -> bool:
    """Corrections wait for the community, and for the company where it keeps the record; everything else for the bureau."""
    if row.kind != DataRequestKind.CORRECTION.value or row.community is None:
        return role is Role.BUREAU
    return role is Role.COMMUNITY or (role in COMPANY and row.occupancy_id is not None)


case_kind(
    DataRequest,
    (DATA_CORRECTION, DATA_DELETION, DATA_DISCLOSURE),
    facts=_facts,
    asks=_asks,
    resting=(DataRequestState.APPROVED,),
)


# A person's own data


async def correction_request(
    uow: UnitOfWork,
    *,
    subject: tuple[str, uuid.UUID],
    name: str | None = None,
    document_kind: IdentityDocument | None = None,
    document_number: str | None = None,
    phone: str | None = None,
    documents: Sequence[uuid.UUID] = (),
) -> DataRequest:
    """Ask that the own record, or a ward's, be corrected (dataCorrectionRequest); an office may take it in.

    Refuses ``NOT_FOUND`` for a record that the actor does not see or that is not the own, ``REQUIRED`` without any new value,
    ``INVALID_ID_NUMBER`` and ``INVALID_PHONE``.
    """
    row, grant = await _own_record(uow, subject)
    number = (document_number or "").strip() or None
    if number is not None and isinstance(row, Occupancy):
        raise Refusal(ErrorCode.INVALID_INPUT, "documentNumber")
    if (number is None) != (document_kind is None):
        raise Refusal(ErrorCode.REQUIRED, "documentKind" if number else "documentNumber")
    request = _request(uow, DataRequestKind.CORRECTION, "更正个人信息")
    await _locate(uow, request, row)
    if number is not None and document_kind == IdentityDocument.ID_CARD:
        number = check_id_number(number, "documentNumber")
    seal_into(request, "new_document", number, Kind.ID_NUMBER, uow.vault)
    seal_into(request, "new_phone", check_phone(phone) if phone else None, Kind.PHONE, uow.vault)
    request.new_document_kind = None if document_kind is None else str(document_kind)
    request.new_name = (name or "").strip() or None
    given = {_F.NAME: request.new_name, _F.DOCUMENT: number, _F.PHONE: phone}
    request.fields = [field.value for field, value in given.items() if value]
    if not request.fields:
        raise Refusal(ErrorCode.REQUIRED, "name")
    return await _opened(uow, request, DATA_CORRECTION, grant, documents)


async def deletion_request(uow: UnitOfWork, *, owner_id: uuid.UUID, documents: Sequence[uuid.UUID] = ()) -> DataRequest:
    """Ask that the own data be deleted (dataDeletionRequest). ``holds`` says at once what will stand in the way."""
    row, grant = await _own_record(uow, ("Owner", owner_id))
    request = _request(uow, DataRequestKind.DELETION, "删除个人信息")
    await _locate(uow, request, row)
    # The bureau decides: events and reviews go to the offices of a case's place, and this is not their case.
    request.township = request.community = None
    request.holds = [hold.value for hold in await holds_of(uow, row)]
    return await _opened(uow, request, DATA_DELETION, grant, documents)


async def correct(uow: UnitOfWork, *, id: uuid.UUID, expected_version: int | None = None) -> DataRequest:
    """Correct the record as asked (dataRequestCorrect). ``ALREADY_REGISTERED`` where the document is another person's."""
    request = await _asked(uow, id, DataRequestKind.CORRECTION)
    await uow.advance(request, DataRequestAction.CORRECT, expected_version=expected_version)
    await apply_correction(uow, request)
    return request


async def pseudonymise(uow: UnitOfWork, *, id: uuid.UUID, expected_version: int | None = None) -> DataRequest:
    """Delete a person's data (dataRequestPseudonymise): ``LEGAL_HOLD`` names what requires keeping it."""
    request = await _asked(uow, id, DataRequestKind.DELETION)
    owner = await uow.session.get_one(Owner, (uow.county, request.owner_id), with_for_update=True)
    uow.check_version(request, expected_version)
    request.holds = [hold.value for hold in await holds_of(uow, owner, but=request.id)]
    await uow.advance(request, DataRequestAction.PSEUDONYMISE)
    await erase(uow, owner)
    return request


async def block(uow: UnitOfWork, *, id: uuid.UUID, expected_version: int | None = None) -> DataRequest:
    """Answer that the law requires keeping the data (dataRequestBlock); ``holds`` tells the person why."""
    request = await _asked(uow, id, DataRequestKind.DELETION)
    owner = await uow.session.get_one(Owner, (uow.county, request.owner_id))
    uow.check_version(request, expected_version)
    request.holds = [hold.value for hold in await holds_of(uow, owner, but=request.id)]
    reason = ", ".join(Hold(hold).value for hold in request.holds)
    return await uow.advance(request, DataRequestAction.BLOCK, reason=reason)


# A court's or department's case


async def disclosure_request(
    uow: UnitOfWork,
    *,
    purpose: str,
    legal_basis: str,
    case_number: str,
    fields: Sequence[PersonalField],
    expires_on: date,
    document_number: str | None = None,
    unit_number: str | None = None,
    unit_id: uuid.UUID | None = None,
    estate_id: uuid.UUID | None = None,
    documents: Sequence[uuid.UUID] = (),
) -> DataRequest:
    """Ask to read data of a person, of a unit's or of an estate's owners for a case (dataDisclosureRequest).

    A person is named by the number of the identity document, a unit by its real-estate unit number (不动产单元号) or id. The
    answer does not tell whether such a person is in the register. Refuses ``REQUIRED`` unless everything is named and exactly
    one scope is, ``OUT_OF_RANGE`` for a day that has passed, ``NOT_FOUND`` for a unit or an estate.
    """
    grant = await uow.act(ASKING)
    request = _request(uow, DataRequestKind.DISCLOSURE, f"调取个人信息 {case_number.strip()}")
    for field, value in (("purpose", purpose), ("legalBasis", legal_basis), ("caseNumber", case_number)):
        if not value.strip():
            raise Refusal(ErrorCode.REQUIRED, field)
        checked_reason(value, field)
    if not fields or not DISCLOSED.issuperset(fields):
        raise Refusal(ErrorCode.REQUIRED if not fields else ErrorCode.INVALID_INPUT, "fields")
    if expires_on < uow.today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "expiresOn", least=uow.today)
    if sum(one is not None for one in (document_number, unit_number, unit_id, estate_id)) != 1:
        raise Refusal(ErrorCode.REQUIRED, "documentNumber")
    seal_into(request, "subject_document", (document_number or "").strip() or None, Kind.ID_NUMBER, uow.vault)
    if unit_number is not None or unit_id is not None:
        request.unit_id = await _unit(uow, unit_number, unit_id)
    if estate_id is not None:
        request.estate_id = (await uow.load(Estate, estate_id, field="estateId")).id
    request.purpose, request.legal_basis = purpose.strip(), legal_basis.strip()
    request.case_number, request.expires_on = case_number.strip(), expires_on
    request.fields = sorted({PersonalField(one).value for one in fields})
    request.client_id = grant.client_id
    if uow.actor.account_id is None:
        request.applicant_id = await _standing_account(uow, grant)
    return await _opened(uow, request, DATA_DISCLOSURE, grant, documents)


async def approve(
    uow: UnitOfWork,
    *,
    id: uuid.UUID,
    fields: Sequence[PersonalField] | None = None,
    expires_on: date | None = None,
    expected_version: int | None = None,
) -> DataRequest:
    """Open what a request asks for, or less of it (dataRequestApprove): fewer fields, an earlier last day.

    Refuses ``OUT_OF_RANGE`` for more than was asked for, ``OWN_APPLICATION``, and ``NOT_FOUND`` where the register has no such
    person.
    """
    request = await _asked(uow, id, DataRequestKind.DISCLOSURE)
    uow.check_version(request, expected_version)
    assert request.expires_on is not None  # noqa: S101 - the table says so
    if fields is not None:
        if not fields or not set(request.fields).issuperset(fields):
            raise Refusal(ErrorCode.OUT_OF_RANGE, "fields")
        request.fields = sorted({PersonalField(one).value for one in fields})
    if expires_on is not None:
        if expires_on > request.expires_on:
            raise Refusal(ErrorCode.OUT_OF_RANGE, "expiresOn", most=request.expires_on)
        request.expires_on = expires_on
    subject_type, subject_id = await _subject_of(uow, request)
    await uow.advance(request, DataRequestAction.APPROVE)
    referral = Referral(
        county=uow.county,
        id=new_id(),
        client_id=request.client_id,
        account_id=None if request.client_id else request.applicant_id,
        purpose=request.purpose,
        legal_basis=request.legal_basis,
        case_number=request.case_number,
        scope=request.fields,
        approved_by=uow.actor.account_id,
        approved_on=uow.today,
        expires_on=request.expires_on,
    )
    uow.session.add(referral)
    await uow.session.flush()  # its subject and the request refer to it
    uow.session.add(
        ReferralSubject(
            county=uow.county,
            referral_id=referral.id,
            client_id=request.client_id,
            subject_type=subject_type,
            subject_id=subject_id,
        )
    )
    request.referral_id = referral.id
    uow.notify(referral)
    return request


async def revoke(uow: UnitOfWork, *, id: uuid.UUID, reason: str) -> DataRequest:
    """End an approved request before its last day (dataRequestRevoke): from now on it opens nothing."""
    request = await _asked(uow, id, DataRequestKind.DISCLOSURE)
    request.decided_reason = checked_reason(reason)
    await uow.advance(request, DataRequestAction.REVOKE, reason=request.decided_reason)
    referral = await uow.session.get_one(Referral, (uow.county, request.referral_id), with_for_update=True)
    referral.revoked_on, referral.revoked_reason = uow.today, request.decided_reason
    uow.notify(referral)
    return request


async def refuse(uow: UnitOfWork, *, id: uuid.UUID, reason: str) -> DataRequest:
    """Refuse a request with a reason (dataRequestRefuse)."""
    request = await uow.load(DataRequest, id, lock=True)
    request.decided_reason = checked_reason(reason)
    return await uow.advance(request, DataRequestAction.REFUSE, reason=request.decided_reason)


async def withdraw(uow: UnitOfWork, *, id: uuid.UUID) -> DataRequest:
    """Withdraw an own request that is not decided (dataRequestWithdraw)."""
    request = await uow.load(DataRequest, id, lock=True)
    if request.client_id is not None:  # the client's own: nobody else sees it in that role
        return await uow.advance(
            request, DataRequestAction.WITHDRAW, facts={"is_applicant": uow.actor.client_id == request.client_id}
        )
    return await uow.advance(request, DataRequestAction.WITHDRAW)


# Parts


def _request(uow: UnitOfWork, kind: DataRequestKind, title: str) -> DataRequest:
    # The county is part of what its sealed values are bound to.
    return DataRequest(county=uow.county, id=new_id(), kind=kind.value, title=title, holds=[], fields=[])


async def _opened(
    uow: UnitOfWork, request: DataRequest, workflow: Workflow, grant: Grant, documents: Sequence[uuid.UUID]
) -> DataRequest:
    await uow.open_case(request, workflow, grant=grant, documents=documents)
    return request


async def _asked(uow: UnitOfWork, request_id: uuid.UUID, kind: DataRequestKind) -> DataRequest:
    request = await uow.load(DataRequest, request_id, lock=True)
    if request.kind != kind.value:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", action=kind.value, state=request.state)
    return request


async def _own_record(uow: UnitOfWork, subject: tuple[str, uuid.UUID]) -> tuple[Any, Grant]:
    """The row and the grant: the person's own (a ward's for the guardian), or one of an office that takes the request in."""
    model: type[Any] = {"Owner": Owner, "Occupancy": Occupancy}[subject[0]]
    row = await uow.load(model, subject[1], field="subject")
    residents = uow.actor.eligible(RESIDENTS, uow.county)
    offices = uow.actor.eligible(REGISTRARS, uow.county)
    if residents and not offices and not (is_own(uow, row) or await _is_ward(uow, row)):
        raise Refusal(ErrorCode.NOT_FOUND, "subject")
    return row, await uow.act(OWN, model, row, field="subject")


async def _is_ward(uow: UnitOfWork, row: Any) -> bool:
    guardian_id = getattr(row, "guardian_id", None)
    if guardian_id is None:
        return False
    return is_own(uow, await uow.session.get_one(Owner, (uow.county, guardian_id)))


async def _locate(uow: UnitOfWork, request: DataRequest, row: Any) -> None:
    """Note whose record it is, and the place whose office answers for it."""
    unit_id: uuid.UUID | None
    if isinstance(row, Occupancy):
        request.occupancy_id, unit_id = row.id, row.unit_id
    else:
        request.owner_id, unit_id = row.id, None
        held = select(Ownership.unit_id).where(Ownership.county == uow.county, Ownership.owner_id == row.id)
        unit_id = await uow.session.scalar(held.order_by(Ownership.valid_to.desc().nulls_first()).limit(1))
    if unit_id is None:
        return
    unit = await uow.session.get_one(Unit, (uow.county, unit_id))
    estate = await uow.session.get_one(Estate, (uow.county, unit.estate_id))
    request.township, request.community = estate.township, estate.community
    request.estate_id, request.area_id = estate.id, unit.area_id
    if request.occupancy_id is not None:
        request.company_id = await uow.session.scalar(
            select(ServiceContract.company_id).where(
                ServiceContract.county == uow.county,
                ServiceContract.area_id == unit.area_id,
                ServiceContract.state.in_(sorted(IN_FORCE)),
            )
        )


async def _unit(uow: UnitOfWork, number: str | None, unit_id: uuid.UUID | None) -> uuid.UUID:
    if unit_id is not None:
        return (await uow.load(Unit, unit_id, field="unitId")).id
    found: uuid.UUID | None = await uow.session.scalar(
        select(Unit.id).where(Unit.county == uow.county, Unit.real_estate_unit_no == (number or "").strip())
    )
    if found is None:
        raise Refusal(ErrorCode.NOT_FOUND, "unitNumber")
    return found


async def _subject_of(uow: UnitOfWork, request: DataRequest) -> tuple[str, uuid.UUID]:
    if request.unit_id is not None:
        return "unit", request.unit_id
    if request.estate_id is not None:
        return "estate", request.estate_id
    owner_id = await uow.session.scalar(
        select(Owner.id)
        .where(Owner.county == uow.county, Owner.document_index == request.subject_document_index)
        .limit(1)
    )
    if owner_id is None:
        raise Refusal(ErrorCode.NOT_FOUND, "id")
    return "owner", owner_id


async def _standing_account(uow: UnitOfWork, grant: Grant) -> uuid.UUID:
    """The account in whose name a partner's client applies: nobody signs in with it."""
    client = await uow.session.get_one(OAuthClient, grant.client_id)
    account_id = uuid.uuid5(_NAMESPACE, client.client_id)
    made = insert(Account).values(
        id=account_id,
        login=f"client:{client.client_id}",
        display_name=client.name,
        status=AccountStatus.SUSPENDED.value,
    )
    await uow.session.execute(made.on_conflict_do_nothing())
    return account_id

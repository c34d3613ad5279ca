"""A person's copy of the own data (PRI-8): everything that the county keeps about the caller, as JSON or as a workbook.

It is made while the caller waits and stored nowhere: a person's data is small, and a file in a store would be one more place
where it lies in plain.
"""

import base64
import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import xlsxwriter
from sqlalchemy import select

from domain.data_requests import DataRequestKind
from domain.errors import ErrorCode, Refusal
from domain.personal_data import PersonalField, ProcessingPurpose
from domain.terms import Term
from models.accounts import Account, AccountGrant
from models.claims import UnitClaim
from models.committees import Committee, CommitteeMember
from models.companies import Company, CompanyStaff
from models.data_requests import DataRequest
from models.estates import Estate, Occupancy, Ownership, Unit
from models.people import Owner
from models.personal_data import PersonalDataRead
from models.sealed import reveal as opened
from resolvers.personal_data import Why, append_reads
from resolvers.unit_of_work import UnitOfWork

OPERATION = "personalDataCopy"
MOST_READS = 10_000
"""Of the log a copy has the latest entries."""

Row = dict[str, Any]
_F = PersonalField


class CopyFormat(Term):
    """The form of a copy."""

    JSON = "JSON", "One JSON document."
    XLSX = "XLSX", "A workbook with a sheet per subject."


@dataclass(frozen=True)
class PersonalDataFile:
    """A file as the API hands it over."""

    name: str
    media_type: str
    content: str = field(repr=False)
    """The bytes in Base64."""
    digest: str


async def copy_of_own(uow: UnitOfWork, *, format: CopyFormat) -> PersonalDataFile:  # noqa: A002 - as in the API
    """All personal data of the caller in the county, in plain, and on record as the caller's own read.

    Refuses ``FORBIDDEN_ROLE`` to partners' clients, which are no persons.
    """
    account = await _account(uow)
    sections = {
        "account": [_of_account(uow, account)],
        "grants": await _grants(uow),
        "owner": await _owners(uow),
        "holdings": await _holdings(uow),
        "occupancies": await _occupancies(uow),
        "committees": await _posts(uow, CommitteeMember, Committee, "committee_id"),
        "employment": await _posts(uow, CompanyStaff, Company, "company_id"),
        "claims": await _claims(uow),
        "requests": await _requests(uow),
        "reads": await _reads(uow),
    }
    name = f"personal-data-{uow.county}-{uow.today.isoformat()}"
    if CopyFormat(format) is CopyFormat.JSON:
        content = json.dumps(sections, ensure_ascii=False, indent=2, default=_spelled).encode()
        return _file(f"{name}.json", "application/json", content)
    media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return _file(f"{name}.xlsx", media_type, _workbook(sections))


def _file(name: str, media_type: str, content: bytes) -> PersonalDataFile:
    return PersonalDataFile(name, media_type, base64.b64encode(content).decode(), hashlib.sha256(content).hexdigest())


def _spelled(value: Any) -> str:
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


async def _account(uow: UnitOfWork) -> Account:
    if uow.actor.account_id is None:
        raise Refusal(ErrorCode.FORBIDDEN_ROLE)
    account = await uow.session.get_one(Account, uow.actor.account_id)
    read: dict[tuple[str, Any], list[PersonalField]] = {("Account", account.id): [_F.NAME, _F.PHONE]}
    for model, fields in (
        (Owner, [_F.NAME, _F.DOCUMENT, _F.PHONE, _F.AGENT_NAME, _F.AGENT_PHONE]),
        (Occupancy, [_F.NAME, _F.PHONE]),
        (CommitteeMember, [_F.PHONE]),
        (CompanyStaff, [_F.PHONE]),
    ):
        read |= {(model.__name__, row.id): fields for row in await _mine(uow, model)}
    read |= {("UnitClaim", row.id): [_F.NAME, _F.PHONE] for row in await _own_claims(uow)}
    grant = next(grant for grant in uow.actor.grants if grant.county == uow.county)
    await append_reads(uow, read, grant=grant, why=Why(ProcessingPurpose.OWN_AFFAIRS), operation=OPERATION)
    return account


async def _mine(uow: UnitOfWork, model: type[Any]) -> Sequence[Any]:
    found = select(model).where(model.county == uow.county, model.account_id == uow.actor.account_id).order_by(model.id)
    return (await uow.session.scalars(found)).all()


def _of_account(uow: UnitOfWork, account: Account) -> Row:
    return {
        "name": account.display_name,
        "phone": opened(account, "phone", uow.vault),
        "locale": account.locale,
        "since": account.created_at,
    }


async def _grants(uow: UnitOfWork) -> list[Row]:
    names = ("role", "office", "township", "community", "valid_from", "valid_to")
    found = select(AccountGrant).where(
        AccountGrant.account_id == uow.actor.account_id, AccountGrant.county == uow.county
    )
    rows = await uow.session.scalars(found.order_by(AccountGrant.valid_from, AccountGrant.id))
    return [{name: getattr(row, name) for name in names} for row in rows]


async def _owners(uow: UnitOfWork) -> list[Row]:
    return [
        {
            "kind": row.kind,
            "name": row.name,
            "document_kind": row.document_kind,
            "document": opened(row, "document", uow.vault),
            "phone": opened(row, "phone", uow.vault),
            "born_on": row.born_on,
            "credit_code": row.credit_code,
            "agent_name": row.agent_name,
            "agent_phone": opened(row, "agent_phone", uow.vault),
        }
        for row in await _mine(uow, Owner)
    ]


async def _holdings(uow: UnitOfWork) -> list[Row]:
    found = (
        select(Estate.name, Unit.name, Ownership)
        .join(Owner, (Owner.county == Ownership.county) & (Owner.id == Ownership.owner_id))
        .join(Unit, (Unit.county == Ownership.county) & (Unit.id == Ownership.unit_id))
        .join(Estate, (Estate.county == Unit.county) & (Estate.id == Unit.estate_id))
        .where(Ownership.county == uow.county, Owner.account_id == uow.actor.account_id)
        .order_by(Ownership.valid_from, Ownership.id)
    )
    return [
        {
            "estate": estate,
            "unit": unit,
            "kind": row.kind,
            "basis": row.basis,
            "numerator": row.numerator,
            "denominator": row.denominator,
            "valid_from": row.valid_from,
            "valid_to": row.valid_to,
        }
        for estate, unit, row in await uow.session.execute(found)
    ]


async def _occupancies(uow: UnitOfWork) -> list[Row]:
    found = (
        select(Estate.name, Unit.name, Occupancy)
        .join(Unit, (Unit.county == Occupancy.county) & (Unit.id == Occupancy.unit_id))
        .join(Estate, (Estate.county == Unit.county) & (Estate.id == Unit.estate_id))
        .where(Occupancy.county == uow.county, Occupancy.account_id == uow.actor.account_id)
        .order_by(Occupancy.valid_from, Occupancy.id)
    )
    return [
        {
            "estate": estate,
            "unit": unit,
            "kind": row.kind,
            "name": row.name,
            "phone": opened(row, "phone", uow.vault),
            "valid_from": row.valid_from,
            "valid_to": row.valid_to,
        }
        for estate, unit, row in await uow.session.execute(found)
    ]


async def _posts(uow: UnitOfWork, model: type[Any], body: type[Any], column: str) -> list[Row]:
    found = (
        select(body.name, model)
        .join(body, (body.county == model.county) & (body.id == getattr(model, column)))
        .where(model.county == uow.county, model.account_id == uow.actor.account_id)
        .order_by(model.id)
    )
    return [
        {"body": name, "name": row.name, "phone": opened(row, "phone", uow.vault)}
        for name, row in await uow.session.execute(found)
    ]


async def _own_claims(uow: UnitOfWork) -> Sequence[UnitClaim]:
    found = select(UnitClaim).where(UnitClaim.county == uow.county, UnitClaim.applicant_id == uow.actor.account_id)
    return (await uow.session.scalars(found.order_by(UnitClaim.id))).all()


async def _claims(uow: UnitOfWork) -> list[Row]:
    names = ("title", "way", "state", "name", "id_tail", "created_at", "bound_on", "ended_on")
    return [
        {name: getattr(row, name) for name in names} | {"phone": opened(row, "phone", uow.vault)}
        for row in await _own_claims(uow)
    ]


async def _requests(uow: UnitOfWork) -> list[Row]:
    found = select(DataRequest).where(
        DataRequest.county == uow.county,
        DataRequest.applicant_id == uow.actor.account_id,
        DataRequest.kind != DataRequestKind.DISCLOSURE.value,
    )
    rows = await uow.session.scalars(found.order_by(DataRequest.id))
    names = ("kind", "state", "created_at", "state_since", "fields", "holds", "decided_reason")
    return [
        {name: ", ".join(value) if isinstance(value := getattr(row, name), list) else value for name in names}
        for row in rows
    ]


async def _reads(uow: UnitOfWork) -> list[Row]:
    found = uow.select(PersonalDataRead).where(PersonalDataRead.subject_account_id == uow.actor.account_id)
    rows = await uow.session.scalars(found.order_by(PersonalDataRead.at.desc()).limit(MOST_READS))
    return [
        {
            "at": row.at,
            "role": row.role,
            "office": row.office,
            "purpose": row.purpose,
            "basis": row.basis,
            "reason": row.reason,
            "case_number": row.case_number,
            "fields": ", ".join(row.fields),
        }
        for row in rows
    ]


def _workbook(sections: dict[str, list[Row]]) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as workbook:
        for name, rows in sections.items():
            sheet = workbook.add_worksheet(name)
            for column, title in enumerate(rows[0] if rows else ()):
                sheet.write_string(0, column, title)
            for place, row in enumerate(rows, start=1):
                for column, value in enumerate(row.values()):
                    # As text whatever it is: nothing that somebody entered becomes a formula.
                    sheet.write_string(place, column, "" if value is None else _spelled(value))
    return buffer.getvalue()

"""Owners and users of units: registered, transferred, ended, with the grants that follow (V-10, V-11)."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select

from auth.grants import Source, end_grants, open_grant
from domain.errors import ErrorCode, Refusal
from domain.estates import IdentityDocument, OccupancyKind, OwnerKind, OwnershipBasis, OwnershipKind, SearchKind
from domain.identifiers import check_credit_code, check_id_number, check_phone, mask_name
from domain.people import born_on, check_holding, is_minor
from domain.records import Record
from domain.roles import COMPANY, Role
from domain.text import name_key, pinyin_key
from models.estates import Estate, Occupancy, Ownership, Unit
from models.people import Owner
from models.sealed import Kind, seal_into
from resolvers.accounts import account_for_phone
from resolvers.bindings import end_with_ownership, open_owner_grants, reach_of
from resolvers.estates import REGISTRARS
from resolvers.search import index_texts
from resolvers.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class PersonData(Record):
    """A natural person as the document says. ``document_number`` is a checked ID number for ``ID_CARD``."""

    name: str
    document_kind: IdentityDocument | None = None
    document_number: str | None = None
    phone: str | None = None
    born: date | None = None
    """Needed where the document does not tell it."""
    guardian: "PersonData | None" = None
    """Needed for a minor (监护人)."""


@dataclass(frozen=True)
class OrganisationData(Record):
    """An organisation with its checked unified social credit code and the agent who acts for it."""

    name: str
    credit_code: str
    agent_name: str
    agent_phone: str | None = None


@dataclass(frozen=True)
class Holder(Record):
    """One holder of a unit, a person or an organisation; the share only where the unit is held by shares."""

    person: PersonData | None = None
    organisation: OrganisationData | None = None
    numerator: int | None = None
    denominator: int | None = None
    is_representative: bool = False


async def ownership_register(
    uow: UnitOfWork,
    *,
    unit_id: uuid.UUID,
    kind: OwnershipKind,
    holders: Sequence[Holder | Mapping[str, Any]],
    since: date,
    basis: OwnershipBasis | None = None,
) -> Unit:
    """Enter who holds a unit (``Holder``) that has no owner in the register yet.

    Refuses ``ALREADY_REGISTERED`` when it has one (never saying who), or when a document is known under another name;
    ``INVALID_ID_NUMBER``, ``INVALID_CREDIT_CODE``, ``INVALID_PHONE``; ``REQUIRED`` for a minor without guardian.
    """
    unit = await uow.load(Unit, unit_id, lock=True, field="unitId")
    grant = await uow.act(REGISTRARS, Unit, unit)
    if await _current(uow, unit):
        raise Refusal(ErrorCode.ALREADY_REGISTERED, "unitId")
    rows = await _enter(uow, unit, kind, holders, since, basis)
    await uow.audit("ownershipRegister", unit, grant=grant, detail={"holders": len(rows)})
    uow.notify(unit)
    return unit


async def ownership_transfer(
    uow: UnitOfWork,
    *,
    unit_id: uuid.UUID,
    kind: OwnershipKind,
    holders: Sequence[Holder | Mapping[str, Any]],
    on: date,
    reason: str,
    basis: OwnershipBasis | None = None,
) -> Unit:
    """Pass a unit on: the former owners' rows and grants end on ``on``, the new owners' begin.

    Refuses ``NOT_FOUND`` where the unit has no owner yet, ``OUT_OF_RANGE`` for a day before the former owners' own or
    in the future, and as ``ownership_register`` does.
    """
    unit = await uow.load(Unit, unit_id, lock=True, field="unitId")
    grant = await uow.act(REGISTRARS, Unit, unit)
    former = await _current(uow, unit)
    if not former:
        raise Refusal(ErrorCode.NOT_FOUND, "unitId")
    earliest = max(row.valid_from for row in former)
    if not earliest <= on <= uow.today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "on", least=earliest, most=uow.today)
    for row in former:
        row.valid_to = on
        await end_grants(uow.session, Source("ownership", row.id), on)
    await uow.session.flush()  # the former rows make room in the unique keys before the new ones come
    rows = await _enter(uow, unit, kind, holders, on, basis)
    await end_with_ownership(uow, unit.id, {row.owner_id for row in former}, on)
    await uow.audit("ownershipTransfer", unit, grant=grant, reason=reason, detail={"holders": len(rows)})
    uow.notify(unit)
    return unit


async def occupancy_register(
    uow: UnitOfWork,
    *,
    unit_id: uuid.UUID,
    kind: OccupancyKind,
    name: str,
    since: date,
    until: date | None = None,
    phone: str | None = None,
    pays_fees: bool = False,
) -> Occupancy:
    """Enter somebody who uses a unit besides its owner, and whether they pay its fees. ``until`` is the day after.

    The owner does it for the own unit, or the community, or the company that serves it.
    """
    unit = await uow.load(Unit, unit_id, lock=True, field="unitId")
    grant = await uow.act((Role.OWNER, *COMPANY, *REGISTRARS), Unit, unit)
    if not name.strip():
        raise Refusal(ErrorCode.REQUIRED, "name")
    if until is not None and until <= since:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "until", least=since)
    row = Occupancy(
        county=uow.county,
        unit_id=unit_id,
        kind=str(kind),
        name=name.strip(),
        pays_fees=bool(pays_fees),
        valid_from=since,
        valid_to=until,
    )
    phone = check_phone(phone) if phone else None
    seal_into(row, "phone", phone, Kind.PHONE, uow.vault)
    row.account_id = await _account_of(uow, phone, row.name)
    uow.session.add(row)
    await uow.session.flush()  # the grant and the event refer to it
    if row.account_id:
        await open_grant(
            uow.session,
            Role.TENANT,
            uow.county,
            Source("occupancy", row.id),
            account_id=row.account_id,
            reach=reach_of(unit),
            valid_from=since,
            valid_to=until,
        )
    await uow.audit("occupancyRegister", row, grant=grant)
    return row


async def occupancy_end(uow: UnitOfWork, *, id: uuid.UUID, on: date) -> Occupancy:
    """End an occupancy and its grant on the day ``on``. Refuses ``ACTION_NOT_AVAILABLE`` when it has ended before."""
    row = await uow.load(Occupancy, id, lock=True)
    grant = await uow.act((Role.OWNER, Role.TENANT, *COMPANY, *REGISTRARS), Occupancy, row)
    if row.valid_to is not None and row.valid_to <= uow.today:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE)
    if on < row.valid_from:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "on", least=row.valid_from)
    row.valid_to = on
    await end_grants(uow.session, Source("occupancy", row.id), on)
    await uow.audit("occupancyEnd", row, grant=grant)
    return row


async def _party(uow: UnitOfWork, holder: Holder, field: str) -> Owner:
    """The county's record of a holder, by document or credit code; made when there is none.

    Without a document nothing identifies a person, so each entry is a record of its own.
    """
    if (holder.person is None) == (holder.organisation is None):
        raise Refusal(ErrorCode.REQUIRED, f"{field}person")
    if holder.organisation is not None:
        return await _organisation(uow, holder.organisation, f"{field}organisation.")
    assert holder.person is not None  # noqa: S101 - one of the two is given
    return await _person(uow, holder.person, f"{field}person.")


async def _enter(
    uow: UnitOfWork,
    unit: Unit,
    kind: OwnershipKind,
    given: Sequence[Holder | Mapping[str, Any]],
    since: date,
    basis: OwnershipBasis | None,
) -> tuple[Ownership, ...]:
    if since > uow.today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "since", most=uow.today)
    kind, basis = OwnershipKind(kind), OwnershipBasis(basis or OwnershipBasis.REGISTERED)
    holders = [holder if isinstance(holder, Holder) else Holder(**holder) for holder in given]
    representatives = sum(holder.is_representative for holder in holders)
    check_holding(kind, [(holder.numerator, holder.denominator) for holder in holders], representatives)
    owners = [await _party(uow, holder, f"holders.{place}.") for place, holder in enumerate(holders)]
    if len({owner.id for owner in owners}) != len(owners):
        raise Refusal(ErrorCode.INVALID_INPUT, "holders")
    rows = []
    for holder, owner in zip(holders, owners, strict=True):
        row = Ownership(
            county=uow.county,
            unit_id=unit.id,
            owner_id=owner.id,
            kind=kind.value,
            basis=basis.value,
            numerator=holder.numerator,
            denominator=holder.denominator,
            is_representative=holder.is_representative or kind is OwnershipKind.SOLE,
            valid_from=since,
        )
        uow.session.add(row)
        rows.append(row)
    await uow.session.flush()  # the grants refer to the rows
    for row, owner in zip(rows, owners, strict=True):
        await open_owner_grants(uow, unit, row, owner)
    estate = await uow.session.get_one(Estate, (uow.county, unit.estate_id))
    unit.developer_held = len(owners) == 1 and owners[0].name == estate.developer
    return tuple(rows)


async def _current(uow: UnitOfWork, unit: Unit) -> list[Ownership]:
    statement = select(Ownership).where(
        Ownership.county == uow.county, Ownership.unit_id == unit.id, Ownership.valid_to.is_(None)
    )
    return list((await uow.session.scalars(statement.order_by(Ownership.id).with_for_update())).all())


async def _organisation(uow: UnitOfWork, party: OrganisationData, field: str) -> Owner:
    code = check_credit_code(party.credit_code, f"{field}creditCode")
    if not party.agent_name.strip():
        raise Refusal(ErrorCode.REQUIRED, f"{field}agentName")
    known = await uow.session.scalar(select(Owner).where(Owner.county == uow.county, Owner.credit_code == code))
    if known is not None and known.name != party.name:
        raise Refusal(ErrorCode.ALREADY_REGISTERED, f"{field}creditCode")
    owner = known or _blank(uow, OwnerKind.ORGANISATION, party.name)
    phone = check_phone(party.agent_phone, f"{field}agentPhone") if party.agent_phone else None
    owner.credit_code, owner.agent_name = code, party.agent_name.strip()
    seal_into(owner, "agent_phone", phone, Kind.PHONE, uow.vault)
    owner.account_id = owner.account_id or await _account_of(uow, phone, party.agent_name.strip())
    return await _stored(uow, owner, new=known is None)


async def _person(uow: UnitOfWork, party: PersonData, field: str) -> Owner:
    if not party.name.strip():
        raise Refusal(ErrorCode.REQUIRED, f"{field}name")
    number = (party.document_number or "").strip() or None
    if (number is None) != (party.document_kind is None):
        raise Refusal(ErrorCode.REQUIRED, f"{field}documentNumber")
    if number is not None and party.document_kind is IdentityDocument.ID_CARD:
        number = check_id_number(number, f"{field}documentNumber")
    born = born_on(number) if number and party.document_kind is IdentityDocument.ID_CARD else party.born
    minor = born is not None and is_minor(born, uow.today)
    if minor and party.guardian is None:
        raise Refusal(ErrorCode.REQUIRED, f"{field}guardian")
    known = await _by_document(uow, party.document_kind, number) if number else None
    if known is not None and known.name != party.name.strip():
        raise Refusal(ErrorCode.ALREADY_REGISTERED, f"{field}documentNumber")
    owner = known or _blank(uow, OwnerKind.PERSON, party.name.strip())
    owner.born_on, owner.is_minor = born or owner.born_on, minor
    if known is None and number is not None and party.document_kind is not None:
        owner.document_kind = party.document_kind.value
        seal_into(owner, "document", number, Kind.ID_NUMBER, uow.vault)
    if party.phone:
        phone = check_phone(party.phone, f"{field}phone")
        seal_into(owner, "phone", phone, Kind.PHONE, uow.vault)
        owner.account_id = owner.account_id or await _account_of(uow, phone, owner.name)
    if minor and party.guardian is not None:
        guardian = await _person(uow, party.guardian, f"{field}guardian.")
        owner.guardian_id = guardian.id
    return await _stored(uow, owner, new=known is None)


async def _by_document(uow: UnitOfWork, kind: IdentityDocument | None, number: str) -> Owner | None:
    if kind is None:
        return None
    index = uow.vault.index(number, Kind.ID_NUMBER, uow.county)
    found: Owner | None = await uow.session.scalar(
        select(Owner).where(
            Owner.county == uow.county, Owner.document_kind == kind.value, Owner.document_index == index
        )
    )
    return found


def _blank(uow: UnitOfWork, kind: OwnerKind, name: str) -> Owner:
    return Owner(
        county=uow.county,
        kind=kind.value,
        name=name,
        name_sort=name_key(name) if kind is OwnerKind.PERSON else pinyin_key(name),
        name_mask=mask_name(name) if kind is OwnerKind.PERSON else name,
        is_minor=False,
    )


async def _stored(uow: UnitOfWork, owner: Owner, *, new: bool) -> Owner:
    uow.session.add(owner)
    await uow.session.flush()  # ownership rows, wards and grams refer to it
    if new:
        await index_texts(uow.session, uow.county, SearchKind.OWNER, owner.id, owner.name, owner.credit_code, new=True)
    return owner


async def _account_of(uow: UnitOfWork, phone: str | None, name: str) -> uuid.UUID | None:
    """The account of this phone, opened for its holder's first sign-in where there is none."""
    return None if phone is None else (await account_for_phone(uow, phone, name)).id

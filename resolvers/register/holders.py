"""Owners of an import: found by document or credit code, their holdings brought to what the file says."""

import uuid
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import ARRAY, LargeBinary, Uuid, any_, literal, select, update

from auth.grants import Reach, Source, end_grants, open_grant
from domain.errors import ErrorCode, Refusal
from domain.estates import IdentityDocument, OwnerKind, SearchKind
from domain.identifiers import check_id_number, mask_name
from domain.people import born_on, check_holding, is_minor
from domain.register import Row
from domain.register_sheets import OWNERS
from domain.roles import Role
from domain.search import name_grams
from domain.text import name_key, pinyin_key
from models.accounts import Account, AccountGrant
from models.base import new_id
from models.estates import Ownership, Unit
from models.people import Owner
from models.sealed import SHARED, Context, Kind
from models.search import SearchGram
from resolvers.bindings import end_with_ownership
from resolvers.register.places import sealed, snake
from resolvers.register.store import Stored, add_missing, upsert
from resolvers.register.work import Work

SEALED = {"document": Kind.ID_NUMBER, "phone": Kind.PHONE, "agent_phone": Kind.PHONE}
# Arrays, not lists of parameters: a statement takes 65,535 of those.
_INDEXES, _IDS = ARRAY(LargeBinary()), ARRAY(Uuid())
SEALED_COLUMNS = tuple(f"{name}_{part}" for name in SEALED for part in ("sealed", "index", "mask"))
COMPARED = (
    *("credit_code", "agent_name", "is_minor", "born_on", "guardian_id", "account_id"),
    *(f"{name}_index" for name in SEALED),
)


@dataclass
class Parties:
    """The owners that the county has, and those that the file adds, by what they are known by."""

    known: dict[uuid.UUID, Mapping[str, bytes | None]] = field(default_factory=dict)
    """Blind indexes of each owner in the table, by attribute."""
    names: dict[uuid.UUID, str] = field(default_factory=dict)
    by_key: dict[Any, uuid.UUID] = field(default_factory=dict)
    current: dict[uuid.UUID, dict[uuid.UUID, Any]] = field(default_factory=lambda: defaultdict(dict))
    """Today's holdings of each unit, by owner."""
    accounts: dict[str, uuid.UUID] = field(default_factory=dict)
    """Accounts by the phone that they proved."""
    rows: dict[uuid.UUID, dict[str, Any]] = field(default_factory=dict)
    phones: dict[str, tuple[str, list[uuid.UUID]]] = field(default_factory=dict)
    """Phones without an account: whose name it would bear, and which owners gave it."""
    fresh: set[uuid.UUID] = field(default_factory=set)
    """Accounts that this import opens."""


@dataclass(frozen=True)
class Held:
    """An owner's holding of a unit as the file says."""

    row: Row
    owner_id: uuid.UUID


async def owners(work: Work) -> None:
    """Owners and who holds which unit. A unit that the file names is held by exactly those it names."""
    found = work.take(OWNERS)
    if not found:
        return
    parties = await _recall(work, found)
    held: dict[uuid.UUID, list[Held]] = defaultdict(list)
    for place, row in enumerate(found):
        await work.breathe(OWNERS, place, len(found))
        unit_id = work.unit(OWNERS, row)
        try:
            owner_id = _party(work, parties, row, unit_id)
            if unit_id is not None:
                held[unit_id].append(Held(row, owner_id))
        except Refusal as refusal:
            work.fault(OWNERS, row, snake(refusal.field), refusal.code, **refusal.params)
    work.progress(OWNERS.title, len(found), len(found))
    for holdings in held.values():
        _check(work, holdings)
    if work.faults:
        return
    await _open_accounts(work, parties)
    await _store_parties(work, parties)
    await _store_holdings(work, parties, held)


async def _recall(work: Work, found: list[Row]) -> Parties:
    county, session = work.uow.county, work.uow.session
    parties = Parties()
    columns = (
        *(Owner.id, Owner.name, Owner.document_kind, Owner.credit_code),
        *(Owner.document_index, Owner.phone_index, Owner.agent_phone_index),
    )
    for row in (await session.execute(select(*columns).where(Owner.county == county))).all():
        parties.known[row.id] = {name: getattr(row, f"{name}_index") for name in SEALED}
        parties.names[row.id] = row.name
        if row.document_index is not None:
            parties.by_key[row.document_kind, row.document_index] = row.id
        if row.credit_code is not None:
            parties.by_key[row.credit_code] = row.id
    # One plain read of all current holdings: a join would be planned without statistics right after a first import.
    holdings = select(*Ownership.__table__.columns).where(Ownership.county == county, Ownership.valid_to.is_(None))
    for row in (await session.execute(holdings)).all():
        parties.current[row.unit_id][row.owner_id] = row
        # A row without a document means the holder of that name whom the unit has already.
        parties.by_key[row.unit_id, parties.names[row.owner_id]] = row.owner_id
    given = {row[name] for row in found for name in ("phone", "agent_phone", "guardian_phone")} - {None}
    phones = {work.uow.vault.index(phone, Kind.PHONE, SHARED): phone for phone in given}
    proved = select(Account.phone_index, Account.id).where(Account.phone_index == any_(literal(list(phones), _INDEXES)))
    for index, row_id in (await session.execute(proved)).all():
        if index is not None:
            parties.accounts[phones[index]] = row_id
    return parties


def _party(work: Work, parties: Parties, row: Row, unit_id: uuid.UUID | None) -> uuid.UUID:
    """The id of the row's owner, noted among the rows to store. Raises ``Refusal`` for what cannot be."""
    if row["owner_kind"] is OwnerKind.ORGANISATION:
        for name in ("credit_code", "agent_name"):
            if not row[name]:
                raise Refusal(ErrorCode.REQUIRED, name)
        return _note(
            work,
            parties,
            row["credit_code"],
            kind=OwnerKind.ORGANISATION,
            name=row["name"],
            named_by="credit_code",
            credit_code=row["credit_code"],
            agent_name=row["agent_name"],
            agent_phone=row["agent_phone"],
        )
    number, document_kind, born = row["document_number"], row["document_kind"], row["born"]
    if number is not None:
        document_kind = document_kind or IdentityDocument.ID_CARD
        if document_kind is IdentityDocument.ID_CARD:
            number = check_id_number(number, "document_number")
            born = born_on(number)
    guardian_id = None
    minor = born is not None and is_minor(born, work.uow.today)
    if minor:
        guardian_id = _guardian(work, parties, row)
    return _note(
        work,
        parties,
        (document_kind.value, work.uow.vault.index(number, Kind.ID_NUMBER, work.uow.county))
        if number
        else (unit_id, row["name"]),
        kind=OwnerKind.PERSON,
        name=row["name"],
        named_by="document_number",
        document_kind=document_kind.value if number else None,
        document=number,
        phone=row["phone"],
        is_minor=minor,
        born_on=born,
        guardian_id=guardian_id,
    )


def _document_key(work: Work, kind: IdentityDocument, number: str) -> tuple[str, bytes]:
    return kind.value, work.uow.vault.index(number, Kind.ID_NUMBER, work.uow.county)


def _guardian(work: Work, parties: Parties, row: Row) -> uuid.UUID:
    for name in ("guardian_name", "guardian_document_number"):
        if not row[name]:
            raise Refusal(ErrorCode.REQUIRED, name)
    number = check_id_number(row["guardian_document_number"], "guardian_document_number")
    return _note(
        work,
        parties,
        _document_key(work, IdentityDocument.ID_CARD, number),
        kind=OwnerKind.PERSON,
        name=row["guardian_name"],
        named_by="guardian_document_number",
        document_kind=IdentityDocument.ID_CARD.value,
        document=number,
        phone=row["guardian_phone"],
        born_on=born_on(number),
    )


def _note(
    work: Work, parties: Parties, key: Any, *, kind: OwnerKind, name: str, named_by: str, **given: Any
) -> uuid.UUID:
    """Enter a party among the rows to store. One document under two names is a fault, which tells neither name."""
    owner_id = parties.by_key.get(key)
    if owner_id is None:
        owner_id = parties.by_key[key] = new_id()
    if parties.names.setdefault(owner_id, name) != name:
        raise Refusal(ErrorCode.ALREADY_REGISTERED, named_by)
    known = parties.known.get(owner_id, {})
    earlier = parties.rows.get(owner_id)
    columns: dict[str, Any] = {
        "county": work.uow.county,
        "id": owner_id,
        "updated_at": work.uow.now,
        "kind": kind.value,
        "name": name,
        "name_sort": earlier["name_sort"]
        if earlier
        else name_key(name)
        if kind is OwnerKind.PERSON
        else pinyin_key(name),
        "name_mask": mask_name(name) if kind is OwnerKind.PERSON else name,
        # The table checks that kind and index come together, also in a row that only updates.
        "document_kind": given.get("document_kind") if not known.get("document") else None,
        "credit_code": given.get("credit_code"),
        "agent_name": given.get("agent_name"),
        "is_minor": given.get("is_minor", False),
        "born_on": given.get("born_on"),
        "guardian_id": given.get("guardian_id"),
        "account_id": None,
    }
    for attribute, sort in SEALED.items():
        value = given.get(attribute)
        columns |= _sealed_part(work, owner_id, attribute, value, known, earlier)
        if value is not None and sort is Kind.PHONE and columns["account_id"] is None:
            columns["account_id"] = parties.accounts.get(value)
            if columns["account_id"] is None:
                parties.phones.setdefault(value, (given.get("agent_name") or name, []))[1].append(owner_id)
    if earlier is not None:
        for column in ("guardian_id", "account_id", "born_on"):
            columns[column] = columns[column] or earlier[column]
    parties.rows[owner_id] = columns
    return owner_id


def _sealed_part(
    work: Work,
    owner_id: uuid.UUID,
    attribute: str,
    value: str | None,
    known: Mapping[str, bytes | None],
    earlier: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """The columns of a sealed attribute: as an earlier row gave them, sealed now, or empty for what the table has already."""
    columns = tuple(f"{attribute}_{part}" for part in ("sealed", "index", "mask"))
    if value is None or (earlier is not None and earlier[columns[1]] is not None):
        return dict.fromkeys(columns) if earlier is None else {column: earlier[column] for column in columns}
    before = known.get(attribute)
    if before is not None and before == work.uow.vault.index(value, SEALED[attribute], work.uow.county):
        return dict.fromkeys(columns)
    return sealed(work, Owner, owner_id, attribute, value, SEALED[attribute])


def _check(work: Work, holdings: list[Held]) -> None:
    """The rows of one unit fit together."""
    first = holdings[0].row
    try:
        if len({held.row["kind"] for held in holdings}) > 1:
            raise Refusal(ErrorCode.INVALID_INPUT, "kind")
        if len({held.owner_id for held in holdings}) < len(holdings):
            raise Refusal(ErrorCode.ALREADY_REGISTERED, "name")
        shares = [(held.row["numerator"], held.row["denominator"]) for held in holdings]
        check_holding(first["kind"], shares, sum(held.row["is_representative"] for held in holdings), "kind")
    except Refusal as refusal:
        work.fault(OWNERS, first, refusal.field, refusal.code, **refusal.params)


async def _open_accounts(work: Work, parties: Parties) -> None:
    """An owner whose phone the file gives can sign in with it: its account is opened where there is none."""
    vault, session = work.uow.vault, work.uow.session
    rows, by_index = [], {}
    for phone, (name, _owners) in parties.phones.items():
        row_id = new_id()
        stored = vault.seal(phone, Kind.PHONE, SHARED, Context(Account.__tablename__, "phone", str(row_id)))
        sealed_phone = zip(("phone_sealed", "phone_index", "phone_mask"), stored, strict=True)
        rows.append({"id": row_id, "display_name": name, **dict(sealed_phone)})
        by_index[stored.blind_index] = phone
    await add_missing(session, Account, rows)
    # Read back: another register may have opened one of them at the same moment.
    opened = select(Account.phone_index, Account.id).where(
        Account.phone_index == any_(literal(list(by_index), _INDEXES))
    )
    own = {row["id"] for row in rows}
    for index, row_id in (await session.execute(opened)).all():
        parties.fresh |= {row_id} & own
        for owner_id in parties.phones[by_index[index or b""]][1]:
            parties.rows[owner_id]["account_id"] = row_id


async def _store_parties(work: Work, parties: Parties) -> None:
    rows = list(parties.rows.values())
    known = sum(row["id"] in parties.known for row in rows)
    stored = await upsert(
        work.uow.session,
        Owner,
        # A minor's guardian comes first: the key is checked row by row only at the end, but reads better so.
        sorted(rows, key=lambda row: row["guardian_id"] is not None),
        known=known,
        kept=("kind", "name", "name_sort", "name_mask", "document_kind"),
        compared=COMPARED,
        coalesced=(*SEALED_COLUMNS, "guardian_id", "account_id", "born_on", "agent_name"),
    )
    work.counts["persons"] = stored
    lines = (
        {"county": row["county"], "kind": SearchKind.OWNER.value, "gram": gram, "subject_id": row["id"]}
        for row in rows
        if row["id"] not in parties.known
        for gram in name_grams(row["name"], row["credit_code"])
    )
    await upsert(work.uow.session, SearchGram, lines, known=0)


async def _store_holdings(work: Work, parties: Parties, held: Mapping[uuid.UUID, list[Held]]) -> None:
    """Rows that still hold stay, others end today with their grants, new ones begin."""
    county, session, today = work.uow.county, work.uow.session, work.uow.today
    rows: list[dict[str, Any]] = []
    known: list[uuid.UUID] = []
    opened: list[dict[str, Any]] = []
    for unit_id, holdings in held.items():
        for one in holdings:
            before = parties.current[unit_id].pop(one.owner_id, None)
            made = _holding(work, one, unit_id, before, sole=len(holdings) == 1)
            rows.append(made)
            if before is None:
                opened.append(made)
            else:
                known.append(before.id)
    ended = [row for unit_id in held for row in parties.current[unit_id].values()]
    for row in ended:
        await end_grants(session, Source("ownership", row.id), today)
    if ended:
        await session.execute(
            update(Ownership)
            .where(Ownership.county == county, Ownership.id == any_(literal([row.id for row in ended], _IDS)))
            .values(valid_to=today)
            .execution_options(synchronize_session=False)
        )
    stored = await upsert(session, Ownership, rows, known=len(known))
    for row in ended:
        await end_with_ownership(work.uow, row.unit_id, [row.owner_id], today)
    work.counts[OWNERS.name] = stored + Stored(0, len(ended), 0)
    await _open_grants(work, parties, opened)


def _holding(work: Work, one: Held, unit_id: uuid.UUID, before: Any, *, sole: bool) -> dict[str, Any]:
    row = one.row
    since: date = row["since"] or (before.valid_from if before is not None else work.uow.today)
    return {
        "county": work.uow.county,
        "id": before.id if before is not None else new_id(),
        "unit_id": unit_id,
        "owner_id": one.owner_id,
        "kind": row["kind"].value,
        "basis": row["basis"].value,
        "numerator": row["numerator"],
        "denominator": row["denominator"],
        "is_representative": row["is_representative"] or sole,
        "valid_from": since,
    }


async def _open_grants(work: Work, parties: Parties, opened: list[dict[str, Any]]) -> None:
    """Owners whose phone an account has proved act for their units from now on."""
    session, county = work.uow.session, work.uow.county
    accounts: dict[uuid.UUID, set[uuid.UUID]] = defaultdict(set)
    for owner_id, row in parties.rows.items():
        for holder in (owner_id, row["guardian_id"]):
            account_id = parties.rows[holder]["account_id"] if holder in parties.rows else None
            if account_id is not None:
                accounts[owner_id].add(account_id)
    wanted = [row for row in opened if row["owner_id"] in accounts]
    places = {}
    if wanted:
        units = select(Unit.id, Unit.estate_id, Unit.area_id).where(
            Unit.county == county, Unit.id == any_(literal(list({row["unit_id"] for row in wanted}), _IDS))
        )
        places = {
            row.id: Reach(unit_id=row.id, estate_id=row.estate_id, area_id=row.area_id)
            for row in (await session.execute(units)).all()
        }
    fresh = []
    for row in wanted:
        for account_id in sorted(accounts[row["owner_id"]]):
            if account_id in parties.fresh:
                # Nobody holds a token of an account that is minutes old: no version to count up, no lock to take.
                fresh.append(_grant(work, row, account_id, places[row["unit_id"]]))
                continue
            await open_grant(
                session,
                Role.OWNER,
                county,
                Source("ownership", row["id"]),
                account_id=account_id,
                reach=places[row["unit_id"]],
                valid_from=row["valid_from"],
            )
    await add_missing(session, AccountGrant, fresh)


def _grant(work: Work, row: Mapping[str, Any], account_id: uuid.UUID, reach: Reach) -> dict[str, Any]:
    return {
        "id": new_id(),
        "account_id": account_id,
        "county": work.uow.county,
        "role": Role.OWNER.value,
        "source_type": "ownership",
        "source_id": row["id"],
        "valid_from": row["valid_from"],
        "unit_id": reach.unit_id,
        "estate_id": reach.estate_id,
        "area_id": reach.area_id,
    }

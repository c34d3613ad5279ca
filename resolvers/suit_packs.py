"""The evidence pack of a suit (FEE-14): parties, claim table, and numbered evidence under its SHA-256, as of one day.

Documents are named by their digest; what the platform itself knows is set down as JSON, whose digest is that of its canonical
text. Each time a case is prepared or corrected a new edition is made; none is changed.
"""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Select, select

from domain.bills import BillKind, BillState, Payer
from domain.errors import ErrorCode, Refusal
from domain.filing_records import canonical
from domain.identifiers import mask_name
from domain.suits import EvidenceKind, PartySide
from models.base import new_id
from models.companies import Company
from models.dunning import DunningCase, DunningClaim
from models.estates import Estate, Occupancy, Ownership, Unit
from models.fees import FeeBill
from models.people import Owner
from models.suits import SuitEvidence, SuitLine, SuitParty
from resolvers import suit_evidence
from resolvers.late_fees import accrued
from resolvers.suit_evidence import Piece
from resolvers.unit_of_work import UnitOfWork


async def bills_of(uow: UnitOfWork, case: DunningCase) -> list[FeeBill]:
    """The case's bills on which something is open, the oldest first."""
    found = (
        select(FeeBill)
        .join(DunningClaim, (DunningClaim.county == FeeBill.county) & (DunningClaim.bill_id == FeeBill.id))
        .where(
            FeeBill.county == uow.county,
            DunningClaim.county == uow.county,
            DunningClaim.case_id == case.id,
            FeeBill.state != BillState.VOIDED.value,
            FeeBill.settled < FeeBill.amount + FeeBill.adjusted,
        )
        .order_by(FeeBill.due_on, FeeBill.number)
    )
    return list((await uow.session.scalars(found)).all())


async def address_of(uow: UnitOfWork, case: DunningCase) -> str:
    """The address of the case's unit."""
    unit = await uow.session.get_one(Unit, (uow.county, case.unit_id))
    estate = await uow.session.get_one(Estate, (uow.county, unit.estate_id))
    return f"{estate.address} {estate.name} {unit.name}"


async def put_together(uow: UnitOfWork, case: DunningCase) -> None:
    """Write the next edition of a case's pack (``case.referrals``). ``ACTION_NOT_AVAILABLE`` where nothing is open."""
    bills = await bills_of(uow, case)
    if not bills:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", state=case.state)
    uow.session.add_all(await _lines(uow, case, bills))
    uow.session.add_all(await _parties(uow, case))
    pieces = await suit_evidence.collect(uow, case, bills)
    uow.session.add_all(_evidence(uow, case, pieces))
    await uow.session.flush()


def _evidence(uow: UnitOfWork, case: DunningCase, pieces: Sequence[Piece]) -> Iterator[SuitEvidence]:
    order = list(EvidenceKind)
    for position, piece in enumerate(sorted(pieces, key=lambda one: order.index(one.kind)), start=1):
        body = canonical(piece.facts) if piece.facts is not None else b""
        document = piece.document
        yield SuitEvidence(
            county=uow.county,
            id=new_id(),
            case_id=case.id,
            referral=case.referrals,
            position=position,
            kind=piece.kind.value,
            title=piece.title,
            dated_on=piece.dated_on,
            document_id=document.id if document else None,
            content=piece.facts,
            sha256=document.sha256 if document else hashlib.sha256(body).hexdigest(),
            size=document.size if document else len(body),
        )


async def _lines(uow: UnitOfWork, case: DunningCase, bills: Sequence[FeeBill]) -> list[SuitLine]:
    """The claim table: what is open of each bill, and the late fee that has accrued on it and was not charged yet."""
    accruing = {one.bill.id: one.to_charge for one in await accrued(uow, [bill.id for bill in bills])}
    lines = []
    for position, bill in enumerate(bills, start=1):
        open_fen = bill.amount + bill.adjusted - bill.settled
        is_fee = bill.kind == BillKind.LATE_FEE
        lines.append(
            SuitLine(
                county=uow.county,
                id=new_id(),
                case_id=case.id,
                referral=case.referrals,
                position=position,
                bill_id=bill.id,
                title=bill.title,
                period_from=bill.period_from,
                period_to=bill.period_to,
                due_on=bill.due_on,
                principal=0 if is_fee else open_fen,
                late_fee=open_fen if is_fee else accruing.get(bill.id, 0),
            )
        )
    return lines


async def _parties(uow: UnitOfWork, case: DunningCase) -> list[SuitParty]:
    """The company against the unit's owners, and against the user who pays by agreement (FEE-3, PMR 41)."""
    company = await uow.session.get_one(Company, (uow.county, case.company_id))
    base: dict[str, Any] = {"county": uow.county, "case_id": case.id, "referral": case.referrals}
    parties = [
        SuitParty(
            **base,
            side=PartySide.PLAINTIFF.value,
            company_id=company.id,
            masked_name=company.name,
            credit_code=company.credit_code,
            service_address=company.office_address,
            agent_name=case.agent_name,
        )
    ]
    sued = {**base, "side": PartySide.DEFENDANT.value, "service_address": case.service_address}
    parties += [
        SuitParty(**sued, owner_id=owner.id, masked_name=owner.name_mask, credit_code=owner.credit_code)
        for owner in (await uow.session.scalars(_owners(uow, case))).all()
    ]
    if case.payer == Payer.TENANT:
        parties += [
            SuitParty(**sued, occupancy_id=user.id, masked_name=mask_name(user.name))
            for user in (await uow.session.scalars(_users(uow, case))).all()
        ]
    for position, party in enumerate(parties, start=1):
        party.id, party.position = new_id(), position
    return parties


def _owners(uow: UnitOfWork, case: DunningCase) -> Select[Any]:
    return (
        select(Owner)
        .join(Ownership, (Ownership.county == Owner.county) & (Ownership.owner_id == Owner.id))
        .where(
            Owner.county == uow.county,
            Ownership.county == uow.county,
            Ownership.unit_id == case.unit_id,
            Ownership.valid_to.is_(None),
        )
        .order_by(Owner.id)
    )


def _users(uow: UnitOfWork, case: DunningCase) -> Select[Any]:
    return (
        select(Occupancy)
        .where(
            Occupancy.county == uow.county,
            Occupancy.unit_id == case.unit_id,
            Occupancy.pays_fees.is_(True),
            Occupancy.valid_to.is_(None),
        )
        .order_by(Occupancy.id)
    )

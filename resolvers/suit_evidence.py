"""The evidence of a suit (FEE-14): what the platform knows and which documents there are, piece by piece."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select

from domain.documents import DocumentKind, DocumentState
from domain.dunning import DunningStep
from domain.filing_records import FilingKind
from domain.suits import EvidenceKind
from models.contracts import ServiceContract
from models.disclosures import Disclosure
from models.documents import Document
from models.dunning import DunningCase, DunningRecord
from models.estates import Ownership, Unit
from models.fees import BillDispute, ChargeItem, ChargeItemDisclosure, FeeBill
from models.filings import Filing
from models.inspections import Inspection
from models.payments import Allocation, Payment
from models.people import Owner
from resolvers.unit_of_work import UnitOfWork

_K = EvidenceKind


@dataclass(frozen=True)
class Piece:
    """One piece of evidence: a document, or facts as JSON."""

    kind: EvidenceKind
    title: str
    dated_on: date | None = None
    document: Document | None = None
    facts: dict[str, Any] | None = None


async def collect(uow: UnitOfWork, case: DunningCase, bills: Sequence[FeeBill]) -> list[Piece]:
    """All evidence for a case's open bills, in no particular order."""
    return [
        *await _contract(uow, bills),
        *await _ownership(uow, case),
        *await _prices_and_postings(uow, bills),
        _statement(bills),
        *await _payments(uow, bills),
        *await _dunning(uow, case),
        *await _service(uow, case, bills),
        *await _disputes(uow, bills),
    ]


async def _contract(uow: UnitOfWork, bills: Sequence[FeeBill]) -> list[Piece]:
    """The contracts that the charges stand in, with their filings and the filed papers."""
    rows = await uow.session.execute(
        select(ServiceContract, Filing)
        .join(
            ChargeItem, (ChargeItem.county == ServiceContract.county) & (ChargeItem.contract_id == ServiceContract.id)
        )
        .outerjoin(
            Filing,
            (Filing.county == ServiceContract.county)
            & (Filing.contract_id == ServiceContract.id)
            & (Filing.kind == FilingKind.SERVICE_CONTRACT.value)
            & Filing.certificate_number.is_not(None),
        )
        .where(
            ServiceContract.county == uow.county,
            ChargeItem.county == uow.county,
            ChargeItem.id.in_({bill.charge_item_id for bill in bills}),
        )
        .order_by(ServiceContract.id, Filing.id)
        .distinct()
    )
    pieces = []
    for contract, filing in rows:
        facts = {
            "number": contract.number,
            "signedOn": contract.signed_on,
            "startsOn": contract.starts_on,
            "endsOn": contract.ends_on,
            "priceTerms": contract.price_terms,
            "serviceStar": contract.service_star,
            "filingNumber": filing.certificate_number if filing else None,
            "filingDigest": filing.digest if filing else None,
        }
        pieces.append(_facts(_K.CONTRACT, f"物业服务合同 {contract.number}", contract.signed_on, facts))
        if filing is not None:
            pieces += await _papers(uow, _K.CONTRACT, "filing", filing.id, (DocumentKind.CONTRACT,))
            pieces += await _papers(uow, _K.PRICE, "filing", filing.id, (DocumentKind.PRICE_ITEM,))
    return pieces


async def _ownership(uow: UnitOfWork, case: DunningCase) -> list[Piece]:
    unit = await uow.session.get_one(Unit, (uow.county, case.unit_id))
    held = await uow.session.execute(
        select(Ownership.valid_from, Owner.name_mask)
        .join(Owner, (Owner.county == Ownership.county) & (Owner.id == Ownership.owner_id))
        .where(
            Ownership.county == uow.county,
            Owner.county == uow.county,
            Ownership.unit_id == unit.id,
            Ownership.valid_to.is_(None),
        )
        .order_by(Ownership.id)
    )
    facts = {
        "unit": unit.name,
        "realEstateUnitNo": unit.real_estate_unit_no,
        "certificateNo": unit.certificate_no,
        "chargeableArea": unit.chargeable_area,
        "deliveredOn": unit.delivered_on,
        "owners": [{"name": mask, "since": since.isoformat()} for since, mask in held],
    }
    return [_facts(_K.OWNERSHIP, f"房屋及权利人信息 {unit.name}", None, facts)]


async def _prices_and_postings(uow: UnitOfWork, bills: Sequence[FeeBill]) -> list[Piece]:
    """Each charge with its star and price, and the postings that the bills rest on."""
    rows = await uow.session.execute(
        select(ChargeItem, Disclosure)
        .outerjoin(
            ChargeItemDisclosure,
            (ChargeItemDisclosure.county == ChargeItem.county)
            & (ChargeItemDisclosure.charge_item_id == ChargeItem.id)
            & ChargeItemDisclosure.id.in_({bill.item_disclosure_id for bill in bills}),
        )
        .outerjoin(
            Disclosure,
            (Disclosure.county == ChargeItemDisclosure.county) & (Disclosure.id == ChargeItemDisclosure.disclosure_id),
        )
        .where(ChargeItem.county == uow.county, ChargeItem.id.in_({bill.charge_item_id for bill in bills}))
        .order_by(ChargeItem.id, Disclosure.id)
    )
    pieces: dict[tuple[str, uuid.UUID], Piece] = {}
    for item, posting in rows:
        price = {
            "code": item.code,
            "name": item.name,
            "unitPrice": item.unit_price,
            "basis": item.basis,
            "star": item.star,
            "guidePrice": item.guide_price,
            "lateFeeRate": item.late_fee_rate,
            "serviceContent": item.service_content,
        }
        pieces["price", item.id] = _facts(_K.PRICE, f"收费标准 {item.code} {item.name}", item.valid_from, price)
        if posting is not None:
            posted = {
                "title": posting.title,
                "body": posting.body,
                "prices": posting.content.get("prices"),
                "postedOn": posting.posted_on,
                "validTo": posting.valid_to,
                "digest": posting.digest,
            }
            pieces["posting", posting.id] = _facts(_K.DISCLOSURE, f"公示 {posting.title}", posting.posted_on, posted)
    return list(pieces.values())


def _statement(bills: Sequence[FeeBill]) -> Piece:
    stated = [
        {
            "number": bill.number,
            "title": bill.title,
            "periodFrom": bill.period_from.isoformat(),
            "periodTo": bill.period_to.isoformat(),
            "area": bill.area,
            "unitPrice": bill.unit_price,
            "amount": bill.amount,
            "adjusted": bill.adjusted,
            "settled": bill.settled,
            "dueOn": bill.due_on.isoformat(),
        }
        for bill in bills
    ]
    return _facts(_K.BILLS, "欠费账单明细", bills[-1].issued_on, {"bills": stated})


async def _payments(uow: UnitOfWork, bills: Sequence[FeeBill]) -> list[Piece]:
    rows = await uow.session.execute(
        select(Allocation.occurred_on, Allocation.amount, Payment.channel, Payment.reference, FeeBill.number)
        .join(Payment, (Payment.county == Allocation.county) & (Payment.id == Allocation.payment_id))
        .join(FeeBill, (FeeBill.county == Allocation.county) & (FeeBill.id == Allocation.bill_id))
        .where(
            Allocation.county == uow.county,
            Payment.county == uow.county,
            FeeBill.county == uow.county,
            Allocation.bill_id.in_([bill.id for bill in bills]),
        )
        .order_by(Allocation.id)
    )
    paid = [
        {"on": on.isoformat(), "amount": fen, "channel": channel, "reference": reference, "bill": number}
        for on, fen, channel, reference, number in rows
    ]
    return [_facts(_K.PAYMENTS, "缴费记录", None, {"payments": paid})]


async def _dunning(uow: UnitOfWork, case: DunningCase) -> list[Piece]:
    """All steps towards the debtor; the demand with its letter and proof of service, mediation with its record."""
    steps = (
        await uow.session.scalars(
            select(DunningRecord)
            .where(DunningRecord.county == uow.county, DunningRecord.case_id == case.id)
            .order_by(DunningRecord.id)
        )
    ).all()
    told = [
        {
            "step": step.step,
            "takenOn": step.taken_on.isoformat(),
            "means": step.means,
            "outstanding": step.outstanding,
            "note": step.note,
        }
        for step in steps
    ]
    pieces = [_facts(_K.DUNNING, "催缴记录", steps[-1].taken_on if steps else None, {"steps": told})]
    demand = (DocumentKind.DEMAND_LETTER, DocumentKind.SERVICE_PROOF)
    pieces += await _papers(uow, _K.DEMAND, "dunning_case", case.id, demand)
    pieces += await _papers(uow, _K.MEDIATION, "dunning_case", case.id, (DocumentKind.MEDIATION_RECORD,))
    pieces += [
        _facts(_K.MEDIATION, "调解结果", step.taken_on, {"note": step.note, "takenOn": step.taken_on})
        for step in steps
        if step.step == DunningStep.MEDIATION
    ]
    return pieces


async def _service(uow: UnitOfWork, case: DunningCase, bills: Sequence[FeeBill]) -> list[Piece]:
    """What shows that the service was given: the offices' published inspections of the estate in the time of the bills."""
    first = min(bill.period_from for bill in bills)
    found = await uow.session.scalars(
        select(Inspection)
        .where(
            Inspection.county == uow.county,
            Inspection.estate_id == case.estate_id,
            Inspection.published_on.is_not(None),
            Inspection.inspected_on >= first,
        )
        .order_by(Inspection.inspected_on, Inspection.id)
    )
    return [
        _facts(
            _K.SERVICE,
            f"检查记录 {one.target}",
            one.inspected_on,
            {
                "target": one.target,
                "inspectedOn": one.inspected_on,
                "findings": one.finding_count,
                "recheckPassed": one.recheck_passed,
                "published": one.published_text,
            },
        )
        for one in found
    ]


async def _disputes(uow: UnitOfWork, bills: Sequence[FeeBill]) -> list[Piece]:
    found = await uow.session.scalars(
        select(BillDispute)
        .where(BillDispute.county == uow.county, BillDispute.bill_id.in_([bill.id for bill in bills]))
        .order_by(BillDispute.id)
    )
    number = {bill.id: bill.number for bill in bills}
    return [
        _facts(
            _K.DISPUTE,
            f"账单异议 {number[one.bill_id]}",
            one.created_at.date(),
            {"bill": number[one.bill_id], "reason": one.reason, "state": one.state, "answer": one.answer},
        )
        for one in found
    ]


async def _papers(
    uow: UnitOfWork, kind: EvidenceKind, subject: str, subject_id: uuid.UUID, kinds: Sequence[DocumentKind]
) -> list[Piece]:
    """The confirmed documents of some kinds that belong to a row, in the order in which they came."""
    found = await uow.session.scalars(
        select(Document)
        .where(
            Document.county == uow.county,
            Document.subject_type == subject,
            Document.subject_id == subject_id,
            Document.kind.in_([one.value for one in kinds]),
            Document.state == DocumentState.READY.value,
        )
        .order_by(Document.created_at, Document.id)
    )
    return [Piece(kind, paper.name, paper.created_at.date(), document=paper) for paper in found]


def _facts(kind: EvidenceKind, title: str, dated_on: date | None, facts: dict[str, Any]) -> Piece:
    """What the platform knows, with days as they are written."""
    plain = {name: value.isoformat() if isinstance(value, date) else value for name, value in facts.items()}
    return Piece(kind, title, dated_on, facts=plain)

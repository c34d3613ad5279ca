"""Custodian banks by intent: tender, award, contract, yearly assessment, termination (SM-17, SL-1 to SL-4, FUND-33)."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import func, select

from auth.actor import Grant
from domain.custodians import (
    CUSTODIAN,
    CustodianAction,
    CustodianState,
    TenderState,
    TransferState,
    check_award,
    total_of,
)
from domain.custody import BankAccountState
from domain.documents import DocumentKind
from domain.errors import ErrorCode, Refusal
from domain.officials import Power
from domain.roles import Role
from models.base import new_id
from models.custodians import (
    Custodian,
    CustodianAssessment,
    CustodianBid,
    CustodianMeasures,
    CustodianTender,
    CustodyTransfer,
)
from models.custody import BankAccount
from models.documents import Document
from resolvers import custody
from resolvers import documents as papers
from resolvers.cases import case_kind
from resolvers.unit_of_work import UnitOfWork

BUREAU = (Role.BUREAU,)


def _facts(row: Any) -> Mapping[str, Any]:
    return {"contract_from": row.contract_from, "year_end": row.year_end, "objection": row.objection}


async def _moved(uow: UnitOfWork, row: Custodian, former: str) -> None:
    """What its state means for its accounts, and which year is assessed next."""
    if row.state == CustodianState.ACTIVE:
        first = row.contract_from or uow.today
        row.year_end = date(row.year_end.year + 1 if row.year_end else first.year, 12, 31)
        row.objection = None
    if row.state == CustodianState.TERMINATED:
        row.terminated_on = uow.today
        for account in await _accounts(uow, row):
            if account.state == BankAccountState.OPEN:
                account.state = BankAccountState.FROZEN.value
                account.version, account.updated_at = account.version + 1, uow.now
                uow.notify(account)


case_kind(Custodian, (CUSTODIAN,), facts=_facts, moved=_moved, resting=(CustodianState.ACTIVE,))


async def tender_open(
    uow: UnitOfWork, *, title: str, closes_on: date, document_ids: Sequence[uuid.UUID] = ()
) -> CustodianTender:
    """Publish a tender for custodian banks (custodianTenderOpen, SL-1)."""
    grant = await uow.act(BUREAU)
    if not title.strip():
        raise Refusal(ErrorCode.REQUIRED, "title")
    if closes_on < uow.today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "closesOn", least=uow.today)
    tender = CustodianTender(
        county=uow.county,
        id=new_id(),
        title=title.strip(),
        state=TenderState.TENDER.value,
        published_on=uow.today,
        closes_on=closes_on,
    )
    uow.session.add(tender)
    await _record(uow, tender, "custodianTenderOpen", grant, document_ids)
    return tender


async def tender_evaluate(
    uow: UnitOfWork, *, id: uuid.UUID, bids: Sequence[Mapping[str, Any]], document_ids: Sequence[uuid.UUID] = ()
) -> CustodianTender:
    """Score the bids by the profile's items and publish them (custodianTenderEvaluate, FUND-33).

    Refuses ``TOO_EARLY`` before the tender closes, ``TOO_FEW_BIDDERS``, and as ``domain.custodians.total_of`` at the bid.
    """
    tender, grant = await _tender(uow, id, TenderState.TENDER, "custodianTenderEvaluate")
    if uow.today < tender.closes_on:
        raise Refusal(ErrorCode.TOO_EARLY, earliest=tender.closes_on)
    names = {str(bid["bank_name"]).strip() for bid in bids} - {""}
    if len(names) < uow.profile.bank_bidders:
        raise Refusal(ErrorCode.TOO_FEW_BIDDERS, "bids", least=uow.profile.bank_bidders)
    if len(names) < len(bids):
        raise Refusal(ErrorCode.ALREADY_REGISTERED, "bids")
    for place, bid in enumerate(bids):
        scores = [dict(score) for score in bid["scores"]]
        points = total_of(list(scores), uow.profile, f"bids.{place}.scores")
        name = str(bid["bank_name"]).strip()
        uow.session.add(
            CustodianBid(
                county=uow.county,
                id=new_id(),
                tender_id=tender.id,
                bank_name=name,
                scores=_plain(scores),
                points=points,
            )
        )
    tender.state, tender.scored_on = TenderState.EVALUATED.value, uow.today
    await _record(uow, tender, "custodianTenderEvaluate", grant, document_ids)
    return tender


async def tender_award(
    uow: UnitOfWork, *, id: uuid.UUID, bid_ids: Sequence[uuid.UUID], document_ids: Sequence[uuid.UUID] = ()
) -> CustodianTender:
    """Award a tender to one or more banks (custodianTenderAward, FUND-33); each becomes a custodian's case.

    ``INVALID_INPUT`` when somebody who does not win has more points than one who does; ``MISSING_DOCUMENT`` without the
    award notice.
    """
    tender, grant = await _tender(uow, id, TenderState.EVALUATED, "custodianTenderAward", power=Power.FUNDS_APPROVE)
    rows = await uow.session.scalars(
        select(CustodianBid).where(CustodianBid.county == uow.county, CustodianBid.tender_id == tender.id)
    )
    bids = {bid.id: bid for bid in rows}
    if not set(bid_ids) <= bids.keys():
        raise Refusal(ErrorCode.NOT_FOUND, "bidIds")
    check_award({bid.id: bid.points for bid in bids.values()}, set(bid_ids))
    notices = await uow.load_all(Document, document_ids, field="documentIds")
    if DocumentKind.TENDER_RESULT.value not in {notice.kind for notice in notices}:
        raise Refusal(ErrorCode.MISSING_DOCUMENT, "documents", documents=[DocumentKind.TENDER_RESULT])
    tender.state, tender.awarded_on = TenderState.AWARDED.value, uow.today
    await _record(uow, tender, "custodianTenderAward", grant, document_ids)
    for bid_id in dict.fromkeys(bid_ids):
        bids[bid_id].won = True
        row = Custodian(id=new_id(), title=bids[bid_id].bank_name, bid_id=bid_id, bank_name=bids[bid_id].bank_name)
        await uow.open_case(row, CUSTODIAN, grant=grant)
    return tender


async def sign(
    uow: UnitOfWork,
    *,
    id: uuid.UUID,
    client_id: str,
    contract_number: str,
    contract_from: date,
    contract_to: date,
    document_ids: Sequence[uuid.UUID] = (),
) -> Custodian:
    """Record a custodian's signed contract (custodianSign); it begins by itself on its first day.

    ``NOT_FOUND`` for a system that the county has not let keep its accounts, ``ALREADY_REGISTERED`` for one of another custodian.
    """
    row = await uow.load(Custodian, id, lock=True)
    if contract_to < contract_from:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "contractTo", least=contract_from)
    if not contract_number.strip():
        raise Refusal(ErrorCode.REQUIRED, "contractNumber")
    await custody.check_keeps(uow, client_id)
    if await uow.session.scalar(
        select(Custodian.id).where(
            Custodian.county == uow.county,
            Custodian.client_id == client_id,
            Custodian.state != CustodianState.CLOSED.value,
        )
    ):
        raise Refusal(ErrorCode.ALREADY_REGISTERED, "clientId")
    row.client_id, row.contract_number = client_id, contract_number.strip()
    row.contract_from, row.contract_to = contract_from, contract_to
    return await uow.advance(row, CustodianAction.SIGN_CONTRACT, documents=document_ids)


async def measures_issue(uow: UnitOfWork, *, title: str, document_id: uuid.UUID) -> CustodianMeasures:
    """Issue the measures by which custodian banks are assessed from today (custodianMeasuresIssue, SL-2)."""
    grant = await uow.act(BUREAU)
    document = await uow.load(Document, document_id, field="documentId")
    if document.kind != DocumentKind.ASSESSMENT_MEASURES:
        raise Refusal(ErrorCode.MISSING_DOCUMENT, "documentId", documents=[DocumentKind.ASSESSMENT_MEASURES])
    if not title.strip():
        raise Refusal(ErrorCode.REQUIRED, "title")
    row = CustodianMeasures(
        county=uow.county,
        id=new_id(),
        title=title.strip(),
        issued_on=uow.today,
        document_id=document.id,
        profile_version=uow.profile.version,
        issued_by=grant.account_id,
    )
    uow.session.add(row)
    await _record(uow, row, "custodianMeasuresIssue", grant, [document.id])
    return row


async def assess(uow: UnitOfWork, *, id: uuid.UUID, scores: Sequence[Mapping[str, Any]], reason: str) -> Custodian:
    """Assess a custodian for the past year (custodianAssess, SL-3): 60 points of 100 qualify, less begins the review.

    While it may object, the same after its objection: only enough points end the review then. ``MISSING_DOCUMENT`` while no
    measures are issued (SL-2).
    """
    row = await uow.load(Custodian, id, lock=True)
    grant = await uow.act(BUREAU, Custodian, row)
    measures = await uow.session.scalar(
        select(CustodianMeasures)
        .where(CustodianMeasures.county == uow.county)
        .order_by(CustodianMeasures.issued_on.desc(), CustodianMeasures.id.desc())
        .limit(1)
    )
    if measures is None:
        raise Refusal(ErrorCode.MISSING_DOCUMENT, "documents", documents=[DocumentKind.ASSESSMENT_MEASURES])
    given = [dict(score) for score in scores]
    points = total_of(list(given), uow.profile)
    qualified = points >= uow.profile.bank_pass_points
    year = row.year_end.year if row.year_end else uow.today.year - 1
    in_review = row.state == CustodianState.REVIEW
    action = CustodianAction.UPHOLD if in_review else _FINDINGS[qualified]
    await uow.advance(row, action, facts={"points": points}, reason=reason)
    uow.session.add(
        CustodianAssessment(
            county=uow.county,
            id=new_id(),
            custodian_id=row.id,
            measures_id=measures.id,
            year=year,
            scores=_plain(given),
            points=points,
            qualified=qualified,
            reason=reason.strip(),
            assessed_on=uow.today,
            assessed_by=grant.account_id,
        )
    )
    return row


_FINDINGS = {True: CustodianAction.QUALIFY, False: CustodianAction.DISQUALIFY}


async def object_(uow: UnitOfWork, *, id: uuid.UUID, objection: str) -> Custodian:
    """Object to being found unqualified, as the bank, within ten days (custodianObject)."""
    row = await uow.load(Custodian, id, lock=True)
    row.objection = objection.strip()
    return await uow.advance(row, CustodianAction.OBJECT, reason=objection)


async def terminate(
    uow: UnitOfWork, *, id: uuid.UUID, reason: str, document_ids: Sequence[uuid.UUID] = ()
) -> Custodian:
    """Terminate an unqualified custodian's contract (custodianTerminate, SL-4): its accounts pay nothing but the transfer."""
    row = await uow.load(Custodian, id, lock=True)
    return await uow.advance(row, CustodianAction.TERMINATE, reason=reason, documents=document_ids)


async def record_transfer(uow: UnitOfWork, *, id: uuid.UUID) -> Custodian:
    """Find that nothing is left on a terminated custodian's accounts, to the fen (custodianRecordTransfer, SM-17)."""
    row = await uow.load(Custodian, id, lock=True)
    left = sum([abs(await custody.book_balance(uow, account.id)) for account in await _accounts(uow, row)])
    return await uow.advance(row, CustodianAction.RECORD_TRANSFER, facts={"left_fen": left + await _underway(uow, row)})


async def close(uow: UnitOfWork, *, id: uuid.UUID, reason: str) -> Custodian:
    """Close a terminated custodian's accounts (custodianClose)."""
    row = await uow.load(Custodian, id, lock=True)
    await uow.advance(row, CustodianAction.CLOSE, reason=reason)
    for account in await _accounts(uow, row):
        if account.state != BankAccountState.CLOSED:
            await custody.close(uow, id=account.id, reason=reason)
    return row


async def _underway(uow: UnitOfWork, row: Custodian) -> int:
    """What is on its way from its accounts, in fen."""
    ids = [account.id for account in await _accounts(uow, row)]
    total = await uow.session.scalar(
        select(func.coalesce(func.sum(CustodyTransfer.amount), 0)).where(
            CustodyTransfer.county == uow.county,
            CustodyTransfer.from_account_id.in_(ids),
            CustodyTransfer.state.in_((TransferState.ORDERED.value, TransferState.SENT.value)),
        )
    )
    return int(total or 0)


async def _accounts(uow: UnitOfWork, row: Custodian) -> list[BankAccount]:
    """The accounts of a custodian's contract, those that its system serves, locked in one order."""
    if row.client_id is None:
        return []
    rows = await uow.session.scalars(
        select(BankAccount)
        .where(BankAccount.county == uow.county, BankAccount.client_id == row.client_id)
        .order_by(BankAccount.id)
        .with_for_update()
    )
    return list(rows)


async def _tender(
    uow: UnitOfWork, id: uuid.UUID, state: TenderState, action: str, power: str | None = None
) -> tuple[CustodianTender, Grant]:
    tender = await uow.load(CustodianTender, id, lock=True)
    grant = await uow.act(BUREAU, CustodianTender, tender, power=power)
    if tender.state != state:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", action=action, state=tender.state)
    return tender, grant


async def _record(uow: UnitOfWork, row: Any, action: str, grant: Grant, document_ids: Sequence[uuid.UUID]) -> None:
    """Flush, attach, note and tell: what every act on a row without a workflow ends with."""
    await uow.session.flush()
    await papers.attach(uow, document_ids, row)
    if isinstance(row, CustodianTender):
        row.document_ids = [*(row.document_ids or []), *document_ids]
        row.version, row.updated_at = (row.version or 0) + 1, uow.now
        uow.notify(row)
    await uow.audit(action, row, grant=grant, documents=document_ids, to_state=getattr(row, "state", None))


def _plain(scores: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{"item": str(score["item"]), "points": int(score["points"])} for score in scores]

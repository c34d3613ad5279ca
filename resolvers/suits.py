"""Suits by intent (SL-36, FEE-13, FEE-14): how ready a case is, its evidence, the referral to the court, corrections."""

import secrets
import uuid
from collections.abc import Sequence

from sqlalchemy import any_, func, literal, select

from domain.bills import BILLERS, DisputeState
from domain.dunning import DunningAction, DunningStep
from domain.errors import ErrorCode, Refusal
from domain.filing_records import FilingKind
from domain.roles import Role
from domain.suits import Readiness, ReadinessPoint, limitation_ends, readiness
from models.accounts import AccountGrant
from models.base import new_id
from models.dunning import DunningCase, DunningClaim, DunningRecord
from models.fees import BillDispute, ChargeItem, FeeBill
from models.filings import Filing
from models.suits import SuitBatch
from resolvers import suit_packs
from resolvers.charge_items import shown_by
from resolvers.dunning import dunned_times
from resolvers.dunning_cases import outstanding
from resolvers.filing_partners import has_effect
from resolvers.unit_of_work import UnitOfWork

SUITS_HANDLE = "suits:handle"
MOST_AT_ONCE = 100


async def suit_readiness(uow: UnitOfWork, *, id: uuid.UUID) -> Readiness:
    """What a case still lacks for suit (suitReadiness): the expired demand is required, all else only warns (FEE-13)."""
    case = await uow.load(DunningCase, id)
    return await _readiness(uow, case)


async def _readiness(uow: UnitOfWork, case: DunningCase) -> Readiness:
    bills = await suit_packs.bills_of(uow, case)
    items = await _items(uow, bills)
    ends_on = case.demand_ends_on
    return readiness(
        {
            ReadinessPoint.DEMAND_EXPIRED: ends_on is not None and ends_on < uow.today,
            ReadinessPoint.TWO_RECORDS: await dunned_times(uow, case) >= 2,
            ReadinessPoint.CONTRACT_FILED: await _contracts_filed(uow, items),
            ReadinessPoint.DISCLOSURE_CURRENT: await _posted(uow, items),
            ReadinessPoint.NO_OPEN_DISPUTE: not await _disputed(uow, case),
            ReadinessPoint.WITHIN_LIMITATION: await _within_limitation(uow, case, bills),
        }
    )


async def suit_prepare(
    uow: UnitOfWork,
    *,
    id: uuid.UUID,
    agent_name: str | None = None,
    agent_contact: str | None = None,
    service_address: str | None = None,
    document_ids: Sequence[uuid.UUID] = (),
) -> DunningCase:
    """Put a case's evidence together for suit (suitPrepare, FEE-14): parties, claim table, numbered evidence.

    Without an expired written demand it is refused (``DEMAND_REQUIRED``, ``TOO_EARLY``, FEE-13). ``service_address`` is where
    the court serves the debtor; by default the unit's address. Preparing anew makes a new edition.
    """
    case = await uow.load(DunningCase, id, lock=True)
    case.agent_name = (agent_name or "").strip() or None
    case.agent_contact = (agent_contact or "").strip() or None
    case.service_address = (service_address or "").strip() or await suit_packs.address_of(uow, case)
    case.referrals += 1
    facts = {"open_fen": await outstanding(uow, case)}
    await uow.advance(case, DunningAction.PREPARE_SUIT, documents=document_ids, facts=facts)
    await suit_packs.put_together(uow, case)
    return case


async def suit_refer(uow: UnitOfWork, *, case_ids: Sequence[uuid.UUID], court_client_id: str) -> SuitBatch:
    """Refer prepared cases of one company and estate to a court's client, up to 100 as one batch (suitRefer, FEE-14).

    ``NOT_FOUND`` for a client that is no court with an agreement for suits, ``OUT_OF_RANGE`` for more cases,
    ``INVALID_INPUT`` for cases of several companies or estates. From then on the court sees them, and they alone.
    """
    if not 0 < len(case_ids) <= MOST_AT_ONCE:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "caseIds", least=1, most=MOST_AT_ONCE)
    cases = await uow.load_all(DunningCase, sorted(set(case_ids)), lock=True, field="caseIds")
    grant = await uow.act(BILLERS, DunningCase, cases[0])
    first = cases[0]
    if any((case.company_id, case.estate_id) != (first.company_id, first.estate_id) for case in cases):
        raise Refusal(ErrorCode.INVALID_INPUT, "caseIds")
    await _check_court(uow, court_client_id)
    batch = SuitBatch(
        county=uow.county,
        id=new_id(),
        number=f"{uow.today:%Y%m%d}-{secrets.token_hex(4).upper()}",
        **{name: getattr(first, name) for name in ("company_id", "estate_id", "area_id", "township", "community")},
        court_client_id=court_client_id,
        case_count=len(cases),
        referred_on=uow.today,
        referred_by=uow.actor.account_id,
    )
    uow.session.add(batch)
    await uow.session.flush()  # its cases name it
    for case in cases:
        case.batch_id, case.referred_on, case.court_client_id = batch.id, uow.today, court_client_id
        # What an earlier court said of it is on its record; this one begins anew.
        case.received_on = case.filed_on = case.result_on = case.effective_on = None
        await uow.advance(case, DunningAction.REFER_SUIT, facts={"open_fen": await outstanding(uow, case)})
    await uow.audit("suitRefer", batch, grant=grant, detail={"cases": len(cases)})
    return batch


async def suit_correct(
    uow: UnitOfWork, *, id: uuid.UUID, note: str | None = None, document_ids: Sequence[uuid.UUID] = ()
) -> DunningCase:
    """Hand in what the court asked for (suitCorrect): the evidence is put together anew with the papers given here."""
    case = await uow.load(DunningCase, id, lock=True)
    case.referrals += 1
    await uow.advance(case, DunningAction.CORRECT, documents=document_ids, reason=note)
    await suit_packs.put_together(uow, case)
    return case


async def _check_court(uow: UnitOfWork, client_id: str) -> None:
    granted = await uow.session.scalar(
        select(AccountGrant.id).where(
            AccountGrant.county == uow.county,
            AccountGrant.client_id == client_id,
            AccountGrant.role == Role.COURT.value,
            literal(SUITS_HANDLE) == any_(AccountGrant.scopes),
            AccountGrant.valid_from <= uow.today,
            func.coalesce(AccountGrant.valid_to, uow.today) >= uow.today,
        )
    )
    if granted is None:
        raise Refusal(ErrorCode.NOT_FOUND, "courtClientId")


async def _items(uow: UnitOfWork, bills: Sequence[FeeBill]) -> list[ChargeItem]:
    ids = {bill.charge_item_id for bill in bills}
    found = select(ChargeItem).where(ChargeItem.county == uow.county, ChargeItem.id.in_(ids)).order_by(ChargeItem.id)
    return list((await uow.session.scalars(found)).all())


async def _contracts_filed(uow: UnitOfWork, items: Sequence[ChargeItem]) -> bool:
    contracts = {item.contract_id for item in items}
    filings = await uow.session.scalars(
        select(Filing).where(
            Filing.county == uow.county,
            Filing.kind == FilingKind.SERVICE_CONTRACT.value,
            Filing.contract_id.in_(contracts),
        )
    )
    return {filing.contract_id for filing in filings if has_effect(filing, uow.today)} == contracts


async def _posted(uow: UnitOfWork, items: Sequence[ChargeItem]) -> bool:
    for item in items:
        try:
            await shown_by(uow, item)
        except Refusal:
            return False
    return True


async def _disputed(uow: UnitOfWork, case: DunningCase) -> bool:
    waiting = (
        select(BillDispute.id)
        .join(DunningClaim, (DunningClaim.county == BillDispute.county) & (DunningClaim.bill_id == BillDispute.bill_id))
        .where(
            BillDispute.county == uow.county,
            DunningClaim.county == uow.county,
            DunningClaim.case_id == case.id,
            BillDispute.state == DisputeState.OPEN.value,
        )
    )
    return await uow.session.scalar(waiting.limit(1)) is not None


async def _within_limitation(uow: UnitOfWork, case: DunningCase, bills: Sequence[FeeBill]) -> bool:
    """Each bill is claimed in time, counted from its due date or from the last demand, which interrupts (FEE-13)."""
    demanded = await uow.session.scalar(
        select(func.max(DunningRecord.taken_on)).where(
            DunningRecord.county == uow.county,
            DunningRecord.case_id == case.id,
            DunningRecord.step == DunningStep.DEMAND.value,
        )
    )
    years = uow.profile.limitation_years
    for bill in bills:
        since = bill.due_on
        if demanded is not None and demanded <= limitation_ends(bill.due_on, years):
            since = max(since, demanded)
        if uow.today > limitation_ends(since, years):
            return False
    return True

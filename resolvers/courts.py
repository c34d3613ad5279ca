"""What the court's own client records of a suit that was referred to it, and nobody else (SL-37, FEE-15, FEE-18)."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlalchemy import select

from domain.dunning import AT_COURT, DunningAction, DunningMeans, DunningStep
from domain.errors import ErrorCode, Refusal
from domain.personal_data import PersonalField, ProcessingPurpose
from domain.roles import Role
from domain.suits import SuitResult
from models.dunning import DunningCase
from models.estates import Occupancy
from models.people import Owner
from models.sealed import reveal
from models.suits import SuitParty
from resolvers.dunning_cases import record
from resolvers.personal_data import SUBJECTS, Why, append_reads, checked_reason
from resolvers.unit_of_work import UnitOfWork

MOST_ITEMS = 20


_RECORDS = {
    SuitResult.JUDGED: DunningAction.RECORD_JUDGED,
    SuitResult.MEDIATED: DunningAction.RECORD_MEDIATED,
    SuitResult.WITHDRAWN: DunningAction.RECORD_WITHDRAWN,
}

OPENED = {
    "Owner": (PersonalField.NAME, PersonalField.DOCUMENT, PersonalField.PHONE, PersonalField.AGENT_NAME),
    "Occupancy": (PersonalField.NAME, PersonalField.PHONE),
}
"""What a court needs of a defendant to serve and to try (Civil Procedure Law 122, 124)."""


@dataclass(frozen=True)
class Defendant:
    """The plain values of one defendant. They are given to the court and stored nowhere."""

    party_id: uuid.UUID
    values: Mapping[PersonalField, str | None] = field(repr=False)


async def receive(uow: UnitOfWork, *, id: uuid.UUID) -> DunningCase:
    """Receive a referred case (suitReceive); the days for filing count from today (FEE-15)."""
    case = await uow.load(DunningCase, id, lock=True)
    case.received_on = uow.today
    return await _step(uow, case, DunningAction.RECEIVE)


async def want_correction(uow: UnitOfWork, *, id: uuid.UUID, wanted: Sequence[str], due_on: date) -> DunningCase:
    """Ask the company to correct what is missing, by a day (suitCorrectionWant)."""
    case = await uow.load(DunningCase, id, lock=True)
    items = [item.strip() for item in wanted if item.strip()]
    if not 0 < len(items) <= MOST_ITEMS:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "wanted", least=1, most=MOST_ITEMS)
    if due_on < uow.today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "dueOn", least=uow.today)
    case.correction_items, case.correction_due_on = items, due_on
    return await _step(uow, case, DunningAction.WANT_CORRECTION, "；".join(items))


async def number_mediation(uow: UnitOfWork, *, id: uuid.UUID, number: str) -> DunningCase:
    """Note the number under which the court mediates before filing (suitMediationNumber, 诉前调解)."""
    case = await uow.load(DunningCase, id, lock=True)
    case.mediation_number = _number(number)
    return await _step(uow, case, DunningAction.NUMBER_MEDIATION, case.mediation_number)


async def file(
    uow: UnitOfWork, *, id: uuid.UUID, case_number: str, filed_on: date | None = None, payment_order: bool = False
) -> DunningCase:
    """File a suit under its case number (suitFile, 立案), within seven days from receipt (FEE-15); late is seen, not refused.

    ``payment_order``: what was filed is the application for one, which the court issues within the profile's days.
    """
    case = await uow.load(DunningCase, id, lock=True)
    on = filed_on or uow.today
    least = case.received_on or on
    if not least <= on <= uow.today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "filedOn", least=least, most=uow.today)
    case.court_case_number, case.filed_on = _number(case_number, "caseNumber"), on
    case.order_due_on = on + timedelta(days=uow.profile.payment_order_days) if payment_order else None
    return await _step(uow, case, DunningAction.FILE, case.court_case_number)


async def order_issue(uow: UnitOfWork, *, id: uuid.UUID, amount: int, served_on: date) -> DunningCase:
    """Issue the payment order over ``amount`` fen that was applied for (suitOrderIssue, 支付令; FEE-15).

    It has effect when the debtor has not objected within the profile's days from its service; until then nothing is enforced.
    ``ACTION_NOT_AVAILABLE`` in a suit.
    """
    case = await uow.load(DunningCase, id, lock=True)
    if amount <= 0:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "amount", least=1)
    least = case.filed_on or served_on
    if not least <= served_on <= uow.today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "servedOn", least=least, most=uow.today)
    await _step(uow, case, DunningAction.ISSUE_ORDER)
    case.order_served_on, case.result_on, case.result_amount = served_on, uow.today, amount
    case.effective_on = served_on + timedelta(days=uow.profile.payment_order_objection_days + 1)
    return case


async def order_end(uow: UnitOfWork, *, id: uuid.UUID) -> DunningCase:
    """End a payment order to which the debtor objected in time (suitOrderEnd): the case goes on as a suit (FEE-15). ``LATE``
    once it has effect."""
    case = await uow.load(DunningCase, id, lock=True)
    await _step(uow, case, DunningAction.END_ORDER)
    case.order_due_on = case.result_on = case.result_amount = case.effective_on = None
    await uow.reschedule(case)
    return case


async def reject(uow: UnitOfWork, *, id: uuid.UUID, reason: str) -> DunningCase:
    """Not take a suit, with the reason (suitReject); the company may correct and refer it anew."""
    case = await uow.load(DunningCase, id, lock=True)
    case.court_reason = reason.strip()
    return await _step(uow, case, DunningAction.REJECT, reason)


async def result_record(
    uow: UnitOfWork,
    *,
    id: uuid.UUID,
    result: SuitResult,
    result_on: date,
    amount: int | None = None,
    effective_on: date | None = None,
    summary: str | None = None,
) -> DunningCase:
    """Record how a suit ended (suitResultRecord): judged, settled or withdrawn; what is to be paid (fen) and from when.

    ``REQUIRED`` without the amount of a judgment or settlement, ``OUT_OF_RANGE`` for a day that has not come.
    """
    result = SuitResult(result)
    case = await uow.load(DunningCase, id, lock=True)
    if result_on > uow.today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "resultOn", most=uow.today)
    if result is not SuitResult.WITHDRAWN and amount is None:
        raise Refusal(ErrorCode.REQUIRED, "amount")
    if amount is not None and amount < 0:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "amount", least=0)
    case.result_on, case.result_amount, case.effective_on = result_on, amount, effective_on
    case.result_summary = (summary or "").strip() or None
    return await _step(uow, case, _RECORDS[result], case.result_summary)


async def perform(uow: UnitOfWork, *, id: uuid.UUID) -> DunningCase:
    """Record that judgment or settlement was performed (suitPerform); a listing ends with it."""
    case = await uow.load(DunningCase, id, lock=True)
    return await _step(uow, case, DunningAction.PERFORM)


async def enforce(uow: UnitOfWork, *, id: uuid.UUID, able_debtor: bool) -> DunningCase:
    """Record that what took effect is being enforced, and whether the debtor is able to pay (suitEnforce)."""
    case = await uow.load(DunningCase, id, lock=True)
    case.able_debtor = able_debtor
    return await _step(uow, case, DunningAction.ENFORCE)


async def credit_list(uow: UnitOfWork, *, id: uuid.UUID, reason: str) -> DunningCase:
    """List a debtor (suitCreditList; TQ-45, FEE-18): only by the court, after an effective judgment, of an able debtor."""
    case = await uow.load(DunningCase, id, lock=True)
    case.credit_listed_on, case.court_reason = uow.today, reason.strip()
    return await _step(uow, case, DunningAction.LIST_CREDIT, reason)


async def parties_read(uow: UnitOfWork, *, id: uuid.UUID, purpose: str, legal_basis: str) -> list[Defendant]:
    """Read who the defendants of a referred case are (suitPartiesRead): names, numbers of documents, phones.

    Only the court that it was referred to, for a stated purpose and on a legal basis; each person's read is on record before
    anything is handed over (PRI-4, PRI-7). ``PURPOSE_REQUIRED`` without them.
    """
    case = await uow.load(DunningCase, id)
    grant = await uow.act((Role.COURT,), DunningCase, case)
    if case.state not in AT_COURT:
        raise Refusal(ErrorCode.REFERRAL_REQUIRED, "id")
    why = Why(
        ProcessingPurpose.CASE,
        reason=checked_reason(purpose, "purpose"),
        legal_basis=checked_reason(legal_basis, "legalBasis"),
        case_number=case.court_case_number or case.mediation_number or str(case.batch_id),
    )
    found = await uow.session.scalars(
        select(SuitParty)
        .where(
            SuitParty.county == uow.county,
            SuitParty.case_id == case.id,
            SuitParty.referral == case.referrals,
            SuitParty.company_id.is_(None),
        )
        .order_by(SuitParty.position)
    )
    defendants, reads = [], {}
    for party in found.all():
        kind, row_id = ("Owner", party.owner_id) if party.owner_id else ("Occupancy", party.occupancy_id)
        row = await uow.session.get_one(Owner if party.owner_id else Occupancy, (uow.county, row_id))
        declared, wanted = SUBJECTS[kind], OPENED[kind]
        values = {
            one: reveal(row, declared.sealed[one], uow.vault)
            if one in declared.sealed
            else getattr(row, declared.plain[one])
            for one in wanted
        }
        defendants.append(Defendant(party.id, values))
        reads[kind, row.id] = list(wanted)
    if reads:
        await append_reads(uow, reads, grant=grant, why=why, operation="suitPartiesRead")
    return defendants


async def _step(uow: UnitOfWork, case: DunningCase, action: DunningAction, note: str | None = None) -> DunningCase:
    """Take the step and put it on the record that the company reads."""
    await uow.advance(case, action, reason=note)
    said = action.value if not note else f"{action.value}：{note}"
    await record(uow, case, DunningStep.COURT, DunningMeans.APP, role=Role.COURT, note=said)
    return case


def _number(value: str, field: str = "number") -> str:
    if not value.strip():
        raise Refusal(ErrorCode.REQUIRED, field)
    return value.strip()

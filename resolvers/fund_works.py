"""The work that a fund request pays: contract, progress, acceptance, settlement, posting's end, closing (SM-6, FUND-26..29).

Emergencies share the contract, the corrected settlement, the apportionment and the closing.
"""

import uuid
from collections.abc import Sequence
from datetime import date

from domain.documents import DocumentKind
from domain.errors import ErrorCode, Refusal
from domain.fund_shares import Bearer
from domain.fund_use import RecoveryReason, nothing_owed
from domain.funds import FundAction, FundState
from domain.identifiers import check_credit_code
from domain.payment_instructions import Payee
from domain.profiles import profile_version
from domain.roles import Role
from models.base import new_id
from models.fund_use import FundContract, FundProgress
from models.funds import FundRequest, FundShare
from models.sealed import Kind, seal_into
from resolvers import documents as papers
from resolvers import fund_quotas, fund_shares
from resolvers.cases import Signature
from resolvers.fund_payments import contract_of
from resolvers.fund_recoveries import open_for
from resolvers.fund_requests import facts_of, note_due
from resolvers.unit_of_work import UnitOfWork


async def contract(
    uow: UnitOfWork,
    *,
    id: uuid.UUID,
    payee: Payee,
    price: int,
    signed_on: date,
    credit_code: str | None = None,
    document_ids: Sequence[uuid.UUID] = (),
) -> tuple[FundRequest, FundContract]:
    """Enter the contractor, whose account alone is paid, and the signed contract (fundRequestContract, FUND-27, FUND-28).

    ``price`` in fen: ``OVERRUN`` above the budget by more than the profile allows, ``INSUFFICIENT_BALANCE`` where the
    bearers' accounts do not hold what it exceeds the approval by. In an emergency a settled cost stays what it is.
    """
    request = await uow.load(FundRequest, id, lock=True)
    party = (payee if isinstance(payee, Payee) else Payee(**payee)).checked()
    if price <= 0:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "price", least=1)
    if signed_on > uow.today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "signedOn", most=uow.today)
    code = check_credit_code(credit_code, "creditCode") if credit_code else None
    await uow.advance(request, FundAction.CONTRACT, facts={"amount_fen": price}, documents=document_ids)
    made = FundContract(
        county=uow.county,
        id=new_id(),
        fund_request_id=request.id,
        contractor=party.name,
        credit_code=code,
        price=price,
        signed_on=signed_on,
        payee_bank_code=party.bank_code,
    )
    seal_into(made, "payee_account", party.account, Kind.BANK_ACCOUNT, uow.vault)
    uow.session.add(made)
    request.contracted_on = uow.today
    if request.settled_on is None:
        await cost_is(uow, request, price)
    note_due(uow, request)
    await uow.reschedule(request)
    return request, made


async def amend_contract(
    uow: UnitOfWork, *, id: uuid.UUID, account: str, bank_code: str, document_ids: Sequence[uuid.UUID] = ()
) -> tuple[FundRequest, FundContract]:
    """Correct the contractor's account, after a bank could not pay it (fundRequestAmendContract, FUND-28).

    The contractor and the price stay. Instructions that are out go to the account that they name.
    """
    request = await uow.load(FundRequest, id, lock=True)
    await uow.advance(request, FundAction.AMEND_CONTRACT, documents=document_ids)
    made = await contract_of(uow, request)
    if made is None:
        raise Refusal(ErrorCode.NOT_CONTRACTED)
    party = Payee(made.contractor, account, bank_code).checked()
    made.payee_bank_code, made.updated_at = party.bank_code, uow.now
    seal_into(made, "payee_account", party.account, Kind.BANK_ACCOUNT, uow.vault)
    return request, made


async def cost_is(uow: UnitOfWork, request: FundRequest, cost: int) -> None:
    """The work costs ``cost`` fen: share it anew, and promise what an approved request needs more;
    ``QUOTA_EXCEEDED`` where it draws on a quota that does not hold it."""
    await fund_quotas.cost_is(uow, request, cost)
    rows = await fund_shares.apportion(uow, request, cost)
    promised = await fund_shares.earmark_of(uow, request)
    if promised is None:
        return
    await fund_shares.raise_earmark(uow, promised, request, rows)
    request.fund_part = fund_shares.from_the_fund(rows)
    note_due(uow, request)
    await uow.reschedule(request)


async def record_cash(
    uow: UnitOfWork, *, id: uuid.UUID, amount: int, paid_on: date, document_ids: Sequence[uuid.UUID] = ()
) -> tuple[FundRequest, FundShare]:
    """Record what the developer paid in cash of the part that it bears itself (fundShareRecordCash, FUND-17), in fen.

    By the committee or the bureau, with the contractor's invoice: ``MISSING_DOCUMENT`` without one, ``INVALID_INPUT`` for a part
    that a fund's account bears, ``NOT_CONTRACTED`` before there is a contractor, ``OUT_OF_RANGE`` beyond what is open.
    """
    share = await uow.load(FundShare, id, lock=True)
    request = await uow.load(FundRequest, share.fund_request_id, lock=True)
    grant = await uow.act((Role.COMMITTEE, Role.BUREAU), FundRequest, request)
    if share.bearer != Bearer.DEVELOPER:
        raise Refusal(ErrorCode.INVALID_INPUT, "id")
    if request.contracted_on is None:
        raise Refusal(ErrorCode.NOT_CONTRACTED)
    if not 0 < amount <= share.amount - share.cash_paid:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "amount", least=1, most=max(share.amount - share.cash_paid, 0))
    if not request.contracted_on <= paid_on <= uow.today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "paidOn", least=request.contracted_on, most=uow.today)
    attached = await papers.attach(uow, document_ids, request)
    if not any(paper.kind == DocumentKind.INVOICE for paper in attached):
        raise Refusal(ErrorCode.MISSING_DOCUMENT, "documentIds", documents=[DocumentKind.INVOICE])
    share.cash_paid, share.cash_paid_on = share.cash_paid + amount, paid_on
    await uow.audit("fundShareRecordCash", request, grant=grant, detail={"amount": amount}, documents=document_ids)
    uow.notify(request)
    return request, share


async def start(
    uow: UnitOfWork, *, id: uuid.UUID, reason: str | None = None, document_ids: Sequence[uuid.UUID] = ()
) -> FundRequest:
    """Say that the work begins (fundRequestStart)."""
    request = await uow.load(FundRequest, id, lock=True)
    return await uow.advance(request, FundAction.START, documents=document_ids, reason=reason)


async def report_progress(
    uow: UnitOfWork, *, id: uuid.UUID, percent: int, note: str, document_ids: Sequence[uuid.UUID] = ()
) -> tuple[FundRequest, FundProgress]:
    """Report how far the work is, as the company or the committee (fundRequestReportProgress); pays nothing."""
    request = await uow.load(FundRequest, id, lock=True)
    await uow.advance(request, FundAction.REPORT_PROGRESS, documents=document_ids, reason=note)
    return request, await _progress(uow, request, percent, note, document_ids, certified=False)


async def certify(
    uow: UnitOfWork, *, id: uuid.UUID, percent: int, note: str, document_ids: Sequence[uuid.UUID] = ()
) -> tuple[FundRequest, FundProgress]:
    """Certify the work's progress for the owners, which makes the next stage due (fundRequestCertify, FUND-26)."""
    request = await uow.load(FundRequest, id, lock=True)
    await uow.advance(request, FundAction.CERTIFY, documents=document_ids, reason=note)
    seen = await _progress(uow, request, percent, note, document_ids, certified=True)
    request.certificates += 1
    note_due(uow, request)
    await uow.reschedule(request)
    return request, seen


async def settle(
    uow: UnitOfWork, *, id: uuid.UUID, settled_cost: int, document_ids: Sequence[uuid.UUID] = ()
) -> FundRequest:
    """Enter what the work cost in the end, in fen, with its papers (fundRequestSettle, FUND-27).

    Above the profile's amount the audit is among them. ``OVERRUN`` as for the contract. May be corrected until the
    township has verified the use.
    """
    request = await uow.load(FundRequest, id, lock=True)
    if settled_cost <= 0:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "settledCost", least=1)
    await uow.advance(request, FundAction.SETTLE, facts={"amount_fen": settled_cost}, documents=document_ids)
    request.settled_cost, request.settled_on = settled_cost, uow.today
    await cost_is(uow, request, settled_cost)
    await uow.reschedule(request)
    return request


async def verify_use(
    uow: UnitOfWork,
    *,
    id: uuid.UUID,
    signed: bool,
    sealed: bool,
    reason: str | None = None,
    document_ids: Sequence[uuid.UUID] = (),
) -> FundRequest:
    """Verify as the township what the money was used for, with signature and seal (fundRequestVerifyUse, ZD-7)."""
    request = await uow.load(FundRequest, id, lock=True)
    return await uow.advance(
        request, FundAction.VERIFY_USE, reason=reason, documents=document_ids, signature=Signature(signed, sealed)
    )


async def apportion(
    uow: UnitOfWork, *, id: uuid.UUID, reason: str | None = None, document_ids: Sequence[uuid.UUID] = ()
) -> FundRequest:
    """Make every bearer's part final, as the bureau (fundRequestApportion, FUND-15..18).

    What was paid beyond the settled cost becomes a recovery from the contractor (FUND-30).
    """
    request = await uow.load(FundRequest, id, lock=True)
    await uow.advance(request, FundAction.APPORTION, documents=document_ids, reason=reason)
    paid_to = await contract_of(uow, request)
    overpaid = request.paid - request.fund_part
    if overpaid > 0 and paid_to is not None:
        note = f"{request.title}：已付超过结算额"
        await open_for(uow, request, RecoveryReason.OVERPAID, overpaid, party=paid_to.contractor, note=note)
        await uow.reschedule(request)
    return request


async def close(
    uow: UnitOfWork, *, id: uuid.UUID, reason: str | None = None, document_ids: Sequence[uuid.UUID] = ()
) -> FundRequest:
    """Close a request that owes and is owed nothing, and free the rest of its earmark (fundRequestClose, FUND-29)."""
    request = await uow.load(FundRequest, id, lock=True)
    profile = profile_version(request.profile_version)
    if request.state == FundState.APPORTIONED and not nothing_owed(profile, facts_of(request)):
        raise Refusal(ErrorCode.CLAIMS_OPEN, left_fen=max(request.fund_part - request.paid, 0))
    await uow.advance(request, FundAction.CLOSE, documents=document_ids, reason=reason)
    await fund_shares.release(uow, request, "办结，未用部分退回")
    return request


async def _progress(
    uow: UnitOfWork,
    request: FundRequest,
    percent: int,
    note: str,
    document_ids: Sequence[uuid.UUID],
    *,
    certified: bool,
) -> FundProgress:
    if not 1 <= percent <= 100:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "percent", least=1, most=100)
    if not note.strip():
        raise Refusal(ErrorCode.REQUIRED, "note")
    if uow.grant is None or uow.actor.account_id is None:
        raise Refusal(ErrorCode.FORBIDDEN_ROLE)
    row = FundProgress(
        county=uow.county,
        id=new_id(),
        fund_request_id=request.id,
        percent=percent,
        certified=certified,
        note=note.strip(),
        role=uow.grant.role.value,
        account_id=uow.actor.account_id,
        document_ids=list(document_ids),
        at=uow.now,
    )
    uow.session.add(row)
    return row

"""The filing of property companies (物业企业备案, SM-1): open, submit, report changes, rectify, cancel a dead one (GT-11)."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import Range

from domain.companies import CompanyState, StaffKind
from domain.errors import ErrorCode, Refusal
from domain.filing_records import CancellationTestKind, FilingKind
from domain.filings import COMPANY_FILING
from domain.filings import CompanyFilingState as State
from domain.roles import Role
from models.companies import Company, CompanyStaff
from models.filings import CancellationTest, Filing, FilingSubmission
from resolvers import documents
from resolvers.cases import reschedule
from resolvers.filings import SUBJECTS, Subject, certify, hand_in, new_case_number, put_on_record
from resolvers.unit_of_work import UnitOfWork

MIRROR = {
    State.FILED: CompanyState.FILED,
    State.CHANGED: CompanyState.FILED,
    State.RECTIFYING: CompanyState.RECTIFYING,
    State.SUSPENDED: CompanyState.SUSPENDED,
    State.REMOVED: CompanyState.REMOVED,
    State.CANCELLED: CompanyState.CANCELLED,
}
"""What the company's state says while its filing is there; earlier states leave it as it was."""

ENDED = frozenset({State.REMOVED, State.CANCELLED})
TESTERS = (Role.MARKET, Role.BUREAU, Role.TOWNSHIP)


async def open_(uow: UnitOfWork, *, company_id: uuid.UUID, document_ids: Sequence[uuid.UUID] = ()) -> Filing:
    """Begin a company's filing as a draft (companyFilingOpen). ``ALREADY_REGISTERED`` while another one is under way."""
    company = await uow.load(Company, company_id, lock=True, field="companyId")
    grant = await uow.act((Role.COMPANY_ADMIN,), Company, company)
    live = select(Filing.number).where(
        Filing.county == uow.county,
        Filing.company_id == company.id,
        Filing.kind == FilingKind.COMPANY.value,
        Filing.state.not_in(sorted(COMPANY_FILING.terminal)),
    )
    if (number := await uow.session.scalar(live)) is not None:
        raise Refusal(ErrorCode.ALREADY_REGISTERED, "companyId", value=number)
    filing = Filing(
        kind=FilingKind.COMPANY.value,
        number=await new_case_number(uow, FilingKind.COMPANY),
        title=company.name,
        credit_code=company.credit_code,
        company_id=company.id,
        township=company.township,
        community=company.community,
        round=0,
        rectification_refused=False,
    )
    return await uow.open_case(filing, COMPANY_FILING, grant=grant, documents=document_ids)


async def submit(
    uow: UnitOfWork, *, id: uuid.UUID, document_ids: Sequence[uuid.UUID] = (), expected_version: int | None = None
) -> Filing:
    """Hand a company's filing in (companyFilingSubmit): licence, staff, certified manager, training, office (SL-18)."""
    filing = await _load(uow, id)
    uow.check_version(filing, expected_version)
    return await hand_in(uow, filing, "SUBMIT", document_ids)


async def change_report(
    uow: UnitOfWork, *, id: uuid.UUID, changed_on: date, what: str, document_ids: Sequence[uuid.UUID] = ()
) -> Filing:
    """Report that something filed has changed (companyFilingChangeReport), within the profile's days after the change."""
    filing = await _load(uow, id)
    if changed_on > uow.today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "changedOn", most=uow.today)
    if not what.strip():
        raise Refusal(ErrorCode.REQUIRED, "what")
    filing.changed_on = changed_on
    await uow.advance(filing, "REPORT_CHANGE", documents=document_ids, reason=what)
    await put_on_record(uow, filing)
    return filing


async def change_decide(uow: UnitOfWork, *, id: uuid.UUID, accepted: bool, reason: str | None = None) -> Filing:
    """File a reported change, or leave the filing as it was (companyFilingChangeDecide).

    The certificate keeps its number; its digest becomes that of the changed record.
    """
    filing = await _load(uow, id)
    await uow.advance(filing, "FILE_CHANGE" if accepted else "REFUSE_CHANGE", reason=reason)
    if accepted:
        reported = select(FilingSubmission).where(
            FilingSubmission.county == uow.county,
            FilingSubmission.filing_id == filing.id,
            FilingSubmission.round == filing.round,
        )
        submission = (await uow.session.execute(reported)).scalar_one()
        filing.content, filing.digest, filing.decided_on = submission.content, submission.digest, uow.today
    return filing


async def rectification_order(uow: UnitOfWork, *, id: uuid.UUID, reason: str, rectify_by: date) -> Filing:
    """Order the company to put something right by a day (companyRectificationOrder, GT-13)."""
    filing = await _load(uow, id)
    facts = {"today": uow.today, "rectify_by": rectify_by}
    await uow.advance(filing, "ORDER_RECTIFICATION", facts=facts, reason=reason)
    filing.rectify_by = rectify_by
    filing.rectification_refused = False
    await reschedule(uow, filing)  # the deadline counts from the day just set
    return filing


async def rectification_clear(uow: UnitOfWork, *, id: uuid.UUID, document_ids: Sequence[uuid.UUID] = ()) -> Filing:
    """Find that an order was followed (companyRectificationClear)."""
    filing = await _load(uow, id)
    return await uow.advance(filing, "CLEAR", documents=document_ids)


async def suspend(uow: UnitOfWork, *, id: uuid.UUID, reason: str, refused: bool = False) -> Filing:
    """Let the filing rest: the order was not followed in time, or the company ``refused`` it (companyFilingSuspend)."""
    return await _sanction(uow, id, "SUSPEND", reason, refused)


async def remove(uow: UnitOfWork, *, id: uuid.UUID, reason: str, refused: bool = False) -> Filing:
    """Persuade or order the company to leave the county (companyFilingRemove, 劝退/清退, GT-13)."""
    return await _sanction(uow, id, "REMOVE", reason, refused)


async def cancellation_test_record(
    uow: UnitOfWork,
    *,
    id: uuid.UUID,
    test: CancellationTestKind,
    met: bool,
    finding: str,
    document_id: uuid.UUID | None = None,
) -> CancellationTest:
    """Record one of the three tests of GT-11 as found on the spot (filingCancellationTestRecord); the latest counts."""
    filing = await _load(uow, id)
    grant = await uow.act(TESTERS, Filing, filing)
    if uow.actor.account_id is None:
        raise Refusal(ErrorCode.FORBIDDEN_ROLE)
    if not finding.strip():
        raise Refusal(ErrorCode.REQUIRED, "finding")
    attached = [document_id] if document_id else []
    await documents.attach(uow, attached, filing, field="documentId")
    recorded = CancellationTest(
        county=uow.county,
        filing_id=filing.id,
        test=CancellationTestKind(test).value,
        met=met,
        finding=finding.strip(),
        document_id=document_id,
        recorded_by=uow.actor.account_id,
        recorded_role=grant.role.value,
        recorded_at=uow.now,
    )
    uow.session.add(recorded)
    await uow.session.flush()  # the event names it
    await uow.audit("filingCancellationTestRecord", filing, grant=grant, documents=attached, detail={"test": test})
    uow.notify(filing)
    return recorded


async def cancel_zombie(uow: UnitOfWork, *, id: uuid.UUID, reason: str) -> Filing:
    """Cancel the filing of a 三无/僵尸 company (filingCancelZombie, GT-11): MARKET and BUREAU both decide.

    ``TESTS_NOT_RECORDED`` unless the latest record of each of the three tests found it so. Only the filing is
    cancelled; deregistering the firm is the market authority's separate act.
    """
    filing = await _load(uow, id)
    found = await uow.session.execute(
        select(CancellationTest.test, CancellationTest.met)
        .where(CancellationTest.county == uow.county, CancellationTest.filing_id == filing.id)
        .order_by(CancellationTest.recorded_at, CancellationTest.id)
    )
    latest = {test: met for test, met in found}  # noqa: C416 -- later records take the place of earlier ones
    facts = {kind.fact: latest.get(kind.value) for kind in CancellationTestKind}
    return await uow.advance(filing, "CANCEL", facts=facts, reason=reason)


async def _load(uow: UnitOfWork, filing_id: uuid.UUID) -> Filing:
    filing = await uow.load(Filing, filing_id, lock=True)
    if filing.kind != FilingKind.COMPANY:
        raise Refusal(ErrorCode.NOT_FOUND, "id")
    return filing


async def _sanction(uow: UnitOfWork, filing_id: uuid.UUID, action: str, reason: str, refused: bool) -> Filing:
    filing = await _load(uow, filing_id)
    facts = {"today": uow.today, "rectify_by": filing.rectify_by, "rectification_refused": refused}
    await uow.advance(filing, action, facts=facts, reason=reason)
    filing.rectification_refused = refused
    return filing


async def _facts(uow: UnitOfWork, filing: Filing) -> Mapping[str, Any]:
    """Staff in post who have what SL-18 asks for; a manager's training certificate counts as certificate."""
    in_post = select(func.count()).where(
        CompanyStaff.county == uow.county,
        CompanyStaff.company_id == filing.company_id,
        CompanyStaff.employed_to.is_(None),
    )
    technicians = in_post.where(
        CompanyStaff.kind == StaffKind.TECHNICIAN.value, CompanyStaff.certificate_number.is_not(None)
    )
    managers = in_post.where(
        CompanyStaff.kind == StaffKind.MANAGER.value,
        func.coalesce(CompanyStaff.certificate_number, CompanyStaff.training_name).is_not(None),
    )
    return {
        "technicians": await uow.session.scalar(technicians),
        "certified_managers": await uow.session.scalar(managers),
    }


async def _content(uow: UnitOfWork, filing: Filing) -> dict[str, Any]:
    company = await _company(uow, filing)
    return {
        "kind": filing.kind,
        "county": filing.county,
        "number": filing.number,
        "creditCode": company.credit_code,
        "name": company.name,
        "licenceNumber": company.licence_number,
        "legalRepresentative": company.legal_representative,
        "registeredOn": company.registered_on.isoformat() if company.registered_on else None,
        "officeAddress": company.office_address,
        "township": company.township,
        "staff": company.staff_count,
        "submittedOn": uow.today.isoformat(),
    }


async def _moved(uow: UnitOfWork, filing: Filing, former: str) -> None:
    """Mirror the state on the company; give the certificate and publish when filed; end its effect when removed."""
    state = State(filing.state)
    company = await _company(uow, filing)
    if state in MIRROR and company.state != MIRROR[state]:
        company.state = MIRROR[state].value
        company.version += 1
        uow.notify(company)
    if state is State.FILED and filing.effective_from is None:
        await certify(uow, filing)
        filing.effective_from = uow.today
        # A filed company's particulars are published at once: ZS-20 makes them a long-term item of every board.
        filing.published, filing.published_at = True, uow.now
        company.listed = True
    if state is State.SUSPENDED:
        filing.suspended = [*filing.suspended, Range(uow.today, None)]
    elif former == State.SUSPENDED:
        *earlier, open_one = filing.suspended
        filing.suspended = [*earlier, Range(open_one.lower, uow.today)]  # the day itself has effect again
    if state in ENDED:
        filing.effective_to = uow.today


async def _company(uow: UnitOfWork, filing: Filing) -> Company:
    return await uow.session.get_one(Company, (uow.county, filing.company_id))


SUBJECTS[FilingKind.COMPANY] = Subject(facts=_facts, content=_content, moved=_moved)

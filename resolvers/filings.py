"""What the filings of every kind share: numbers, records, certificates, and the intents of those who decide (SM-1..SM-4).

A module of one kind registers a ``Subject``: how its record reads, which facts its guards ask for, and what else changes
when a filing of that kind moves. Here stand the intents that are the same for all: take in, review, approve, return,
resubmit, withdraw.
"""

import secrets
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import literal, select
from sqlalchemy.orm import InstrumentedAttribute

from domain.calendar import deadline
from domain.contract_filings import CONTRACT_FILING
from domain.covenant_filings import COVENANT_FILING
from domain.filing_records import (
    SERIALS,
    FilingKind,
    case_number,
    certificate_number,
    copies,
    digest,
    filing_days,
    filing_place,
)
from domain.filings import COMPANY_FILING
from domain.leader_filings import LEADER_FILING
from domain.premises_filings import PREMISES_FILING
from domain.profiles import profile_version
from domain.roles import COMPANY
from models.documents import Document
from models.filings import Filing, FilingSubmission
from resolvers.cases import Signature, case_kind
from resolvers.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class Subject:
    """What is particular to one kind of filing."""

    facts: Callable[[UnitOfWork, Filing], Awaitable[Mapping[str, Any]]]
    """What the guards of its list ask for, read from the rows of today."""
    content: Callable[[UnitOfWork, Filing], Awaitable[dict[str, Any]]]
    """What is filed, as plain JSON: the digest is made over it."""
    moved: Callable[[UnitOfWork, Filing, str], Awaitable[None]]
    """What else changes after a move; gets the former state."""


SUBJECTS: dict[FilingKind, Subject] = {}


ROW_FACTS = (
    "contract_kind",
    "covenant_kind",
    "signed_on",
    "starts_on",
    "ends_on",
    "changed_on",
    "rectify_by",
    "replaced_on",
    "rectification_refused",
)
"""The columns that are facts under their own names."""


def row_facts(filing: Any) -> dict[str, Any]:
    """The facts that a filing's row holds: what its deadlines and its clock count from."""
    return {
        **{name: getattr(filing, name) for name in ROW_FACTS},
        "by_company": filing.applicant_role in COMPANY,
    }


async def free_number(uow: UnitOfWork, column: InstrumentedAttribute[Any], numbered: Callable[[int], str]) -> str:
    """A number that no row of the county has in ``column``; ``numbered`` makes it of a serial.

    Of two commands that draw the same one at once the second is done again (``transact``).
    """
    while True:
        number = numbered(secrets.randbelow(SERIALS))
        taken = select(literal(1)).where(column.class_.county == uow.county, column == number)
        if await uow.session.scalar(taken) is None:
            return number


async def new_case_number(uow: UnitOfWork, kind: FilingKind, column: InstrumentedAttribute[Any] = Filing.number) -> str:
    """The number of a case that is opened today."""
    return await free_number(uow, column, lambda serial: case_number(kind, uow.today.year, serial))


async def hand_in(uow: UnitOfWork, filing: Filing, action: str, document_ids: Sequence[uuid.UUID]) -> Filing:
    """Take ``SUBMIT`` or ``RESUBMIT``: what is filed is put on record as it stands now, with its digest."""
    await uow.advance(filing, action, facts=await decision_facts(uow, filing), documents=document_ids)
    submission = await put_on_record(uow, filing)
    filing.content, filing.digest = submission.content, submission.digest
    filing.submitted_on = uow.today
    filing.late_days = _late_days(uow, filing)
    filing.returned_reasons = []
    filing.resubmit_by = None
    return filing


async def put_on_record(uow: UnitOfWork, filing: Filing) -> FilingSubmission:
    """Keep what the filing's subject and documents are at this moment, under the next round's number."""
    content = {
        **await SUBJECTS[FilingKind(filing.kind)].content(uow, filing),
        "documents": await _document_digests(uow, filing),
    }
    filing.round += 1
    submission = FilingSubmission(
        county=uow.county,
        filing_id=filing.id,
        round=filing.round,
        content=content,
        digest=digest(content),
        submitted_by=uow.actor.account_id,
        at=uow.now,
    )
    uow.session.add(submission)
    return submission


async def take_in(uow: UnitOfWork, *, id: uuid.UUID, expected_version: int | None = None) -> Filing:
    """Take a submitted company filing in for review (filingTakeIn, 受理)."""
    filing = await uow.load(Filing, id, lock=True)
    return await uow.advance(filing, "TAKE_IN", expected_version=expected_version)


async def review(
    uow: UnitOfWork,
    *,
    id: uuid.UUID,
    opinion: str | None = None,
    document_ids: Sequence[uuid.UUID] = (),
    expected_version: int | None = None,
) -> Filing:
    """Agree as an office that checks before the filing body decides (filingReview): GT-15, SL-16.

    Where the profile joins the checks the case moves when the last office has agreed. To disagree is to return.
    """
    filing = await uow.load(Filing, id, lock=True)
    action = "REVIEW" if filing.kind == FilingKind.COMPANY else "CHECK"
    return await uow.advance(filing, action, reason=opinion, documents=document_ids, expected_version=expected_version)


async def approve(
    uow: UnitOfWork,
    *,
    id: uuid.UUID,
    signed: bool = False,
    sealed: bool = False,
    opinion: str | None = None,
    expected_version: int | None = None,
) -> Filing:
    """File it as the county's filing body and give the certificate (filingApprove, 备案).

    The guards are asked again: a company may have been black-listed since it handed the filing in.
    """
    filing = await uow.load(Filing, id, lock=True)
    return await uow.advance(
        filing,
        "FILE",
        facts=await decision_facts(uow, filing),
        reason=opinion,
        signature=Signature(signed=signed, sealed=sealed),
        expected_version=expected_version,
    )


async def return_(
    uow: UnitOfWork, *, id: uuid.UUID, reasons: Sequence[str], expected_version: int | None = None
) -> Filing:
    """Return it with reasons (filingReturn, 退回补正); it lapses unless resubmitted within the profile's days.

    ``REQUIRED`` without a reason. A return never voids the contract itself (RULES §10, conflict 9).
    """
    filing = await uow.load(Filing, id, lock=True)
    given = [reason.strip() for reason in reasons if reason.strip()]
    await uow.advance(filing, "RETURN", reason="；".join(given), expected_version=expected_version)
    filing.returned_reasons = given
    filing.resubmit_by = deadline(uow.today, profile_version(filing.profile_version).resubmission_days)
    return filing


async def resubmit(
    uow: UnitOfWork, *, id: uuid.UUID, document_ids: Sequence[uuid.UUID] = (), expected_version: int | None = None
) -> Filing:
    """Hand a returned filing in again (filingResubmit); ``LATE`` after its last day."""
    filing = await uow.load(Filing, id, lock=True)
    uow.check_version(filing, expected_version)
    return await hand_in(uow, filing, "RESUBMIT", document_ids)


async def withdraw(
    uow: UnitOfWork, *, id: uuid.UUID, reason: str | None = None, expected_version: int | None = None
) -> Filing:
    """Take an undecided filing back (filingWithdraw)."""
    filing = await uow.load(Filing, id, lock=True)
    return await uow.advance(filing, "WITHDRAW", reason=reason, expected_version=expected_version)


async def certify(uow: UnitOfWork, filing: Filing) -> None:
    """Give a filing its certificate: number, day, the offices that hold a copy by the county's rule."""
    kind = FilingKind(filing.kind)
    profile = profile_version(filing.profile_version)
    place = filing_place(kind, profile, filing.township)
    if filing.certificate_number is None:
        filing.certificate_number = await free_number(
            uow, Filing.certificate_number, lambda serial: certificate_number(kind, place, uow.today.year, serial)
        )
    filing.decided_on = uow.today
    filing.copied_to = sorted(copies(kind, profile))


async def decision_facts(uow: UnitOfWork, filing: Filing) -> dict[str, Any]:
    """What the guards ask for today."""
    return {"today": uow.today, **await SUBJECTS[FilingKind(filing.kind)].facts(uow, filing)}


async def _document_digests(uow: UnitOfWork, filing: Filing) -> list[dict[str, Any]]:
    """Kind and SHA-256 of the attached documents, in one order."""
    await uow.session.flush()
    found = await uow.session.execute(
        select(Document.kind, Document.sha256)
        .where(
            Document.county == uow.county,
            Document.subject_type == Filing.__tablename__,
            Document.subject_id == filing.id,
        )
        .order_by(Document.kind, Document.sha256)
    )
    return [{"kind": kind, "sha256": sha256} for kind, sha256 in found]


def _late_days(uow: UnitOfWork, filing: Filing) -> int | None:
    """Days after the period in which a contract or covenant is filed; it is filed late all the same (SM-3, SM-4)."""
    period = filing_days(FilingKind(filing.kind), profile_version(filing.profile_version))
    if filing.signed_on is None or period is None:
        return None
    last = deadline(filing.signed_on, period)
    return max((uow.today - last).days, 0)


async def _moved(uow: UnitOfWork, filing: Filing, former: str) -> None:
    await SUBJECTS[FilingKind(filing.kind)].moved(uow, filing, former)


RESTING = (
    "FILED",
    "EFFECTIVE",
    "EXPIRING",
    "EXPIRED_CONTINUING",
    "RECTIFYING",
    "SUSPENDED",
    "IRREGULAR",
)
"""Filed and running: what could be done there waits for nobody, unless it has a deadline."""

case_kind(
    Filing,
    (COMPANY_FILING, CONTRACT_FILING, LEADER_FILING, COVENANT_FILING, PREMISES_FILING),
    facts=row_facts,
    resting=RESTING,
    moved=_moved,
)

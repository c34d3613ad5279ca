"""Filings for banks, courts and everybody with a certificate in hand: checks, referrals, the log of queries (PRI-4, PRI-7)."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select

from domain.errors import ErrorCode, Refusal
from domain.filing_records import FilingKind
from domain.records import Record
from domain.roles import PARTNERS, Role
from models.accounts import OAuthClient
from models.base import new_id
from models.companies import Company
from models.estates import PropertyArea
from models.filings import Filing, FilingQueryLog, FilingSubmission, Referral, ReferralSubject
from resolvers.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class Purpose(Record):
    """Why a partner asks (PRI-4): a case or instruction number, or a purpose, and in either case the legal basis."""

    legal_basis: str
    case_number: str | None = None
    purpose: str | None = None

    def check(self) -> None:
        """``PURPOSE_REQUIRED`` unless the basis and one of the two are given."""
        if not self.legal_basis.strip():
            raise Refusal(ErrorCode.PURPOSE_REQUIRED, "legalBasis")
        if not (self.case_number or "").strip() and not (self.purpose or "").strip():
            raise Refusal(ErrorCode.PURPOSE_REQUIRED, "caseNumber")


@dataclass(frozen=True)
class Verification:
    """What the public check of a certificate answers: no more than what the certificate itself says."""

    matches: bool
    """The number exists and the digest is that of its record."""
    current: bool = False
    """The digest is that of the record in force, not of one that a later change replaced."""
    effective: bool = False
    """The filing has effect today."""
    kind: FilingKind | None = None
    title: str | None = None
    effective_from: date | None = None
    effective_to: date | None = None


async def verify(uow: UnitOfWork, *, number: str, digest: str) -> Verification:
    """Check a certificate (filingVerify), without signing in: is this its record, and has it effect today?

    A wrong number and a wrong digest are not told apart, so that numbers cannot be tried out.
    """
    filing: Filing | None = await uow.session.scalar(
        select(Filing).where(Filing.county == uow.county, Filing.certificate_number == number.strip())
    )
    wanted = digest.strip().lower()
    if filing is None or not await _was_on_record(uow, filing, wanted):
        return Verification(matches=False)
    return Verification(
        matches=True,
        current=wanted == filing.digest,
        effective=has_effect(filing, uow.today),
        kind=FilingKind(filing.kind),
        title=filing.title,
        effective_from=filing.effective_from,
        effective_to=filing.effective_to,
    )


def has_effect(filing: Filing, on: date) -> bool:
    """Whether a filing has effect on a day; it has none on the days on which it rested, also those that are past."""
    if filing.effective_from is None or on < filing.effective_from:
        return False
    if any(rest.contains(on) for rest in filing.suspended):
        return False
    return filing.effective_to is None or on <= filing.effective_to


async def log_query(
    uow: UnitOfWork, *, purpose: Purpose | Mapping[str, Any], operation: str, filters: Mapping[str, Any], count: int
) -> FilingQueryLog:
    """Put a partner's query on record (PRI-7): who, why, on what basis, what was asked, how many filings it got."""
    why = purpose if isinstance(purpose, Purpose) else Purpose(**purpose)
    why.check()
    grant = await uow.act(PARTNERS)
    entry = FilingQueryLog(
        county=uow.county,
        id=new_id(),
        client_id=grant.client_id or uow.actor.client_id,
        account_id=uow.actor.account_id,
        purpose=why.purpose,
        case_number=why.case_number,
        legal_basis=why.legal_basis,
        operation=operation,
        filters=dict(filters),
        count=count,
        request_id=uow.request_id,
        at=uow.now,
    )
    uow.session.add(entry)
    return entry


async def refer(
    uow: UnitOfWork,
    *,
    client_id: str,
    purpose: str,
    legal_basis: str,
    case_number: str,
    scope: Sequence[str],
    expires_on: date,
    company_ids: Sequence[uuid.UUID] = (),
    area_ids: Sequence[uuid.UUID] = (),
) -> Referral:
    """Open companies or areas to a partner for one case until a day (referralEnter): the bureau approves (PRI-4).

    ``REQUIRED`` without purpose, basis, case number, scope and at least one subject; ``OUT_OF_RANGE`` for a day that has
    passed; ``NOT_FOUND`` for a client that has no agreement with this county.
    """
    grant = await uow.act((Role.BUREAU,))
    given = {"purpose": purpose, "legalBasis": legal_basis, "caseNumber": case_number}
    for field, value in given.items():
        if not value.strip():
            raise Refusal(ErrorCode.REQUIRED, field)
    if not scope or not (company_ids or area_ids):
        raise Refusal(ErrorCode.REQUIRED, "companyIds" if scope else "scope")
    if expires_on < uow.today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "expiresOn", least=uow.today)
    client = await uow.session.get(OAuthClient, client_id)
    if client is None or uow.county not in client.counties:
        raise Refusal(ErrorCode.NOT_FOUND, "clientId")
    await uow.load_all(Company, company_ids, field="companyIds")
    await uow.load_all(PropertyArea, area_ids, field="areaIds")
    referral = Referral(
        county=uow.county,
        id=new_id(),
        client_id=client_id,
        purpose=purpose.strip(),
        legal_basis=legal_basis.strip(),
        case_number=case_number.strip(),
        scope=sorted(set(scope)),
        approved_by=uow.actor.account_id,
        approved_on=uow.today,
        expires_on=expires_on,
    )
    uow.session.add(referral)
    await uow.session.flush()  # its subjects refer to it
    subjects = [("company", one) for one in company_ids] + [("property_area", one) for one in area_ids]
    uow.session.add_all(
        ReferralSubject(
            county=uow.county, referral_id=referral.id, client_id=client_id, subject_type=table, subject_id=row_id
        )
        for table, row_id in subjects
    )
    await uow.audit("referralEnter", referral, grant=grant, reason=referral.legal_basis)
    uow.notify(referral)
    return referral


async def refer_revoke(uow: UnitOfWork, *, id: uuid.UUID, reason: str) -> Referral:
    """End a referral before its day (referralRevoke): from now on it opens nothing."""
    referral = await uow.load(Referral, id, lock=True)
    grant = await uow.act((Role.BUREAU,))
    if referral.revoked_on is not None or referral.expires_on < uow.today:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", action="referralRevoke", state="ENDED")
    if not reason.strip():
        raise Refusal(ErrorCode.REQUIRED, "reason")
    referral.revoked_on = uow.today
    referral.revoked_reason = reason.strip()
    await uow.audit("referralRevoke", referral, grant=grant, reason=reason)
    uow.notify(referral)
    return referral


async def _was_on_record(uow: UnitOfWork, filing: Filing, digest: str) -> bool:
    if digest == filing.digest:
        return True
    earlier = select(FilingSubmission.id).where(
        FilingSubmission.county == uow.county,
        FilingSubmission.filing_id == filing.id,
        FilingSubmission.digest == digest,
    )
    return await uow.session.scalar(earlier.limit(1)) is not None

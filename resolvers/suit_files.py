"""Evidence packs as files (FEE-14): asked for by the company or the court, written by the worker, read on record.

A pack is its asker's own. A court sees one only while every case in it is before that court, and each time that somebody
fetches one stands among the events of its cases.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import func, select

from auth.actor import Grant
from auth.file_tokens import DOWNLOAD_SECONDS
from domain.bills import BILLERS
from domain.errors import ErrorCode, Refusal
from domain.roles import Role
from models.companies import Company
from models.documents import Document
from models.dunning import DunningCase
from models.suits import SuitEvidence, SuitLine, SuitPack, SuitParty
from resolvers.carriers import carrier
from resolvers.jobs import job
from resolvers.suits import MOST_AT_ONCE
from resolvers.unit_of_work import UnitOfWork

MOST_BYTES = 200 << 20
"""What the papers of one pack may come to: a batch of similar cases, and still a file that a court can take over the net."""

MOST_WAITING = 5
"""Packs of one asker that may wait to be written at a time."""

OPEN_FOR = timedelta(seconds=DOWNLOAD_SECONDS)
"""How long a pack can be fetched after its reading was put on record."""


@dataclass(frozen=True)
class PackedCase:
    """What is written of one case: the last edition of its claim table, its parties and its numbered evidence."""

    case: DunningCase
    lines: Sequence[SuitLine]
    parties: Sequence[SuitParty]
    evidence: Sequence[tuple[SuitEvidence, Document | None]]


@dataclass(frozen=True)
class PackFacts:
    """What a pack is written from."""

    company: Company
    written_on: date
    cases: Sequence[PackedCase]


async def suit_pack_write(uow: UnitOfWork, *, case_ids: Sequence[uuid.UUID]) -> SuitPack:
    """Ask for the evidence of up to 100 similar cases as one ZIP (suitPackWrite), by the company or by the court.

    ``INVALID_INPUT`` for cases of several companies or areas, ``ACTION_NOT_AVAILABLE`` where evidence was never put together,
    ``OUT_OF_RANGE`` for more cases or several whose papers pass ``MOST_BYTES``, ``RATE_LIMITED`` while ``MOST_WAITING`` wait.
    """
    if not 0 < len(case_ids) <= MOST_AT_ONCE:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "caseIds", least=1, most=MOST_AT_ONCE)
    cases = await uow.load_all(DunningCase, sorted(set(case_ids)), field="caseIds")
    grant = await uow.act(BILLERS | {Role.COURT}, DunningCase, cases[0])
    first = cases[0]
    if any((case.company_id, case.area_id) != (first.company_id, first.area_id) for case in cases):
        raise Refusal(ErrorCode.INVALID_INPUT, "caseIds")
    if unprepared := [case for case in cases if not case.referrals]:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "caseIds", state=unprepared[0].state)
    if len(cases) > 1 and await _bytes_of(uow, cases) > MOST_BYTES:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "caseIds", least=1, most=len(cases) - 1)
    at_court = grant.role is Role.COURT
    pack = SuitPack(
        county=uow.county,
        company_id=first.company_id,
        area_id=first.area_id,
        case_ids=[case.id for case in cases],
        requested_by=None if at_court else uow.actor.account_id,
        client_id=uow.actor.client_id if at_court else None,
    )
    await _check_waiting(uow, pack)
    uow.session.add(pack)
    await uow.session.flush()  # the job and the events name it
    await _tell(uow, "suitPackWrite", pack, cases, grant)
    await uow.enqueue("suit_pack_write", pack_id=pack.id)
    return pack


async def suit_pack_read(uow: UnitOfWork, *, id: uuid.UUID) -> SuitPack:
    """Open a written pack to its asker for ``OPEN_FOR`` (suitPackRead); each of its cases records who read it.

    ``ACTION_NOT_AVAILABLE`` until it is written.
    """
    pack = await uow.load(SuitPack, id, lock=True)
    grant = await uow.act(BILLERS | {Role.COURT}, SuitPack, pack)
    if pack.key is None:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id")
    pack.opened_until = uow.now + OPEN_FOR
    await _tell(uow, "suitPackRead", pack, await uow.load_all(DunningCase, pack.case_ids), grant)
    return pack


@job("suit_pack_write")
async def write(uow: UnitOfWork, *, pack_id: uuid.UUID) -> None:
    """Write a pack from its cases' editions as they are now."""
    pack = await uow.load(SuitPack, pack_id, lock=True)
    if pack.key is not None:
        return
    cases = await uow.load_all(DunningCase, pack.case_ids)
    company = await uow.session.get_one(Company, (uow.county, pack.company_id))
    facts = PackFacts(company, uow.today, [await _packed(uow, case) for case in cases])
    path: Path = await carrier().suit_pack(facts)
    received = await carrier().keep(uow.county, path)
    pack.key, pack.size, pack.sha256 = received.key, received.size, received.sha256
    pack.name, pack.finished_at = f"证据包_{uow.county}_{uow.today:%Y%m%d}.zip", uow.now


async def _packed(uow: UnitOfWork, case: DunningCase) -> PackedCase:
    lines = await uow.session.scalars(
        select(SuitLine)
        .where(SuitLine.county == uow.county, SuitLine.case_id == case.id, SuitLine.referral == case.referrals)
        .order_by(SuitLine.position)
    )
    parties = await uow.session.scalars(
        select(SuitParty)
        .where(SuitParty.county == uow.county, SuitParty.case_id == case.id, SuitParty.referral == case.referrals)
        .order_by(SuitParty.position)
    )
    evidence = await uow.session.execute(
        select(SuitEvidence, Document)
        .outerjoin(Document, (Document.county == SuitEvidence.county) & (Document.id == SuitEvidence.document_id))
        .where(
            SuitEvidence.county == uow.county,
            SuitEvidence.case_id == case.id,
            SuitEvidence.referral == case.referrals,
        )
        .order_by(SuitEvidence.position)
    )
    return PackedCase(case, lines.all(), parties.all(), [(piece, paper) for piece, paper in evidence])


async def _bytes_of(uow: UnitOfWork, cases: Sequence[DunningCase]) -> int:
    """What the numbered evidence of the cases comes to."""
    counted = (
        select(func.coalesce(func.sum(SuitEvidence.size), 0))
        .join(DunningCase, (DunningCase.county == SuitEvidence.county) & (DunningCase.id == SuitEvidence.case_id))
        .where(
            SuitEvidence.county == uow.county,
            DunningCase.county == uow.county,
            DunningCase.id.in_([case.id for case in cases]),
            SuitEvidence.referral == DunningCase.referrals,
        )
    )
    return int(await uow.session.scalar(counted) or 0)


async def _check_waiting(uow: UnitOfWork, pack: SuitPack) -> None:
    unfinished = select(func.count()).where(
        SuitPack.county == uow.county,
        SuitPack.requested_by == pack.requested_by if pack.requested_by else SuitPack.client_id == pack.client_id,
        SuitPack.finished_at.is_(None),
    )
    if (await uow.session.scalar(unfinished) or 0) >= MOST_WAITING:
        raise Refusal(ErrorCode.RATE_LIMITED, seconds=60)


async def _tell(uow: UnitOfWork, action: str, pack: SuitPack, cases: Sequence[DunningCase], grant: Grant) -> None:
    for case in cases:
        await uow.audit(action, case, grant=grant, detail={"pack": str(pack.id), "edition": case.referrals})

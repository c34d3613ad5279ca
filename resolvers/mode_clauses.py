"""Adopted clauses of the rules of procedure or the covenant: they allow a special mode (V-25), or the committee's quota (V-32).

A clause of the covenant stands as long as that covenant is on file (SM-4), one of the rules of procedure as long as the vote that
adopted them is not annulled.
"""

import uuid
from collections.abc import Sequence
from datetime import date

from domain.covenant_filings import CovenantKind
from domain.documents import DocumentKind
from domain.errors import ErrorCode, Refusal
from domain.filing_records import FilingKind
from domain.profiles.parameters import VoteMode
from domain.simple_filings import SimpleFilingState
from domain.tallies import Matter, Outcome
from domain.votes import VOTE, VoteState
from models.estates import PropertyArea
from models.filings import Filing
from models.votes import ModeClause, Vote
from resolvers import documents as papers
from resolvers import tallies
from resolvers.unit_of_work import UnitOfWork


async def record(
    uow: UnitOfWork,
    *,
    area_id: uuid.UUID,
    source: Matter,
    article: str,
    mode: VoteMode | None = None,
    filing_id: uuid.UUID | None = None,
    vote_id: uuid.UUID | None = None,
    adopted_on: date | None = None,
    document_ids: Sequence[uuid.UUID] = (),
) -> ModeClause:
    """Record an adopted clause that allows a special mode, or without ``mode`` the committee's quota (modeClauseRecord, V-25).

    ``source``: COVENANT with the filing of the covenant, or RULES_OF_PROCEDURE with the vote that adopted them; where the county
    takes attested votes, the owners' resolution and the day instead. Refuses ``REQUIRED`` for what is not named,
    ``CLAUSE_NOT_IN_FORCE`` for a covenant not on file or a vote that did not pass, ``MODE_NOT_ALLOWED`` where the county does not
    allow the mode, ``MISSING_DOCUMENT`` without the resolution, ``OUT_OF_RANGE`` for an adoption to come.
    """
    area = await uow.load(PropertyArea, area_id, field="areaId")
    grant = await uow.act(VOTE.openers(uow.profile), PropertyArea, area)
    mode, source = None if mode is None else VoteMode(mode), Matter(source)
    if source not in (Matter.RULES_OF_PROCEDURE, Matter.COVENANT):
        raise Refusal(ErrorCode.INVALID_INPUT, "source")
    if not (uow.profile.delegated_quota if mode is None else mode in uow.profile.fund_modes):
        raise Refusal(ErrorCode.MODE_NOT_ALLOWED, "mode")
    if not article.strip() or not document_ids:
        raise Refusal(ErrorCode.REQUIRED, "documentIds" if article.strip() else "article")
    clause = ModeClause(
        county=uow.county,
        area_id=area.id,
        township=area.township,
        community=area.community,
        mode=mode and mode.value,
        source=source.value,
        article=article.strip(),
        document_ids=list(document_ids),
        recorded_by=uow.actor.account_id,
    )
    if source is Matter.COVENANT:
        clause.filing_id, clause.adopted_on = await _covenant(uow, area, filing_id)
    elif vote_id is not None:
        clause.vote_id, clause.adopted_on = await _adopted_by(uow, area, vote_id)
    else:
        clause.adopted_on = _attested(uow, adopted_on)
    if adopted_on not in (None, clause.adopted_on):
        raise Refusal(ErrorCode.INVALID_INPUT, "adoptedOn")
    uow.session.add(clause)
    await uow.session.flush()  # its papers name it
    attached = await papers.attach(uow, document_ids, clause)
    resolved = any(paper.kind == DocumentKind.OWNERS_RESOLUTION for paper in attached)
    if clause.filing_id is None and clause.vote_id is None and not resolved:
        raise Refusal(ErrorCode.MISSING_DOCUMENT, "documentIds", documents=[DocumentKind.OWNERS_RESOLUTION])
    await uow.audit("modeClauseRecord", clause, grant=grant, documents=document_ids)
    return clause


async def check_stands(uow: UnitOfWork, clause: ModeClause, field: str) -> None:
    """``CLAUSE_NOT_IN_FORCE`` where its covenant is not on file any more, or the vote on the rules was annulled (V-21, V-25)."""
    if clause.filing_id is not None:
        filing = await uow.session.get_one(Filing, (uow.county, clause.filing_id))
        stands = filing.state == SimpleFilingState.FILED
    elif clause.vote_id is not None:
        vote = await uow.session.get_one(Vote, (uow.county, clause.vote_id))
        stands = vote.state == VoteState.FINAL
    else:
        stands = True
    if not stands:
        raise Refusal(ErrorCode.CLAUSE_NOT_IN_FORCE, field)


async def _covenant(uow: UnitOfWork, area: PropertyArea, filing_id: uuid.UUID | None) -> tuple[uuid.UUID, date]:
    """The area's covenant on file, and the day of its adoption."""
    if filing_id is None:
        raise Refusal(ErrorCode.REQUIRED, "filingId")
    filing = await uow.load(Filing, filing_id, field="filingId")
    owners = filing.kind == FilingKind.COVENANT and filing.covenant_kind == CovenantKind.COVENANT
    if filing.area_id != area.id or not owners:
        raise Refusal(ErrorCode.NOT_FOUND, "filingId")
    if filing.state != SimpleFilingState.FILED or filing.signed_on is None:
        raise Refusal(ErrorCode.CLAUSE_NOT_IN_FORCE, "filingId")
    return filing.id, filing.signed_on


async def _adopted_by(uow: UnitOfWork, area: PropertyArea, vote_id: uuid.UUID) -> tuple[uuid.UUID, date]:
    """The area's vote that passed an item on the rules of procedure, and the day on which it became final."""
    vote = await uow.load(Vote, vote_id, field="voteId")
    if vote.area_id != area.id:
        raise Refusal(ErrorCode.NOT_FOUND, "voteId")
    passed = {row.item_id for row in await tallies.results_of(uow, vote) if row.outcome == Outcome.PASSED}
    rules = {row.id for row in await tallies.items_of(uow, vote) if row.matter == Matter.RULES_OF_PROCEDURE}
    if vote.state != VoteState.FINAL or vote.final_on is None or not passed & rules:
        raise Refusal(ErrorCode.CLAUSE_NOT_IN_FORCE, "voteId")
    return vote.id, vote.final_on


def _attested(uow: UnitOfWork, adopted_on: date | None) -> date:
    """The attested day of adoption, where the county takes votes that were held elsewhere."""
    if not uow.profile.attested_votes:
        raise Refusal(ErrorCode.REQUIRED, "voteId")
    if adopted_on is None:
        raise Refusal(ErrorCode.REQUIRED, "adoptedOn")
    if adopted_on > uow.today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "adoptedOn", most=uow.today)
    return adopted_on

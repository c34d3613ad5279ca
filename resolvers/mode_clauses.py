"""Adopted clauses of the rules of procedure or the covenant that allow a special mode of voting (V-25)."""

import uuid
from collections.abc import Sequence
from datetime import date

from domain.errors import ErrorCode, Refusal
from domain.profiles.parameters import VoteMode
from domain.tallies import Matter
from domain.votes import VOTE
from models.estates import PropertyArea
from models.votes import ModeClause
from resolvers import documents as papers
from resolvers.unit_of_work import UnitOfWork


async def record(
    uow: UnitOfWork,
    *,
    area_id: uuid.UUID,
    mode: VoteMode,
    source: Matter,
    article: str,
    adopted_on: date,
    document_ids: Sequence[uuid.UUID] = (),
) -> ModeClause:
    """Record the adopted clause that allows a special mode (modeClauseRecord, V-25), with the text that it stands in.

    ``source``: RULES_OF_PROCEDURE or COVENANT. Refuses ``REQUIRED`` without the text, ``MODE_NOT_ALLOWED`` where the county does
    not allow the mode, ``OUT_OF_RANGE`` for an adoption to come.
    """
    area = await uow.load(PropertyArea, area_id, field="areaId")
    grant = await uow.act(VOTE.openers(uow.profile), PropertyArea, area)
    mode, source = VoteMode(mode), Matter(source)
    if source not in (Matter.RULES_OF_PROCEDURE, Matter.COVENANT):
        raise Refusal(ErrorCode.INVALID_INPUT, "source")
    if mode not in uow.profile.fund_modes:
        raise Refusal(ErrorCode.MODE_NOT_ALLOWED, "mode")
    if adopted_on > uow.today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "adoptedOn", most=uow.today)
    if not article.strip() or not document_ids:
        raise Refusal(ErrorCode.REQUIRED, "documentIds" if article.strip() else "article")
    clause = ModeClause(
        county=uow.county,
        area_id=area.id,
        township=area.township,
        community=area.community,
        mode=mode.value,
        source=source.value,
        article=article.strip(),
        adopted_on=adopted_on,
        document_ids=list(document_ids),
        recorded_by=uow.actor.account_id,
    )
    uow.session.add(clause)
    await uow.session.flush()  # its papers name it
    await papers.attach(uow, document_ids, clause)
    await uow.audit("modeClauseRecord", clause, grant=grant, documents=document_ids)
    return clause

"""Posting arrears in the estate (FEE-17): masked units and amounts, no name, on the committee's recorded decision."""

import uuid
from collections.abc import Sequence
from datetime import date

from sqlalchemy import func, select

from domain.bills import BillState
from domain.disclosures import DisclosureItem
from domain.documents import DocumentKind
from domain.dunning import DunningState
from domain.errors import ErrorCode, Refusal
from domain.money import format_fen
from domain.roles import Role
from models.disclosures import Disclosure
from models.dunning import DunningCase, DunningClaim
from models.estates import PropertyArea, Unit
from models.fees import FeeBill
from resolvers import documents as papers
from resolvers.disclosures import About, Posting, put_up
from resolvers.unit_of_work import UnitOfWork

POSTED = frozenset(
    {DunningState.DEMAND_SERVED, DunningState.COMMITTEE_URGED, DunningState.PLAN_BROKEN, DunningState.READY}
)
"""Who keeps a plan or is before a mediator or a court is not posted."""


async def arrears_post(
    uow: UnitOfWork,
    *,
    area_id: uuid.UUID,
    decided_on: date,
    objection_contact: str,
    document_ids: Sequence[uuid.UUID],
) -> Disclosure:
    """Post the arrears of an area whose written demand has expired, as its committee decided (arrearsPost, FEE-17).

    The decision's record is attached (COMMITTEE_RECORD, ``MISSING_DOCUMENT``). Only masked unit numbers and amounts hang on
    the board, no name. ``REQUIRED`` where nothing is to be posted, ``OUT_OF_RANGE`` for a day to come.
    """
    area = await uow.load(PropertyArea, area_id, field="areaId")
    grant = await uow.act((Role.COMMITTEE,), PropertyArea, area)
    if decided_on > uow.today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "decidedOn", most=uow.today)
    rows = (
        await uow.session.execute(
            select(Unit.name_mask, func.sum(FeeBill.amount + FeeBill.adjusted - FeeBill.settled))
            .join(DunningCase, (DunningCase.county == Unit.county) & (DunningCase.unit_id == Unit.id))
            .join(DunningClaim, (DunningClaim.county == Unit.county) & (DunningClaim.case_id == DunningCase.id))
            .join(FeeBill, (FeeBill.county == Unit.county) & (FeeBill.id == DunningClaim.bill_id))
            .where(
                Unit.county == uow.county,
                DunningCase.county == uow.county,
                DunningClaim.county == uow.county,
                FeeBill.county == uow.county,
                DunningCase.area_id == area.id,
                DunningCase.demand_ends_on < uow.today,
                DunningCase.state.in_(sorted(POSTED)),
                FeeBill.state.in_([BillState.ISSUED.value, BillState.PARTIALLY_PAID.value]),
            )
            .group_by(Unit.county, Unit.id)
            .order_by(Unit.sort_key, Unit.id)
        )
    ).all()
    if not rows:
        raise Refusal(ErrorCode.REQUIRED, "areaId")
    arrears = [(str(mask), int(fen)) for mask, fen in rows]
    posting = Posting(
        title="物业费欠费公示",
        body="\n".join(f"{mask}：{format_fen(fen)}" for mask, fen in arrears),
        objection_contact=objection_contact,
        content={
            "decidedOn": decided_on.isoformat(),
            "arrears": [{"unit": mask, "amount": fen} for mask, fen in arrears],
        },
    )
    disclosure = await put_up(
        uow, area, DisclosureItem.ARREARS, posting, grant=grant, about=About("property_area", area.id)
    )
    await uow.session.flush()
    attached = await papers.attach(uow, document_ids, disclosure)
    if DocumentKind.COMMITTEE_RECORD not in {paper.kind for paper in attached}:
        raise Refusal(ErrorCode.MISSING_DOCUMENT, "documentIds", documents=[DocumentKind.COMMITTEE_RECORD.value])
    return disclosure

"""What the filings of leaders, covenants and premises share: how they are opened, take effect and end (SM-2, SM-4, ZD-24)."""

import uuid
from collections.abc import Sequence
from datetime import date, timedelta

from sqlalchemy import select

from auth.actor import Grant
from domain.errors import ErrorCode, Refusal
from domain.filing_records import FilingKind
from domain.simple_filings import SimpleFilingState as State
from domain.workflow import Workflow
from models.estates import PropertyArea
from models.filings import Filing
from resolvers.cases import reschedule
from resolvers.filings import certify, hand_in, new_case_number
from resolvers.unit_of_work import UnitOfWork

UNDECIDED = (State.DRAFT, State.SUBMITTED, State.CHECKED, State.RETURNED)


async def open_for_area(
    uow: UnitOfWork,
    kind: FilingKind,
    workflow: Workflow,
    area: PropertyArea,
    *,
    grant: Grant,
    title: str,
    documents: Sequence[uuid.UUID],
    **columns: object,
) -> Filing:
    """Begin a filing about something of a property area as a draft, with the area's places."""
    filing = Filing(
        kind=kind.value,
        number=await new_case_number(uow, kind),
        title=title,
        area_id=area.id,
        township=area.township,
        community=area.community,
        round=0,
        rectification_refused=False,
        **columns,
    )
    return await uow.open_case(filing, workflow, grant=grant, documents=documents)


async def submit(
    uow: UnitOfWork, filing: Filing, document_ids: Sequence[uuid.UUID], expected_version: int | None
) -> Filing:
    """Hand a draft in."""
    uow.check_version(filing, expected_version)
    return await hand_in(uow, filing, "SUBMIT", document_ids)


async def load(uow: UnitOfWork, filing_id: uuid.UUID, kind: FilingKind) -> Filing:
    """A filing of this kind, locked; ``NOT_FOUND`` for one of another."""
    filing = await uow.load(Filing, filing_id, lock=True)
    if filing.kind != kind:
        raise Refusal(ErrorCode.NOT_FOUND, "id")
    return filing


async def none_undecided(uow: UnitOfWork, area: PropertyArea, kind: FilingKind, field: str) -> None:
    """``ALREADY_REGISTERED`` while another filing of the kind is under way in the area."""
    open_one = select(Filing.number).where(
        Filing.county == uow.county,
        Filing.area_id == area.id,
        Filing.kind == kind.value,
        Filing.state.in_([state.value for state in UNDECIDED]),
    )
    if (number := await uow.session.scalar(open_one)) is not None:
        raise Refusal(ErrorCode.ALREADY_REGISTERED, field, value=number)


async def area_of(uow: UnitOfWork, filing: Filing) -> PropertyArea:
    """The filing's area; the system's own look."""
    found = await uow.session.execute(
        select(PropertyArea).where(PropertyArea.county == uow.county, PropertyArea.id == filing.area_id)
    )
    return found.scalar_one()


async def take_effect(uow: UnitOfWork, filing: Filing) -> None:
    """Certificate and first day of effect."""
    await certify(uow, filing)
    filing.effective_from = uow.today


async def take_the_place_of_former(uow: UnitOfWork, filing: Filing) -> None:
    """The filings of the same kind that were in effect in the area end the day before; the county's clock moves them."""
    former = select(Filing).where(
        Filing.county == uow.county,
        Filing.area_id == filing.area_id,
        Filing.kind == filing.kind,
        Filing.state == State.FILED.value,
        Filing.id != filing.id,
    )
    for one in await uow.session.scalars(former.order_by(Filing.id).with_for_update()):
        await end(uow, one, uow.today)


async def end(uow: UnitOfWork, filing: Filing, first_day_without: date) -> None:
    """Something else stands in a filing's place from this day on, or nothing; the county's clock ends it then."""
    filing.replaced_on = first_day_without
    last = first_day_without - timedelta(days=1)
    filing.effective_to = max(last, filing.effective_from or last)
    await reschedule(uow, filing)

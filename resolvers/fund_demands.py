"""Demands for deposits to the maintenance fund by intent: issued by the bureau, taken back, and asked for by others'
commands (FUND-1 to FUND-3, TQ-104, TQ-105)."""

import uuid
from collections.abc import Sequence
from datetime import date

from sqlalchemy import exists, func, select

from auth.actor import Grant
from domain.errors import ErrorCode, Refusal
from domain.estates import BuildingKind, UnitUse
from domain.fund_demands import (
    REASONS,
    DemandPayer,
    DemandPurpose,
    DemandState,
    check_delivery,
    check_net_signing,
    first_deposit,
    first_payer,
    new_code,
    owes_deposit,
    seller_deposit,
)
from domain.ledger import AccountKind
from domain.roles import Role
from models.base import new_id
from models.estates import Building, Estate, PropertyArea, Unit
from models.fund_demands import FundDemand
from models.ledger import LedgerAccount, Posting
from resolvers import documents as papers
from resolvers import ledger
from resolvers.unit_of_work import UnitOfWork

COLLECTORS = (Role.BUREAU,)
"""Who asks for deposits: the office that keeps the fund (FUND-6)."""


async def issue_first(
    uow: UnitOfWork, *, unit_id: uuid.UUID, due_on: date, payer_name: str | None = None
) -> FundDemand:
    """Ask for a unit's first deposit at the county's rate of today (fundFirstDemandIssue, FUND-1, FUND-2).

    Who pays follows from the county's rule and from whether the unit is sold; a developer is the estate's unless
    ``payer_name`` says another. Refuses ``NO_DEPOSIT_DUE`` for a unit that owes none, ``REQUIRED`` without a building area
    or the developer's name, ``ALREADY_REGISTERED`` while another first demand stands.
    """
    unit = await uow.load(Unit, unit_id, lock=True, field="unitId")
    grant = await uow.act(COLLECTORS, Unit, unit)
    building = await uow.session.get_one(Building, (uow.county, unit.building_id))
    estate = await uow.session.get_one(Estate, (uow.county, unit.estate_id))
    payer = first_payer(uow.profile, unsold=unit.developer_held)
    if payer is None or not await _owes(uow, unit):
        raise Refusal(ErrorCode.NO_DEPOSIT_DUE, "unitId")
    if unit.building_area is None:
        raise Refusal(ErrorCode.REQUIRED, "unitId")
    if await _standing_first(uow, unit.id) is not None:
        raise Refusal(ErrorCode.ALREADY_REGISTERED, "unitId")
    name = None if payer is DemandPayer.OWNER else (payer_name or estate.developer or "").strip()
    if name == "":
        raise Refusal(ErrorCode.REQUIRED, "payerName")
    kind = BuildingKind(building.kind)
    deposit = first_deposit(uow.profile, kind, unit.building_area, public_housing=unit.sold_public_housing)
    demand = FundDemand(
        unit_id=unit.id,
        building_id=unit.building_id,
        payer_name=name,
        charged_area=unit.building_area,
        rate=deposit.rate,
        amount=deposit.amount,
        basis=uow.profile.basis["fund_reform_cost_fen" if unit.sold_public_housing else "fund_rates"],
    )
    return await issue(uow, demand, DemandPurpose.FIRST, payer, estate, unit.area_id, due_on, grant=grant)


async def issue_seller(
    uow: UnitOfWork, *, building_id: uuid.UUID, proceeds: int, due_on: date, document_ids: Sequence[uuid.UUID] = ()
) -> FundDemand:
    """Ask a building's former landlord for its part of the sale's ``proceeds`` in fen (fundSellerDemandIssue, FUND-2).

    ``REQUIRED`` where the register knows no such landlord, ``OUT_OF_RANGE`` for proceeds that are not positive.
    """
    building = await uow.load(Building, building_id, field="buildingId")
    grant = await uow.act(COLLECTORS, Building, building)
    if not building.public_housing_seller:
        raise Refusal(ErrorCode.REQUIRED, "buildingId")
    if proceeds <= 0:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "proceeds", least=1)
    estate = await uow.session.get_one(Estate, (uow.county, building.estate_id))
    demand = FundDemand(
        building_id=building.id,
        payer_name=building.public_housing_seller,
        amount=seller_deposit(uow.profile, BuildingKind(building.kind), proceeds),
        basis=uow.profile.basis["fund_seller_percent"],
    )
    purpose, payer = DemandPurpose.SELLER, DemandPayer.SELLER
    await issue(uow, demand, purpose, payer, estate, building.area_id, due_on, grant=grant, documents=document_ids)
    return demand


async def issue_collection(
    uow: UnitOfWork,
    *,
    estate_id: uuid.UUID,
    area_id: uuid.UUID,
    holder: str,
    amount: int,
    basis: str,
    due_on: date,
    unit_id: uuid.UUID | None = None,
    document_ids: Sequence[uuid.UUID] = (),
) -> FundDemand:
    """Ask a developer or firm for fund money that it holds (fundCollectionDemandIssue, TQ-105). ``amount`` in fen.

    For a named unit it goes to the unit's account, else to the area's. ``INVALID_INPUT`` for a unit of another area.
    """
    area = await uow.load(PropertyArea, area_id, field="areaId")
    estate = await uow.load(Estate, estate_id, field="estateId")
    grant = await uow.act(COLLECTORS, PropertyArea, area)
    for field, value in (("holder", holder), ("basis", basis)):
        if not value.strip():
            raise Refusal(ErrorCode.REQUIRED, field)
    if amount <= 0:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "amount", least=1)
    demand = FundDemand(payer_name=holder.strip(), amount=amount, basis=basis.strip())
    if unit_id is not None:
        unit = await uow.load(Unit, unit_id, field="unitId")
        if (unit.area_id, unit.estate_id) != (area.id, estate.id):
            raise Refusal(ErrorCode.INVALID_INPUT, "unitId")
        demand.unit_id, demand.building_id = unit.id, unit.building_id
    purpose, payer = DemandPurpose.COLLECTION, DemandPayer.HOLDER
    return await issue(uow, demand, purpose, payer, estate, area.id, due_on, grant=grant, documents=document_ids)


async def issue(
    uow: UnitOfWork,
    demand: FundDemand,
    purpose: DemandPurpose,
    payer: DemandPayer,
    estate: Estate,
    area_id: uuid.UUID | None,
    due_on: date,
    *,
    grant: Grant,
    documents: Sequence[uuid.UUID] = (),
) -> FundDemand:
    """Store a demand under a code of its own. ``OUT_OF_RANGE`` for a due date that has passed."""
    if due_on < uow.today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "dueOn", least=uow.today)
    (code,) = await free_codes(uow, 1)
    write(uow, demand, code, purpose, payer, estate, area_id, due_on)
    await uow.session.flush()  # papers and events name it
    await papers.attach(uow, documents, demand)
    detail = {"purpose": purpose.value, "amount": demand.amount}
    await uow.audit("fundDemandIssue", demand, grant=grant, detail=detail, documents=documents)
    return demand


def write(
    uow: UnitOfWork,
    demand: FundDemand,
    code: str,
    purpose: DemandPurpose,
    payer: DemandPayer,
    estate: Estate,
    area_id: uuid.UUID | None,
    due_on: date,
) -> None:
    """Add a demand under this code to what the transaction writes."""
    demand.county, demand.id, demand.code = uow.county, new_id(), code
    demand.purpose, demand.payer = purpose.value, payer.value
    demand.area_id, demand.estate_id = area_id, estate.id
    demand.township, demand.community = estate.township, estate.community
    demand.profile_version = uow.profile.version
    demand.issued_on, demand.due_on = uow.today, due_on
    uow.session.add(demand)
    uow.notify(demand)


async def cancel(uow: UnitOfWork, *, id: uuid.UUID, reason: str) -> FundDemand:
    """Take a demand back of which nothing is paid (fundDemandCancel). Its code takes no money any more."""
    demand = await uow.load(FundDemand, id, lock=True)
    grant = await uow.act(COLLECTORS, FundDemand, demand)
    if not reason.strip():
        raise Refusal(ErrorCode.REQUIRED, "reason")
    if demand.state != DemandState.OPEN or demand.paid:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", state=demand.state, action="fundDemandCancel")
    demand.state, demand.cancelled_for = DemandState.CANCELLED.value, reason.strip()
    await uow.audit("fundDemandCancel", demand, grant=grant, reason=reason.strip())
    uow.notify(demand)
    return demand


async def account_of(uow: UnitOfWork, demand: FundDemand) -> uuid.UUID:
    """The ledger account that a demand's money belongs on."""
    if demand.unit_id is not None:
        return await ledger.account(uow, AccountKind.UNIT_FUND, unit_id=demand.unit_id)
    if demand.building_id is not None:
        return await ledger.account(uow, AccountKind.BUILDING_FUND, building_id=demand.building_id)
    if demand.area_id is None:
        raise LookupError(f"the demand {demand.id} names no account")
    return await ledger.account(uow, AccountKind.AREA_FUND, area_id=demand.area_id)


def reason_of(demand: FundDemand) -> str:
    """What stands beside the money on its account."""
    return f"{REASONS[DemandPurpose(demand.purpose)]}（缴款码 {demand.code}）"


async def check_handed_over(uow: UnitOfWork, unit: Unit, *, delivered: bool, signed: bool) -> None:
    """Refuse to mark a unit as handed over, or as signed online, before its first deposit is paid (FUND-3, TQ-104).

    ``delivered`` and ``signed`` say which of the two is being recorded now. ``DEPOSIT_NOT_PAID``.
    """
    if not delivered and not signed:
        return
    owes, paid = await _owes(uow, unit), await first_paid(uow, unit.id)
    if delivered:
        check_delivery(owes=owes, paid=paid)
    if signed:
        check_net_signing(uow.profile, owes=owes, paid=paid)


async def first_paid(uow: UnitOfWork, unit_id: uuid.UUID) -> bool:
    """Whether a unit's first deposit is in the fund: its demand is paid, or before there were demands money came in."""
    demand = await _standing_first(uow, unit_id)
    if demand is not None:
        return demand.state == DemandState.PAID
    came_in = (
        select(func.coalesce(func.sum(-Posting.amount), 0))
        .join(LedgerAccount, (LedgerAccount.county == Posting.county) & (LedgerAccount.id == Posting.account_id))
        .where(
            Posting.county == uow.county,
            LedgerAccount.county == uow.county,
            LedgerAccount.kind == AccountKind.UNIT_FUND.value,
            LedgerAccount.unit_id == unit_id,
        )
    )
    return int(await uow.session.scalar(came_in) or 0) > 0


async def _standing_first(uow: UnitOfWork, unit_id: uuid.UUID) -> FundDemand | None:
    found: FundDemand | None = await uow.session.scalar(
        select(FundDemand).where(
            FundDemand.county == uow.county,
            FundDemand.unit_id == unit_id,
            FundDemand.purpose == DemandPurpose.FIRST.value,
            FundDemand.state != DemandState.CANCELLED.value,
        )
    )
    return found


async def _owes(uow: UnitOfWork, unit: Unit) -> bool:
    others = exists(select(1).where(Unit.county == uow.county, Unit.estate_id == unit.estate_id, Unit.id != unit.id))
    buildings = exists(
        select(1).where(
            Building.county == uow.county, Building.estate_id == unit.estate_id, Building.id != unit.building_id
        )
    )
    shares_parts = bool(await uow.session.scalar(select(others | buildings)))
    return owes_deposit(UnitUse(unit.use), stands_alone=not shares_parts)


async def free_codes(uow: UnitOfWork, count: int) -> list[str]:
    """So many codes that no demand of the county has; one in a thousand million meets another, and is drawn again."""
    codes: set[str] = set()
    while len(codes) < count:
        drawn = {new_code(uow.county) for _ in range(count - len(codes))}
        taken = select(FundDemand.code).where(FundDemand.county == uow.county, FundDemand.code.in_(drawn))
        codes |= drawn - set(await uow.session.scalars(taken))
    return list(codes)

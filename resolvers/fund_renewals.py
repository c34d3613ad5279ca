"""Renewal of the fund by intent: low accounts are found and a plan drafted, the owners' decision is recorded and turned
into demands, late payers are pressed in writing and then posted (FUND-8)."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from sqlalchemy import select, text

from auth.actor import Grant
from domain.disclosures import DisclosureItem
from domain.documents import DocumentKind
from domain.errors import ErrorCode, Refusal
from domain.estates import BuildingKind
from domain.fund_demands import NO_DEPOSIT_USES, RATE_TYPES, DemandPayer, DemandPurpose, DemandState, public_rate
from domain.fund_renewals import (
    RenewalState,
    Standing,
    check_press,
    check_target,
    is_below,
    pay_by,
    press_until,
    renewal_passed,
    to_pay,
)
from domain.fund_votes import VoteFigures, checked
from domain.money import format_fen
from domain.roles import Role
from domain.tallies import Matter, Outcome
from models.base import new_id
from models.disclosures import Disclosure
from models.estates import Estate, PropertyArea, Unit
from models.fund_demands import FundDemand
from models.fund_renewals import FundRenewalLine, FundRenewalPlan
from models.votes import Vote
from resolvers import disclosures, documents, fund_demands, tallies, votes
from resolvers.unit_of_work import UnitOfWork

RENEWERS = (Role.COMMITTEE, Role.COMMUNITY, Role.BUREAU)
"""Who prepares a renewal and records the decision: the committee, the community in its stead, the bureau [assumption]."""

# An account that never had its first deposit demanded is measured by what that deposit would be today.
_STANDINGS = text("""
SELECT u.id, COALESCE(d.amount, (2 * u.building_area * CASE WHEN u.sold_public_housing THEN CAST(:public AS bigint)
                                                            ELSE r.rate END + 100) / 200) AS first_deposit,
       COALESCE(held.fen, 0) AS balance
FROM unit u
JOIN building b ON b.county = :county AND b.id = u.building_id
JOIN unnest(CAST(:kinds AS text[]), CAST(:rates AS bigint[])) AS r (kind, rate) ON r.kind = b.kind
LEFT JOIN fund_demand d
  ON d.county = :county AND d.unit_id = u.id AND d.purpose = 'FIRST' AND d.state <> 'CANCELLED'
LEFT JOIN LATERAL (
  SELECT CAST(-sum(p.amount) AS bigint) AS fen
  FROM ledger_account l JOIN posting p ON p.county = :county AND p.account_id = l.id
  WHERE l.county = :county AND l.kind = 'UNIT_FUND' AND l.unit_id = u.id
) held ON true
WHERE u.county = :county AND u.area_id = CAST(:area_id AS uuid) AND u.building_area IS NOT NULL
  AND u.use <> ALL (CAST(:exempt AS text[])) AND d.state IS DISTINCT FROM 'OPEN'
ORDER BY u.sort_key, u.id""")


@dataclass(frozen=True)
class Need:
    """How an area's accounts stand beside their first deposits, in fen; ``below`` of ``units`` are too low."""

    units: int
    below: int
    first_deposits: int
    balances: int
    missing: int
    percent: int


async def standings(uow: UnitOfWork, area_id: uuid.UUID) -> Mapping[uuid.UUID, Standing]:
    """The accounts of an area's units beside their first deposits; units whose first deposit is still to be paid are left out."""
    rates = {kind: uow.profile.fund_rate(rate_type) or 0 for kind, rate_type in RATE_TYPES.items()}
    rows = await uow.session.execute(
        _STANDINGS,
        {
            "county": uow.county,
            "area_id": area_id,
            "kinds": [BuildingKind(kind).value for kind in rates],
            "rates": list(rates.values()),
            "public": public_rate(uow.profile),
            "exempt": sorted(use.value for use in NO_DEPOSIT_USES),
        },
    )
    return {unit_id: Standing(int(first), int(balance)) for unit_id, first, balance in rows}


async def need(uow: UnitOfWork, area_id: uuid.UUID) -> Need:
    """How far an area's fund needs renewal (fundRenewalNeed). For its committee and the offices of the place."""
    area = await uow.load(PropertyArea, area_id, field="area")
    await uow.act((*RENEWERS, Role.TOWNSHIP), PropertyArea, area)
    known = await standings(uow, area.id)
    low = [standing for standing in known.values() if is_below(uow.profile, standing)]
    return Need(
        units=len(known),
        below=len(low),
        first_deposits=sum(standing.first_deposit for standing in known.values()),
        balances=sum(standing.balance for standing in known.values()),
        missing=sum(to_pay(standing, 100) for standing in low),
        percent=uow.profile.fund_renewal_below_percent,
    )


async def draft(uow: UnitOfWork, *, area_id: uuid.UUID, target_percent: int = 100) -> FundRenewalPlan:
    """Draft what the owners of low accounts shall pay (fundRenewalDraft): each up to ``target_percent`` of its first deposit.

    ``ALREADY_REGISTERED`` while another plan of the area waits for a decision, ``NOTHING_TO_RENEW`` where no account is low.
    """
    area = await uow.load(PropertyArea, area_id, lock=True, field="areaId")
    grant = await uow.act(RENEWERS, PropertyArea, area)
    check_target(uow.profile, target_percent)
    waiting = select(FundRenewalPlan.id).where(
        FundRenewalPlan.county == uow.county,
        FundRenewalPlan.area_id == area.id,
        FundRenewalPlan.state == RenewalState.DRAFT.value,
    )
    if await uow.session.scalar(waiting):
        raise Refusal(ErrorCode.ALREADY_REGISTERED, "areaId")
    known = await standings(uow, area.id)
    low = {unit_id: standing for unit_id, standing in known.items() if is_below(uow.profile, standing)}
    lines = [
        FundRenewalLine(
            county=uow.county, unit_id=unit_id, position=at, amount=to_pay(standing, target_percent), **asdict(standing)
        )
        for at, (unit_id, standing) in enumerate(low.items(), start=1)
    ]
    if not lines:
        raise Refusal(ErrorCode.NOTHING_TO_RENEW, "areaId")
    plan = FundRenewalPlan(
        county=uow.county,
        id=new_id(),
        area_id=area.id,
        township=area.township,
        community=area.community,
        below_percent=uow.profile.fund_renewal_below_percent,
        target_percent=target_percent,
        unit_count=len(lines),
        amount=sum(line.amount for line in lines),
        drafted_on=uow.today,
        state=RenewalState.DRAFT.value,
    )
    uow.session.add(plan)
    await uow.session.flush()  # lines and event name it
    for line in lines:
        line.plan_id = plan.id
    uow.session.add_all(lines)
    await uow.audit("fundRenewalDraft", plan, grant=grant, detail={"units": plan.unit_count, "amount": plan.amount})
    uow.notify(plan)
    return plan


async def open_vote(uow: UnitOfWork, *, id: uuid.UUID) -> FundRenewalPlan:
    """Prepare the owners' vote on a plan (fundRenewalOpenVote, FUND-8, item 6); its result becomes the plan's.

    ``ACTION_NOT_AVAILABLE`` for a plan that is decided, or whose vote is prepared already.
    """
    plan = await uow.load(FundRenewalPlan, id, lock=True)
    if plan.state != RenewalState.DRAFT or plan.vote_id is not None:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", state=plan.state, action="fundRenewalOpenVote")
    title = "续筹住宅专项维修资金"
    words = f"{plan.unit_count}户的分户账各补足至首期交存额的{plan.target_percent}%，合计{format_fen(plan.amount)}。"
    vote = await votes.convene(
        uow,
        area_id=plan.area_id,
        title=title,
        agenda=[votes.Item(Matter.FUND_RAISING, title, words)],
        subject=votes.Subject(FundRenewalPlan.__tablename__, plan.id),
    )
    plan.vote_id = vote.id
    uow.notify(plan)
    return plan


async def _take_result(uow: UnitOfWork, vote: Vote, outcome: Outcome | None) -> None:
    """The vote on a plan is final: units are asked, or not. Annulled: what nobody has paid on is taken back (V-21)."""
    plan = await uow.session.get_one(FundRenewalPlan, (uow.county, vote.subject_id), with_for_update=True)
    former, clock = plan.state, Grant(new_id(), Role.SYSTEM, uow.county)
    if outcome is None:
        if plan.state == RenewalState.PASSED:
            plan.state = RenewalState.REJECTED.value
            await _take_demands_back(uow, plan)
        plan.vote_id = None if plan.state == RenewalState.DRAFT else plan.vote_id
    elif plan.state == RenewalState.DRAFT:
        (result,) = await tallies.results_of(uow, vote)
        for name, value in asdict(tallies.figures(result)).items():
            setattr(plan, name, value)
        plan.decided_on = uow.today
        plan.state = (RenewalState.PASSED if outcome is Outcome.PASSED else RenewalState.REJECTED).value
        if plan.state == RenewalState.PASSED:
            await _ask(uow, plan)
    await uow.audit("fundRenewalVote", plan, grant=clock, from_state=former, to_state=plan.state)
    uow.notify(plan)


votes.concluded(FundRenewalPlan.__tablename__, _take_result)


async def _take_demands_back(uow: UnitOfWork, plan: FundRenewalPlan) -> None:
    asked = select(FundRenewalLine.demand_id).where(
        FundRenewalLine.county == uow.county, FundRenewalLine.plan_id == plan.id
    )
    unpaid = select(FundDemand).where(
        FundDemand.county == uow.county,
        FundDemand.id.in_(asked),
        FundDemand.state == DemandState.OPEN.value,
        FundDemand.paid == 0,
    )
    for demand in await uow.session.scalars(unpaid.order_by(FundDemand.id).with_for_update()):
        demand.state, demand.cancelled_for = DemandState.CANCELLED.value, "业主共同决定被撤销"
        uow.notify(demand)


async def decide(
    uow: UnitOfWork,
    *,
    id: uuid.UUID,
    decided_on: date,
    figures: VoteFigures | Mapping[str, Any],
    document_ids: Sequence[uuid.UUID],
) -> FundRenewalPlan:
    """Record the owners' joint decision on a plan, and where it passed ask each unit for its part (fundRenewalDecide).

    Raising the fund needs three quarters (V-4); the outcome follows from the attested figures, whose resolution is
    attached. Each demand is due after the county's days from today's notice. ``OUT_OF_RANGE`` for figures or a day that
    cannot be, ``MISSING_DOCUMENT`` without the resolution, ``ATTESTED_VOTE_NOT_ALLOWED`` and ``VOTE_ON_PLATFORM`` where the vote
    is held here.
    """
    plan = await uow.load(FundRenewalPlan, id, lock=True)
    grant = await uow.act(RENEWERS, FundRenewalPlan, plan)
    if plan.state != RenewalState.DRAFT:
        raise Refusal(ErrorCode.ACTION_NOT_AVAILABLE, "id", state=plan.state, action="fundRenewalDecide")
    if plan.vote_id is not None:
        raise Refusal(ErrorCode.VOTE_ON_PLATFORM, "id")
    if not uow.profile.attested_votes:
        raise Refusal(ErrorCode.ATTESTED_VOTE_NOT_ALLOWED, "id")
    if not plan.drafted_on <= decided_on <= uow.today:
        raise Refusal(ErrorCode.OUT_OF_RANGE, "decidedOn", least=plan.drafted_on, most=uow.today)
    counted = checked(figures if isinstance(figures, VoteFigures) else VoteFigures(**figures))
    attached = await documents.attach(uow, document_ids, plan)
    if not any(paper.kind == DocumentKind.OWNERS_RESOLUTION for paper in attached):
        raise Refusal(ErrorCode.MISSING_DOCUMENT, "documentIds", documents=[DocumentKind.OWNERS_RESOLUTION])
    plan.decision_document_ids = list(document_ids)
    plan.decided_on = decided_on
    for name, value in asdict(counted).items():
        setattr(plan, name, value)
    plan.state = (RenewalState.PASSED if renewal_passed(counted) else RenewalState.REJECTED).value
    await uow.audit(
        "fundRenewalDecide",
        plan,
        grant=grant,
        documents=document_ids,
        from_state=RenewalState.DRAFT.value,
        to_state=plan.state,
    )
    if plan.state == RenewalState.PASSED:
        await _ask(uow, plan)
    uow.notify(plan)
    return plan


async def press(uow: UnitOfWork, *, id: uuid.UUID, document_ids: Sequence[uuid.UUID] = ()) -> FundDemand:
    """Demand a deposit in writing that is not paid in time (fundDemandPress). ``document_ids`` prove the service.

    ``TOO_EARLY`` before its due date has passed, ``ACTION_NOT_AVAILABLE`` for one that is paid or was pressed before.
    """
    demand = await uow.load(FundDemand, id, lock=True)
    grant = await uow.act(RENEWERS, FundDemand, demand)
    check_press(DemandState(demand.state), demand.due_on, demand.pressed_on, uow.today)
    await documents.attach(uow, document_ids, demand)
    demand.pressed_on, demand.press_due_on = uow.today, press_until(uow.profile, uow.today)
    await uow.audit("fundDemandPress", demand, grant=grant, documents=document_ids)
    uow.notify(demand)
    return demand


async def post_late(uow: UnitOfWork, *, area_id: uuid.UUID, objection_contact: str) -> Disclosure:
    """Post on the area's board which units, masked, have not paid after the written demand (fundRenewalPostLate, FUND-8).

    No names (PRI-5). ``NOTHING_TO_POST`` where every written demand still runs or is met.
    """
    area = await uow.load(PropertyArea, area_id, field="areaId")
    grant = await uow.act(RENEWERS, PropertyArea, area)
    rows = await uow.session.execute(
        select(FundDemand, Unit.name_mask)
        .join(Unit, (Unit.county == FundDemand.county) & (Unit.id == FundDemand.unit_id))
        .where(
            FundDemand.county == uow.county,
            Unit.county == uow.county,
            FundDemand.area_id == area.id,
            FundDemand.purpose == DemandPurpose.RENEWAL.value,
            FundDemand.state == DemandState.OPEN.value,
            FundDemand.press_due_on < uow.today,
        )
        .order_by(Unit.sort_key, FundDemand.id)
        .with_for_update(of=FundDemand)
    )
    late = [(demand, mask) for demand, mask in rows]
    if not late:
        raise Refusal(ErrorCode.NOTHING_TO_POST, "areaId")
    owed = [(mask, demand.amount - demand.paid) for demand, mask in late]
    posting = disclosures.Posting(
        title="维修资金续筹欠交公示",
        body="\n".join(f"{mask}：{format_fen(fen)}" for mask, fen in owed),
        objection_contact=objection_contact,
        content={"units": [{"unit": mask, "outstanding": fen} for mask, fen in owed]},
    )
    about = disclosures.About("property_area", area.id)
    posted = await disclosures.put_up(uow, area, DisclosureItem.FUND_ACCOUNT, posting, grant=grant, about=about)
    for demand, _mask in late:
        demand.posted_on = demand.posted_on or uow.today
    return posted


async def _ask(uow: UnitOfWork, plan: FundRenewalPlan) -> None:
    """Ask every unit of a plan for its part."""
    lines = list(
        await uow.session.scalars(
            select(FundRenewalLine)
            .where(FundRenewalLine.county == uow.county, FundRenewalLine.plan_id == plan.id)
            .order_by(FundRenewalLine.position)
        )
    )
    units = await _by_id(uow, Unit, [line.unit_id for line in lines])
    estates = await _by_id(uow, Estate, {unit.estate_id for unit in units.values()})
    codes = await fund_demands.free_codes(uow, len(lines))
    due_on = pay_by(uow.profile, uow.today)
    for line, code in zip(lines, codes, strict=True):
        unit = units[line.unit_id]
        demand = FundDemand(
            unit_id=unit.id,
            building_id=unit.building_id,
            charged_area=unit.building_area,
            amount=line.amount,
            basis=f"业主共同决定 {plan.decided_on}",
        )
        purpose, payer = DemandPurpose.RENEWAL, DemandPayer.OWNER
        fund_demands.write(uow, demand, code, purpose, payer, estates[unit.estate_id], plan.area_id, due_on)
        line.demand_id = demand.id
    await uow.session.flush()  # the lines name them


async def _by_id(uow: UnitOfWork, model: Any, ids: Any) -> Mapping[uuid.UUID, Any]:
    rows = await uow.session.scalars(select(model).where(model.county == uow.county, model.id.in_(list(ids))))
    return {row.id: row for row in rows}

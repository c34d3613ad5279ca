"""A year of one estate's maintenance fund at the custodian bank: deposits, interest, statements and what differs (FUND-4..11).

Days are counted back from today, as everywhere in the demo; the interest is that of the last year that is over.
"""

import uuid
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from app.demo import emergencies, fund_votes, fund_works
from app.demo.people import login_of
from app.demo.scene import Scene, Site
from domain.custody import AccountPurpose
from domain.documents import DocumentKind
from domain.estates import UnitUse
from domain.fund_incomes import IncomeKind
from domain.funds import FundScope, VoteMode
from domain.identifiers import make_account
from domain.reconciliation import Resolution
from domain.roles import Role
from domain.statements import Direction
from models.custody import BankAccount, BankMovement
from models.differences import BankDifference
from models.fund_demands import FundDemand
from models.fund_receipts import FundReceipt
from models.funds import FundRequest
from resolvers import custody, differences, fund_demands, fund_incomes, fund_receipts, funds, statements
from resolvers import fund_works as fund_steps
from resolvers.reconciliation import reconcile
from resolvers.unit_of_work import UnitOfWork

BANK_CODE = "313100000013"
INTEREST = 318_640
"""A year's interest, in fen; invented."""
UNKNOWN = 66_600
"""What somebody paid in without saying for which home, in fen; invented."""


async def story(scene: Scene, site: Site) -> None:
    """The year of this estate, from the day on which the bank took the fund over."""
    account_id = await custodian(scene, site)
    await deposits(scene, site, account_id)
    await interest(scene, account_id)
    await by_law(scene, site)
    if VoteMode.OBJECTION in scene.profile.fund_modes:
        await by_objection(scene, site)
    await emergency(scene, site)
    await bank_statements(scene, account_id)


async def by_law(scene: Scene, site: Site) -> None:
    """A repair that two thirds of the owners take part in deciding, paid in three stages and closed."""
    request = await _posted(scene, site, 330, "屋面防水翻修", 3_600_000)
    await fund_votes.hold(scene, site, request.id, 320, on_paper=4)
    await _approved(scene, site, request.id, 277)
    await fund_works.done(scene, site, request.id, 265, 3_580_000)


async def by_objection(scene: Scene, site: Site) -> None:
    """A repair that nobody objected to: too few took part for Civil Code 278, and the rules of procedure let it pass."""
    clause_id = await fund_votes.clause(scene, site, VoteMode.OBJECTION, 200)
    request = await _posted(scene, site, 190, "楼道照明改造", 480_000)
    given: dict[str, Any] = {"mode": VoteMode.OBJECTION, "clause_id": clause_id}
    await fund_votes.hold(scene, site, request.id, 180, on_paper=0, **given)
    await _approved(scene, site, request.id, 137)


async def emergency(scene: Scene, site: Site) -> None:
    """A burst pipe, repaired at once, posted, approved and paid."""
    request = await emergencies.emergency(scene, site, "OF_A_BUILDING")
    await fund_works.contract(scene, site, request.id, 99, 250_000)
    await fund_works.paid(scene, request.id, 98)
    bureau = scene.office(Role.BUREAU)
    await scene.do(bureau, scene.at(96), fund_steps.apportion, id=request.id)
    await scene.do(bureau, scene.at(96, 15), fund_steps.close, id=request.id)


async def _posted(scene: Scene, site: Site, ago: int, title: str, budget: int) -> FundRequest:
    """A request of the company whose plan hangs from the day after."""
    company = scene.firms[site.plan.firm or ""].admin_id
    request: FundRequest = await scene.do(
        company,
        scene.at(ago),
        funds.draft,
        estate_id=site.estate_id,
        scope=FundScope.BUILDING,
        building_id=site.buildings[0],
        title=f"{title}（{site.plan.name.removesuffix('（演示）')}）",
        description=f"{title}，按方案施工（演示）。",
        budget=budget,
        warranty_checked=True,
        warranty_ends_on=scene.day(ago + 900),
        contractor=fund_works.CONTRACTOR,
    )
    papers = (DocumentKind.PLAN, DocumentKind.BUDGET, DocumentKind.POSTING_PROOF)
    days: dict[str, Any] = {"posted_from": scene.day(ago - 1), "posted_to": scene.day(ago - 9)}
    contact: dict[str, Any] = {"objection_contact": "居委会（演示）"}
    await scene.do(company, scene.at(ago - 1), funds.post_plan, *papers, id=request.id, **days, **contact)
    return request


async def _approved(scene: Scene, site: Site, id: uuid.UUID, ago: int) -> None:
    """The committee's and the offices' steps, two days apart."""
    office, place = scene.office, site.plan
    seal: dict[str, Any] = {"signed": True, "sealed": True}
    await scene.do(site.chair_id or uuid.UUID(int=0), scene.at(ago), funds.approve, id=id, reason="同意（演示）")
    await scene.do(office(Role.COMMUNITY, place.place), scene.at(ago - 2), funds.check, id=id, reason="属实（演示）")
    await scene.do(office(Role.TOWNSHIP, place.township), scene.at(ago - 4), funds.verify, id=id, **seal)
    await scene.do(office(Role.BUREAU), scene.at(ago - 6), funds.grant, id=id, reason="同意使用（演示）")


async def custodian(scene: Scene, site: Site) -> uuid.UUID:
    """The county's account at the custodian bank, which holds the fund of this estate's area before the year begins."""
    bureau, began = scene.office(Role.BUREAU), _last_year(scene) - timedelta(days=40)
    account: BankAccount = await scene.do(
        bureau,
        scene.on(began),
        custody.register,
        number=make_account(scene.county.number + 1),
        purpose=AccountPurpose.FUND,
        name=f"{scene.county.name}住宅专项维修资金专户（演示）",
        bank_name="演示银行（虚构）",
        bank_code=BANK_CODE,
        client_id=login_of(scene.county.code, Role.BANK),
        opened_on=began,
    )
    await scene.do(bureau, scene.on(began, 11), custody.assign, id=account.id, area_ids=[site.area_id])
    return account.id


async def deposits(scene: Scene, site: Site, account_id: uuid.UUID) -> None:
    """The shop's first deposit under its code; a parking space's without one, which an official finds out about later."""
    bureau, bank = scene.office(Role.BUREAU), login_of(scene.county.code, Role.BANK)
    began = _last_year(scene) + timedelta(days=20)
    shop = next(home for home in site.homes if home.use == UnitUse.SHOP)
    space = next(home for home in site.homes if home.use == UnitUse.PARKING)
    demands: list[FundDemand] = [
        await scene.do(
            bureau, scene.on(began), fund_demands.issue_first, unit_id=home.id, due_on=began + timedelta(days=30)
        )
        for home in (shop, space)
    ]
    paid: dict[str, Any] = {"bank_account_id": account_id, "value_date": began + timedelta(days=8)}
    for place, demand in enumerate(demands):
        coded: dict[str, Any] = (
            {"code": demand.code, "payer_name": "演示商贸（虚构）"} if place == 0 else {"payer_name": "未注明（演示）"}
        )
        receipt: FundReceipt = await scene.do(
            bank,
            scene.on(began + timedelta(days=8), 11),
            fund_receipts.record,
            serial=f"YH{began:%Y}{place + 1:06}",
            amount=demand.amount,
            receipt_number=f"专{began:%Y}{place + 1:05}",
            **paid,
            **coded,
        )
    await scene.do(
        bureau,
        scene.on(began + timedelta(days=15)),
        fund_receipts.identify,
        id=receipt.id,
        demand_id=demands[1].id,
        reason="车位业主持回单核对（演示）",
    )


async def interest(scene: Scene, account_id: uuid.UUID) -> None:
    """What the bank credited for last year, shared among the accounts by day-weighted balance."""
    bank, year = login_of(scene.county.code, Role.BANK), _last_year(scene).year
    credited = date(year, 12, 21)
    await scene.do(
        bank,
        scene.on(credited),
        fund_incomes.record,
        bank_account_id=account_id,
        serial=f"LX{year}000001",
        kind=IncomeKind.DEMAND_INTEREST,
        amount=INTEREST,
        value_date=credited,
    )
    shared = scene.on(date(year + 1, 1, 8))
    await scene.do(scene.office(Role.BUREAU), shared, fund_incomes.distribute, bank_account_id=account_id, year=year)


async def bank_statements(scene: Scene, account_id: uuid.UUID) -> None:
    """Two statements: the first lacks the last payment, which the second has, and has a credit that the books lack."""
    bank, bureau = login_of(scene.county.code, Role.BANK), scene.office(Role.BUREAU)
    opened = _last_year(scene) - timedelta(days=40)
    moved = await _movements(scene, account_id, until=scene.day(31))
    opening = await _book_balance(scene, account_id, opened)
    unknown = _line("YH999000001", scene.day(40), UNKNOWN)
    first, late = [*map(_of, moved[:-1]), unknown], _of(moved[-1])
    closing = opening + sum(movement.amount for movement in moved[:-1]) + UNKNOWN
    await _hand_in(scene, account_id, "DZ0001", (opened, scene.day(31)), (opening, closing), first, ago=30)
    asked = await _difference(scene, UNKNOWN)
    await scene.do(bureau, scene.at(28), differences.ask_bank, id=asked, question="该笔贷记来源不明，请核（演示）")
    await scene.do(bank, scene.at(27), differences.answer, id=asked, answer="柜面现金缴存，未填缴款码（演示）")
    given: dict[str, Any] = {"resolution": Resolution.BOOKED, "explanation": "补记待查，待业主认领（演示）"}
    await scene.do(bureau, scene.at(26), differences.propose, id=asked, **given)
    colleague = scene.colleagues[Role.BUREAU, scene.county.code]
    await scene.do(colleague, scene.at(25), differences.confirm, id=asked, reason="与回单一致（演示）")
    days, balances = (scene.day(30), scene.day(3)), (closing, closing + moved[-1].amount)
    await _hand_in(scene, account_id, "DZ0002", days, balances, [late], ago=2)


async def _hand_in(
    scene: Scene,
    account_id: uuid.UUID,
    number: str,
    days: tuple[date, date],
    balances: tuple[int, int],
    lines: list[dict[str, Any]],
    *,
    ago: int,
) -> None:
    """A statement of the bank, and its comparison with the books, which the worker makes elsewhere."""
    await scene.do(
        login_of(scene.county.code, Role.BANK),
        scene.at(ago, 9),
        statements.hand_in,
        bank_account_id=account_id,
        number=number,
        period_from=days[0],
        period_to=days[1],
        opening_balance=balances[0],
        closing_balance=balances[1],
        line_count=len(lines),
        lines=lines,
    )
    await scene.clock(scene.at(ago, 10), reconcile, bank_account_id=account_id)


async def _movements(scene: Scene, account_id: uuid.UUID, until: date) -> list[BankMovement]:
    """What the bank reported as moved, in order."""

    async def look(uow: UnitOfWork) -> list[BankMovement]:
        found = await uow.session.scalars(
            select(BankMovement)
            .where(
                BankMovement.county == uow.county,
                BankMovement.bank_account_id == account_id,
                BankMovement.value_date <= until,
            )
            .order_by(BankMovement.value_date, BankMovement.id)
        )
        return list(found)

    return await scene.clock(scene.now, look)  # type: ignore[no-any-return]


async def _book_balance(scene: Scene, account_id: uuid.UUID, day: date) -> int:
    return await scene.clock(  # type: ignore[no-any-return]
        scene.now, custody.book_balance, bank_account_id=account_id, as_of=day
    )


async def _difference(scene: Scene, fen: int) -> uuid.UUID:
    """The open difference of this amount."""

    async def look(uow: UnitOfWork) -> uuid.UUID:
        found = await uow.session.scalars(
            select(BankDifference.id).where(BankDifference.county == uow.county, BankDifference.amount == fen)
        )
        return found.one()

    return await scene.clock(scene.now, look)  # type: ignore[no-any-return]


def _of(movement: BankMovement) -> dict[str, Any]:
    return _line(movement.serial, movement.value_date, movement.amount, movement.code)


def _line(serial: str, day: date, fen: int, code: str | None = None) -> dict[str, Any]:
    direction = Direction.IN if fen > 0 else Direction.OUT
    return {"serial": serial, "value_date": day, "amount": abs(fen), "direction": direction, "code": code}


def _last_year(scene: Scene) -> date:
    """The first day of the last year that is over by more than the sharing of its interest."""
    return date(scene.day(10).year - 1, 1, 1)

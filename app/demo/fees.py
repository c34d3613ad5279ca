"""Fees: what is charged and posted, 24 months of bills, payments at the bank and in cash, disputes, arrears."""

import uuid
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func

from app.demo import people
from app.demo.contracts import price_of
from app.demo.people import login_of
from app.demo.scene import Firm, Home, Scene, Site, months_before
from domain.bills import PAYABLE, ChargeBasis, ChargeCategory, DisputeOutcome
from domain.disclosures import DisclosureItem
from domain.estates import UnitUse
from domain.payments import Channel
from domain.roles import Role
from models.fees import ChargeItem, FeeBill
from resolvers import bill_runs, bills, charge_items, disclosures, receipts
from resolvers.unit_of_work import UnitOfWork

MONTHS = 24
HALF_YEAR = 6
_CONTACT = "社区居委会（演示）"

_BOARD = (
    (DisclosureItem.COMPANY_AND_LEADER, "企业与项目负责人", "营业执照、项目负责人、24小时服务电话（演示）"),
    (DisclosureItem.SERVICE_STANDARD, "服务标准", "三星服务内容和标准（演示）"),
    (DisclosureItem.COMMON_INCOME, "公共收益收支", "本期公共收益收支明细（虚构）"),
    (DisclosureItem.MAINTAINERS, "设施设备维保", "电梯、消防维保单位及应急预案（演示）"),
)


async def charges(scene: Scene, site: Site) -> None:
    """What the company posts on the board, and the charges that it defines and posts."""
    firm = scene.firms[site.plan.firm or ""]
    when = scene.on(scene.first_month, 14)

    async def post(uow: UnitOfWork) -> None:
        for item, title, body in _BOARD:
            await disclosures.post(
                uow, area_id=site.area_id, item=item, title=title, body=body, objection_contact=_CONTACT
            )
        made = [
            await charge_items.charge_item_define(uow, contract_id=site.contract_id or site.area_id, **given)
            for given in _items(scene, site)
        ]
        await uow.session.flush()  # the posting names them
        await charge_items.charge_items_disclose(
            uow, area_id=site.area_id, charge_item_ids=[item.id for item in made], objection_contact=_CONTACT
        )

    await scene.run(firm.admin_id, when, post)


def _items(scene: Scene, site: Site) -> list[dict[str, Any]]:
    uses = {home.use for home in site.homes}
    common = {
        "valid_from": scene.first_month,
        "service_content": "三星服务（演示，价格虚构）",
        "period_months": site.plan.billed,
    }
    items = [
        {
            "code": "WY-01",
            "name": "住宅物业服务费",
            "category": ChargeCategory.PROPERTY_SERVICE,
            "basis": ChargeBasis.AREA,
            "unit_use": UnitUse.DWELLING,
            "unit_price": price_of(site),
            "star": 3,
        }
    ]
    if UnitUse.SHOP in uses:
        items.append(
            {
                "code": "WY-02",
                "name": "商铺物业服务费",
                "category": ChargeCategory.PROPERTY_SERVICE,
                "basis": ChargeBasis.AREA,
                "unit_use": UnitUse.SHOP,
                "unit_price": 2 * price_of(site),
                "period_months": 12,
            }
        )
    if UnitUse.PARKING in uses:
        items.append(
            {
                "code": "TC-01",
                "name": "车位服务费",
                "category": ChargeCategory.PARKING,
                "basis": ChargeBasis.SPACE,
                "unit_price": 6_000,
                "period_months": 12,
            }
        )
    return [{**common, **item} for item in items]


async def billing(scene: Scene, site: Site) -> None:
    """The bill runs of 24 months, each on the second day of its period, and every half-year the payments."""
    firm = scene.firms[site.plan.firm or ""]

    async def of_the_area(uow: UnitOfWork) -> Sequence[ChargeItem]:
        found = uow.select(ChargeItem).where(ChargeItem.area_id == site.area_id).order_by(ChargeItem.code)
        return (await uow.session.scalars(found)).all()

    items: Sequence[ChargeItem] = await scene.run(firm.admin_id, scene.now, of_the_area)
    for month in range(MONTHS):
        first = months_before(scene.today, MONTHS - month)
        due = [item.id for item in items if month % item.period_months == 0]
        if due:
            await _issue(scene, firm, due, first)
        if month % HALF_YEAR == HALF_YEAR - 1:
            last = months_before(scene.today, MONTHS - month - 1)
            await _pay(scene, site, firm, month // HALF_YEAR, last - timedelta(days=6))


async def _issue(scene: Scene, firm: Firm, items: Sequence[uuid.UUID], first: date) -> None:
    async def issue(uow: UnitOfWork) -> None:
        for item_id in items:
            run = await bill_runs.bill_run_start(uow, charge_item_id=item_id, period_from=first)
            await uow.session.flush()
            while await bill_runs.issue(uow, bill_run_id=run.id):
                pass

    await scene.run(firm.admin_id, scene.on(first + timedelta(days=1), 9), issue)


def _pays(turn: int, half: int) -> tuple[int, Channel] | None:
    """The percentage of what is open that a unit pays after a half-year, and how: most pay, some late, some not."""
    if turn % 9 == 8 or (turn % 4 and half % 2 == 0):  # some never pay, most once a year
        return None
    if turn == 0 and half == 3:  # the resident who signs in has something left to pay
        return None
    if turn % 9 == 6 and half >= 2:
        return None
    if turn % 9 == 4 and half == 3:
        return 40, Channel.CASH
    channel = Channel.BANK if turn % 2 == 0 else (Channel.CASH, Channel.TRANSFER)[turn // 2 % 2]
    return (110 if turn % 9 == 2 and half == 3 else 100), channel


async def _pay(scene: Scene, site: Site, firm: Firm, half: int, on: date) -> None:
    """Payments of a half-year: at the bank's counter through its client, and at the company's desk."""
    for at_bank, who in ((True, login_of(scene.county.code, Role.BANK)), (False, firm.admin_id)):

        async def record(uow: UnitOfWork, at_bank: bool = at_bank) -> None:
            owed = await _owed(uow, site)
            for turn, home in enumerate(site.homes):
                percent, channel = _pays(turn, half) or (0, Channel.BANK)
                amount = owed.get(home.id, 0) * percent // 100
                if amount and (channel is Channel.BANK) is at_bank:
                    await receipts.payment_record(
                        uow,
                        unit_id=home.id,
                        company_id=firm.id,
                        amount=amount,
                        channel=channel,
                        reference=f"YS{uow.today:%Y%m}{scene.serial():06}",
                        received_on=uow.today,
                        payer_name=people.name(scene),
                    )

        await scene.run(who, scene.on(on, 15), record)


async def _owed(uow: UnitOfWork, site: Site) -> dict[uuid.UUID, int]:
    """What each unit of the area can pay now, in fen."""
    outstanding = func.sum(FeeBill.amount + FeeBill.adjusted - FeeBill.settled)
    found = await uow.session.execute(
        uow.select(FeeBill)
        .with_only_columns(FeeBill.unit_id, outstanding)
        .where(FeeBill.area_id == site.area_id, FeeBill.state.in_(sorted(PAYABLE)))
        .group_by(FeeBill.unit_id)
    )
    return {unit_id: int(fen) for unit_id, fen in found}


async def disputes(scene: Scene, site: Site) -> None:
    """Bills that residents dispute: new, overdue for an answer, answered either way, taken back."""
    firm = scene.firms[site.plan.firm or ""]
    residents = [home for home in site.homes if home.account_id and home.use == UnitUse.DWELLING]
    first, second = residents[0], residents[1]
    stories = (
        (first, 3, None),
        (second, 16, None),
        (first, 60, DisputeOutcome.UPHELD),
        (second, 90, DisputeOutcome.ADJUSTED),
    )
    for turn, (home, ago, outcome) in enumerate(stories):
        bill_id = await _bill_of(scene, home, turn)
        await scene.do(
            home.account_id or home.id,
            scene.at(ago),
            bills.bill_dispute,
            id=bill_id,
            reason="公共区域保洁不到位，申请核减（演示）",
        )
        if outcome is not None:
            reduction = 500 if outcome is DisputeOutcome.ADJUSTED else None
            await scene.do(
                firm.admin_id,
                scene.at(ago - 5),
                bills.bill_dispute_answer,
                id=bill_id,
                outcome=outcome,
                answer="已核实（演示）",
                reduction=reduction,
            )
    withdrawn = await _bill_of(scene, first, len(stories))
    await scene.do(
        first.account_id or first.id, scene.at(30), bills.bill_dispute, id=withdrawn, reason="重复计费（演示）"
    )
    await scene.do(first.account_id or first.id, scene.at(28), bills.bill_dispute_withdraw, id=withdrawn)


async def _bill_of(scene: Scene, home: Home, turn: int) -> uuid.UUID:
    """One of the unit's bills, newest first."""

    async def look(uow: UnitOfWork) -> uuid.UUID:
        found = await uow.session.scalars(
            uow.select(FeeBill)
            .with_only_columns(FeeBill.id)
            .where(FeeBill.unit_id == home.id)
            .order_by(FeeBill.period_from.desc(), FeeBill.id)
            .offset(turn)
            .limit(1)
        )
        return found.one()

    return await scene.run(home.account_id or home.id, scene.now, look)  # type: ignore[no-any-return]

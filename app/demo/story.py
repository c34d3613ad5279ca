"""The chapters of a county, in the order in which they are told: register, bodies, firms, contracts, fees, cases, today."""

from collections.abc import Awaitable, Callable
from functools import partial

from app.demo import bodies, contracts, emergencies, fees, firms, fund_year, funds, inspections, people, register
from app.demo.county import EstatePlan
from app.demo.scene import Scene, Site
from domain.companies import StaffKind
from domain.roles import Role
from resolvers import companies, filing_partners

Chapter = Callable[[], Awaitable[None]]


def chapters(scene: Scene) -> list[Chapter]:
    """What is to be told; each chapter is done before the next begins."""
    county = scene.county
    of_area: dict[str, list[EstatePlan]] = {}
    for plan in county.estates:
        of_area.setdefault(plan.area or plan.key, []).append(plan)
    leading = [plans[0] for plans in of_area.values()]
    told: list[Chapter] = [partial(people.offices, scene), partial(people.partners, scene)]
    told += [partial(contracts.issue_model_texts, scene)]
    told += [partial(register.estate, scene, plan) for plan in county.estates]
    told += [partial(register.area, scene, tuple(plans)) for plans in of_area.values()]
    told += [partial(_at, scene, bodies.body, plan.key) for plan in leading if plan.body]
    told += [partial(firms.firm, scene, firm) for firm in county.firms]
    told += [partial(_fresh, scene)]
    contracted = [plan.key for plan in leading if plan.contract]
    told += [partial(_at, scene, contracts.contract, key) for key in contracted]
    told += [partial(scene.tick, scene.on(scene.first_month))]
    told += [partial(_at, scene, contracts.run_on, key) for key in contracted]
    for plan in (plan for plan in leading if plan.billed):
        told += [partial(_at, scene, fees.charges, plan.key), partial(_at, scene, fees.billing, plan.key)]
    told += [partial(_at, scene, fees.disputes, "main"), partial(_elsewhere, scene), partial(_refer, scene)]
    told += [partial(_inspections, scene)]
    told += [partial(_ordinary, scene, word) for word in county.ordinary]
    told += [partial(_emergency, scene, word) for word in county.emergencies]
    if "fund_year" in county.stories:
        told += [partial(_at, scene, fund_year.story, "main")]
    told += [partial(scene.tick, scene.now)]
    return told


async def _at(scene: Scene, chapter: Callable[[Scene, Site], Awaitable[None]], key: str) -> None:
    await chapter(scene, scene.sites[key])
    scene.forget()


async def _fresh(scene: Scene) -> None:
    scene.forget()


async def _elsewhere(scene: Scene) -> None:
    """Somebody who lives in another county works for the first firm here."""
    if "works_here" not in scene.county.stories:
        return
    firm = scene.firms["A"]
    await scene.do(
        firm.admin_id,
        scene.at(100),
        companies.staff_enroll,
        company_id=firm.id,
        name=people.BOTH_NAME,
        kind=StaffKind.SERVICE,
        post="收费员",
        employed_from=scene.day(100),
        phone=people.BOTH_PHONE,
    )


async def _refer(scene: Scene) -> None:
    """The bureau opens a firm and an area to the court for one case (PRI-4)."""
    await scene.do(
        scene.office(Role.BUREAU),
        scene.at(5),
        filing_partners.refer,
        client_id=people.login_of(scene.county.code, Role.COURT),
        purpose="物业服务合同纠纷审理（演示）",
        legal_basis="民事诉讼法第七十条（演示）",
        case_number="（演示）民初1号",
        scope=["filings", "documents"],
        expires_on=scene.day(-60),
        company_ids=[scene.firms["A"].id],
        area_ids=[scene.sites["main"].area_id],
    )


async def _inspections(scene: Scene) -> None:
    """Inspections of the estates that are served, in turn."""
    plan_id = await inspections.plan(scene)
    served = [
        scene.sites[plan.key]
        for plan in scene.county.estates
        if plan.firm
        and contracts.COURSES.get(plan.contract or "", contracts.COURSES["DRAFT"]).starts_in is None
        and "terminate" not in contracts.COURSES[plan.contract or ""].then
    ]
    main = scene.sites["main"]
    for turn, word in enumerate(scene.county.inspections):
        site = main if word in ("ORDERED_DUE", "OVERDUE", "ORDERED") else served[turn % len(served)]
        await inspections.inspection(scene, plan_id, site, word)


async def _ordinary(scene: Scene, word: str) -> None:
    await funds.ordinary(scene, scene.sites["main"], word)


async def _emergency(scene: Scene, word: str) -> None:
    """Emergencies of the main estate; those that an office files are of one without a body, near by."""
    site = scene.sites["bodiless" if "OFFICE" in word else "main"]
    await emergencies.emergency(scene, site, word)

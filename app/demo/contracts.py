"""Service contracts and their filings in every state (SM-3), with project leaders, renewals and the problem list."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from app.demo import people
from app.demo.scene import Firm, Scene, Site
from domain.companies import StaffKind
from domain.contracts import ContractKind, ContractMode, EndReason, ProblemReason, SelectionBasis
from domain.documents import DocumentKind
from domain.filing_records import ModelTextKind
from domain.profiles.parameters import BuildingType
from domain.roles import Role
from models.companies import CompanyStaff
from models.contracts import ServiceContract
from models.filings import Filing
from resolvers import companies, contract_filings, contract_problems, contracts, filings, leaders, model_texts

_ORDER = ("DRAFT", "SIGNED", "SUBMITTED", "CHECKED", "FILED")
"""The steps of a filing."""

_YEARS = 1_460
"""Days of a contract that runs on."""

_FEN = {BuildingType.MULTI_STOREY: 70, BuildingType.MID_RISE: 110, BuildingType.HIGH_RISE: 140}
"""Invented prices per m² and month, below the invented ceilings of three stars."""


@dataclass(frozen=True)
class Course:
    """How a contract went: when it ended or ends, and what was done with it since."""

    stops: str = "FILED"
    """The last step of its filing: DRAFT, SIGNED, SUBMITTED, CHECKED, RETURNED, WITHDRAWN or FILED."""
    ago: int | None = None
    """Days since that step; without, it lies before the first bills."""
    ends_in: int = 400
    starts_in: int | None = None
    """Days to its first day; without, the first month that is billed."""
    then: tuple[str, ...] = field(default=())


COURSES = {
    "DRAFT": Course("DRAFT", 4, _YEARS, 30),
    "SIGNED": Course("SIGNED", 3, _YEARS, 30),
    "SIGNED_LATE": Course("SIGNED", 40, _YEARS, 30),
    "SUBMITTED": Course("SUBMITTED", 14, _YEARS, 30),
    "SUBMITTED_NEW": Course("SUBMITTED", 1, _YEARS, 30),
    "CHECKED": Course("CHECKED", 24, _YEARS, 30),
    "RETURNED": Course("RETURNED", 3, _YEARS, 30),
    "LAPSED": Course("RETURNED", 45, _YEARS, 30),
    "WITHDRAWN": Course("WITHDRAWN", 15, _YEARS, 30),
    "FILED": Course("FILED", 6, _YEARS, 20),
    "EFFECTIVE": Course(),
    "EXPIRING": Course(ends_in=0),
    "EXPIRING_SOON": Course(ends_in=45),
    "EXPIRED_CONTINUING": Course(ends_in=-20),
    "IRREGULAR": Course(then=("list",)),
    "IRREGULAR_OVERDUE": Course(then=("list_long_ago",)),
    "RENEWED": Course(ends_in=60, then=("renew",)),
    "TERMINATED": Course(then=("terminate",)),
    "RETURNED_NON_MODEL": Course(ends_in=70, then=("renew_on_own_text",)),
}


async def issue_model_texts(scene: Scene) -> None:
    """The county's model texts (GT-14)."""
    for kind, title in (
        (ModelTextKind.SERVICE_CONTRACT, "物业服务合同（示范文本，演示）"),
        (ModelTextKind.EARLY_STAGE_CONTRACT, "前期物业服务合同（示范文本，演示）"),
    ):
        issued = await scene.do(
            scene.office(Role.BUREAU),
            scene.at(scene.beginning),
            model_texts.issue,
            kind=kind,
            edition="演示版",
            title=title,
            basis="演示文号",
            valid_from=scene.day(scene.beginning),
        )
        scene.model_texts[kind.value] = issued.id


async def contract(scene: Scene, site: Site) -> None:
    """The contract of an area, as far as its filing goes, and its posting on the board."""
    course = COURSES[site.plan.contract or ""]
    firm = scene.firms[site.plan.firm or ""]
    starts = scene.first_month if course.starts_in is None else scene.day(-course.starts_in)
    await _file(scene, site, firm, course.stops, course.ago, starts, scene.day(-course.ends_in))
    if course.stops != "FILED":
        return
    await scene.do(
        firm.admin_id,
        scene.at(course.ago - 1 if course.ago else scene.beginning - 41),
        contract_filings.publish,
        id=site.contract_id,
        objection_contact=f"{scene.county.committee_office}（演示）",
    )


async def run_on(scene: Scene, site: Site) -> None:
    """What became of a contract since its first day: its project leader, its end, what followed."""
    course = COURSES[site.plan.contract or ""]
    if course.starts_in is not None:
        return
    firm = scene.firms[site.plan.firm or ""]
    await _lead(scene, site, firm, scene.first_month)
    if course.ends_in < 0:
        await scene.tick(scene.at(-course.ends_in - 1, hour=1))
    for what in course.then:
        await _FOLLOWING[what](scene, site, firm)


async def _file(
    scene: Scene,
    site: Site,
    firm: Firm,
    stops: str,
    ago: int | None,
    starts: date,
    ends: date,
    *,
    renews: ServiceContract | None = None,
    own_text: bool = False,
) -> ServiceContract:
    """Draft, sign, hand in, check and file, as far as ``stops``; ``ago`` is the day of the last step."""
    last = _ORDER.index(stops) if stops in _ORDER else _ORDER.index("SUBMITTED")
    final = scene.beginning - 40 if ago is None else ago
    taken_back = stops not in _ORDER
    days = {step: final + 2 * (last - place + taken_back) for place, step in enumerate(_ORDER[: last + 1])}
    terms = _terms(scene, site, starts, ends)
    if own_text:
        terms |= {"model_text_id": None, "title": f"{site.plan.name}物业服务合同（企业自拟文本）"}
    if renews is not None:
        terms["renews_id"] = renews.id
    made, filing = await scene.do(
        firm.admin_id, scene.at(days["DRAFT"]), contracts.draft, area_code=site.area_code, **terms
    )
    if renews is None:
        site.contract_id, site.filing_id, site.contract_ends_on = made.id, filing.id, ends
    if "SIGNED" in days:
        await _sign(scene, site, firm, made, days["SIGNED"])
    if "SUBMITTED" in days:
        # With a body the resolution comes now; without one the award came with the signature.
        papers = (DocumentKind.PRICE_ITEM, *((DocumentKind.OWNERS_RESOLUTION,) if site.chair_id else ()))
        await scene.do(firm.admin_id, scene.at(days["SUBMITTED"]), contracts.filing_submit, *papers, id=filing.id)
    if "CHECKED" in days:
        await _check(scene, site, filing, days["CHECKED"])
    if "FILED" in days:
        body = scene.profile.contract_filing_body
        office = scene.office(body, site.plan.township if body is Role.TOWNSHIP else None)
        await scene.do(office, scene.at(final), filings.approve, id=filing.id, signed=True, sealed=True)
    if stops == "WITHDRAWN":
        await scene.do(firm.admin_id, scene.at(final), filings.withdraw, id=filing.id, reason="双方另行协商（演示）")
    if stops == "RETURNED":
        reason = "续签合同未采用示范文本，请按示范文本修改（演示）" if own_text else "收费项目与合同不一致（演示）"
        office = scene.office(Role.TOWNSHIP, site.plan.township)
        await scene.do(office, scene.at(final), filings.return_, id=filing.id, reasons=[reason])
    return made  # type: ignore[no-any-return]


def _terms(scene: Scene, site: Site, starts: date, ends: date) -> dict[str, Any]:
    building = _building_type(site)
    price = _FEN[building]
    body = site.chair_id is not None
    kind = ContractKind.NORMAL if body else ContractKind.EARLY_STAGE
    text = ModelTextKind.SERVICE_CONTRACT if body else ModelTextKind.EARLY_STAGE_CONTRACT
    return {
        "kind": kind,
        "mode": ContractMode.LUMP_SUM,
        "title": f"{site.plan.name}{'' if body else '前期'}物业服务合同",
        "starts_on": starts,
        "ends_on": ends,
        "price_terms": f"住宅{price / 100:.2f}元/㎡·月（虚构）",
        "service_terms": "三星服务标准（演示）",
        "selection_basis": SelectionBasis.OWNERS_DECISION if body else SelectionBasis.TENDER,
        "unit_price": price,
        "building_type": building,
        "service_star": 3,
        "model_text_id": scene.model_texts[text.value],
        "adjustment_clause": True,
        "developer_name": None if body else "演示房地产开发有限公司（虚构）",
        "selection_reference": None if body else "演示招标2号",
        "selected_on": None if body else starts - timedelta(days=120),
    }


def price_of(site: Site) -> int:
    """What dwellings pay, in fen per m² and month."""
    return _FEN[_building_type(site)]


def _building_type(site: Site) -> BuildingType:
    """That of its first building; whatever is not a high-rise counts as walk-ups."""
    first = site.plan.buildings[0].kind
    return BuildingType(first) if first in BuildingType.__members__ else BuildingType.MULTI_STOREY


async def _sign(scene: Scene, site: Site, firm: Firm, made: ServiceContract, ago: int) -> None:
    if site.chair_id is None:
        papers = (DocumentKind.CONTRACT, DocumentKind.TENDER_RESULT)
        await scene.do(firm.admin_id, scene.at(ago), contracts.sign, *papers, id=made.id, signed_on=scene.day(ago))
        return
    await scene.do(
        site.chair_id,
        scene.at(ago),
        contracts.sign,
        DocumentKind.CONTRACT,
        id=made.id,
        signed_on=scene.day(ago),
        decision_reference=f"业主大会决议{scene.serial():03}号（演示）",
        decided_on=scene.day(ago + 3),
    )


async def _check(scene: Scene, site: Site, filing: Filing, ago: int) -> None:
    """The offices that the profile names; where one is enough, another one than the filing body."""
    profile = scene.profile
    roles = list(profile.contract_checks)
    if not profile.contract_checks_joined:
        roles = [next(role for role in reversed(roles) if role is not profile.contract_filing_body)]
    for role in roles:
        office = scene.office(role, site.plan.township if role is Role.TOWNSHIP else site.plan.place)
        await scene.do(office, scene.at(ago), filings.review, id=filing.id, opinion="材料属实（演示）")


async def _lead(scene: Scene, site: Site, firm: Firm, starts: date) -> None:
    """A project leader takes the post and, where the plan says so, reports to the residents' committee."""
    main = site.plan.key == "main"
    number, shown = people.phone(scene), people.name(scene)
    if main:
        async with scene.sessions.begin() as session:
            await people.open_account(scene, session, shown, login="leader", number=number)
    staff: CompanyStaff = await scene.do(
        firm.admin_id,
        scene.on(starts),
        companies.staff_enroll,
        company_id=firm.id,
        name=shown,
        kind=StaffKind.MANAGER,
        post="项目负责人",
        employed_from=starts,
        phone=number if main else None,
        area_id=site.area_id,
        certificate_number=f"YS{scene.serial():06}",
        certificate_name="物业经理证（演示）",
    )
    leader = await scene.do(
        firm.admin_id,
        scene.on(starts, 11),
        leaders.appoint,
        area_id=site.area_id,
        staff_id=staff.id,
        certificate_number=staff.certificate_number or "",
        appointed_on=starts,
        work_phone="演示热线 000-0000000",
    )
    if site.plan.led:
        office = scene.office(Role.COMMUNITY, site.plan.place)
        await scene.do(office, scene.on(starts + timedelta(days=3)), leaders.report, id=leader.id)


async def _list(scene: Scene, site: Site, firm: Firm, deadline: int = 0) -> None:
    await scene.do(
        scene.office(Role.TOWNSHIP, site.plan.township),
        scene.at(25),
        contract_problems.list_problem,
        id=site.contract_id,
        reason=ProblemReason.IRREGULAR,
        detail="服务标准未写明，应补充（演示）",
        deadline=scene.day(deadline),
    )


async def _list_long_ago(scene: Scene, site: Site, firm: Firm) -> None:
    await _list(scene, site, firm, deadline=6)


async def _renew(scene: Scene, site: Site, firm: Firm) -> None:
    """Another contract of the same firm is filed in time, and follows."""
    starts = scene.day(-61)
    former = await _former(scene, site, firm)
    successor = await _file(scene, site, firm, "FILED", 12, starts, starts + timedelta(days=_YEARS), renews=former)
    await scene.do(firm.admin_id, scene.at(8), contracts.renew, id=former.id, successor_id=successor.id)


async def _renew_on_own_text(scene: Scene, site: Site, firm: Firm) -> None:
    """A renewal that was written on the firm's own text comes back from the street (GT-16)."""
    starts = scene.day(-71)
    former = await _former(scene, site, firm)
    ends = starts + timedelta(days=_YEARS)
    await _file(scene, site, firm, "RETURNED", 4, starts, ends, renews=former, own_text=True)


async def _former(scene: Scene, site: Site, firm: Firm) -> ServiceContract:
    async def look(uow: Any) -> Any:
        return await uow.load(ServiceContract, site.contract_id)

    return await scene.run(firm.admin_id, scene.at(30), look)  # type: ignore[no-any-return]


async def _terminate(scene: Scene, site: Site, firm: Firm) -> None:
    await scene.do(
        firm.admin_id,
        scene.at(60),
        contracts.terminate,
        DocumentKind.TERMINATION_NOTICE,
        id=site.contract_id,
        end_reason=EndReason.MUTUAL,
        noticed_on=scene.day(75),
        ended_on=scene.day(60),
        reason="双方协商一致解除（演示）",
    )


_FOLLOWING = {
    "list": _list,
    "list_long_ago": _list_long_ago,
    "renew": _renew,
    "renew_on_own_text": _renew_on_own_text,
    "terminate": _terminate,
}

"""Property companies with their staff, and their filings in every state (SM-1)."""

from app.demo import people
from app.demo.county import FirmPlan
from app.demo.scene import Firm, Scene
from domain.companies import StaffKind
from domain.documents import DocumentKind
from domain.filing_records import CancellationTestKind
from domain.filings import CompanyFilingState
from domain.identifiers import make_credit_code
from domain.roles import Role
from models.companies import Company
from models.filings import Filing
from resolvers import companies, company_filings, filings
from resolvers.companies import StaffMember
from resolvers.unit_of_work import UnitOfWork

_S = CompanyFilingState
PAPERS = (
    DocumentKind.BUSINESS_LICENCE,
    DocumentKind.STAFF_LIST,
    DocumentKind.MANAGER_CERTIFICATE,
    DocumentKind.TRAINING_RECORD,
    DocumentKind.OFFICE_PROOF,
)
_STAFF = (
    (StaffKind.MANAGER, "物业经理", "物业经理证（演示）"),
    (StaffKind.TECHNICIAN, "工程主管", "电工证（演示）"),
)
_NOT_IN = frozenset({_S.DRAFT, _S.SUBMITTED, _S.UNDER_REVIEW, _S.RETURNED, _S.LAPSED, _S.WITHDRAWN})
"""States in which a filing has never been filed: told in recent days."""

_SUBMITTED_AGO = {_S.SUBMITTED: 9, _S.UNDER_REVIEW: 25, _S.RETURNED: 6, _S.LAPSED: 60, _S.WITHDRAWN: 20}


async def firm(scene: Scene, plan: FirmPlan) -> None:
    """A company entered in the register, and its filing taken as far as the plan says."""
    serial = scene.serial()
    main = plan.key == "A"
    state = _S(plan.filing)
    began = scene.beginning - 5 if state not in _NOT_IN else 90
    number = people.phone(scene)
    shown = people.name(scene)
    async with scene.sessions.begin() as session:
        admin_id = await people.open_account(scene, session, shown, login="company" if main else None, number=number)

    async def enter(uow: UnitOfWork) -> Company:
        company = await companies.register(
            uow,
            credit_code=make_credit_code(scene.county.number * 1_000_000 + serial),
            name=plan.name,
            township=scene.county.township,
            community=scene.county.home,
            licence_number=f"演示执照{serial:05}",
            legal_representative=people.name(scene),
            office_address=f"演示路{serial}号",
            service_phone="演示热线 000-0000000",
            complaint_phone="演示投诉 000-0000001",
            contact_name=shown,
            contact_phone=number,
            admin=StaffMember(name=shown, kind=StaffKind.ADMIN, post="经理", employed_from=uow.today, phone=number),
        )
        for kind, post, certificate in _STAFF if main or scene.profile.company_staff_checked else ():
            await companies.staff_enroll(
                uow,
                company_id=company.id,
                name=people.name(scene),
                kind=kind,
                post=post,
                employed_from=uow.today,
                certificate_number=f"YS{scene.serial():06}",
                certificate_name=certificate,
                trained_on=uow.today,
                training_name="岗前培训（演示）",
            )
        return company

    company = await scene.run(scene.office(Role.BUREAU), scene.at(began), enter)
    scene.firms[plan.key] = Firm(company.id, admin_id, plan.name)
    await _file(scene, plan, state, scene.firms[plan.key], began - 1)


async def _file(scene: Scene, plan: FirmPlan, state: CompanyFilingState, made: Firm, began: int) -> None:
    filing: Filing = await scene.do(made.admin_id, scene.at(began), company_filings.open_, company_id=made.id)
    if state is _S.DRAFT:
        return
    office = scene.office(scene.profile.company_filing_body, _place(scene))
    ago = _SUBMITTED_AGO.get(state, began - 1)
    await scene.do(made.admin_id, scene.at(ago), company_filings.submit, *PAPERS, id=filing.id)
    if state is _S.SUBMITTED:
        return
    if state is _S.WITHDRAWN:
        await scene.do(made.admin_id, scene.at(ago - 1), filings.withdraw, id=filing.id, reason="材料待补充")
        return
    await scene.do(office, scene.at(ago - 1), filings.take_in, id=filing.id)
    if state is _S.UNDER_REVIEW:
        return
    if state in (_S.RETURNED, _S.LAPSED):
        reasons = ["培训记录不完整", "办公场所证明缺盖章"]
        await scene.do(office, scene.at(ago - 3), filings.return_, id=filing.id, reasons=reasons)
        return
    for role in scene.profile.company_filing_reviews:
        await scene.do(scene.office(role, _home(scene, role)), scene.at(ago - 3), filings.review, id=filing.id)
    await scene.do(office, scene.at(ago - 4), filings.approve, id=filing.id, signed=True, sealed=True)
    await _after(scene, plan, state, filing, made)


async def _after(scene: Scene, plan: FirmPlan, state: CompanyFilingState, filing: Filing, made: Firm) -> None:
    """What became of a filed company."""
    bureau, market = scene.office(Role.BUREAU), scene.office(Role.MARKET)
    if plan.story == "blacklisted":
        await scene.do(
            bureau,
            scene.at(100),
            companies.blacklist_record,
            id=made.id,
            listed_on=scene.day(100),
            reason="擅自提高收费标准（演示）",
        )
    if state is _S.CHANGED:
        await scene.do(
            made.admin_id,
            scene.at(12),
            company_filings.change_report,
            DocumentKind.BUSINESS_LICENCE,
            id=filing.id,
            changed_on=scene.day(20),
            what="法定代表人变更",
        )
    if state in (_S.RECTIFYING, _S.SUSPENDED, _S.REMOVED):
        # Due today, or long ago where the company did not follow.
        by = scene.day(0 if plan.story == "due" else 7)
        await scene.do(
            bureau,
            scene.at(40),
            company_filings.rectification_order,
            id=filing.id,
            reason="项目负责人未到岗，限期整改",
            rectify_by=by,
        )
    if state is _S.SUSPENDED:
        await scene.do(bureau, scene.at(3), company_filings.suspend, id=filing.id, reason="逾期未整改")
    if state is _S.REMOVED:
        await scene.do(
            bureau, scene.at(3), company_filings.remove, id=filing.id, reason="拒不整改，予以清退", refused=True
        )
    if state is _S.CANCELLED:
        for test in CancellationTestKind:
            await scene.do(
                market,
                scene.at(15),
                company_filings.cancellation_test_record,
                id=filing.id,
                test=test,
                met=True,
                finding="现场核查属实（演示）",
            )
        for office in (market, bureau):
            await scene.do(
                office, scene.at(10), company_filings.cancel_zombie, id=filing.id, reason="三无企业，注销备案"
            )


def _place(scene: Scene) -> str:
    return _home(scene, scene.profile.company_filing_body)


def _home(scene: Scene, role: Role) -> str:
    """Where the office of a role sits that answers for the companies here."""
    return {Role.TOWNSHIP: scene.county.township, Role.COMMUNITY: scene.county.home}.get(role, scene.county.code)

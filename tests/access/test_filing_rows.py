"""Companies, bodies, contracts, filings, boards and documents: policies show exactly the rows that the matrix gives."""

from datetime import timedelta

from auth.actor import Actor
from domain.companies import StaffKind
from domain.contracts import ProblemReason
from domain.disclosures import DisclosureItem
from domain.filing_records import CancellationTestKind
from domain.roles import Role
from models.committees import Committee, CommitteeMember
from models.companies import Company, CompanyStaff, ProjectLeader
from models.contracts import ContractProblem, ServiceContract
from models.disclosures import Disclosure, DisclosureEntry, DisclosureProof
from models.documents import Document
from models.filings import CancellationTest, Filing, FilingSubmission, ModelText
from resolvers import company_filings, contract_problems, disclosures, leaders
from schema.api import graphql_schema
from schema.filing_partners import having_asked
from tests.access.matrix import Places
from tests.database import Database
from tests.engine.reference import ENTITY_OF, World
from tests.project import Project, paper, second_company

MODELS = (
    Company,
    CompanyStaff,
    ProjectLeader,
    Committee,
    CommitteeMember,
    ServiceContract,
    ContractProblem,
    Filing,
    FilingSubmission,
    CancellationTest,
    ModelText,
    Disclosure,
    DisclosureEntry,
    DisclosureProof,
    Document,
)


async def lived_in(project: Project) -> dict[str, Actor]:
    """A county in which something of everything has happened, and who looks at it."""
    world = project.world
    filing = await project.filed_company()
    contract, _filing = await project.effective(starts_on=world.today + timedelta(days=1))
    await project.published(contract)
    await project.drafted(number="HT-DRAFT")
    await project.signed(number="HT-SIGNED")
    leader = await project.staff(StaffKind.MANAGER, phone=world.phone())
    await world.do(
        project.admin,
        leaders.appoint,
        area_id=project.area.id,
        staff_id=leader.id,
        certificate_number="P-1",
        appointed_on=world.today,
    )
    await world.do(
        project.bureau,
        contract_problems.list_problem,
        id=contract.id,
        reason=ProblemReason.IRREGULAR,
        detail="缺少附件",
        deadline=world.today + timedelta(days=9),
    )
    await world.do(
        project.market,
        company_filings.cancellation_test_record,
        id=filing.id,
        test=CancellationTestKind.NO_STAFF,
        met=False,
        finding="有人员",
    )
    for item in (DisclosureItem.SERVICE_STANDARD, DisclosureItem.CHARGES):
        posted = await world.do(
            project.admin,
            disclosures.post,
            area_id=project.area.id,
            item=item,
            title="公示",
            body="内容",
            objection_contact="社区",
        )
        await world.do(
            project.admin,
            disclosures.proof_add,
            id=posted.id,
            document_id=await paper(world, project.admin),
            place="公示栏",
            taken_at=world.now,
        )
    await paper(world, project.community)
    rival, rival_admin = await second_company(world, project.bureau)
    await world.do(rival_admin, company_filings.open_, company_id=rival.id)
    staff = (await world.rows(CompanyStaff, id=leader.id))[0]
    return {
        "owner": project.owner,
        "tenant": await world.person(Role.TENANT, unit_id=project.unit.id),
        "stranger": await world.person(Role.OWNER, unit_id=project.area.id),
        "chair": project.chair,
        "other committee": await world.person(Role.COMMITTEE, committee_id=rival.id, area_id=rival.id),
        "admin": project.admin,
        "leader and staff": await world.actor(account_id=staff.account_id),
        "rival": rival_admin,
        "community": project.community,
        "sibling community": await world.community_office(world.sibling_community),
        "township": project.street,
        "other township": await world.township_office(world.other_township),
        "bureau": project.bureau,
        "price": project.price,
        "market": project.market,
        "bank": having_asked(await world.person(Role.BANK, scopes=("filings:public",))),
        "silent bank": await world.person(Role.BANK, scopes=("filings:public",)),
        "court without scope": having_asked(await world.person(Role.COURT)),
    }


async def test_policies_show_the_matrixs_rows(project: Project, database: Database) -> None:
    graphql_schema()
    world = project.world
    actors = await lived_in(project)
    rows = World.load(database.superuser_url, {world.county})
    places = Places(rows, {model: entity.name for model, entity in ENTITY_OF.items()})
    for name, actor in actors.items():
        for model in MODELS:
            expected = {row.id for row in rows.rows[model] if places.sees(actor, model, row)}
            assert await world.sees(actor, model) == expected, f"{name} × {model.__name__}"
    counts = {name: len(await world.sees(actors[name], Filing)) for name in ("bank", "silent bank", "admin", "owner")}
    assert counts == {"bank": 2, "silent bank": 0, "admin": 4, "owner": 1}
    assert all(rows.rows[model] for model in MODELS), "every type has rows to judge"

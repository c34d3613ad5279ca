"""Who sees which case and which of its parts: the engine's answers equal those worked out from the hand-written matrix."""

import dataclasses
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from auth.actor import Actor
from domain.documents import DocumentKind
from domain.funds import EmergencyCode, FundScope
from domain.inspections import InspectionKind
from domain.roles import Role
from resolvers import emergency_funds, funds, inspections
from tests.access.matrix import Places
from tests.cases.conftest import Ask
from tests.database import Database
from tests.engine.reference import ENTITY_OF, Reference, World
from tests.stage import Place, Stage

PLAN: dict[str, Any] = {
    "scope": FundScope.ESTATE,
    "title": "维修",
    "description": "重做",
    "budget": 10_000,
    "warranty_checked": True,
}

EVERYTHING = """query {
  fundRequests { totalCount budgetSum countsByState { state count } nodes { id title state budget
    estate { id } area { id } company { id } committee { id } concernedUnit { id }
    shares { totalCount amountSum nodes { id amount bearer unit { id } building { id } } }
    siteChecks { totalCount nodes { role note } }
    reviews { totalCount nodes { role action } } events { totalCount nodes { action role } } } }
  inspections { totalCount countsByState { state count } nodes { id state report publishedText estate { id } company { id }
    plan { id inspectionCount checklist { totalCount nodes { matter } } }
    inspectors { totalCount nodes { name recusalReason signatures { totalCount } } }
    checkedItems { totalCount nodes { result item { matter } } }
    findings { totalCount } rectifications { totalCount } events { totalCount nodes { action } } } }
  inspectionPlans { totalCount nodes { id inspections { totalCount } } }
  auditEvents { totalCount nodes { id action } }
  viewer { tasks { totalCount nodes { id role title case { __typename ... on FundRequest { id } ... on Inspection { id } } } }
    doneTasks { totalCount } }
}"""


async def _cases(stage: Stage, place: Place) -> dict[str, Actor]:
    """Requests and inspections in several states, and people of every role that could see one of them."""
    company = await stage.actor(Role.COMPANY_ADMIN, company_id=await stage.company(place))
    own = {"company_id": company.grants[0].company_id}
    committee = await stage.committee(place)
    owner, neighbour = await stage.owner(place, 0), await stage.owner(place, 1)
    bureau = await stage.actor(Role.BUREAU)

    await stage.do(company, funds.draft, estate_id=place.estate.id, **PLAN)
    await stage.do(owner, funds.draft, estate_id=place.estate.id, **PLAN)
    posted = await stage.do(company, funds.draft, estate_id=place.estate.id, **PLAN)
    kinds = (DocumentKind.PLAN, DocumentKind.BUDGET, DocumentKind.POSTING_PROOF)
    papers = [(await stage.paper(company, kind)).id for kind in kinds]
    await stage.do(
        company,
        funds.post_plan,
        id=posted.id,
        posted_from=stage.today,
        posted_to=stage.today + timedelta(days=7),
        objection_contact="0533-1234567",
        document_ids=papers,
    )
    photo = await stage.paper(company, DocumentKind.PHOTO)
    emergency = await stage.do(
        company,
        emergency_funds.report,
        estate_id=place.estate.id,
        emergency_code=EmergencyCode.ELEVATOR,
        concerned_unit_id=place.units[0].id,
        document_ids=[photo.id],
        **PLAN,
    )
    await stage.do(owner, emergency_funds.check_site, id=emergency.id, is_emergency=True, note="被困")

    plan = await stage.do(
        bureau,
        inspections.plan_make,
        title="检查",
        kind=InspectionKind.ROUTINE,
        basis="INS-1",
        starts_on=stage.today,
        ends_on=stage.today + timedelta(days=9),
        matters=[{"matter": "公示", "basis": "TQ-69"}],
    )
    for _ in range(2):
        await stage.do(bureau, inspections.open_, plan_id=plan.id, estate_id=place.estate.id)
    return {
        "company": company,
        "leader": await stage.actor(Role.PROJECT_LEADER, **own, area_id=place.area.id, estate_id=place.estate.id),
        "leader elsewhere": await stage.actor(Role.PROJECT_LEADER, **own, area_id=stage_id(stage)),
        "staff": await stage.actor(Role.COMPANY_STAFF, **own),
        "other company": await stage.actor(Role.COMPANY_ADMIN, company_id=stage_id(stage)),
        "committee": committee,
        "owner": owner,
        "neighbour": neighbour,
        "tenant": await stage.actor(
            Role.TENANT, unit_id=place.units[1].id, estate_id=place.estate.id, area_id=place.area.id
        ),
        "stranger": await stage.owner(await stage.place(name="另一小区（演示）")),
        "community": await stage.actor(Role.COMMUNITY),
        "township": await stage.actor(Role.TOWNSHIP),
        "township elsewhere": await stage.actor(Role.TOWNSHIP, township=f"{stage.county}002"),
        "bureau": bureau,
        "price": await stage.actor(Role.PRICE),
        "market": await stage.actor(Role.MARKET),
        "bank": await stage.actor(Role.BANK, scopes=("fees:collect",)),
    }


def stage_id(stage: Stage) -> Any:
    """An id that names nothing in the county."""
    return stage.actors[0].account_id


@pytest.mark.parametrize("when", ["before the report", "once published"])
async def test_everybody_sees_what_the_matrix_says(live: Stage, ask: Ask, database: Database, when: str) -> None:
    place = await live.place(8_050, 12_025, 9_999)
    actors = await _cases(live, place)
    if when == "once published":
        await _publish_one(live)
    world = World.load(database.superuser_url, {live.county})
    places = Places(world, {model: entity.name for model, entity in ENTITY_OF.items()})
    for name, actor in actors.items():
        who = dataclasses.replace(actor, today=live.today)
        found = await ask(who, EVERYTHING)
        viewer = found.pop("viewer")
        reference = Reference(world, who, places.sees)
        expected = reference.answer(EVERYTHING[: EVERYTHING.index("  viewer")] + "}", {})["data"]
        wrong = list(differences(found, expected))
        assert not wrong, (name, "\n".join(wrong))
        # The queue, and what is done with, from the rows themselves.
        tasks = [row for row in world.rows[_model("Task")] if places.sees(who, _model("Task"), row)]
        assert viewer["tasks"]["totalCount"] == len([row for row in tasks if row.closed_at is None]), name
        assert viewer["doneTasks"]["totalCount"] == len([row for row in tasks if row.closed_at is not None]), name


def differences(found: Any, expected: Any, path: str = "") -> Iterator[str]:
    """Where two answers differ."""
    if isinstance(found, dict) and isinstance(expected, dict):
        for key in sorted(found.keys() | expected.keys()):
            yield from differences(found.get(key), expected.get(key), f"{path}.{key}")
    elif isinstance(found, list) and isinstance(expected, list) and len(found) == len(expected):
        for at, (one, other) in enumerate(zip(found, expected, strict=True)):
            yield from differences(one, other, f"{path}.{at}")
    elif found != expected:
        yield f"{path}: {found} instead of {expected}"


def _model(name: str) -> Any:
    return next(model for model, entity in ENTITY_OF.items() if entity.name == name)


async def _publish_one(stage: Stage) -> None:
    """Bring the newest inspection from its plan to a published, clean result."""
    from tests.inspections.test_api import _official

    chief, first, second = [await _official(stage, name) for name in ("丙", "甲", "乙")]
    newest = (await stage.rows(_model("Inspection")))[-1]
    (item,) = await stage.rows(_model("ChecklistItem"))
    named = [{"account_id": actor.account_id, "certificate": actor.display_name} for actor in (first, second)]
    await stage.do(chief, inspections.assign, id=newest.id, inspectors=named)
    await stage.do(
        first,
        inspections.report,
        id=newest.id,
        inspected_on=stage.today,
        report="未发现问题",
        checked=[{"checklist_item_id": item.id, "result": "CONFORMS"}],
    )
    await stage.do(second, inspections.sign, id=newest.id)
    await stage.do(chief, inspections.publish, id=newest.id, text="未发现问题")

"""Two people enter the same thing at the same moment: one is first, the other hears that it is there already."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

import pytest

from auth.actor import Actor
from domain.errors import ErrorCode, Refusal
from domain.estates import EstateKind, ServiceMode
from domain.filing_records import ModelTextKind
from domain.identifiers import make_credit_code
from models.base import CountyRow
from models.companies import Company
from models.contracts import ServiceContract
from models.estates import Estate
from models.filings import Filing, ModelText
from resolvers import companies, company_filings, contracts, estates, model_texts
from tests.project import Project
from tests.world import World

Attempt = Callable[[Project], tuple[Actor, Callable[..., Awaitable[Any]], dict[str, Any]]]


def _place(world: World) -> dict[str, Any]:
    return {"township": world.township, "community": world.community}


def a_contract(project: Project) -> tuple[Actor, Callable[..., Awaitable[Any]], dict[str, Any]]:
    return project.admin, contracts.draft, project.terms(number="HT-同号")


def a_company(project: Project) -> tuple[Actor, Callable[..., Awaitable[Any]], dict[str, Any]]:
    given = {"credit_code": make_credit_code(717171), "name": "演示物业乙", **_place(project.world)}
    return project.bureau, companies.register, given


def a_filing(project: Project) -> tuple[Actor, Callable[..., Awaitable[Any]], dict[str, Any]]:
    return project.admin, company_filings.open_, {"company_id": project.company.id}


def an_estate(project: Project) -> tuple[Actor, Callable[..., Awaitable[Any]], dict[str, Any]]:
    given = {
        "code": "E-同号",
        "name": "演示小区乙",
        "address": "演示路9号",
        "kind": EstateKind.COMMODITY,
        "service_mode": ServiceMode.COMPANY,
        **_place(project.world),
    }
    return project.bureau, estates.estate_register, given


def a_model_text(project: Project) -> tuple[Actor, Callable[..., Awaitable[Any]], dict[str, Any]]:
    given = {
        "kind": ModelTextKind.COVENANT,
        "edition": "2026版",
        "title": "管理规约（示范文本）",
        "basis": "演示文号",
        "valid_from": date(2026, 1, 1),
    }
    return project.bureau, model_texts.issue, given


@pytest.mark.parametrize(
    ("attempt", "model", "field"),
    [
        (a_contract, ServiceContract, "number"),
        (a_company, Company, "creditCode"),
        (a_filing, Filing, "companyId"),
        (an_estate, Estate, "code"),
        (a_model_text, ModelText, "edition"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
async def test_the_second_of_two_is_refused_as_registered(
    project: Project, attempt: Attempt, model: type[CountyRow], field: str
) -> None:
    world = project.world
    before = len(await world.rows(model))
    actor, command, inputs = attempt(project)
    outcomes = await asyncio.gather(*(world.do(actor, command, **inputs) for _ in range(4)), return_exceptions=True)
    refusals = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    assert len(refusals) == 3
    for refusal in refusals:
        assert isinstance(refusal, Refusal), repr(refusal)
        assert (refusal.code, refusal.field) == (ErrorCode.ALREADY_REGISTERED, field)
    assert len(await world.rows(model)) == before + 1

"""The guides' operations, run one after the other against the server as their readers would."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from auth.policies.contracts import FILINGS_PUBLIC
from auth.policies.fees import FEES_COLLECT
from domain.agreements import PartnerScope
from domain.custody import AccountPurpose
from domain.identifiers import make_account
from domain.roles import Role
from models.fees import FeeBill
from models.filings import FilingQueryLog
from models.payments import Payment
from resolvers import custody, fund_demands
from schema.engine.values import Ref, encode_id
from tests.docs.conftest import MONTHS, Shop
from tests.docs.test_guides import ROOT, operations
from tests.docs.told import guide
from tests.project import Project
from tests.world import World

Ask = Callable[..., Awaitable[Any]]


def asking(shop: Shop, token: str | None) -> Ask:
    """``await ask(document, **variables)`` gives ``data``; there must be no errors."""

    async def ask(document: str, **variables: Any) -> Any:
        headers = {"accept": "application/graphql-response+json", "accept-language": "en"}
        if token is not None:
            headers["authorization"] = f"Bearer {token}"
        async with httpx.AsyncClient(base_url=shop.url, timeout=30) as client:
            answer = await client.post("/graphql", json={"query": document, "variables": variables}, headers=headers)
        body = answer.json()
        assert (answer.status_code, body.get("errors")) == (200, None), f"{document}\n{answer.text}"
        return body["data"]

    return ask


async def partner(shop: Shop, world: World, role: Role, *scopes: str) -> Ask:
    """A partner of a county that got its token as partners.md says."""
    return await signed_in(shop, *await shop.client(world, role, *scopes))


async def signed_in(shop: Shop, name: str, secret: str) -> Ask:
    """A partner's client with a token of its own."""
    async with httpx.AsyncClient(base_url=shop.url, timeout=30) as client:
        answer = await client.post("/oauth/token", auth=(name, secret), data={"grant_type": "client_credentials"})
    assert answer.status_code == 200, answer.text
    return asking(shop, answer.json()["access_token"])


async def test_a_bank_collects_fees(shop: Shop) -> None:
    world = shop.market.world
    told = guide("docs/partners.md")
    bank = await partner(shop, world, Role.BANK, FEES_COLLECT)
    [bill, *_] = await shop.market.bills(unit_id=shop.market.units[0].id, state="ISSUED")
    owed = (await bank(told["Owed"][0], number=bill.number))["feeBills"]["nodes"]
    assert [(one["number"], one["outstanding"], one["availableActions"]) for one in owed] == [
        (bill.number, 10_800, ["PAY"])
    ]

    pay, given = told["Pay"]
    assert given is not None
    today = world.today.isoformat()
    given = {"input": {**given["input"], "id": owed[0]["id"], "amount": 10_800, "receivedOn": today}}
    paid = (await bank(pay, **given))["feeBillPay"]
    assert (paid["userErrors"], paid["replayed"], paid["bill"]["state"]) == ([], False, "PAID")
    again = (await bank(pay, **given))["feeBillPay"]
    assert again == {**paid, "replayed": True}
    other = {"input": {**given["input"], "amount": 1}}
    [refused] = (await bank(pay, **other))["feeBillPay"]["userErrors"]
    assert (refused["code"], refused["field"]) == ("IDEMPOTENCY_KEY_REUSED", "idempotencyKey")

    day, batch = told["Day"]
    assert batch is not None
    [item] = batch["input"]["items"]
    # The market's company was never filed, so that the bank does not see it; its id is known from the agreement.
    company = encode_id(Ref("Company", world.county, shop.market.company.id))
    item = {**item, "unitId": owed[0]["unitId"], "companyId": company, "receivedOn": today}
    wrong = {**item, "reference": "20260302-000019", "amount": 0}
    results = (await bank(day, input={**batch["input"], "items": [item, wrong]}))["paymentRecord"]["results"]
    assert [(one["index"], [error["code"] for error in one["userErrors"]]) for one in results] == [
        (0, []),
        (1, ["OUT_OF_RANGE"]),
    ]

    seen = (await bank(told["Reconcile"][0], day=today))["payments"]
    assert (seen["totalCount"], seen["amountSum"]) == (2, 60_800)
    stored = await world.rows(Payment)
    assert {(one.reference, one.amount) for one in stored} >= {
        ("20260302-000017", 10_800),
        ("20260302-000018", 50_000),
    }
    [settled] = await world.rows(FeeBill, id=bill.id)
    assert (settled.state, settled.settled) == ("PAID", 10_800)


async def test_a_bank_posts_deposits_to_the_maintenance_fund(shop: Shop) -> None:
    market, world = shop.market, shop.market.world
    name, secret = await shop.client(world, Role.BANK, PartnerScope.FUNDS_CUSTODY.value)
    bank, told = await signed_in(shop, name, secret), guide("docs/partners.md")
    account = await world.do(
        market.bureau,
        custody.register,
        number=make_account(77),
        purpose=AccountPurpose.FUND,
        name="维修资金专户（演示）",
        bank_name="演示银行（虚构）",
        bank_code="999999000001",
        client_id=name,
        opened_on=world.today,
    )
    await world.do(market.bureau, custody.assign, id=account.id, area_ids=[market.area.id])
    claim = {"holder": "演示置业（虚构）", "amount": 532_500, "basis": "审计报告（演示）", "due_on": world.today}
    place = {"estate_id": market.estate.id, "area_id": market.area.id}
    demand = await world.do(market.bureau, fund_demands.issue_collection, **place, **claim)
    [seen] = (await bank(told["Demanded"][0], code=demand.code))["fundDemands"]["nodes"]
    assert (seen["payerName"], seen["outstanding"], seen["state"]) == ("演示置业（虚构）", 532_500, "OPEN")
    report, given = told["Deposits"]
    assert given is not None
    [item] = given["input"]["items"]
    here = {"bankAccountId": encode_id(Ref("BankAccount", world.county, account.id)), "valueDate": str(world.today)}
    right = {**item, **here, "code": demand.code}
    unknown = {**item, **here, "serial": "20260302-000022", "receiptNumber": None}
    results = (await bank(report, input={**given["input"], "items": [right, unknown]}))["fundDepositRecord"]["results"]
    assert [(one["receipt"]["state"], one["receipt"]["suspenseCause"]) for one in results] == [
        ("POSTED", None),
        ("SUSPENSE", "UNKNOWN_CODE"),
    ]
    changed = (await bank(told["DepositsChanged"][0], since="2026-01-01T00:00:00Z"))["fundReceipts"]["nodes"]
    assert {one["serial"] for one in changed} == {"20260302-000021", "20260302-000022"}


async def test_a_court_looks_a_filing_up(shop: Shop) -> None:
    world = replace(shop.market.world, county="620724")
    project = await Project.build(await world.settle())
    filing = await project.filed_company()
    [filed] = await world.rows(type(filing), id=filing.id)
    told = guide("docs/partners.md")
    court = await partner(shop, world, Role.COURT, FILINGS_PUBLIC)
    document, given = told["EffectiveFilings"]
    assert given is not None
    variables = {**given, "where": {"creditCode": project.company.credit_code, "asOf": world.today.isoformat()}}
    [seen] = (await court(document, **variables))["filings"]["nodes"]
    assert (seen["certificateNumber"], seen["digest"], seen["isEffective"]) == (
        filed.certificate_number,
        filed.digest,
        True,
    )
    await court(told["Changed"][0], since=seen["updatedAt"])

    logged = (await court(told["OnRecord"][0]))["filingQueries"]["nodes"]
    assert [(one["caseNumber"], one["purpose"], one["count"]) for one in logged] == [
        (None, "登记核验", 1),
        (given["purpose"]["caseNumber"], None, 1),
    ]
    assert len(await world.rows(FilingQueryLog)) == 2

    anybody = asking(shop, None)
    verified = (await anybody(told["Verify"][0], number=seen["certificateNumber"], digest=seen["digest"]))[
        "filingVerify"
    ]
    assert (verified["matches"], verified["current"], verified["effective"]) == (True, True, True)


@pytest.mark.parametrize("who", ["owner", "bureau"])
async def test_what_the_other_guides_read_can_be_read(shop: Shop, who: str) -> None:
    """Queries of README, clients.md and mini-programs.md, with variables where they want some."""
    market = shop.market
    actor = (await shop.owner(1, "王小明"))[0] if who == "owner" else market.bureau
    ask = asking(shop, await shop.token(actor))
    variables = {"since": "2026-01-01T00:00:00+08:00", "key": "never-used", "first": 2}
    variables |= {"from": "2026-01-01", "to": "2026-12-31"}
    variables["area"] = encode_id(Ref("PropertyArea", market.world.county, market.area.id))
    read = 0
    for name in ("README.md", "docs/clients.md", "docs/mini-programs.md"):
        for text, _ in operations(ROOT / name):
            if text.startswith("query"):
                wanted = {one: value for one, value in variables.items() if f"${one}:" in text}
                await ask(text, **wanted)
                read += 1
    assert read > 6
    first = (await ask(guide("README.md")["FirstLook"][0]))["feeBills"]["totalCount"]
    assert first <= (MONTHS if who == "owner" else 3 * MONTHS)


async def test_an_id_of_the_guides_is_of_the_form_that_ids_have(shop: Shop) -> None:
    """The ids in the examples are made up, but look like the real ones."""
    real = encode_id(Ref("FeeBill", shop.market.world.county, shop.market.units[0].id))
    _, given = guide("docs/partners.md")["Pay"]
    assert given is not None
    assert [len(part) for part in given["input"]["id"].split("_")] == [len(part) for part in real.split("_")]

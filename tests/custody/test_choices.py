"""Owners choose who manages their maintenance fund, and the bureau has their money transferred (FUND-6, TQ-107)."""

from datetime import date, timedelta
from typing import Any

import pytest

from domain.custody import AccountHolder, AccountPurpose
from domain.identifiers import make_account
from domain.ledger import AccountKind, TransactionKind, credit, debit
from domain.roles import Role
from models.custodians import CustodyTransfer
from models.custody import Custody
from models.payment_instructions import PaymentInstruction
from models.votes import Vote
from resolvers import custody, ledger, votes
from resolvers.unit_of_work import UnitOfWork
from tests.acts import Ask, done, opaque, refusal, row_of
from tests.stage import Stage
from tests.votes.electorate import CONTACT, Electorate

SHOWN = "custodyChoice { id state holder vote { items { nodes { matter mode } } } }"


@pytest.mark.rule("FUND-6")
@pytest.mark.requirement("TQ-107")
async def test_owners_take_their_fund_over_and_the_money_is_due_in_thirty_days(live: Stage, ask: Ask) -> None:
    begun = live.today
    bureau, old, new = await live.actor(Role.BUREAU), await live.bank(), await live.bank()
    place, neighbours = await live.place(), await live.place()
    account = await live.bank_account(old, place, neighbours)
    own = await live.do(
        bureau,
        custody.register,
        number=make_account(901),
        purpose=AccountPurpose.FUND,
        name="测试花园业主大会（演示）",
        bank_name="演示银行（虚构）城南支行",
        bank_code="999999000001",
        client_id=new.client_id,
        opened_on=date(2020, 1, 1),
        holder=AccountHolder.ASSEMBLY,
    )

    async def paid_in(uow: UnitOfWork) -> None:
        """Commodity housing's deposits of two areas, and what the seller of public housing paid in for a building."""
        seller = await ledger.account(uow, AccountKind.BUILDING_FUND, building_id=place.building.id)
        at_bank = await custody.fund_money(uow, building_id=place.building.id)
        lines = [debit(at_bank, 4_000), credit(seller, 4_000)]
        await ledger.post(uow, TransactionKind.FUND_DEPOSIT, lines, reason="售房单位交存")
        for owners, fen in ((place, 10_000), (neighbours, 7_000)):
            theirs = await ledger.account(uow, AccountKind.UNIT_FUND, unit_id=owners.units[0].id)
            money = await custody.fund_money(uow, area_id=owners.area.id)
            await ledger.post(
                uow, TransactionKind.FUND_DEPOSIT, [debit(money, fen), credit(theirs, fen)], reason="交存"
            )

    async def held(uow: UnitOfWork) -> tuple[int, int]:
        return await custody.book_balance(uow, account.id), await custody.book_balance(uow, own.id)

    await live.do(bureau, paid_in)
    area = {"areaId": opaque(live.county, "PropertyArea", place.area)}
    # Until there is an assembly with a body in office the bureau keeps it.
    community = await live.actor(Role.COMMUNITY)
    early = await refusal(ask, community, "custodyChoicePropose", **area, holder="ASSEMBLY")
    assert early == ("ACTION_NOT_AVAILABLE", "areaId")
    electorate = await Electorate.build(live, place)
    committee = electorate.committee

    async def decided(holder: str) -> str:
        choice = await done(ask, committee, "custodyChoicePropose", SHOWN, **area, holder=holder)
        items = {"nodes": [{"matter": "OTHER", "mode": "STANDARD"}]}
        id: str = choice.pop("id")
        assert choice == {"state": "PROPOSED", "holder": holder, "vote": {"items": items}}
        twice = await refusal(ask, committee, "custodyChoicePropose", **area, holder=holder)
        assert twice == ("ALREADY_REGISTERED", "areaId")
        vote = await electorate.opened((await live.rows(Vote))[-1])
        for at in range(3):
            await electorate.cast(vote, at, "FOR")
        await electorate.final(vote)
        return id

    # To leave it where it is needs no transfer.
    shown = "state decidedOn transferDueOn isOverdue carriedOutOn"
    kept = await row_of(ask, committee, await decided("BUREAU"), shown)
    day = live.today.isoformat()
    quiet: dict[str, Any] = {"transferDueOn": None, "isOverdue": False}
    assert kept == {"state": "CARRIED_OUT", "decidedOn": day, "carriedOutOn": day, **quiet}

    choice = await decided("ASSEMBLY")
    due = (live.today + timedelta(days=30)).isoformat()
    waiting = {"state": "DECIDED", "decidedOn": live.today.isoformat(), "transferDueOn": due, "isOverdue": False}
    assert await row_of(ask, electorate.owners[0], choice, shown) == {**waiting, "carriedOutOn": None}
    order = {"id": choice, "toAccountId": opaque(live.county, "BankAccount", own)}
    assert await refusal(ask, committee, "custodyChoiceTransfer", **order) == ("FORBIDDEN_ROLE", None)
    wrong = {**order, "toAccountId": opaque(live.county, "BankAccount", account)}
    assert await refusal(ask, bureau, "custodyChoiceTransfer", **wrong) == ("INVALID_INPUT", "toAccountId")
    assert await live.do(bureau, held) == (21_000, 0)
    await done(ask, bureau, "custodyChoiceTransfer", "custodyChoice { state }", **order)
    assert await refusal(ask, bureau, "custodyChoiceTransfer", **order) == ("ACTION_NOT_AVAILABLE", "id")
    paid = {"valueDate": begun.isoformat()}
    for at, instruction in enumerate(await live.rows(PaymentInstruction)):
        id = opaque(live.county, "PaymentInstruction", instruction)
        await done(ask, old, "paymentInstructionAcknowledge", "paymentInstruction { state }", id=id)
        await done(
            ask, old, "paymentInstructionExecuted", "paymentInstruction { state }", id=id, serial=f"O-{at}", **paid
        )
    assert await live.do(bureau, held) == (7_000, 0)  # in transit; the neighbours' stays
    for at, transfer in enumerate(await live.rows(CustodyTransfer)):
        id = opaque(live.county, "CustodyTransfer", transfer)
        await done(ask, new, "custodyTransferArrived", "transfer { state }", id=id, serial=f"N-{at}", **paid)
    assert await live.do(bureau, held) == (7_000, 14_000)
    assert (await row_of(ask, committee, choice, "state isOverdue")) == {"state": "CARRIED_OUT", "isOverdue": False}
    current = await live.rows(Custody, area_id=place.area.id, valid_to=None)
    assert [row.bank_account_id for row in current] == [own.id]


@pytest.mark.rule("FUND-6", "V-21")
async def test_a_choice_that_is_annulled_moves_nothing(live: Stage, ask: Ask) -> None:
    place = await live.place(10_000)
    electorate = await Electorate.build(live, place)
    area = {"areaId": opaque(live.county, "PropertyArea", place.area)}
    choice = await done(ask, electorate.committee, "custodyChoicePropose", SHOWN, **area, holder="ASSEMBLY")
    vote = await electorate.opened(await live.row(Vote))
    await electorate.cast(vote, 0, "FOR")
    await electorate.final(vote)
    assert (await row_of(ask, electorate.committee, choice["id"], "state"))["state"] == "DECIDED"
    await live.do(await live.actor(Role.TOWNSHIP), votes.annul, id=vote.id, reason="送达造假", **CONTACT)
    assert (await row_of(ask, electorate.committee, choice["id"], "state"))["state"] == "ANNULLED"

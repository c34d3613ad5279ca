"""A unit that passes on takes its account in the maintenance fund along: the buyer reads all of it, the seller nothing more."""

from datetime import timedelta

import pytest

from domain.identifiers import make_phone
from domain.ledger import AccountKind
from models.ledger import LedgerAccount, Posting
from resolvers import ledger, people
from resolvers.unit_of_work import UnitOfWork
from tests.estates import places
from tests.estates.test_people import account_with_phone, flat_of
from tests.world import World


@pytest.mark.rule("FUND-7")
async def test_the_balance_passes_with_the_unit_and_its_statement_to_the_buyer(world: World) -> None:
    flat = await flat_of(world)
    seller_id, buyer_id = [await account_with_phone(world, make_phone(number)) for number in (61, 62)]
    await places.owned(world, flat, 61)
    bureau = await world.bureau()

    async def opened(uow: UnitOfWork) -> None:
        account_id = await ledger.account(uow, AccountKind.UNIT_FUND, unit_id=flat.id)
        await ledger.open_balance(uow, account_id, 532_500, as_of=uow.today, attested_by="交存票据（演示）")

    await world.do(bureau, opened)
    (account,) = await world.rows(LedgerAccount, kind=AccountKind.UNIT_FUND.value)
    (posting,) = await world.rows(Posting, account_id=account.id)
    seller, buyer = [await world.actor(account_id=each) for each in (seller_id, buyer_id)]
    assert await world.sees(seller, LedgerAccount) == {account.id}
    assert world.county not in buyer.counties
    world.now += timedelta(days=10)
    holders = [{"person": places.person(62)}]
    await world.do(
        await world.bureau(),
        people.ownership_transfer,
        unit_id=flat.id,
        kind="SOLE",
        holders=holders,
        on=world.today,
        reason="买卖",
    )
    seller, buyer = [await world.actor(account_id=each) for each in (seller_id, buyer_id)]
    assert world.county not in seller.counties
    assert await world.sees(buyer, LedgerAccount) == {account.id}
    assert await world.sees(buyer, Posting) == {posting.id}  # the whole history, not from the purchase on

    async def held(uow: UnitOfWork) -> int:
        return await ledger.balance(uow.session, uow.county, account.id)

    assert await world.do(bureau, held) == 532_500

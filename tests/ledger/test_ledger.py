"""The ledger's core: only balanced entries, nothing below zero, one reversal, balances of any day."""

import asyncio
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from auth.actor import Actor
from domain.errors import ErrorCode, Refusal
from domain.ledger import NEVER_NEGATIVE, NORMAL_SIDE, OWNED_BY, AccountKind, Line, Side, TransactionKind, credit, debit
from domain.roles import Role
from models.base import new_id
from models.estates import PropertyArea
from models.ledger import LedgerAccount, LedgerTransaction
from resolvers import ledger
from resolvers.unit_of_work import UnitOfWork, set_fuse
from tests.world import World

KINDS = (AccountKind.BANK, AccountKind.AREA_FUND, AccountKind.EARMARK, AccountKind.EARMARK_CONTRA, AccountKind.SUSPENSE)


class Books:
    """One property area's accounts, and shorthand for commands on them."""

    def __init__(self, world: World, clerk: Actor, accounts: dict[AccountKind, UUID]) -> None:
        self.world, self.clerk, self.accounts = world, clerk, accounts

    def __getitem__(self, kind: AccountKind) -> UUID:
        return self.accounts[kind]

    async def post(self, *lines: Line, kind: TransactionKind = TransactionKind.FUND_DEPOSIT, **options: Any) -> UUID:
        return await self.world.do(  # type: ignore[no-any-return]
            self.clerk, ledger.post, kind=kind, lines=lines, reason="test", **options
        )

    async def deposit(self, fen: int, **options: Any) -> UUID:
        return await self.post(debit(self[AccountKind.BANK], fen), credit(self[AccountKind.AREA_FUND], fen), **options)

    async def spend(self, fen: int) -> UUID:
        return await self.post(debit(self[AccountKind.AREA_FUND], fen), credit(self[AccountKind.BANK], fen))

    async def balance(self, kind: AccountKind, as_of: date | None = None) -> int:
        async with self.world.sessions() as session:
            await set_fuse(session, {self.world.county})
            return await ledger.balance(session, self.world.county, self[kind], as_of)


@pytest.fixture
async def books(world: World) -> Books:
    area = PropertyArea(
        county=world.county,
        id=new_id(),
        code="A1",
        name="演示区域",
        name_sort="yanshi",
        township=world.township,
        community=world.community,
    )
    await world.write([area])
    clerk = await world.bureau()

    async def open_accounts(uow: UnitOfWork) -> dict[AccountKind, UUID]:
        return {kind: await ledger.account(uow, kind, area_id=area.id) for kind in KINDS}

    return Books(world, clerk, await world.do(clerk, open_accounts))


async def test_balances_are_shown_on_the_normal_side_as_of_any_day(books: Books) -> None:
    today = books.world.today
    await books.deposit(10_000, occurred_on=today - timedelta(days=2))
    await books.deposit(2_500)

    assert await books.balance(AccountKind.BANK) == 12_500
    assert await books.balance(AccountKind.AREA_FUND) == 12_500
    assert await books.balance(AccountKind.AREA_FUND, today - timedelta(days=1)) == 10_000
    assert await books.balance(AccountKind.AREA_FUND, today - timedelta(days=3)) == 0


async def test_an_account_is_opened_once(books: Books) -> None:
    async def again(uow: UnitOfWork) -> UUID:
        account = await uow.session.get_one(LedgerAccount, (uow.county, books[AccountKind.BANK]))
        return await ledger.account(uow, AccountKind.BANK, area_id=account.area_id)

    assert await books.world.do(books.clerk, again) == books[AccountKind.BANK]
    with pytest.raises(ValueError, match="is owned by"):
        await books.world.do(books.clerk, ledger.account, kind=AccountKind.UNIT_FUND, area_id=new_id())


async def test_unbalanced_lines_are_refused(books: Books) -> None:
    lopsided = [debit(books[AccountKind.BANK], 100), credit(books[AccountKind.AREA_FUND], 99)]
    for lines in (lopsided, [], [debit(books[AccountKind.BANK], 0)]):
        await books.world.refused(
            books.clerk,
            ledger.post,
            ErrorCode.UNBALANCED,
            kind=TransactionKind.FUND_DEPOSIT,
            lines=lines,
            reason="test",
        )


async def test_the_database_itself_refuses_unbalanced_postings(books: Books) -> None:
    transaction = await books.deposit(100)
    before = await books.world.fingerprint()

    async def sneak_in(uow: UnitOfWork) -> None:
        await uow.session.execute(
            text(
                "INSERT INTO posting (county, transaction_id, line, account_id, occurred_on, amount)"
                " VALUES (:county, :transaction, 3, :account, :today, 1)"
            ),
            {
                "county": uow.county,
                "transaction": transaction,
                "account": books[AccountKind.BANK],
                "today": uow.today,
            },
        )

    with pytest.raises(DBAPIError, match="differ by 1 fen"):
        await books.world.do(books.clerk, sneak_in)
    assert await books.world.fingerprint() == before


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE posting SET amount = -amount",
        "UPDATE ledger_transaction SET reason = 'x'",
        "DELETE FROM posting",
        "DELETE FROM ledger_transaction",
        "TRUNCATE posting",
        "DELETE FROM ledger_account",
    ],
)
async def test_postings_can_be_neither_changed_nor_deleted(books: Books, change: str) -> None:
    await books.deposit(100)

    async def tamper(uow: UnitOfWork) -> None:
        await uow.session.execute(text(change))

    with pytest.raises(ProgrammingError, match="permission denied"):
        await books.world.do(books.clerk, tamper)


async def test_an_account_gives_no_more_than_it_holds(books: Books) -> None:
    await books.deposit(100)
    refusal = await books.world.refused(
        books.clerk,
        ledger.post,
        ErrorCode.INSUFFICIENT_BALANCE,
        kind=TransactionKind.FUND_SPENT,
        lines=[debit(books[AccountKind.AREA_FUND], 101), credit(books[AccountKind.BANK], 101)],
        reason="test",
    )
    assert refusal.params == {"available_fen": 100, "needed_fen": 101}
    await books.spend(100)
    assert await books.balance(AccountKind.AREA_FUND) == 0


async def test_two_who_take_the_last_money_at_once_do_not_both_get_it(books: Books) -> None:
    await books.deposit(100)
    results = await asyncio.gather(books.spend(80), books.spend(80), return_exceptions=True)

    refusals = [result for result in results if isinstance(result, Refusal)]
    assert [refusal.code for refusal in refusals] == [ErrorCode.INSUFFICIENT_BALANCE]
    assert await books.balance(AccountKind.AREA_FUND) == 20


async def test_a_reversal_restores_and_happens_once(books: Books) -> None:
    await books.deposit(70)
    mistaken = await books.deposit(1_000)
    reversal = await books.world.do(books.clerk, ledger.reverse, transaction_id=mistaken, reason="recorded twice")

    assert await books.balance(AccountKind.AREA_FUND) == 70
    assert await books.balance(AccountKind.BANK) == 70
    [row] = await books.world.rows(LedgerTransaction, reverses_id=mistaken)
    assert (row.id, row.kind, row.reason) == (reversal, "REVERSAL", "recorded twice")
    refused = {"transaction_id": mistaken, "reason": "again"}
    await books.world.refused(books.clerk, ledger.reverse, ErrorCode.ALREADY_REVERSED, **refused)
    refused = {"transaction_id": reversal, "reason": "back again"}
    await books.world.refused(books.clerk, ledger.reverse, ErrorCode.ACTION_NOT_AVAILABLE, **refused)
    await books.world.refused(
        books.clerk, ledger.reverse, ErrorCode.NOT_FOUND, transaction_id=new_id(), reason="no such entry"
    )


async def test_two_reversals_at_once_make_one(books: Books) -> None:
    mistaken = await books.deposit(1_000)

    async def reverse() -> Any:
        return await books.world.do(books.clerk, ledger.reverse, transaction_id=mistaken, reason="wrong")

    results = await asyncio.gather(reverse(), reverse(), return_exceptions=True)
    assert [result.code for result in results if isinstance(result, Refusal)] == [ErrorCode.ALREADY_REVERSED]
    assert await books.balance(AccountKind.AREA_FUND) == 0


async def test_what_was_spent_since_cannot_be_reversed(books: Books) -> None:
    deposit = await books.deposit(100)
    await books.spend(60)
    await books.world.refused(
        books.clerk, ledger.reverse, ErrorCode.INSUFFICIENT_BALANCE, transaction_id=deposit, reason="too late"
    )


async def test_an_opening_balance_is_attested_and_given_once(books: Books) -> None:
    opening = {
        "account_id": books[AccountKind.AREA_FUND],
        "fen": 123_456,
        "as_of": books.world.today - timedelta(days=30),
        "attested_by": "演示街道办事处, 移交清册 1 号",
    }
    transaction = await books.world.do(books.clerk, ledger.open_balance, **opening)

    assert await books.balance(AccountKind.AREA_FUND) == 123_456
    assert await books.balance(AccountKind.AREA_FUND, books.world.today - timedelta(days=31)) == 0
    [row] = await books.world.rows(LedgerTransaction, kind="OPENING")
    assert (row.reason, row.posted_by) == ("演示街道办事处, 移交清册 1 号", books.clerk.account_id)
    await books.world.refused(books.clerk, ledger.open_balance, ErrorCode.ALREADY_REGISTERED, **opening)
    await books.world.refused(books.clerk, ledger.open_balance, ErrorCode.OUT_OF_RANGE, **{**opening, "fen": -1})

    await books.world.do(books.clerk, ledger.reverse, transaction_id=transaction, reason="wrong list")
    await books.world.do(books.clerk, ledger.open_balance, **{**opening, "fen": 100})
    assert await books.balance(AccountKind.AREA_FUND) == 100


MOVES = st.lists(
    st.tuples(st.sampled_from(KINDS), st.sampled_from(KINDS), st.integers(1, 1_000_000)), min_size=1, max_size=6
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(moves=MOVES)
async def test_whatever_is_posted_balances_and_nothing_falls_below_zero(
    books: Books, moves: list[tuple[AccountKind, AccountKind, int]]
) -> None:
    for source, target, fen in moves:
        try:
            await books.post(credit(books[source], fen), debit(books[target], fen))
        except Refusal as refusal:
            assert refusal.code in {ErrorCode.INSUFFICIENT_BALANCE, ErrorCode.UNBALANCED}  # noqa: PT017
    balances = {kind: await books.balance(kind) for kind in KINDS}
    signed = sum(fen if NORMAL_SIDE[kind] is Side.DEBIT else -fen for kind, fen in balances.items())
    assert signed == 0
    assert all(balances[kind] >= 0 for kind in NEVER_NEGATIVE & balances.keys())


def test_only_the_ledger_writes_postings() -> None:
    writers = [
        path.name
        for folder in ("resolvers", "schema", "app")
        for path in Path(folder).rglob("*.py")
        if re.search(r"INSERT INTO posting|insert\(Posting|Posting\(county|COPY posting", path.read_text())
    ]
    assert writers == ["ledger.py"]


def test_every_kind_of_account_has_a_side_and_owners() -> None:
    assert set(NORMAL_SIDE) == set(OWNED_BY) == set(AccountKind)
    assert all(NORMAL_SIDE[kind] is Side.CREDIT for kind in NEVER_NEGATIVE)  # ``post`` guards debits of these


async def test_who_reads_the_books(books: Books) -> None:
    [account] = await books.world.rows(LedgerAccount, kind="AREA_FUND")
    await books.deposit(100)
    member = await books.world.person(Role.COMMITTEE, committee_id=new_id(), area_id=account.area_id)
    stranger = await books.world.person(Role.COMMITTEE, committee_id=new_id(), area_id=new_id())

    assert account.id in await books.world.sees(member, LedgerAccount)
    assert len(await books.world.sees(member, LedgerTransaction)) == 1
    assert await books.world.sees(stranger, LedgerAccount) == set()
    assert await books.world.sees(stranger, LedgerTransaction) == set()
    assert await books.world.sees(books.clerk, LedgerAccount) == set(books.accounts.values())

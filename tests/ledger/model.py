"""The ledger against a model of it: whatever a clerk does in whatever order, the books say what plain arithmetic says.

``machine`` makes a Hypothesis state machine that posts, earmarks, reverses, opens and asks for balances of any day, predicts
each answer from a list of lines in Python, and holds every balance of the database against it after every step. The suite
runs a few hundred steps; ``python -m tests.faults.ledger_model`` runs as many as it is told.
"""

from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from domain.errors import ErrorCode, Refusal
from domain.ledger import AccountKind, Line, TransactionKind
from models.base import new_id
from models.estates import PropertyArea, Unit
from resolvers import books, ledger
from resolvers.unit_of_work import UnitOfWork, set_fuse
from tests.market import Market

Call = Callable[[Coroutine[Any, Any, Any]], Any]
"""Runs a coroutine on the loop that the database's connections belong to, and waits for it."""

CREDIT = {"UNIT_FUND", "AREA_FUND", "SUSPENSE", "EARMARK", "UNDISTRIBUTED"}
"""Kinds that grow on the credit side, said here once more: a model that asks the product proves nothing."""
GUARDED = {"UNIT_FUND", "AREA_FUND", "EARMARK"}
DAYS = 30
FEN = st.integers(1, 5_000_000)
BACK = st.integers(0, DAYS)


@dataclass(frozen=True)
class Entry:
    """One transaction of the model: its day, signed lines (account's number, fen), what it takes back."""

    id: UUID
    day: date
    lines: tuple[tuple[int, int], ...]
    opens: int | None = None
    reverses: UUID | None = None


@dataclass
class Model:
    """Accounts by number with their kinds, and every entry; everything else is a sum over these."""

    kinds: list[str]
    entries: list[Entry] = field(default_factory=list)

    def signed(self, account: int, until: date | None = None) -> int:
        return sum(
            fen
            for entry in self.entries
            for number, fen in entry.lines
            if number == account and (until is None or entry.day <= until)
        )

    def shown(self, account: int, until: date | None = None) -> int:
        signed = self.signed(account, until)
        return -signed if self.kinds[account] in CREDIT else signed

    def refusal(self, lines: list[tuple[int, int]]) -> ErrorCode | None:
        """Why these lines are not to be posted."""
        kept = [(number, fen) for number, fen in lines if fen]
        if not kept or sum(fen for _, fen in kept):
            return ErrorCode.UNBALANCED
        changes: Counter[int] = Counter()
        for number, fen in kept:
            changes[number] += fen
        for number, fen in changes.items():
            if self.kinds[number] in GUARDED and fen > 0 and fen > -self.signed(number):
                return ErrorCode.INSUFFICIENT_BALANCE
        return None

    def reversal_of(self, entry: Entry) -> Entry | None:
        return next((other for other in self.entries if other.reverses == entry.id), None)


class Ledger(RuleBasedStateMachine):
    """The ledger of one county beside its model; each run has accounts of its own. ``machine`` says which county."""

    market: Market
    call: Call
    counted: Counter[str]

    def __init__(self) -> None:
        super().__init__()
        self.world, self.today = self.market.world, self.market.world.today
        self.accounts: list[UUID] = self.call(self._open())
        kinds = ["BANK", "AREA_FUND", "SUSPENSE", "EARMARK", "EARMARK_CONTRA", "UNIT_FUND", "UNIT_FUND", "OPENING"]
        self.model = Model(kinds)
        # The county's counterpart of openings is one for all runs: what it holds already is this model's start.
        held = self.call(self._balance(7, None))
        self.model.entries.append(Entry(new_id(), self.today - timedelta(days=2 * DAYS), ((7, held),)))

    async def _open(self) -> list[UUID]:
        area = PropertyArea(
            county=self.world.county,
            id=new_id(),
            code=new_id().hex,
            name="模型区域",
            name_sort="moxing",
            township=self.world.township,
            community=self.world.community,
        )
        await self.world.write([area])
        units = [await self.market.unit(10_000) for _ in range(2)]

        async def opened(uow: UnitOfWork) -> list[UUID]:
            for unit in units:
                (await uow.session.get_one(Unit, (uow.county, unit.id))).area_id = area.id
            of_area = (
                AccountKind.BANK,
                AccountKind.AREA_FUND,
                AccountKind.SUSPENSE,
                AccountKind.EARMARK,
                AccountKind.EARMARK_CONTRA,
            )
            return [
                *[await ledger.account(uow, kind, area_id=area.id) for kind in of_area],
                *[await ledger.account(uow, AccountKind.UNIT_FUND, unit_id=unit.id) for unit in units],
                await ledger.account(uow, AccountKind.OPENING),
            ]

        return await self.world.do(self.market.bureau, opened)  # type: ignore[no-any-return]

    async def _balance(self, account: int, until: date | None) -> int:
        async with self.world.sessions.begin() as session:
            await set_fuse(session, {self.world.county})
            return await ledger.balance(session, self.world.county, self.accounts[account], until)

    # What a clerk does

    def _do(self, expected: ErrorCode | None, command: Callable[..., Any], **inputs: Any) -> UUID | None:
        """The command answers as the model expects: a transaction, or this refusal."""
        self.counted["steps"] += 1
        try:
            made: UUID = self.call(self.world.do(self.market.bureau, command, **inputs))
        except Refusal as refusal:
            assert refusal.code is expected, f"{refusal}, expected {expected}"  # noqa: PT017
            self.counted[refusal.code.value] += 1
            return None
        assert expected is None, f"posted, expected {expected}"
        return made

    def _post(self, kind: TransactionKind, back: int, *lines: tuple[int, int]) -> None:
        day = self.today - timedelta(days=back)
        given = [Line(self.accounts[number], fen) for number, fen in lines]
        made = self._do(
            self.model.refusal(list(lines)),
            ledger.post,
            kind=kind,
            lines=given,
            reason="模型",
            occurred_on=day,
        )
        if made is not None:
            self.model.entries.append(Entry(made, day, tuple((number, fen) for number, fen in lines if fen)))

    @rule(fund=st.sampled_from([1, 2, 5, 6]), fen=FEN, back=BACK)
    def deposit(self, fund: int, fen: int, back: int) -> None:
        self._post(TransactionKind.FUND_DEPOSIT, back, (0, fen), (fund, -fen))

    @rule(first=FEN, second=FEN, back=BACK)
    def deposit_for_two(self, first: int, second: int, back: int) -> None:
        self._post(TransactionKind.FUND_DEPOSIT, back, (0, first + second), (5, -first), (6, -second))

    @rule(fund=st.sampled_from([1, 2, 5, 6]), fen=FEN, back=BACK)
    def spend(self, fund: int, fen: int, back: int) -> None:
        self._post(TransactionKind.FUND_SPENT, back, (fund, fen), (0, -fen))

    @rule(fund=st.sampled_from([1, 5, 6]))
    def spend_all(self, fund: int) -> None:
        held = self.model.shown(fund)
        self._post(TransactionKind.FUND_SPENT, 0, (fund, held), (0, -held))

    @rule(fen=FEN, source=st.sampled_from([1, 2, 5, 6]), into=st.sampled_from([1, 2, 5, 6]))
    def transfer(self, fen: int, source: int, into: int) -> None:
        self._post(TransactionKind.TRANSFER, 0, (source, fen), (into, -fen))

    @rule(fen=FEN)
    def earmark(self, fen: int) -> None:
        self._post(TransactionKind.EARMARKED, 0, (4, fen), (3, -fen))

    @rule(fen=FEN)
    def release(self, fen: int) -> None:
        self._post(TransactionKind.EARMARKED, 0, (3, fen), (4, -fen))

    @rule(fen=FEN, off=st.integers(-3, 3))
    def lopsided(self, fen: int, off: int) -> None:
        self._post(TransactionKind.FUND_DEPOSIT, 0, (0, fen + off), (1, -fen))

    @rule(pick=st.integers(0, 10_000))
    def reverse(self, pick: int) -> None:
        entry = self.model.entries[pick % len(self.model.entries)]
        mirror = [(number, -fen) for number, fen in entry.lines]
        if entry is self.model.entries[0]:
            expected: ErrorCode | None = ErrorCode.NOT_FOUND
        elif entry.reverses is not None:
            expected = ErrorCode.ACTION_NOT_AVAILABLE
        elif self.model.reversal_of(entry) is not None:
            expected = ErrorCode.ALREADY_REVERSED
        else:
            expected = self.model.refusal(mirror)
        made = self._do(expected, ledger.reverse, transaction_id=entry.id, reason="模型冲正")
        if made is not None:
            self.model.entries.append(Entry(made, self.today, tuple(mirror), reverses=entry.id))

    @rule(account=st.sampled_from([0, 1, 2, 5, 6]), fen=st.integers(-1, 5_000_000), back=BACK)
    def open_balance(self, account: int, fen: int, back: int) -> None:
        opened = [entry for entry in self.model.entries if entry.opens == account]
        signed = -fen if self.model.kinds[account] in CREDIT else fen
        lines = [(account, signed), (7, -signed)]
        if fen < 0:
            expected: ErrorCode | None = ErrorCode.OUT_OF_RANGE
        elif any(self.model.reversal_of(entry) is None for entry in opened):
            expected = ErrorCode.ALREADY_REGISTERED
        else:
            expected = self.model.refusal(lines)
        day = self.today - timedelta(days=back)
        given = {"account_id": self.accounts[account], "fen": fen, "as_of": day, "attested_by": "模型"}
        made = self._do(expected, ledger.open_balance, **given)
        if made is not None:
            self.model.entries.append(Entry(made, day, tuple(lines), opens=account))

    @rule(account=st.integers(0, 6), back=BACK)
    def ask_for_a_day(self, account: int, back: int) -> None:
        self.counted["steps"] += 1
        day = self.today - timedelta(days=back)
        assert self.call(self._balance(account, day)) == self.model.shown(account, day)

    # What is always true

    @invariant()
    def every_balance_is_the_models(self) -> None:
        async def balances() -> list[int]:
            async with self.world.sessions.begin() as session:
                await set_fuse(session, {self.world.county})
                found = await ledger.balances_of(session, self.world.county, self.accounts)
                return [found[account] for account in self.accounts]

        found = self.call(balances())
        assert found == [self.model.shown(account) for account in range(len(self.accounts))]
        assert all(fen >= 0 for fen, kind in zip(found, self.model.kinds, strict=True) if kind in GUARDED)

    def teardown(self) -> None:
        async def findings() -> list[str]:
            async with self.world.sessions() as session:
                return [str(finding) async for finding in books.verify(session, [self.world.county])]

        assert self.call(findings()) == []
        self.counted["runs"] += 1


def machine(market: Market, call: Call, counted: Counter[str]) -> type[Ledger]:
    """The machine over one county's ledger. ``counted`` counts steps, runs and refusals."""
    return type("LedgerOfACounty", (Ledger,), {"market": market, "call": staticmethod(call), "counted": counted})

"""A bank account with what both sides have of it: movements in the books, statements of the bank, and their comparison."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from auth.actor import Actor, system_actor
from domain.custody import MovementKind
from domain.ledger import AccountKind, TransactionKind, credit, debit
from domain.roles import Role
from models.custody import BankAccount, BankMovement
from models.differences import BankDifference
from models.statements import BankStatement
from resolvers import custody, ledger, statements
from resolvers.reconciliation import reconcile
from resolvers.unit_of_work import UnitOfWork
from tests.stage import Place, Stage


@dataclass
class Counter:
    """One account of a test county; days are counted back from the stage's today."""

    stage: Stage
    bank: Actor
    bureau: Actor
    place: Place
    account: BankAccount

    @classmethod
    async def open(cls, stage: Stage) -> "Counter":
        bank, place = await stage.bank(), await stage.place()
        return cls(stage, bank, await stage.actor(Role.BUREAU), place, await stage.bank_account(bank, place))

    def day(self, ago: int) -> date:
        return self.stage.today - timedelta(days=ago)

    async def booked(
        self, serial: str, fen: int, ago: int, code: str | None = None, who: Actor | None = None
    ) -> BankMovement:
        """What the bank reported: a deposit to the area's fund, or what was paid from it."""
        area = self.place.area.id

        async def report(uow: UnitOfWork) -> BankMovement:
            money = await custody.fund_money(uow, area_id=area)
            fund = await ledger.account(uow, AccountKind.AREA_FUND, area_id=area)
            lines = [debit(money, fen), credit(fund, fen)]
            on = self.day(ago)
            fact = await ledger.post(uow, TransactionKind.FUND_DEPOSIT, lines, reason="缴存（演示）", occurred_on=on)
            given: dict[str, Any] = {"serial": serial, "value_date": on, "amount": fen, "code": code}
            kind = MovementKind.DEPOSIT
            return await custody.moved(uow, self.account.id, kind=kind, transaction_id=fact, **given)

        return await self.stage.do(who or self.bank, report)  # type: ignore[no-any-return]

    async def stated(
        self,
        number: str,
        ago: tuple[int, int],
        opening: int,
        *lines: tuple[Any, ...],
        who: Actor | None = None,
        **more: Any,
    ) -> BankStatement:
        """A statement from one day to another, whose lines are ``(serial, fen, days ago, code?, is_reversal?)``."""
        given = {
            "bank_account_id": self.account.id,
            "number": number,
            "period_from": self.day(ago[0]),
            "period_to": self.day(ago[1]),
            "opening_balance": opening,
            "closing_balance": opening + sum(line[1] for line in lines),
            "line_count": len(lines),
            "lines": [self.line(*line) for line in lines],
        }
        return await self.stage.do(who or self.bank, statements.hand_in, **{**given, **more})  # type: ignore[no-any-return]

    def line(
        self, serial: str, fen: int, ago: int, code: str | None = None, is_reversal: bool = False
    ) -> dict[str, Any]:
        return {
            "serial": serial,
            "value_date": self.day(ago),
            "amount": abs(fen),
            "direction": "IN" if fen > 0 else "OUT",
            "code": code,
            "is_reversal": is_reversal,
        }

    async def compared(self) -> BankStatement:
        """Compare, as the worker does; the latest statement."""
        clock = system_actor(self.stage.county, self.stage.today)
        await self.stage.do(clock, reconcile, bank_account_id=self.account.id)
        return (await self.statements())[-1]

    async def statements(self) -> Sequence[BankStatement]:
        found: list[BankStatement] = await self.stage.rows(BankStatement, bank_account_id=self.account.id)
        return sorted(found, key=lambda row: row.period_from)

    async def differences(self) -> list[BankDifference]:
        return await self.stage.rows(BankDifference, bank_account_id=self.account.id)

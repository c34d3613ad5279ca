"""A fund request that is approved, with everybody who has a part in its work and its payment: each step by its mutation."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from auth.actor import Actor
from domain.documents import DocumentKind as Kind
from domain.funds import FundScope
from domain.identifiers import make_account
from domain.ledger import AccountKind, TransactionKind, credit, debit
from domain.roles import Role
from models.custody import BankAccount
from models.fund_use import FundPayment
from models.funds import FundRequest, FundShare
from models.payment_instructions import PaymentInstruction
from resolvers import custody, fund_votes, funds, ledger
from resolvers.unit_of_work import UnitOfWork
from tests.acts import Ask, done, opaque, refusal, row_of
from tests.docs.told import follow
from tests.stage import Place, Stage

VOTES = {
    "scope_area": 30_000,
    "scope_heads": 3,
    "participating_area": 29_000,
    "participating_heads": 3,
    "for_area": 20_000,
    "for_heads": 2,
}
PAYEE = {"name": "演示防水工程（虚构）", "account": make_account(18), "bankCode": "999999000001"}
CONTACT = {"objectionContact": "0533-1234567"}


@dataclass
class Crew:
    """Who takes part: nobody twice where two have to decide."""

    company: Actor
    committee: Actor
    owner: Actor
    community: Actor
    township: Actor
    auditor: Actor
    """The township's other official, who verifies the use."""
    bureau: Actor
    cashier: Actor
    bank: Actor


@dataclass
class Work:
    """An area whose units' funds lie at a bank, and one request of it."""

    live: Stage
    ask: Ask
    place: Place
    crew: Crew
    account: BankAccount
    id: str = ""
    serials: list[str] = field(default_factory=list)

    @classmethod
    async def begin(cls, live: Stage, ask: Ask, *deposits: int, areas: tuple[int, ...] = ()) -> "Work":
        """Units with these deposits (fen), of these areas (0.01 m²; 100 m² each where nothing is said)."""
        place = await live.place(*areas)
        bank = await live.bank()
        account = await live.bank_account(bank, place)
        crew = Crew(
            await live.actor(Role.COMPANY_ADMIN, company_id=await live.company(place)),
            await live.committee(place),
            await live.owner(place),
            *[
                await live.actor(role)
                for role in (Role.COMMUNITY, Role.TOWNSHIP, Role.TOWNSHIP, Role.BUREAU, Role.BUREAU)
            ],
            bank,
        )
        work = cls(live, ask, place, crew, account)
        for unit, fen in zip(place.units, deposits, strict=True):
            await work.deposit(unit, fen)
        return work

    async def deposit(self, unit: Any, fen: int) -> None:
        async def paid_in(uow: UnitOfWork) -> None:
            money = await custody.fund_money(uow, area_id=self.place.area.id)
            theirs = await ledger.account(uow, AccountKind.UNIT_FUND, unit_id=unit.id)
            await ledger.post(
                uow, TransactionKind.FUND_DEPOSIT, [debit(money, fen), credit(theirs, fen)], reason="交存"
            )

        if fen:
            await self.live.do(self.crew.bureau, paid_in)

    async def posted(self, budget: int = 10_000, **plan: Any) -> FundRequest:
        """An ordinary request with this budget (fen) whose plan has hung for its days, by the commands that have their tests."""
        live, crew, day = self.live, self.crew, self.live.today
        papers = [(await live.paper(crew.company, kind)).id for kind in (Kind.PLAN, Kind.BUDGET, Kind.POSTING_PROOF)]
        request = await live.do(
            crew.company,
            funds.draft,
            estate_id=self.place.estate.id,
            scope=FundScope.ESTATE,
            title="屋面防水",
            description="重做防水层",
            budget=budget,
            warranty_checked=True,
            document_ids=papers,
            **plan,
        )
        self.id = opaque(live.county, "FundRequest", request)
        return await live.do(  # type: ignore[no-any-return]
            crew.company,
            funds.post_plan,
            id=request.id,
            posted_from=day - timedelta(days=8),
            posted_to=day - timedelta(days=1),
            objection_contact="0533-1234567",
        )

    async def approved(self, budget: int = 10_000, **plan: Any) -> "Work":
        """The same up to the bureau's approval."""
        live, crew, day = self.live, self.crew, self.live.today
        request = await self.posted(budget, **plan)
        await live.do(crew.committee, fund_votes.open_vote, id=request.id)
        resolution = (await live.paper(crew.committee, Kind.OWNERS_RESOLUTION)).id
        await live.do(
            crew.committee,
            fund_votes.record_vote,
            id=request.id,
            voted_on=day,
            figures=VOTES,
            document_ids=[resolution],
        )
        await live.do(crew.committee, funds.approve, id=request.id)
        await self.granted(request)
        return self

    async def granted(self, request: FundRequest) -> None:
        """Checked, verified and approved by the offices, after the owners' side."""
        live, crew = self.live, self.crew
        await live.do(crew.community, funds.check, id=request.id)
        await live.do(crew.township, funds.verify, id=request.id, signed=True, sealed=True)
        await live.do(crew.bureau, funds.grant, id=request.id)

    # Steps

    def day(self, ago: int = 0) -> str:
        return (self.live.today - timedelta(days=ago)).isoformat()

    async def papers(self, who: Actor, *kinds: Kind) -> list[str]:
        return [opaque(self.live.county, "Document", await self.live.paper(who, kind)) for kind in kinds]

    async def do(self, who: Actor, step: str, shown: str = "state", **given: Any) -> Any:
        row = await done(self.ask, who, f"fundRequest{step}", f"fundRequest {{ {shown} }}", id=self.id, **given)
        return row["state"] if shown == "state" else row

    async def refused(self, who: Actor, step: str, **given: Any) -> tuple[str, str | None]:
        before = await self.seen("state version"), await self.books()
        found = await refusal(self.ask, who, f"fundRequest{step}", id=self.id, **given)
        assert (await self.seen("state version"), await self.books()) == before
        return found

    async def seen(self, shown: str) -> Any:
        return await row_of(self.ask, self.crew.bureau, self.id, shown)

    async def contract(self, price: int = 10_000, **given: Any) -> Any:
        papers = await self.papers(self.crew.committee, Kind.CONTRACT)
        terms = {"payee": PAYEE, "price": price, "signedOn": self.day(), "documentIds": papers}
        return await self.do(self.crew.committee, "Contract", **{**terms, **given})

    async def pay(self) -> Any:
        """Instruct what is due; the instruction's row."""
        await self.do(self.crew.cashier, "Pay")
        return (await self.live.rows(PaymentInstruction))[-1]

    async def report(self, instruction: Any, what: str = "Executed", **given: Any) -> str:
        """What the bank reports of an instruction."""
        id = opaque(self.live.county, "PaymentInstruction", instruction)
        if what == "Executed":
            await done(self.ask, self.crew.bank, "paymentInstructionAcknowledge", "paymentInstruction { state }", id=id)
        if what in ("Executed", "Returned"):
            self.serials.append(f"B-{len(self.serials) + 1}")
            given = {"serial": self.serials[-1], "valueDate": self.day(), **given}
        shown = await done(
            self.ask, self.crew.bank, f"paymentInstruction{what}", "paymentInstruction { state }", id=id, **given
        )
        return str(shown["state"])

    async def paid(self) -> str:
        """Instruct what is due and let the bank pay it; the request's state."""
        await self.report(await self.pay())
        return str((await self.seen("state"))["state"])

    async def progress(self) -> None:
        """From the contract to the payment before acceptance."""
        crew = self.crew
        assert await self.paid() == "STAGE1_PAID"
        assert await self.do(crew.company, "Start") == "IN_PROGRESS"
        await self.certify()
        assert await self.paid() == "STAGE2_PAID"

    async def certify(self, percent: int = 80) -> None:
        papers = await self.papers(self.crew.committee, Kind.PROGRESS)
        await self.do(self.crew.committee, "Certify", percent=percent, note="主体完成", documentIds=papers)

    async def accept(self) -> str:
        crew, state = self.crew, ""
        papers = await self.papers(crew.committee, Kind.ACCEPTANCE)
        for who, given in (
            (crew.committee, {"documentIds": papers}),
            (crew.owner, {}),
            (crew.community, {}),
            (crew.company, {}),
        ):
            accepted = await follow(self.ask, who, "AcceptWork", id=self.id, **given)
            state = accepted["fundRequest"]["state"]
        return state

    async def settle(self, cost: int = 10_000, *more: Kind) -> str:
        crew = self.crew
        papers = await self.papers(crew.company, Kind.SETTLEMENT, Kind.INVOICE, *more)
        await self.do(crew.company, "Settle", settledCost=cost, documentIds=papers)
        return str(await self.do(crew.auditor, "VerifyUse", signed=True, sealed=True))

    async def post(self, *, last_day_ago: int = 1) -> str:
        papers = await self.papers(self.crew.company, Kind.APPORTIONMENT, Kind.POSTING_PROOF)
        days = {"postedFrom": self.day(last_day_ago + 5), "postedTo": self.day(last_day_ago)}
        return str(await self.do(self.crew.company, "Post", **days, **CONTACT, documentIds=papers))

    # What there is

    async def books(self) -> dict[str, Any]:
        """Units' accounts, their owners' claims, the money at the bank, the earmark's memo: all in fen."""

        async def look(uow: UnitOfWork) -> dict[str, Any]:
            async def held(kind: AccountKind, **owner: Any) -> int:
                return await ledger.balance(uow.session, uow.county, await ledger.account(uow, kind, **owner))

            units = self.place.units
            return {
                "units": [await held(AccountKind.UNIT_FUND, unit_id=unit.id) for unit in units],
                "claims": [await held(AccountKind.FUND_CLAIM, unit_id=unit.id) for unit in units],
                "claimed": await held(AccountKind.FUND_CLAIM_CONTRA, area_id=self.place.area.id),
                "bank": await ledger.balance(
                    uow.session, uow.county, await custody.fund_money(uow, area_id=self.place.area.id)
                ),
                "earmarked": await held(AccountKind.EARMARK, area_id=self.place.area.id),
            }

        found: dict[str, Any] = await self.live.do(self.crew.bureau, look)
        return found

    async def request(self) -> FundRequest:
        return await self.live.row(FundRequest)  # type: ignore[no-any-return]

    async def drawn(self) -> list[int]:
        return [share.drawn for share in sorted(await self.live.rows(FundShare), key=lambda share: share.position)]

    async def payments(self) -> list[tuple[int, int, int, str]]:
        return [(row.stage, row.asked, row.amount, row.state) for row in await self.live.rows(FundPayment)]

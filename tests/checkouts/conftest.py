"""An area whose company is paid at WeChat Pay: its double speaks the real protocol over loopback."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from starlette.applications import Starlette

from app import pay_notices
from app.wechat import WeChat
from app.wechat_double import APPS, WeChatDouble
from app.wechat_double import PATH as WECHAT
from app.wechat_pay import WeChatPay
from app.wechat_pay_double import PATH, DoubleKeys, Trouble, WeChatPayDouble
from auth.actor import Actor, system_actor
from domain.checkouts import PayService
from models.checkouts import Checkout
from resolvers import checkout_errands, pay_services
from resolvers.unit_of_work import UnitOfWork, transact
from tests.acts import Ask, done, opaque, row_of
from tests.conformance.tools import free_port
from tests.loopback import serving
from tests.market import Market
from tests.world import World

(APPID,) = APPS
SUB_MCHID = "1900000109"


@dataclass
class Wechat:
    """WeChat Pay's double, and what stands at both ends of it."""

    double: WeChatPayDouble
    service: WeChatPay
    url: str

    async def code(self, person: str = "payer") -> str:
        """What ``wx.login`` gives."""
        return str((await self._post(f"{WECHAT}/login", person=person)).json()["code"])

    async def pay(self, parameters: dict[str, str]) -> bool:
        """Confirm an order as its payer; whether WeChat Pay took it."""
        names = {"appId", "timeStamp", "nonceStr", "package", "paySign"}
        return (await self._post(f"{PATH}/pay", **{name: parameters[name] for name in names})).is_success

    async def _post(self, path: str, **body: str) -> httpx2.Response:
        async with httpx2.AsyncClient(trust_env=False) as client:
            return await client.post(self.url + path, json=body)


@pytest_asyncio.fixture(scope="module")
async def served(command_sessions: async_sessionmaker[AsyncSession]) -> AsyncIterator[Wechat]:
    keys = DoubleKeys.fresh()
    double, port = WeChatPayDouble(lambda: keys), free_port()
    app = Starlette(routes=[WeChatDouble().mount(), double.mount(), *pay_notices.routes(command_sessions)])
    async with serving(app, port) as url:
        programs = WeChat(url + WECHAT, APPS)
        service = WeChatPay(keys.means(url + PATH), programs, f"{url}{pay_notices.PATH}/wechat")
        yield Wechat(double, service, url)


@pytest.fixture
def wechat(served: Wechat) -> Any:
    """In good order, and nothing asked yet."""
    served.double.trouble = Trouble(silent=True)
    for kept in (served.double.outbox, served.double.orders, served.double.refunds):
        kept.clear()
    served.double.asked.clear()
    pay_services.provide(PayService.WECHAT, lambda: served.service)
    yield served
    pay_services.provide(PayService.WECHAT, None)


@dataclass
class Till:
    """A market whose company has a merchant number, and a resident who pays."""

    market: Market
    ask: Ask
    wechat: Wechat
    resident: Actor

    @property
    def world(self) -> World:
        return self.market.world

    def id(self, type_name: str, row: Any) -> str:
        return opaque(self.world.county, type_name, row)

    async def given(self, *bills: Any, **changes: Any) -> dict[str, Any]:
        """Input of ``checkoutOpen`` for these bills."""
        return {
            "unitId": self.id("Unit", self.market.units[0]),
            "companyId": self.id("Company", self.market.company),
            "billIds": [self.id("FeeBill", bill) for bill in bills],
            "appid": APPID,
            "code": await self.wechat.code(),
            **changes,
        }

    async def open(self, *bills: Any, **changes: Any) -> Any:
        """An order that the service knows; ``id``, ``state`` and what its payer hands over."""
        given = await self.given(*bills, **changes)
        opened = await done(self.ask, self.resident, "checkoutOpen", "checkout { id state amount }", **given)
        assert opened["state"] == "CREATED"
        [row] = [row for row in await self.rows() if self.id("Checkout", row) == opened["id"]]
        await self.run(checkout_errands.place, checkout_id=row.id, code=given["code"])
        return await self.shown(row)

    async def rows(self) -> list[Any]:
        return await self.world.rows(Checkout)

    async def shown(self, row: Any) -> Any:
        """An order as its payer sees it."""
        told = """id state failure amount advance payment { channel reference amount prepaid }
                  wechatPay { appId timeStamp nonceStr package signType paySign }"""
        return await row_of(self.ask, self.resident, self.id("Checkout", row), told)

    async def run(self, errand: Callable[..., Awaitable[None]], after: timedelta = timedelta(0), **given: Any) -> None:
        """Run an errand as the worker does, at the world's time."""
        clock = system_actor(self.world.county, self.world.today)

        async def within(work: Callable[[UnitOfWork], Awaitable[Any]]) -> Any:
            instant = self.world.now + after
            return (await transact(self.world.sessions, clock, self.world.county, work, now=instant)).row

        await errand(within, **given)

    async def look(self, row: Any, after: timedelta = timedelta(0)) -> Any:
        """Ask the service what became of an order, and show the order."""
        await self.run(checkout_errands.look, after, checkout_id=row.id)
        return await self.shown(row)


@pytest.fixture
async def market(world: World) -> Market:
    """Today: the API reads with the real clock."""
    world.now = datetime.now(UTC)
    return await Market.open(world)


@pytest.fixture
async def till(ask: Ask, market: Market, wechat: Wechat) -> Till:
    """With a confirmed merchant number, and a bill of this month that is open."""
    made = Till(market, ask, wechat, await market.resident())
    recorded = await done(
        ask, market.admin, "payMerchantRecord", "merchant { id }", companyId=made.id("Company", market.company),
        number=SUB_MCHID,
    )  # fmt: skip
    await done(ask, market.bureau, "payMerchantConfirm", "merchant { state }", id=recorded["id"], reason="进件通知书")
    await market.run(await market.item(), world_first(market))
    return made


def world_first(market: Market) -> Any:
    """The first of this month."""
    return market.world.today.replace(day=1)

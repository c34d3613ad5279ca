"""Where payment services send their notices: ``POST /pay/{service}/{county}`` (``/pay/wechat/370303``).

A notice is believed when the service signed it just now and sealed it for us; it moves money only where it agrees with the
order that it is about (``resolvers.checkouts.settle_checkout``). One that comes twice is answered twice and booked once.

Answers: 204 heard · 400 no notice · 401 not the service's · 404 no such order · 413 too large. Anything but 204 is sent again.
"""

import uuid
from datetime import UTC, datetime
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from auth.actor import system_actor
from domain import profiles
from domain.calendar import today
from domain.checkouts import PayService
from domain.errors import Refusal
from resolvers.checkouts import settle_checkout
from resolvers.fee_refunds import settle_refund
from resolvers.pay_services import ForgedError, Notice, UnclearError, pay_service
from resolvers.unit_of_work import UnitOfWork, transact

PATH = "/pay"
MOST_BYTES = 64 << 10

log = structlog.get_logger(__name__)


def routes(sessions: async_sessionmaker[AsyncSession]) -> list[Route]:
    """The notices' route."""

    async def hear(request: Request) -> Response:
        county, name = request.path_params["county"], request.path_params["service"].upper()
        if county not in profiles.counties() or name not in PayService.__members__:
            return _failed(404, "no such address")
        body = await _body(request)
        if body is None:
            return _failed(413, "too large")
        try:
            notice = await pay_service(PayService[name]).heard(request.headers, body)
        except ForgedError as error:
            log.warning("a notice is not the payment service's", service=name, fault=str(error))
            return _failed(401, "signature")
        except (UnclearError, Refusal):
            return _failed(400, "no notice")
        instant = datetime.now(UTC)
        try:
            await transact(
                sessions, system_actor(county, today(instant)), county, lambda uow: _note(uow, notice), now=instant
            )
        except Refusal as refusal:
            return _failed(404, refusal.code.value)
        return Response(status_code=204)

    return [Route(PATH + "/{service}/{county}", hear, methods=["POST"])]


async def _note(uow: UnitOfWork, notice: Notice) -> Any:
    if notice.trade is not None:
        await settle_checkout(uow, _id_of(notice.trade.number), notice.trade)
    if notice.repayment is not None:
        await settle_refund(uow, _id_of(notice.repayment.number), notice.repayment)


def _id_of(number: str) -> uuid.UUID:
    try:
        return uuid.UUID(hex=number)
    except ValueError:
        return uuid.UUID(int=0)  # an order of somebody else's: there is none of this number


async def _body(request: Request) -> bytes | None:
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > MOST_BYTES:
            return None
        parts.append(part)
    return b"".join(parts)


def _failed(status: int, message: str) -> Response:
    return JSONResponse({"code": "FAIL", "message": message}, status)

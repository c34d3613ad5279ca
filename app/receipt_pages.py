"""Where a receipt's QR code leads: ``GET /receipts/{code}`` tells whether the paper is genuine and counts, and nobody's name."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from app.files import SAFE_HEADERS
from domain.money import format_fen
from schema.fee_receipts import verified

PATH = "/receipts"


def routes(sessions: async_sessionmaker[AsyncSession]) -> list[Route]:
    """The page's route."""

    async def show(request: Request) -> Response:
        found = await verified(sessions, request.path_params["code"])
        amount = format_fen(found.amount) if found.amount is not None else ""
        html = _page().render(found=found, amount=amount)
        return HTMLResponse(html, 200 if found.matches else 404, SAFE_HEADERS)

    return [Route(PATH + "/{code}", show, methods=["GET"])]


@cache
def _page() -> Template:
    return Environment(loader=PackageLoader("app"), autoescape=True, undefined=StrictUndefined).get_template(
        "receipt.html"
    )

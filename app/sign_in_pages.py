"""The pages of signing in and consenting as HTML: plain, in Chinese and English, without scripts."""

from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from app.texts import texts
from models.accounts import OAuthClient
from schema.documents import Locale

PATH = "/oauth/authorize"
SSO = "/oauth/sso"
"""Before the county's code: its own sign-in."""
STYLE = "/oauth/style.css"
LANGUAGES: dict[Locale, str] = {"zh-CN": "中文", "en": "English"}


@dataclass(frozen=True)
class Page:
    """What every page of a visit shows."""

    name: str
    locale: Locale
    query: str
    client: OAuthClient
    form: str
    """The token of its form (``app.forms``)."""
    redirect_uri: str
    """Where the app's answer goes, one of the client's registered ones."""
    error: str = ""
    others: tuple[tuple[str, str], ...] = ()
    """Other ways to sign in: county, and what its people call it."""


def rendered(page: Page, *, scopes: list[str], phone: str, masked: str, name: str) -> Response:
    """The page, in a frame of headers that lets it do nothing but post its form."""
    words = texts(page.locale)["scopes"]
    html = _render(
        page.name,
        page.locale,
        page.query,
        error=page.error,
        client=page.client,
        form=page.form,
        scopes=[words.get(scope, scope) for scope in scopes],
        phone=phone,
        masked=masked,
        name=name,
        others=[(f"{SSO}/{county}?{page.query}", title) for county, title in page.others],
    )
    # A browser also judges where a form's answer redirects to: for that the app's own address is let through.
    return HTMLResponse(html, headers=_headers(f"'self' {_source(page.redirect_uri)}"))


def problem(locale: Locale, title: str, query: str, *, detail: str = "", again: bool = False) -> Response:
    """A page that says why it does not go on (``expired`` or ``refused``)."""
    said = texts(locale)["pages"][title]
    html = _render("problem", locale, query, error="", title=said, detail=detail, again=again)
    return HTMLResponse(html, headers=_headers("'none'"))


async def style(_: Request) -> Response:
    """The style sheet of all pages."""
    return Response(_style(), media_type="text/css", headers={"Cache-Control": "public, max-age=3600", **_COMMON})


_COMMON = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # the query is nobody else's; with none at all a form would have no Origin
}


def _headers(form_action: str) -> dict[str, str]:
    policy = (
        "default-src 'none'",
        "style-src 'self'",
        f"form-action {form_action}",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
    return {"Content-Security-Policy": "; ".join(policy), "X-Frame-Options": "DENY", **_COMMON}


def _source(redirect_uri: str) -> str:
    parts = urlsplit(redirect_uri)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") else f"{parts.scheme}:"


def _render(template: str, locale: Locale, query: str, **values: Any) -> str:
    def address_in(tag: str) -> str:
        pairs = [pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] != "ui_locales"]
        return f"{PATH}?{urlencode([*pairs, ('ui_locales', tag)])}"

    return (
        _templates()
        .get_template(f"{template}.html")
        .render(
            language=locale,
            languages=LANGUAGES,
            address=f"{PATH}?{query}",
            address_in=address_in,
            say=texts(locale)["pages"],
            **values,
        )
    )


@cache
def _templates() -> Environment:
    loader = PackageLoader("app", "templates")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)


@cache
def _style() -> str:
    source, *_ = _templates().loader.get_source(_templates(), "style.css")  # type: ignore[union-attr]
    return source

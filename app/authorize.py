"""The authorization endpoint and its pages: sign in by phone, consent, and back to the app with a code (RFC 6749 §4.1).

Every page stands at ``/oauth/authorize`` with the app's own query, and every form posts back to it. So there is no address
to be redirected to but the client's registered ones, and reloading or going back is harmless. No page needs a script.

    GET   the next page for the browser's visitor, or straight back to the app
    POST  one step: phone · code · allow · deny · leave (use another account)
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import NamedTuple
from urllib.parse import urlencode

from authlib.oauth2.rfc6749.errors import OAuth2Error
from authlib.oidc.core.errors import ConsentRequiredError, LoginRequiredError
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from app import sign_in_pages as pages
from app.browsers import Browsers, Viewer
from app.forms import FormTokens
from app.negotiation import locale
from app.signin import Phones, phone_number
from app.sso_providers import Provider
from app.texts import sentence
from auth.oauth.consents import has_consented, record_consent
from auth.oauth.endpoints import Issuer
from auth.oauth.requests import Answer, FormRequest, parameters, read_form
from auth.oauth.server import Means, Server
from domain.errors import ErrorCode, Refusal
from domain.identifiers import mask_phone
from models.accounts import Account, OAuthClient
from models.oauth import BrowserSession
from schema.documents import Locale

PATH = pages.PATH
LONGEST_QUERY = 8192
"""Bytes of an app's request."""


class Step(NamedTuple):
    """What the visitor has to do next, and for which client."""

    page: str
    client: OAuthClient
    scopes: list[str]
    redirect_uri: str


@dataclass(frozen=True)
class Visit:
    """One request of a browser: what the app asked for, and who sits there."""

    request: Request
    asked: Mapping[str, str] | None
    """The app's query; ``None`` when it is out of form."""
    browser: str
    """The cookie's value, or what it will be."""
    viewer: Viewer | None

    @cached_property
    def query(self) -> str:
        """The app's query in one spelling, which browsers leave alone."""
        return urlencode(self.asked or {})

    @cached_property
    def locale(self) -> Locale:
        """What the app says that the person speaks (``ui_locales``), else what the browser says."""
        for tag in (self.asked or {}).get("ui_locales", "").lower().split():
            if (language := tag.partition("-")[0]) in ("zh", "en"):
                return "en" if language == "en" else "zh-CN"
        return locale(self.request.headers.get("accept-language", "").encode("latin-1"))

    @property
    def page(self) -> str:
        """What a form's token is bound to besides the browser: the query, and who is signed in."""
        return f"{self.query}\n{self.viewer.account.id if self.viewer else ''}"

    @cached_property
    def prompts(self) -> set[str]:
        return set((self.asked or {}).get("prompt", "").split())

    def must_sign_in(self) -> bool:
        """Nobody did, or the app wants it done anew (``prompt``, ``max_age``; OpenID Connect Core §3.1.2.1)."""
        if self.viewer is None or self.prompts & {"login", "select_account"}:
            return True
        longest = (self.asked or {}).get("max_age", "")
        age = datetime.now(UTC) - self.viewer.signed_in_at
        return longest.isascii() and longest.isdigit() and age.total_seconds() > int(longest[:9])

    def without_prompt(self) -> str:
        """Where to go on after signing in: what asked for that is done."""
        done = {name: value for name, value in (self.asked or {}).items() if name not in ("prompt", "max_age")}
        return f"{PATH}?{urlencode(done)}"


@dataclass(frozen=True)
class Authorize:
    """The endpoint and what it works with."""

    sessions: async_sessionmaker[AsyncSession]
    means: Means
    issuer: Issuer
    phones: Phones
    forms: FormTokens
    counties: Mapping[str, Provider] = field(default_factory=dict)
    """The counties whose officials may sign in with what they have there."""

    def routes(self) -> list[Route]:
        """The page and its style."""
        return [
            Route(PATH, self.show, methods=["GET"]),
            Route(PATH, self.act, methods=["POST"]),
            Route(pages.STYLE, pages.style, methods=["GET"]),
        ]

    async def show(self, request: Request) -> Response:
        """The next page, or back to the app."""
        return await self._next(await self._visit(request))

    async def act(self, request: Request) -> Response:
        """One step, if it comes from a page of ours."""
        visit = await self._visit(request)
        form = await read_form(request) or {}
        step = self._steps.get(form.get("step", ""))
        if step is None or not self._is_ours(visit, form):
            return self._finish(visit, pages.problem(visit.locale, "expired", visit.query, again=True), 403)
        try:
            return await step(self, visit, form)
        except Refusal as refusal:
            return await self._complain(visit, form, refusal)

    # -- the steps ----------------------------------------------------------------------------------------------------

    async def _send_code(self, visit: Visit, form: Mapping[str, str]) -> Response:
        phone = phone_number(form.get("phone", ""))
        task = await self.phones.send_code(phone, self.phones.source(visit.request, browser=visit.browser))
        answer = await self._next(visit, {"phone": phone})
        answer.background = task
        return answer

    async def _check_code(self, visit: Visit, form: Mapping[str, str]) -> Response:
        phone, code = phone_number(form.get("phone", "")), form.get("code", "").strip()
        if not code.isascii() or not code.isalnum():
            raise Refusal(ErrorCode.WRONG_CODE, "code")

        async def remember(session: AsyncSession, account: Account) -> str:
            return self._browsers(visit.request).sign_in(session, account)

        browser = await self.phones.prove(
            phone, code, self.phones.source(visit.request, browser=visit.browser), remember
        )
        return self._finish(visit, RedirectResponse(visit.without_prompt(), 303), browser=browser)

    async def _allow(self, visit: Visit, form: Mapping[str, str]) -> Response:
        return await self._next(visit, allowed=True)

    async def _deny(self, visit: Visit, form: Mapping[str, str]) -> Response:
        return await self._next(visit, allowed=False)

    async def _leave(self, visit: Visit, form: Mapping[str, str]) -> Response:
        if visit.viewer is not None:
            async with self.sessions.begin() as session:
                await session.execute(delete(BrowserSession).where(BrowserSession.id == visit.viewer.session_id))
        browsers = self._browsers(visit.request)
        return self._finish(visit, RedirectResponse(visit.without_prompt(), 303), browser=browsers.new())

    _steps = {  # noqa: RUF012
        "phone": _send_code,
        "code": _check_code,
        "allow": _allow,
        "deny": _deny,
        "leave": _leave,
    }

    async def _complain(self, visit: Visit, form: Mapping[str, str], refusal: Refusal) -> Response:
        """The same page again, with what is wrong."""
        on_code_page = form.get("step") == "code" and refusal.code is not ErrorCode.INVALID_PHONE
        entered = {"phone": form.get("phone", "")} if on_code_page else {}
        answer = await self._next(visit, entered, error=sentence(refusal, visit.locale))
        answer.status_code = 429 if refusal.code in (ErrorCode.RATE_LIMITED, ErrorCode.LOCKED_OUT) else 400
        if "seconds" in refusal.params:
            answer.headers["Retry-After"] = str(refusal.params["seconds"])
        return answer

    # -- what comes next ----------------------------------------------------------------------------------------------

    async def _next(
        self, visit: Visit, entered: Mapping[str, str] | None = None, *, allowed: bool | None = None, error: str = ""
    ) -> Response:
        async with self.sessions.begin() as session:
            server = Server(session, self.means, self.issuer(visit.request))
            outcome = await session.run_sync(lambda _: _decide(server, visit, allowed))
        if isinstance(outcome, Answer):
            return self._finish(visit, _redirect(visit, outcome))
        page = pages.Page(
            name="code" if entered and outcome.page == "phone" else outcome.page,
            locale=visit.locale,
            query=visit.query,
            client=outcome.client,
            form=self.forms.make(visit.browser, visit.page),
            redirect_uri=outcome.redirect_uri,
            error=error,
            others=self._others(visit),
        )
        phone = (entered or {}).get("phone", "")
        name = visit.viewer.account.display_name if visit.viewer else ""
        shown = pages.rendered(page, scopes=outcome.scopes, phone=phone, masked=mask_phone(phone), name=name)
        return self._finish(visit, shown)

    def _others(self, visit: Visit) -> tuple[tuple[str, str], ...]:
        english = visit.locale == "en"
        return tuple((one.county, (english and one.name_en) or one.name) for one in self.counties.values())

    def _is_ours(self, visit: Visit, form: Mapping[str, str]) -> bool:
        """A browser says where a form stood; the token says so even if it does not."""
        origin = visit.request.headers.get("origin")
        stood_here = origin is None or origin == _origin(self.issuer(visit.request))
        return stood_here and self.forms.are_ours(form.get("form", ""), visit.browser, visit.page)

    async def _visit(self, request: Request) -> Visit:
        browsers = self._browsers(request)
        cookie = request.cookies.get(browsers.cookie, "")
        async with self.sessions.begin() as session:
            viewer = await browsers.viewer(session, cookie)
        query = request.url.query.encode()
        asked = parameters(query) if len(query) <= LONGEST_QUERY else None
        return Visit(request, asked, cookie or browsers.new(), viewer)

    def _browsers(self, request: Request) -> Browsers:
        return Browsers(secure=self.issuer(request).startswith("https:"))

    def _finish(
        self, visit: Visit, response: Response, status: int | None = None, *, browser: str | None = None
    ) -> Response:
        if status is not None:
            response.status_code = status
        browsers = self._browsers(visit.request)
        if (value := browser or visit.browser) != visit.request.cookies.get(browsers.cookie):
            browsers.remember(response, value)
        response.headers["Cache-Control"] = "no-store"
        return response


def _decide(server: Server, visit: Visit, allowed: bool | None) -> Answer | Step:
    """What the visitor has to do next or, with nothing left to do, the answer to the app."""
    asked = FormRequest(visit.asked or {}, {})
    if visit.asked is None:
        return server.malformed(asked)
    viewer = visit.viewer
    asked.signed_in_at = viewer.signed_in_at if viewer else None
    try:
        grant = server.get_consent_grant(asked, viewer.account if viewer else None)
    except OAuth2Error as error:
        return server.handle_error_response(asked, error)
    except ValueError:  # a text that no error may quote
        return server.malformed(asked)
    client, scopes = asked.client.known, asked.scope.split()
    silent = "none" in visit.prompts
    back = {"redirect_uri": grant.redirect_uri, "state": visit.asked.get("state")}
    if viewer is None or visit.must_sign_in():
        if silent:
            return server.handle_error_response(asked, LoginRequiredError(**back))
        return Step("phone", client, scopes, grant.redirect_uri)
    if allowed is None and _asks_for_consent(server, visit, viewer, client, scopes, grant.redirect_uri):
        if silent:
            return server.handle_error_response(asked, ConsentRequiredError(**back))
        return Step("consent", client, scopes, grant.redirect_uri)
    if allowed:
        record_consent(server.session, viewer.account, client, scopes)
    answer: Answer = server.create_authorization_response(asked, None if allowed is False else viewer.account, grant)
    return answer


def _asks_for_consent(
    server: Server, visit: Visit, viewer: Viewer, client: OAuthClient, scopes: list[str], redirect_uri: str
) -> bool:
    if not redirect_uri.startswith("https:"):
        return True  # any program of the device may answer there and call itself this app (RFC 8252 §8.6)
    if client.first_party:
        return False
    return "consent" in visit.prompts or not has_consented(server.session, viewer.account, client, scopes)


def _redirect(visit: Visit, answer: Answer) -> Response:
    """To the app; without an address that is the app's, a page that says what is wrong with the request."""
    location = dict(answer.headers).get("Location")
    if location is None:
        body = dict(answer.body)
        detail = ": ".join(filter(None, (body.get("error"), body.get("error_description"))))
        response = pages.problem(visit.locale, "refused", visit.query, detail=detail)
        response.status_code = 400
        return response
    return RedirectResponse(location, 303)  # not 302: no browser may post the form again there (RFC 9700 §4.12)


def _origin(url: str) -> str:
    return "/".join(url.split("/")[:3])

"""The pages of signing in and consenting: what they say, to whom, and that nobody else can press their buttons."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import func, select, update

from app.forms import FORM_SECONDS, FormTokens
from app.texts import texts
from models.accounts import Account, AccountStatus, ClientAuthMethod, OAuthClient
from models.oauth import AuthorizationCode, BrowserSession, OAuthConsent
from models.sealed import DerivedVault
from schema.documents import Locale
from tests.auth.apps import BACK, ISSUER, Asking, Sessions, Site
from tests.auth.browser import Browser, Seen


@pytest.fixture
def site(sessions: Sessions, vault: DerivedVault) -> Site:
    return Site(sessions, vault)


@pytest_asyncio.fixture
async def http(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    async with site.http() as client:
        yield client


async def codes_of(site: Site, client_id: str) -> int:
    async with site.sessions() as session:
        stored = select(func.count()).select_from(AuthorizationCode).where(AuthorizationCode.client_id == client_id)
        return await session.scalar(stored) or 0


# -- what the pages are -----------------------------------------------------------------------------------------------


def accessible(page: Seen, language: str) -> None:
    """What a reader of the page without eyes, or without a mouse, needs (WCAG 2.2: 1.3.1, 2.4.2, 3.1.1, 3.3.2, 4.1.2)."""
    tags = [tag for tag, _ in page.elements]
    assert page.language == language
    assert page.title
    assert (tags.count("h1"), tags.count("main")) == (1, 1)
    for control in page.controls:
        if control.tag == "input" and control.attributes.get("type") != "hidden":
            assert page.labels.get(control.attributes["id"] or ""), control
            assert control.attributes.get("autocomplete")
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    described = [name for _, one in page.elements for name in (one.get("aria-describedby") or "").split()]
    assert set(described) <= set(ids)
    assert not {"script", "iframe", "img", "object"} & set(tags)
    assert not [
        name for _, attributes in page.elements for name in attributes if name.startswith("on") or name == "style"
    ]


@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_every_page_speaks_the_persons_language(site: Site, http: httpx.AsyncClient, language: Locale) -> None:
    _, phone = await site.account("韩梅梅")
    client_id = await site.client()
    say, scopes = texts(language)["pages"], texts(language)["scopes"]
    browser = Browser(http, **{"Accept-Language": language})
    await browser.go(Asking(client_id).address)
    seen = [browser.page]
    assert browser.page.labels == {"phone": say["phone"]}
    await browser.press("phone", phone=phone)
    seen.append(browser.page)
    assert browser.page.labels == {"code": say["code"]}
    assert phone not in " ".join(browser.page.texts)
    await browser.press("code", code=site.inbox.codes[phone])
    seen.append(browser.page)
    assert {scopes["api"], scopes["openid"], "演示用途", "本人同意（演示）", "韩梅梅"} <= set(browser.page.texts)
    assert scopes["profile"] not in browser.page.texts
    await browser.go("/oauth/authorize?response_type=code")
    seen.append(browser.page)
    await browser.go(Asking(client_id).address)
    await browser.post(Asking(client_id).address, {"step": "allow"})
    seen.append(browser.page)
    for page in seen:
        accessible(page, language)
    assert len({page.title for page in seen}) == 5


async def test_the_app_or_the_person_may_choose_the_language(site: Site, http: httpx.AsyncClient) -> None:
    client_id = await site.client()
    browser = await Browser(http).go(Asking(client_id, changed={"ui_locales": "fr en-GB zh"}).address)
    assert browser.page.language == "en"
    await browser.go(browser.page.links["中文"])
    assert browser.page.language == "zh-CN"
    assert set(browser.page.links) == {"中文", "English"}


async def test_the_pages_let_nothing_be_done_with_them(site: Site, http: httpx.AsyncClient) -> None:
    client_id = await site.client(redirect_uris=[BACK, "cn.example.app:/back"])
    target = {BACK: "https://app.example.com", "cn.example.app:/back": "cn.example.app:"}
    for redirect_uri, source in target.items():
        answer = await http.get(Asking(client_id, changed={"redirect_uri": redirect_uri}).address)
        assert answer.headers["content-security-policy"] == (
            f"default-src 'none'; style-src 'self'; form-action 'self' {source}; base-uri 'none'; frame-ancestors 'none'"
        )
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["cache-control"] == "no-store"
    style = await http.get("/oauth/style.css")
    assert (style.status_code, style.headers["content-type"]) == (200, "text/css; charset=utf-8")
    problem = await http.get("/oauth/authorize")
    assert "form-action 'none'" in problem.headers["content-security-policy"]


async def test_what_an_app_is_called_is_text(site: Site, http: httpx.AsyncClient) -> None:
    client_id = await site.client(purpose="<script>alert(1)</script>{{7*7}}")
    _, phone = await site.account("<b>{0}</b>")
    asking = Asking(client_id, changed={"state": '"><script>alert(2)</script>', "ui_locales": '"><i>'})
    browser = await site.signed_in(await Browser(http).go(asking.address), phone)
    accessible(browser.page, "zh-CN")
    assert {"<script>alert(1)</script>{{7*7}}", "<b>{0}</b>"} <= set(browser.page.texts)
    await browser.press("allow")
    assert browser.brought_back()["state"] == '"><script>alert(2)</script>'


# -- steps ------------------------------------------------------------------------------------------------------------


async def test_saying_no_tells_the_app_so(site: Site, http: httpx.AsyncClient) -> None:
    account, phone = await site.account()
    client_id = await site.client()
    asking = Asking(client_id)
    browser = await site.signed_in(await Browser(http).go(asking.address), phone)
    await browser.press("deny")
    back = browser.brought_back()
    assert (back["error"], back["state"], back["iss"]) == ("access_denied", asking.state, ISSUER)
    assert await codes_of(site, client_id) == 0
    async with site.sessions() as session:
        assert not await session.scalar(select(OAuthConsent).where(OAuthConsent.account_id == account.id))


async def test_a_wrong_code_is_said_and_counts(site: Site, http: httpx.AsyncClient) -> None:
    _, phone = await site.account()
    browser = await Browser(http).go(Asking(await site.client()).address)
    await browser.press("phone", phone=phone)
    for wrong in ("12 34", "<b>", "", "x" * 12, "000000" if site.inbox.codes[phone] != "000000" else "111111"):
        await browser.press("code", code=wrong)
        assert browser.answer is not None
        assert browser.answer.status_code == 400
        assert browser.page.alert == texts("zh-CN")["errors"]["WRONG_CODE"]
        accessible(browser.page, "zh-CN")
    assert (await browser.press("code", code=f" {site.inbox.codes[phone]} ")).page.buttons() == [
        "allow",
        "deny",
        "leave",
    ]


async def test_a_phone_is_checked_and_limited(site: Site, http: httpx.AsyncClient) -> None:
    _, phone = await site.account()
    browser = await Browser(http, **{"Accept-Language": "en"}).go(Asking(await site.client()).address)
    await browser.press("phone", phone="12")
    assert browser.page.alert == texts("en")["errors"]["INVALID_PHONE"]
    start = browser.answer
    await browser.press("phone", phone=f"+86 {phone[:3]} {phone[3:]}")
    browser.answer = start
    await browser.press("phone", phone=phone)
    assert browser.answer is not None
    assert browser.answer.status_code == 429
    assert 1 <= int(browser.answer.headers["retry-after"]) <= 61
    assert "Too many requests" in browser.page.alert


async def test_an_unknown_phone_sees_the_same_page(site: Site, http: httpx.AsyncClient) -> None:
    _, known = await site.account()
    client_id = await site.client()
    seen = []
    for phone in (known, "13999999999"):
        browser = await Browser(http).go(Asking(client_id, verifier="v" * 50, state="s").address)
        await browser.press("phone", phone=phone)
        page = browser.page
        seen.append([text.replace(phone[:3], "P").replace(phone[-4:], "Q") for text in page.texts])
    assert seen[0] == seen[1]
    assert set(site.inbox.codes) == {known, "13999999999"}  # whoever proves a phone may claim a unit


async def test_somebody_else_may_take_over_the_browser(site: Site, http: httpx.AsyncClient) -> None:
    _, phone = await site.account("甲")
    _, other = await site.account("乙")
    client_id = await site.client()
    browser = await site.signed_in(await Browser(http).go(Asking(client_id).address), phone)
    before = http.cookies["anju"]
    await browser.press("leave")
    assert browser.page.buttons() == ["phone"]
    async with site.http() as thief:
        thief.cookies.set("anju", before)
        assert (await Browser(thief).go(Asking(client_id).address)).page.buttons() == ["phone"]
    assert "乙" in (await site.signed_in(browser, other)).page.texts


async def test_the_cookie_changes_when_somebody_signs_in(site: Site, http: httpx.AsyncClient) -> None:
    """A cookie that somebody planted before must not become the person's (session fixation)."""
    account, phone = await site.account()
    http.cookies.set("anju", "planted")
    browser = await site.signed_in(await Browser(http).go(Asking(await site.client()).address), phone)
    assert browser.page.buttons() == ["allow", "deny", "leave"]
    assert http.cookies.get("anju", domain="testserver.local") not in (None, "planted")
    async with site.sessions() as session:
        [row] = list(await session.scalars(select(BrowserSession).where(BrowserSession.account_id == account.id)))
        assert row.expires_at - row.signed_in_at == timedelta(hours=12)


async def test_in_production_the_cookie_is_the_hosts_alone(sessions: Sessions, vault: DerivedVault) -> None:
    site = Site(sessions, vault, issuer="https://anju.example.gov.cn")
    async with site.http() as http:
        answer = await http.get(Asking(await site.client()).address)
    name, *flags = answer.headers["set-cookie"].split("; ")
    assert name.startswith("__Host-anju=anju_")
    assert {flag.lower() for flag in flags} == {"httponly", "secure", "path=/", "samesite=lax", "max-age=43200"}


@pytest.mark.parametrize("ending", ["cookie", "account"])
async def test_a_browser_is_signed_in_while_both_live(site: Site, http: httpx.AsyncClient, ending: str) -> None:
    account, phone = await site.account()
    client_id = await site.client()
    await site.signed_in(await Browser(http).go(Asking(client_id).address), phone)
    async with site.sessions.begin() as session:
        if ending == "cookie":
            lapsed = update(BrowserSession).where(BrowserSession.account_id == account.id)
            await session.execute(lapsed.values(expires_at=datetime.now(UTC)))
        else:
            await session.execute(
                update(Account).where(Account.id == account.id).values(status=AccountStatus.SUSPENDED)
            )
    assert (await Browser(http).go(Asking(client_id).address)).page.buttons() == ["phone"]


# -- what the app asks of the sign-in (OpenID Connect Core §3.1.2.1) -----------------------------------------------------


async def test_prompt_and_max_age(site: Site, http: httpx.AsyncClient) -> None:
    account, phone = await site.account()
    client_id = await site.client()

    async def asked(**changed: str) -> Browser:
        return await Browser(http).go(Asking(client_id, changed=dict(changed)).address)

    assert (await asked(prompt="none")).brought_back()["error"] == "login_required"
    await site.signed_in(await asked(), phone)
    assert (await asked(prompt="none")).brought_back()["error"] == "consent_required"
    await (await asked()).press("allow")
    assert "code" in (await asked(prompt="none")).brought_back()
    assert (await asked(prompt="consent")).page.buttons() == ["allow", "deny", "leave"]
    assert (await asked(prompt="none login")).brought_back()["error"] == "invalid_request"
    for again in ("login", "select_account"):
        assert (await asked(prompt=again)).page.buttons() == ["phone"]
    assert "code" in (await asked(max_age="3600")).brought_back()
    async with site.sessions.begin() as session:
        longer_ago = update(BrowserSession).where(BrowserSession.account_id == account.id)
        await session.execute(longer_ago.values(signed_in_at=datetime.now(UTC) - timedelta(hours=2)))
    stale = await asked(max_age="3600")
    assert stale.page.buttons() == ["phone"]
    assert (await asked(max_age="3600", prompt="none")).brought_back()["error"] == "login_required"


async def test_signing_in_anew_is_asked_once(site: Site, http: httpx.AsyncClient) -> None:
    _, phone = await site.account()
    asking = Asking(await site.own_app(), changed={"prompt": "login", "max_age": "0"})
    browser = await site.signed_in(await Browser(http).go(asking.address), phone)
    assert "code" in browser.brought_back()


@pytest.mark.parametrize("target", ["cn.example.app:/back", "http://127.0.0.1:7777/back"])
async def test_an_app_that_others_could_pose_as_is_confirmed_each_time(
    site: Site, http: httpx.AsyncClient, target: str
) -> None:
    """No code goes silently to an address that any program of the device may answer at (RFC 8252 §8.6)."""
    _, phone = await site.account()
    client_id = await site.client(ClientAuthMethod.NONE, first_party=True, redirect_uris=[target])
    address = Asking(client_id, changed={"redirect_uri": target}).address
    browser = await site.signed_in(await Browser(http).go(address), phone)
    for _ in range(2):
        assert browser.page.buttons() == ["allow", "deny", "leave"]
        await browser.press("allow")
        assert browser.away.startswith(f"{target}?code=")
        browser.away = ""
        await browser.go(address)


# -- forged forms -----------------------------------------------------------------------------------------------------


async def expired(browser: Browser) -> None:
    assert browser.answer is not None
    assert browser.answer.status_code == 403
    assert not browser.away
    assert browser.page.texts[-1] == texts("zh-CN")["pages"]["start_again"]


async def test_a_form_needs_its_own_token(site: Site, http: httpx.AsyncClient) -> None:
    """CSRF on sign-in and on consent: a form of somebody else's page, browser or request does nothing."""
    _, phone = await site.account()
    client_id = await site.client()
    asking, other = Asking(client_id), Asking(client_id)
    browser = await Browser(http).go(asking.address)
    signing_in = browser.page.fields()["form"]
    async with site.http() as attacker:
        planted = (await Browser(attacker).go(asking.address)).page.fields()["form"]
    for token in ("", "x", planted, signing_in[:-1], signing_in.swapcase()):
        await browser.post(asking.address, {"step": "phone", "phone": phone, "form": token})
        await expired(browser)
    await browser.post(other.address, {"step": "phone", "phone": phone, "form": signing_in})
    await expired(browser)
    assert site.inbox.codes == {}

    await site.signed_in(await browser.go(asking.address), phone)
    consenting = browser.page.fields()["form"]
    for address, token in ((asking.address, signing_in), (other.address, consenting), (asking.address, planted)):
        await browser.post(address, {"step": "allow", "form": token})
        await expired(browser)
    await browser.post(asking.address, {"step": "allow", "form": consenting}, Origin="https://evil.example")
    await expired(browser)
    await browser.post(asking.address, {"step": "allow", "form": consenting}, Origin="null")
    await expired(browser)
    await browser.post(asking.address, {"step": "whatever", "form": consenting})
    await expired(browser)
    assert await codes_of(site, client_id) == 0
    await browser.post(asking.address, {"step": "allow", "form": consenting})
    assert "code" in browser.brought_back()


async def test_a_sign_in_cannot_be_forced_on_a_browser(site: Site, http: httpx.AsyncClient) -> None:
    """Login CSRF: the attacker's own phone, code and form, posted by the victim's browser."""
    _, phone = await site.account("攻击者")
    asking = Asking(await site.client())
    async with site.http() as attacker:
        theirs = await (await Browser(attacker).go(asking.address)).press("phone", phone=phone)
        forged = {**theirs.page.fields(), "step": "code", "code": site.inbox.codes[phone]}
    victim = await Browser(http).go(asking.address)
    await victim.post(asking.address, forged)
    await expired(victim)
    assert (await victim.go(asking.address)).page.buttons() == ["phone"]


def test_a_forms_token_lapses(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = FormTokens(b"k" * 32)
    made = tokens.make("browser", "page")
    assert tokens.are_ours(made, "browser", "page")
    assert not FormTokens(b"l" * 32).are_ours(made, "browser", "page")
    now = datetime.now(UTC).timestamp()
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: now + FORM_SECONDS + 2)
    assert not tokens.are_ours(made, "browser", "page")


# -- open redirects ---------------------------------------------------------------------------------------------------

ELSEWHERE = {
    "another host": "https://evil.example/back",
    "a longer path": f"{BACK}/more",
    "a query": f"{BACK}?x=1",
    "a fragment": f"{BACK}#x",
    "another port": "https://app.example.com:8443/back",
    "a user": "https://app.example.com@evil.example/back",
    "another scheme": "http://app.example.com/back",
    "a script": "javascript:alert(1)",
    "data": "data:text/html,x",
    "upper case": BACK.upper(),
    "a dot": "https://app.example.com./back",
    "a way up": "https://app.example.com/x/../back",
    "a backslash": "https://evil.example\\@app.example.com/back",
    "no scheme": "//app.example.com/back",
    "our own page": "/oauth/authorize",
    "a list": f"{BACK} https://evil.example",
    "nothing": "",
    "missing": None,
}


@pytest.mark.parametrize("where", ELSEWHERE)
async def test_nobody_is_sent_elsewhere(site: Site, http: httpx.AsyncClient, where: str) -> None:
    """Redirect mismatch: an address that is not registered letter by letter is never followed, not even with an error."""
    _, phone = await site.account()
    client_id = await site.own_app()
    await site.signed_in(await Browser(http).go(Asking(client_id).address), phone)
    for broken in ({}, {"response_type": "token"}, {"scope": "more"}, {"code_challenge": None}, {"prompt": "none"}):
        asking = Asking(client_id, changed={**broken, "redirect_uri": ELSEWHERE[where]})
        answer = await http.get(asking.address)
        assert answer.status_code == 400
        assert "location" not in answer.headers
        assert "evil" not in answer.headers["content-security-policy"]
        accessible(Seen(answer.text), "zh-CN")
    assert await codes_of(site, client_id) == 1


@pytest.mark.parametrize("name", ["next", "return_to", "redirect", "url", "continue", "form_action"])
async def test_no_other_parameter_redirects(site: Site, http: httpx.AsyncClient, name: str) -> None:
    _, phone = await site.account()
    asking = Asking(await site.own_app(), changed={name: "https://evil.example"})
    browser = await site.signed_in(await Browser(http).go(asking.address), phone)
    assert browser.away.startswith(f"{BACK}?code=")


async def test_a_parameter_given_twice_is_refused(site: Site, http: httpx.AsyncClient) -> None:
    asking = Asking(await site.own_app())
    for name, value in (("redirect_uri", "https://evil.example"), ("scope", "api"), ("client_id", "x")):
        answer = await http.get(f"{asking.address}&{urlencode({name: value})}")
        assert (answer.status_code, "location" in answer.headers) == (400, False)
        assert "invalid_request" in answer.text


async def test_unknown_and_suspended_clients_get_a_page(site: Site, http: httpx.AsyncClient) -> None:
    own = await site.own_app()
    suspended = await site.own_app()
    async with site.sessions.begin() as session:
        ended = update(OAuthClient).where(OAuthClient.client_id == suspended)
        await session.execute(ended.values(status=AccountStatus.SUSPENDED))
    seen: list[Any] = []
    for client_id in ("nobody", suspended, "", "中", "y" * 1000):
        answer = await http.get(Asking(client_id).address)
        assert (answer.status_code, "location" in answer.headers) == (400, False)
        seen.append([text for text in Seen(answer.text).texts if "invalid" in text])
    assert len({str(one) for one in seen}) == 1
    assert (await http.get(Asking(own).address)).status_code == 200

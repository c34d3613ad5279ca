"""Officials sign in through their county's own provider: Anju's second instance, with a database and keys of its own, over
real HTTP; and a provider that lies, for what must be refused."""

import base64
import hmac
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import psycopg
import pytest
import pytest_asyncio
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from pydantic import SecretStr
from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app import officials, sso
from app.database import command_engine
from app.settings import Settings, SettingsError
from app.sso_providers import Provider, read_providers
from app.texts import texts
from auth.actor import load_actor
from auth.attempts import Caller, Failure, record_failure
from auth.attempts import subject_index as lockout_index
from auth.grants import Reach, Source, end_grants, open_grant
from auth.identities import bind, bound_account, subject_index
from auth.oauth import issuing
from auth.sessions import FRESH
from domain.errors import ErrorCode, Refusal
from domain.lockouts import Lockout, Proof, Subject
from domain.roles import Role
from models.accounts import Account, AccountGrant, AccountStatus, ClientAuthMethod
from models.attempts import FailedAttempt
from models.base import new_id
from models.oauth import BrowserSession, ExternalIdentity
from models.sealed import DerivedVault
from tests.auth.apps import SECRET, Asking, Sessions, Site
from tests.auth.browser import Browser
from tests.auth.conftest import TODAY
from tests.conformance.tools import free_port
from tests.database import Database
from tests.loopback import serving

COUNTY = "370303"
HERE = "https://anju.example.gov.cn"
BACK = f"{HERE}/oauth/sso/{COUNTY}/back"
KEY = ECKey.generate_key("P-256", parameters={"kid": "1", "alg": "ES256"})
SAY = texts("en")["pages"]


async def official(site: Site, *, posting: bool = True) -> tuple[Account, str]:
    """Somebody with a phone, in post at the county's bureau."""
    account, phone = await site.account("李明")
    if posting:
        async with site.sessions.begin() as session:
            await open_grant(
                session,
                Role.BUREAU,
                COUNTY,
                Source("official", new_id()),
                account_id=account.id,
                reach=Reach(office="演示局"),
                valid_from=date(2020, 1, 1),
            )
    return account, phone


@dataclass
class Desk:
    """An official's browser, before Anju and before the county's provider."""

    site: Site
    browser: Browser
    app: str
    asking: Asking

    async def set_out(self, **changed: str | None) -> str:
        """Press the county's button on the sign-in page: where the browser is sent."""
        await self.browser.go(Asking(self.app, self.asking.verifier, self.asking.state, changed).address)
        await self.browser.go(self.browser.page.links["张店区统一身份认证"])
        return self.browser.away

    async def come_back(self, **given: str) -> Browser:
        """What the provider sends the browser back with."""
        self.browser.away = ""
        return await self.browser.go(f"{BACK}?{urlencode(given)}")

    def is_told(self, title: str, status: int) -> None:
        """A page of ours, nobody signed in, nowhere sent to."""
        answer = self.browser.answer
        assert answer is not None
        assert (answer.status_code, self.browser.page.texts[0].split(" · ")[0]) == (status, SAY[title])
        assert self.browser.away == ""
        assert "__Host-anju" not in answer.headers.get("set-cookie", "").replace("__Host-anju-sso", "")

    async def signed_in(self) -> int:
        async with self.site.sessions() as session:
            return await session.scalar(select(func.count()).select_from(BrowserSession)) or 0


def asked_of(address: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(address).query))


async def desk_of(site: Site, http: httpx.AsyncClient) -> Desk:
    app = await site.own_app()
    async with site.sessions.begin() as session:
        await session.execute(delete(ExternalIdentity))
        await session.execute(delete(BrowserSession))
    return Desk(site, Browser(http, **{"Accept-Language": "en"}), app, Asking(app))


# -- with Anju's second instance --------------------------------------------------------------------------------------


@dataclass
class Second:
    """The county's provider: another Anju."""

    site: Site
    client_id: str
    http: httpx.AsyncClient

    async def sign_in(self, address: str, phone: str) -> dict[str, str]:
        """Sign in and consent there; what its answer to us says."""
        browser = await Browser(self.http).go(address)
        if not browser.away:
            await self.site.signed_in(browser, phone)
        if not browser.away:
            await browser.press("allow")
        assert browser.away.startswith(f"{BACK}?")
        return browser.brought_back()


@pytest_asyncio.fixture
async def second(own_database: Database) -> AsyncIterator[Second]:
    engine = command_engine(own_database.url, size=4)
    port = free_port()
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    site = Site(sessions, DerivedVault({1: bytes(range(32, 64))}), issuer=f"http://127.0.0.1:{port}")
    asks = {"redirect_uris": [BACK], "scopes": ["openid", "profile"]}
    client_id = await site.client(**asks)
    async with serving(site.app, port) as url, httpx.AsyncClient(base_url=url) as http:
        yield Second(site, client_id, http)
    await engine.dispose()


@pytest_asyncio.fixture
async def desk(second: Second, sessions: Sessions, vault: DerivedVault) -> AsyncIterator[Desk]:
    assert second.site.issuer is not None
    known = Provider(
        COUNTY,
        "张店区统一身份认证",
        second.site.issuer,
        second.client_id,
        client_secret=SECRET,
        phone_claim="phone_number",
    )
    site = Site(sessions, vault, issuer=HERE, counties={COUNTY: known})
    async with site.http() as http:
        yield await desk_of(site, http)


def tell_phones(monkeypatch: pytest.MonkeyPatch, phone: str) -> None:
    """The county's provider also tells a phone, which Anju does not by itself."""
    plain = issuing.user_info
    monkeypatch.setattr(issuing, "user_info", lambda *given: {**plain(*given), "phone_number": f"+86 {phone}"})


async def test_an_official_signs_in_with_what_the_county_has(
    desk: Desk, second: Second, monkeypatch: pytest.MonkeyPatch, raw: psycopg.AsyncConnection
) -> None:
    """By the phone the first time, by the subject from then on, and on into the app with a code of ours."""
    account, phone = await official(desk.site)
    _, there = await second.site.account()
    tell_phones(monkeypatch, phone)
    away = await desk.set_out(prompt="login")
    asked = asked_of(away)
    assert away.startswith(f"{second.site.issuer}/oauth/authorize?")
    assert (asked["redirect_uri"], asked["code_challenge_method"], asked["scope"]) == (BACK, "S256", "openid")
    assert len(asked["state"]) >= 20
    assert len(asked["nonce"]) >= 20
    assert asked["prompt"] == "login"
    await desk.come_back(**await second.sign_in(away, there))
    code = desk.browser.brought_back()["code"]
    form = desk.asking.exchange(code, client_id=desk.app)
    token = (await desk.browser.client.post("/oauth/token", data=form)).json()["access_token"]
    actor = await load_actor(raw, token, TODAY)
    assert actor is not None
    assert actor.account_id == account.id

    tell_phones(monkeypatch, "13000000000")
    desk.browser.client.cookies.clear()
    await desk.come_back(**await second.sign_in(await desk.set_out(), there))
    assert "code" in desk.browser.brought_back()
    async with desk.site.sessions() as session:
        assert (await session.scalars(select(ExternalIdentity.account_id))).all() == [account.id]
        stored = (await session.scalars(select(ExternalIdentity.subject_index))).one()
    assert len(stored) == 16, "a keyed index, not the subject"


async def test_with_a_key_instead_of_a_secret(desk: Desk, second: Second) -> None:
    jwks = KeySet([KEY]).as_dict(private=False)
    method = ClientAuthMethod.PRIVATE_KEY_JWT
    client_id = await second.site.client(method, redirect_uris=[BACK], scopes=["openid"], jwks=jwks)
    assert second.site.issuer is not None
    known = Provider(COUNTY, "张店区统一身份认证", second.site.issuer, client_id, private_key=KEY)
    desk.site.counties[COUNTY] = known
    account, _ = await official(desk.site)
    subject, there = await second.site.account()
    async with desk.site.sessions.begin() as session:
        index = subject_index(desk.site.vault, known.issuer, str(subject.id))
        await bind(session, known.issuer, index, account.id, datetime.now(UTC))
    async with desk.site.http() as http:
        other = await desk_of(desk.site, http)
        async with desk.site.sessions.begin() as session:
            await bind(session, known.issuer, index, account.id, datetime.now(UTC))
        await other.come_back(**await second.sign_in(await other.set_out(), there))
        assert "code" in other.browser.brought_back()


async def test_a_return_belongs_to_the_browser_that_set_out(
    desk: Desk, second: Second, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CSRF on the return, its replay, a state of nobody, and a code in another sign-in's place."""
    _, phone = await official(desk.site)
    _, there = await second.site.account()
    tell_phones(monkeypatch, phone)
    stolen = await second.sign_in(await desk.set_out(), there)
    async with desk.site.http() as http:
        victim = Desk(desk.site, Browser(http, **{"Accept-Language": "en"}), desk.app, desk.asking)
        await victim.come_back(**stolen)
        victim.is_told("sso_failed", 400)
        own = asked_of(await victim.set_out())
        await victim.come_back(**{**stolen, "state": "x" * 30})
        victim.is_told("sso_failed", 400)
        await victim.set_out()
        own = asked_of(victim.browser.away)
        await victim.come_back(**{**stolen, "state": own["state"]})
        victim.is_told("sso_failed", 400)
    assert await desk.signed_in() == 0
    # The thief's try has used the code up: with another verifier it is worth nothing, and then it is gone.
    again = await second.sign_in(await desk.set_out(), there)
    waiting = dict(desk.browser.client.cookies)
    await desk.come_back(**again)
    assert "code" in desk.browser.brought_back()
    assert await desk.signed_in() == 1
    await desk.come_back(**again)
    desk.is_told("sso_failed", 400)
    desk.browser.client.cookies.clear()
    for name, value in waiting.items():
        desk.browser.client.cookies.set(name, value, domain="anju.example.gov.cn")
    await desk.come_back(**again)
    desk.is_told("sso_failed", 400)
    assert await desk.signed_in() == 1


# -- with a provider that lies ----------------------------------------------------------------------------------------


@dataclass
class Liar:
    """A provider whose answers can be spoiled."""

    url: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    token: Any = None
    status: int = 200
    header: dict[str, str] = field(default_factory=lambda: {"alg": "ES256", "kid": "1"})
    key: Any = field(default_factory=lambda: KEY)

    def routes(self) -> list[Route]:
        return [
            Route("/.well-known/openid-configuration", self.discovery),
            Route("/jwks", self.jwks),
            Route("/token", self.exchange, methods=["POST"]),
        ]

    async def discovery(self, _: Request) -> Response:
        told = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
            "id_token_signing_alg_values_supported": ["ES256", "HS256", "none"],
        }
        return JSONResponse({**told, **self.metadata}, self.status)

    async def jwks(self, _: Request) -> Response:
        return JSONResponse(KeySet([KEY]).as_dict(private=False))

    async def exchange(self, _: Request) -> Response:
        if self.token is not None:
            return self.token if isinstance(self.token, Response) else JSONResponse(self.token)
        held = {"alg": self.header["alg"]}
        signed = jwt.encode({**held, **self.header}, self.claims, self.key, algorithms=["ES256", "HS256"])
        return JSONResponse({"access_token": "a", "token_type": "Bearer", "id_token": signed})


@dataclass
class Trial:
    """A sign-in with the liar, by an official whom it may name."""

    desk: Desk
    liar: Liar
    account: Account
    phone: str

    async def run(self, *, spoil: Any = None, **returned: str) -> Desk:
        """Set out, let the liar answer, come back."""
        asked = asked_of(await self.desk.set_out())
        now = int(time.time())
        self.liar.claims = {
            "iss": self.liar.url,
            "sub": "3703030042",
            "aud": "anju",
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            "phone_number": self.phone,
        }
        if spoil is not None:
            spoil(self.liar)
        await self.desk.come_back(**{"code": "c", "state": asked["state"], **returned})
        return self.desk


@pytest_asyncio.fixture
async def trial(sessions: Sessions, vault: DerivedVault) -> AsyncIterator[Trial]:
    liar = Liar()
    async with serving(Starlette(routes=liar.routes())) as url:
        liar.url = url
        known = Provider(COUNTY, "张店区统一身份认证", url, "anju", client_secret="s", phone_claim="phone_number")
        site = Site(sessions, vault, issuer=HERE, counties={COUNTY: known})
        async with site.http() as http:
            desk = await desk_of(site, http)
            yield Trial(desk, liar, *await official(site))


async def accounts(session: AsyncSession) -> int:
    return await session.scalar(select(func.count()).select_from(Account)) or 0


async def test_it_signs_in_when_it_tells_the_truth(trial: Trial) -> None:
    """What the trials below spoil is the only reason of their failure. When it was proved is not now."""
    desk = await trial.run()
    assert "code" in desk.browser.brought_back()
    async with desk.site.sessions() as session:
        [since] = (await session.scalars(select(BrowserSession.signed_in_at))).all()
    assert datetime.now(UTC) - since >= FRESH, "the provider did not say when"
    desk.browser.client.cookies.clear()
    told = int(time.time()) - 30
    await trial.run(spoil=lambda liar: liar.claims.update(auth_time=told))
    async with desk.site.sessions() as session:
        newest = await session.scalar(select(func.max(BrowserSession.signed_in_at)))
    assert newest is not None
    assert int(newest.timestamp()) == told


def confused(claims: dict[str, Any]) -> dict[str, str]:
    """Signed with the public key as if it were a shared secret, which no library does."""
    parts = [json.dumps(part).encode() for part in ({"alg": "HS256", "kid": "1"}, claims)]
    signed = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
    mac = base64.urlsafe_b64encode(hmac.digest(KEY.as_pem(private=False), signed, "sha256")).rstrip(b"=")
    return {"access_token": "a", "token_type": "Bearer", "id_token": f"{signed.decode()}.{mac.decode()}"}


SPOILT = {
    "issuer": lambda liar: liar.claims.update(iss="https://other.example.gov.cn"),
    "no issuer": lambda liar: liar.claims.pop("iss"),
    "audience": lambda liar: liar.claims.update(aud="another"),
    "no audience": lambda liar: liar.claims.pop("aud"),
    "nonce": lambda liar: liar.claims.update(nonce="n"),
    "no nonce": lambda liar: liar.claims.pop("nonce"),
    "expired": lambda liar: liar.claims.update(iat=1, exp=int(time.time()) - 120),
    "no end": lambda liar: liar.claims.pop("exp"),
    "another's key": lambda liar: setattr(liar, "key", ECKey.generate_key("P-256")),
    "algorithm": lambda liar: setattr(liar, "token", confused(liar.claims)),
    "unsigned": lambda liar: setattr(
        liar, "token", {"access_token": "a", "id_token": "eyJhbGciOiJub25lIn0.eyJzdWIiOiIzNzAzMDMwMDQyIn0."}
    ),
    "no ID token": lambda liar: setattr(liar, "token", {"access_token": "a", "token_type": "Bearer"}),
    "refused": lambda liar: setattr(liar, "token", JSONResponse({"error": "invalid_grant"}, 400)),
}


@pytest.mark.parametrize("what", SPOILT)
async def test_an_id_token_that_is_not_right_signs_nobody_in(trial: Trial, what: str) -> None:
    desk = await trial.run(spoil=SPOILT[what])
    desk.is_told("sso_failed", 400)
    assert await desk.signed_in() == 0


@pytest.mark.parametrize(
    "returned",
    [{"iss": "https://other.example.gov.cn"}, {"code": ""}, {"state": ""}, {"error": "access_denied", "code": ""}],
)
async def test_an_answer_that_is_not_to_our_question_is_refused(trial: Trial, returned: dict[str, str]) -> None:
    desk = await trial.run(**returned)
    desk.is_told("sso_failed", 400)
    assert await desk.signed_in() == 0


async def test_a_provider_that_is_down_is_said_and_the_phone_remains(trial: Trial) -> None:
    liar, desk = trial.liar, trial.desk
    for wrong in ({"issuer": "https://other.example.gov.cn"}, {"authorization_endpoint": None}):
        liar.metadata = wrong
        await desk.set_out()
        desk.is_told("sso_down", 503)
    liar.metadata, liar.status = {}, 500
    await desk.set_out()
    desk.is_told("sso_down", 503)
    await desk.browser.go(desk.browser.page.links[SAY["start_again"]])
    assert "phone" in desk.browser.page.buttons()
    liar.status = 200
    await trial.run(spoil=lambda liar: setattr(liar, "token", Response("<html>", 502)))
    desk.is_told("sso_down", 503)
    assert await desk.signed_in() == 0


async def test_only_an_official_in_post_here_gets_in_and_nobody_gets_an_account(trial: Trial) -> None:
    desk, sessions = trial.desk, trial.desk.site.sessions
    resident, home_phone = await official(desk.site, posting=False)
    async with sessions() as session:
        before = await accounts(session), await session.scalar(select(func.count()).select_from(AccountGrant))
    for phone in ("13011112222", home_phone, "", 42, None, "+33123456789"):
        await trial.run(spoil=lambda liar, phone=phone: liar.claims.update(phone_number=phone))
        desk.is_told("sso_unknown", 403)
    for subject in ("", 42, None):
        await trial.run(spoil=lambda liar, subject=subject: liar.claims.update(sub=subject))
        assert await desk.signed_in() == 0
    async with sessions() as session:
        after = await accounts(session), await session.scalar(select(func.count()).select_from(AccountGrant))
        assert (await session.scalars(select(ExternalIdentity.id))).all() == []
    assert after == before
    assert resident.status == AccountStatus.ACTIVE


@pytest.mark.parametrize("end", ["posting", "account", "another county"])
async def test_who_is_no_longer_in_post_stays_out_though_known(trial: Trial, end: str) -> None:
    await trial.run()
    assert await trial.desk.signed_in() == 1
    trial.desk.browser.client.cookies.clear()
    mine = AccountGrant.account_id == trial.account.id
    async with trial.desk.site.sessions.begin() as session:
        if end == "account":
            suspended = update(Account).where(Account.id == trial.account.id)
            await session.execute(suspended.values(status=AccountStatus.SUSPENDED))
        elif end == "posting":
            [source] = (await session.scalars(select(AccountGrant.source_id).where(mine))).all()
            await end_grants(session, Source("official", source), date.today() - timedelta(days=1))  # noqa: DTZ011
        else:
            await session.execute(update(AccountGrant).where(mine).values(county="451122"))
    await trial.run()
    trial.desk.is_told("sso_unknown", 403)
    assert await trial.desk.signed_in() == 1


async def test_nobody_is_sent_anywhere_else(trial: Trial) -> None:
    """Open redirects: the app's address is judged where it always is, and the return goes where we said, whatever the
    request claims to be for."""
    desk, http = trial.desk, trial.desk.browser.client
    start = f"/oauth/sso/{COUNTY}?{urlencode({'redirect_uri': 'https://evil.example.com/', 'client_id': desk.app})}"
    spoofed = {"Host": "evil.example.com", "X-Forwarded-Host": "evil.example.com", "X-Forwarded-Proto": "http"}
    answer = await http.get(start, headers=spoofed)
    away = answer.headers["location"]
    assert away.startswith(f"{trial.liar.url}/authorize?")
    assert asked_of(away)["redirect_uri"] == BACK
    now = int(time.time())
    claims = {"iss": trial.liar.url, "sub": "1", "aud": "anju", "iat": now, "exp": now + 300}
    trial.liar.claims = {**claims, "nonce": asked_of(away)["nonce"], "phone_number": trial.phone}
    await desk.come_back(code="c", state=asked_of(away)["state"])
    assert desk.browser.away == ""
    assert desk.browser.page.title.startswith(SAY["refused"])
    for path in (f"/oauth/sso/{COUNTY}?a=1&a=2", f"/oauth/sso/{COUNTY}?{'a' * 2001}=", "/oauth/sso/451122?a=1"):
        answer = await http.get(path)
        assert (answer.status_code, "location" in answer.headers) == (404, False)
    assert (await http.get("/oauth/sso/451122/back?code=c&state=s")).status_code == 404


async def test_tries_are_counted_before_the_provider_is_asked(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    once = tuple(type(one)(one.name, 1, one.window) for one in sso.TRIES_PER_ADDRESS)
    monkeypatch.setattr(sso, "TRIES_PER_ADDRESS", once)
    await trial.run()
    trial.desk.browser.client.cookies.clear()
    trial.liar.token = {}  # would be sso_failed with 400
    desk = await trial.run()
    desk.is_told("sso_failed", 429)
    assert int(desk.browser.answer.headers["retry-after"]) > 0  # type: ignore[union-attr]


async def test_failures_are_kept_for_operators_and_lock_an_address_out(trial: Trial) -> None:
    desk, site = trial.desk, trial.desk.site
    peer = desk.browser.client._transport.client[0]  # type: ignore[attr-defined]
    await trial.run(spoil=SPOILT["nonce"])
    await trial.run(spoil=lambda liar: liar.claims.update(phone_number="13011112222"))
    async with site.sessions.begin() as session:
        mine = FailedAttempt.address_index == lockout_index(site.vault, Subject.ADDRESS, peer)
        kept = await session.execute(select(FailedAttempt.proof, FailedAttempt.reason).where(mine))
        assert sorted(tuple(row) for row in kept) == [("COUNTY_SIGN_IN", "REFUSED"), ("COUNTY_SIGN_IN", "UNKNOWN")]
        strict = dict.fromkeys(Subject, Lockout.parse("1/15/60"))
        failure = Failure(Proof.COUNTY_SIGN_IN, "REFUSED", Caller(peer))
        await record_failure(session, site.vault, failure, datetime.now(UTC), strict)
    await trial.run()
    desk.is_told("sso_failed", 429)
    assert await desk.signed_in() == 0


# -- what is set ------------------------------------------------------------------------------------------------------

GOOD = """
[370303]
name = "张店区统一身份认证"
issuer = "https://sso.example.gov.cn/"
client_id = "anju"
client_secret = "s"
phone_claim = "phone_number"
"""


def test_the_file_of_providers(tmp_path: Path) -> None:
    path = tmp_path / "sso.toml"
    path.write_text(GOOD, "utf-8")
    [(county, known)] = read_providers(path).items()
    assert (county, known.issuer, known.subject_claim) == (COUNTY, "https://sso.example.gov.cn", "sub")
    assert "client_secret" not in repr(known)
    (tmp_path / "key.json").write_text(json.dumps(KEY.as_dict(private=True)))
    path.write_text(GOOD.replace('client_secret = "s"', f'private_key = "{tmp_path / "key.json"}"'), "utf-8")
    assert read_providers(path)[COUNTY].private_key is not None
    assert read_providers(None) == {}


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        ("[370303]", "[999999]", "999999 is no county"),
        ("issuer", "isuer", "nobody knows isuer"),
        ('issuer = "https://sso.example.gov.cn/"', "", "issuer is missing"),
        ("https://", "http://", "issuer must look like https"),
        ('client_secret = "s"', "", "client_secret or private_key is needed"),
        ('client_secret = "s"', "client_secret = 5", "client_secret must be text"),
        ('client_secret = "s"', 'private_key = "/nowhere.json"', "private_key /nowhere.json cannot be used"),
        ('client_secret = "s"', 'client_secret = "s"\nscope = "phone"', "scope must contain openid"),
        ("[370303]", "[370303", "cannot be read"),
    ],
)
def test_a_mistake_in_it_is_named(tmp_path: Path, before: str, after: str, complaint: str) -> None:
    path = tmp_path / "sso.toml"
    path.write_text(GOOD.replace(before, after), "utf-8")
    with pytest.raises(SettingsError, match=f"ANJU_SSO: .*{complaint}"):
        read_providers(path)


async def test_the_console_links_an_official_whom_the_provider_tells_no_phone_of(
    sessions: Sessions, database: Database, tmp_path: Path
) -> None:
    path = tmp_path / "sso.toml"
    path.write_text(GOOD, "utf-8")
    settings = Settings(data=tmp_path, database_url=SecretStr(database.url), sso=path)
    vault = settings.keys.vault()
    site = Site(sessions, vault)
    account, phone = await official(site)
    _, resident = await official(site, posting=False)
    assert await officials.link(settings, COUNTY, subject="3703030042", phone=phone) == "李明"
    async with sessions() as session:
        index = subject_index(vault, "https://sso.example.gov.cn", "3703030042")
        bound = await bound_account(session, index)
        assert bound is not None
        assert bound[0].id == account.id
    for county, number, named in ((COUNTY, resident, "phone"), ("451122", phone, "county")):
        with pytest.raises(Refusal) as refused:
            await officials.link(settings, county, subject="1", phone=number)
        assert (refused.value.code, refused.value.field) == (ErrorCode.NOT_FOUND, named)

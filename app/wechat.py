"""WeChat's servers for mini-programs: who a code of ``wx.login`` is, and which phone a code of the phone button stands for.

    GET  /sns/jscode2session             appid, secret, js_code, grant_type → openid (and session_key, which is dropped here)
    POST /cgi-bin/stable_token           appid, secret, grant_type → access_token for the next
    POST /wxa/business/getuserphonenumber?access_token=…  {code, openid} → phone_info

WeChat answers 200 with an ``errcode`` where something is wrong. Its numbers become OAuth errors here; what is wrong with
the deployment's own credentials is logged for the operator and no business of the person's.
"""

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

import httpx2
import structlog

from app.settings import Settings
from app.sms import tls
from app.wechat_double import APPS, PATH
from auth.oauth.mini_programs import ProofError

SECONDS = 5.0
"""How long one request may take."""
TOKEN_MARGIN = 300
"""Seconds before its end at which an access token is no longer used (WeChat keeps the former one valid as long)."""

log = structlog.get_logger(__name__)
logging.getLogger("httpx2").setLevel(logging.WARNING)  # it logs addresses, and WeChat wants its secret in one


def programs(settings: Settings) -> "WeChat | None":
    """WeChat as the deployment uses it; its double in development without mini-programs; ``None`` in production."""
    if settings.wechat_secrets:
        return WeChat(settings.wechat_api, settings.wechat_secrets)
    return WeChat(f"http://127.0.0.1:{settings.port}{PATH}", APPS) if settings.development else None


class Answer(NamedTuple):
    """What an ``errcode`` means to the app."""

    error: str
    description: str
    status: int = 400
    seconds: int | None = None


_WRONG_CODE = Answer("invalid_grant", "The WeChat code is wrong, used or expired: get another one.")
_BUSY = Answer("temporarily_unavailable", "WeChat is busy: try again shortly.", 503, 5)
_OURS = Answer("temporarily_unavailable", "Signing in through WeChat is out of order here.", 503, 300)

ANSWERS: Mapping[int, Answer] = {
    -1: _BUSY,
    40029: _WRONG_CODE,
    40163: _WRONG_CODE,  # used before
    40226: Answer("access_denied", "WeChat blocks this user for the risk that it sees."),
    45011: Answer("temporarily_unavailable", "WeChat allows no more tries in this minute.", 503, 60),
}
"""By ``errcode``; any other one says that our own credentials or permissions are wrong."""

STALE_TOKEN = frozenset({40001, 40014, 42001})
"""The access token does not hold any more; another is got, once."""


class WeChat:
    """Calls WeChat at ``api`` for the mini-programs of ``secrets`` (appid → secret)."""

    def __init__(self, api: str, secrets: Mapping[str, str], *, seconds: float = SECONDS) -> None:
        self._api = api.rstrip("/")
        self._secure = api.startswith("https:")  # the way to this machine leads through no proxy of the environment
        self._secrets = dict(secrets)
        self._seconds = seconds
        self._tokens: dict[str, tuple[str, float]] = {}

    async def openid(self, appid: str, code: str) -> str:
        """Who got this code from ``wx.login``; the session key goes no further. Raises ``ProofError``."""
        asked = {"appid": appid, "secret": self._secret(appid), "js_code": code, "grant_type": "authorization_code"}
        answer = await self._ask("GET", "/sns/jscode2session", params=asked)
        return _text(_checked(answer), "openid")

    async def phone(self, appid: str, openid: str, phone_code: str) -> str:
        """``+`` country code and number of the phone. Raises ``ProofError``."""
        answer = await self._phone_info(appid, openid, phone_code)
        if answer.get("errcode") in STALE_TOKEN:
            self._tokens.pop(appid, None)
            answer = await self._phone_info(appid, openid, phone_code)
        told = _checked(answer).get("phone_info")
        info = told if isinstance(told, dict) else {}
        mark = info.get("watermark")
        if isinstance(mark, dict) and mark.get("appid") != appid:
            raise _refused(_WRONG_CODE)
        return f"+{info.get('countryCode', '')}{_text(info, 'purePhoneNumber')}"

    async def _phone_info(self, appid: str, openid: str, phone_code: str) -> dict[str, Any]:
        token = await self._token(appid)
        asked = {"code": phone_code, "openid": openid}
        path = "/wxa/business/getuserphonenumber"
        return await self._ask("POST", path, params={"access_token": token}, json=asked)

    async def _token(self, appid: str) -> str:
        """WeChat's token of the mini-program: the same one for all processes until it ends (``stable_token``)."""
        token, until = self._tokens.get(appid, ("", 0.0))
        if time.monotonic() < until:
            return token
        asked = {"grant_type": "client_credential", "appid": appid, "secret": self._secret(appid)}
        answer = _checked(await self._ask("POST", "/cgi-bin/stable_token", json=asked))
        token, lasts = _text(answer, "access_token"), answer.get("expires_in")
        self._tokens[appid] = token, time.monotonic() + (lasts if isinstance(lasts, int) else 0) - TOKEN_MARGIN
        return token

    async def _ask(self, method: str, path: str, **given: Any) -> dict[str, Any]:
        try:
            async with (
                asyncio.timeout(self._seconds),
                httpx2.AsyncClient(verify=tls(), timeout=self._seconds, trust_env=self._secure) as client,
            ):
                answer = await client.request(method, self._api + path, **given)
            body = answer.json() if answer.is_success else None
        except (httpx2.TransportError, TimeoutError, ValueError) as error:
            log.warning("WeChat did not answer", path=path, fault=type(error).__name__)
            raise _refused(_BUSY) from None
        if not isinstance(body, dict):
            log.warning("WeChat did not answer", path=path, status=answer.status_code)
            raise _refused(_BUSY)
        return body

    def _secret(self, appid: str) -> str:
        if appid not in self._secrets:
            raise ProofError("invalid_request", "This mini-program (appid) is none of this deployment.")
        return self._secrets[appid]


def _checked(answer: dict[str, Any]) -> dict[str, Any]:
    code = answer.get("errcode", 0)
    if code == 0:
        return answer
    known = ANSWERS.get(code) if isinstance(code, int) else None
    if known is None:
        log.error("WeChat refuses this deployment", errcode=code)
    raise _refused(known or _OURS)


def _text(answer: dict[str, Any], name: str) -> str:
    value = answer.get(name)
    if not isinstance(value, str) or not value:
        log.error("WeChat left something out", field=name)
        raise _refused(_OURS)
    return value


def _refused(answer: Answer) -> ProofError:
    return ProofError(answer.error, answer.description, answer.status, seconds=answer.seconds)

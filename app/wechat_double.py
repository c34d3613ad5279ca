"""Development's double of WeChat's servers: the same requests and answers, over real HTTP, for whoever has no mini-program.

``anju serve`` in development mounts it at ``/dev/wechat`` and uses it unless ``ANJU_WECHAT_APPS`` names real mini-programs.
What a phone would do is asked for by name; the codes are in the answer and in the terminal:

    POST /dev/wechat/login  {"person"}           {"code"}   as wx.login
    POST /dev/wechat/phone  {"person", "phone"}  {"code"}   as the button getPhoneNumber

A person has one openid in each mini-program. Codes hold for five minutes and once, as WeChat's do.
"""

import base64
import hashlib
import secrets
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from app.signin import answered, from_this_machine, json_body, text_of

APPS: Mapping[str, str] = {"wx0000000000000000": "development"}
"""The mini-program of development, and its secret."""
PATH = "/dev/wechat"
CODE_SECONDS = 300
TOKEN_SECONDS = 7200


class WeChatDouble:
    """One WeChat, with the mini-programs of ``apps`` (appid → secret)."""

    def __init__(self, apps: Mapping[str, str] = APPS) -> None:
        self._apps = apps
        self._signed = URLSafeTimedSerializer(secrets.token_bytes(32))
        self._used: set[str] = set()
        self._tokens: dict[str, str] = {}
        self.trouble: list[int] = []
        """Error codes of the next answers, in place of them."""
        self.asked: list[str] = []
        """The paths that were asked for."""

    def mount(self) -> Mount:
        """All of it under ``PATH``, for this machine alone."""
        routes = [
            Route("/login", self._local(self.login), methods=["POST"]),
            Route("/phone", self._local(self.tell_phone), methods=["POST"]),
            Route("/sns/jscode2session", self._local(self.session), methods=["GET"]),
            Route("/cgi-bin/stable_token", self._local(self.token), methods=["POST"]),
            Route("/wxa/business/getuserphonenumber", self._local(self.phone), methods=["POST"]),
        ]
        return Mount(PATH, routes=routes)

    async def login(self, request: Request) -> Response:
        """A code as ``wx.login`` gives one."""
        return self._code(login=text_of(await json_body(request), "person"))

    async def tell_phone(self, request: Request) -> Response:
        """A code as the phone button gives one."""
        body = await json_body(request)
        return self._code(phone=text_of(body, "phone"), of=text_of(body, "person"))

    async def session(self, request: Request) -> Response:
        """``code2Session``."""
        given = request.query_params
        if wrong := self._wrong_app(given.get("appid"), given.get("secret")):
            return wrong
        opened = self._opened(given.get("js_code"), "login")
        if isinstance(opened, Response):
            return opened
        openid = _id_of(given["appid"], opened["login"])
        key = base64.b64encode(secrets.token_bytes(16)).decode()
        return JSONResponse({"openid": openid, "session_key": key, "unionid": _id_of("union", opened["login"])})

    async def token(self, request: Request) -> Response:
        """``getStableAccessToken``: the same one until it ends."""
        body = await json_body(request)
        if wrong := self._wrong_app(body.get("appid"), body.get("secret")):
            return wrong
        token = self._tokens.setdefault(body["appid"], secrets.token_urlsafe(32))
        return JSONResponse({"access_token": token, "expires_in": TOKEN_SECONDS})

    async def phone(self, request: Request) -> Response:
        """``getPhoneNumber``."""
        holders = {token: appid for appid, token in self._tokens.items()}
        appid = holders.get(request.query_params.get("access_token", ""))
        if appid is None:
            return _error(40001, "invalid credential, access_token is invalid or not latest")
        body = await json_body(request)
        opened = self._opened(body.get("code"), "phone")
        if isinstance(opened, Response):
            return opened
        if body.get("openid") not in (None, _id_of(appid, opened["of"])):
            return _error(40029, "invalid code")
        number = opened["phone"]
        country, pure = ("86", number) if not number.startswith("+") else (number[1:3], number[3:])
        info = {"phoneNumber": number, "purePhoneNumber": pure, "countryCode": country}
        mark = {"timestamp": int(time.time()), "appid": appid}
        return JSONResponse({"errcode": 0, "errmsg": "ok", "phone_info": {**info, "watermark": mark}})

    def forget_tokens(self) -> None:
        """Access tokens given so far hold no longer."""
        self._tokens.clear()

    def _code(self, **content: str) -> Response:
        code = self._signed.dumps({**content, "nonce": secrets.token_hex(8)})
        sys.stdout.write(f"WeChat code for {content.get('login') or content['of']}: {code}\n")
        sys.stdout.flush()
        return JSONResponse({"code": code})

    def _opened(self, code: str | None, kind: str) -> dict[str, str] | Response:
        try:
            content: dict[str, str] = self._signed.loads(code or "", max_age=CODE_SECONDS)
        except BadData:
            return _error(40029, "invalid code")
        if kind not in content:
            return _error(40029, "invalid code")
        if content["nonce"] in self._used:
            return _error(40163, "code been used")
        self._used.add(content["nonce"])
        return content

    def _wrong_app(self, appid: str | None, secret: str | None) -> Response | None:
        if appid is None or appid not in self._apps:
            return _error(40013, "invalid appid")
        return None if self._apps[appid] == secret else _error(40125, "invalid appsecret")

    def _local(self, act: Callable[[Request], Any]) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            if not from_this_machine(request):
                return Response("Not Found", 404, media_type="text/plain")
            self.asked.append(request.url.path.removeprefix(PATH))
            if self.trouble:
                return _error(self.trouble.pop(0), "trouble")
            found: Response = await act(request)
            return found

        return answered(answer)


def _error(code: int, message: str) -> Response:
    return JSONResponse({"errcode": code, "errmsg": f"{message}, rid: {secrets.token_hex(12)}"})


def _id_of(appid: str, person: str) -> str:
    """28 characters, another one in each mini-program."""
    digest = hashlib.sha256(f"{appid}\n{person}".encode()).digest()
    return "o" + base64.urlsafe_b64encode(digest)[:27].decode()

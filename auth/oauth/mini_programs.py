"""Mini-programs of WeChat: who signed in there (openid), and the phone that WeChat verified, as a proof at the token endpoint.

    grant_type  urn:anju:oauth:grant-type:wechat
    appid       the mini-program
    code        what wx.login gave
    phone_code  what the phone button (getPhoneNumber) gave; needed the first time, and whenever the phone changes

The first sign-in binds the openid of this mini-program to the account of the verified phone, later ones need the code
alone.
"""

from datetime import timedelta
from typing import Protocol

from authlib.oauth2.rfc6749 import InvalidRequestError
from authlib.oauth2.rfc6749.errors import OAuth2Error
from sqlalchemy.util import await_only

from auth.codes import Limit, account_of_proved_phone, admit
from auth.identities import bind, bound_account, subject_index
from auth.oauth.grants import FirstPartyGrant
from domain.errors import Refusal
from domain.identifiers import check_phone
from models.accounts import Account, AccountStatus
from models.sealed import Kind, normalised

WECHAT = "urn:anju:oauth:grant-type:wechat"

BINDINGS_PER_PHONE = (Limit("wechat-phone-day", 10, timedelta(days=1)),)
SIGN_INS_PER_OPENID = (Limit("wechat-openid-hour", 60, timedelta(hours=1)),)


class MiniPrograms(Protocol):
    """WeChat's servers, as far as signing in goes; ``app.wechat`` calls them. Both raise ``ProofError``."""

    async def openid(self, appid: str, code: str) -> str:
        """Who got this code from ``wx.login`` in this mini-program."""

    async def phone(self, appid: str, openid: str, phone_code: str) -> str:
        """The phone that this person let WeChat tell, as WeChat writes it: with ``+`` and country code."""


class ProofError(OAuth2Error):
    """Why a proof from outside is worth nothing now; ``seconds`` after which trying again may help."""

    def __init__(self, error: str, description: str, status: int = 400, *, seconds: int | None = None) -> None:
        super().__init__(description, error=error, status_code=status)
        self.seconds = seconds

    def get_headers(self) -> list[tuple[str, str]]:
        """With ``Retry-After`` where there is something to wait for."""
        headers: list[tuple[str, str]] = super().get_headers()
        return headers if self.seconds is None else [*headers, ("Retry-After", str(self.seconds))]


class WeChatGrant(FirstPartyGrant):
    """Codes of a mini-program, which WeChat's servers turn into a person."""

    GRANT_TYPE = WECHAT

    def proved_account(self) -> Account | None:
        """The account of the phone that WeChat verified now, or of the openid that was bound to one before."""
        form = self.request.form
        appid, code, phone_code = form.get("appid"), form.get("code"), form.get("phone_code")
        if not appid or not code:
            raise InvalidRequestError("The parameters appid and code are needed.")
        return await_only(self._proved(appid, code, phone_code or None))

    async def _proved(self, appid: str, code: str, phone_code: str | None) -> Account | None:
        session, programs, now = self.server.asynchronous, self.server.mini_programs, self.request.received_at
        await session.commit()  # nobody waits for WeChat inside a transaction
        openid = await programs.openid(appid, code)
        said = await programs.phone(appid, openid, phone_code) if phone_code else None
        index = subject_index(self.server.vault, appid, openid)
        await self._admit(SIGN_INS_PER_OPENID, index.hex())
        if said is None:
            return await self._known(index)
        phone = _mainland(said)
        await self._admit(BINDINGS_PER_PHONE, phone)
        account = await account_of_proved_phone(session, self.server.vault, phone)
        if account is not None:
            await bind(session, appid, index, account.id, now)
        return account

    async def _known(self, index: bytes) -> Account | None:
        """The account that is bound, proved when its phone was: ``wx.login`` asks the person nothing."""
        bound = await bound_account(self.server.asynchronous, index)
        if bound is None:
            raise ProofError(
                "phone_required", "This WeChat user is not known here yet: call wx.login anew and send phone_code, too."
            )
        account, self.request.signed_in_at = bound
        return account if account.status == AccountStatus.ACTIVE else None

    async def _admit(self, limits: tuple[Limit, ...], subject: str) -> None:
        try:
            await admit(self.server.asynchronous, self.server.vault, limits, subject, self.request.received_at)
        except Refusal as refusal:
            seconds = int(refusal.params["seconds"])
            raise ProofError("temporarily_unavailable", "Too many tries.", 429, seconds=seconds) from None


def _mainland(said: str) -> str:
    try:
        return check_phone(normalised(said, Kind.PHONE))
    except Refusal:
        raise ProofError("invalid_grant", "Only phones of mainland China can sign in.") from None

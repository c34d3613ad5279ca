"""Browsers on our own pages: a cookie that stands for who signed in there, known only by its hash."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from auth.tokens import new_token, token_hash
from models.accounts import Account, AccountStatus
from models.base import new_id
from models.oauth import BrowserSession

SIGNED_IN = timedelta(hours=12)
"""How long a browser is signed in: a working day."""


class Viewer(NamedTuple):
    """Who is signed in in a browser, and since when."""

    session_id: uuid.UUID
    account: Account
    signed_in_at: datetime


@dataclass(frozen=True)
class Browsers:
    """Signing browsers in and knowing them again. Before that the same cookie ties a form to its browser."""

    secure: bool
    """Whether the pages are served over TLS, as everywhere but in development."""

    @property
    def cookie(self) -> str:
        """With ``__Host-`` no other host of the domain can plant it, and it never leaves TLS (RFC 6265bis §4.1.3.2)."""
        return "__Host-anju" if self.secure else "anju"

    def new(self) -> str:
        """A cookie that nobody has."""
        return new_token()

    def remember(self, response: Response, value: str) -> None:
        """Set the cookie. Lax: it has to come along when an app sends the browser here."""
        response.set_cookie(
            self.cookie,
            value,
            int(SIGNED_IN.total_seconds()),
            path="/",
            secure=self.secure,
            httponly=True,
            samesite="lax",
        )

    def sign_in(self, session: AsyncSession, account: Account, proved_at: datetime | None = None) -> str:
        """The browser's new cookie: never the one from before, which somebody else may have planted. ``proved_at``: when
        the person proved who they are, unless it is now."""
        value, now = self.new(), datetime.now(UTC)
        session.add(
            BrowserSession(
                id=new_id(),
                token_hash=token_hash(value),
                account_id=account.id,
                signed_in_at=proved_at or now,
                expires_at=now + SIGNED_IN,
            )
        )
        return value

    async def viewer(self, session: AsyncSession, value: str) -> Viewer | None:
        """Who is signed in with this cookie, while the account is active."""
        found = await session.execute(
            select(BrowserSession, Account)
            .join(Account, Account.id == BrowserSession.account_id)
            .where(
                BrowserSession.token_hash == token_hash(value),
                BrowserSession.expires_at > datetime.now(UTC),
                Account.status == AccountStatus.ACTIVE,
            )
        )
        row = found.first()
        return None if row is None else Viewer(row[0].id, row[1], row[0].signed_in_at)

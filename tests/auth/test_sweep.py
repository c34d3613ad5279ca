"""The daily sweep takes what ended over a day ago out of every table of sign-in, and nothing else."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from app.worker import Workshop, sweep
from auth.sessions import KEEP_DEVICES
from domain.lockouts import KEEP_ATTEMPTS, LOCKOUTS, Subject
from models.accounts import AccessToken, Account, OAuthJti, OneTimeCode, SignInCount
from models.attempts import FailedAttempt, Lockout
from models.base import Base, new_id
from models.oauth import AuthorizationCode, BrowserSession, ExternalIdentity, OAuthSession, RefreshToken, SigningKey
from models.quotas import QuotaBucket
from models.sealed import DerivedVault
from models.sessions import SessionDevice
from tests.auth.apps import BACK, Sessions, Site

Rows = list[Any]


def of_sign_in(account: Account, client_id: str, ends: datetime) -> Rows:
    """A sign-in through an app with all that hangs on it, one of a browser, and a code of a phone, each with its end."""
    family = OAuthSession(
        id=new_id(), account_id=account.id, client_id=client_id, scopes=[], signed_in_at=ends, expires_at=ends
    )
    code = AuthorizationCode(
        id=new_id(),
        code_hash=new_id().bytes,
        client_id=client_id,
        account_id=account.id,
        redirect_uri=BACK,
        scopes=[],
        challenge="c",
        challenge_method="S256",
        signed_in_at=ends,
        expires_at=ends,
        session_id=family.id,
    )
    return [
        family,
        code,
        RefreshToken(id=new_id(), token_hash=new_id().bytes, session_id=family.id),
        AccessToken(
            id=new_id(), token_hash=new_id().bytes, account_id=account.id, session_id=family.id, expires_at=ends
        ),
        BrowserSession(
            id=new_id(), token_hash=new_id().bytes, account_id=account.id, signed_in_at=ends, expires_at=ends
        ),
        OAuthJti(client_id=client_id, jti=str(new_id()), expires_at=ends),
        OneTimeCode(id=new_id(), phone_index=new_id().bytes, code_hash=new_id().bytes, issued_at=ends, expires_at=ends),
        SignInCount(subject=new_id().bytes, window_end=ends, count=1),
        SigningKey(
            kid=str(new_id()),
            algorithm="ES256",
            public_jwk={},
            private_sealed=b"",
            created_at=ends,
            retired_at=ends,
            published_until=ends,
        ),
        ExternalIdentity(
            id=new_id(),
            provider="wx0",
            subject_index=new_id().bytes,
            account_id=account.id,
            proved_at=ends,
            ended_at=ends,
        ),
        FailedAttempt(id=new_id(), at=ends - KEEP_ATTEMPTS, proof="CODE", reason="WRONG_CODE"),
        Lockout(
            subject=new_id().bytes, kind="PHONE", failures=1, last_failed_at=ends - LOCKOUTS[Subject.PHONE].forgets
        ),
        QuotaBucket(holder=str(new_id()), level=1.0, per_second=1.0, settled_at=ends),
        SessionDevice(id=new_id(), account_id=account.id, last_used_at=ends - KEEP_DEVICES),
    ]


def keys(rows: Rows) -> set[Any]:
    return {(type(row).__name__, *type(row).__mapper__.primary_key_from_instance(row)) for row in rows}


async def stored(sessions: Sessions, rows: Rows) -> set[Any]:
    """The keys of those rows that are still there."""
    async with sessions() as session:
        found = [await session.get(type(row), type(row).__mapper__.primary_key_from_instance(row)) for row in rows]
    return keys([row for row in found if row is not None])


async def test_what_ended_over_a_day_ago_goes_and_nothing_else(sessions: Sessions, vault: DerivedVault) -> None:
    site = Site(sessions, vault)
    account, _ = await site.account()
    client_id, now = await site.client(), datetime.now(UTC)
    ended, lately, alive = (of_sign_in(account, client_id, now - timedelta(hours=hours)) for hours in (25, 23, -24))
    # A sign-in whose last access token is to be refused for a while yet stays, with what hangs on it.
    held = of_sign_in(account, client_id, now - timedelta(hours=25))[:4]
    held[-1].expires_at = now
    async with sessions.begin() as session:
        for row in [*ended, *lately, *alive, *held]:
            session.add(row)
            await session.flush()
    assert await sweep(Workshop(sessions, list)) >= 4
    assert await stored(sessions, ended) == set()
    kept = [*lately, *alive, *held]
    assert await stored(sessions, kept) == keys(kept)
    async with sessions() as session:
        assert await session.scalar(select(Account.id).where(Account.id == account.id)) is not None


def test_every_table_that_is_swept_is_among_the_examples() -> None:
    nobody = Account(id=new_id(), display_name="")
    shown = {row.__tablename__ for row in of_sign_in(nobody, "app", datetime.now(UTC))}
    swept = {name for name, table in Base.metadata.tables.items() if {"shared", "deletable"} <= table.info.keys()}
    assert shown == swept

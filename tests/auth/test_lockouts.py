"""Lockouts after failed proofs, alike for those who exist and those who do not, and the attempts that operators can see."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from starlette.applications import Starlette

from app.signin import Phones, SignIn
from auth.attempts import Caller, Failure, forget_attempts, record_failure, subject_index
from auth.oauth.endpoints import Endpoints, issuer_of
from auth.oauth.grants import ONE_TIME_CODE
from auth.oauth.issuing import Lifetimes
from auth.oauth.server import Means
from domain.lockouts import KEEP_ATTEMPTS, LOCKOUTS, Proof, Subject
from domain.lockouts import Lockout as Rule
from models.accounts import Account, OAuthClient
from models.attempts import FailedAttempt, Lockout
from models.sealed import SHARED, DerivedVault, Kind
from tests.auth.test_oauth import ISSUER, SECRET, assertion, registered
from tests.auth.test_signin import DEVELOPMENT, Inbox, client_of

Sessions = async_sessionmaker[AsyncSession]
RULES = {
    Subject.PHONE: Rule.parse("3/15/60"),
    Subject.ADDRESS: Rule.parse("6/15/60"),
    Subject.CLIENT: Rule.parse("3/5/60"),
}


def fresh_address() -> str:
    return ".".join(["10", *(str(secrets.randbelow(256)) for _ in range(3))])


def fresh_phone() -> str:
    return f"139{secrets.randbelow(10**8):08}"


class Door:
    """Sign-in and token endpoint with small figures; every caller comes from an address of its own."""

    def __init__(self, sessions: Sessions, vault: DerivedVault) -> None:
        self.sessions, self.vault, self.inbox = sessions, vault, Inbox()
        phones = Phones(sessions, vault, self.inbox, None, RULES)
        tokens = Endpoints(sessions, Means(vault, Lifetimes()), issuer_of(ISSUER), None, RULES)
        self.app = Starlette(routes=[*SignIn(DEVELOPMENT, phones).routes(), *tokens.routes()])

    @asynccontextmanager
    async def at(self, address: str | None = None) -> AsyncIterator[httpx.AsyncClient]:
        async with client_of(self.app, address or fresh_address()) as client:
            yield client

    async def try_code(self, phone: str, code: str = "nonsense", address: str | None = None) -> httpx.Response:
        async with self.at(address) as http:
            return await http.post("/auth/token", json={"phone": phone, "code": code})

    async def code_for(self, phone: str) -> str:
        async with self.at() as http:
            assert (await http.post("/auth/code", json={"phone": phone})).status_code == 202
        return self.inbox.codes[-1][1]

    async def grant(self, address: str | None = None, **request: Any) -> httpx.Response:
        async with self.at(address) as http:
            return await http.post("/oauth/token", **request)

    async def lockout(self, kind: Subject, whom: str) -> Lockout | None:
        async with self.sessions() as session:
            return await session.get(Lockout, subject_index(self.vault, kind, whom))

    async def let_time_pass(self, kind: Subject, whom: str) -> None:
        """The lockout ends, by moving it back."""
        async with self.sessions.begin() as session:
            ended = update(Lockout).where(Lockout.subject == subject_index(self.vault, kind, whom))
            await session.execute(ended.values(locked_until=datetime.now(UTC)))

    async def attempts(self, phone: str) -> list[FailedAttempt]:
        async with self.sessions() as session:
            index = self.vault.index(phone, Kind.PHONE, SHARED)
            of_phone = select(FailedAttempt).where(FailedAttempt.phone_index == index).order_by(FailedAttempt.id)
            return list(await session.scalars(of_phone))


@pytest.fixture
def door(sessions: Sessions, vault: DerivedVault) -> Door:
    return Door(sessions, vault)


def told(answer: httpx.Response) -> tuple[Any, ...]:
    """Everything of an answer but the second in which it was given."""
    body, seconds = answer.text, answer.headers.get("retry-after")
    if seconds is not None:
        assert 840 < int(seconds) <= 900
        body = body.replace(seconds, "N")
    return answer.status_code, body, sorted(answer.headers)


async def test_a_phone_is_locked_out_whether_anybody_has_it_or_not(door: Door, account: Account, phone: str) -> None:
    transcripts = []
    for number in (phone, fresh_phone()):
        code = await door.code_for(number)
        answers = [await door.try_code(number) for _ in range(3)]
        answers.append(await door.try_code(number))
        answers.append(await door.try_code(number, code))
        async with door.at() as http:
            answers.append(await http.post("/auth/code", json={"phone": number}))
        assert [answer.status_code for answer in answers] == [400, 400, 400, 429, 429, 429]
        assert answers[4].json()["error"]["code"] == "LOCKED_OUT"
        transcripts.append([told(answer) for answer in answers])
    assert transcripts[0] == transcripts[1]
    assert (await door.try_code(fresh_phone())).status_code == 400, "another phone goes on"


async def test_lockouts_grow_and_end(door: Door, account: Account, phone: str) -> None:
    for minutes in (15, 30, 60, 60):
        assert [(await door.try_code(phone)).status_code for _ in range(4)] == [400, 400, 400, 429]
        row = await door.lockout(Subject.PHONE, phone)
        assert row is not None
        assert row.locked_until is not None
        assert row.locked_until - row.last_failed_at == timedelta(minutes=minutes)
        await door.let_time_pass(Subject.PHONE, phone)
    assert (await door.try_code(phone, await door.code_for(phone))).status_code == 200
    assert await door.lockout(Subject.PHONE, phone) is None, "a proof ends the row of failures"


async def test_an_address_is_locked_out_and_own_success_does_not_help_it(
    door: Door, account: Account, phone: str
) -> None:
    address = fresh_address()
    for _ in range(5):
        assert (await door.try_code(fresh_phone(), address=address)).status_code == 400
    assert (await door.try_code(phone, await door.code_for(phone), address)).status_code == 200
    assert (await door.try_code(fresh_phone(), address=address)).status_code == 400
    assert (await door.try_code(fresh_phone(), address=address)).status_code == 429
    assert (await door.grant(address, data={"grant_type": "client_credentials"})).status_code == 429
    assert (await door.try_code(fresh_phone())).status_code == 400, "others go on"


async def test_a_client_is_locked_out_at_one_address_whether_it_exists_or_not(door: Door) -> None:
    transcripts = []
    known = await registered(door.sessions)
    for client_id in (known, f"court-{secrets.token_hex(8)}"):
        address = fresh_address()
        ways: list[dict[str, Any]] = [
            {"data": {"grant_type": "client_credentials"}, "auth": (client_id, "wrong")},
            {"data": {"grant_type": "client_credentials", "client_id": client_id, "client_secret": "wrong"}},
            {"data": assertion(client_id)},
            {"data": {"grant_type": "client_credentials"}, "auth": (client_id, SECRET)},
        ]
        answers = [await door.grant(address, **way) for way in ways]
        assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
        seconds = answers[3].headers["retry-after"]
        assert 240 < int(seconds) <= 300
        assert answers[3].json() == {"error": "temporarily_unavailable"}
        transcripts.append([(answer.status_code, answer.text, sorted(answer.headers)) for answer in answers])
    assert transcripts[0] == transcripts[1]
    right = {"data": {"grant_type": "client_credentials"}, "auth": (known, SECRET)}
    assert (await door.grant(**right)).status_code == 200, "nobody locks a partner out from elsewhere"


async def test_codes_at_the_token_endpoint_count_for_the_same_phone(door: Door) -> None:
    app, phone = await registered(door.sessions), fresh_phone()
    async with door.sessions.begin() as session:
        client = await session.get_one(OAuthClient, app)
        client.first_party, client.grant_types = True, [ONE_TIME_CODE]
    form = {"grant_type": ONE_TIME_CODE, "phone": phone, "code": "nonsense", "scope": ""}
    answer = await door.grant(data=form, auth=(app, SECRET))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    for _ in range(2):
        assert (await door.try_code(phone)).status_code == 400
    assert (await door.grant(data=form, auth=(app, SECRET))).status_code == 429
    rows = await door.attempts(phone)
    assert [(row.proof, row.reason, row.client_id) for row in rows] == [
        ("CODE", "invalid_grant", app),
        ("CODE", "WRONG_CODE", None),
        ("CODE", "WRONG_CODE", None),
    ]
    assert await door.lockout(Subject.CLIENT, f"{app}@") is None, "a wrong code is not the app's failure"


async def test_failures_at_the_same_time_are_all_counted(door: Door) -> None:
    phone = fresh_phone()
    answers = await asyncio.gather(*(door.try_code(phone) for _ in range(12)))
    wrong = sum(answer.status_code == 400 for answer in answers)
    row = await door.lockout(Subject.PHONE, phone)
    assert row is not None
    assert (row.failures, len(await door.attempts(phone))) == (wrong, wrong)
    assert row.locked_until is not None


async def test_old_failures_are_forgotten(door: Door) -> None:
    phone, now = fresh_phone(), datetime.now(UTC)
    failure = Failure(Proof.CODE, "WRONG_CODE", Caller(fresh_address(), phone))
    for when in (now - KEEP_ATTEMPTS - timedelta(hours=1), now):
        async with door.sessions.begin() as session:
            await record_failure(session, door.vault, failure, when, LOCKOUTS)
    row = await door.lockout(Subject.PHONE, phone)
    assert row is not None
    assert row.failures == 1, "the row of failures began anew"
    assert len(await door.attempts(phone)) == 2
    async with door.sessions.begin() as session:
        await forget_attempts(session, now)
    assert [each.at for each in await door.attempts(phone)] == [now]


async def test_attempts_show_no_phone_and_no_address_and_stay_as_they_are(door: Door) -> None:
    phone, address = fresh_phone(), fresh_address()
    await door.try_code(phone, address=address)
    (row,) = await door.attempts(phone)
    assert (row.phone_mask, row.address_mask) == (f"{phone[:3]}****{phone[-4:]}", f"{address.rpartition('.')[0]}.*")
    held = repr({column.name: getattr(row, column.name) for column in FailedAttempt.__table__.columns})
    assert phone not in held
    assert f"'{address}'" not in held
    with pytest.raises(ProgrammingError, match="permission denied"):
        async with door.sessions.begin() as session:
            await session.execute(update(FailedAttempt).values(reason="nothing"))

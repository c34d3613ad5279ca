"""From a bearer token to an actor, and the grants under which it acts."""

import uuid
from datetime import date, timedelta

import psycopg
import pytest
from psycopg.raw_cursor import AsyncRawCursor
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from auth.actor import FRESH_SQL, Actor, Grant, anonymous, load_actor, system_actor
from auth.grants import Reach, Source, end_grants, open_grant
from auth.oauth.clients import register_client
from auth.tokens import issue_token, revoke_account_tokens, revoke_token, token_hash
from domain.errors import ErrorCode, Refusal
from domain.roles import COMPANY, OFFICIALS, RESIDENTS, Role
from models.accounts import Account, AccountGrant, AccountStatus, ClientAuthMethod, OAuthClient
from models.base import new_id
from tests.auth.conftest import TODAY

Sessions = async_sessionmaker[AsyncSession]
HOUR = timedelta(hours=1)


async def fresh(raw: psycopg.AsyncConnection, token: str) -> int | None:
    cursor = AsyncRawCursor(raw)
    await cursor.execute("SELECT " + FRESH_SQL.format(token="$1"), (token_hash(token),), binary=True)
    (version,) = await cursor.fetchone() or (None,)
    return version


async def signed_in(sessions: Sessions, account: Account, lifetime: timedelta = HOUR) -> str:
    async with sessions.begin() as session:
        return (await issue_token(session, account_id=account.id, lifetime=lifetime)).value


def grant(role: Role, county: str = "990001", **reach: object) -> Grant:
    return Grant(new_id(), role, county, **reach)  # type: ignore[arg-type]


def actor(*grants: Grant) -> Actor:
    return Actor(new_id(), None, new_id(), "王小明", "zh-CN", TODAY, grants)


# -- loading ----------------------------------------------------------------------------------------------------------


async def test_a_token_becomes_its_account_with_the_grants_of_the_day(
    sessions: Sessions, raw: psycopg.AsyncConnection, account: Account
) -> None:
    unit, estate, area, ownership, posting = (new_id() for _ in range(5))
    async with sessions.begin() as session:
        owner = await open_grant(
            session,
            Role.OWNER,
            "990001",
            Source("ownership", ownership),
            account_id=account.id,
            reach=Reach(unit_id=unit, estate_id=estate, area_id=area),
            valid_from=TODAY,
        )
        official = await open_grant(
            session,
            Role.TOWNSHIP,
            "990002",
            Source("posting", posting),
            account_id=account.id,
            reach=Reach(office="马尚街道办事处", township="990002001"),
            valid_from=date(2020, 1, 1),
            valid_to=TODAY + timedelta(days=1),
        )
    token = await signed_in(sessions, account)

    loaded = await load_actor(raw, token, TODAY)

    assert loaded is not None
    assert loaded.grants == (
        Grant(
            owner.id,
            Role.OWNER,
            "990001",
            account.id,
            unit_id=unit,
            estate_id=estate,
            area_id=area,
            valid_from=TODAY,
        ),
        Grant(
            official.id,
            Role.TOWNSHIP,
            "990002",
            account.id,
            office="马尚街道办事处",
            township="990002001",
            valid_from=date(2020, 1, 1),
            valid_to=TODAY + timedelta(days=1),
        ),
    )
    assert (loaded.account_id, loaded.client_id, loaded.display_name, loaded.locale, loaded.today) == (
        account.id,
        None,
        "王小明",
        "zh-CN",
        TODAY,
    )
    assert loaded.roles == {Role.OWNER, Role.TOWNSHIP}
    assert loaded.counties == {"990001", "990002"}
    assert loaded.grants_version == 3  # one, and one for each grant
    assert await fresh(raw, token) == 3


async def test_a_grant_holds_from_its_first_day_to_the_day_before_its_last(
    sessions: Sessions, raw: psycopg.AsyncConnection, account: Account
) -> None:
    async with sessions.begin() as session:
        await open_grant(
            session,
            Role.COMMITTEE,
            "990001",
            Source("term", new_id()),
            account_id=account.id,
            reach=Reach(committee_id=new_id()),
            valid_from=TODAY,
            valid_to=TODAY + timedelta(days=2),
        )
    token = await signed_in(sessions, account)
    held = {}
    for offset in range(-1, 4):
        loaded = await load_actor(raw, token, TODAY + timedelta(days=offset))
        assert loaded is not None
        held[offset] = len(loaded.grants)
    assert held == {-1: 0, 0: 1, 1: 1, 2: 0, 3: 0}


async def test_one_statement_loads_an_actor(sessions: Sessions, raw: psycopg.AsyncConnection, account: Account) -> None:
    token = await signed_in(sessions, account)
    await load_actor(raw, token, TODAY)
    prepared = "SELECT sum(generic_plans + custom_plans)::int FROM pg_prepared_statements"
    before = (await (await raw.execute(prepared)).fetchone() or (0,))[0]
    await load_actor(raw, token, TODAY)
    # The look at the statistics is itself prepared and counted once.
    assert (await (await raw.execute(prepared)).fetchone() or (0,))[0] == before + 2


@pytest.mark.parametrize("how", ["unknown", "revoked", "all revoked", "expired", "suspended", "closed"])
async def test_a_token_that_is_worth_nothing_is_nobody(
    sessions: Sessions, raw: psycopg.AsyncConnection, account: Account, how: str
) -> None:
    token = await signed_in(sessions, account, -HOUR if how == "expired" else HOUR)
    async with sessions.begin() as session:
        match how:
            case "unknown":
                token = token[:-1] + ("A" if token[-1] != "A" else "B")
            case "revoked":
                assert await revoke_token(session, token) is True
                assert await revoke_token(session, token) is False
            case "all revoked":
                assert await revoke_account_tokens(session, account.id) == 1
            case "suspended" | "closed":
                await session.execute(
                    update(Account).where(Account.id == account.id).values(status=AccountStatus[how.upper()])
                )
    assert await load_actor(raw, token, TODAY) is None
    assert await fresh(raw, token) is None


async def test_a_cached_actor_is_stale_once_a_fact_began_or_ended(
    sessions: Sessions, raw: psycopg.AsyncConnection, account: Account
) -> None:
    source = Source("employment", new_id())
    token = await signed_in(sessions, account)
    versions = [await fresh(raw, token)]
    async with sessions.begin() as session:
        await open_grant(
            session,
            Role.COMPANY_STAFF,
            "990001",
            source,
            account_id=account.id,
            reach=Reach(company_id=new_id()),
            valid_from=TODAY - timedelta(days=9),
        )
    versions.append(await fresh(raw, token))
    async with sessions.begin() as session:
        assert await end_grants(session, source, TODAY) == 1
    versions.append(await fresh(raw, token))
    assert versions == [1, 2, 3]
    loaded = await load_actor(raw, token, TODAY)
    assert loaded is not None
    assert loaded.grants == ()


async def test_a_client_has_the_scopes_of_its_token_in_the_counties_of_its_agreement(
    sessions: Sessions, raw: psycopg.AsyncConnection
) -> None:
    client_id = f"bank-{uuid.uuid4()}"
    async with sessions.begin() as session:
        register_client(
            session,
            client_id,
            "演示银行",
            counties=["990001"],
            scopes=["filings:public", "payments:write"],
            purpose="代收物业费",
            legal_basis="委托代收协议",
            auth_method=ClientAuthMethod.PRIVATE_KEY_JWT,
            jwks={"keys": []},
        )
        await session.flush()
        for county in ("990001", "990002"):
            await open_grant(
                session,
                Role.BANK,
                county,
                Source("agreement", new_id()),
                client_id=client_id,
                scopes=["filings:public", "payments:write"],
                valid_from=TODAY,
            )
        token = (await issue_token(session, client_id=client_id, scopes=["filings:public"], lifetime=HOUR)).value
    loaded = await load_actor(raw, token, TODAY)
    assert loaded is not None
    assert [(held.county, held.role, held.client_id, held.scopes) for held in loaded.grants] == [
        ("990001", Role.BANK, client_id, ("filings:public",))
    ]
    assert (loaded.account_id, loaded.client_id, loaded.display_name) == (None, client_id, "演示银行")
    assert loaded.scopes == {"filings:public"}
    assert loaded.grants_version == await fresh(raw, token) == 3

    async with sessions.begin() as session:
        await session.execute(
            update(OAuthClient).where(OAuthClient.client_id == client_id).values(status=AccountStatus.SUSPENDED)
        )
    assert await load_actor(raw, token, TODAY) is None
    assert await fresh(raw, token) is None


# -- acting -----------------------------------------------------------------------------------------------------------


def test_a_write_acts_under_the_one_grant_that_fits() -> None:
    leader = grant(Role.PROJECT_LEADER, company_id=new_id())
    owner = grant(Role.OWNER, unit_id=new_id())
    elsewhere = grant(Role.PROJECT_LEADER, "990002", company_id=new_id())
    both = actor(leader, owner, elsewhere)
    assert both.acting(COMPANY, "990001") is leader
    assert both.acting(RESIDENTS, "990001") is owner
    assert both.acting(COMPANY, "990002") is elsewhere
    assert both.eligible(COMPANY | RESIDENTS, "990001") == (leader, owner)


def test_without_a_fitting_grant_the_roles_are_named() -> None:
    owner = actor(grant(Role.OWNER, unit_id=new_id()))
    for attempt in (
        lambda: owner.acting([Role.BUREAU], "990001"),
        lambda: actor(grant(Role.BUREAU, "990002")).acting([Role.BUREAU], "990001"),
        lambda: actor(grant(Role.BUREAU)).acting([Role.BUREAU], "990001", lambda held: held.township is not None),
        lambda: anonymous(TODAY).acting([Role.BUREAU], "990001"),
    ):
        with pytest.raises(Refusal) as refused:
            attempt()
        assert refused.value == Refusal(ErrorCode.FORBIDDEN_ROLE, roles=frozenset({Role.BUREAU}))


def test_several_fitting_grants_ask_which_and_one_can_be_named() -> None:
    first, second = (grant(Role.TOWNSHIP, township=code) for code in ("990001001", "990001002"))
    official = actor(first, second)
    with pytest.raises(Refusal) as refused:
        official.acting(OFFICIALS, "990001")
    assert refused.value == Refusal(ErrorCode.ACTING_GRANT_REQUIRED)
    assert official.acting(OFFICIALS, "990001", lambda held: held.township == "990001002") is second
    narrowed = official.narrowed(first.id)
    assert narrowed.acting(OFFICIALS, "990001") is first
    assert narrowed.grants == (first,)
    assert (narrowed.account_id, narrowed.roles) == (official.account_id, {Role.TOWNSHIP})


def test_nobody_acts_under_a_grant_of_another() -> None:
    someone = actor(grant(Role.OWNER, unit_id=new_id()))
    with pytest.raises(Refusal) as refused:
        someone.narrowed(new_id())
    assert refused.value.code is ErrorCode.FORBIDDEN_ROLE


def test_a_grant_tells_its_scope_by_sort() -> None:
    unit, holder = new_id(), new_id()
    held = Grant(new_id(), Role.OWNER, "990001", holder, unit_id=unit, scopes=("a", "b"))
    assert {what: held.scope(what) for what in ("units", "accounts", "counties", "scopes", "companies", "clients")} == {
        "units": (unit,),
        "accounts": (holder,),
        "counties": ("990001",),
        "scopes": ("a", "b"),
        "companies": (),
        "clients": (),
    }


def test_every_scope_that_policies_know_can_be_asked_of_a_grant() -> None:
    from auth.visibility import SCOPES

    held = grant(Role.OWNER)
    assert {what: held.scope(what) for what in SCOPES} == dict.fromkeys(SCOPES, ()) | {"counties": ("990001",)}


def test_nobody_and_the_clock() -> None:
    assert anonymous(TODAY).is_anonymous
    assert anonymous(TODAY).roles == frozenset()
    assert anonymous(TODAY).counties == frozenset()
    clock = system_actor("990001", TODAY)
    assert clock.acting([Role.SYSTEM], "990001").county == "990001"


# -- grants -----------------------------------------------------------------------------------------------------------


async def test_the_same_fact_opens_its_grant_once(sessions: Sessions, account: Account) -> None:
    source, reach = Source("ownership", new_id()), Reach(unit_id=new_id())
    ids = set()
    for valid_from in (TODAY, TODAY - timedelta(days=30)):
        async with sessions.begin() as session:
            opened = await open_grant(
                session,
                Role.OWNER,
                "990001",
                source,
                account_id=account.id,
                reach=reach,
                valid_from=valid_from,
            )
            ids.add(opened.id)
    async with sessions() as session:
        (only,) = ids
        row = await session.get_one(AccountGrant, only)
        assert (row.valid_from, row.valid_to, row.ended_at) == (TODAY - timedelta(days=30), None, None)


@pytest.mark.parametrize(
    ("role", "reach"),
    [(Role.OWNER, Reach(estate_id=uuid.UUID(int=1))), (Role.TOWNSHIP, Reach()), (Role.SYSTEM, Reach())],
)
async def test_a_grant_without_its_reach_is_not_opened(
    sessions: Sessions, raw: psycopg.AsyncConnection, account: Account, role: Role, reach: Reach
) -> None:
    token = await signed_in(sessions, account)
    with pytest.raises(ValueError, match=f"a grant as {role} needs"):
        async with sessions.begin() as session:
            await open_grant(
                session,
                role,
                "990001",
                Source("fact", new_id()),
                account_id=account.id,
                reach=reach,
                valid_from=TODAY,
            )
    assert await fresh(raw, token) == 1


async def test_a_grant_needs_a_holder_that_exists(sessions: Sessions) -> None:
    with pytest.raises(ValueError, match="holder does not exist"):
        async with sessions.begin() as session:
            await open_grant(
                session,
                Role.BUREAU,
                "990001",
                Source("posting", new_id()),
                account_id=new_id(),
                valid_from=TODAY,
            )


async def test_one_of_two_holders_can_be_ended_alone(
    sessions: Sessions, raw: psycopg.AsyncConnection, account: Account
) -> None:
    other = Account(id=new_id(), display_name="李四")
    source = Source("unit", new_id())
    async with sessions.begin() as session:
        session.add(other)
        await session.flush()
        for holder in (account, other):
            await open_grant(
                session,
                Role.OWNER,
                "990001",
                source,
                account_id=holder.id,
                reach=Reach(unit_id=source.id),
                valid_from=TODAY + timedelta(days=5),
            )
    async with sessions.begin() as session:
        # A fact called off before it began leaves a grant that never held.
        assert await end_grants(session, source, TODAY, account_id=other.id) == 1
        assert await end_grants(session, source, TODAY, account_id=other.id) == 0
    kept, ended = [
        await load_actor(raw, await signed_in(sessions, holder), TODAY + timedelta(days=5))
        for holder in (account, other)
    ]
    assert kept is not None
    assert [held.unit_id for held in kept.grants] == [source.id]
    assert ended is not None
    assert ended.grants == ()
    async with sessions.begin() as session:
        assert await end_grants(session, source, TODAY) == 1

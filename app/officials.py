"""``anju official``: a fresh county's first administrators, and officials as the county's own sign-in knows them."""

from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import async_sessionmaker

from app.database import command_engine
from app.settings import Settings
from app.sso_providers import read_providers
from auth.actor import system_actor
from auth.identities import bind, official_in_post, subject_index
from domain.calendar import today
from domain.errors import ErrorCode, Refusal
from domain.profiles import COUNTIES
from models.officials import Official
from models.sealed import SHARED, Kind, normalised
from resolvers import officials
from resolvers.unit_of_work import UnitOfWork, transact


async def appoint(settings: Settings, county: str, *, name: str, phone: str, office: str, basis: str) -> Official:
    """Make somebody administrator of a county's bureau, who then signs in with a code sent to the phone.

    Refuses a county without a profile, a phone that is none, and a third one: two administrators appoint the others.
    """
    if county not in COUNTIES:
        raise Refusal(ErrorCode.NOT_FOUND, "county")

    async def work(uow: UnitOfWork) -> Official:
        return await officials.appoint_by_console(uow, name=name, phone=phone, office=office, basis=basis)

    now = datetime.now(UTC)
    engine = command_engine(settings.database, size=1)
    try:
        sessions = async_sessionmaker(engine, expire_on_commit=False)
        clock = system_actor(county, today(now))
        outcome = await transact(sessions, clock, county, work, now=now, vault=settings.keys.vault())
        made: Official = outcome.row
        return made
    finally:
        await engine.dispose()


async def link(settings: Settings, county: str, *, subject: str, phone: str) -> str:
    """Let a subject of the county's provider sign in as the official in post who has the phone; the official's name.

    Refuses with ``NOT_FOUND`` a county without a provider, and a phone of nobody in post there.
    """
    provider = read_providers(settings.sso).get(county)
    if provider is None:
        raise Refusal(ErrorCode.NOT_FOUND, "county")
    vault, now = settings.keys.vault(), datetime.now(UTC)
    phone_index = vault.index(normalised(phone, Kind.PHONE), Kind.PHONE, SHARED)
    engine = command_engine(settings.database, size=1)
    try:
        async with async_sessionmaker(engine, expire_on_commit=False).begin() as session:
            account = await official_in_post(session, county, today(now), phone_index=phone_index)
            if account is None:
                raise Refusal(ErrorCode.NOT_FOUND, "phone")
            index = subject_index(vault, provider.issuer, subject)
            await bind(session, provider.issuer, index, account.id, now)
            return account.display_name
    finally:
        await engine.dispose()

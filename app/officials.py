"""``anju official appoint``: a fresh county's first administrators, whom nobody in the county could appoint."""

from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import async_sessionmaker

from app.database import command_engine
from app.settings import Settings
from auth.actor import system_actor
from domain.calendar import today
from domain.errors import ErrorCode, Refusal
from domain.profiles import COUNTIES
from models.officials import Official
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

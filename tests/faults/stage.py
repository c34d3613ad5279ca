"""What the faults happen to: a large demo made small, on an embedded PostgreSQL whose commits are as durable as ever."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import psycopg
from sqlalchemy.ext.asyncio import AsyncSession

from app import postgres
from app.database import command_engine, opened
from app.large import load_large
from app.large.plan import Large, Place
from app.settings import Settings
from auth.tokens import issue_token
from domain.calendar import today

SEED = 1


@dataclass(frozen=True)
class Bill:
    """A bill that takes payments."""

    county: str
    id: UUID

    @property
    def opaque(self) -> str:
        """Its id as the API has it."""
        return f"FeeBill_{self.county}_{self.id.hex}"


@dataclass(frozen=True)
class Stage:
    """A filled data folder, whose server runs."""

    folder: Path
    superuser_url: str
    settings: Settings
    """With the database's URL: for commands of this process."""

    large: Large

    @property
    def environment(self) -> Mapping[str, str]:
        """For processes on this folder: they find, or start, its server by themselves."""
        return {
            "ANJU_DATA": str(self.folder),
            "DATABASE_URL": "",
            "ANJU_ENVIRONMENT": "development",
            "ANJU_LOG_LEVEL": "warning",
        }

    @property
    def postmaster(self) -> int:
        """The process id of its PostgreSQL."""
        return int((self.folder / "postgres" / "postmaster.pid").read_text().split()[0])

    def connect(self) -> psycopg.Connection[tuple[object, ...]]:
        """As the server's administrator, each statement by itself."""
        return psycopg.connect(self.superuser_url, autocommit=True)

    def bills(self) -> list[Bill]:
        """Bills of which nothing is paid."""
        with self.connect() as connection:
            found = connection.execute(
                "SELECT county, id FROM fee_bill WHERE state = 'ISSUED' AND amount > 10000 ORDER BY county, id LIMIT 1000"
            ).fetchall()
        return [Bill(str(county), UUID(str(id))) for county, id in found]

    def places(self) -> list[Place]:
        """Estates of the demo."""
        return self.large.places

    async def tokens(self, count: int, *, account_id: UUID | None = None) -> list[str]:
        """Tokens of the collecting bank's client, or of an account."""
        scopes = ["api"] if account_id else ["fees:collect"]
        holder = {"account_id": account_id} if account_id else {"client_id": self.large.bank}
        engine = command_engine(self.settings.database, size=1)
        async with AsyncSession(engine) as session, session.begin():
            made = [
                await issue_token(session, lifetime=timedelta(days=1), scopes=scopes, **holder) for _ in range(count)
            ]
        await engine.dispose()
        return [token.value for token in made]


@contextmanager
def stage(*, units: int, bills: int) -> Iterator[Stage]:
    """Make it in a temporary folder, which goes with it. The embedded server stays for as long unless it is killed."""
    with tempfile.TemporaryDirectory(prefix="anju-faults-") as name:
        Path(name).chmod(0o711)
        given = Settings(data=Path(name) / "data", database_url=None)
        with opened(given, up_to_date=True) as settings:
            load_large(settings.database, units=units, bills=bills, seed=SEED)
            large = Large(units, bills, SEED, today(datetime.now(UTC)))
            with postgres.start(given.data) as server:
                superuser_url = server.url_for("anju", user="postgres")
            made = Stage(given.data, superuser_url, settings, large)
            with made.connect() as connection:
                connection.execute("CHECKPOINT")  # what is recovered later is what happened since
            yield made

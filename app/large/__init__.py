"""A large demo, by COPY: ``anju demo --units 40000 --bills 1000000``. The same for the same seed on the same day."""

from datetime import UTC, datetime

import psycopg

from app.large import books, cases, fees, register
from app.large.copying import loading
from app.large.plan import Large
from app.progress import Progress, silent
from domain.calendar import today as calendar_day

MODELS = (*register.MODELS, *cases.MODELS, *fees.MODELS, *books.MODELS)
"""What a large demo fills."""


class AlreadyLoadedError(Exception):
    """A large demo of this seed is there already."""


def load_large(
    url: str, show: Progress = silent, *, units: int = 40_000, bills: int = 1_000_000, seed: int = 1
) -> dict[str, int]:
    """Write the large demo as the owner of ``url``; how many rows each table got.

    Every unit that is billed has at least two years of monthly bills, so ``bills`` is rounded up to whole estates, and
    fewer bills mean fewer units with any. Raises ``AlreadyLoadedError``; an interruption leaves nothing behind.
    """

    large = Large(units, bills, seed, calendar_day(datetime.now(UTC)))
    with psycopg.connect(url) as connection:
        there = connection.execute("SELECT 1 FROM oauth_client WHERE client_id = %s", [large.bank]).fetchone()
    if there:
        raise AlreadyLoadedError(f"a large demo with seed {seed} is there already; choose another with --seed")
    with loading(url, MODELS, show) as filled:
        register.load(large, filled)
        cases.load(large, filled)
        fees.load(large, filled)
        books.load(large, filled)
    return filled.counts

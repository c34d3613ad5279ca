"""Keeps the gram table that keyword searches read (``domain.search``)."""

import uuid

from sqlalchemy import delete, insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.estates import SearchKind
from domain.search import grams, name_grams
from models.search import SearchGram


async def index_texts(
    session: AsyncSession, county: str, kind: SearchKind, subject_id: uuid.UUID, *texts: str | None, new: bool = False
) -> None:
    """Make the subject findable by exactly these texts; a ``new`` one has none to be rid of."""
    if not new:
        await session.execute(
            delete(SearchGram).where(
                SearchGram.county == county, SearchGram.kind == kind.value, SearchGram.subject_id == subject_id
            )
        )
    found = name_grams(*texts) if kind is SearchKind.OWNER else grams(*texts)
    rows = [{"county": county, "kind": kind.value, "gram": gram, "subject_id": subject_id} for gram in sorted(found)]
    if rows:
        await session.execute(insert(SearchGram), rows)

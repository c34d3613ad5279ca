"""What subscriptions hear of: that a row changed. The row itself is read by the subscriber, under its own policies."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Event:
    """A row of a county changed: ``type`` is its model's name, ``id`` its key as text."""

    type: str
    county: str
    id: str


class Events(Protocol):
    """Where subscriptions listen (``app.subscriptions.Hub``)."""

    def subscribe(
        self, type_name: str, county: str, row_id: str | None = None
    ) -> AbstractAsyncContextManager[AsyncIterator[Event]]:
        """Listen from now on to one row, or to all rows of the type in the county.

        The iteration ends when the server stops, and fails with ``RequestError``: ``EVENTS_LOST`` after the connection
        to the database broke, ``SLOW_CONSUMER`` when too many events wait to be taken.
        """
        ...

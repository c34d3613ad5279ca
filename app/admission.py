"""Which requests are let in when many come at once: the rest are turned away early, with word of when to come back.

A full server that goes on accepting answers nobody in time. ``capacity`` bounds the requests under way in a process;
``reserved`` of these places are kept for payments, because a bank's notice must get through on the day when every owner
opens the app; ``per_caller`` keeps one caller from taking all the others.
"""

from types import TracebackType

from schema.faults import RequestCode, RequestError


class Gate:
    """The places of one process. Not a queue: whoever finds no place is turned away at once."""

    def __init__(self, *, capacity: int = 256, reserved: int = 32, per_caller: int = 128, retry_after: int = 1) -> None:
        if not 0 <= reserved < capacity:
            raise ValueError("some places must be left for requests that are no payments")
        self.capacity = capacity
        self.reserved = reserved
        self.per_caller = per_caller
        self.retry_after = retry_after
        self.under_way = 0
        self._callers: dict[str, int] = {}

    @property
    def crowded(self) -> bool:
        """Whether only payments are let in."""
        return self.under_way >= self.capacity - self.reserved

    def enter(self, caller: str, *, reserved: bool = False) -> "Place":
        """Take a place for one request; ``with`` gives it back. ``reserved`` may use the places kept for payments."""
        held = self._callers.get(caller, 0)
        if held >= self.per_caller:
            raise self.turned_away(RequestCode.TOO_MANY_REQUESTS)
        if self.under_way >= (self.capacity if reserved else self.capacity - self.reserved):
            raise self.turned_away(RequestCode.OVERLOADED)
        self.under_way += 1
        self._callers[caller] = held + 1
        return Place(self, caller)

    def leave(self, caller: str) -> None:
        """Give a place back (``Place`` does it)."""
        self.under_way -= 1
        held = self._callers[caller] - 1
        if held:
            self._callers[caller] = held
        else:
            del self._callers[caller]

    def turned_away(self, code: RequestCode) -> RequestError:
        """The error, with ``Retry-After`` in seconds."""
        return RequestError(code, code.doc).with_header(b"retry-after", b"%d" % self.retry_after)


class Place:
    """A place that is held until the ``with`` block ends."""

    __slots__ = ("_caller", "_gate")

    def __init__(self, gate: Gate, caller: str) -> None:
        self._gate = gate
        self._caller = caller

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._gate.leave(self._caller)

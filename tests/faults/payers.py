"""Clients that pay: each sends one payment after the other, and the same again, key included, until it is told of it."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from domain.calendar import today
from models.base import new_id
from tests.faults.stage import Bill, Stage

AMOUNT = 1
"""Fen of a payment."""

PAY = """mutation Pay($input: FeeBillPayInput!) { feeBillPay(input: $input) {
  replayed payment { id amount state } bill { id } userErrors { code retryable } } }"""

PATIENCE = 0.5
"""Seconds, or somewhat more, before the same is sent again where no ``Retry-After`` says how long to wait."""

RETRYABLE = frozenset({429, 503})
"""HTTP statuses that say: the same again."""


@dataclass
class Order:
    """A payment that a client wants to be made once."""

    key: str
    bill: Bill
    lost_answers: int = 0
    """Requests that were sent and got no answer."""

    payment: str | None = None
    """The payment's id, as the client was told: the order is acknowledged."""


@dataclass
class Tally:
    """What the clients met."""

    orders: list[Order] = field(default_factory=list)
    unanswered: Counter[str] = field(default_factory=Counter)
    """Requests that were sent and got no answer, by what the client saw."""

    found_done: int = 0
    """Orders that had been committed by a request without an answer: the next one said so (``replayed``)."""

    found_in_between: int = 0
    """Orders that the server found to be committed although its own connection broke, and whose clients lost no answer."""

    told_to_retry: Counter[str] = field(default_factory=Counter)
    """Answers that ask for the same again, by code."""

    wrong: list[str] = field(default_factory=list)
    """Answers that no client should get."""

    latencies: list[float] = field(default_factory=list)
    """Seconds of the acknowledged requests."""

    @property
    def acknowledged(self) -> list[Order]:
        return [order for order in self.orders if order.payment]


class Payers:
    """Some clients at work: a context, in which they pay until ``finish``."""

    def __init__(self, stage: Stage, url: str, tokens: Sequence[str], *, seed: int) -> None:
        self.tally = Tally()
        self._bills = stage.bills()
        self._tokens = tokens
        self._chance = random.Random(seed)  # noqa: S311 - what is paid is no secret
        self._finishing = False
        self._day = today(datetime.now(UTC)).isoformat()
        self._tasks: list[asyncio.Task[None]] = []
        self._since = 0.0
        self._again = asyncio.Event()
        limits = httpx.Limits(max_connections=len(tokens), max_keepalive_connections=len(tokens))
        self._http = httpx.AsyncClient(base_url=url, limits=limits, timeout=30, trust_env=False)

    async def __aenter__(self) -> "Payers":
        self._tasks = [asyncio.create_task(self._work(token)) for token in self._tokens]
        return self

    async def __aexit__(self, *raised: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._http.aclose()

    async def finish(self) -> None:
        """No more orders; return when those under way are acknowledged."""
        self._finishing = True
        await asyncio.gather(*self._tasks)

    async def acknowledged_since(self, instant: float) -> None:
        """Return when a request is acknowledged that was sent after the instant (``time.monotonic``)."""
        self._since = instant
        self._again.clear()
        await self._again.wait()

    async def _work(self, token: str) -> None:
        headers = {"authorization": f"Bearer {token}", "accept": "application/graphql-response+json"}
        while not self._finishing:
            order = Order(new_id().hex, self._chance.choice(self._bills))
            self.tally.orders.append(order)
            while (patience := await self._try(order, headers)) is not None:  # noqa: ASYNC110
                await asyncio.sleep(patience * self._chance.uniform(1.0, 1.5))

    async def _try(self, order: Order, headers: dict[str, str]) -> float | None:
        """Send it once; after how many seconds to send it again, ``None`` when the order is at its end."""
        wanted = {
            "id": order.bill.opaque,
            "amount": AMOUNT,
            "channel": "BANK",
            "reference": order.key,
            "receivedOn": self._day,
            "idempotencyKey": order.key,
        }
        began = time.monotonic()
        try:
            answer = await self._http.post(
                "/graphql", json={"query": PAY, "variables": {"input": wanted}}, headers=headers
            )
        except httpx.ConnectError:
            return PATIENCE
        except httpx.TransportError as error:
            self.tally.unanswered[type(error).__name__] += 1
            order.lost_answers += 1
            return PATIENCE
        if answer.status_code in RETRYABLE:
            self.tally.told_to_retry[answer.json()["errors"][0]["extensions"]["code"]] += 1
            return float(answer.headers["retry-after"])
        return self._read(order, answer, began)

    def _read(self, order: Order, answer: httpx.Response, began: float) -> float | None:
        told: Any = answer.json() if answer.status_code == 200 else {}
        payload = (told.get("data") or {}).get("feeBillPay") or {}
        errors = payload.get("userErrors", [])
        if errors and all(error["retryable"] for error in errors):
            self.tally.told_to_retry[errors[0]["code"]] += 1
            return PATIENCE
        payment, bill = payload.get("payment") or {}, payload.get("bill") or {}
        right = (
            payment.get("amount") == AMOUNT
            and payment.get("state") == "SUCCEEDED"
            and bill.get("id") == order.bill.opaque
        )
        if errors or "errors" in told or not right:
            self.tally.wrong.append(f"{answer.status_code} {answer.text[:500]}")
            return None
        order.payment = payment["id"]
        if payload["replayed"] and order.lost_answers:
            self.tally.found_done += 1
        elif payload["replayed"]:
            self.tally.found_in_between += 1
        self.tally.latencies.append(time.monotonic() - began)
        if began > self._since:
            self._again.set()
        return None

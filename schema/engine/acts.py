"""Mutations: each root field is an intent that runs in a transaction of its own and shows what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from graphql import FieldNode

from domain.errors import ErrorCode, Refusal
from resolvers import at_once
from resolvers.idempotency import Outcome
from resolvers.unit_of_work import UnitOfWork, transact
from schema.engine.declare import declaration_of
from schema.engine.fields import Fields
from schema.engine.intents import Intent, read_input, value_county
from schema.engine.messages import message
from schema.engine.reading import AlreadyRead, Reader, SessionReader
from schema.engine.run import Run
from schema.engine.selection import sub_selections


async def act(run: Run, nodes: list[FieldNode]) -> bytes:
    """Do what one root field asks; its payload as JSON."""
    intent: Intent = declaration_of(run.root_type, nodes[0].name.value)
    raw: dict[str, Any] = run.arguments(run.root_type, nodes)["input"]
    if not intent.newcomers:
        return await _done(run, intent, raw, nodes)
    applicant = run.by_applicant()
    shown = await _done(applicant, intent, raw, nodes)
    await applicant.log_personal_reads()
    return shown


async def _done(run: Run, intent: Intent, raw: dict[str, Any], nodes: list[FieldNode]) -> bytes:
    if intent.items:
        return await _each(run, intent, raw, nodes)
    (shown,) = await Act(run, intent, intent.payload, raw, raw.get("idempotencyKey"), [nodes]).done()
    return shown


async def _each(run: Run, intent: Intent, raw: dict[str, Any], nodes: list[FieldNode]) -> bytes:
    """Do it for every item of the input, one after the other."""
    if not 1 <= len(raw["items"]) <= intent.items:
        refusal = Refusal(ErrorCode.OUT_OF_RANGE, "items", least=1, most=intent.items)
        return await Fields(run).object(
            intent.payload, {"results": [], "user_errors": [user_error(run, refusal)]}, nodes
        )
    shared = {name: value for name, value in raw.items() if name not in ("items", "idempotencyKey")}
    selected = run.selection.fields(intent.payload, sub_selections(nodes))
    lists = {key: inner for key, inner in selected.items() if inner[0].name.value == "results"}
    results: dict[str, list[bytes]] = {key: [] for key in lists}
    for at, item in enumerate(raw["items"]):
        key = f"{raw['idempotencyKey']}:{at}" if raw.get("idempotencyKey") else None
        done = Act(run, intent, intent.result, {**shared, **item}, key, list(lists.values()), index=at)
        for result, shown in zip(results.values(), await done.done(), strict=True):
            result.append(shown)
    parts = []
    for response_key, inner in selected.items():
        if response_key in results:
            shown = b"[%s]" % b",".join(results[response_key])
        elif inner[0].name.value == "__typename":
            shown = b'"%s"' % intent.payload.encode()
        else:
            shown = b"[]"  # of errors
        parts.append(b'"%s":%s' % (response_key.encode(), shown))
    return b"{%s}" % b",".join(parts)


@dataclass(frozen=True)
class Act:
    """One intent with one input."""

    run: Run
    intent: Intent
    payload: str
    """The type that shows what came of it."""

    raw: dict[str, Any]
    key: str | None
    """The idempotency key."""

    places: Sequence[list[FieldNode]]
    """The fields that show it: an item's result may be asked for under several names."""

    index: int | None = None
    """The item's place in the list that it is of."""

    async def done(self) -> list[bytes]:
        """Do it; what came of it at each of the places."""
        try:
            if self.intent.keyed and not self.key:
                raise Refusal(ErrorCode.IDEMPOTENCY_KEY_REQUIRED, "idempotencyKey")
            read_type = self.intent.item_type or self.intent.input_type
            county, given = read_input(read_type, self.intent.input_type, self.raw, self.run.actor.counties)
            actor = self.run.actor
            county = county or (actor.home_county if self.intent.newcomers else value_county(actor))
            shown = await self._at_once(county, given)
            return await self._in_transaction(county, given) if shown is None else shown
        except Refusal as refusal:
            refused = {"replayed": False, "index": self.index, "user_errors": [user_error(self.run, refusal)]}
            return await self._shown(None, refused)

    async def _in_transaction(self, county: str, given: dict[str, Any]) -> list[bytes]:
        async def answer(uow: UnitOfWork, outcome: Outcome) -> list[bytes]:
            return await self._outcome(SessionReader(uow.session), outcome, county)

        made = await transact(
            self.run.services.sessions,
            self.run.actor,
            county,
            lambda uow: self.intent.command(uow, **given),
            name=self.intent.name,
            inputs=self.raw,
            idempotency_key=self.key,
            answer=answer,
            now=datetime.now(UTC),
            request_id=self.run.context.request_id,
            vault=self.run.services.vault,
            standing=self.run.standing,
        )
        return cast(list[bytes], made)

    async def _at_once(self, county: str, given: dict[str, Any]) -> list[bytes] | None:
        """The ordinary case in one round trip; ``None`` when it is not the ordinary case and nothing was written."""
        if self.intent.at_once is None or not self.key:
            return None
        made = self.intent.at_once(
            self.run.actor,
            county,
            given,
            key=self.key,
            name=self.intent.name,
            inputs=self.raw,
            now=datetime.now(UTC),
            request_id=self.run.context.request_id,
        )
        if made is None:
            return None
        value = self._value(made.outcome, county)
        fields = Fields(self.run)
        reads = [read for nodes in self.places for read in fields.reads_of(self.payload, value, nodes)]
        rows = await at_once.do(self.run.services.lines, made, county, reads, standing=self.run.standing)
        return None if rows is None else await self._shown(AlreadyRead(reads, rows), value)

    async def _outcome(self, reader: Reader, outcome: Outcome, county: str) -> list[bytes]:
        return await self._shown(reader, self._value(outcome, county))

    def _value(self, outcome: Outcome, county: str) -> dict[str, Any]:
        """The payload of an act that was done."""
        return {
            "replayed": outcome.replayed,
            "index": self.index,
            "user_errors": [],
            **self.intent.results(outcome, county),
        }

    async def _shown(self, reader: Reader | None, value: dict[str, Any]) -> list[bytes]:
        fields = Fields(self.run, reader)
        return [await fields.object(self.payload, value, nodes) for nodes in self.places]


def user_error(run: Run, refusal: Refusal) -> dict[str, Any]:
    """An expected failure as data, in the language of the request."""
    return {
        "code": str(refusal.code),
        "message": message(refusal, run.context.locale),
        "field": refusal.field,
        "retryable": refusal.retryable,
    }

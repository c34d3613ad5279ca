"""The application as clients meet it: GraphQL over HTTP, with a token of whoever asks, over the tests' own database.

``did`` and ``refused`` send one mutation each and keep its name, so that a story can say at its end that it has shown every
act of a stem both allowed and refused (``covers``). A refusal must have changed nothing in any table of the county.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
from starlette.applications import Starlette

from auth.actor import Actor
from auth.tokens import issue_token
from domain.errors import ErrorCode
from models.base import new_id
from models.sealed import Vault
from schema.engine.declare import declaration_of
from schema.engine.intents import INPUTS, Intent
from schema.engine.values import Ref, encode_id
from tests.world import World


@dataclass(frozen=True)
class Application:
    """The application of one worker, the way in, and the vault under which it keeps personal data."""

    app: Starlette
    http: httpx.AsyncClient
    vault: Vault


@dataclass
class Door:
    """One test's way into the application."""

    application: Application
    world: World
    allowed: set[str] = field(default_factory=set)
    refusals: set[str] = field(default_factory=set)
    _tokens: dict[Any, str] = field(default_factory=dict)

    def id(self, kind: str, row: Any) -> str:
        """A row's id as the API has it."""
        return encode_id(Ref(kind, self.world.county, getattr(row, "id", row)))

    async def token(self, actor: Actor) -> str:
        """A bearer token of the person or the partner's system; the same one each time."""
        holder = actor.account_id or actor.client_id
        if holder not in self._tokens:
            scopes = sorted({scope for grant in actor.grants for scope in grant.scopes}) if actor.client_id else ()
            async with self.world.sessions.begin() as session:
                issued = await issue_token(
                    session,
                    account_id=actor.account_id,
                    client_id=actor.client_id,
                    scopes=scopes,
                    lifetime=timedelta(hours=1),
                )
            self._tokens[holder] = issued.value
        return self._tokens[holder]

    async def say(self, actor: Actor | None, text: str, **variables: Any) -> dict[str, Any]:
        """The whole body of an answer."""
        headers = {} if actor is None else {"Authorization": f"Bearer {await self.token(actor)}"}
        answer = await self.application.http.post(
            "/graphql", json={"query": text, "variables": variables}, headers=headers
        )
        return answer.json()  # type: ignore[no-any-return]

    async def ask(self, actor: Actor | None, text: str, **variables: Any) -> Any:
        """The data of an answer without errors."""
        body = await self.say(actor, text, **variables)
        assert "errors" not in body, body["errors"]
        return body["data"]

    async def did(self, actor: Actor, name: str, shows: str = "", /, **given: Any) -> Any:
        """What a mutation gives that must be allowed: its payload's first field, with ``shows`` of it."""
        payload = await self._send(actor, name, shows, given)
        assert payload["userErrors"] == [], (name, payload)
        self.allowed.add(name)
        return payload[next(iter(self._intent(name).returns))]

    async def refused(self, actor: Actor, name: str, code: ErrorCode, at: str | None = None, /, **given: Any) -> None:
        """A mutation is refused with this code (at this field), and no row of the county is another than before."""
        before = await self.world.fingerprint()
        payload = await self._send(actor, name, "", given)
        found = [(error["code"], error["field"]) for error in payload["userErrors"]]
        assert [error[0] for error in found] == [code], (name, payload)
        assert at is None or found == [(code, at)], (name, payload)
        assert payload[next(iter(self._intent(name).returns))] is None
        after = await self.world.fingerprint()
        # Of a wrong code stays that it was tried: the operation, whose key is free again.
        kept = {"operation"} if code is ErrorCode.WRONG_CODE else set()
        changed = {table for table in after if after[table] != before[table]} - kept
        assert not changed, f"{name} was refused and changed {sorted(changed)}"
        self.refusals.add(name)

    async def errors(self, actor: Actor, name: str, /, **given: Any) -> Any:
        """What a mutation answers to be wrong, whole; of a batch of one its item's."""
        intent = self._intent(name)
        if "idempotencyKey" in INPUTS[intent.input_type]:
            given.setdefault("idempotencyKey", new_id().hex)
        errors = "userErrors { code field message retryable }"
        shown = f"results {{ {errors} }}" if intent.items else errors
        text = f"mutation M($input: {intent.input_type}!) {{ {name}(input: $input) {{ {shown} }} }}"
        payload = (await self.ask(actor, text, input=given))[name]
        return (payload["results"][0] if intent.items else payload)["userErrors"]

    def covers(self, mutations: Iterable[tuple[str, Any]], *, besides: Iterable[str] = ()) -> None:
        """Every one of these acts was both allowed and refused."""
        names = {name for name, _ in mutations} - set(besides)
        assert names - self.allowed == set(), "never allowed"
        assert names - self.refusals == set(), "never refused"

    async def _send(self, actor: Actor, name: str, shows: str, given: dict[str, Any]) -> dict[str, Any]:
        intent = self._intent(name)
        if "idempotencyKey" in INPUTS[intent.input_type]:
            given.setdefault("idempotencyKey", new_id().hex)
        shown, type_name = next(iter(intent.returns.items()))
        selection = f"{shown} {{ {shows or '__typename'} }}" if type_name[0].isupper() else shown
        text = (
            f"mutation M($input: {intent.input_type}!) {{ {name}(input: $input) {{ "
            f"{selection} userErrors {{ code field message }} }} }}"
        )
        payload: dict[str, Any] = (await self.ask(actor, text, input=given))[name]
        return payload

    def _intent(self, name: str) -> Intent:
        declared = declaration_of("Mutation", name)
        assert isinstance(declared, Intent)
        return declared

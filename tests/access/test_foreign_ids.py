"""An id of another county, of a row that is hidden, of none at all or of nothing: always the same answer, and nothing done."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest
from graphql import (
    GraphQLInputObjectType,
    GraphQLNonNull,
    get_named_type,
    is_enum_type,
    is_list_type,
    is_non_null_type,
)
from psycopg import sql

from auth.actor import Actor
from auth.file_tokens import Download, FileTokens, Upload
from domain.errors import ErrorCode, Refusal
from models.base import Base, is_county_table, new_id
from schema.api import graphql_schema
from schema.documents import Documents, RequestContext
from schema.engine.declare import DECLARATION, ENTITIES, declaration_of
from schema.engine.execute import Executor
from schema.engine.intents import INPUTS, Changes, Intent, Reference
from schema.events import Event
from tests.access.conftest import HOME, OTHER, Demo
from tests.access.test_executed import places_of
from tests.door import Application
from tests.engine.conftest import Ask
from tests.engine.reference import opaque

PLAIN = {
    "Boolean": True,
    "Int": 1,
    "Fen": 100,
    "Area": 100,
    "Date": "2024-05-06",
    "DateTime": "2024-05-06T00:00:00+08:00",
}


def intents() -> Iterator[Intent]:
    graphql_schema()
    for name in graphql_schema().mutation_type.fields:  # type: ignore[union-attr]
        declared = declaration_of("Mutation", name)
        if isinstance(declared, Intent):
            yield declared


@dataclass(frozen=True)
class Spot:
    """Where an input takes an id: the fields on the way, each with whether it is a list, and the type of the id."""

    owner: str
    """The input type whose field it is."""
    path: tuple[tuple[str, bool], ...]
    type: str

    @property
    def name(self) -> str:
        return ".".join(name for name, _ in self.path)

    def at(self, *, of_an_item: bool) -> str:
        """How an error names it; of a batch's item the field in the item."""
        path = self.path[1:] if of_an_item and self.path[0] == ("items", True) else self.path
        return ".".join(f"{name}.0" if listed else name for name, listed in path)


def spots(input_type: str, before: tuple[tuple[str, bool], ...] = ()) -> Iterator[Spot]:
    """Every place of the input, however deep, that takes an id."""
    type_ = graphql_schema().get_type(input_type)
    assert isinstance(type_, GraphQLInputObjectType)
    for name, field in INPUTS[input_type].items():
        inner = type_.fields[name].type
        path = (*before, (name, is_list_type(inner.of_type if is_non_null_type(inner) else inner)))
        declared = field.metadata.get(DECLARATION)
        named = get_named_type(inner)
        if isinstance(declared, Reference):
            yield Spot(input_type, path, declared.type)
        elif isinstance(named, GraphQLInputObjectType) and named.name in INPUTS:  # a list's conditions are no commands'
            yield from spots(named.name, path)


def put(value: dict[str, Any], input_type: str, path: Sequence[tuple[str, bool]], given: str, known: Any) -> None:
    """Write an id at its place; the parts on the way are made as small as they may be."""
    (name, listed), *below = path
    if not below:
        value[name] = [given] if listed else given
        return
    type_: Any = graphql_schema().get_type(input_type)
    named = get_named_type(type_.fields[name].type)
    part = filled(GraphQLNonNull(named), known)
    put(part, named.name, below, given, known)
    value[name] = [part] if listed else part


CASES = [(intent, spot) for intent in intents() for spot in spots(intent.input_type)]


def test_nested_places_are_among_them() -> None:
    nested = {f"{intent.name}.{spot.name}" for intent, spot in CASES if len(spot.path) > 1}
    assert {
        "paymentRecord.items.unitId",
        "paymentRecord.items.billIds",
        "committeeAttest.members.unitId",
        "premisesFilingOpen.premises.unitId",
    } <= nested
    assert len(nested) >= 10, sorted(nested)


def filled(type_: Any, ids: dict[str, str]) -> Any:
    """The least that a type asks for."""
    if is_non_null_type(type_):
        type_ = type_.of_type
    if is_list_type(type_):
        return [filled(type_.of_type, ids)]
    named = get_named_type(type_)
    if isinstance(named, GraphQLInputObjectType):
        return {
            name: ids.get(f"{named.name}.{name}") or _id_of(named.name, name) or filled(field.type, ids)
            for name, field in named.fields.items()
            if is_non_null_type(field.type)
        }
    if is_enum_type(named):
        return next(iter(named.values))
    return PLAIN.get(named.name, "x")


def _id_of(input_type: str, field: str) -> Any:
    """An id of the type that a field asks for, of no row."""
    declared = INPUTS[input_type][field].metadata.get(DECLARATION)
    if not isinstance(declared, Reference):
        return None
    given = f"{declared.type}_{HOME}_{new_id().hex}"
    type_: Any = graphql_schema().get_type(input_type).fields[field].type  # type: ignore[union-attr]
    return [given] if is_list_type(type_.of_type) else given


def ids_of(town: Demo, login: str, type_name: str) -> dict[str, str]:
    """One id of each kind that must not tell anything."""
    found = {"none": f"{type_name}_{HOME}_{new_id().hex}", "malformed": "x_y", "of a type": f"Division_{HOME}"}
    if type_name not in ENTITIES:  # an account is named by an id and shown to nobody
        return found
    entity, places, actor = ENTITIES[type_name], places_of(town), town.actors[login]
    for row in town.world.rows[entity.model]:
        if row.county == OTHER:
            found.setdefault("of another county", opaque(entity, row))
        elif not places.sees(actor, entity.model, row):
            found.setdefault("hidden", opaque(entity, row))
    return found


@pytest.mark.parametrize("login", [f"{HOME}-bureau", f"{HOME}-company"])
async def test_an_id_that_is_not_ones_own_is_no_id(login: str, town: Demo, demo_ask: Ask) -> None:
    actor = town.actors[login]
    before = state(town)
    wrong: list[str] = []
    for intent, spot in CASES:
        errors = "userErrors { code field message }"
        shown = f"results {{ {errors} }}" if intent.items else errors
        text = f"mutation M($input: {intent.input_type}!) {{ {intent.name}(input: $input) {{ {shown} }} }}"
        answers: dict[str, Any] = {}
        known = own_ids(town, login, intent)
        for kind, given in ids_of(town, login, spot.type).items():
            value = filled(graphql_schema().get_type(intent.input_type), known)
            put(value, intent.input_type, spot.path, given, known)
            if "idempotencyKey" in INPUTS[intent.input_type]:
                value["idempotencyKey"] = new_id().hex
            found = await demo_ask(actor, text, input=value)
            assert "errors" not in found, found
            payload = found["data"][intent.name]
            answers[kind] = (payload["results"][0] if intent.items else payload)["userErrors"]
        # An act that is open to newcomers takes a unit of any county: it is hidden from them there as at home.
        early = ("malformed", "of a type") if intent.newcomers else ("malformed", "of a type", "of another county")
        unread = {kind: answers.pop(kind) for kind in early if kind in answers}
        # Refused as soon as it is read, at its own field; a row that is hidden as late as one that is not there.
        at = spot.at(of_an_item=bool(intent.items))
        for kind, answer in unread.items():
            if [(each["code"], each["field"]) for each in answer] != [("NOT_FOUND", at)]:
                wrong.append(f"{intent.name}.{spot.name} {kind}: {answer}")
        if any(answer != answers["none"] for answer in answers.values()) or not answers["none"]:
            wrong.append(f"{intent.name}.{spot.name}: {answers}")
    assert not wrong, "\n".join(wrong)
    assert state(town) == before


def own_ids(town: Demo, login: str, intent: Intent) -> dict[str, Any]:
    """For the other ids of the input, rows that the actor does see."""
    places, actor = places_of(town), town.actors[login]
    found = {}
    for spot in spots(intent.input_type):
        first, (name, listed) = spot.type.split("|")[0], spot.path[-1]
        if first not in ENTITIES:
            continue
        entity = ENTITIES[first]
        for row in town.world.rows[entity.model]:
            if row.county == HOME and places.sees(actor, entity.model, row):
                own = opaque(entity, row)
                found[f"{spot.owner}.{name}"] = [own] if listed else own
                break
    return found


def state(town: Demo) -> list[Any]:
    """Rows and last writers of every table of the counties."""
    tables = [table.name for table in Base.metadata.sorted_tables if is_county_table(table)]
    counted = sql.SQL(" UNION ALL ").join(
        sql.SQL("SELECT {name}, count(*), max(xmin::text::bigint) FROM {table}").format(
            name=sql.Literal(name), table=sql.Identifier(name)
        )
        for name in tables
    )
    with psycopg.connect(town.database.superuser_url) as connection:
        return sorted(connection.execute(counted).fetchall())  # a parallel plan gives them in any order


# -- what is listened to, and files -------------------------------------------------------------------------------------


class Told:
    """Events that the test sends."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Event | None] = asyncio.Queue()

    @asynccontextmanager
    async def subscribe(self, kind: str, county: str, row_id: str | None = None) -> AsyncIterator[AsyncIterator[Event]]:
        async def told() -> AsyncIterator[Event]:
            while (event := await self.queue.get()) is not None:
                assert (event.type, event.county) == (kind, county)
                if row_id in (None, event.id):
                    yield event

        yield told()


LISTENED = [(name, declared) for name in graphql_schema().subscription_type.fields  # type: ignore[union-attr]
            if (declared := declaration_of("Subscription", name)).__class__ is Changes]  # fmt: skip


@pytest.fixture(scope="session")
def heard(demo_executor: Executor) -> Callable[..., Awaitable[Any]]:
    """What a subscription answers while rows of these ids change, its refusal included."""
    documents = Documents(graphql_schema())

    async def listen(actor: Actor, declared: Changes, text: str, variables: dict[str, Any], *changed: str) -> Any:
        context = RequestContext("test", events=Told())
        for key in changed:
            _, county, row = key.split("_")
            context.events.queue.put_nowait(Event(declared.model, county, str(UUID(row))))  # type: ignore[union-attr]
        context.events.queue.put_nowait(None)  # type: ignore[union-attr]
        document = documents.get(text)
        assert document.rejection is None, document.rejection
        try:
            stream = demo_executor.subscribe(document, document.operation(None), variables, actor, context)
            return [body async for body in stream]
        except Refusal as refusal:
            return (refusal.code, refusal.field, refusal.params)

    return listen


@pytest.mark.parametrize(("name", "declared"), LISTENED, ids=[name for name, _ in LISTENED])
async def test_a_change_of_what_is_not_ones_own_is_no_change(
    name: str, declared: Changes, town: Demo, heard: Callable[..., Awaitable[Any]]
) -> None:
    one = f"subscription S($id: ID) {{ {name}(id: $id) {{ id }} }}"
    all_ = f"subscription S($county: String) {{ {name}(county: $county) {{ id }} }}"
    for login in (f"{HOME}-company", f"{HOME}-resident"):
        actor, ids = town.actors[login], ids_of(town, login, declared.type)
        silent = {
            kind: await heard(actor, declared, one, {"id": ids[kind]}, ids[kind]) for kind in ids if kind in AT_HOME
        }
        assert set(map(str, silent.values())) == {"[]"}, (login, silent)
        elsewhere = {
            "of another county": ids.get("of another county", f"{declared.type}_{OTHER}_{new_id().hex}"),
            "none there": f"{declared.type}_{OTHER}_{new_id().hex}",
            "of no county": f"{declared.type}_999999_{new_id().hex}",
            **{kind: ids[kind] for kind in ("malformed", "of a type")},
        }
        refused = {kind: await heard(actor, declared, one, {"id": given}) for kind, given in elsewhere.items()}
        assert all(found == (ErrorCode.NOT_FOUND, "id", {}) for found in refused.values()), refused
        counties = [await heard(actor, declared, all_, {"county": county}) for county in (OTHER, "999999", "x")]
        assert all(found == (ErrorCode.NOT_FOUND, "county", {}) for found in counties), counties
        hidden = [ids[kind] for kind in ids if kind in AT_HOME]
        assert await heard(actor, declared, all_, {"county": HOME}, *hidden) == [], login


AT_HOME = ("hidden", "none")


async def test_an_address_of_a_file_that_was_not_handed_out_opens_nothing(application: Application) -> None:
    """Addresses carry no ids but a signature: of others' files, of none, unsigned or signed by somebody else."""
    now = datetime.now(UTC)
    strangers = FileTokens(b"x" * 32)
    theirs = [strangers.for_download(Download(key, "a.pdf", "application/pdf"), now) for key in (f"{HOME}/a/b", "none")]
    unsigned = theirs[0].rpartition(".")[0] + "."
    tokens = [*theirs, unsigned, "nonsense", strangers.for_upload(Upload(HOME, new_id(), "application/pdf", 5), now)]
    answers = [await application.http.get(f"/files/{token}") for token in tokens]
    answers += [await application.http.put(f"/files/{token}", content=b"%PDF-") for token in tokens]
    assert {(answer.status_code, answer.content) for answer in answers} == {(403, b'{"code":"BAD_TOKEN"}')}

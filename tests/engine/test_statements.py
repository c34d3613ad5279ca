"""What every compiled statement keeps to (DESIGN §8): counties at each table, exact rows under any plan and partitioning."""

import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from graphql import GraphQLObjectType, get_named_type, is_leaf_type, parse
from graphql.execution.values import get_variable_values
from sqlalchemy.ext.asyncio import async_sessionmaker

from app.database import session_options, without_driver
from app.lines import read_lines
from domain.roles import Role
from models.base import Base, is_county_table
from schema.api import graphql_schema
from schema.documents import Documents
from schema.engine import declare
from schema.engine.compile import Compiler
from schema.engine.declare import ENTITIES, Listing, declaration_of
from schema.engine.execute import Executor
from schema.engine.selection import Selection
from tests.database import Database
from tests.engine.conftest import Ask, Town, asking

COUNTY_TABLES = {table.name for table in Base.metadata.tables.values() if is_county_table(table)}
REFERENCE = re.compile(r"(?:FROM|JOIN|,)\s+(\w+) AS (\w+)(?=[\s,)])")
COUNTY = re.compile(r"\b(\w+)\.county = (?:\$\d+::VARCHAR|ANY \(\$\d+::(?:VARCHAR|TEXT)\[\]\))")
EVERYBODY = frozenset(Role)


def listings() -> Iterator[tuple[str, Listing]]:
    graphql_schema()
    for name in graphql_schema().query_type.fields:  # type: ignore[union-attr]
        declared = declaration_of("Query", name)
        if isinstance(declared, Listing):
            yield name, declared


def all_fields(type_name: str, depth: int) -> str:
    """Every field that needs no argument, down to a depth."""
    type_ = graphql_schema().get_type(type_name)
    assert isinstance(type_, GraphQLObjectType)
    parts = ["__typename"]
    for name, field in type_.fields.items():
        inner = get_named_type(field.type)
        if is_leaf_type(inner):
            parts.append(name)
        elif depth > 0 and isinstance(inner, GraphQLObjectType):
            below = depth if inner.name.endswith(("Connection", "Edge")) else depth - 1
            parts.append(f"{name} {{ {all_fields(inner.name, below)} }}")
    return " ".join(parts)


def compiled(name: str, declared: Listing, roles: frozenset[Role], mode: Any, selection: str) -> str:
    operation = parse(f"{{ {name} {{ {selection} }} }}").definitions[0]
    variables = get_variable_values(graphql_schema(), [], {})
    assert not isinstance(variables, list)
    chosen = Selection(graphql_schema(), {}, variables)
    nodes = chosen.fields("Query", [operation.selection_set])[name]  # type: ignore[attr-defined]
    return Compiler(chosen, roles, mode).listing(declared, "Query", nodes).body


@pytest.mark.parametrize(
    ("roles", "mode"),
    [
        (EVERYBODY, "one"),
        (frozenset({Role.BUREAU, Role.COMPANY_ADMIN, Role.OWNER}), "many"),
        (frozenset({Role.OWNER}), "one"),
    ],
)
def test_every_table_names_its_county_by_a_bind(roles: frozenset[Role], mode: str) -> None:
    for name, declared in listings():
        body = compiled(name, declared, roles, mode, all_fields(f"{declared.target}Connection", 1))
        named = set(COUNTY.findall(body))
        unnamed = {f"{table} AS {alias}" for table, alias in REFERENCE.findall(body) if table in COUNTY_TABLES} - {
            f"{alias.rpartition('_')[0]} AS {alias}" for alias in named
        }
        assert not unnamed, f"{name}: {unnamed}"


def test_a_model_without_a_policy_does_not_compile(monkeypatch: pytest.MonkeyPatch) -> None:
    from auth import visibility
    from models.estates import Estate

    monkeypatch.delitem(visibility.POLICIES, Estate)
    with pytest.raises(LookupError, match="Estate has no visibility policy"):
        compiled("estates", Listing("Estate"), EVERYBODY, "one", "totalCount")


def test_fields_with_an_audience_may_be_null() -> None:
    graphql_schema()
    for name, entity in ENTITIES.items():
        for field, declared in entity.fields.items():
            if getattr(declared, "to", None) is not None and getattr(declared, "mask", None) is None:
                type_ = graphql_schema().get_type(name).fields[field].type  # type: ignore[union-attr]
                assert not str(type_).endswith("!"), f"{name}.{field} can be hidden and is not nullable"


def test_columns_that_may_be_null_are_nullable() -> None:
    graphql_schema()
    for name, entity in ENTITIES.items():
        for field, declared in entity.fields.items():
            if isinstance(declared, declare.Column) and declared.attr.property.columns[0].nullable:
                type_ = graphql_schema().get_type(name).fields[field].type  # type: ignore[union-attr]
                assert not str(type_).endswith("!"), f"{name}.{field} is null in the table and not in the schema"


SAMPLES = (
    """{ estates { totalCount nodes { id code buildings { totalCount nodes {
      number estate { code } units(first: 1) { nodes { name } } } } } } }""",
    """{ estates(last: 2) { edges { cursor node { code unitCount } } pageInfo { hasPreviousPage startCursor } } }""",
    """{ units(first: 3) { nodes { name building { number area { code estates { totalCount } } } }
      pageInfo { hasNextPage endCursor } } }""",
)
FORCED = {
    "hash joins": {"enable_mergejoin": "off", "enable_nestloop": "off"},
    "merge joins": {"enable_hashjoin": "off", "enable_nestloop": "off"},
    "nested loops": {"enable_hashjoin": "off", "enable_mergejoin": "off"},
    "generic plans": {"plan_cache_mode": "force_generic_plan"},
    "custom plans": {"plan_cache_mode": "force_custom_plan"},
}


@pytest.mark.parametrize("forced", FORCED)
async def test_answers_are_the_same_under_any_plan(
    forced: str, ask: Ask, town: Town, database: Database, sessions: async_sessionmaker[Any], documents: Documents
) -> None:
    async with read_lines(database.url, maximum=1, **FORCED[forced]) as lines:
        other = asking(Executor(graphql_schema(), lines, sessions), documents)
        for who in (town.bureau, town.township, town.owner("2-101", "9-201")):
            for text in SAMPLES:
                assert await other(who, text) == await ask(who, text)


@pytest.fixture
def partitioned(own_database: Database) -> Database:
    """The same tables, each partitioned by hash of the county: the stand-in for a distributed database."""
    with psycopg.connect(own_database.superuser_url, autocommit=True) as connection:
        for table in COUNTY_TABLES:
            rows = connection.execute(
                "SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'f'", (table,)
            )
            for (name,) in rows.fetchall():
                connection.execute(f'ALTER TABLE "{table}" DROP CONSTRAINT "{name}"')
        for table in sorted(COUNTY_TABLES):
            connection.execute(f'ALTER TABLE "{table}" RENAME TO "{table}_whole"')
            connection.execute(
                f'CREATE TABLE "{table}" (LIKE "{table}_whole" INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES) '
                "PARTITION BY HASH (county)"
            )
            for part in range(3):
                connection.execute(
                    f'CREATE TABLE "{table}_{part}" PARTITION OF "{table}" FOR VALUES WITH (MODULUS 3, REMAINDER {part})'
                )
            connection.execute(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY')
            connection.execute(
                f'CREATE POLICY county ON "{table}" USING (county = ANY ((SELECT string_to_array('
                "current_setting('anju.counties', true), ','))::text[]))"
            )
            connection.execute(f'GRANT SELECT, INSERT, UPDATE ON "{table}" TO anju_app')
    return own_database


async def test_the_same_answers_on_partitioned_tables(
    partitioned: Database,
    ask: Ask,
    town: Town,
    sessions: async_sessionmaker[Any],
    documents: Documents,
    database: Database,
) -> None:
    with (
        psycopg.connect(database.superuser_url) as source,
        psycopg.connect(partitioned.superuser_url, autocommit=True) as target,
    ):
        for table in ("property_area", "estate", "estate_area", "building", "unit"):
            columns = ", ".join(
                name
                for (name,) in source.execute(
                    "SELECT column_name FROM information_schema.columns WHERE table_name = %s ORDER BY ordinal_position",
                    (table,),
                )
            )
            with (
                source.cursor().copy(
                    f"COPY (SELECT {columns} FROM {table} WHERE county = '{town.county}') TO STDOUT"
                ) as out,
                target.cursor().copy(f"COPY {table} ({columns}) FROM STDIN") as into,
            ):
                for block in out:
                    into.write(block)
    async with read_lines(partitioned.url, maximum=1) as lines:
        other = asking(Executor(graphql_schema(), lines, sessions), documents)
        for who in (town.bureau, town.township, town.owner("2-101", "9-201")):
            for text in SAMPLES:
                assert await other(who, text) == await ask(who, text)


async def test_the_fuse_stops_what_the_engine_would_let_through(database: Database, town: Town) -> None:
    options = session_options()
    async with await psycopg.AsyncConnection.connect(
        without_driver(database.url), autocommit=True, options=options
    ) as raw:
        assert await (await raw.execute("SELECT count(*) FROM estate")).fetchone() == (0,)
        async with raw.transaction():
            await raw.execute("SELECT set_config('anju.counties', %s, true)", (town.county,))
            assert await (await raw.execute("SELECT count(*) FROM estate")).fetchone() == (3,)
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await raw.execute(
                    "INSERT INTO search_gram (county, kind, gram, subject_id) VALUES ('123456', 'ESTATE', 'x', gen_random_uuid())"
                )

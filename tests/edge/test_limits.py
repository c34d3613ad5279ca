"""The limits of a document's shape, and that measuring is linear: visited nodes are counted, never a clock."""

import pytest
from graphql import Visitor, parse, visit

from schema.documents import Documents
from schema.limits import CEILING, Limits, excesses, measure
from tests.edge.tiny import SCHEMA


def selections(text: str) -> int:
    """How many fields, spreads and inline fragments stand in the source."""
    found = 0

    class Count(Visitor):
        def enter_field(self, *_: object) -> None:
            nonlocal found
            found += 1

        enter_fragment_spread = enter_inline_fragment = enter_field

    visit(parse(text), Count())
    return found


def doubling(levels: int) -> str:
    """Every fragment spreads the next one twice: 2^levels leaves in a text of some 50 bytes a level."""
    inner = " ".join(f"fragment F{n} on Book{{a:sequel{{...F{n + 1}}}b:sequel{{...F{n + 1}}}}}" for n in range(levels))
    return f"{{node(id:1){{...F0}}}}{inner}fragment F{levels} on Book{{title}}"


@pytest.mark.parametrize("levels", [1, 5, 22, 44])
def test_nested_fragments_cost_no_more_than_their_size(levels: int) -> None:
    text = doubling(levels)
    measures = measure(parse(text))
    assert measures.visited == selections(text) == 4 * levels + 3
    (shape,) = measures.operations
    assert shape.aliases == 2 ** (levels + 1) - 2
    assert shape.fields == 1 + 3 * 2**levels - 2
    assert shape.depth == levels + 2


def test_counting_stops_where_integers_are_no_longer_exact() -> None:
    (shape,) = measure(parse(doubling(60))).operations
    assert shape.aliases == shape.fields == CEILING


def test_twenty_two_nested_fragments_are_rejected_in_a_small_document() -> None:
    text = doubling(22)
    assert len(text) < 1300
    rejection = Documents(SCHEMA._schema).get(text).rejection
    assert rejection is not None
    assert [error["extensions"] for error in rejection.errors] == [
        {"code": "LIMIT_EXCEEDED", "limit": "depth", "allowed": 16, "measured": 24},
        {"code": "LIMIT_EXCEEDED", "limit": "aliases", "allowed": 200, "measured": 8388606},
        {"code": "LIMIT_EXCEEDED", "limit": "fields", "allowed": 5000, "measured": 12582911},
    ]


@pytest.mark.parametrize(
    ("text", "limit", "measured"),
    [
        ("{a{b{c{d}}}}", "depth", 4),
        ("{a{...on X{b{...F}}}} fragment F on Y{c{d}}", "depth", 4),
        ("{x:a y:a b{z:c}}", "aliases", 3),
        ("{...F ...F} fragment F on Query{x:a}", "aliases", 2),
        ("{a b c{d}}", "fields", 4),
        ("{a ...on Query{b} ...F} fragment F on Query{c d{e}}", "root_fields", 4),
        ("query @one{a @two @three ...F @four} fragment F on Query @five{b}", "directives", 5),
        ("{a a a b}", "repeats", 2),
        ("{a{x} a{x y}} fragment F on Query{a a}", "repeats", 2),
        ("{a} fragment F on X{b} fragment G on X{b}", "definitions", 3),
        ("{__schema{types{fields{type{name}}}}}", "introspection_depth", 5),
        ("{__schema{types{fields{type{fields{name}}}}}}", "introspection_lists", 2),
        ("{__type(name:1){...F}} fragment F on __Type{fields{type{possibleTypes{name}}}}", "introspection_lists", 2),
    ],
)
def test_each_limit(text: str, limit: str, measured: int) -> None:
    measures = measure(parse(text))
    fitting = Limits(**{limit: measured})
    (excess,) = excesses(measures, Limits(**{limit: measured - 1}))
    assert (excess.limit, excess.allowed, excess.measured) == (limit, measured - 1, measured)
    assert excesses(measures, fitting) == []


def test_fields_called_like_introspection_lists_are_no_introspection() -> None:
    (shape,) = measure(parse("{farm{fields{interfaces{inputFields{a}}}}}")).operations
    assert (shape.introspection_depth, shape.introspection_lists) == (0, 0)


@pytest.mark.parametrize(
    "text",
    [
        "{...A} fragment A on Query{...A}",
        "{...A} fragment A on Query{a{...B}} fragment B on Query{b{...A}}",
        "{...Missing}",
    ],
)
def test_cycles_and_unknown_fragments_are_left_to_validation(text: str) -> None:
    assert measure(parse(text)).visited == selections(text)
    rejection = Documents(SCHEMA._schema).get(text).rejection
    assert rejection is not None
    assert {error["extensions"]["code"] for error in rejection.errors} == {"GRAPHQL_VALIDATION_FAILED"}


def test_a_long_chain_of_fragments_needs_no_recursion() -> None:
    chain = "".join(f"fragment F{n} on Query{{...F{n + 1}}}" for n in range(3000))
    text = f"{{...F0}}{chain}fragment F3000 on Query{{hello}}"
    assert measure(parse(text)).visited == 3002


def test_tokens_are_counted_while_parsing() -> None:
    documents = Documents(SCHEMA._schema, limits=Limits(tokens=5))
    assert documents.get("{a:hello}").rejection is None
    rejection = documents.get("{hello hello hello hello}").rejection
    assert rejection is not None
    assert rejection.errors[0]["extensions"]["code"] == "GRAPHQL_PARSE_FAILED"


def test_the_introspection_query_of_tools_fits() -> None:
    from graphql import get_introspection_query

    query = get_introspection_query(
        specified_by_url=True, directive_is_repeatable=True, schema_description=True, input_value_deprecation=True
    )
    assert Documents(SCHEMA._schema).get(query).rejection is None

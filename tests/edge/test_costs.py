"""The cost of an operation is the number of rows that it could return."""

import pytest
from graphql import build_schema, parse

from schema.costs import Costs, compile_costs
from schema.limits import CEILING

SCHEMA = build_schema("""
  interface Node { id: ID! }
  type PageInfo { hasNextPage: Boolean! }
  type EstateEdge { node: Estate cursor: String! }
  type EstateConnection { edges: [EstateEdge!]! nodes: [Estate!]! pageInfo: PageInfo! totalCount: Int! }
  type BillEdge { node: Bill cursor: String! }
  type BillConnection { edges: [BillEdge!]! nodes: [Bill!]! pageInfo: PageInfo! }
  type Company implements Node { id: ID! name: String! estates(first: Int, last: Int): EstateConnection! }
  type Address { street: String! company: Company }
  type Estate implements Node { id: ID! name: String! company: Company address: Address
    bills(first: Int = 50, last: Int): BillConnection! photos: [Photo!]! tags: [String!]! }
  type Photo { url: String! estate: Estate }
  type Bill implements Node { id: ID! estate: Estate! }
  union Found = Company | Estate
  type Query { estates(first: Int, last: Int, after: String): EstateConnection! estate: Estate node(id: ID!): Node
    nodes(ids: [ID!]!): [Node]! found: Found version: String! }
  type Payload { estate: Estate bill: Bill }
  type Mutation { pay: Payload! }
""")


def cost(text: str, variables: dict[str, object] | None = None) -> int:
    (compiled,), _ = compile_costs(parse(text), SCHEMA, Costs())
    return compiled.of(variables or {})


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("{version __typename}", 0),
        ("{__schema{types{name fields{name}}}}", 0),
        ("{estate{name}}", 1),
        ("{estate{company{name}}}", 2),
        ("{estate{address{street company{name}}}}", 2),
        ("{found{...on Estate{name}...on Company{name}}}", 1),
        ("{node(id:1){id}}", 1),
        ("{nodes(ids:[1,2,3]){id}}", 3),
        ("{estates(first:10){nodes{name}}}", 10),
        ("{estates(last:7){edges{node{name}} totalCount pageInfo{hasNextPage}}}", 7),
        ("{estates{nodes{name}}}", 20),
        ("{estates(first:10){nodes{bills{nodes{id}}}}}", 10 + 10 * 50),
        ("{estates(first:10){nodes{company{name} bills(first:3){edges{node{estate{name}}}}}}}", 10 + 10 + 30 + 30),
        ("{estates(first:10){nodes{photos{url} tags}}}", 10 + 100),
        ("{estates(first:100000){nodes{name}}}", 500),
        ("{a:estates(first:1){nodes{id}} b:estates(first:2){nodes{id}}}", 3),
        ("{estates(first:5){...E}} fragment E on EstateConnection{nodes{...F}} fragment F on Estate{company{id}}", 10),
        ("mutation{pay{estate{name} bill{id}}}", 2),
        ("{node(id:1){...on Estate{bills(first:4){nodes{id}}}...on Company{estates(first:6){nodes{id}}}}}", 11),
    ],
)
def test_rows_of_constants(text: str, rows: int) -> None:
    assert cost(text) == rows


@pytest.mark.parametrize(
    ("variables", "rows"),
    [
        ({"n": 10, "m": 3}, 10 + 30),
        ({"n": 10}, 10 + 10 * 50),
        ({"n": None, "m": 3}, 20 + 60),
        ({"m": 2}, 4 + 8),
        ({"n": 10, "m": 3, "deep": False}, 10),
        ({"n": -5, "m": 3}, 0),
        ({"n": 10**30, "m": 1}, 500 + 500),
        ({"n": "ten", "m": 1}, 20 + 20),
    ],
)
def test_rows_of_variables(variables: dict[str, object], rows: int) -> None:
    text = """
      query($n: Int = 4, $m: Int, $deep: Boolean = true) {
        estates(first: $n) { nodes { ...E @include(if: $deep) } }
      }
      fragment E on Estate { bills(first: $m) { nodes { id } } }"""
    assert cost(text, variables) == rows


def test_rows_of_a_list_of_ids() -> None:
    assert cost("query($ids:[ID!]!){nodes(ids:$ids){id}}", {"ids": ["a", "b"]}) == 2


def test_skipped_fields_return_no_rows() -> None:
    text = "query($off:Boolean!){estates(first:9)@skip(if:$off){nodes{id}} estate@include(if:false){id}}"
    assert (cost(text, {"off": True}), cost(text, {"off": False})) == (0, 9)


def test_every_operation_has_its_own_cost() -> None:
    text = "query A{estates(first:3){...E}} query B{estate{id}} fragment E on EstateConnection{nodes{company{id}}}"
    compiled, _ = compile_costs(parse(text), SCHEMA, Costs())
    assert [each.of({}) for each in compiled] == [6, 1]


@pytest.mark.parametrize("page", ["10", "$n"])
def test_nested_fragments_are_compiled_once(page: str) -> None:
    levels = 22
    inner = "".join(
        f"fragment F{n} on Company{{a:estates(first:{page}){{nodes{{company{{...F{n + 1}}}}}}}"
        f"b:estates(first:{page}){{nodes{{company{{...F{n + 1}}}}}}}}}"
        for n in range(levels)
    )
    text = f"query($n:Int){{estate{{company{{...F0}}}}}}{inner}fragment F{levels} on Company{{name}}"
    (compiled,), visited = compile_costs(parse(text), SCHEMA, Costs())
    assert visited == 3 + levels * 8 + 1
    assert compiled.of({"n": 10}) == CEILING
    assert len(compiled.sums) <= visited


def test_a_constant_cost_needs_no_evaluation() -> None:
    (compiled,), _ = compile_costs(parse("{estates(first:10){nodes{company{id}}}}"), SCHEMA, Costs())
    assert len(compiled.sums) == 1
    assert compiled.sums[0].terms == ()

"""Forms of selections and arguments that clients may write, one by one: the answers are those that graphql-core would give."""

import base64
from typing import Any

import pytest

from tests.engine.conftest import Ask, Town, key


async def data(ask: Ask, town: Town, text: str, **variables: Any) -> Any:
    answer = await ask(town.bureau, text, **variables)
    assert "errors" not in answer, answer["errors"]
    return answer["data"]


async def test_one_list_twice_under_two_names_with_other_arguments_inside_a_list(ask: Ask, town: Town) -> None:
    text = """{ estates(first: 1) { nodes {
      few: buildings(first: 1) { nodes { number units(last: 1) { nodes { room } } } }
      all: buildings(last: 2) { nodes { number units(first: 1) { nodes { room } } } }
    } } }"""
    (alder,) = (await data(ask, town, text))["estates"]["nodes"]
    assert alder == {
        "few": {"nodes": [{"number": "2", "units": {"nodes": [{"room": "201"}]}}]},
        "all": {"nodes": [{"number": n, "units": {"nodes": [{"room": "101"}]}} for n in ("9", "10")]},
    }


async def test_selections_of_one_key_are_merged_over_fragments(ask: Ask, town: Town) -> None:
    text = """{ estates(first: 1) { ...A nodes { code }
        ... on EstateConnection { nodes { buildings(first: 1) { nodes { number } } } } } }
      fragment A on EstateConnection {
        nodes { name buildings(first: 1) { totalCount nodes { name } } } pageInfo { hasNextPage } }"""
    found = (await data(ask, town, text))["estates"]
    assert list(found) == ["nodes", "pageInfo"]
    assert list(found["nodes"][0]) == ["name", "buildings", "code"]
    assert found["nodes"][0]["buildings"] == {"totalCount": 3, "nodes": [{"name": "2幢", "number": "2"}]}


@pytest.mark.parametrize("on", [True, False])
async def test_directives_on_fragments_and_on_parts_of_a_list(on: bool, ask: Ask, town: Town) -> None:
    text = """query Q($on: Boolean!) { estates(first: 1) {
      totalCount @include(if: $on) pageInfo @skip(if: $on) { hasNextPage }
      ...More @include(if: $on) ... @skip(if: $on) { edges { cursor @skip(if: true) node { code } } } } }
      fragment More on EstateConnection { nodes { code } }"""
    found = (await data(ask, town, text, on=on))["estates"]
    if on:
        assert found == {"totalCount": 3, "nodes": [{"code": "E0"}]}
    else:
        assert found == {"pageInfo": {"hasNextPage": True}, "edges": [{"node": {"code": "E0"}}]}


async def test_variables_inside_input_literals(ask: Ask, town: Town) -> None:
    text = "query Q($place: String, $n: Int) { estates(first: $n, where: { township: $place }) { totalCount nodes { code } } }"
    south = {"totalCount": 1, "nodes": [{"code": "E2"}]}
    assert (await data(ask, town, text, place=town.south, n=2))["estates"] == south
    north = {"totalCount": 2, "nodes": [{"code": "E0"}]}
    assert (await data(ask, town, text, place=town.north, n=1))["estates"] == north
    assert (await data(ask, town, text, n=0))["estates"] == {"totalCount": 3, "nodes": []}
    assert (await data(ask, town, text, place=None, n=0))["estates"]["totalCount"] == 3


async def test_an_empty_condition_is_none(ask: Ask, town: Town) -> None:
    for where in ("{}", "null", "{ township: null }"):
        assert (await data(ask, town, f"{{ estates(where: {where}) {{ totalCount }} }}"))["estates"] == {
            "totalCount": 3
        }


async def test_a_page_of_nothing(ask: Ask, town: Town) -> None:
    info = {"hasNextPage": True, "hasPreviousPage": False, "startCursor": None, "endCursor": None}
    text = """{ estates(first: 0) { nodes { code } edges { cursor } totalCount
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""
    assert (await data(ask, town, text))["estates"] == {"nodes": [], "edges": [], "totalCount": 3, "pageInfo": info}
    info = {"hasNextPage": False, "hasPreviousPage": True, "startCursor": None, "endCursor": None}
    found = (await data(ask, town, text.replace("first", "last")))["estates"]
    assert found == {"nodes": [], "edges": [], "totalCount": 3, "pageInfo": info}


async def test_pages_backwards_from_a_cursor(ask: Ask, town: Town) -> None:
    text = """query Q($before: String, $after: String) { estates(last: 1, before: $before, after: $after) {
      edges { cursor node { code } } pageInfo { hasNextPage hasPreviousPage } } }"""
    seen, before = [], None
    for more in (True, True, False):
        found = (await data(ask, town, text, before=before))["estates"]
        ((before, code),) = [(edge["cursor"], edge["node"]["code"]) for edge in found["edges"]]
        seen.append(code)
        assert found["pageInfo"] == {"hasNextPage": len(seen) > 1, "hasPreviousPage": more}
    assert seen == ["E2", "E1", "E0"]
    assert (await data(ask, town, text, before=before))["estates"]["edges"] == []


async def test_cursors_carry_any_text_of_a_sort_key(ask: Ask, town: Town) -> None:
    made = (
        base64.urlsafe_b64encode("\x1f".join(["NAME", "O'Brien\\\"“安居”\n;--", "0" * 32]).encode())
        .decode()
        .rstrip("=")
    )
    text = "query Q($after: String) { estates(first: 5, orderBy: NAME, after: $after) { nodes { code } } }"
    answer = await ask(town.bureau, text, after=made)
    assert answer["data"] == {"estates": {"nodes": []}}, answer
    for bad in (
        "",
        "ä",
        "a",
        "\x00",
        made[:-6],
        made + "!",
        base64.urlsafe_b64encode(b"NAME\x1f\x00\x1f" + b"0" * 32).decode(),
    ):
        refused = await ask(town.bureau, text, after=bad)
        codes = {error["extensions"]["code"] for error in refused.get("errors", ())}
        assert codes <= {"INVALID_INPUT"}, (bad, refused)


async def test_one_document_serves_other_roles_and_shapes(ask: Ask, town: Town) -> None:
    """Plans are kept by document: the same field at two places, other roles and other variables must not share one."""
    text = """query Q($where: EstateFilter, $by: EstateOrder) {
      a: estates(where: $where, orderBy: $by) { nodes { code } } b: estates { totalCount }
      c: node(id: "x") { id } d: estates(first: 1) { totalCount nodes { name } } }"""
    owner = town.owner("2-101")
    for _ in range(2):
        everything = await data(ask, town, text)
        assert [node["code"] for node in everything["a"]["nodes"]] == ["E0", "E1", "E2"]
        assert everything["b"]["totalCount"] == 3
        own = (await ask(owner, text))["data"]
        assert own["a"] == {"nodes": [{"code": "E0"}]}
        assert own["d"]["totalCount"] == 1
        filtered = await data(ask, town, text, where={"township": town.south})
        assert filtered["a"] == {"nodes": [{"code": "E2"}]}


async def test_nodes_keep_order_doubles_and_holes(ask: Ask, town: Town) -> None:
    alder, nine = key("Estate", town.estates["Alder"]), key("Building", town.buildings["9"])
    text = "query Q($ids: [ID!]!) { nodes(ids: $ids) { __typename ... on Estate { x: code } ... on Building { x: number } } }"
    found = await data(ask, town, text, ids=[nine, "x", alder, nine])
    ninth = {"__typename": "Building", "x": "9"}
    assert found["nodes"] == [ninth, None, {"__typename": "Estate", "x": "E0"}, ninth]
    assert (await data(ask, town, text, ids=[]))["nodes"] == []

"""Compiled reads answer as GraphQL asks, and show exactly what the actor may see."""

from typing import Any

import pytest

from app.lines import Line
from domain.roles import Role
from tests.engine.conftest import Ask, Town, actor, grant, key


async def test_officials_read_their_own_division(ask: Ask, town: Town) -> None:
    text = "{ estates { totalCount nodes { code } } }"
    assert await ask(town.bureau, text) == answered(estates={"totalCount": 3, "nodes": codes("E0", "E1", "E2")})
    assert await ask(town.township, text) == answered(estates={"totalCount": 2, "nodes": codes("E0", "E1")})


async def test_an_owner_reads_the_own_estate_only(ask: Ask, town: Town) -> None:
    text = "{ estates { totalCount nodes { code buildingCount buildings { totalCount nodes { number } } } } }"
    shown = {"code": "E0", "buildingCount": 1, "buildings": {"totalCount": 1, "nodes": [{"number": "9"}]}}
    assert await ask(town.owner("9-101"), text) == answered(estates={"totalCount": 1, "nodes": [shown]})


async def test_an_actor_without_grants_in_the_county_reads_an_empty_page(ask: Ask, town: Town) -> None:
    text = '{ estates(county: "123456") { totalCount nodes { code } edges { cursor } pageInfo { hasNextPage endCursor } } }'
    empty = {"totalCount": 0, "nodes": [], "edges": [], "pageInfo": {"hasNextPage": False, "endCursor": None}}
    assert await ask(town.bureau, text) == answered(estates=empty)


async def test_two_grants_show_the_union_once(ask: Ask, town: Town) -> None:
    unit = town.units["2-101"]
    both = actor(
        grant(Role.OWNER, town.county, unit_id=unit.id, estate_id=unit.estate_id),
        grant(Role.TOWNSHIP, town.county, township=town.north),
    )
    text = "{ estates(first: 10) { totalCount nodes { code } } }"
    assert await ask(both, text) == answered(estates={"totalCount": 2, "nodes": codes("E0", "E1")})


async def test_scalars_keep_their_exact_form(ask: Ask, town: Town) -> None:
    text = (
        "{ estates(first: 1) { nodes { id name yearBuilt buildingArea isPilot serviceMode __typename } __typename } }"
    )
    node = {
        "id": key("Estate", town.estates["Alder"]),
        "name": "Alder“小区”\\0",
        "yearBuilt": None,
        "buildingArea": 2**40,
        "isPilot": False,
        "serviceMode": "COMPANY",
        "__typename": "Estate",
    }
    assert await ask(town.bureau, text) == answered(estates={"nodes": [node], "__typename": "EstateConnection"})


async def test_buildings_come_in_natural_order_and_pages_join_without_gap(ask: Ask, town: Town) -> None:
    text = """query Page($after: String) { estates(first: 1) { nodes { buildings(first: 2, after: $after) {
      edges { cursor node { number estate { code } } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } } }"""
    first = (await ask(town.bureau, text))["data"]["estates"]["nodes"][0]["buildings"]
    assert [edge["node"]["number"] for edge in first["edges"]] == ["2", "9"]
    assert first["edges"][0]["node"]["estate"] == {"code": "E0"}
    assert first["pageInfo"] == {
        "hasNextPage": True,
        "hasPreviousPage": False,
        "startCursor": first["edges"][0]["cursor"],
        "endCursor": first["edges"][1]["cursor"],
    }
    second = (await ask(town.bureau, text, after=first["pageInfo"]["endCursor"]))["data"]["estates"]["nodes"][0][
        "buildings"
    ]
    assert [edge["node"]["number"] for edge in second["edges"]] == ["10"]
    assert second["pageInfo"]["hasNextPage"] is False
    assert second["pageInfo"]["hasPreviousPage"] is True


async def test_pages_from_the_end_keep_the_order(ask: Ask, town: Town) -> None:
    text = "{ estates(last: 2) { nodes { code } pageInfo { hasPreviousPage hasNextPage } } }"
    info = {"hasPreviousPage": True, "hasNextPage": False}
    assert await ask(town.bureau, text) == answered(estates={"nodes": codes("E1", "E2"), "pageInfo": info})


async def test_aliases_fragments_and_directives(ask: Ask, town: Town) -> None:
    text = """query Q($no: Boolean = false) {
      all: estates { ...Count } few: estates(first: 1) { nodes {
        ... on Node { id } c: code code @skip(if: $no) again: code @include(if: $no) } }
    } fragment Count on EstateConnection { n: totalCount }"""
    node = {"id": key("Estate", town.estates["Alder"]), "c": "E0", "code": "E0"}
    assert await ask(town.bureau, text) == answered(all={"n": 3}, few={"nodes": [node]})
    assert (await ask(town.bureau, text, no=True))["data"]["few"]["nodes"][0] == {
        "id": node["id"],
        "c": "E0",
        "again": "E0",
    }


async def test_node_shows_what_is_visible_and_nothing_else(ask: Ask, town: Town) -> None:
    text = "query N($id: ID!) { node(id: $id) { __typename id ... on Estate { code } ... on Building { number } } }"
    cedar = key("Estate", town.estates["Cedar"])
    assert await ask(town.bureau, text, id=cedar) == answered(node={"__typename": "Estate", "id": cedar, "code": "E2"})
    nine = key("Building", town.buildings["9"])
    assert await ask(town.bureau, text, id=nine) == answered(node={"__typename": "Building", "id": nine, "number": "9"})
    for hidden in (
        cedar,
        cedar[:-1] + "0",
        "Estate_1_2",
        "nonsense",
        f"Nothing_{town.county}_{town.units['2-101'].id.hex}",
    ):
        assert await ask(town.township, text, id=hidden) == answered(node=None)


async def test_filters_hold_all_together(ask: Ask, town: Town) -> None:
    text = "query F($where: EstateFilter) { estates(where: $where) { totalCount } }"
    assert await ask(town.bureau, text, where={"township": town.south}) == answered(estates={"totalCount": 1})
    late = {"township": town.south, "updatedSince": "2999-01-01T00:00:00+08:00"}
    assert await ask(town.bureau, text, where=late) == answered(estates={"totalCount": 0})
    assert await ask(town.bureau, text, where={"township": None}) == answered(estates={"totalCount": 3})


async def test_bad_arguments_fail_their_own_root_only(ask: Ask, town: Town) -> None:
    text = '{ a: estates(first: -1) { nodes { code } } b: estates(after: "x") { nodes { code } } c: estates { totalCount } }'
    answer = await ask(town.bureau, text)
    assert answer["data"] == {"a": None, "b": None, "c": {"totalCount": 3}}
    assert [(error["path"], error["extensions"]) for error in answer["errors"]] == [
        (["a"], {"code": "OUT_OF_RANGE", "field": "first"}),
        (["b"], {"code": "INVALID_INPUT", "field": "after"}),
    ]


async def test_a_fault_of_the_database_fails_its_own_root_only(
    ask: Ask, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch = Line.fetch
    broken: list[str] = []

    async def once_broken(line: Line, statement: str, parameters: Any) -> Any:
        if not broken:
            broken.append(statement)
            return await fetch(line, "SELECT 1 / 0", [])
        return await fetch(line, statement, parameters)

    monkeypatch.setattr(Line, "fetch", once_broken)
    answer = await ask(town.bureau, "{ a: estates { totalCount } b: estates { totalCount } c: units { totalCount } }")
    assert answer["data"] == {"a": None, "b": {"totalCount": 3}, "c": {"totalCount": 6}}
    assert [(error["path"], error["extensions"]["code"]) for error in answer["errors"]] == [(["a"], "INTERNAL")]


def codes(*found: str) -> list[dict[str, str]]:
    return [{"code": code} for code in found]


def answered(**data: object) -> dict[str, object]:
    return {"data": data, "extensions": {"cost": {"requested": 0}}}

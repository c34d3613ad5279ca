"""Fields that Python fills in: the same in a list, whose rows may come by several roles, as by id; and under a union."""

import pytest
from graphql import get_named_type

from schema.api import graphql_schema
from schema.engine import declare
from schema.engine.declare import ENTITIES
from tests.access.conftest import HOME, Demo
from tests.access.test_executed import actor_of, below, roots
from tests.engine.conftest import Ask

SIGNED = ("Document",)
"""Types whose fields are new each time: links that expire."""


def computed(type_name: str) -> str:
    type_ = graphql_schema().get_type(type_name)
    parts = []
    for name, declared in ENTITIES[type_name].fields.items():
        if isinstance(declared, declare.Computed):
            named = get_named_type(type_.fields[name].type)  # type: ignore[union-attr]
            leaves = [
                each for each, field in getattr(named, "fields", {}).items() if not below(get_named_type(field.type))
            ]
            parts.append(f"{name} x_{name}: {name}" if not leaves else f"{name} {{ {' '.join(leaves)} }}")
    return " ".join(parts)


@pytest.mark.parametrize("login", ["leader", "bureau", "resident"])
async def test_in_lists_as_by_id(login: str, town: Demo, demo_ask: Ask) -> None:
    actor = actor_of(town, f"{HOME}-{login}")
    seen = set()
    for type_name, root in roots().items():
        fields = computed(type_name)
        if not fields or type_name in SIGNED:
            continue
        listed = await demo_ask(actor, f"{{ {root}(first: 20) {{ nodes {{ id {fields} }} }} }}")
        assert "errors" not in listed, listed["errors"]
        rows = listed["data"][root]["nodes"]
        text = f"query Q($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on {type_name} {{ id {fields} }} }} }}"
        by_id = await demo_ask(actor, text, ids=[row["id"] for row in rows])
        assert by_id["data"]["nodes"] == rows, type_name
        seen |= {type_name} if rows else set()
    assert "FeeBill" in seen


async def test_under_a_union_each_type_has_its_own(town: Demo, demo_ask: Ask) -> None:
    shown = "... on Node { id } " + " ".join(
        f"... on {name} {{ availableActions {{ action }} }}" for name in ("Filing", "FundRequest", "Inspection")
    )
    text = f"{{ viewer {{ tasks(first: 100) {{ nodes {{ case {{ __typename {shown} }} }} }} }} }}"
    kinds = set()
    for login in ("bureau", "township", "company"):
        actor = actor_of(town, f"{HOME}-{login}")
        answer = await demo_ask(actor, text)
        assert "errors" not in answer, answer["errors"]
        for case in (node["case"] for node in answer["data"]["viewer"]["tasks"]["nodes"] if node["case"]):
            alone = f"query Q($id: ID!) {{ node(id: $id) {{ __typename {shown} }} }}"
            assert (await demo_ask(actor, alone, id=case["id"]))["data"]["node"] == case
            kinds.add(case["__typename"])
    assert len(kinds) > 1

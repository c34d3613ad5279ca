"""Operations drawn from the schema: every form of selection that clients write, over the fields that the reference knows."""

from typing import Any

from graphql import GraphQLObjectType, GraphQLSchema, get_named_type, is_leaf_type, is_union_type
from hypothesis import strategies as st

from schema.engine import declare
from schema.engine.declare import ENTITIES, declaration_of

KNOWN = (
    declare.Column,
    declare.One,
    declare.Many,
    declare.Count,
    declare.Latest,
    declare.Derived,
    declare.Choice,
)


def answerable(type_name: str, field_name: str) -> bool:
    """Whether the reference can answer a field of an entity (fields that Python fills in have tests of their own)."""
    if field_name == "id":
        return True
    declared = ENTITIES[type_name].fields[field_name]
    return isinstance(declared, KNOWN)


@st.composite
def documents(draw: Any, schema: GraphQLSchema, depth: int = 3) -> tuple[str, dict[str, bool]]:
    """A query document with one or two roots and its variables."""
    maker = _Maker(draw, schema)
    roots = [
        name
        for name in schema.query_type.fields  # type: ignore[union-attr]
        if isinstance(declaration_of("Query", name), declare.Listing) and not needs_arguments(name, schema)
    ]
    chosen = draw(st.lists(st.sampled_from(roots), min_size=1, max_size=2))
    parts = [f"r{at}: {maker.field('Query', name, depth)}" for at, name in enumerate(chosen)]
    text = f"query Q($yes: Boolean!, $no: Boolean!) {{ used: __typename @include(if: $yes) @skip(if: $no) {' '.join(parts)} }}"
    return " ".join([text, *maker.fragments]), {"yes": draw(st.booleans()), "no": draw(st.booleans())}


def needs_arguments(name: str, schema: GraphQLSchema) -> bool:
    declared = declaration_of("Query", name)
    return declared.before is not None or ENTITIES[declared.target].shared


class _Maker:
    def __init__(self, draw: Any, schema: GraphQLSchema) -> None:
        self.draw, self.schema = draw, schema
        self.fragments: list[str] = []

    def field(self, parent: str, name: str, depth: int) -> str:
        definition = self.schema.get_type(parent).fields[name]  # type: ignore[union-attr]
        return f"{name}{self.arguments(definition)}{self.directive()}{self.selection(definition.type, depth)}"

    def arguments(self, definition: Any) -> str:
        if "first" not in definition.args:
            return ""
        given = [f"{self.draw(st.sampled_from(['first', 'last']))}: {self.draw(st.integers(0, 4))}"]
        if self.draw(st.integers(0, 4)) == 0:
            given = []
        if "orderBy" in definition.args and self.draw(st.booleans()):
            values = list(get_named_type(definition.args["orderBy"].type).values)
            given.append(f"orderBy: {self.draw(st.sampled_from(values))}")
        return f"({', '.join(given)})" if given else ""

    def directive(self) -> str:
        return self.draw(st.sampled_from(["", "", "", " @include(if: $yes)", " @skip(if: $no)"]))  # type: ignore[no-any-return]

    def selection(self, type_: Any, depth: int) -> str:
        named = get_named_type(type_)
        if is_leaf_type(named):
            return ""
        if is_union_type(named):
            inner = " ".join(f"... on {member.name} {{ id }}" for member in named.types)
            return f" {{ __typename {inner} }}"
        assert isinstance(named, GraphQLObjectType)
        return f" {{ {self.body(named, depth)} }}"

    def body(self, type_: GraphQLObjectType, depth: int) -> str:
        names = [name for name in type_.fields if self.possible(type_.name, name, type_.fields[name].type, depth)]
        chosen = self.draw(st.lists(st.sampled_from(names), min_size=1, max_size=4)) if names else []
        parts = ["__typename"] if not chosen or self.draw(st.booleans()) else []
        for at, name in enumerate(chosen):
            made = self.field(type_.name, name, depth - 1)
            # An alias keeps two selections of one field with different arguments from conflicting.
            made = f"f{at}_{len(self.fragments)}: {made}"
            match self.draw(st.integers(0, 5)):
                case 0:
                    made = f"... on {type_.name} {{ {made} }}"
                case 1:
                    self.fragments.append(f"fragment F{len(self.fragments)} on {type_.name} {{ {made} }}")
                    made = f"...F{len(self.fragments) - 1}"
            parts.append(made)
        return " ".join(parts)

    def possible(self, type_name: str, name: str, type_: Any, depth: int) -> bool:
        if type_name in ENTITIES and not answerable(type_name, name):
            return False
        return is_leaf_type(get_named_type(type_)) or depth > 0

"""What a document may ask for, measured in time linear in its size.

``measure`` walks every definition once, before validation: depth, aliases, fields, root fields and directives as if all
fragments were written out, yet each fragment is measured only once and its figures are added where it is spread.
Twenty-two nested fragments (1.2 KB) stand for four million fields; they cost twenty-two small walks. ``schema.costs``
does the same for the number of rows, which depends on the values of variables.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
)

CEILING = 2**53 - 1
"""Where counting stops: the largest integer that is exact in JSON for every client."""

INTROSPECTION_ROOTS = frozenset({"__schema", "__type"})
INTROSPECTION_LISTS = frozenset({"fields", "interfaces", "possibleTypes", "inputFields"})
"""Lists inside introspection that multiply; nesting three of them can return the whole schema many times over."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The most that one document may hold. ``depth`` to ``directives`` are counted with fragments written out."""

    tokens: int = 4_000
    definitions: int = 100
    """Operations and fragments; validation compares fragments in pairs."""

    repeats: int = 60
    """Selections under a response name that their selection set already has; validation compares them in pairs."""

    depth: int = 16
    introspection_depth: int = 20
    introspection_lists: int = 2
    aliases: int = 200
    fields: int = 5_000
    root_fields: int = 50
    directives: int = 100
    cost: int = 50_000
    """Rows that could be returned; judged for each request, because variables set the page sizes."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The measures of one selection set, fragments written out. Depths count from the selection set itself."""

    depth: int = 0
    introspection_depth: int = 0
    introspection_lists: int = 0
    lists: int = 0
    """Nested introspection list names here, should this set turn out to stand inside ``__schema`` or ``__type``."""

    aliases: int = 0
    fields: int = 0
    root_fields: int = 0
    directives: int = 0


@dataclass(frozen=True, slots=True)
class Measures:
    """The shapes of a document's operations, and how many nodes it took to know them."""

    operations: tuple[Shape, ...]
    definitions: int
    repeats: int
    visited: int


@dataclass(frozen=True, slots=True)
class Excess:
    """One limit that a document does not keep."""

    limit: str
    allowed: int
    measured: int


def measure(document: DocumentNode) -> Measures:
    """Measure every operation; each selection of the source is visited exactly once."""
    fragments = {
        definition.name.value: definition
        for definition in document.definitions
        if isinstance(definition, FragmentDefinitionNode)
    }
    walk = _Walk()
    for name in innermost_first(fragments):
        walk.shapes[name] = walk.definition(fragments[name])
    operations = tuple(
        walk.definition(definition)
        for definition in document.definitions
        if isinstance(definition, OperationDefinitionNode)
    )
    return Measures(operations, len(document.definitions), walk.repeats, walk.visited)


def excesses(measures: Measures, limits: Limits) -> list[Excess]:
    """The limits of shape that a document exceeds, each named once with its worst figure."""
    worst = {"definitions": measures.definitions, "repeats": measures.repeats}
    for limit in (field.name for field in fields(Shape) if field.name != "lists"):
        worst[limit] = max((getattr(shape, limit) for shape in measures.operations), default=0)
    return [
        Excess(limit, getattr(limits, limit), measured)
        for limit, measured in worst.items()
        if measured > getattr(limits, limit)
    ]


def spreads(selections: SelectionSetNode) -> Iterator[str]:
    """The names of the fragments spread anywhere in a selection set."""
    stack = [selections]
    while stack:
        for selection in stack.pop().selections:
            if isinstance(selection, FragmentSpreadNode):
                yield selection.name.value
            elif (inner := getattr(selection, "selection_set", None)) is not None:
                stack.append(inner)


def innermost_first(fragments: Mapping[str, FragmentDefinitionNode]) -> list[str]:
    """Names in an order where a fragment comes after all that it spreads; a cycle is cut (validation refuses it later).

    Without recursion: a chain of fragments is as long as its author likes.
    """
    inner = {name: dict.fromkeys(spreads(fragment.selection_set)) for name, fragment in fragments.items()}
    order: list[str] = []
    seen: set[str] = set()
    for start in fragments:
        if start in seen:
            continue
        seen.add(start)
        path = [(start, iter(inner[start]))]
        while path:
            name, rest = path[-1]
            for spread in rest:
                if spread in inner and spread not in seen:
                    seen.add(spread)
                    path.append((spread, iter(inner[spread])))
                    break
            else:
                order.append(name)
                path.pop()
    return order


class _Walk:
    """One pass over a document. The parser bounds the nesting inside a definition, so recursion is safe there."""

    def __init__(self) -> None:
        self.visited = 0
        self.repeats = 0
        self.shapes: dict[str, Shape] = {}

    def definition(self, node: FragmentDefinitionNode | OperationDefinitionNode) -> Shape:
        shape = self._selections(node.selection_set)
        return _with_directives(shape, node)

    def _selections(self, selections: SelectionSetNode) -> Shape:
        total = Shape()
        names: set[str] = set()
        for node in selections.selections:
            self.visited += 1
            if isinstance(node, FieldNode):
                inner = self._field(node)
                response_name = node.alias.value if node.alias else node.name.value
                self.repeats += response_name in names
                names.add(response_name)
            elif isinstance(node, FragmentSpreadNode):
                inner = self.shapes.get(node.name.value, _EMPTY)
            else:
                inner = self._selections(node.selection_set)  # type: ignore[attr-defined]
            total = _sum(total, _with_directives(inner, node))
        return total

    def _field(self, node: FieldNode) -> Shape:
        name = node.name.value
        inner = self._selections(node.selection_set) if node.selection_set else _EMPTY
        introspects = name in INTROSPECTION_ROOTS
        return Shape(
            depth=1 if introspects else inner.depth + 1,
            introspection_depth=inner.depth + 1 if introspects else inner.introspection_depth,
            introspection_lists=inner.lists if introspects else inner.introspection_lists,
            lists=inner.lists + (name in INTROSPECTION_LISTS),
            aliases=inner.aliases + (node.alias is not None),
            fields=inner.fields + 1,
            root_fields=1,
            directives=inner.directives,
        )


_EMPTY = Shape()


def _sum(one: Shape, other: Shape) -> Shape:
    return Shape(
        depth=max(one.depth, other.depth),
        introspection_depth=max(one.introspection_depth, other.introspection_depth),
        introspection_lists=max(one.introspection_lists, other.introspection_lists),
        lists=max(one.lists, other.lists),
        aliases=min(CEILING, one.aliases + other.aliases),
        fields=min(CEILING, one.fields + other.fields),
        root_fields=min(CEILING, one.root_fields + other.root_fields),
        directives=min(CEILING, one.directives + other.directives),
    )


def _with_directives(shape: Shape, node: SelectionNode | FragmentDefinitionNode | OperationDefinitionNode) -> Shape:
    return replace(shape, directives=shape.directives + len(node.directives)) if node.directives else shape

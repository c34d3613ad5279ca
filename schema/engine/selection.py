"""What a client selected: fields merged over fragments, arguments with the way to read them again from other variables.

A plan is compiled once for a *shape* of variables and then serves every request of that shape. So an argument is kept as its
present value (which decides the statement) and a getter (which gives each request's bind).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLSchema,
    InlineFragmentNode,
    ObjectValueNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_nullable_type,
    is_abstract_type,
    is_input_object_type,
)
from graphql.execution.values import VariableValues, get_argument_values, get_directive_values
from graphql.type import GraphQLIncludeDirective, GraphQLObjectType, GraphQLSkipDirective
from graphql.utilities.coerce_input_value import coerce_input_literal

Getter = Callable[[VariableValues], Any]


@dataclass(frozen=True)
class Arg:
    """An argument, or a part of one: its value now, and how to read it from another request's variables."""

    value: Any
    read: Getter
    parts: "Mapping[str, Arg] | None" = None
    """The fields of an input object that is written out in the document."""

    def part(self, key: str) -> "Arg":
        if self.parts is not None:
            return self.parts[key]
        read = self.read
        return Arg(self.value[key], lambda variables: read(variables)[key])


def shape(value: Any) -> Any:
    """What of a variable's value can change the statement: which keys are there, nulls, booleans and enum values."""
    if value is None or isinstance(value, bool | Enum):
        return value
    if isinstance(value, dict):
        return tuple((key, shape(part)) for key, part in value.items())
    return 0


class Selection:
    """The fields of one operation, for one shape of its variables."""

    def __init__(
        self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode], variables: VariableValues
    ) -> None:
        self.schema = schema
        self.fragments = fragments
        self.variables = variables

    def fields(self, type_name: str, sets: list[SelectionSetNode]) -> dict[str, list[FieldNode]]:
        """Response key → the field's nodes, in the order in which graphql-core would answer."""
        grouped: dict[str, list[FieldNode]] = {}
        for node in self._walk(type_name, sets, set()):
            grouped.setdefault(node.alias.value if node.alias else node.name.value, []).append(node)
        return grouped

    def _walk(self, type_name: str, sets: list[SelectionSetNode], seen: set[str]) -> Iterator[FieldNode]:
        for selections in sets:
            for node in selections.selections:
                if not self._included(node):
                    continue
                if isinstance(node, FieldNode):
                    yield node
                elif isinstance(node, InlineFragmentNode):
                    if node.type_condition is None or self._applies(node.type_condition.name.value, type_name):
                        yield from self._walk(type_name, [node.selection_set], seen)
                elif isinstance(node, FragmentSpreadNode) and node.name.value not in seen:
                    seen.add(node.name.value)
                    fragment = self.fragments[node.name.value]
                    if self._applies(fragment.type_condition.name.value, type_name):
                        yield from self._walk(type_name, [fragment.selection_set], seen)

    def _included(self, node: Any) -> bool:
        if not node.directives:
            return True
        skip = get_directive_values(GraphQLSkipDirective, node, self.variables)
        if skip and skip["if"]:
            return False
        include = get_directive_values(GraphQLIncludeDirective, node, self.variables)
        return not include or bool(include["if"])

    def _applies(self, condition: str, type_name: str) -> bool:
        if condition == type_name:
            return True
        named = self.schema.get_type(condition)
        concrete = self.schema.get_type(type_name)
        return (
            is_abstract_type(named)
            and isinstance(concrete, GraphQLObjectType)
            and self.schema.is_sub_type(named, concrete)
        )

    def definition(self, type_name: str, field_name: str) -> GraphQLField:
        return self.schema.get_type(type_name).fields[field_name]  # type: ignore[union-attr,no-any-return]

    def arguments(self, type_name: str, node: FieldNode) -> dict[str, Arg]:
        """The field's coerced arguments; those that are absent or null are left out."""
        definition = self.definition(type_name, node.name.value)
        values = get_argument_values(definition, node, self.variables)
        given = {argument.name.value: argument.value for argument in node.arguments or ()}
        return {
            name: _arg(value, given.get(name), definition.args[name].type)
            for name, value in values.items()
            if value is not None
        }


def _arg(value: Any, node: ValueNode | None, type_: Any) -> Arg:
    if isinstance(node, VariableNode) and node.name.value:
        name = node.name.value
        return Arg(value, lambda variables: variables.coerced.get(name, value))
    if node is None or not _has_variables(node):
        return Arg(value, lambda _: value)
    named = get_nullable_type(type_)
    if isinstance(node, ObjectValueNode) and is_input_object_type(named) and isinstance(value, dict):
        given = {field.name.value: field.value for field in node.fields}
        parts = {key: _arg(part, given.get(key), named.fields[key].type) for key, part in value.items()}
        return Arg(value, lambda variables: {key: part.read(variables) for key, part in parts.items()}, parts)
    return Arg(value, lambda variables: coerce_input_literal(node, type_, variables))


def _has_variables(node: Any) -> bool:
    if isinstance(node, VariableNode):
        return True
    inner = [*(getattr(node, "fields", None) or ()), *(getattr(node, "values", None) or ())]
    return any(_has_variables(getattr(part, "value", part)) for part in inner if not isinstance(part, str))


def sub_selections(nodes: list[FieldNode]) -> list[SelectionSetNode]:
    return [node.selection_set for node in nodes if node.selection_set]

"""Variables that need no coercion: plain scalars, which JSON gives as they are. They are most of what requests bring."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLSchema, NamedTypeNode, NonNullTypeNode, OperationDefinitionNode
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource

_KINDS: Mapping[str, type[Any]] = {"ID": str, "String": str, "Boolean": bool, "Int": int}
_INT = range(-(2**31), 2**31)


@dataclass(frozen=True, slots=True)
class PlainVariable:
    """A variable of a built-in scalar type without a default."""

    name: str
    kind: type[Any]
    required: bool
    signature: GraphQLVariableSignature


def plain_variables(schema: GraphQLSchema, operation: OperationDefinitionNode) -> tuple[PlainVariable, ...]:
    """The operation's variables, or none when one of them is not plain."""
    found = []
    for definition in operation.variable_definitions or ():
        node = definition.type
        required = isinstance(node, NonNullTypeNode)
        named = node.type if isinstance(node, NonNullTypeNode) else node
        kind = _KINDS.get(named.name.value) if isinstance(named, NamedTypeNode) else None
        signature = get_variable_signature(schema, definition)
        if kind is None or definition.default_value is not None or not isinstance(signature, GraphQLVariableSignature):
            return ()
        found.append(PlainVariable(definition.variable.name.value, kind, required, signature))
    return tuple(found)


def read_plain(plain: tuple[PlainVariable, ...], raw: Mapping[str, Any]) -> VariableValues | None:
    """The values as graphql-core would give them; ``None`` where one is not plainly right (it may still be right)."""
    sources: dict[str, VariableValueSource] = {}
    coerced: dict[str, Any] = {}
    for variable in plain:
        name = variable.name
        if name not in raw:
            if variable.required:
                return None
            sources[name] = VariableValueSource(variable.signature)
            continue
        value = raw[name]
        if value is None:
            if variable.required:
                return None
        elif type(value) is not variable.kind or (variable.kind is int and value not in _INT):
            return None
        sources[name] = VariableValueSource(variable.signature, value)
        coerced[name] = value
    return VariableValues(sources, coerced)

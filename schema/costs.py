"""The cost of an operation: how many rows it could return, from its page sizes and the values of its variables.

A connection counts ``first`` or ``last`` rows and multiplies what stands inside it; a to-one field of a ``Node`` type
counts one row; another list counts its ``ids`` or ``Costs.list_size``. The cost of a selection set is the same wherever
it stands, times the rows around it, so each fragment is compiled once into a sum of ``factor × (rows + inner sum)``.
Selections that GraphQL would merge count each: an upper bound. What does not depend on variables is folded while
compiling: such an operation costs one attribute lookup per request.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    BooleanValueNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    is_composite_type,
    is_list_type,
    is_non_null_type,
    value_from_ast_untyped,
)
from graphql.utilities.coerce_input_value import coerce_default_value

from schema.limits import CEILING, innermost_first

Variables = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PageSize:
    """``first: $n``: the variable's value, at most ``largest``; ``otherwise`` where it is absent or no number."""

    variable: str
    otherwise: int
    largest: int

    def of(self, variables: Variables) -> int:
        value = variables.get(self.variable)
        return page(value, self.largest) if isinstance(value, int | float) else self.otherwise


@dataclass(frozen=True, slots=True)
class Length:
    """``ids: $ids``: as many rows as the variable's list is long."""

    variable: str

    def of(self, variables: Variables) -> int:
        value = variables.get(self.variable)
        return len(value) if isinstance(value, list) else 1


@dataclass(frozen=True, slots=True)
class Condition:
    """``@include(if: $x)`` and ``@skip(if: $x)``: all or nothing."""

    variable: str
    wanted: bool

    def of(self, variables: Variables) -> int:
        return variables.get(self.variable) is self.wanted


Factor = int | PageSize | Length | Condition


def page(size: float, largest: int) -> int:
    """A page size as far as it counts. Sizes out of range are refused later, by the field's own rule."""
    return int(min(max(size, 0), largest))


@dataclass(frozen=True, slots=True)
class Term:
    """``factor × (rows + sums[inner])``; ``inner`` is -1 where the inner sum was a constant, then part of ``rows``."""

    factor: Factor
    rows: int
    inner: int = -1


@dataclass(frozen=True, slots=True)
class Sum:
    """The cost of one selection set for one row around it."""

    constant: int
    terms: tuple[Term, ...] = ()


@dataclass(frozen=True, slots=True)
class Cost:
    """A compiled operation's cost: its sums in an order where inner ones come first, the last one being the result."""

    sums: tuple[Sum, ...]
    defaults: Variables

    def of(self, variables: Variables) -> int:
        """Rows that the operation could return with these (raw) variables, at most ``CEILING``."""
        if len(self.sums) == 1 and not self.sums[0].terms:
            return self.sums[0].constant
        values: list[int] = []
        given = {**self.defaults, **variables} if self.defaults else variables
        for each in self.sums:
            total = each.constant
            for term in each.terms:
                factor = term.factor if isinstance(term.factor, int) else term.factor.of(given)
                total += factor * (term.rows if term.inner < 0 else term.rows + values[term.inner])
            values.append(min(CEILING, total))
        return values[-1]


@dataclass(frozen=True, kw_only=True)
class Costs:
    """What lists count for where the document does not say."""

    default_page: int = 20
    """Used where ``first`` and ``last`` are absent and the schema declares no default for ``first``."""

    largest_page: int = 500
    list_size: int = 10
    """Rows of a list that is neither a connection nor selected by ids."""

    row_interface: str = "Node"


def compile_costs(document: DocumentNode, schema: GraphQLSchema, costs: Costs) -> tuple[list[Cost], int]:
    """The cost of each operation of a valid document, in its order, and how many selections were visited."""
    fragments = {
        definition.name.value: definition
        for definition in document.definitions
        if isinstance(definition, FragmentDefinitionNode)
    }
    compiler = _Compiler(schema, costs)
    for name in innermost_first(fragments):
        fragment = fragments[name]
        parent = schema.get_type(fragment.type_condition.name.value)
        compiler.fragments[name] = compiler.closed(compiler.selections(fragment.selection_set, parent))
    inside_fragments = tuple(compiler.sums)
    compiled = []
    for operation in document.definitions:
        if isinstance(operation, OperationDefinitionNode):
            compiler.sums = list(inside_fragments)
            total = compiler.selections(operation.selection_set, schema.get_root_type(operation.operation))
            sums = (total,) if not total.terms else (*compiler.sums, total)
            compiled.append(Cost(sums, _defaults(operation)))
    return compiled, compiler.visited


class _Compiler:
    def __init__(self, schema: GraphQLSchema, costs: Costs) -> None:
        self.schema = schema
        self.costs = costs
        self.sums: list[Sum] = []
        self.fragments: dict[str, Term] = {}
        self.visited = 0

    def closed(self, inner: Sum, factor: Factor = 1, rows: int = 0) -> Term:
        """``factor × (rows + inner)`` as a term: a constant is folded in, anything else gets a place of its own."""
        if not inner.terms:
            return Term(factor, rows + inner.constant)
        self.sums.append(inner)
        return Term(factor, rows, len(self.sums) - 1)

    def selections(self, selections: SelectionSetNode, parent: Any) -> Sum:
        constant = 0
        terms: list[Term] = []
        for node in selections.selections:
            self.visited += 1
            for term in self._conditional(node, self._selection(node, parent)):
                if term.inner < 0 and isinstance(term.factor, int):
                    constant = min(CEILING, constant + term.factor * term.rows)
                else:
                    terms.append(term)
        return Sum(constant, tuple(terms))

    def _selection(self, node: SelectionNode, parent: Any) -> list[Term]:
        if isinstance(node, FieldNode):
            return self._field(node, parent)
        if isinstance(node, FragmentSpreadNode):
            return [self.fragments[node.name.value]]
        assert isinstance(node, InlineFragmentNode)  # noqa: S101 (the third of three kinds)
        inside = self.schema.get_type(node.type_condition.name.value) if node.type_condition else parent
        inner = self.selections(node.selection_set, inside)
        return [Term(1, inner.constant), *inner.terms]

    def _field(self, node: FieldNode, parent: Any) -> list[Term]:
        definition: GraphQLField | None = parent.fields.get(node.name.value) if hasattr(parent, "fields") else None
        if definition is None or node.selection_set is None:
            return []  # a leaf, or introspection, which reads no rows
        target = get_named_type(definition.type)
        inner = self.selections(node.selection_set, target)
        factor, rows = self._rows(node, definition, parent, target)
        if rows == 0 and factor == 1:
            return [Term(1, inner.constant), *inner.terms]
        return [self.closed(inner, factor, rows)]

    def _rows(self, node: FieldNode, definition: GraphQLField, parent: Any, target: Any) -> tuple[Factor, int]:
        if _is_connection(target):
            return self._page_size(node, definition), 1
        if _is_connection(parent) or _is_edge(parent):
            return 1, 0  # edges, nodes and node are the rows that the connection has counted
        if _is_list(definition.type):
            return self._length(node), 1
        return 1, int(is_composite_type(target) and self._is_row(target))

    def _page_size(self, node: FieldNode, definition: GraphQLField) -> Factor:
        declared = coerce_default_value(definition.args["first"]) if "first" in definition.args else None
        otherwise = declared if isinstance(declared, int) else self.costs.default_page
        for argument in node.arguments or ():
            if argument.name.value not in ("first", "last"):
                continue
            if isinstance(argument.value, IntValueNode):
                return page(int(argument.value.value), self.costs.largest_page)
            if isinstance(argument.value, VariableNode):
                return PageSize(argument.value.name.value, otherwise, self.costs.largest_page)
        return otherwise

    def _length(self, node: FieldNode) -> Factor:
        for argument in node.arguments or ():
            if argument.name.value == "ids" and isinstance(argument.value, ListValueNode):
                return len(argument.value.values)
            if argument.name.value == "ids" and isinstance(argument.value, VariableNode):
                return Length(argument.value.name.value)
        return self.costs.list_size

    def _is_row(self, target: Any) -> bool:
        if target.name == self.costs.row_interface:
            return True
        if isinstance(target, GraphQLObjectType | GraphQLInterfaceType):
            return any(interface.name == self.costs.row_interface for interface in target.interfaces)
        return any(self._is_row(member) for member in target.types)

    def _conditional(self, node: SelectionNode, terms: list[Term]) -> list[Term]:
        for directive in node.directives or ():
            if directive.name.value in ("include", "skip") and terms:
                condition = _condition(directive)
                if condition == 0:
                    return []
                if condition != 1:
                    constant = sum(term.rows for term in terms if term.inner < 0 and term.factor == 1)
                    variable = tuple(term for term in terms if not (term.inner < 0 and term.factor == 1))
                    terms = [self.closed(Sum(constant, variable), condition)]
        return terms


def _condition(directive: DirectiveNode) -> Factor:
    wanted = directive.name.value == "include"
    value = directive.arguments[0].value if directive.arguments else None
    if isinstance(value, VariableNode):
        return Condition(value.name.value, wanted)
    return int(isinstance(value, BooleanValueNode) and value.value is wanted)


def _is_connection(target: Any) -> bool:
    return isinstance(target, GraphQLObjectType) and target.name.endswith("Connection") and "pageInfo" in target.fields


def _is_edge(target: Any) -> bool:
    return isinstance(target, GraphQLObjectType) and target.name.endswith("Edge") and "node" in target.fields


def _is_list(output: GraphQLOutputType) -> bool:
    return is_list_type(output.of_type) if is_non_null_type(output) else is_list_type(output)


def _defaults(operation: OperationDefinitionNode) -> Variables:
    return {
        definition.variable.name.value: value_from_ast_untyped(definition.default_value)
        for definition in operation.variable_definitions or ()
        if definition.default_value is not None
    }

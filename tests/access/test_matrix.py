"""The matrix has every type and field there is, and the declared audiences are the matrix's."""

from typing import Any

from auth.visibility import Via, rules_of
from domain.roles import Role
from schema.api import graphql_schema
from schema.engine.declare import ENTITIES
from tests.access.matrix import PARENTS, matrix, missing


def test_the_matrix_has_every_type_and_field() -> None:
    graphql_schema()
    assert missing((name, entity.fields) for name, entity in ENTITIES.items()) == []


def test_the_matrix_has_nothing_that_is_not_there() -> None:
    graphql_schema()
    gone = [
        f"{name}.{field}"
        for name, access in matrix().items()
        for field in access.fields
        if field not in ENTITIES[name].fields
    ]
    assert gone == []


def test_declared_audiences_are_the_matrixs() -> None:
    graphql_schema()
    for name, entity in ENTITIES.items():
        access = matrix()[name]
        seers = frozenset(access.rows)
        for field, declared in entity.fields.items():
            audience = getattr(declared, "to", None) or entity.to
            expected = access.fields[field]
            # Roles that see no row at all make no difference to a field.
            assert (None if audience is None else audience & seers) == (
                None if expected is None else expected & seers
            ), f"{name}.{field}"


def test_the_roles_that_see_rows_are_the_matrixs() -> None:
    graphql_schema()
    names = {entity.model: name for name, entity in ENTITIES.items() if not entity.shared}

    def judged(model: type[Any]) -> frozenset[Role]:
        rows = frozenset(matrix()[names[model]].rows)
        return rows & judged(PARENTS[model][1]) if model in PARENTS else rows

    assert [name for model, name in names.items() if _seers(model) - {Role.SYSTEM} != judged(model)] == []


def _seers(model: type[Any]) -> frozenset[Role]:
    """The roles of a policy; what is seen with a row that it belongs to, is seen in that row's roles."""
    return frozenset(
        role
        for role, rule in rules_of(model).items()
        if not isinstance(rule, Via) or rule.parent is model or role in _seers(rule.parent)
    )

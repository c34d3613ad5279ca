"""What Alembic's autogenerate leaves to us: a table's access line, changed CHECK constraints, plain column types."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import sqlalchemy as sa
from alembic.autogenerate import renderers
from alembic.autogenerate.api import AutogenContext
from alembic.operations import ops
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql.elements import conv

from models.base import is_county_table

INFO_FLAGS = ("append_only", "deletable", "read_only")
"""What ``__table_args__``'s ``info`` may say about a table; each becomes an argument of its access line."""


class TableAccessOp(ops.MigrateOperation):
    """``county_table(op, …)`` or ``shared_table(op, …)`` after a ``create_table``."""

    def __init__(self, table: sa.Table) -> None:
        self.function = "county_table" if is_county_table(table) else "shared_table"
        self.table_name = table.name
        self.flags = [flag for flag in INFO_FLAGS if table.info.get(flag)]

    def reverse(self) -> ops.MigrateOperation:
        return ops.ExecuteSQLOp("SELECT")  # dropping the table takes its policy and privileges along


@renderers.dispatch_for(TableAccessOp)
def _render_access(context: AutogenContext, operation: TableAccessOp) -> str:
    context.imports.add(f"from migrations.county import {operation.function}")
    flags = "".join(f", {flag}=True" for flag in operation.flags)
    return f'{operation.function}(op, "{operation.table_name}"{flags})'


def render_item(kind: str, item: Any, context: AutogenContext) -> str | Literal[False]:
    """Write a type of our own as the plain type under it: a migration must not change when a class does."""
    if kind == "type" and isinstance(item, sa.types.TypeDecorator):
        return f"sa.{item.impl_instance!r}"
    return False


def with_access(operations: Sequence[ops.MigrateOperation], metadata: sa.MetaData) -> list[ops.MigrateOperation]:
    """Put each created table's access line right behind it."""
    result: list[ops.MigrateOperation] = []
    for operation in operations:
        result.append(operation)
        if isinstance(operation, ops.CreateTableOp) and operation.table_name in metadata.tables:
            result.append(TableAccessOp(metadata.tables[operation.table_name]))
    return result


def check_changes(
    metadata: sa.MetaData, declared: Mapping[str, Mapping[str, str]], migrated: Mapping[str, Mapping[str, str]]
) -> Iterable[ops.MigrateOperation]:
    """Drop and create the CHECK constraints of existing tables that the models declare otherwise (or no longer)."""
    for table in metadata.sorted_tables:
        if table.name not in migrated or table.name not in declared:
            continue
        wanted, present = _checks(declared[table.name]), _checks(migrated[table.name])
        texts = {
            _name(constraint): constraint
            for constraint in table.constraints
            if isinstance(constraint, sa.CheckConstraint)
        }
        for name in sorted(wanted.keys() | present.keys()):
            if wanted.get(name) == present.get(name):
                continue
            if name in present:
                yield ops.DropConstraintOp(conv(name), table.name, type_="check")
            if name in wanted:
                yield ops.CreateCheckConstraintOp(conv(name), table.name, str(texts[name].sqltext))


def _checks(parts: Mapping[str, str]) -> dict[str, str]:
    prefix = "constraint "
    return {
        part.removeprefix(prefix): text
        for part, text in parts.items()
        if part.startswith(prefix) and text.startswith("CHECK")
    }


def _name(constraint: sa.CheckConstraint) -> str:
    """The name after the naming convention."""
    preparer = postgresql.dialect().identifier_preparer  # type: ignore[no-untyped-call]
    return (preparer.format_constraint(constraint) or "").strip('"')

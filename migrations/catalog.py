"""What a database really holds, read from PostgreSQL's own catalogues, so that two databases can be compared.

Alembic's comparison passes over CHECK constraints, collations, partial indexes' conditions and expressions.
PostgreSQL's own words for them, once from the migrations and once from the models, leave nothing out.
"""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

_COLUMNS = """
SELECT c.relname, 'column ' || a.attname,
       concat_ws(' ', format_type(a.atttypid, a.atttypmod),
                 'COLLATE ' || l.collname,
                 CASE WHEN a.attnotnull THEN 'NOT NULL' END,
                 'DEFAULT ' || pg_get_expr(d.adbin, d.adrelid),
                 CASE WHEN a.attidentity <> '' THEN 'IDENTITY ' || a.attidentity::text END,
                 CASE WHEN a.attgenerated <> '' THEN 'GENERATED' END)
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p')
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_collation l ON l.oid = a.attcollation AND a.attcollation <> t.typcollation
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
"""

# PostgreSQL 18 lists NOT NULL among the constraints; it is compared with the columns.
_CONSTRAINTS = """
SELECT c.relname, 'constraint ' || k.conname, pg_get_constraintdef(k.oid)
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
WHERE c.relnamespace = 'public'::regnamespace AND k.contype <> 'n' AND k.conparentid = 0
"""

_INDEXES = """
SELECT c.relname, 'index ' || i.relname, pg_get_indexdef(x.indexrelid)
FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class c ON c.oid = x.indrelid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
  AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.oid AND k.contype IN ('p', 'u', 'x'))
"""

Catalog = dict[str, dict[str, str]]
"""Table → what it has (``column name``, ``constraint pk_name``, ``index ix_name``) → its definition."""


def catalog(connection: sa.Connection) -> Catalog:
    """Columns, constraints and indexes of every table in ``public``."""
    tables: Catalog = {}
    for query in (_COLUMNS, _CONSTRAINTS, _INDEXES):
        for table, part, definition in connection.execute(sa.text(query)):
            tables.setdefault(table, {})[part] = definition
    return tables


@dataclass(frozen=True)
class Difference:
    """One part of a table that the models and the migrations see differently; None where one of them lacks it."""

    table: str
    part: str
    declared: str | None
    migrated: str | None

    def __str__(self) -> str:
        said, made = self.declared or "nothing", self.migrated or "nothing"
        return f"{self.table}: {self.part}: models say {said}; migrations made {made}"


def differences(declared: Catalog, migrated: Catalog) -> list[Difference]:
    """What the models' tables have otherwise in the migrated database. Tables that no model describes are left
    aside."""
    return [
        Difference(table, part, parts.get(part), migrated.get(table, {}).get(part))
        for table, parts in sorted(declared.items())
        for part in sorted(parts.keys() | migrated.get(table, {}).keys())
        if parts.get(part) != migrated.get(table, {}).get(part)
    ]


def declare(connection: sa.Connection, metadata: Any) -> Catalog:
    """Create the models' tables in an empty database and say what it then holds."""
    metadata.create_all(connection)
    return catalog(connection)

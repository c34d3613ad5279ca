"""Write a migration from the difference between the models and the migrations so far::

    python -m migrations.new "estates, buildings and units"
    python -m migrations.new --stem estates "estates, buildings and units"   # only the tables of models/estates.py

It starts a PostgreSQL of its own in a temporary folder, applies what there is, compares, writes the file, applies the
file and compares again. Read the result before committing it: renamed columns look like a dropped and an added one.
"""

import argparse
import fcntl
import os
import re
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory
from alembic.util import CommandError

import models  # noqa: F401 — the whole metadata
from app import database, postgres
from migrations import autogenerate
from migrations.catalog import Catalog, catalog, declare, differences
from models.base import Base

VERSIONS = Path(__file__).parent / "versions"


def write(message: str, stems: Collection[str] = ()) -> Path | None:
    """Write the next migration; None when there is nothing to write. Raises ``CommandError`` when it does not apply."""
    with _one_at_a_time(), postgres.temporary() as server:
        tables = tables_of(stems)
        declared = declared_catalog(server)
        migrated = migrated_catalog(server)
        path = _generate(server, message, tables, declared, migrated)
        if path is None:
            return None
        try:
            database.migrate(server.url)
        except Exception:
            sys.stderr.write(path.read_text())
            path.unlink()
            raise
        left = [one for one in differences(declared, _read(server.url)) if one.table in tables]
        for one in left:
            sys.stderr.write(f"to write by hand: {one}\n")
        return path


def tables_of(stems: Collection[str]) -> set[str]:
    """The tables of ``models/<stem>.py``; all of them without stems."""
    if not stems:
        return set(Base.metadata.tables)
    modules = {f"models.{stem}" for stem in stems}
    found: set[str] = set()
    for mapper in Base.registry.mappers:
        if mapper.class_.__module__ in modules:
            found |= {table.name for table in mapper.tables if isinstance(table, sa.Table)}
    return found


def declared_catalog(server: postgres.EmbeddedPostgres) -> Catalog:
    """What the models would make of an empty database."""
    database.create_database(server.superuser_url, "declared", postgres.OWNER)
    engine = sa.create_engine(database.with_driver(server.url_for("declared")), poolclass=sa.NullPool)
    with engine.begin() as connection:
        return declare(connection, Base.metadata)


def migrated_catalog(server: postgres.EmbeddedPostgres) -> Catalog:
    """What the migrations make of an empty database."""
    database.create_database(server.superuser_url, "anju", postgres.OWNER)
    database.migrate(server.url)
    return _read(server.url)


def _read(url: str) -> Catalog:
    with sa.create_engine(database.with_driver(url), poolclass=sa.NullPool).connect() as connection:
        return catalog(connection)


def _generate(
    server: postgres.EmbeddedPostgres, message: str, tables: set[str], declared: Catalog, migrated: Catalog
) -> Path | None:
    def include_object(item: Any, name: str | None, kind: str, reflected: bool, compare_to: Any) -> bool:
        table = name if kind == "table" else getattr(getattr(item, "table", None), "name", None)
        return table in tables and table in Base.metadata.tables

    def complete(context: Any, revision: Any, directives: list[Any]) -> None:
        script = directives[0]
        upgrade = autogenerate.with_access(script.upgrade_ops.ops, Base.metadata)
        for change in autogenerate.check_changes(Base.metadata, declared, migrated):
            if getattr(change, "table_name", None) in tables:
                upgrade.append(change)
        script.upgrade_ops.ops = upgrade
        if not upgrade:
            directives.clear()

    with sa.create_engine(database.with_driver(server.url), poolclass=sa.NullPool).connect() as connection:
        config = database.alembic_config(
            {"connection": connection, "include_object": include_object, "process_revision_directives": complete}
        )
        number = 1 + sum(1 for _ in ScriptDirectory.from_config(config).walk_revisions())
        config.set_main_option("file_template", f"{number:04d}_%%(slug)s")
        config.set_main_option("truncate_slug_length", "60")
        script = command.revision(config, message=message, autogenerate=True, rev_id=f"{number:04d}")
    return Path(script.path) if script is not None and not isinstance(script, list) else None


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Two colleagues in one work tree must not both write the same number."""
    folder = os.open(VERSIONS, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m migrations.new", description=__doc__)
    parser.add_argument("message", help="what changes, in a few words")
    parser.add_argument(
        "--stem", action="append", default=[], help="only the tables of models/<stem>.py; may be repeated"
    )
    arguments = parser.parse_args()
    if not re.search(r"\w", arguments.message):
        parser.error("the message is empty")
    try:
        path = write(arguments.message, arguments.stem)
    except (CommandError, sa.exc.DBAPIError) as error:
        sys.exit(f"the migration does not apply; nothing was written: {error}")
    sys.stdout.write(f"{path}\n" if path else "models and migrations agree; nothing to write\n")


if __name__ == "__main__":
    main()

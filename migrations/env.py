"""Alembic's entry: runs the migrations on the connection it is given (``app.database.migrate``, ``migrations.new``)."""

from alembic import context

import models  # noqa: F401 — imports every model, so that the metadata is whole
from migrations.autogenerate import render_item
from models.base import Base


def run() -> None:
    config = context.config
    context.configure(
        connection=config.attributes["connection"],
        target_metadata=Base.metadata,
        transaction_per_migration=True,
        compare_type=True,
        compare_server_default=True,
        include_name=config.attributes.get("include_name"),
        include_object=config.attributes.get("include_object"),
        process_revision_directives=config.attributes.get("process_revision_directives"),
        render_item=render_item,
    )
    with context.begin_transaction():
        context.run_migrations()


run()

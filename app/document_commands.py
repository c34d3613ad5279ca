"""``anju clients documents``: the operations that apps were built with, and whether anything else runs for them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from typer import Argument, Option

from app.identity_commands import clients, in_transaction

documents = typer.Typer(no_args_is_help=True, help="Trusted documents of apps (可信文档).")
clients.add_typer(documents, name="documents")

ClientId = Annotated[str, Argument(help="The client.")]


@documents.command()
def upload(
    client_id: ClientId,
    file: Annotated[
        Path, Argument(exists=True, dir_okay=False, help="The manifest, as the app's build tool wrote it.")
    ],
    version: Annotated[str, Option(help="The app's version.")],
) -> None:
    """Add a version of an app: its documents are checked against the schema, and all faults are told.

    Example:

        anju clients documents upload anju-h5 persisted-documents.json --version 1.4.0
    """
    from app.manifests import check
    from auth.manifests import add_manifest
    from domain.manifests import ManifestError, read_manifest
    from schema.api import graphql_schema

    def add(session: Any) -> int:
        try:
            parsed = json.loads(file.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ManifestError(f"{file}: no JSON: {error}") from None
        found = read_manifest(parsed)
        check(graphql_schema(), found)
        add_manifest(session, client_id, version, found)
        return len(found)

    typer.echo(f"{client_id} {version}: {_done(add)} documents are trusted")


@documents.command(name="list")
def show(client_id: ClientId) -> None:
    """List the versions of an app.

    Example:

        anju clients documents list anju-h5
    """
    from auth.manifests import manifests

    def read(session: Any) -> list[str]:
        return [
            f"{each.version}\t{len(each.documents)} documents\tsince {each.uploaded_at:%Y-%m-%d %H:%M}"
            + (f"\tretired {each.retired_at:%Y-%m-%d %H:%M}" if each.retired_at else "")
            for each in manifests(session, client_id)
        ]

    for line in _done(read):
        typer.echo(line)


@documents.command()
def retire(client_id: ClientId, version: Annotated[str, Argument(help="The app's version.")]) -> None:
    """Let a version of an app, which nobody uses any more, count no longer.

    Example:

        anju clients documents retire anju-h5 1.2.0
    """
    from auth.manifests import retire_manifest

    _done(lambda session: retire_manifest(session, client_id, version))
    typer.echo(f"{client_id} {version} is retired")


@documents.command()
def only(
    client_id: ClientId,
    off: Annotated[bool, Option("--off", help="Let it ask what it likes again.")] = False,
) -> None:
    """Let nothing but its trusted documents run for a client.

    Example:

        anju clients documents only anju-h5
    """
    from auth.manifests import trust_only

    _done(lambda session: trust_only(session, client_id, not off))
    typer.echo(f"{client_id}: {'any document runs' if off else 'only trusted documents run'}")


def _done(work: Callable[[Any], Any]) -> Any:
    from app.database import opened
    from app.settings import load
    from domain.manifests import ManifestError

    with opened(load()) as settings:
        try:
            return in_transaction(settings, work)
        except ManifestError as error:
            for fault in error.faults:
                typer.echo(fault, err=True)
            raise typer.Exit(1) from None

"""``anju attempts`` and ``anju lockouts``: who failed to prove who they are, and who is locked out for it."""

import json
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from typer import Argument, Option

from app.identity_commands import in_transaction
from domain.lockouts import Subject

lockouts = typer.Typer(no_args_is_help=True, help="Phones, addresses and clients locked out after failures (锁定).")

UNITS = {"m": 60, "h": 3_600, "d": 86_400}


def attempts(
    since: Annotated[str, Option(help="How far back: 30m, 24h or 7d.")] = "24h",
    as_json: Annotated[bool, Option("--json", help="One JSON object a line.")] = False,
    most: Annotated[int, Option(min=1, max=100_000, help="How many, the newest first.")] = 1_000,
) -> None:
    """Show failed attempts to sign in or to authenticate. Phones and addresses are masked; equal marks are equal ones.

    Examples:

        anju attempts --since 7d

        anju attempts --json --most 100000
    """
    from sqlalchemy import select

    from app.database import opened
    from app.settings import load
    from models.attempts import FailedAttempt

    after = datetime.now(UTC) - _span(since)
    newest = select(FailedAttempt).where(FailedAttempt.at >= after).order_by(FailedAttempt.at.desc()).limit(most)

    def read(session: Any) -> list[dict[str, Any]]:
        return [
            {
                "at": each.at.isoformat(timespec="seconds"),
                "proof": each.proof,
                "reason": each.reason,
                "client": each.client_id,
                "phone": each.phone_mask,
                "phoneMark": _mark(each.phone_index),
                "address": each.address_mask,
                "addressMark": _mark(each.address_index),
            }
            for each in session.scalars(newest)
        ]

    with opened(load()) as settings:
        for row in in_transaction(settings, read):
            plain = "\t".join("-" if value is None else str(value) for value in row.values())
            typer.echo(json.dumps(row, ensure_ascii=False) if as_json else plain)


@lockouts.command(name="list")
def show() -> None:
    """List who is locked out now, until when, and after how many failures in a row.

    Example:

        anju lockouts list
    """
    from sqlalchemy import func, select

    from app.database import opened
    from app.settings import load
    from models.attempts import Lockout

    locked = select(Lockout).where(Lockout.locked_until > func.now()).order_by(Lockout.locked_until)

    def read(session: Any) -> list[str]:
        return [
            f"{each.kind}\t{each.mask or '-'}\t{_mark(each.subject)}\t{each.failures} failures"
            f"\tuntil {each.locked_until:%Y-%m-%d %H:%M:%S}"
            for each in session.scalars(locked)
        ]

    with opened(load()) as settings:
        for line in in_transaction(settings, read):
            typer.echo(line)


@lockouts.command()
def clear(
    kind: Annotated[Subject, Argument(help="What is locked out.")],
    whom: Annotated[str, Argument(help="The phone, the address, CLIENT@ADDRESS, or the mark that the list shows.")],
) -> None:
    """Let somebody try again at once, and count anew.

    Examples:

        anju lockouts clear PHONE 13912345678

        anju lockouts clear CLIENT 370303-bank@203.0.113.7
    """
    from sqlalchemy import delete, func, or_

    from app.database import opened
    from app.settings import load
    from auth.attempts import subject_index
    from models.attempts import Lockout

    with opened(load()) as settings:
        index = subject_index(settings.keys.vault(), kind, whom)
        marked = func.encode(func.substr(Lockout.subject, 1, MARK_BYTES), "hex") == whom.lower()
        gone = delete(Lockout).where(Lockout.kind == kind, or_(Lockout.subject == index, marked))
        cleared = in_transaction(settings, lambda session: session.execute(gone).rowcount)
    if not cleared:
        typer.echo(f"no failures of {kind} {whom} are counted", err=True)
        raise typer.Exit(1)
    typer.echo(f"{kind} {whom} may try again")


MARK_BYTES = 6


def _mark(index: bytes | None) -> str | None:
    """The beginning of a blind index: enough to tell who is the same, worth nothing without the keys."""
    return None if index is None else index[:MARK_BYTES].hex()


def _span(text: str) -> timedelta:
    if text[-1:] not in UNITS or not text[:-1].isdecimal():
        raise typer.BadParameter("must look like 30m, 24h or 7d", param_hint="--since")
    return timedelta(seconds=int(text[:-1]) * UNITS[text[-1]])

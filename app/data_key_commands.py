"""``anju keys rotate-data`` and ``anju keys retire-data``: the keys that seal a county's personal data."""

from typing import Annotated

import typer
from typer import Option

from app.identity_commands import keys

County = Annotated[str | None, Option(help="The county's six-digit code.")]
Accounts = Annotated[bool, Option("--accounts", help="What belongs to no county: phones of accounts.")]


@keys.command("rotate-data")
def rotate_data(county: County = None, accounts: Accounts = False) -> None:
    """Give a county a fresh key for its personal data and re-encrypt all of it, while the servers go on.

    Started again it goes on where it stopped. The former keys stay until `anju keys retire-data`.

    Example:

        anju keys rotate-data --county 370303
    """
    import asyncio

    from app import key_rotation, progress
    from app.database import opened
    from app.settings import load

    where = _place_of_keys(county, accounts)
    with opened(load()) as settings, progress.shown() as show:
        done = asyncio.run(key_rotation.rotate(settings, where, show))
    typer.echo(f"{done} values are sealed under a fresh key")


@keys.command("retire-data")
def retire_data(county: County = None, accounts: Accounts = False) -> None:
    """Forget a county's former keys, once no value is sealed under them. Backups made before cannot be read then.

    Example:

        anju keys retire-data --county 370303
    """
    import asyncio

    from app import key_rotation
    from app.database import opened
    from app.settings import load

    where = _place_of_keys(county, accounts)
    with opened(load()) as settings:
        gone = asyncio.run(key_rotation.retire(settings, where))
    typer.echo(f"{gone} former keys are gone")


def _place_of_keys(county: str | None, accounts: bool) -> str:
    if (county is None) is not accounts:
        raise typer.BadParameter("--county or --accounts is needed")
    return "*" if county is None else county

"""The command line: ``anju --help``. Each command is a few lines; what it does is in a module of its own.

Exit codes: 0 done · 1 refused or something is wrong · 2 wrong usage · 3 settings, database or port · 70 a fault of Anju
· 130 stopped by Ctrl-C. Errors are one line on standard error; ``ANJU_DEBUG=1`` shows the traceback.
"""

import inspect
import json
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer import Argument, Option
from typer.exceptions import TyperException

from app import data_key_commands as data_key_commands  # adds to `anju keys`
from app import document_commands as document_commands  # adds to `anju clients`
from app.attempt_commands import attempts, lockouts
from app.identity_commands import clients, keys, official

if TYPE_CHECKING:
    from app.settings import Settings

# A command imports what it needs when it runs: help and mistakes of usage answer at once.

app = typer.Typer(
    no_args_is_help=True, add_completion=False, rich_markup_mode="markdown", pretty_exceptions_enable=False,
    help="Anju (安居): the headless backend of a county's residential-property platform.",
)  # fmt: skip
ledger = typer.Typer(no_args_is_help=True, help="The ledger (账本).")
app.add_typer(ledger, name="ledger")
app.add_typer(keys, name="keys")
app.add_typer(clients, name="clients")
app.add_typer(official, name="official")
app.add_typer(lockouts, name="lockouts")
app.command()(attempts)

REFUSED, NOT_READY, FAULT, INTERRUPTED = 1, 3, 70, 130

Host = Annotated[str | None, Option(help="Address to listen on.", envvar="ANJU_HOST", show_default="127.0.0.1")]
Port = Annotated[int | None, Option(help="Port to listen on.", envvar="ANJU_PORT", show_default="8000")]
Workers = Annotated[int | None, Option(help="Server processes.", envvar="ANJU_WORKERS", show_default="1")]
County = Annotated[str, Option(help="The county's six-digit code.")]


def _settings(**given: Any) -> "Settings":
    """The settings for a command, whose log lines then look as they say."""
    from app import logs
    from app.settings import load

    settings = load(**given)
    logs.configure(settings)
    return settings


@app.command()
def serve(
    host: Host = None,
    port: Port = None,
    workers: Workers = None,
    demo: Annotated[bool, Option("--demo", help="Load the demo counties when they are not there yet.")] = False,
) -> None:
    """Start the server, its worker and, without DATABASE_URL, its own PostgreSQL.

    Examples:

        anju serve --demo

        DATABASE_URL=postgresql://anju@db/anju anju serve --host 0.0.0.0 --workers 4
    """
    import gc

    # Loading makes a million objects that stay: looking for garbage among them costs a sixth of the start.
    gc.disable()
    from app import serve as server

    server.serve(_settings(host=host, port=port, workers=workers), demo=demo)


@app.command()
def migrate() -> None:
    """Make the database, its application role and its tables, or bring them up to date.

    Example:

        DATABASE_URL=postgresql://anju@db/anju anju migrate
    """
    from app.database import current_revision, opened

    with opened(_settings(), up_to_date=True) as settings:
        typer.echo(f"the database stands at migration {current_revision(settings.database)}")


@app.command()
def worker() -> None:
    """Work on background jobs, apart from the server (which then runs with ANJU_JOBS=false).

    Example:

        anju worker
    """
    from app.database import embedded_folder, opened
    from app.serve import work_alone

    given = _settings()
    with opened(given) as settings:
        _finish(work_alone(settings, embedded_folder(given)))


@app.command()
def demo(
    units: Annotated[int | None, Option(min=1, help="Make a large one: this many units, by COPY.")] = None,
    bills: Annotated[int | None, Option(min=1, help="Make a large one: this many fee bills, by COPY.")] = None,
    seed: Annotated[int, Option(help="Another number gives other names and figures.")] = 1,
) -> None:
    """Load the demo counties, invented throughout and dated relative to today. What is there already stays.

    Examples:

        anju demo

        anju demo --units 40000 --bills 1000000
    """
    from app import progress
    from app.database import opened

    signal.signal(signal.SIGTERM, _interrupted)  # as Ctrl-C: the processes that load are stopped with this one
    with opened(_settings(), up_to_date=True) as settings, progress.shown() as show:
        if units is None and bills is None:
            from app import demo as made

            loaded = made.load(settings, show, seed=seed)
            typer.echo(f"loaded {', '.join(loaded)}" if loaded else "every demo county is there already")
            return
        from app.large import load_large

        counts = load_large(settings.database, show, units=units or 40_000, bills=bills or 1_000_000, seed=seed)
    typer.echo("\n".join(f"{table}: {count} rows" for table, count in counts.items()))


@app.command("import")
def import_(
    file: Annotated[
        Path | None, Argument(exists=True, help="An XLSX workbook, or a folder or ZIP of CSV files.")
    ] = None,
    county: Annotated[str | None, Option(help="The county's six-digit code.")] = None,
    template: Annotated[Path | None, Option(help="Write an empty workbook with its legend here, and stop.")] = None,
    dry_run: Annotated[bool, Option("--dry-run", help="Check everything, write nothing.")] = False,
) -> None:
    """Import a county's register (全县一张表): all of it, or nothing and every fault by sheet, row and column.

    Examples:

        anju import --template register.xlsx

        anju import register.xlsx --county 370303 --dry-run
    """
    if template is not None:
        from app import register

        register.write_template(template)
        typer.echo(f"wrote {template}")
        return
    if file is None or county is None:
        raise typer.BadParameter("FILE and --county are needed, or --template")
    from app import progress, register
    from app.database import opened

    with opened(_settings()) as settings, progress.shown() as show:
        report = _finish(register.import_file(settings, file, county, dry_run=dry_run, progress=show))
    typer.echo(str(report))
    if report.faults:
        raise typer.Exit(REFUSED)


@app.command()
def export(
    file: Annotated[Path, Argument(help="The XLSX workbook to write.")],
    county: County,
    list_: Annotated[str | None, Option("--list", help="Only this list, such as ESTATES or FEE_BILLS.")] = None,
    where: Annotated[str | None, Option(help="Conditions of the list's query as JSON.")] = None,
    locale: Annotated[str, Option(help="Headers and labels of a list: zh-CN or en.")] = "zh-CN",
) -> None:
    """Write a county's register as a workbook with the columns that `anju import` reads, or one list of any kind.

    Examples:

        anju export register.xlsx --county 370303

        anju export bills.xlsx --county 370303 --list FEE_BILLS --where '{"overdue": true}'
    """
    from app import progress, register
    from app.database import opened

    try:
        wanted = register.Wanted.of(list_, where, locale)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    with opened(_settings()) as settings, progress.shown() as show:
        rows = _finish(register.export_file(settings, file, county, wanted, progress=show))
    typer.echo(f"wrote {file}: {rows} rows")


@app.command()
def token(
    login: Annotated[str, Option("--as", help="A demo login, such as 370303-bureau.")],
) -> None:
    """Print a bearer token of a demo login. Development only.

    Example:

        curl -H "Authorization: Bearer $(anju token --as 370303-bureau)" …
    """
    from app.database import opened
    from app.signin import development_token

    with opened(_settings()) as settings:
        typer.echo(_finish(development_token(settings, login)).value)


@app.command()
def schema() -> None:
    """Print the GraphQL schema (SDL).

    Example:

        anju schema > schema.graphql
    """
    from schema.api import sdl

    typer.echo(sdl(), nl=False)


@app.command()
def requirements(
    rules: Annotated[bool, Option("--rules", help="The domain's rules instead of the policies' requirements.")] = False,
    missing: Annotated[bool, Option("--missing", help="List what no test shows.")] = False,
    as_json: Annotated[bool, Option("--json", help='As {"total", "shown", "by_county", "missing"}.')] = False,
    write: Annotated[bool, Option("--write", help="Write docs/requirements.md and docs/rules.md.")] = False,
) -> None:
    """Say which of the policies' requirements, or of the domain's rules, are shown by tests.

    Examples:

        anju requirements

        anju requirements --rules --missing

        anju requirements --json
    """
    from app import requirements as marks

    if write:
        for catalogue in (marks.REQUIREMENTS, marks.RULES):
            _write(f"docs/{catalogue.mark}s.md", marks.page(marks.coverage(catalogue=catalogue)))
        return
    found = marks.coverage(catalogue=marks.RULES if rules else marks.REQUIREMENTS)
    if as_json:
        typer.echo(json.dumps(found.as_json(), ensure_ascii=False))
    elif missing:
        for one in found.missing:
            typer.echo(f"{one.id}\t{one.part}\t{one.text}")
    else:
        for part, count in found.by_part().items():
            typer.echo(f"{part}\t{count['shown']} of {count['total']}")
        typer.echo(f"all\t{len(found.requirements) - len(found.missing)} of {len(found.requirements)}")


@app.command()
def settings(
    write: Annotated[bool, Option("--write", help="Write docs/settings.md.")] = False,
) -> None:
    """Print every setting, what it means and its default.

    Example:

        anju settings
    """
    from app.settings_page import settings_page

    if write:
        _write("docs/settings.md", settings_page())
    else:
        typer.echo(settings_page(), nl=False)


@app.command()
def secrets(
    file: Annotated[Path, Argument(help="The file to make; keys are never overwritten.")],
) -> None:
    """Make the keys of a production deployment (ANJU_SECRETS). Without them its personal data cannot be read.

    Example:

        anju secrets /etc/anju/secrets.json
    """
    from app.settings import make_secrets

    make_secrets(file, "production")
    typer.echo(f"wrote {file}; back it up apart from the database and set ANJU_SECRETS={file}")


@app.command()
def doctor(
    as_json: Annotated[bool, Option("--json", help="One JSON object per check.")] = False,
) -> None:
    """Say what is wrong with this deployment; exit code 1 when something is.

    Example:

        DATABASE_URL=postgresql://anju@db/anju anju doctor
    """
    from app import doctor as examiner
    from app import postgres
    from app.database import embedded_folder
    from app.doctor import State

    configured = _settings()
    worst = State.FINE
    colours = {State.FINE: typer.colors.GREEN, State.DOUBTFUL: typer.colors.YELLOW, State.WRONG: typer.colors.RED}
    with postgres.for_looking(embedded_folder(configured)) as url:
        for finding in examiner.examine(configured.with_database(url) if url else configured):
            worst = State.WRONG if State.WRONG in (worst, finding.state) else worst
            if as_json:
                typer.echo(json.dumps({"check": finding.check, "state": finding.state, "said": finding.said}))
            else:
                typer.echo(
                    f"{typer.style(f'{finding.state:8}', colours[finding.state])} {finding.check:18} {finding.said}"
                )
    if worst is State.WRONG:
        raise typer.Exit(REFUSED)


@ledger.command()
def verify(
    county: Annotated[str | None, Option(help="Only this county; otherwise all of them.")] = None,
) -> None:
    """Check that the ledger is whole: transactions balance, reversals mirror, bills, accounts and the fund's money agree.

    The run is kept where officials see it. Books that do not balance stop postings; a run that finds them whole lets them go on.

    Example:

        anju ledger verify --county 370303
    """
    from app.database import opened

    with opened(_settings()) as settings:
        found = _finish(_recount(settings, county))
    for line in found:
        typer.echo(line, err=True)
    if found:
        raise typer.Exit(REFUSED)
    typer.echo("the ledger is whole")


async def _recount(settings: "Settings", county: str | None) -> list[str]:
    """What each county's run of the checks finds; the runs are kept, and their word counts."""
    from datetime import UTC, datetime

    from sqlalchemy.ext.asyncio import async_sessionmaker

    from app.database import command_engine
    from auth.actor import system_actor
    from domain.calendar import today
    from domain.profiles import counties
    from resolvers.books import check
    from resolvers.unit_of_work import transact

    engine = command_engine(settings.database, size=1)
    try:
        found: list[str] = []
        for code in [county] if county else counties():
            clock = system_actor(code, today(datetime.now(UTC)))
            outcome = await transact(async_sessionmaker(engine), clock, code, check)
            found += [str(finding) for finding in outcome.row]
        return found
    finally:
        await engine.dispose()


def _finish(outcome: Any) -> Any:
    """The outcome of work that may be a coroutine."""
    import asyncio

    if inspect.iscoroutine(outcome):
        return asyncio.run(outcome)
    return outcome


def _write(path: str, text: str) -> None:
    target = Path(__file__).parents[1] / path
    target.parent.mkdir(exist_ok=True)
    target.write_text(text, encoding="utf-8")
    typer.echo(f"wrote {path}")


def main() -> None:
    """The entry point: runs a command and turns what it raises into one line and an exit code."""
    signal.signal(signal.SIGINT, _interrupted)
    try:
        code = app(standalone_mode=False)
    except typer.Abort:
        code = INTERRUPTED
    except TyperException as error:  # wrong usage
        code, said = error.exit_code, error.format_message()
        if said:  # without arguments the help was shown, and that is all there is to say
            sys.stderr.write(f"anju: {said} See: anju --help\n")
    except Exception as error:
        if os.environ.get("ANJU_DEBUG"):
            raise
        code, said = _explain(error)
        sys.stderr.write(f"anju: {' '.join(said.split())}\n")
    sys.exit(code)


def _interrupted(number: int, frame: Any) -> None:
    sys.exit(INTERRUPTED)


def _explain(error: Exception) -> tuple[int, str]:
    from sqlalchemy.exc import OperationalError

    from app.database import DatabaseError
    from app.demo import DemoError
    from app.large import AlreadyLoadedError
    from app.postgres import PostgresError
    from app.requirements import UnknownRequirementError
    from app.serve import PortTakenError
    from app.settings import SettingsError
    from app.texts import sentence
    from domain.errors import Refusal

    if isinstance(error, Refusal):
        return REFUSED, sentence(error, "zh-CN" if os.environ.get("LANG", "").startswith("zh") else "en")
    if isinstance(error, SettingsError | DatabaseError | PostgresError | PortTakenError):
        return NOT_READY, str(error)
    if isinstance(error, OperationalError):
        return NOT_READY, str(error.orig)
    if isinstance(error, DemoError | UnknownRequirementError | AlreadyLoadedError | OSError):
        return REFUSED, str(error)
    return FAULT, f"a fault of Anju: {type(error).__name__}: {error} (ANJU_DEBUG=1 shows where)"


if __name__ == "__main__":
    main()

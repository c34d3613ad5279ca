"""``python -m tests.faults``: kills Anju's processes under load, and says what that cost.

    python -m tests.faults kill-app                  50 × SIGKILL of the server under 32 paying clients, about five minutes
    python -m tests.faults kill-db                   20 × SIGKILL of PostgreSQL under the same load, about two minutes
    python -m tests.faults kill-worker               50 × SIGKILL of the worker while it bills and exports, about seven minutes
    python -m tests.faults all --json faults.json    one after the other; the figures also as JSON
    python -m tests.faults kill-app --kills 5 --clients 8 --seed 7

Exit code 0: everything demanded was met; 1: something was missed, and the table says what.
"""

import argparse
import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench import machine
from tests.faults import kill_app, kill_db, kill_worker
from tests.faults.figures import Figures
from tests.faults.processes import FaultError
from tests.faults.stage import Stage, stage

UNITS, BILLS = 3_000, 10_000
"""Of the demo that a run happens to: thirty estates of a hundred homes."""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("fault", choices=("kill-app", "kill-db", "kill-worker", "all"), help="what to do")
    parser.add_argument("--kills", type=int, help="default 50; kill-db 20")
    parser.add_argument("--clients", type=int, default=32, help="that pay at the same time (default 32)")
    parser.add_argument("--seed", type=int, default=1, help="another number kills at other moments")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    return parser.parse_args()


def main() -> int:
    given = arguments()
    faults: dict[str, Callable[[Stage], Figures]] = {
        "kill-app": partial(kill_app.run, kills=given.kills or 50, clients=given.clients, seed=given.seed, say=say),
        "kill-db": partial(kill_db.run, kills=given.kills or 20, clients=given.clients, seed=given.seed, say=say),
        "kill-worker": partial(kill_worker.run, kills=given.kills or 50, seed=given.seed, say=say),
    }
    say(machine.describe())
    found = []
    try:
        for name, fault in faults.items():
            if given.fault in (name, "all"):
                with stage(units=UNITS, bills=BILLS) as made:
                    found.append(fault(made))
                sys.stdout.write("\n".join(["", *found[-1].table, ""]))
                sys.stdout.flush()
    except FaultError as error:
        say(f"faults: {error}")
        return 1
    if given.json:
        given.json.write_text(json.dumps([each.as_json() for each in found], indent=2, ensure_ascii=False) + "\n")
    return int(any(each.missed or each.late for each in found))


def say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main())

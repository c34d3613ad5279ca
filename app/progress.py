"""How long work tells how far it is: a callable ``progress(label, done, total)``, shown as bars on a terminal."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Progress = Callable[[str, int, int], None]
"""``progress("张店区", 120, 900)``: of 900 steps of what the label names, 120 are done."""


def silent(label: str, done: int, total: int) -> None:
    """For callers who do not look."""


@contextmanager
def shown() -> Iterator[Progress]:
    """Bars on a terminal; elsewhere one line per label when it is done. On standard error, so that output stays
    clean."""
    if not sys.stderr.isatty():
        yield _lines
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bars(*columns, console=Console(stderr=True)) as bars:
        tasks = {}

        def show(label: str, done: int, total: int) -> None:
            if label not in tasks:
                tasks[label] = bars.add_task(label, total=total)
            bars.update(tasks[label], completed=done, total=total)

        yield show


def _lines(label: str, done: int, total: int) -> None:
    if done >= total:
        sys.stderr.write(f"{label}: {done}/{total}\n")
        sys.stderr.flush()

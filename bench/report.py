"""What is printed and written."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.contenders import Contender
from bench.measure import Figures
from bench.screens import Screen

READ_TARGETS = {"county estates": 1.7}
READ_TARGET, CPU_TARGET, SQL_TARGET, PAY_TARGET, MEMORY_TARGET = 2.0, 0.4, 0.85, 1.3, 250
GROWTH_TARGET = 0.2


def as_json(found: Mapping[str, Mapping[str, Figures]], memory: Mapping[str, float], growth: Any) -> dict[str, Any]:
    """The form that ``--json`` writes."""
    return {
        "screens": [
            {"name": name, "contenders": [figures.summary(contender) for contender, figures in by_contender.items()]}
            for name, by_contender in found.items()
        ],
        "peak_mib": {name: round(value, 1) for name, value in memory.items()},
        "growth": growth,
    }


def table(found: Mapping[str, Mapping[str, Figures]], chosen: Sequence[Screen]) -> list[str]:
    """One line a screen and contender, Markdown."""
    lines = [
        "| screen | contender | requests/s | p50 ms | p99 ms | server CPU ms | body |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for screen in chosen:
        for name, figures in found[screen.name].items():
            row = figures.summary(name)
            lines.append(
                f"| {screen.name} | {name} | {row['rps']:,.0f} | {row['p50_ms']:.2f} | {row['p99_ms']:.2f}"
                f" | {row['cpu_ms']:.3f} | {figures.body_bytes:,} |"
            )
    return lines


def verdicts(
    found: Mapping[str, Mapping[str, Figures]], chosen: Sequence[Screen], memory: Mapping[str, float]
) -> list[str]:
    """Each target with what was reached."""
    lines = [
        "| screen | requests/s against PostGraphile | server CPU against PostGraphile | requests/s against SQL |",
        "|---|---|---|---|",
    ]
    for screen in chosen:
        rows = {name: figures.summary(name) for name, figures in found[screen.name].items()}
        if not {"anju", "postgraphile", "sql"} <= rows.keys():
            continue
        faster = rows["anju"]["rps"] / rows["postgraphile"]["rps"]
        cpu = rows["anju"]["cpu_ms"] / rows["postgraphile"]["cpu_ms"]
        of_sql = rows["anju"]["rps"] / rows["sql"]["rps"]
        if screen.writes:
            lines.append(f"| {screen.name} | {_judged(faster, PAY_TARGET)} | {cpu:.2f}× | {of_sql:.2f}× |")
            continue
        wanted = READ_TARGETS.get(screen.name, READ_TARGET)
        lines.append(
            f"| {screen.name} | {_judged(faster, wanted)} | {_judged(cpu, CPU_TARGET, most=True)}"
            f" | {_judged(of_sql, SQL_TARGET)} |"
        )
    if "anju" in memory:
        lines += [
            "",
            f"Peak memory of a worker: {', '.join(f'{name} {mib:.0f} MiB' for name, mib in memory.items())}"
            f" (Anju's limit {MEMORY_TARGET} MiB{'' if memory['anju'] <= MEMORY_TARGET else ': MISSED'}).",
        ]
    return lines


def _judged(value: float, wanted: float, *, most: bool = False) -> str:
    good = value <= wanted if most else value >= wanted
    sign = "≤" if most else "≥"
    return f"{value:.2f}× ({sign} {wanted:g}{'' if good else ': MISSED'})"


def growth_table(growth: Mapping[str, Mapping[str, float]]) -> list[str]:
    """p50 by number of bills."""
    sizes = list(next(iter(growth.values())))
    lines = [
        "| screen | " + " | ".join(f"p50 ms at {int(size):,} bills" for size in sizes) + " | change |",
        "|---|" + "---:|" * (len(sizes) + 1),
    ]
    for screen, by_size in growth.items():
        change = by_size[sizes[-1]] / by_size[sizes[0]] - 1
        missed = "" if abs(change) <= GROWTH_TARGET else " MISSED"
        lines.append(
            f"| {screen} | " + " | ".join(f"{by_size[size]:.2f}" for size in sizes) + f" | {change:+.0%}{missed} |"
        )
    return lines


def memory_of(contenders: Sequence[Contender]) -> dict[str, float]:
    return {contender.name: contender.peak_mib() for contender in contenders}


def write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n")

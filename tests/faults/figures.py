"""What a run found, as a table, as JSON, and as a verdict."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Figures:
    """Named figures of one fault, and what was demanded of some of them."""

    fault: str
    values: dict[str, Any] = field(default_factory=dict)
    missed: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    """Demands on times that were missed: on a busy machine they say nothing, so the suite does not look at them."""

    def say(self, name: str, value: Any) -> None:
        """A figure for the record."""
        self.values[name] = value

    def demand(self, name: str, value: Any, *, least: float | None = None, most: float | None = None) -> None:
        """A figure with its bounds."""
        self.say(name, value)
        if least is not None and value < least:
            self.missed.append(f"{name}: {value}, at least {least:g} is demanded")
        if most is not None and value > most:
            self.missed.append(f"{name}: {value}, at most {most:g} is demanded")

    def times(self, name: str, seconds: Sequence[float], *, most: float) -> None:
        """Median and worst of some times; ``most`` bounds the worst."""
        median, worst = round(statistics.median(seconds), 2), round(max(seconds), 2)
        many = len(seconds) > 1
        self.say(f"{name}, median / worst (s)" if many else f"{name} (s)", f"{median} / {worst}" if many else worst)
        if worst > most:
            self.late.append(f"{name}: {worst} s, at most {most:g} s is demanded")

    @property
    def table(self) -> list[str]:
        """Markdown."""
        lines = [f"| {self.fault} | |", "|---|---:|"]
        lines += [f"| {name} | {_shown(value)} |" for name, value in self.values.items()]
        return [*lines, *(f"MISSED: {line}" for line in [*self.missed, *self.late])]

    def as_json(self) -> dict[str, Any]:
        """The same for programs."""
        return {"fault": self.fault, "figures": self.values, "missed": [*self.missed, *self.late]}


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {count:,}" for name, count in sorted(value.items())) or "none"
    return f"{value:,}" if isinstance(value, int) else str(value)

"""Pinning processes to cores, and what they used by /proc (Linux)."""

import os
from collections.abc import Iterable
from pathlib import Path

import psutil


def pin(pid: int, cores: Iterable[int]) -> None:
    """Put a process, its threads and its children on some cores; children to come follow."""
    wanted = set(cores)
    for process in family(pid):
        for thread in Path(f"/proc/{process}/task").iterdir():
            os.sched_setaffinity(int(thread.name), wanted)


def family(pid: int) -> list[int]:
    """A process and everything below it."""
    return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]


def cpu_seconds(pids: Iterable[int]) -> float:
    """CPU time of all threads so far, from the scheduler's own books (nanoseconds)."""
    used = 0
    for pid in pids:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            used += int((thread / "schedstat").read_text().split()[0])
    return used / 1e9


def peak_mib(pids: Iterable[int]) -> float:
    """The largest resident size that any one of them ever had."""
    return max(_status(pid, "VmHWM") for pid in pids) / 1024


def _status(pid: int, name: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1])
    return 0


def describe() -> str:
    """The machine in one line."""
    model = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        "unknown processor",
    )
    memory = psutil.virtual_memory().total / 2**30
    return f"{os.cpu_count()} cores of {model}, {memory:.0f} GiB, Linux {os.uname().release}"

"""Processes that are started to be killed."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import httpx
import psutil

ROOT = Path(__file__).parents[2]
PATIENCE = 120
"""Seconds after which something that should happen counts as not happening at all."""


class FaultError(Exception):
    """A run cannot go on; the message says why."""


class Victim:
    """A command of Anju in a process group of its own, its output in a file. A context, at whose end it is killed."""

    def __init__(self, command: str, *options: str, environment: Mapping[str, str], log: Path) -> None:
        self.log = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.program", command, *options],
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def __enter__(self) -> "Victim":
        return self

    def __exit__(self, *raised: object) -> None:
        """SIGKILL to all of its processes, unless it has ended; returns when they are gone."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    async def died(self) -> None:
        """Return when it has died by SIGKILL; raises ``FaultError`` when it lives on or ends in another way."""
        try:
            code = await asyncio.to_thread(self.process.wait, PATIENCE)
        except subprocess.TimeoutExpired:
            raise FaultError(f"it was not killed in {PATIENCE} s; see {self.log}") from None
        if code != -signal.SIGKILL:
            raise FaultError(f"it ended with {code}; see {self.log}")

    async def stop(self) -> None:
        """Ask it to stop; raises ``FaultError`` unless it does, with exit code 0."""
        self.process.send_signal(signal.SIGTERM)
        code = await asyncio.to_thread(self.process.wait, PATIENCE)
        if code:
            raise FaultError(f"it stopped with {code}; see {self.log}")


async def until_ready(http: httpx.AsyncClient, victim: Victim) -> None:
    """Return when ``/readyz`` says so. It is asked once somebody listens: looking costs the start next to nothing."""
    end = time.monotonic() + PATIENCE
    address = (http.base_url.host, http.base_url.port)
    while time.monotonic() < end:
        if victim.process.poll() is not None:
            raise FaultError(f"the server ended with {victim.process.returncode}; see {victim.log}")
        with suppress(OSError, httpx.TransportError):
            _, writer = await asyncio.open_connection(*address)
            writer.close()
            if (await http.get("/readyz")).status_code == 200:
                return
        await asyncio.sleep(0.02)
    raise FaultError(f"the server did not get ready in {PATIENCE} s; see {victim.log}")


def kill_postgres(folder: Path) -> None:
    """SIGKILL to the server of a data folder: to the postmaster, before it can tell its children, and to each of them."""
    postmaster = psutil.Process(int((folder / "postgres" / "postmaster.pid").read_text().split()[0]))
    for process in [postmaster, *postmaster.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGKILL)

"""The drivers' packages and the servers that they are pointed at."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conformance.tools import HARNESS, Node, find_node, install_client_generator, install_packages, serving
from tests.edge.tiny import TOKEN

Drive = Callable[..., str]
"""Runs one driver and returns what it said; fails with all of it when the driver does."""

CONFIG = {
    "security": {"timeoutMs": 20_000},
    "subscriptions": {
        "finite": {"query": "subscription { countdown(start: 3) }", "expectMessages": 3},
        "timeoutMs": 20_000,
    },
}


@pytest.fixture(scope="session")
def node() -> Node:
    found = find_node()
    install_packages(found)
    return found


@pytest.fixture(scope="session")
def client_generator() -> Path:
    return install_client_generator()


@pytest.fixture(scope="session")
def tiny_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The real edge around the tiny schema."""
    log = tmp_path_factory.mktemp("tiny") / "server.log"
    with serving("tests.edge.tiny:app", {}, log) as server:
        yield server.url


@pytest.fixture
def drive(node: Node, tmp_path: Path) -> Drive:
    def run(driver: str, url: str, token: str = TOKEN, **environment: str) -> str:
        # Inside the harness: TypeScript looks for the packages in the folders above what it compiles.
        work = HARNESS / "work" / tmp_path.name
        config = tmp_path / "harness.json"
        config.write_text(json.dumps(CONFIG))
        given = {"BASE_URL": url, "TOKEN": token, "HARNESS_CONFIG": str(config), "WORK": str(work)}
        done = subprocess.run(
            [node.node, str(HARNESS / "drivers" / f"{driver}.mjs")],
            cwd=HARNESS,
            env={**node.environment, **given, **environment},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{driver}:\n{done.stdout}\n{done.stderr}"
        return done.stdout.strip().splitlines()[-1]

    return run

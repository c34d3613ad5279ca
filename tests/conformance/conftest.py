"""The drivers' packages, and the server that they are pointed at."""

import json
import os
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from schema.api import graphql_schema
from schema.engine.declare import ENTITIES
from schema.engine.types import TYPES
from tests.conformance.real import Deployment, deployed, settle
from tests.conformance.tools import HARNESS, Node, find_node, install_client_generator, install_packages
from tests.database import Cluster

Drive = Callable[..., str]
"""Runs one driver and returns what it said last; fails with all of it when the driver does."""

graphql_schema()  # registers every type
VALUES = sorted(name for name in TYPES if name not in ENTITIES)
"""Types whose objects are values: they have no identity to give an id to. The others are rows, each with its id."""

CONFIG = {
    "eslint": {
        "ruleOptions": {
            "strict-id-in-types": {
                "acceptedIdNames": ["id"],
                "acceptedIdTypes": ["ID"],
                "exceptions": {"types": VALUES, "suffixes": ["Connection", "Edge", "Payload"]},
            }
        }
    },
    "security": {"timeoutMs": 20_000},
    "subscriptions": {
        "finite": {"query": "subscription { heartbeat(count: 3) { number } }", "expectMessages": 3},
        "endless": {"query": "subscription { heartbeat { number } }"},
        "authOnly": {"query": "subscription { heartbeat { at } }"},
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
async def deployment(database_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Deployment]:
    """The application as it is served, on a database of its own."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    with database_cluster.clone(f"{worker}_conformance") as database:
        folder = tmp_path_factory.mktemp("deployment")
        token, oidc = await settle(database, folder)
        with deployed(database, token, oidc, folder) as made:
            yield made


@pytest.fixture
def drive(node: Node, deployment: Deployment, tmp_path: Path) -> Drive:
    def run(driver: str, **environment: str) -> str:
        # Inside the harness: TypeScript looks for the packages in the folders above what it compiles.
        work = HARNESS / "work" / tmp_path.name
        config = tmp_path / "harness.json"
        config.write_text(json.dumps({**CONFIG, "oidc": deployment.oidc}))
        given = {
            "BASE_URL": deployment.url,
            "TOKEN": deployment.token,
            "HARNESS_CONFIG": str(config),
            "WORK": str(work),
        }
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

"""A worker that imports no schema knows every kind of case and every job there is."""

import subprocess
import sys

SCRIPT = """
import importlib, pkgutil
import app.worker
from resolvers.case_kinds import KINDS
from resolvers.filings import SUBJECTS
from resolvers.jobs import ERRANDS, HANDLERS
known = set(KINDS), set(SUBJECTS), set(HANDLERS), set(ERRANDS)
import resolvers
for module in pkgutil.walk_packages(resolvers.__path__, "resolvers."):
    importlib.import_module(module.name)
assert (set(KINDS), set(SUBJECTS), set(HANDLERS), set(ERRANDS)) == known, known
assert {kind.__name__ for kind in KINDS} >= {"Filing", "FundRequest", "Inspection"}
"""


SERVED = """
import schema.api
from resolvers.jobs import ERRANDS, HANDLERS
served = set(HANDLERS) | set(ERRANDS)
import importlib, pkgutil, resolvers
for module in pkgutil.walk_packages(resolvers.__path__, "resolvers."):
    importlib.import_module(module.name)
assert set(HANDLERS) | set(ERRANDS) == served, (set(HANDLERS) | set(ERRANDS)) - served
"""


def test_a_server_can_enqueue_what_a_worker_does() -> None:
    """The server imports the schema alone; a job that it does not know it cannot ask for."""
    done = subprocess.run([sys.executable, "-c", SERVED], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_worker_knows_every_case_and_job() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

"""A worker that imports no schema knows every kind of case and every job there is."""

import subprocess
import sys

SCRIPT = """
import importlib, pkgutil
import app.worker
from resolvers.case_kinds import KINDS
from resolvers.filings import SUBJECTS
from resolvers.jobs import HANDLERS
known = set(KINDS), set(SUBJECTS), set(HANDLERS)
import resolvers
for module in pkgutil.walk_packages(resolvers.__path__, "resolvers."):
    importlib.import_module(module.name)
assert (set(KINDS), set(SUBJECTS), set(HANDLERS)) == known, known
assert {kind.__name__ for kind in KINDS} >= {"Filing", "FundRequest", "Inspection"}
"""


def test_the_worker_knows_every_case_and_job() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

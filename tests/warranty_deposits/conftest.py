"""The stage's fixtures."""

from tests.cases.conftest import answers as answers
from tests.cases.conftest import ask as ask
from tests.cases.conftest import engine as engine
from tests.cases.conftest import live as live
from tests.cases.conftest import sessions as sessions
from tests.cases.conftest import stage as stage

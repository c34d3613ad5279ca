"""The API over the register's own tests."""

from tests.cases.conftest import answers as answers
from tests.cases.conftest import ask as ask
from tests.cases.conftest import engine as engine
from tests.cases.conftest import sessions as sessions

"""Whether something failed because the database was out of reach: being restarted, failing over, gone."""

import psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionError

_GONE = ("08", "57P01", "57P02", "57P03", "53300")
"""How such SQLSTATEs begin: connection exceptions, shutdown, crash, start-up, too many connections."""


def is_outage(error: BaseException) -> bool:
    """Whether the same may succeed once the database answers again; what was being committed then may be done or not."""
    if isinstance(error, NoConnectionError):
        return True
    cause = error.orig if isinstance(error, DBAPIError) else error
    # Of a connection that breaks, or is not made at all, libpq gives no SQLSTATE: nobody was there to name one.
    return isinstance(cause, psycopg.OperationalError) and (cause.sqlstate or "08").startswith(_GONE)

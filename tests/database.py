"""The databases that tests run on: one migrated template for the run, a clone for every worker.

The server is the embedded one in a temporary folder, or that of ``DATABASE_URL`` (whose login must be allowed to create
databases and roles). Cloning a template takes a fifth of a second; migrating takes several.
"""

import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import sql

from app import postgres
from app.database import create_database, for_database, migrate, without_driver

OWNER = "anju_test"
"""The login that owns the tests' databases: no superuser, so that forced row-level security is tested as it runs."""


@dataclass(frozen=True)
class Database:
    """A migrated database of this run."""

    name: str
    url: str
    """As its owner, the way an operator writes ``DATABASE_URL``. The application's pools add the role ``anju_app``."""

    superuser_url: str
    """As the server's administrator, whom row-level security does not bind: looking at what a test left behind."""


@dataclass(frozen=True)
class Cluster:
    """A server and the template made on it."""

    superuser_url: str
    owner_url: str
    prefix: str

    @property
    def template(self) -> str:
        return f"{self.prefix}_template"

    @contextmanager
    def clone(self, purpose: str) -> Iterator[Database]:
        """A fresh copy of the migrated template, dropped afterwards."""
        name = f"{self.prefix}_{purpose}"
        self._administer("CREATE DATABASE {} TEMPLATE {} OWNER {}", name, self.template, OWNER)
        try:
            yield self._database(name)
        finally:
            self._administer("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    @contextmanager
    def empty(self, purpose: str) -> Iterator[Database]:
        """A database without tables, dropped afterwards."""
        name = f"{self.prefix}_{purpose}"
        create_database(self.superuser_url, name, OWNER)
        try:
            yield self._database(name)
        finally:
            self._administer("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def _database(self, name: str) -> Database:
        return Database(name, for_database(self.owner_url, name), for_database(self.superuser_url, name))

    def _administer(self, statement: str, *names: str) -> None:
        with psycopg.connect(self.superuser_url, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


@contextmanager
def cluster() -> Iterator[Cluster]:
    """The run's server with its template migrated; the template goes at the end, the embedded server with it."""
    configured = os.environ.get("DATABASE_URL")
    prefix = f"anju_test_{secrets.token_hex(4)}"
    if configured:
        yield from _with_template(Cluster(without_driver(configured), _test_login(configured), prefix))
        return
    with postgres.temporary() as server:
        made = Cluster(server.superuser_url, server.url_for("postgres", user=OWNER), prefix)
        yield from _with_template(made)


def _with_template(cluster: Cluster) -> Iterator[Cluster]:
    with cluster.empty("template") as template:
        migrate(template.url)
        yield cluster


def _test_login(superuser_url: str) -> str:
    """The URL of the tests' owner on a server that may ask for a password."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        # The same for every run on this server: runs side by side share the login.
        password = hashlib.sha256(superuser_url.encode()).hexdigest()
        exists = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [OWNER]).fetchone()
        statement = "ALTER ROLE {} LOGIN PASSWORD {}" if exists else "CREATE ROLE {} LOGIN PASSWORD {}"
        connection.execute(sql.SQL(statement).format(sql.Identifier(OWNER), sql.Literal(password)))
        host, port = connection.info.host, connection.info.port
    at = f"{host}:{port}" if not host.startswith("/") else ""
    socket = f"?host={host}&port={port}" if host.startswith("/") else ""
    return f"postgresql://{OWNER}:{password}@{at}/postgres{socket}"

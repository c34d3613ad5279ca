"""The embedded server: made once, owned by whoever uses it, adopted after a kill, closed to everybody else."""

import asyncio
import os
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import TupleRow

from app import postgres
from app.database import APP_ROLE, MINIMUM_VERSION, create_database, session_options
from app.guard import kept_running

HOLDER = """
import sys
from pathlib import Path
from app import postgres
server = postgres.start(Path(sys.argv[1]), durable=False)
print("adopted" if server.adopted else "started", flush=True)
sys.stdin.readline()
server.stop()
"""


TEMPORARY_HOLDER = """
import time
from app import postgres
with postgres.temporary() as server:
    print(server.folder, flush=True)
    time.sleep(600)
"""


class Holder:
    """Another process that uses the server of a folder."""

    def __init__(self, folder: Path) -> None:
        pipe = subprocess.PIPE
        self.process = subprocess.Popen([sys.executable, "-c", HOLDER, str(folder)], stdin=pipe, stdout=pipe, text=True)
        assert self.process.stdout
        self.said = self.process.stdout.readline().strip()

    def kill(self) -> None:
        self.process.kill()
        self._close()

    def leave(self) -> None:
        self.process.communicate("\n")
        self._close()

    def _close(self) -> None:
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe
            pipe.close()


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder beside pytest's own: every pytest run closes that one to everybody else, PostgreSQL's user included."""
    with tempfile.TemporaryDirectory(prefix="anju-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


@pytest.fixture(scope="module")
def blank() -> Iterator[Path]:
    """A data folder whose cluster was made and stopped; copying it is faster than making another."""
    with tempfile.TemporaryDirectory(prefix="anju-") as name:
        Path(name).chmod(0o711)
        with postgres.start(Path(name), durable=False) as server:
            create_database(server.superuser_url, "anju", postgres.OWNER)
        yield Path(name)


@pytest.fixture
def folder(place: Path, blank: Path) -> Iterator[Path]:
    """A data folder whose server is stopped in the end, whatever the test left behind."""
    subprocess.run(["cp", "-a", blank, place / "data"], check=True)
    yield place / "data"
    postgres.start(place / "data", durable=False).stop()


def runs(folder: Path) -> bool:
    return (folder / "postgres" / "postmaster.pid").exists()


def test_data_stays_between_two_starts(folder: Path) -> None:
    for expected in (0, 1):
        with postgres.start(folder, durable=False) as server, psycopg.connect(server.superuser_url) as connection:
            assert not server.adopted
            connection.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (expected,)
            connection.execute("INSERT INTO kept VALUES (1)")
        assert not runs(folder)


def test_the_last_one_to_leave_stops_the_server(folder: Path) -> None:
    first = Holder(folder)
    second = Holder(folder)
    assert (first.said, second.said) == ("started", "adopted")
    first.leave()
    assert runs(folder)
    second.leave()
    assert not runs(folder)


def test_a_start_after_a_kill_adopts_the_server_that_runs_and_stops_it_in_the_end(folder: Path) -> None:
    Holder(folder).kill()
    assert runs(folder)
    with postgres.start(folder, durable=False) as server:
        assert server.adopted
        psycopg.connect(server.superuser_url).close()
    assert not runs(folder)


def test_a_temporary_server_whose_process_was_killed_is_swept_away_by_the_next_one() -> None:
    holder = subprocess.Popen([sys.executable, "-c", TEMPORARY_HOLDER], stdout=subprocess.PIPE, text=True)
    assert holder.stdout
    left_behind = Path(holder.stdout.readline().strip())
    with postgres.temporary() as other:
        assert left_behind.exists(), "a server that is used stays"
        assert other.folder != left_behind
    holder.kill()
    holder.communicate()
    assert runs(left_behind)
    with postgres.temporary():
        assert not left_behind.exists()


def test_a_start_after_the_server_itself_was_killed_recovers(folder: Path) -> None:
    holder = Holder(folder)
    os.kill(int((folder / "postgres" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    holder.kill()
    with postgres.start(folder, durable=False) as server:
        psycopg.connect(server.superuser_url).close()


def test_a_pid_that_now_is_somebody_elses_is_not_adopted(folder: Path) -> None:
    with postgres.start(folder, durable=False):
        pid_file = (folder / "postgres" / "postmaster.pid").read_text()
    lines = pid_file.splitlines()
    (folder / "postgres" / "postmaster.pid").write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    with postgres.start(folder, durable=False) as server:
        assert not server.adopted


def test_stopping_twice_does_nothing(folder: Path) -> None:
    server = postgres.start(folder, durable=False)
    server.stop()
    server.stop()


def test_nobody_else_can_enter(folder: Path) -> None:
    """Logins need no password, so the socket's folder must be closed and there must be no port."""
    with postgres.start(folder, durable=False) as server, psycopg.connect(server.superuser_url) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        assert stat.S_IMODE(server.socket_folder.stat().st_mode) == 0o700


def test_a_path_too_long_for_a_socket_gets_a_short_one(place: Path) -> None:
    with postgres.start(place / ("long" * 30), durable=False) as server:
        short = server.socket_folder
        assert len(str(short)) < 60
        assert stat.S_IMODE(server.socket_folder.stat().st_mode) == 0o700
        psycopg.connect(server.superuser_url).close()
    assert not short.exists()


def test_a_cluster_half_made_is_made_again(place: Path) -> None:
    (place / "postgres.partial").mkdir(parents=True)
    (place / "postgres.partial" / "rubbish").write_text("")
    with postgres.start(place, durable=False) as server:
        psycopg.connect(server.superuser_url).close()


def test_what_fails_is_said_with_postgresqls_own_words(folder: Path) -> None:
    with postgres.start(folder, durable=False):
        pass
    (folder / "postgres" / "postgresql.conf").write_text("work_mem = 'much'\n")
    with pytest.raises(postgres.PostgresError, match=r"pg_ctl failed.*work_mem"):
        postgres.start(folder, durable=False)
    (folder / "postgres" / "postgresql.conf").write_text("")


def test_the_application_acts_as_a_role_that_row_level_security_binds(folder: Path) -> None:
    with postgres.start(folder, durable=False) as server:
        with psycopg.connect(server.url, options=session_options()) as connection:
            role = connection.execute(
                "SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"
            ).fetchone()
            assert connection.execute("SELECT current_user, session_user").fetchone() == (APP_ROLE, postgres.OWNER)
            assert role == (False, False)
            assert connection.info.server_version >= MINIMUM_VERSION * 10_000
        create_database(server.superuser_url, "anju", postgres.OWNER)  # again changes nothing


async def test_a_server_that_dies_is_started_again_while_it_is_looked_after(folder: Path) -> None:
    with postgres.start(folder, durable=False) as server:
        async with kept_running(folder):
            killed = int((folder / "postgres" / "postmaster.pid").read_text().split()[0])
            os.kill(killed, signal.SIGKILL)
            while (connection := await _connected(server.superuser_url)) is None:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            await connection.close()
        assert postgres.is_alive(folder)
        assert int((folder / "postgres" / "postmaster.pid").read_text().split()[0]) != killed
    assert not postgres.is_alive(folder)


async def _connected(url: str) -> psycopg.AsyncConnection[TupleRow] | None:
    with suppress(psycopg.OperationalError):
        return await psycopg.AsyncConnection.connect(url)
    return None

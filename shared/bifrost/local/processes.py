"""Starting, recognising and ending the processes of the local stack.

A process is remembered by its id and its start time, because an id alone may belong to somebody
else after a reboot. Every process of ours carries BIFROST_HOME in its environment, so that what
a kill -9 left behind can be found and ended.
"""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # it ships no types

HOME_MARK = "BIFROST_HOME"
LOOPBACK = "127.0.0.1,localhost"
COLLECT_SECONDS_MAX = 5.0
# Our own children, kept so that their ends are collected while this process lives.
_children: dict[int, subprocess.Popen[bytes]] = {}


@dataclass(frozen=True, slots=True)
class ProcessRef:
    """A process that survives being written down: `started` is the kernel's start time."""

    pid: int
    started: float

    def is_running(self) -> bool:
        """Whether this very process, not another one with its id, still runs."""
        try:
            process = psutil.Process(self.pid)
            if process.status() == psutil.STATUS_ZOMBIE:
                return False
            return bool(abs(process.create_time() - self.started) < 1.0)
        except psutil.Error:
            return False


def environment(home: Path, extra: Mapping[str, str]) -> dict[str, str]:
    """What a child inherits: ours plus `extra`, without the caller's AWS account or proxies.

    A laptop's real AWS profile must never reach the emulator or a function that runs in it.
    """
    inherited = dict(os.environ)  # noqa: TID251 - a child's environment starts from ours
    kept = {key: value for key, value in inherited.items() if not key.startswith("AWS_")}
    if kept.pop("PYTHONDONTWRITEBYTECODE", None):
        # Without bytecode every start of a function compiles its libraries; ours goes to the home.
        kept["PYTHONPYCACHEPREFIX"] = str(home / "bytecode")
    loopback = {"NO_PROXY": LOOPBACK, "no_proxy": LOOPBACK}
    return kept | loopback | {HOME_MARK: str(home)} | dict(extra)


def start(
    command: Sequence[str], *, log: Path, cwd: Path, environ: Mapping[str, str], user: int | None
) -> ProcessRef:
    """Start a process that outlives us: own session, output appended to `log`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        child = subprocess.Popen(  # noqa: S603 - our own command line, no shell
            list(command),
            cwd=cwd,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=user,
            group=user,
            extra_groups=[] if user is not None else None,
        )
    _children[child.pid] = child
    return ProcessRef(child.pid, psutil.Process(child.pid).create_time())


def stop(process: ProcessRef, *, how: signal.Signals, timeout_seconds: float) -> bool:
    """Signal it and wait; kill it past the timeout. False: it had to be killed."""
    if not process.is_running():
        collect(process.pid)
        return True
    os.kill(process.pid, how)
    if wait_gone(process, timeout_seconds):
        return True
    with contextlib.suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGKILL)
    wait_gone(process, timeout_seconds)
    return False


def wait_gone(process: ProcessRef, timeout_seconds: float) -> bool:
    """Wait until it has ended, and collect it where it is our own child."""
    deadline = time.monotonic() + timeout_seconds
    while process.is_running():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    collect(process.pid)
    return True


def collect(pid: int) -> None:
    """Collect our own ended child, so that it does not stay a zombie while we live.

    A killed process is a zombie once its first thread is gone, and collectable once its last is.
    """
    child = _children.get(pid)
    if child is None:
        return
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(COLLECT_SECONDS_MAX)
        del _children[pid]


def workers_left_behind(home: Path) -> list[psutil.Process]:
    """The emulator and function workers of this home that still run.

    A caller's own shell may export BIFROST_HOME too, so what the process runs counts as well.
    """

    def is_ours(process: psutil.Process) -> bool:
        command = " ".join(process.cmdline())
        runs_ours = "bifrost.local.launcher" in command or "ministack-lambda-" in command
        return runs_ours and process.environ().get(HOME_MARK) == str(home)

    return _matching(is_ours)


def backends_left_behind(data: Path) -> list[psutil.Process]:
    """PostgreSQL processes on this data folder, known by their working directory.

    PostgreSQL overwrites its environment with its process title: no mark survives there.
    """
    return _matching(lambda process: process.name() == "postgres" and process.cwd() == str(data))


def end(orphans: list[psutil.Process]) -> int:
    """Kill them and wait; how many there were."""
    for process in orphans:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(orphans, timeout=5)
    return len(orphans)


def _matching(is_ours: Callable[[psutil.Process], bool]) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.pid != os.getpid() and is_ours(process):
                found.append(process)
    return found

"""Processes that begin in milliseconds: each is forked from one that has imported everything.

A process of its own imports for two seconds what it then uses for one. The server is started by
`Forks(module)`, `python -m tests.faults.forking <module>`; what it forks runs the module's
`main(arguments)`, ends with what that returns, and can be killed, paused and waited for like any
other process. What the module's functions import later than it does is named by its LATE.
"""

import contextlib
import importlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.architecture.project import ROOT


@dataclass
class Forked:
    """One process of `Forks`; as much of subprocess.Popen as is asked of it."""

    pid: int
    forks: "Forks"
    returncode: int | None = None

    def poll(self) -> int | None:
        """Return the code with which it ended, minus the signal's number; None: it runs."""
        if self.returncode is None:
            self.returncode = self.forks.ask({"ended": self.pid})
        return self.returncode

    def wait(self, seconds: float) -> int:
        """Wait for its end and return its code."""
        deadline = time.monotonic() + seconds
        while (code := self.poll()) is None:
            assert time.monotonic() < deadline, f"process {self.pid} runs after {seconds:g} s"
            time.sleep(0.02)
        return code

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it by kill -9."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Tell it to end."""
        self.send_signal(signal.SIGTERM)


@dataclass
class Forks:
    """A server that has imported `module`, for as long as a `with` lasts."""

    module: str
    begun: list[Forked] = field(default_factory=list)

    def __enter__(self) -> "Forks":
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.forking", self.module],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for one in self.begun:
            one.kill()
        self._server.communicate(timeout=20)

    def start(
        self, arguments: Sequence[str], out: Path, environment: Mapping[str, str] | None = None
    ) -> Forked:
        """Begin a process that writes both its outputs to `out`."""
        told = {"arguments": list(arguments), "out": str(out), "environment": environment or {}}
        self.begun.append(Forked(self.ask(told), self))
        return self.begun[-1]

    def ask(self, told: Mapping[str, Any]) -> Any:
        """Ask the server."""
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(json.dumps(told) + "\n")
        self._server.stdin.flush()
        return json.loads(self._server.stdout.readline())


def serve(module: str) -> None:
    """Fork what is asked for, until standard input ends."""
    loaded = importlib.import_module(module)
    main = loaded.main
    for late in loaded.LATE:
        importlib.import_module(late)
    for line in sys.stdin:
        told = json.loads(line)
        answer = ended(told["ended"]) if "ended" in told else fork(main, told)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def fork(main: Any, told: Mapping[str, Any]) -> int:
    """Fork, and run `main` in the child, which never returns; return the child's id."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    with contextlib.suppress(BaseException):
        out = os.open(told["out"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(out, 1)
        os.dup2(out, 2)
        os.environ.update(told["environment"])
        code = _run(main, told["arguments"])
    os._exit(code)


def _run(main: Any, arguments: Sequence[str]) -> int:
    try:
        return int(main(arguments))
    except SystemExit as error:
        return int(error.code or 0)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def ended(pid: int) -> int | None:
    """Return how a child ended; None: it runs."""
    found, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if found else None


if __name__ == "__main__":
    serve(sys.argv[1])

"""How many workers a burst may start: an invocation waits for a free one before it starts one.

AWS starts an environment for each concurrent invocation; on a laptop sixty cold starts at once
take longer than the sixty invocations one after another. So past a few workers an invocation
waits, and a further worker is started only when none came free for as long as a start takes.
It is a delay and never a limit: a function that waits for itself gets its second worker.
"""

import threading
import time
from collections.abc import Callable
from typing import Any, Protocol


class Worker(Protocol):
    """What MiniStack keeps of a worker."""

    in_use: bool
    func_name: str
    config: dict[str, Any]


Acquire = Callable[..., tuple[Any, str]]
Key = Callable[[str, dict[str, Any], str], str]


class Crowd:
    """Stands before MiniStack's acquiring and releasing of workers."""

    def __init__(
        self,
        acquire: Acquire,
        release: Callable[[Any], None],
        *,
        workers: dict[str, list[Any]],
        key: Key,
        at_once: int,
        patience_seconds: float,
    ) -> None:
        self._acquire = acquire
        self._release = release
        self._workers = workers
        self._key = key
        self._at_once = at_once
        self._patience = patience_seconds
        self._lock = threading.Lock()
        self._free: dict[str, threading.Condition] = {}
        self._started: dict[str, float] = {}

    def acquire(
        self,
        func_name: str,
        config: dict[str, Any],
        code_zip: bytes,
        qualifier: str = "$LATEST",
        max_concurrency: int | None = None,
    ) -> tuple[Any, str]:
        """Lease a worker as MiniStack does, having waited where that is the faster way."""
        key = self._key(func_name, config, qualifier)
        condition = self._condition(key)
        with condition:
            while (left := self._seconds_to_wait(key)) > 0:
                condition.wait(left)
            worker, how = self._acquire(func_name, config, code_zip, qualifier, max_concurrency)
            if how == "spawn":
                self._started[key] = time.monotonic()
            return worker, how

    def release(self, worker: Worker | None) -> None:
        """Return a worker and wake one that waits for it."""
        self._release(worker)
        if worker is not None:
            key = self._key(
                worker.func_name, worker.config, worker.config.get("Version", "$LATEST")
            )
            condition = self._condition(key)
            with condition:
                condition.notify()

    def _seconds_to_wait(self, key: str) -> float:
        entries = list(self._workers.get(key, ()))
        if len(entries) < self._at_once or any(not worker.in_use for worker in entries):
            return 0.0
        return self._started.get(key, 0.0) + self._patience - time.monotonic()

    def _condition(self, key: str) -> threading.Condition:
        with self._lock:
            return self._free.setdefault(key, threading.Condition())

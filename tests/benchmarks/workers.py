"""Waiting for what other processes have measured."""

from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.process import BaseProcess
from queue import Empty
from typing import Any

PATIENCE_SECONDS = 300


def next_from(queue: Any, workers: Sequence[BaseProcess]) -> Any:
    """Return what comes next; raise RuntimeError as soon as a worker has failed."""
    for _ in range(PATIENCE_SECONDS):
        with suppress(Empty):
            return queue.get(timeout=1)
        if any(worker.exitcode for worker in workers):
            break
    raise RuntimeError("a worker of the benchmark failed; the lines above say why")

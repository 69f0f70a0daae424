"""Start-up as a user waits for it: `bifrost --help`, and `bifrost up` until all is ready."""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from bifrost.local.home import Home
from bifrost.local.stack import Place, Stack
from tests.benchmarks import mlflow_server
from tests.benchmarks.report import PROJECT, Row, environment, interleaved
from tests.ports import free_port

UP_ROUNDS = 3
INSTALL = "not installed: uv run --group peers bifrost bench"


def help_rows() -> list[Row]:
    """Wall time of `--help`; Datasette's beside it where the group `peers` is installed."""
    ours = str(Path(sys.executable).with_name("bifrost"))
    peer = [str(Path(sys.executable).with_name("datasette")), "--help"]
    # Both have their bytecode from this first start on: nobody pays for compiling twice.
    works = _starts(peer) and _starts([ours, "--help"])
    other = (lambda: _wall(peer)) if works else None
    value, peer_value = interleaved(lambda: _wall([ours, "--help"]), other)
    beside = None if peer_value is None else round(peer_value, 3)
    note = "" if works else INSTALL
    return [Row("bifrost --help", round(value, 3), "s", "<= 0.3", "datasette --help", beside, note)]


def up_rows() -> list[Row]:
    """Wall time from nothing to ready, then from a stopped stack with all its state.

    MLflow takes its turn after each of ours: on an empty folder, then on the one it has filled.
    """
    ours: dict[str, list[float]] = {"first time": [], "again": []}
    peers: dict[str, list[float]] = {"first time": [], "again": []}
    mlflow, note = mlflow_server.program(), ""
    for _ in range(UP_ROUNDS):
        with _stack() as (stack, folder):
            for when, seen in ours.items():
                seen.append(_seconds(stack))
                stack.down(lambda step: None)
                try:
                    if mlflow is not None:
                        peers[when].append(mlflow_server.seconds_to_healthy(mlflow, folder))
                except RuntimeError as error:
                    mlflow, note = None, str(error)
    name = mlflow_server.NAME
    return [
        Row(f"up to ready, {when}", median(seen), "s", "<= 20", name,
            median(peers[when]) if peers[when] else None, "" if peers[when] else note or INSTALL)
        for when, seen in ours.items()
    ]  # fmt: skip


@contextmanager
def _stack() -> Iterator[tuple[Stack, Path]]:
    folder = Path(tempfile.mkdtemp(prefix="bifrost-bench-"))
    stack = Stack(Place(home=Home(folder / "home"), project=PROJECT, port=free_port()))
    try:
        yield stack, folder
    finally:
        stack.reset(lambda step: None)
        shutil.rmtree(folder, ignore_errors=True)


def _seconds(stack: Stack) -> float:
    began = time.perf_counter()
    stack.up(lambda step: None)
    return round(time.perf_counter() - began, 2)


def _starts(command: list[str]) -> bool:
    try:
        done = subprocess.run(command, capture_output=True, env=environment(), check=False)
    except FileNotFoundError:
        return False
    return done.returncode == 0


def _wall(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, capture_output=True, env=environment(), check=True)
    return time.perf_counter() - began

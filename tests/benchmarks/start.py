"""Start-up as a user waits for it: `bifrost --help`, and `bifrost up` until all is ready."""

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bifrost.local.home import Home
from bifrost.local.stack import Place, Stack
from tests.benchmarks.report import PROJECT, Row, interleaved
from tests.ports import free_port


def help_rows() -> list[Row]:
    """Wall time of `--help`; Datasette's beside it where the group `peers` is installed."""
    ours = str(Path(sys.executable).with_name("bifrost"))
    peer = [str(Path(sys.executable).with_name("datasette")), "--help"]
    works = _starts(peer)
    other = (lambda: _wall(peer)) if works else None
    value, peer_value = interleaved(lambda: _wall([ours, "--help"]), other)
    name = "datasette --help" if works else "datasette: uv run --group peers bifrost bench"
    return [Row("bifrost --help", round(value, 3), "s", "<= 0.3", name, peer_value)]


def up_rows() -> list[Row]:
    """Wall time from nothing to ready, then from a stopped stack with all its state."""
    folder = Path(tempfile.mkdtemp(prefix="bifrost-bench-"))
    stack = Stack(Place(home=Home(folder / "home"), project=PROJECT, port=free_port()))
    try:
        first = _seconds(stack)
        stack.down(lambda step: None)
        again = _seconds(stack)
    finally:
        stack.reset(lambda step: None)
        shutil.rmtree(folder, ignore_errors=True)
    # MLflow's server took 43 s on the reference machine; it is not installed for one figure.
    return [
        Row("up to ready, first time", first, "s", "<= 20"),
        Row("up to ready, again", again, "s", "<= 20"),
    ]


def _seconds(stack: Stack) -> float:
    began = time.perf_counter()
    stack.up(lambda step: None)
    return round(time.perf_counter() - began, 2)


def _starts(command: list[str]) -> bool:
    try:
        done = subprocess.run(command, capture_output=True, check=False)
    except FileNotFoundError:
        return False
    return done.returncode == 0


def _wall(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began

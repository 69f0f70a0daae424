"""The peer of `up`: MLflow's server, which is one command too, until it says it is healthy."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # it ships no types

from tests.benchmarks.report import environment
from tests.ports import free_port

NAME = "MLflow's server"
_PATIENCE_SECONDS = 180


def program() -> Path | None:
    """Where it is installed, if it is."""
    found = Path(sys.executable).with_name("mlflow")
    return found if found.exists() else None


def seconds_to_healthy(mlflow: Path, folder: Path) -> float:
    """Start it on a SQLite file in `folder`, wait until it is healthy, and end it.

    Raises RuntimeError where it stops, or is not healthy in time.
    """
    port = free_port()
    began = time.perf_counter()
    with _running(mlflow, folder, port) as server:
        while not _is_healthy(port):
            if server.poll() is not None:
                raise RuntimeError("it stopped before it was healthy")
            if time.perf_counter() - began > _PATIENCE_SECONDS:
                raise RuntimeError(f"not healthy after {_PATIENCE_SECONDS} s")
            time.sleep(0.02)
        return round(time.perf_counter() - began, 2)


@contextmanager
def _running(mlflow: Path, folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    server = subprocess.Popen(
        [
            *(str(mlflow), "server", "--host", "127.0.0.1", "--port", str(port)),
            *("--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}"),
            *("--artifacts-destination", str(folder / "artifacts")),
        ],
        cwd=folder,
        env={**environment(), "MLFLOW_DISABLE_TELEMETRY": "true"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield server
    finally:
        _end(server)


def _end(server: subprocess.Popen[bytes]) -> None:
    """End the whole group at once; and its workers by their ids, should one have left it."""
    workers = []
    with contextlib.suppress(psutil.Error):
        workers = psutil.Process(server.pid).children(recursive=True)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGKILL)
    server.wait()
    for worker in workers:
        with contextlib.suppress(psutil.Error):
            worker.kill()


def _is_healthy(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()

"""A measure's row, and processes measured in CPU time."""

import atexit
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Row:
    """One figure beside its peer; `ratio` is ours over the peer's.

    note: why the peer was not measured.
    """

    measure: str
    value: float
    unit: str
    goal: str = ""
    peer: str = ""
    peer_value: float | None = None
    note: str = ""

    def to_json(self) -> dict[str, object]:
        """Return the row with its ratio."""
        known = self.peer_value is not None and self.peer_value > 0
        ratio = float(f"{self.value / self.peer_value:.3g}") if known and self.peer_value else None
        return {**asdict(self), "ratio": ratio}


@dataclass(frozen=True, slots=True)
class Cost:
    """What a fresh process cost: CPU milliseconds, modules loaded, resident MiB."""

    cpu_ms: float
    modules: int
    rss_mb: float


# Not `ru_maxrss`: it outlives exec, so that a small process would show the size of its parent.
_COST = """
import json, resource, sys
used = resource.getrusage(resource.RUSAGE_SELF)
with open("/proc/self/status") as lines:
    peak = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
print(json.dumps([(used.ru_utime + used.ru_stime) * 1000, len(sys.modules), peak / 1024]))
"""


def costs(snippets: dict[str, str], *, rounds: int = ROUNDS) -> dict[str, Cost]:
    """Run each snippet in fresh interpreters, interleaved, and return its median cost."""
    seen: dict[str, list[list[float]]] = {name: [] for name in snippets}
    for _ in range(rounds + 1):  # the first round only compiles and warms the file cache
        for name, snippet in snippets.items():
            seen[name].append(_run(snippet))
    return {name: _median(rows[1:]) for name, rows in seen.items()}


def processor() -> str:
    """Name the processor, as the kernel does."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    named = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def machine() -> dict[str, object]:
    """Say on what the figures were made."""
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": platform.platform(),
    }


def interleaved(
    ours: Callable[[], float], peer: Callable[[], float] | None, *, rounds: int = ROUNDS
) -> tuple[float, float | None]:
    """Take turns and return both medians."""
    mine, theirs = [], []
    for _ in range(rounds):
        mine.append(ours())
        if peer is not None:
            theirs.append(peer())
    return statistics.median(mine), statistics.median(theirs) if theirs else None


def percentile(values: Iterable[float], share: float) -> float:
    """Return the nearest-rank percentile; `share` is between 0 and 1."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _run(snippet: str) -> list[float]:
    done = subprocess.run(
        [sys.executable, "-c", snippet + _COST],
        cwd=PROJECT,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{snippet!r} failed:\n{done.stderr}")
    found: list[float] = json.loads(done.stdout.splitlines()[-1])
    return found


@cache
def environment() -> dict[str, str]:
    """Return ours, with bytecode kept in a folder of this run: no cold start compiles twice."""
    folder = tempfile.mkdtemp(prefix="bifrost-bytecode-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": folder}


def _median(rows: list[list[float]]) -> Cost:
    cpu, modules, rss = (statistics.median(column) for column in zip(*rows, strict=True))
    return Cost(round(cpu, 1), int(modules), round(rss, 1))

"""Rebuilding an account's books from its journal, each time in a fresh process.

The memory is the peak above what the process held before it began, for one journal and for one
four times as long: a stream needs no more for the longer one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, Protocol

from bifrost.adapters.postgres.database import Database
from tests.benchmarks.bookkeeper import Bookkeeper, Rebuilt, history, symbols, write_journal
from tests.benchmarks.meter import Meter
from tests.benchmarks.naive_books import PEER, NaiveBooks
from tests.benchmarks.report import ROUNDS, Row
from tests.benchmarks.server import Addresses
from tests.benchmarks.workers import next_from

INSTRUMENTS = 500
# Rounds of the history: about 14,000 and 60,000 entries.
SHORT, LONG = 2, 8


class Books(Protocol):
    """Either side."""

    def rebuild(self, account_id: str) -> Rebuilt:
        """Make the books again from the journal."""

    def process_id(self) -> int:
        """Name the server's process that works for this one."""


@dataclass(frozen=True, slots=True)
class Run:
    """One rebuild: its seconds, its CPU with the server's, and its peak of memory."""

    seconds: float
    cpu: float
    peak_mb: float
    books: Rebuilt


def rows(addresses: Addresses) -> list[Row]:
    """Rebuild in turns; every run has to come to the same books."""
    short = _runs(addresses, SHORT, times=1)
    long = _runs(addresses, LONG, times=ROUNDS)
    count = long[0][0].books.entries
    what = f"rebuild of {count:,} entries"
    return [
        _beside("rebuild", [[count / run.seconds for run in side] for side in long], "entries/s"),
        _beside(f"{what}, CPU", [[run.cpu for run in side] for side in long], "s"),
        _beside(f"{what}, memory", [[run.peak_mb for run in side] for side in long], "MiB"),
        _beside(
            f"rebuild of {short[0][0].books.entries:,} entries, memory",
            [[run.peak_mb for run in side] for side in short],
            "MiB",
        ),
    ]


def _runs(addresses: Addresses, rounds: int, *, times: int) -> tuple[list[Run], list[Run]]:
    account_id = _journal(addresses.open("portfolio"), rounds)
    ours, naive = [], []
    for _ in range(times):
        ours.append(_run(_ours, addresses, account_id))
        naive.append(_run(_naive, addresses, account_id))
    if any(run.books != ours[0].books for run in (*ours, *naive)):
        raise AssertionError("the peer rebuilds other books")
    return ours, naive


def _journal(database: Database, rounds: int) -> str:
    clerk = Bookkeeper(database)
    account_id = clerk.open_account(f"{rounds} rounds")
    write_journal(database, account_id, history(account_id, symbols(INSTRUMENTS), rounds))
    clerk.close()
    return account_id


def _run(open_books: Callable[[Addresses], Books], addresses: Addresses, account_id: str) -> Run:
    context = get_context("spawn")
    done = context.Queue()
    worker = context.Process(
        target=_rebuild, args=(open_books, addresses, account_id, done), daemon=True
    )
    worker.start()
    run: Run = next_from(done, [worker])
    worker.join()
    return run


def _rebuild(
    open_books: Callable[[Addresses], Books], addresses: Addresses, account_id: str, done: Any
) -> None:
    books = open_books(addresses)
    meter = Meter(books.process_id())
    resident, used, began = _memory_mb("VmRSS"), meter(), perf_counter()
    rebuilt = books.rebuild(account_id)
    seconds, cpu = perf_counter() - began, meter() - used
    done.put(Run(seconds, cpu, _memory_mb("VmHWM") - resident, rebuilt))


def _ours(addresses: Addresses) -> Books:
    return Bookkeeper(addresses.open("portfolio"))


def _naive(addresses: Addresses) -> Books:
    return NaiveBooks(addresses.urls["portfolio"])


def _memory_mb(name: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024


def _beside(measure: str, sides: list[list[float]], unit: str) -> Row:
    ours, naive = (median(side) for side in sides)
    digits = None if ours > 1000 else 2
    return Row(measure, round(ours, digits), unit, "", PEER, round(naive, digits))

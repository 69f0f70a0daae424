"""Appends by eight writers at once, each to accounts of its own: deposits, and fills of lots.

Every commit is synced, and the entries, lots and balances pass every trigger and constraint. A
round has fresh accounts for each side, and takes turns between them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from multiprocessing import get_context
from operator import methodcaller
from statistics import median
from time import perf_counter
from typing import Any, Protocol

from bifrost.events import FillRecorded
from tests.benchmarks.bookkeeper import Bookkeeper, history, symbols
from tests.benchmarks.meter import Meter
from tests.benchmarks.naive_books import PEER, NaiveBooks
from tests.benchmarks.report import ROUNDS, Row
from tests.benchmarks.server import Addresses
from tests.benchmarks.workers import PATIENCE_SECONDS, next_from

WRITERS, DEPOSITS, INSTRUMENTS = 8, 25, 10
AMOUNT = Decimal("1000000.01")
OURS, NAIVE = "ours", "naive"
JOBS = ("deposits", "fills")


class Books(Protocol):
    """Either side."""

    def deposit(self, account_id: str, amount: Decimal, key: str) -> None:
        """Take cash in."""

    def hear(self, event: FillRecorded) -> None:
        """Book a fill."""


@dataclass(frozen=True, slots=True)
class Span:
    """One writer's share of a job: two readings of the machine's clock, and the CPU between."""

    began: float
    ended: float
    cpu: float


def rows(addresses: Addresses) -> list[Row]:
    """Write in turns, and check afterwards that both sides left the same books."""
    spans = _measure(addresses)
    auditor = Bookkeeper(addresses.open("portfolio"))
    entries = {job: check_left(auditor, job) for job in JOBS}
    auditor.close()
    made = []
    for job in JOBS:
        count = WRITERS * len(_work(job, ""))
        rates, cpu = [], []
        for side in (OURS, NAIVE):
            rounds = spans[job, side]
            rates.append(median(count / _seconds(one) for one in rounds))
            cpu.append(median(sum(span.cpu for span in one) for one in rounds) * 1000 / count)
        per_entry = entries[job] / (ROUNDS * count)
        made += [
            _beside(f"{job} booked, {WRITERS} writers", rates, "transactions/s", 0),
            _beside(
                f"{job}, {WRITERS} writers", [one * per_entry for one in rates], "entries/s", 0
            ),
            _beside(f"{job}, CPU of each", cpu, "ms", 2),
        ]
    return made


def check_left(auditor: Bookkeeper, job: str) -> int:
    """Compare what each writer left in each round; return the entries that one side wrote."""
    entries = 0
    for number in range(WRITERS):
        for turn in range(ROUNDS):
            ours, naive = (
                auditor.left_in(auditor.open_account(_account(number, turn, job, side)))
                for side in (OURS, NAIVE)
            )
            if ours != naive:
                raise AssertionError(f"the peer leaves other books: {naive} for {ours}")
            entries += ours.entries
    return entries


def _measure(addresses: Addresses) -> dict[tuple[str, str], list[list[Span]]]:
    """Return, by job and side, each round's spans of the writers."""
    context = get_context("spawn")
    barrier, timed = context.Barrier(WRITERS), context.Queue()
    writers = [
        context.Process(target=_write, args=(addresses, number, barrier, timed), daemon=True)
        for number in range(WRITERS)
    ]
    for writer in writers:
        writer.start()
    spans: dict[tuple[str, str], list[list[Span]]] = {}
    for _ in range(ROUNDS):
        for job in JOBS:
            for side in (OURS, NAIVE):
                spans.setdefault((job, side), []).append(
                    [next_from(timed, writers) for _ in writers]
                )
    for writer in writers:
        writer.join()
    return spans


def _write(addresses: Addresses, number: int, barrier: Any, timed: Any) -> None:
    ours, naive = Bookkeeper(addresses.open("portfolio")), NaiveBooks(addresses.urls["portfolio"])
    sides: dict[str, tuple[Books, Meter]] = {
        OURS: (ours, Meter(ours.process_id())),
        NAIVE: (naive, Meter(naive.process_id())),
    }
    for turn in range(ROUNDS):
        for job in JOBS:
            for side, (books, meter) in sides.items():
                account_id = ours.open_account(_account(number, turn, job, side))
                work = _work(job, account_id)
                barrier.wait(PATIENCE_SECONDS)
                used, began = meter(), perf_counter()
                for one in work:
                    one(books)
                timed.put(Span(began, perf_counter(), meter() - used))


def _work(job: str, account_id: str) -> list[Callable[[Books], None]]:
    if job == "deposits":
        return [methodcaller("deposit", account_id, AMOUNT, f"k-{n}") for n in range(DEPOSITS)]
    return [methodcaller("hear", event) for event in history(account_id, symbols(INSTRUMENTS))]


def _account(number: int, turn: int, job: str, side: str) -> str:
    return f"{job} of {side} by {number} in round {turn}"


def _seconds(spans: list[Span]) -> float:
    """From the first that began to the last that ended."""
    return max(span.ended for span in spans) - min(span.began for span in spans)


def _beside(measure: str, both: list[float], unit: str, digits: int) -> Row:
    ours, naive = (round(one, digits or None) for one in both)
    return Row(measure, ours, unit, "", PEER, naive)

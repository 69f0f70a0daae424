"""Order decisions in process, over a real PostgreSQL that syncs every commit.

One after another, and with eight workers at once, beside the floor: single rows committed by as
many processes on the same server. Each round of the workers measures decisions, decisions whose
answer from the venue is written down too, and the floor, so that a busy machine slows all three
alike; and it has accounts of its own, because what an order is judged by grows with the orders
that its account has open.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from multiprocessing import get_context
from statistics import median
from typing import Any

import psycopg

from tests.benchmarks.decider import Decider
from tests.benchmarks.report import Row, percentile
from tests.benchmarks.server import Addresses, server

ALONE, WARM_UP = 500, 50
WORKERS, ROUNDS, EACH = 8, 5, 60
_FLOOR = "a durable commit of one row"
_FLOORS = f"{WORKERS} workers committing one row durably"
_PATIENCE_SECONDS = 300


def rows() -> list[Row]:
    """Decide one after another, then with eight workers at once."""
    with server() as addresses:
        ours, floor = _alone(addresses)
        decided, heard, most = _together(addresses)
    everyone = f"{WORKERS} workers"
    return [
        Row("order decision p50", percentile(ours, 0.5), "ms", "", _FLOOR, percentile(floor, 0.5)),
        Row("order decision p99", percentile(ours, 0.99), "ms", "<= 10", _FLOOR,
            percentile(floor, 0.99)),
        Row(f"orders decided, {everyone}", decided, "orders/s", ">= 500", _FLOORS, most),
        Row(f"orders decided and answered, {everyone}", heard, "orders/s", "", _FLOORS, most),
    ]  # fmt: skip


def _alone(addresses: Addresses) -> tuple[list[float], list[float]]:
    decider = Decider(addresses)
    decider.open_account("alone")
    ours, floor = [], []
    with psycopg.connect(addresses.urls["venue"], autocommit=True) as connection:
        for record in decider.place(WARM_UP + ALONE):
            ours.append(_seconds(decider.decide, [record]))
            floor.append(_seconds(Floor(connection), [record.order_id]))
    return [_ms(one) for one in ours[WARM_UP:]], [_ms(one) for one in floor[WARM_UP:]]


def _together(addresses: Addresses) -> tuple[int, int, int]:
    context = get_context("spawn")
    barrier, timed = context.Barrier(WORKERS), context.Queue()
    workers = [
        context.Process(target=_work, args=(addresses, number, barrier, timed), daemon=True)
        for number in range(WORKERS)
    ]
    for worker in workers:
        worker.start()
    rates: list[list[float]] = [[], [], []]
    for _ in range(ROUNDS):
        for seen in rates:
            spans = [timed.get(timeout=_PATIENCE_SECONDS) for _ in workers]
            # The workers' own clock readings: whoever only watches is scheduled late.
            taken = max(ended for _, ended in spans) - min(began for began, _ in spans)
            seen.append(WORKERS * EACH / taken)
    for worker in workers:
        worker.join()
    decided, heard, most = (round(median(seen)) for seen in rates)
    return decided, heard, most


@dataclass(frozen=True, slots=True)
class Floor:
    """The least that a decision could cost: one row inserted and committed."""

    connection: psycopg.Connection[Any]

    def __call__(self, name: str) -> None:
        """Insert it."""
        self.connection.execute(
            "INSERT INTO venue.accounts (account_id, currency, cash) VALUES (%s, 'USD', 0)",
            (f"floor-{name}",),
        )


def _work(addresses: Addresses, number: int, barrier: Any, timed: Any) -> None:
    decider = Decider(addresses)

    def measure(action: Callable[[Any], None], given: Iterable[Any]) -> None:
        barrier.wait(_PATIENCE_SECONDS)
        began = time.perf_counter()
        _seconds(action, given)
        timed.put((began, time.perf_counter()))

    with psycopg.connect(addresses.urls["venue"], autocommit=True) as connection:
        for turn in range(ROUNDS):
            for decide in (decider.decide, decider.decide_and_hear):
                decider.open_account(f"{number}-{turn}-{decide.__name__}")
                measure(decide, decider.place(EACH))
            measure(Floor(connection), [f"{number}-{turn}-{row}" for row in range(EACH)])


def _seconds(action: Callable[[Any], None], given: Iterable[Any]) -> float:
    began = time.perf_counter()
    for one in given:
        action(one)
    return time.perf_counter() - began


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 2)

"""Events and parallel transactions for the tests of outbox, inbox and idempotency keys."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TypeVar

from bifrost.adapters.postgres.database import Cursor, Database
from bifrost.events import BarClosed, CashDeposited
from tests import builders
from tests.builders import bar, cash_deposited

R = TypeVar("R")


def deposit(number: int, amount: str = "100.00") -> CashDeposited:
    """An event that needs no order."""
    return replace(cash_deposited(amount, number=number), event_id=f"deposit-{number}")


def bar_closed(sequence: int, instrument: str = "AAPL") -> BarClosed:
    """An event that must be applied in its order."""
    return builders.bar_closed(bar(1, str(sequence), instrument=instrument), sequence)


def all_at_once(calls: Sequence[Callable[[], R]]) -> list[R]:
    """Run every call in a thread of its own, released together; answer in the calls' order."""
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], R]) -> R:
        barrier.wait(timeout=30)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


class WorkFailedError(Exception):
    """What a listener's own fault looks like from outside."""


def fail_after(database: Database, work: Callable[[Cursor], object]) -> None:
    """Do the work in a transaction that fails before its end."""
    with database.transaction() as cursor:
        work(cursor)
        raise WorkFailedError


def die_after(database: Database, work: Callable[[Cursor], object]) -> None:
    """Do the work in a transaction whose process dies before its end."""
    with database.transaction() as cursor:
        work(cursor)
        database.close()
        cursor.execute("SELECT 1")

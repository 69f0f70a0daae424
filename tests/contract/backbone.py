"""Events and parallel transactions for the tests of outbox, inbox and idempotency keys."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TypeVar

from bifrost.adapters.postgres.database import Cursor, Database
from bifrost.core.bars import Bar
from bifrost.core.money import Price
from bifrost.events import BarClosed, CashDeposited, bar_stream

AT = datetime(2012, 1, 3, 21, tzinfo=UTC)
R = TypeVar("R")


def deposit(number: int, amount: str = "100.00") -> CashDeposited:
    """An event that needs no order."""
    return CashDeposited(
        event_id=f"deposit-{number}",
        occurred_at=AT,
        recorded_at=AT,
        correlation_id="test",
        account_id="a-1",
        transaction_id=f"t-{number}",
        amount=Decimal(amount),
        currency="USD",
    )


def bar_closed(sequence: int, instrument: str = "AAPL") -> BarClosed:
    """An event that must be applied in its order."""
    price = Price(Decimal(sequence))
    return BarClosed(
        event_id=f"bar-{instrument}-{sequence}",
        occurred_at=AT,
        recorded_at=AT,
        correlation_id="test",
        stream=bar_stream(instrument),
        sequence=sequence,
        bar=Bar(instrument, date(2012, 1, 3), price, price, price, price, Decimal(1), AT),
        currency="USD",
    )


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

"""An ingester as a process of its own, that kills itself at a failpoint; told by JSON, forked by
`tests.faults.forking`. It does what the function does: sweeps what should be sent, and works on
what was.
"""

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from bifrost.adapters.clock import SystemClock
from bifrost.adapters.ids import RandomIds
from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.market.items import PostgresItems
from bifrost.adapters.postgres.market.jobs import PostgresJobs
from bifrost.adapters.postgres.market.vendor_states import PostgresVendorStates
from bifrost.adapters.vendors.registry import Vendors, VendorSettings
from bifrost.data.ingest import working
from bifrost.data.ingest.dispatching import Dispatcher
from bifrost.data.ingest.working import ItemIngester, LeaseLostError

LATE = (
    *("psycopg", "alpaca.data.historical", "alpaca.common.rest", "stamina"),
    *("bifrost.adapters.vendors.alpaca", "bifrost.adapters.postgres.market.taking"),
)
# Before and after everything that leaves the process, and between any two things that are kept.
BOOKS = ("hold", "keep", "job_of", "sessions", "remember_absence")
TAKING = (
    "listing", "waiting", "context", "put", "keep_apart", "touch", "let_in", "tell",
)  # fmt: skip
TAKING_TICKS = ("tick_context", "put_trades")
FAILPOINTS = (
    "begin",
    *(f"after {name}" for name in (*BOOKS, *TAKING)),
    "before commit",
    "after commit",
    "before fetch",
    "after fetch",
    "before send",
    "after send",
    "after mark_sent",
)
# Passed by one slice alone: by the one that lacks a minute, ends in a move, or confirms it.
PASSED_ONCE = ("after remember_absence", "after keep_apart", "after let_in")
# Between what is of trades alone, and what ends a slice inside a day; each with the pass to die at.
TICK_FAILPOINTS = (
    *((f"after {name}", 2) for name in TAKING_TICKS),
    ("after fetch", 2),
    ("before commit", 3),
    ("after commit", 3),
)


@dataclass
class Failpoints:
    """kill -9 of this process at the n-th pass of one of them."""

    name: str
    passes: int

    def reach(self, name: str) -> None:
        if name == self.name:
            self.passes -= 1
            if self.passes == 0:
                os.kill(os.getpid(), signal.SIGKILL)


@dataclass
class Watched:
    """Passes calls on, and a failpoint after those of these names."""

    inner: Any
    names: Sequence[str]
    failpoints: Failpoints

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.inner, name)
        if name == "taking":
            return lambda: Watched(found(), TAKING, self.failpoints)
        if name == "taking_ticks":
            return lambda: Watched(found(), TAKING_TICKS, self.failpoints)
        return self._after(name, found) if name in self.names else found

    def _after(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*given: Any, **named: Any) -> Any:
            answer = call(*given, **named)
            self.failpoints.reach(f"after {name}")
            return answer

        return watched


@dataclass
class WatchedItems:
    """Items, with failpoints around and inside each transaction."""

    inner: PostgresItems
    failpoints: Failpoints

    @contextmanager
    def transaction(self) -> Iterator[Any]:
        self.failpoints.reach("begin")
        with self.inner.transaction() as books:
            yield Watched(books, BOOKS, self.failpoints)
            self.failpoints.reach("before commit")
        self.failpoints.reach("after commit")


@dataclass
class WatchedProviders:
    """Vendors, with failpoints around each fetch; a fetch may take its time."""

    inner: Vendors
    failpoints: Failpoints

    def named(self, name: str) -> Any:
        provider = self.inner.named(name)
        providers = self

        class Fetching:
            name = provider.name

            def bars(self, asked: Any) -> Any:
                providers.failpoints.reach("before fetch")
                answer = provider.bars(asked)
                providers.failpoints.reach("after fetch")
                return answer

            def trades(self, asked: Any) -> Any:
                answer = provider.trades(asked)
                providers.failpoints.reach("after fetch")
                return answer

        return Fetching()


@dataclass
class OwnQueue:
    """The messages that this process sent; they die with it."""

    failpoints: Failpoints
    sent: list[int] = field(default_factory=list)

    def send(self, numbers: Sequence[tuple[int, int]]) -> list[int]:
        self.failpoints.reach("before send")
        self.sent += [number for number, _ in numbers]
        self.failpoints.reach("after send")
        return [number for number, _ in numbers]


def run(told: dict[str, Any]) -> list[int]:
    """Work until every item of the job has ended; return the items that this process ended."""
    failpoints = Failpoints(told["failpoint"], told["passes"])
    working.TICKS_AT_ONCE = told.get("ticks_at_once", working.TICKS_AT_ONCE)
    database, second = Database(told["database"]), Database(told["database"])
    clock = SystemClock()
    settings = VendorSettings(
        alpaca_key_id="twin-key", alpaca_secret_key="twin-secret", alpaca_url=told["twin"],
        alpaca_calls_per_minute=100_000,
    )  # fmt: skip
    vendors = Vendors(settings, PostgresVendorStates(second), clock)
    jobs = PostgresJobs(database)
    queue = OwnQueue(failpoints)
    dispatcher = Dispatcher(Watched(jobs, ("mark_sent",), failpoints), queue, clock)
    ingester = ItemIngester(
        WatchedItems(PostgresItems(database), failpoints),
        WatchedProviders(vendors, failpoints),
        clock,
        RandomIds(),
        lease=timedelta(seconds=told["lease_seconds"]),
    )
    ended = []
    while jobs.tallies([told["job"]])[told["job"]].unended:
        dispatcher.sweep(timedelta(milliseconds=200))
        while queue.sent:
            try:
                item = ingester.work(queue.sent.pop(0))
            except LeaseLostError:
                continue
            if item is not None:
                dispatcher.send([item])
                ended += [item.number] if item.has_ended else []
    return ended


def main(arguments: Sequence[str]) -> int:
    """Run as told, and print the items that were ended."""
    sys.stdout.write(json.dumps(run(json.loads(arguments[0]))) + "\n")
    return 0

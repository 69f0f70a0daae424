"""Ingestion on a test's own database: a scripted vendor, a queue in memory, a clock that is set."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import numpy as np

from bifrost.adapters.calendars import xnys
from bifrost.adapters.ids import RandomIds
from bifrost.adapters.memory.clock import SetClock
from bifrost.adapters.postgres.database import Database, Row
from bifrost.adapters.postgres.market.items import PostgresItems
from bifrost.adapters.postgres.market.jobs import PostgresJobs
from bifrost.adapters.postgres.market.subscriptions import PostgresSubscriptions
from bifrost.core.errors import NotFoundError, UnavailableError
from bifrost.core.sessions import Session
from bifrost.data.ingest.backfilling import Asking, BackfillRequest, Backfills, Progress
from bifrost.data.ingest.dispatching import Dispatcher
from bifrost.data.ingest.expected import bars_expected
from bifrost.data.ingest.gaps import GapFinder
from bifrost.data.ingest.jobs import Item
from bifrost.data.ingest.planning import Planner
from bifrost.data.ingest.subscriptions import Subscription
from bifrost.data.ingest.working import ItemIngester
from bifrost.data.providers.answers import Absent, Answer, Found
from bifrost.data.providers.ports import BarRequest, Provider, TickRequest
from bifrost.data.series.columns import UNITS, BarColumns, instant_of, micros
from bifrost.data.series.kinds import Series
from bifrost.data.series.ticks import QuoteColumns, Ticks, TradeColumns, numbered
from bifrost.data.series.timeframes import Timeframe
from tests.data_desk import DataDesk

NOW = datetime(2026, 11, 20, 23, tzinfo=UTC)
ASKING = Asking("owner-1", "key-1", "request-1")
SESSIONS = tuple(xnys.sessions())


def sessions_between(first: date, last: date) -> list[Session]:
    """The sessions of XNYS in [first, last]."""
    return [one for one in SESSIONS if first <= one.session <= last]


def bars_at(starts: Sequence[int] | Any, price: float = 100.0) -> BarColumns:
    """Bars that begin then, of a price that wanders a little: no two alike, and no fault."""
    starts = np.asarray(starts, dtype=np.int64)
    days = starts / 86_400_000_000
    noise = np.sin(starts // 60_000_000 * 12.9898) * 43758.5453 % 1 - 0.5
    step = 0.004 if len(starts) > 1 and starts[1] - starts[0] < 3_600_000_000 else 0.4
    close = np.rint((price + 3 * np.sin(days / 9) + step * noise) * 100).astype(np.int64) * 10_000
    close += np.rint(noise * 900).astype(np.int64) * 10
    open_ = close - np.rint(step * noise * 500_000).astype(np.int64) - 1_000
    margin = np.rint(step * 300_000 * (1.5 + noise)).astype(np.int64) + 1_000
    high, low = np.maximum(open_, close) + margin, np.minimum(open_, close) - margin
    volume = (1_000 + np.rint(noise * 400).astype(np.int64)) * UNITS
    return BarColumns(starts, open_, high, low, close, volume)


def tick_times(first: datetime, before: datetime) -> Any:
    """Each half minute of the first twenty minutes of each session in [first, before)."""
    steps = np.arange(40, dtype=np.int64) * 30_000_000
    opens = [micros(one.opens_at) for one in sessions_between(first.date(), before.date())]
    times = np.concatenate([steps[:0], *(one + steps for one in opens)])
    return times[(times >= micros(first)) & (times < micros(before))]


def trades_at(times: Any) -> TradeColumns:
    """A trade of a hundred shares at each time."""
    price, size = np.full(len(times), 100 * UNITS), np.full(len(times), 100 * UNITS)
    venue = np.full(len(times), b"XNAS", dtype="S4")
    return TradeColumns(times, numbered(times), price, size, venue, np.zeros(len(times), np.int64))


def quotes_at(times: Any) -> QuoteColumns:
    """A market a cent wide at each time."""
    bid, size = np.full(len(times), 100 * UNITS), np.full(len(times), 100 * UNITS)
    venue, none = np.full(len(times), b"XNAS", dtype="S4"), np.zeros(len(times), np.int64)
    ask = bid + UNITS // 100
    return QuoteColumns(times, numbered(times), bid, size, ask, size, venue, venue, none)


@dataclass
class ScriptedVendor:
    """A vendor that has every bar of the calendar, unless a script says otherwise.

    Of each session it has forty trades and quotes, one each half minute from the open on.
    script: answers that come first, each a value or what makes one of the request.
    """

    name: str = "alpaca"
    script: deque[Any] = field(default_factory=deque)
    asked: list[BarRequest] = field(default_factory=list)
    asked_ticks: list[TickRequest] = field(default_factory=list)
    last_bar_before: datetime | None = None

    def bars(self, asked: BarRequest) -> Answer[BarColumns]:
        self.asked.append(asked)
        if self.script:
            told = self.script.popleft()
            answer: Answer[BarColumns] = told(asked) if callable(told) else told
            return answer
        return self.all_of(asked)

    def all_of(self, asked: BarRequest) -> Answer[BarColumns]:
        """Every bar that the calendar expects in the range."""
        before = min(asked.before, self.last_bar_before or asked.before)
        if before <= asked.first:
            return Absent("nothing yet")
        starts = bars_expected(SESSIONS, asked.timeframe, asked.first, before)
        return Found(bars_at(starts)) if len(starts) else Absent("no trading")

    def trades(self, asked: TickRequest) -> Answer[TradeColumns]:
        return self._ticks(asked, trades_at)

    def quotes(self, asked: TickRequest) -> Answer[QuoteColumns]:
        return self._ticks(asked, quotes_at)

    def _ticks(self, asked: TickRequest, made: Callable[[Any], Ticks]) -> Answer[Ticks]:
        self.asked_ticks.append(asked)
        if self.script:
            told = self.script.popleft()
            answer: Answer[Ticks] = told(asked) if callable(told) else told
            return answer
        return self.all_ticks_of(asked, made)

    def all_ticks_of(self, asked: TickRequest, made: Callable[[Any], Ticks]) -> Answer[Ticks]:
        """As many as are wanted at once of those in the range."""
        times = tick_times(asked.first, asked.before)
        if asked.most is not None and len(times) > asked.most:
            return Found(made(times[: asked.most]), instant_of(int(times[asked.most])))
        return Found(made(times)) if len(times) else Absent("no trading")

    def named(self, name: str) -> Provider:
        """Providers: it is the only one."""
        if name != self.name:
            raise NotFoundError(f"no provider is called {name}")
        return self


@dataclass
class MemoryQueue:
    """Messages in memory; `down` ones are not accepted."""

    sent: list[tuple[int, int]] = field(default_factory=list)
    down: bool = False

    def send(self, numbers: Sequence[tuple[int, int]]) -> list[int]:
        """Send (item, seconds until it shows)."""
        if self.down:
            raise UnavailableError("sqs did not answer")
        self.sent += numbers
        return [number for number, _ in numbers]


class IngestionDesk:
    """Everything of ingestion, and short ways to ask what became of it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = SetClock(NOW)
        self.data = DataDesk(database)
        self.data.stock()
        self.vendor = ScriptedVendor()
        self.queue = MemoryQueue()
        self.jobs = PostgresJobs(database)
        self.subscriptions = PostgresSubscriptions(database)
        self.dispatcher = Dispatcher(self.jobs, self.queue, self.clock)
        self.backfills = Backfills(
            self.jobs,
            self.subscriptions,
            ("alpaca",),
            self.dispatcher,
            self.clock,
            RandomIds(),
            ("alpaca",),
        )
        self.planner = Planner(
            self.jobs, self.subscriptions, self.subscriptions, self.dispatcher, self.clock
        )
        self.gaps = GapFinder(
            self.jobs,
            self.subscriptions,
            self.subscriptions,
            self.dispatcher,
            self.clock,
            RandomIds(),
        )
        self.ingester = ItemIngester(PostgresItems(database), self.vendor, self.clock, RandomIds())

    def start(
        self,
        *instruments: str,
        timeframe: Timeframe = Timeframe.D1,
        first: date = date(2024, 1, 2),
        last: date = date(2024, 1, 31),
        key: str = "key-1",
    ) -> str:
        """Ask for a backfill; return its job's id."""
        request = BackfillRequest(instruments, timeframe, first, last, "alpaca")
        asking = Asking("owner-1", key, "request-1")
        return self.backfills.start(request, asking).job.job_id

    def start_ticks(
        self,
        series: Series,
        *,
        first: date = date(2024, 6, 7),
        last: date = date(2024, 6, 10),
        key: str = "key-1",
    ) -> str:
        """Ask for AAPL's quotes or trades; return the job's id."""
        request = BackfillRequest(("AAPL",), None, first, last, "alpaca", series)
        asking = Asking("owner-1", key, "request-1")
        return self.backfills.start(request, asking).job.job_id

    def subscribe(
        self,
        instrument: str = "AAPL",
        timeframe: Timeframe = Timeframe.D1,
        *,
        since: date = date(2026, 11, 2),
        live: bool = False,
    ) -> None:
        """Subscribe to an instrument."""
        one = Subscription(instrument, timeframe, "alpaca", instrument, since, live)
        self.subscriptions.put(one, "owner-1", self.clock.now())

    def item(self, job_id: str, place: int = 0) -> Item:
        """Return one of a job's items."""
        return self.jobs.items(job_id, after=0, limit=100)[place]

    def work(self, job_id: str) -> list[Item]:
        """Work on each item of the job once; return them as they are then."""
        for item in self.jobs.items(job_id, after=0, limit=1000):
            self.ingester.work(item.number)
        return self.jobs.items(job_id, after=0, limit=1000)

    def progress(self, job_id: str) -> Progress:
        """Return how far a job is."""
        return self.backfills.progress(job_id)

    def starts(self, instrument: str = "AAPL", timeframe: Timeframe = Timeframe.D1) -> list[Any]:
        """Return when each stored bar begins, every revision of it."""
        if timeframe.is_daily:
            query = "SELECT session AS at FROM data.bars WHERE instrument = %s ORDER BY 1"
        else:
            query = (
                "SELECT occurred_at AS at FROM data.intraday_bars WHERE instrument = %s ORDER BY 1"
            )
        return [row["at"] for row in self.database.fetch_all(query, (instrument,))]

    def rows(self, query: str, *values: object) -> list[Row]:
        """Ask the database."""
        return self.database.fetch_all(query, values)


Script = Callable[[BarRequest], Answer[BarColumns]]

"""The streaming ingester on a test's own database, with a line and a vendor's history by hand."""

from collections.abc import Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from bifrost.adapters.ids import RandomIds
from bifrost.adapters.memory.clock import SetClock
from bifrost.adapters.postgres.database import Database, Row
from bifrost.adapters.postgres.market.leases import PostgresLeases
from bifrost.adapters.postgres.market.streams import PostgresStreams
from bifrost.adapters.vendors.bar_rows import xnys_sessions
from bifrost.core.errors import UnavailableError
from bifrost.data.ingest.leases import Lease
from bifrost.data.providers.answers import Absent, Answer, Found
from bifrost.data.providers.ports import BarRequest
from bifrost.data.series.columns import BarColumns, micros
from bifrost.data.streaming.ingester import Plugs, StreamIngester
from bifrost.data.streaming.market_hours import MarketHours
from bifrost.data.streaming.messages import Told
from tests.data_desk import DataDesk
from tests.stream_world import PACE, SECOND

SILENCE_SECONDS = 90

# A Friday's open in New York.
OPEN = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
OPEN_AT = micros(OPEN)


class HandLine:
    """A line whose messages a test puts on it."""

    name = "alpaca"

    def __init__(self) -> None:
        self.waiting: list[Told] = []
        self.reopened = 0
        self.closed = False

    def take(self, seconds: float) -> Sequence[Told]:
        """Return what was put on it."""
        told, self.waiting = self.waiting, []
        return told

    def reopen(self) -> None:
        """Count it."""
        self.reopened += 1

    def close(self) -> None:
        """Remember it."""
        self.closed = True


@dataclass
class HandHistory:
    """A vendor's history: these bars, or the answer that a test gives next."""

    name: str = "alpaca"
    bars_of: dict[str, BarColumns] = field(default_factory=dict)
    next_answers: list[Answer[BarColumns]] = field(default_factory=list)
    asked: list[BarRequest] = field(default_factory=list)

    def bars(self, asked: BarRequest) -> Answer[BarColumns]:
        """Answer as told, else with the bars of what was asked."""
        self.asked.append(asked)
        if self.next_answers:
            return self.next_answers.pop(0)
        found = self.bars_of.get(asked.instrument, BarColumns.empty())
        found = found.between(asked.first, asked.before)
        return Found(found) if len(found) else Absent("none")


class AtOnce(Executor):
    """Does at once what it is given."""

    def submit(self, work: Any, /, *arguments: Any, **more: Any) -> Future[Any]:
        """Do it."""
        done: Future[Any] = Future()
        done.set_result(work(*arguments, **more))
        return done


class StreamDesk:
    """An ingester and what it writes. `begin` begins another one, as after a kill."""

    def __init__(self, database: Database, *instruments: str) -> None:
        self.database = database
        data = DataDesk(database)
        data.stock(*instruments)
        self.instruments = instruments
        self.clock = SetClock(OPEN)
        self.history = HandHistory()
        self.leases = PostgresLeases(database)
        self.line = HandLine()
        self.ingester = self.begin()

    def begin(self, holder: str = "one") -> StreamIngester:
        """Begin anew, from what is written."""
        self.line = HandLine()
        lease = self.leases.take("streams", holder, 60)
        assert lease is not None
        self.ingester = self.with_lease(lease)
        return self.ingester

    def with_lease(self, lease: Lease) -> StreamIngester:
        """Make an ingester."""
        return StreamIngester(
            Plugs(
                line=self.line,
                store=PostgresStreams(self.database),
                history=self.history,
                symbols={name: name for name in self.instruments},
                hours=MarketHours(xnys_sessions),
                clock=self.clock,
                ids=RandomIds(),
                asking=AtOnce(),
                pace=replace(PACE, silence=SILENCE_SECONDS * SECOND),
            ),
            lease,
        )

    def hear(self, *told: Told) -> None:
        """Hear, and keep."""
        self.line.waiting += told
        self.ingester.step(0)

    def pass_by(self, seconds: float) -> None:
        """Let time pass, and look."""
        self.clock.pass_by(seconds)
        self.ingester.step(0)

    @property
    def now(self) -> int:
        """This instant, in microseconds since 1970."""
        return micros(self.clock.now())

    def rows(self, query: str) -> list[Row]:
        """Ask the database."""
        return self.database.fetch_all(query)

    def bars(self, instrument: str = "AAPL") -> list[tuple[int, float]]:
        """Return (minute of the session, close) of what stands, oldest first."""
        from bifrost.adapters.postgres.market.series import PostgresSeriesReader
        from bifrost.data.series.asked import SeriesQuery
        from bifrost.data.series.timeframes import Timeframe

        asked = SeriesQuery(instrument, Timeframe.M1, OPEN, OPEN + timedelta(hours=7))
        found = PostgresSeriesReader(self.database).read(asked)
        starts = (found.starts_at - OPEN_AT) // 60_000_000
        return list(zip(starts.tolist(), found.prices("close").tolist(), strict=True))


def minutes(first: int, closes: Sequence[float]) -> BarColumns:
    """Make bars from the session's minute `first` on."""
    count = len(closes)
    close = np.array([round(one * 1_000_000) for one in closes], dtype=np.int64)
    starts = OPEN_AT + (first + np.arange(count, dtype=np.int64)) * 60_000_000
    volume = np.full(count, 100_000_000, dtype=np.int64)
    return BarColumns(starts, close, close + 10_000, close - 10_000, close, volume)


class BrokenDatabaseError(UnavailableError):
    """The database is away."""

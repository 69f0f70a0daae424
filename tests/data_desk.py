"""Data's services on a test's own database, with a bucket, a clock and workflows in memory."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from bifrost.adapters.ids import RandomIds
from bifrost.adapters.memory.clock import SetClock
from bifrost.adapters.memory.objects import MemoryObjects
from bifrost.adapters.memory.workflows import MemoryWorkflows
from bifrost.adapters.postgres.database import Database, Row
from bifrost.adapters.postgres.imports import PostgresImports
from bifrost.adapters.postgres.market.actions import PostgresStandingActions
from bifrost.adapters.postgres.market.instruments import PostgresReference
from bifrost.adapters.postgres.market.series import PostgresSeriesReader
from bifrost.adapters.postgres.market.streams import PostgresStreams
from bifrost.adapters.postgres.market_data import PostgresMarketData
from bifrost.adapters.postgres.replays import PostgresReplays
from bifrost.adapters.postgres.uploads import PostgresUploads
from bifrost.data.files.import_service import ImportService
from bifrost.data.files.imports import ImportRecord, StoredObject
from bifrost.data.files.service import UploadService
from bifrost.data.reference.service import ReferenceService
from bifrost.data.replay import Replay, ReplayRequest
from bifrost.data.series.reading import BarReading
from bifrost.data.service import DataService
from bifrost.events import Event, read_event

INSTRUMENTS = b"""symbol,mic,currency,tick_size,lot_size,name
AAPL,XNAS,USD,0.01,1,Apple Inc.
IBM,XNYS,USD,0.01,1,International Business Machines Corporation
"""

# The first sessions of 2012; the 7th and 8th are a weekend.
SESSIONS = tuple(date(2012, 1, day) for day in (3, 4, 5, 6, 9, 10, 11, 12, 13))


def bar_file(*sessions: date, close: str = "411.23") -> bytes:
    """Make a file with one good row for each session.

    Highs and lows differ, or the gate would take them for frozen prices.
    """
    rows = []
    for session in sessions:
        cents = Decimal((session - SESSIONS[0]).days % 97) / 100
        high, low = Decimal("412.50") + cents, Decimal("409.00") - cents
        rows.append(f"{session},409.40,{high},{low},{close},10793600")
    return "\n".join(["date,open,high,low,close,volume", *rows]).encode()


class DataDesk:
    """Everything of data, and short ways to ask what became of it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = SetClock(datetime(2026, 11, 21, 12, tzinfo=UTC))
        self.bucket = MemoryObjects()
        self.workflows = MemoryWorkflows()
        self.imports = ImportService(
            PostgresImports(database), self.bucket, self.clock, RandomIds()
        )
        self.reference = ReferenceService(
            PostgresReference(database), PostgresImports(database), self.clock, RandomIds()
        )
        self.uploads = UploadService(
            PostgresUploads(database),
            self.bucket,
            self.bucket,
            self.reference,
            self.clock,
            RandomIds(),
        )
        self.reading = BarReading(
            PostgresSeriesReader(database),
            PostgresReference(database),
            PostgresStandingActions(database),
            PostgresMarketData(database),
            self.clock,
            PostgresStreams(database),
        )
        self.service = DataService(
            PostgresMarketData(database),
            PostgresReplays(database),
            self.workflows,
            self.clock,
            RandomIds(),
        )

    def put(self, key: str, content: bytes, etag: str = "etag-1") -> list[ImportRecord]:
        """Put an object into the bucket and hear of it."""
        self.bucket.objects[key] = content
        return self.hear(key, etag)

    def hear(self, key: str, etag: str = "etag-1") -> list[ImportRecord]:
        """Hear of an object."""
        self.clock.pass_by(1)
        return self.imports.import_object(StoredObject(key, etag, size=100), "request-1")

    def stock(self, *symbols: str, sessions: tuple[date, ...] = SESSIONS) -> None:
        """List the instruments, and import bars of these sessions for some."""
        self.put("instruments/test.csv", INSTRUMENTS)
        for symbol in symbols:
            self.put(f"bars/daily/{symbol}.csv", bar_file(*sessions))

    def start(
        self,
        *instruments: str,
        first: date = SESSIONS[0],
        last: date = SESSIONS[-1],
        speed: int | None = None,
        key: str = "key-1",
    ) -> Replay:
        """Start a replay as one owner."""
        return self.service.start_replay(
            ReplayRequest(instruments, first, last, speed),
            owner="owner-1",
            key=key,
            correlation_id="request-1",
        )

    def play(self, *instruments: str, **asked: Any) -> Replay:
        """Start a replay and publish all of it."""
        replay = self.start(*instruments, **asked)
        while not self.service.publish_sessions(replay.replay_id).done:
            pass
        return self.service.find_replay(replay.replay_id)

    def published(self) -> list[Event]:
        """Return every event in the outbox, in its order."""
        rows = self.rows("SELECT detail_type, detail FROM data.outbox ORDER BY position")
        return [read_event(row["detail_type"], row["detail"]) for row in rows]

    def rows(self, query: str) -> list[Row]:
        """Ask the database."""
        return self.database.fetch_all(query)

"""Live streams as rows: how each stands, and since when something of it is missing."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bifrost.adapters.postgres.database import Cursor, Database, Row
from bifrost.adapters.postgres.market.halts import lose_halts, note
from bifrost.adapters.postgres.market.leases import prove
from bifrost.adapters.postgres.market.missed_minutes import missed_minutes, silent_minutes
from bifrost.adapters.postgres.market.taking import PostgresTakingBooks
from bifrost.adapters.postgres.market.taking_ticks import PostgresTickBooks
from bifrost.adapters.postgres.outbox import Outbox
from bifrost.core.errors import FieldProblem, InvalidInputError
from bifrost.data.halts.statuses import TradingStatus
from bifrost.data.ingest.leases import Lease
from bifrost.data.ingest.taking import Occasion
from bifrost.data.ingest.taking_ticks import take_quotes, take_trades
from bifrost.data.series.columns import Integers, instant_of, micros
from bifrost.data.streaming.holes import GapCause, Hole
from bifrost.data.streaming.ports import StoredStream, StreamSheet, Ticks
from bifrost.data.streaming.tick_columns import quote_columns, trade_columns
from bifrost.events import TicksTaken

_STORED = """
SELECT instrument, settled_to, holes FROM data.market_streams
WHERE source = %s AND instrument = ANY(%s)
"""
_STANDING = """
SELECT instrument, settled_to, holes FROM data.market_streams WHERE instrument = %s
ORDER BY recorded_at DESC LIMIT 1
"""
_IS_WANTED = "SELECT 1 FROM data.feed_subscriptions WHERE channel = %s LIMIT 1"
_LAST_CLOSED = "SELECT last_closed_at FROM data.feed WHERE instrument = %s"
_SYMBOLS = """
SELECT i.symbol AS instrument, coalesce(s.symbol, i.symbol) AS symbol FROM data.instruments i
LEFT JOIN data.subscriptions s ON s.instrument = i.symbol AND s.provider = %(vendor)s
    AND s.timeframe = '1m'
WHERE CASE WHEN %(named)s THEN i.symbol = ANY(%(instruments)s) ELSE s.symbol IS NOT NULL END
ORDER BY i.symbol
"""
_KEEP = """
INSERT INTO data.market_streams AS known
    (instrument, source, state, settled_to, holes, bar_to, quote_at, recorded_at)
VALUES (%(instrument)s, %(source)s, %(state)s, %(settled_to)s, %(holes)s, %(bar_to)s,
    %(quote_at)s, %(at)s)
ON CONFLICT (instrument, source) DO UPDATE
SET state = excluded.state, settled_to = excluded.settled_to, holes = excluded.holes,
    bar_to = greatest(known.bar_to, excluded.bar_to),
    quote_at = greatest(known.quote_at, excluded.quote_at), recorded_at = excluded.recorded_at
"""
_OPEN_GAP = """
INSERT INTO data.stream_gaps AS gap (instrument, source, first, before, cause, opened_at)
VALUES (%(instrument)s, %(source)s, %(first)s, %(before)s, %(cause)s, %(at)s)
ON CONFLICT (instrument, source) WHERE closed_at IS NULL DO UPDATE
SET first = least(gap.first, excluded.first),
    before = CASE WHEN excluded.before IS NOT NULL
        THEN greatest(coalesce(gap.before, excluded.before), excluded.before) END
"""
_CLOSE_GAP = """
UPDATE data.stream_gaps SET closed_at = %(at)s, before = coalesce(before, %(at)s)
WHERE instrument = %(instrument)s AND source = %(source)s AND closed_at IS NULL
"""


class PostgresStreams:
    """StreamStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def transaction(self, lease: Lease) -> Iterator["PostgresStreamBooks"]:
        """Begin a batch; raise ConflictError where another process has the lease by now."""
        with self._database.transaction() as cursor:
            prove(cursor, lease)
            yield PostgresStreamBooks(cursor)

    def stored(self, instruments: Sequence[str], source: str) -> Mapping[str, StoredStream]:
        """Return how the streams stood, by instrument; those never heard are missing."""
        rows = self._database.fetch_all(_STORED, (source, list(instruments)))
        return {row["instrument"]: _stream_of(row) for row in rows}

    def standing(self, instrument: str) -> StoredStream | None:
        """Return the instrument's stream; None where none was ever heard."""
        row = self._database.fetch_one(_STANDING, (instrument,))
        return None if row is None else _stream_of(row)

    def missed(
        self, instrument: str, at: datetime, known_by: datetime | None = None
    ) -> Sequence[tuple[int, int]]:
        """Return the stretches of which its stream may have missed minutes (microseconds).

        at: now. known_by: those that counted as missed then.
        """
        with self._database.separately() as statements:
            return missed_minutes(statements, instrument, at, known_by)

    def silent(
        self, instrument: str, first: datetime, before: datetime, known_by: datetime | None = None
    ) -> Sequence[tuple[int, int]]:
        """Return the stretches of [first, before) in which a vendor knew of no trade."""
        with self._database.separately() as statements:
            return silent_minutes(statements, instrument, first, before, known_by)

    def last_closed(self, instrument: str) -> datetime | None:
        """Return when the last session of the desk's market closed that was published."""
        row = self._database.fetch_one(_LAST_CLOSED, (instrument,))
        return None if row is None else row["last_closed_at"]

    def symbols(self, instruments: Sequence[str], vendor: str) -> dict[str, str]:
        """Return what the vendor calls each instrument; of none named, those subscribed to.

        Raises InvalidInputError where one is not listed, or there is none.
        """
        values = {
            "vendor": vendor,
            "named": bool(instruments),
            "instruments": list(instruments),
        }
        rows = self._database.fetch_all(_SYMBOLS, values)
        found = {row["instrument"]: str(row["symbol"]) for row in rows}
        unlisted = sorted({*instruments} - {*found})
        if unlisted:
            fix = "`bifrost instruments list` shows those that are"
            message = f"no instrument is called {', '.join(unlisted)}"
            raise InvalidInputError(FieldProblem("--instruments", message, fix))
        if not found:
            fix = "name some, or subscribe to minute bars of them"
            message = f"no minute bars of {vendor} are subscribed to"
            raise InvalidInputError(FieldProblem("--instruments", message, fix))
        return found


@dataclass(frozen=True, slots=True)
class PostgresStreamBooks:
    """StreamBooks on the cursor of one transaction."""

    cursor: Cursor

    def taking(self) -> PostgresTakingBooks:
        """Return the way in for bars."""
        return PostgresTakingBooks(self.cursor)

    def note(self, statuses: Sequence[TradingStatus], source: str, at: datetime) -> None:
        """Append what was told of halts and is not written down yet."""
        note(self.cursor, statuses, source, at)

    def lose_halts(self, source: str, at: datetime) -> None:
        """Whoever listened before may have missed the end of each halt that lasts: say so."""
        lose_halts(self.cursor, source, at)

    def add_ticks(self, ticks: Ticks, source: str, occasion: Occasion) -> None:
        """Take quotes and trades in that are not stored yet, and tell of those that are wanted."""
        books, name = PostgresTickBooks(self.cursor), ticks.instrument
        if ticks.trades:
            trades = trade_columns(ticks.trades)
            heard = take_trades(books, name, source, trades, occasion.at)
            self._tell("trades", name, heard.good.occurred_at, heard.written, occasion)
        if ticks.quotes:
            quotes = quote_columns(ticks.quotes)
            seen = take_quotes(books, name, source, quotes, occasion.at)
            self._tell("quotes", name, seen.good.occurred_at, seen.written, occasion)

    def _tell(
        self, kind: str, instrument: str, times: Integers, written: int, occasion: Occasion
    ) -> None:
        """Tell the bus where somebody is subscribed: a quote an event would be all it carries."""
        wanted = self.cursor.execute(_IS_WANTED, (f"{kind}:{instrument}",)).fetchone()
        if wanted is None or not written:
            return
        event = TicksTaken(
            event_id=f"{occasion.event_id}-{kind}",
            occurred_at=instant_of(int(times[-1])),
            recorded_at=occasion.at,
            correlation_id=occasion.correlation_id,
            instrument=instrument,
            kind=kind,
            first=instant_of(int(times[0])),
            last=instant_of(int(times[-1])),
            written=written,
        )
        Outbox("data").add(self.cursor, event)

    def keep(self, sheets: Sequence[StreamSheet], source: str, at: datetime) -> None:
        """Keep how the streams stand, and note since when something of each is missing."""
        for sheet in sheets:
            values = {**_columns_of(sheet), "source": source, "at": at}
            self.cursor.execute(_KEEP, values)
            self.cursor.execute(_OPEN_GAP if sheet.stream.holes else _CLOSE_GAP, values)


def _columns_of(sheet: StreamSheet) -> dict[str, Any]:
    stream = sheet.stream
    lasts = any(hole.before is None for hole in stream.holes)
    ends = max((hole.before or 0 for hole in stream.holes), default=0)
    first = min((hole.first for hole in stream.holes), default=0)
    return {
        "instrument": stream.instrument,
        "state": sheet.state.value,
        "settled_to": instant_of(stream.settled_to),
        "holes": json.dumps([_written(hole) for hole in stream.holes]),
        "bar_to": None if sheet.bar_to is None else instant_of(sheet.bar_to),
        "quote_at": None if sheet.quote_at is None else instant_of(sheet.quote_at),
        "first": instant_of(first),
        "before": None if lasts else instant_of(ends),
        "cause": stream.holes[0].cause.value if stream.holes else "",
    }


def _stream_of(row: Row) -> StoredStream:
    holes = tuple(_hole_of(hole) for hole in row["holes"])
    return StoredStream(row["instrument"], micros(row["settled_to"]), holes)


def _written(hole: Hole) -> list[Any]:
    return [hole.first, hole.before, hole.cause.value, sorted(hole.missing)]


def _hole_of(written: list[Any]) -> Hole:
    first, before, cause, missing = written
    return Hole(first, before, GapCause(cause), frozenset(missing))

"""Quotes and trades in Postgres: put what is news as columns, read what stands or stood as columns.

Feeds number their messages each in its own way, so two sources are never mixed: within a day (UTC)
each source speaks from its first message to its last, and where several do, the best of them is
read. A page reads about as many rows as it has, however many the day has (SPY: ten million quotes).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any, Generic

from numpy.typing import NDArray

from bifrost.adapters.postgres.database import Cursor, Database
from bifrost.adapters.postgres.market.binary import (
    Field,
    copy_buffer,
    instants,
    read_codes,
    read_instants,
    read_integers,
    small,
)
from bifrost.adapters.postgres.market.numbered_sources import source_of
from bifrost.adapters.postgres.market.partitions import make_months
from bifrost.adapters.postgres.market.revision_rows import Cells, asked_for
from bifrost.data.series.asked import Knowledge
from bifrost.data.series.columns import instant_of, micros
from bifrost.data.series.tick_revisions import Span, TickRevisions, news_of, speaker_at, standing
from bifrost.data.series.ticks import (
    VENUE_BYTES,
    QuoteColumns,
    TickQuery,
    Ticks,
    TradeColumns,
    concatenated,
    taken,
)

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('data.' || %s || '/' || %s, 0))"

_ASKED = """instrument = %(instrument)s AND occurred_at >= %(first)s AND occurred_at < %(before)s
    AND occurred_at <= %(happened_by)s::timestamptz
    AND recorded_at <= %(recorded_by)s::timestamptz"""

# Each source is looked up by itself: the key begins with instrument and source. Best first.
_SPANS = """
SELECT s.number, f.occurred_at AS first, l.occurred_at AS last FROM data.sources s
CROSS JOIN LATERAL (SELECT occurred_at FROM data.{table} WHERE {asked} AND source = s.number
    ORDER BY occurred_at LIMIT 1) f
CROSS JOIN LATERAL (SELECT occurred_at FROM data.{table} WHERE {asked} AND source = s.number
    ORDER BY occurred_at DESC LIMIT 1) l
ORDER BY s.rank, s.number
"""
_NEXT = """
SELECT min(t.occurred_at) AS begins FROM data.sources s CROSS JOIN LATERAL (
    SELECT occurred_at FROM data.{table} WHERE {asked} AND source = s.number
    ORDER BY occurred_at LIMIT 1) t
WHERE %(source)s::smallint IS NULL OR s.number = %(source)s
"""
_FOLLOWING = """
SELECT occurred_at AS ends FROM data.{table} WHERE {asked} AND source = %(source)s
ORDER BY occurred_at, sequence OFFSET %(limit)s LIMIT 1
"""

# What the gate looks back on: of a share that trades seldom more than a minute, of none a night.
_JUST_BEFORE = timedelta(hours=1)
_BEFORE_MOST = 40
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class _Table(Generic[Ticks]):
    """Where ticks of a kind are; its columns are those of the kind, by their names."""

    name: str
    kind: type[Ticks]

    @property
    def columns(self) -> list[str]:
        return [field.name for field in fields(self.kind)]

    def aggregated(self) -> str:
        """What is selected of rows `t`."""
        return ", ".join(f"array_agg(t.{name})" for name in [*self.columns, "recorded_at"])

    def none(self) -> Ticks:
        """Return no ticks."""
        return self.revisions([None] * (len(self.columns) + 1)).ticks

    def revisions(self, cells: Cells) -> TickRevisions[Ticks]:
        """Read what `aggregated` selected."""
        columns = [
            _reader_of(name)(cell) for name, cell in zip(self.columns, cells[:-1], strict=True)
        ]
        return TickRevisions(self.kind(*columns), read_instants(cells[-1]))


_TRADES = _Table("trades", TradeColumns)
_QUOTES = _Table("quotes", QuoteColumns)


@dataclass(frozen=True, slots=True)
class PostgresTicks:
    """Quotes and trades inside a transaction of the caller's."""

    cursor: Cursor

    def put_trades(self, instrument: str, source: str, trades: TradeColumns, at: datetime) -> int:
        """Append what is new or differs; return how many that were.

        trades: in order of (occurred_at, sequence), no two the same. Raises InvalidInputError for
        a source or a time that cannot be, ValueError for trades out of order.
        """
        return _put(self.cursor, _TRADES, instrument, source, trades, at)

    def put_quotes(self, instrument: str, source: str, quotes: QuoteColumns, at: datetime) -> int:
        """Append what is new or differs; see `put_trades`."""
        return _put(self.cursor, _QUOTES, instrument, source, quotes, at)

    def trades(self, asked: TickQuery) -> TradeColumns:
        """Return trades in order: of each instant the best source's, of each its newest word."""
        return _read(self.cursor, _TRADES, asked)

    def quotes(self, asked: TickQuery) -> QuoteColumns:
        """Return quotes in order; see `trades`."""
        return _read(self.cursor, _QUOTES, asked)

    def said_before(self, instrument: str, source: str, ticks: Ticks) -> Ticks:
        """Return the last that this source said in the hour before these messages, in order."""
        table: _Table[Ticks] = _TRADES if isinstance(ticks, TradeColumns) else _QUOTES
        first = instant_of(ticks.occurred_at.min())
        before = TickQuery(
            instrument, first - _JUST_BEFORE, first, newest=_BEFORE_MOST, source=source
        )
        return _read(self.cursor, table, before)


class PostgresTickReader:
    """Quotes and trades outside any transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def trades(self, asked: TickQuery) -> TradeColumns:
        """Return trades in order: of each instant the best source's, of each its newest word."""
        with self._database.transaction() as cursor:
            return PostgresTicks(cursor).trades(asked)

    def quotes(self, asked: TickQuery) -> QuoteColumns:
        """Return quotes in order; see `trades`."""
        with self._database.transaction() as cursor:
            return PostgresTicks(cursor).quotes(asked)


def _put(
    cursor: Cursor, table: _Table[Ticks], instrument: str, source: str, given: Ticks, at: datetime
) -> int:
    if not len(given):
        return 0
    number = source_of(cursor, source).number
    cursor.execute(_LOCK, (table.name, instrument))
    news, recorded = news_of(given, _said(cursor, table, instrument, number, given), micros(at))
    if not len(news):
        return 0
    make_months(cursor, table.name, news.occurred_at)
    names = ["instrument", "source", "recorded_at", *table.columns]
    times, *others = news.columns()
    keys: list[Field] = [instrument.encode(), small(number), instants(recorded), instants(times)]
    query = f"COPY data.{table.name} ({', '.join(names)}) FROM STDIN (FORMAT binary)"
    with cursor.copy(query) as copy:
        copy.write(copy_buffer([*keys, *others], len(news)))
    return len(news)


def _said(
    cursor: Cursor, table: _Table[Ticks], instrument: str, source: int, given: Ticks
) -> TickRevisions[Ticks]:
    query = (
        f"SELECT {table.aggregated()} FROM data.{table.name} t WHERE instrument = %(instrument)s"
        " AND source = %(source)s AND occurred_at BETWEEN %(first)s AND %(last)s"
    )
    values = {
        "instrument": instrument,
        "source": source,
        "first": instant_of(given.occurred_at[0]),
        "last": instant_of(given.occurred_at[-1]),
    }
    (row,) = asked_for(cursor, query, values)
    return table.revisions(row)


def _read(cursor: Cursor, table: _Table[Ticks], asked: TickQuery) -> Ticks:
    """Return what is asked: of one source at once, else part by part, each its best source's."""
    if asked.after is not None:
        asked = replace(asked, first=max(asked.first, instant_of(asked.after[0])))
    source = None if asked.source is None else source_of(cursor, asked.source).number
    if asked.limit is None:
        source = source or _only_source(cursor, table, asked)
        if source is not None:
            return _span(cursor, table, asked, source)
    found = [table.none()]
    while asked.limit is None or sum(map(len, found)) < asked.limit:
        begins = _next_time(cursor, table, asked, source)
        if begins is None:
            break
        part, best = _part(cursor, table, replace(asked, first=begins), source)
        found.append(_span(cursor, table, part, best))
        asked = replace(asked, first=part.before)
    return taken(concatenated(found), slice(0, asked.limit))


def _part(
    cursor: Cursor, table: _Table[Ticks], asked: TickQuery, source: int | None
) -> tuple[TickQuery, int]:
    """Return as much of what is asked as one source speaks of, or as a page has; and who it is.

    The best source is looked for at `first`, when somebody told of something.
    """
    if source is None:
        spans = _spans(cursor, table, asked, _midnight(asked.first, days=1))
        source, ends = speaker_at(spans, asked.first)
        asked = replace(asked, before=min(asked.before, ends))
    return (asked if asked.limit is None else _first_of(cursor, table, asked, source)), source


def _only_source(cursor: Cursor, table: _Table[Ticks], asked: TickQuery) -> int | None:
    """Return the one source that told of these days; None where none or several did."""
    spans = _spans(cursor, table, asked, _midnight(asked.before - _MICROSECOND, days=1))
    return spans[0].source if len(spans) == 1 else None


def _spans(
    cursor: Cursor, table: _Table[Ticks], asked: TickQuery, before: datetime
) -> Sequence[Span]:
    """Return from when to when each source speaks of the days up to this midnight, best first.

    What happened later than is asked counts too: whose word stands must not depend on it.
    """
    days = replace(asked, first=_midnight(asked.first), before=before)
    values = {**_values(days), "happened_by": "infinity"}
    query = _SPANS.format(table=table.name, asked=_ASKED)
    rows = cursor.execute(query, values).fetchall()
    return [Span(row["number"], row["first"], row["last"]) for row in rows]


def _first_of(cursor: Cursor, table: _Table[Ticks], asked: TickQuery, source: int) -> TickQuery:
    """Return what is asked, cut off behind so many rows as a page has; instants stay whole."""
    query = _FOLLOWING.format(table=table.name, asked=_ASKED)
    values = {**_values(asked), "source": source, "limit": asked.limit}
    row = cursor.execute(query, values).fetchone()
    return asked if row is None else replace(asked, before=row["ends"] + _MICROSECOND)


def _span(cursor: Cursor, table: _Table[Ticks], asked: TickQuery, source: int) -> Ticks:
    """Return what is asked of a source, or the newest of it."""
    rows = f"SELECT * FROM data.{table.name} WHERE {_ASKED} AND source = %(source)s"
    if asked.newest is not None:
        rows += " ORDER BY occurred_at DESC, sequence DESC, recorded_at DESC LIMIT %(newest)s"
    values = {**_values(asked), "source": source, "newest": asked.newest}
    query = f"SELECT {table.aggregated()} FROM ({rows}) t"
    (row,) = asked_for(cursor, query, values)
    return _within(standing(table.revisions(row)), asked)


def _next_time(
    cursor: Cursor, table: _Table[Ticks], asked: TickQuery, source: int | None
) -> datetime | None:
    query = _NEXT.format(table=table.name, asked=_ASKED)
    row = cursor.execute(query, {**_values(asked), "source": source}).fetchone()
    return None if row is None else row["begins"]


def _values(asked: TickQuery) -> dict[str, Any]:
    is_recorded = asked.knowledge is Knowledge.RECORDED
    return {
        "instrument": asked.instrument,
        "first": asked.first,
        "before": asked.before,
        "happened_by": (None if is_recorded else asked.as_of) or "infinity",
        "recorded_by": (asked.as_of if is_recorded else None) or "infinity",
    }


def _within(ticks: Ticks, asked: TickQuery) -> Ticks:
    times = ticks.occurred_at
    kept = (times >= micros(asked.first)) & (times < micros(asked.before))
    if asked.after is not None:
        when, sequence = asked.after
        kept &= (times > when) | ((times == when) & (ticks.sequence > sequence))
    return taken(ticks, kept)


def _midnight(instant: datetime, *, days: int = 0) -> datetime:
    day = instant.astimezone(UTC).date() + timedelta(days=days)
    return datetime.combine(day, time.min, UTC)


def _reader_of(name: str) -> Callable[[bytes | None], NDArray[Any]]:
    if name == "occurred_at":
        return read_instants
    if name.endswith("venue"):
        return lambda cell: read_codes(cell, VENUE_BYTES)
    return read_integers

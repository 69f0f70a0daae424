"""Daily bars in Postgres: loaded by COPY, read by range.

A first load goes straight into the table, at more than twice the speed of a merge. Later ones go
through a staging table, and only rows that differ are written: repeating a file costs no WAL.
Decimals travel as text, which Postgres reads to the last digit.
"""

from collections.abc import Collection, Iterator
from datetime import date, datetime
from itertools import islice

from bifrost.adapters.postgres.database import Cursor, Database, Row
from bifrost.adapters.postgres.market.last_bars import keep_last_daily
from bifrost.core.bars import Bar
from bifrost.core.money import Price
from bifrost.data.files.bar_file import SOURCE, BarRow
from bifrost.data.ports import Listing, StoredBar

_COPIED_AT_ONCE = 5_000
_NUMBERS = "session, open, high, low, close, volume, adjusted_close"

# What a file says is news where it differs from what files said last, whatever a repair has made
# of that since. A correction counts as recorded after what it corrects.
_MERGE = f"""
INSERT INTO data.bars (instrument, source, occurred_at, recorded_at, {_NUMBERS})
SELECT %(instrument)s, '{SOURCE}', s.opens_at,
    greatest(%(at)s, known.recorded_at + interval '1 microsecond'),
    n.session, n.open, n.high, n.low, n.close, n.volume, n.adjusted_close
FROM data.bars_staging n
JOIN data.sessions s ON s.calendar = %(calendar)s AND s.session = n.session
LEFT JOIN LATERAL (
    SELECT max(recorded_at) AS recorded_at FROM data.bars b
    WHERE b.instrument = %(instrument)s AND b.session = n.session AND b.source = '{SOURCE}'
) known ON true
LEFT JOIN LATERAL (
    SELECT b.* FROM data.bars b
    WHERE b.instrument = %(instrument)s AND b.session = n.session AND b.source = '{SOURCE}'
        AND b.repair_id IS NULL
    ORDER BY b.recorded_at DESC LIMIT 1
) said ON true
WHERE n.import_number = %(number)s
    AND (said.open, said.high, said.low, said.close, said.volume, said.adjusted_close)
    IS DISTINCT FROM (n.open, n.high, n.low, n.close, n.volume, n.adjusted_close)
RETURNING occurred_at
"""

_COVERAGE = """
UPDATE data.instruments SET (first_session, last_session, bars) =
    (SELECT min(session), max(session), count(DISTINCT session)
     FROM data.told_bars WHERE instrument = symbol)
WHERE symbol = %s
"""

_BETWEEN = """
SELECT b.instrument, b.session, b.open, b.high, b.low, b.close, b.volume, b.adjusted_close,
       s.closes_at
FROM data.standing_bars b
JOIN data.instruments i ON i.symbol = b.instrument
JOIN data.sessions s ON s.calendar = i.calendar AND s.session = b.session
WHERE b.instrument = %s AND b.session BETWEEN %s AND %s ORDER BY b.session LIMIT %s
"""


def put_bars(
    cursor: Cursor, listing: Listing, rows: Collection[BarRow], at: datetime
) -> list[datetime]:
    """Add and correct an instrument's bars; return when the sessions of new or different ones open.

    The caller holds the listing's lock, so that nobody else loads the same instrument.
    """
    opened = _merge(cursor, listing, rows, at)
    if opened:
        cover(cursor, listing.instrument.symbol)
    return opened


def cover(cursor: Cursor, symbol: str) -> None:
    """Keep which sessions an instrument has bars of, and the last of them."""
    cursor.execute(_COVERAGE, (symbol,))
    keep_last_daily(cursor, symbol)


def bars_between(
    database: Database, symbol: str, first: date, last: date, limit: int
) -> list[StoredBar]:
    """Return at most `limit` bars of [first, last], oldest first."""
    rows = database.fetch_all(_BETWEEN, (symbol, first, last, limit))
    return [StoredBar(to_bar(row), row["adjusted_close"]) for row in rows]


def to_bar(row: Row) -> Bar:
    """Read a bar joined with its session's close."""
    return Bar(
        instrument=row["instrument"],
        session=row["session"],
        open=Price(row["open"]),
        high=Price(row["high"]),
        low=Price(row["low"]),
        close=Price(row["close"]),
        volume=row["volume"],
        closed_at=row["closes_at"],
    )


def _merge(
    cursor: Cursor, listing: Listing, rows: Collection[BarRow], at: datetime
) -> list[datetime]:
    number = cursor.execute("SELECT nextval('data.staging_numbers') AS number").fetchone()
    if number is None:  # a sequence always answers
        raise AssertionError("data.staging_numbers gave no number")
    values = {
        "instrument": listing.instrument.symbol,
        "calendar": listing.calendar,
        "at": at,
        **number,
    }
    _copy(cursor, f"data.bars_staging ({_NUMBERS}, import_number)", rows, f"\t{number['number']}\n")
    opened = [row["occurred_at"] for row in cursor.execute(_MERGE, values).fetchall()]
    cursor.execute("DELETE FROM data.bars_staging WHERE import_number = %(number)s", values)
    return opened


def _copy(cursor: Cursor, target: str, rows: Collection[BarRow], ending: str) -> None:
    with cursor.copy(f"COPY {target} FROM STDIN (NULL 'None')") as copy:
        for lines in _lines(rows, ending):
            copy.write(lines)


def _lines(rows: Collection[BarRow], ending: str) -> Iterator[str]:
    """Make blocks of COPY's text format; nothing in a bar needs its escapes."""
    unread = iter(rows)
    while block := list(islice(unread, _COPIED_AT_ONCE)):
        yield "".join("\t".join(map(str, row)) + ending for row in block)

"""Instruments and the market time, in Postgres."""

from collections.abc import Sequence
from datetime import datetime

from bifrost.adapters.postgres.database import Cursor, Row
from bifrost.core.instruments import Instrument
from bifrost.data.ports import Listing

COLUMNS = (
    "symbol, mic, calendar, currency, tick_size, lot_size, name, first_session, last_session, bars"
)

# Only a row whose terms change is written, so that repeating a file lists nothing again.
_PUT = """
INSERT INTO data.instruments
    (symbol, mic, calendar, currency, tick_size, lot_size, name, recorded_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (symbol) DO UPDATE SET mic = excluded.mic, calendar = excluded.calendar,
    currency = excluded.currency, tick_size = excluded.tick_size, lot_size = excluded.lot_size,
    name = excluded.name, recorded_at = excluded.recorded_at
WHERE (instruments.mic, instruments.calendar, instruments.currency, instruments.tick_size,
       instruments.lot_size, instruments.name)
    IS DISTINCT FROM (excluded.mic, excluded.calendar, excluded.currency, excluded.tick_size,
       excluded.lot_size, excluded.name)
"""


def put_instruments(cursor: Cursor, listings: Sequence[Listing], at: datetime) -> list[Instrument]:
    """Write the listings; return the instruments that are new or whose terms changed."""
    changed = []
    # In one order everywhere: two files that share symbols must not wait for each other.
    for listing in sorted(listings, key=lambda one: one.instrument.symbol):
        one = listing.instrument
        terms = (one.symbol, one.mic, listing.calendar, one.currency, one.tick_size, one.lot_size)
        cursor.execute(_PUT, (*terms, one.name, at))
        if cursor.rowcount:
            changed.append(one)
    return changed


def locked_listing(cursor: Cursor, symbol: str) -> Listing | None:
    """Return a listing that nobody else changes until the transaction's end."""
    row = cursor.execute(
        f"SELECT {COLUMNS} FROM data.instruments WHERE symbol = %s FOR NO KEY UPDATE", (symbol,)
    ).fetchone()
    return None if row is None else to_listing(row)


def to_listing(row: Row) -> Listing:
    """Read a row of COLUMNS."""
    return Listing(
        instrument=Instrument(
            symbol=row["symbol"],
            mic=row["mic"],
            currency=row["currency"],
            tick_size=row["tick_size"],
            lot_size=row["lot_size"],
            name=row["name"],
        ),
        calendar=row["calendar"],
        first_session=row["first_session"],
        last_session=row["last_session"],
        bars=row["bars"],
    )

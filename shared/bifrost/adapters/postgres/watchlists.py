"""Watchlists in Postgres, and the instruments that may stand in them."""

from datetime import datetime

from bifrost.adapters.postgres.database import Cursor, Row
from bifrost.core.errors import NotFoundError
from bifrost.core.instruments import Instrument
from bifrost.portfolio.watchlists import Watchlist

COLUMNS = """w.watchlist_id, w.owner, w.name, w.recorded_at, w.version, w.position AS place, ARRAY(
    SELECT i.instrument FROM portfolio.watchlist_items i
    WHERE i.watchlist_id = w.watchlist_id ORDER BY i.place
) AS instruments"""

_ADD = """
INSERT INTO portfolio.watchlists (watchlist_id, owner, name, recorded_at)
VALUES (%(watchlist_id)s, %(owner)s, %(name)s, %(recorded_at)s)
"""

_FILL = """
INSERT INTO portfolio.watchlist_items (watchlist_id, instrument, place)
SELECT %s, one.instrument, one.place
FROM unnest(%s::text[]) WITH ORDINALITY AS one (instrument, place)
"""

# Of two listings of one symbol the one recorded later stands, whichever came first.
_PUT = """
INSERT INTO portfolio.instruments AS kept (symbol, name, currency, recorded_at)
VALUES (%s, %s, %s, %s)
ON CONFLICT (symbol) DO UPDATE
SET name = EXCLUDED.name, currency = EXCLUDED.currency, recorded_at = EXCLUDED.recorded_at
WHERE kept.recorded_at < EXCLUDED.recorded_at
"""


class PostgresInstruments:
    """InstrumentStore."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor

    def put(self, instrument: Instrument, recorded_at: datetime) -> None:
        """Keep its terms; the newest recorded stand."""
        one = instrument
        self._cursor.execute(_PUT, (one.symbol, one.name, one.currency, recorded_at))

    def known(self, symbols: tuple[str, ...]) -> frozenset[str]:
        """Return those of them that are listed."""
        rows = self._cursor.execute(
            "SELECT symbol FROM portfolio.instruments WHERE symbol = ANY(%s)", (list(symbols),)
        ).fetchall()
        return frozenset(row["symbol"] for row in rows)


class PostgresWatchlists:
    """WatchlistStore."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor

    def add(self, watchlist: Watchlist) -> None:
        """Write a new one."""
        self._cursor.execute(_ADD, _values(watchlist))
        self._fill(watchlist)

    def locked(self, owner: str, watchlist_id: str) -> Watchlist:
        """Return the owner's, held until the transaction's end."""
        row = self._cursor.execute(
            f"SELECT {COLUMNS} FROM portfolio.watchlists w"
            " WHERE w.watchlist_id = %s AND w.owner = %s FOR UPDATE",
            (watchlist_id, owner),
        ).fetchone()
        if row is None:
            raise NotFoundError(f"no watchlist {watchlist_id}")
        return to_watchlist(row)

    def change(self, watchlist: Watchlist) -> None:
        """Write its name, instruments and version."""
        self._cursor.execute(
            "UPDATE portfolio.watchlists SET name = %(name)s, version = %(version)s"
            " WHERE watchlist_id = %(watchlist_id)s",
            _values(watchlist),
        )
        self._cursor.execute(
            "DELETE FROM portfolio.watchlist_items WHERE watchlist_id = %s",
            (watchlist.watchlist_id,),
        )
        self._fill(watchlist)

    def remove(self, watchlist_id: str) -> None:
        """Forget it, its items with it."""
        self._cursor.execute(
            "DELETE FROM portfolio.watchlists WHERE watchlist_id = %s", (watchlist_id,)
        )

    def _fill(self, watchlist: Watchlist) -> None:
        self._cursor.execute(_FILL, (watchlist.watchlist_id, list(watchlist.instruments)))


def to_watchlist(row: Row) -> Watchlist:
    """Read a watchlist from its columns."""
    return Watchlist(**{**row, "instruments": tuple(row["instruments"])})


def _values(watchlist: Watchlist) -> Row:
    return {name: getattr(watchlist, name) for name in Watchlist.__dataclass_fields__}

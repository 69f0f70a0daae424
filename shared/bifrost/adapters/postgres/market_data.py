"""What data has stored, to read."""

from collections.abc import Collection
from datetime import date, datetime

from bifrost.adapters.postgres import bars, sessions
from bifrost.adapters.postgres.corporate_actions import find_actions
from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.instruments import COLUMNS, to_listing
from bifrost.adapters.postgres.market.actions import claims_known
from bifrost.core.errors import NotFoundError
from bifrost.core.sessions import Session
from bifrost.data.ports import ActionQuery, Listing, StoredAction, StoredBar
from bifrost.data.reference.votes import ClaimsKnown


class PostgresMarketData:
    """Reads outside any transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def listings(self, *, after: str, limit: int) -> list[Listing]:
        """Return the instruments past `after`, by symbol."""
        query = f"SELECT {COLUMNS} FROM data.instruments WHERE symbol > %s ORDER BY symbol LIMIT %s"
        return [to_listing(row) for row in self._database.fetch_all(query, (after, limit))]

    def listing(self, symbol: str) -> Listing:
        """Return one instrument; raise NotFoundError."""
        query = f"SELECT {COLUMNS} FROM data.instruments WHERE symbol = %s"
        row = self._database.fetch_one(query, (symbol,))
        if row is None:
            raise NotFoundError(f"no instrument is called {symbol}; see GET /v1/instruments")
        return to_listing(row)

    def bars(self, symbol: str, first: date, last: date, *, limit: int) -> list[StoredBar]:
        """Return at most `limit` bars of [first, last], oldest first."""
        return bars.bars_between(self._database, symbol, first, last, limit)

    def actions(self, asked: ActionQuery, *, after: int, limit: int) -> list[StoredAction]:
        """Return corporate actions whose place is past `after`, in the order they came in."""
        return find_actions(self._database, asked, after, limit)

    def claims(self, instruments: Collection[str], first: date, last: date) -> ClaimsKnown:
        """Return what vendors claim of these, with an ex-date in [first, last]."""
        return claims_known(self._database, instruments, first, last)

    def sessions(self, calendar: str, first: date, last: date) -> list[Session]:
        """Return the calendar's sessions of [first, last]."""
        return sessions.sessions_between(self._database, calendar, first, last)

    def baked(self, calendar: str) -> tuple[date, date]:
        """Return the calendar's first and last session; raise NotFoundError."""
        return sessions.baked(self._database, calendar)

    def market_time(self) -> datetime | None:
        """Return when the last bar of the feed closed; None before the first."""
        row = self._database.fetch_one("SELECT market_time FROM data.market_clock")
        return None if row is None else row["market_time"]

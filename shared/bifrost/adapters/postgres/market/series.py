"""Series of bars in Postgres: put what is news, read what stands or stood.

Daily bars are rows of data.bars, all others of data.intraday_rows. Both ways in hold one lock per
series, read what its source has said of these times, and let numpy decide what is news: a load
that is repeated sends the server nothing.
"""

from dataclasses import dataclass
from datetime import date, datetime

from bifrost.adapters.postgres.database import Cursor, Database
from bifrost.adapters.postgres.market import series_daily, series_intraday
from bifrost.data.series.asked import SeriesQuery
from bifrost.data.series.columns import BarColumns
from bifrost.data.series.ports import SeriesKey
from bifrost.data.series.timeframes import Timeframe

_MONTHS = """
SELECT DISTINCT month FROM data.bar_months JOIN data.series USING (series)
WHERE instrument = %s AND timeframe = %s ORDER BY month
"""


@dataclass(frozen=True, slots=True)
class PostgresSeries:
    """Series inside a transaction of the caller's."""

    cursor: Cursor

    def put(
        self, key: SeriesKey, bars: BarColumns, at: datetime, repair_id: str | None = None
    ) -> BarColumns:
        """Append what is new or differs; return those bars.

        bars: in order, no two of one time. at: now. repair_id: of the repair that made them, or
            that is undone by them. Without one, bars are what the source says: they are news
            where they differ from what it said last, whatever a repair has made of that since.
            With one they are held against what stands of the source.
        Raises InvalidInputError for a source that is not in data.sources, a time that no bar may
        have, or a daily bar that begins at no session's open; NotFoundError for a daily bar of
        an instrument that is not listed; ValueError for bars out of order.
        Two calls for one series wait for each other. A transaction that fills several takes them
        in the alphabet's order, or may be ended by a deadlock, and then loses nothing but time.
        """
        if not len(bars):
            return bars
        put = series_daily.put if key.timeframe.is_daily else series_intraday.put
        return put(self.cursor, key, bars, at, repair_id)

    def read(self, asked: SeriesQuery) -> BarColumns:
        """Return the bars raw and oldest first: of each the best source's newest word."""
        read = series_daily.read if asked.timeframe.is_daily else series_intraday.read
        return read(self.cursor, asked)


class PostgresSeriesReader:
    """Series outside any transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self, asked: SeriesQuery) -> BarColumns:
        """Return the bars raw and oldest first: of each the best source's newest word."""
        with self._database.transaction() as cursor:
            return PostgresSeries(cursor).read(asked)

    def months(self, instrument: str, timeframe: Timeframe) -> list[date]:
        """Return the first day of each month (UTC) of which bars are stored, in order."""
        rows = self._database.fetch_all(_MONTHS, (instrument, timeframe.minutes))
        return [row["month"] for row in rows]

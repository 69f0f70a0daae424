"""What data needs to keep series of bars."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bifrost.data.series.asked import SeriesQuery
from bifrost.data.series.columns import BarColumns
from bifrost.data.series.timeframes import Timeframe


@dataclass(frozen=True, slots=True)
class SeriesKey:
    """Whose bars, how long they are, and who told them."""

    instrument: str
    timeframe: Timeframe
    source: str


class SeriesBook(Protocol):
    """Where bars are added, inside a transaction of its caller's."""

    def put(
        self, key: SeriesKey, bars: BarColumns, at: datetime, repair_id: str | None = None
    ) -> BarColumns:
        """Append what is new or differs; return those bars.

        Repeating it writes nothing. A correction is a row beside the one that it corrects.
        repair_id: of the repair that made these bars, or that is undone by them.
        """


class SeriesReader(Protocol):
    """Stored bars, as they stand or stood."""

    def read(self, asked: SeriesQuery) -> BarColumns:
        """Return them raw and oldest first: of each the best source's newest word."""

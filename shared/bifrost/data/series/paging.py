"""A page of bars, read month by month: a page of minutes does not read a life of them.

No session lies in two of New York's months, so bars that are rolled up in parts are the same bars.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol

from bifrost.core.sessions import EXCHANGE, exchange_date
from bifrost.data.series.columns import BarColumns
from bifrost.data.series.reading import BarReading, BarsAsked, BarsRead
from bifrost.data.series.timeframes import Timeframe

_LONG_AGO = datetime(1, 1, 2, tzinfo=UTC)


class Months(Protocol):
    """Where bars are stored."""

    def months(self, instrument: str, timeframe: Timeframe) -> list[date]:
        """Return the first day of each month (UTC) of which bars are stored, in order."""


def read_page(reading: BarReading, months: Months, asked: BarsAsked, limit: int) -> BarsRead:
    """Return at least `limit` bars from the beginning of what is asked, or all there are.

    Raises what BarReading.read raises.
    """
    if asked.timeframe.is_daily:
        return reading.read(asked)
    # Whose they are is asked of the whole range, before any bar is read.
    whose = reading.read(replace(asked, end=_LONG_AGO))
    stored = months.months(whose.instrument, Timeframe.M1)
    if not stored:
        return reading.read(asked)
    parts: list[BarColumns] = []
    for begin, end in _spans(asked, stored):
        parts.append(reading.read(replace(asked, begin=begin, end=end)).bars)
        if sum(map(len, parts)) >= limit:
            break
    return replace(whose, bars=BarColumns.concatenated(parts))


def _spans(asked: BarsAsked, months: Sequence[date]) -> Iterator[tuple[datetime, datetime]]:
    """Yield the part of each month of New York's that may have a bar of what is asked."""
    # The last evening of a month in New York is the first day of the next one in UTC.
    starts = sorted({*months, *(_first_of(month - timedelta(days=1)) for month in months)})
    first = asked.first if asked.begin is None else exchange_date(asked.begin)
    for start in starts:
        if start <= (asked.last or date.max) and _next(start) > (first or date.min):
            begin = _midnight(start)
            yield max(asked.begin or begin, begin), _midnight(_next(start))


def _first_of(day: date) -> date:
    return day.replace(day=1)


def _next(month: date) -> date:
    return _first_of(month + timedelta(days=32))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, EXCHANGE).astimezone(UTC)

"""Columns of bars as JSON's sheets: exact decimals, and a session's date for a daily bar."""

from datetime import date

from bifrost.core.sessions import exchange_date, trade_date
from bifrost.data.series.bar_schemas import BarSheet
from bifrost.data.series.columns import BarColumns, Integers, exactly, instant_of
from bifrost.data.series.timeframes import Timeframe


def sheets_of(bars: BarColumns, ends_at: Integers, timeframe: Timeframe) -> list[BarSheet]:
    """Show bars; ends_at: when each closes, in microseconds since 1970."""
    rows = zip(*(column.tolist() for column in (*bars.columns(), ends_at)), strict=True)
    return [_sheet(row, timeframe) for row in rows]


def _sheet(row: tuple[int, ...], timeframe: Timeframe) -> BarSheet:
    start, opened, high, low, close, volume, end = row
    began = instant_of(start)
    session: date = exchange_date(began) if timeframe.is_daily else trade_date(began)
    return BarSheet(
        t=session if timeframe.is_daily else began,
        session=session,
        closed_at=instant_of(end),
        open=exactly(opened),
        high=exactly(high),
        low=exactly(low),
        close=exactly(close),
        volume=exactly(volume),
        adjusted_close=None,
    )

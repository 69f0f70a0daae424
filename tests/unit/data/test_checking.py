"""Minutes in another time zone are known by what they are, and true ones are never taken for such.

Real minutes of liquid and quiet days, with and without early and late hours: none is refused as it
is, every one is when it is moved by whole hours.
"""

import csv
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from bifrost.adapters.vendors.bar_rows import xnys_sessions
from bifrost.data.providers.checking import objection, once_each, tick_objection
from bifrost.data.providers.ports import BarRequest
from bifrost.data.series.columns import BarColumns, counted, instant_of, micros
from bifrost.data.series.timeframes import Timeframe
from tests.shared_data import shared_data

NEW_YORK = ZoneInfo("America/New_York")
HOURS = (-8, -5, -4, 4, 5, 8)
A_MINUTE, AN_HOUR = 60_000_000, 3_600_000_000


def said(bars: BarColumns) -> str | None:
    """Return what is said against minutes of which all was asked for."""
    first, last = instant_of(bars.starts_at[0]), instant_of(bars.starts_at[-1])
    half_a_day = timedelta(hours=12)
    asked = BarRequest("X", "X", Timeframe.M1, first - half_a_day, last + half_a_day)
    sessions = xnys_sessions(first.date() - timedelta(1), last.date() + timedelta(1))
    return objection(bars, asked, sessions, asked.before)


def moved(bars: BarColumns, hours: int) -> BarColumns:
    """Return the bars in another time zone."""
    starts_at, *values = bars.columns()
    return BarColumns(starts_at + hours * AN_HOUR, *values)


def regular_days() -> Iterator[tuple[str, BarColumns]]:
    """Yield five days of regular hours of five shares (the vendor stamps a minute's end)."""
    for path in sorted(shared_data("minute_bars/us_5_days_2019").glob("*_1min.csv")):
        with path.open(newline="") as lines:
            rows = sorted(csv.reader(line for line in lines if line[0].isdigit()))
        ends = [micros(datetime.fromisoformat(row[0]).replace(tzinfo=NEW_YORK)) for row in rows]
        values = [counted([float(row[place]) for row in rows]) for place in range(1, 6)]
        yield path.name, BarColumns(np.array(ends, dtype=np.int64) - A_MINUTE, *values)


def long_days() -> Iterator[tuple[str, BarColumns]]:
    """Yield days with their early and late hours."""
    folder = shared_data("minute_bars/lean_us_equity")
    for path in sorted(folder.glob("*/*_trade.zip")):
        yield f"{path.parent.name} {path.name}", _long_day(path)


def _long_day(path: Path) -> BarColumns:
    day = micros(datetime.strptime(path.name[:8], "%Y%m%d").replace(tzinfo=NEW_YORK))
    with zipfile.ZipFile(path) as archive:
        rows = [row.split(",") for row in archive.read(archive.namelist()[0]).decode().split()]
    starts_at = np.array([day + int(row[0]) * 1000 for row in rows], dtype=np.int64)
    prices = [counted([int(row[place]) / 10_000 for row in rows]) for place in range(1, 5)]
    return BarColumns(starts_at, *prices, counted([float(row[5]) for row in rows]))


def test_real_minutes_are_believed() -> None:
    for name, bars in (*regular_days(), *long_days()):
        assert said(bars) is None, name


@pytest.mark.parametrize("hours", [*HOURS, -1, 1])
def test_real_minutes_of_regular_hours_are_refused_in_another_time_zone(hours: int) -> None:
    for name, bars in regular_days():
        assert said(moved(bars, hours)), name


@pytest.mark.parametrize("hours", [*HOURS, -1, 1])
def test_real_minutes_of_long_days_are_refused_in_another_time_zone(hours: int) -> None:
    for name, bars in long_days():
        assert said(moved(bars, hours)), name


def day_of(*minutes: tuple[int, int]) -> BarColumns:
    """Return bars of 5 June 2024: minutes after 9:30 in New York, and volumes."""
    opens = micros(datetime(2024, 6, 5, 9, 30, tzinfo=NEW_YORK))
    starts_at = np.array([opens + minute * A_MINUTE for minute, _ in minutes], dtype=np.int64)
    prices = counted([10.0] * len(minutes))
    volume = counted([float(shares) for _, shares in minutes])
    return BarColumns(starts_at, prices, prices, prices, prices, volume)


def test_a_share_that_begins_to_trade_at_one_is_believed() -> None:
    after_noon = [(minute, 1000) for minute in range(210, 390)]
    late = [(minute, 20) for minute in range(390, 600)]

    assert said(day_of(*after_noon, *late)) is None


def test_the_early_hours_of_a_day_that_goes_on_are_believed() -> None:
    early = day_of(*((minute, 100) for minute in range(-300, -30)))
    asked = BarRequest(
        "X",
        "X",
        Timeframe.M1,
        datetime(2024, 6, 5, tzinfo=UTC),
        datetime(2024, 6, 6, tzinfo=UTC),
    )
    sessions = xnys_sessions(date(2024, 6, 4), date(2024, 6, 6))
    nine = datetime(2024, 6, 5, 9, tzinfo=NEW_YORK)

    assert objection(early, asked, sessions, nine) is None
    assert objection(early, asked, sessions, asked.before)


def test_a_page_that_repeats_a_bar_word_for_word_is_whole() -> None:
    assert len(once_each(day_of((0, 100), (0, 100), (1, 100)))) == 2
    assert said(once_each(day_of((0, 100), (0, 101), (1, 100))))


def test_trades_of_the_night_and_of_a_sunday_are_refused() -> None:
    sessions = xnys_sessions(date(2024, 6, 3), date(2024, 6, 7))
    inside = datetime(2024, 6, 5, 4, tzinfo=NEW_YORK)
    night = datetime(2024, 6, 5, 20, tzinfo=NEW_YORK)
    sunday = datetime(2024, 6, 9, 12, tzinfo=NEW_YORK)

    assert tick_objection(np.array([micros(inside)]), sessions) is None
    assert tick_objection(np.array([micros(night)]), sessions)
    assert tick_objection(np.array([micros(sunday)]), sessions)

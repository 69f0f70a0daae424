"""The event of bars that were taken in says what was new, and nothing that was told before: which
of them were written, how many were quarantined; where nothing is new there is none.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime

import numpy as np
import pytest

from bifrost.adapters.calendars import xnys
from bifrost.adapters.ids import RandomIds
from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.market.taking import PostgresTakingBooks
from bifrost.data.ingest.taking import Occasion, take
from bifrost.data.series.columns import BarColumns, counted, micros
from bifrost.data.series.ports import SeriesKey
from bifrost.data.series.timeframes import Timeframe
from bifrost.events import BarsImported, BarsTaken
from tests.data_desk import SESSIONS, DataDesk, bar_file

DAYS = tuple(xnys.sessions(date(2024, 1, 2), date(2024, 1, 12)))
NOW = datetime(2024, 2, 1, 12, tzinfo=UTC)
MINUTES = SeriesKey("AAPL", Timeframe.M1, "alpaca")
OPENS = [micros(one.opens_at) for one in DAYS]
MINUTE = 60_000_000
COUNT = 30


@pytest.fixture
def desk(make_database: Callable[[str], Database]) -> DataDesk:
    """Data, where AAPL is listed."""
    made = DataDesk(make_database("data"))
    made.stock()
    return made


def minutes(*days: int) -> BarColumns:
    """The first half hour of these days, around 100."""
    starts = np.concatenate([OPENS[day] + np.arange(COUNT) * MINUTE for day in days])
    walk = np.random.default_rng(1).normal(0, 0.02, len(OPENS) * COUNT).cumsum()
    close = np.concatenate([walk[day * COUNT : (day + 1) * COUNT] for day in days]).round(2) + 100
    prices = (close, close + 0.03, close - 0.03, close, 900 + (starts // MINUTE * 7919) % 200)
    return BarColumns(starts.astype(np.int64), *map(counted, prices))


def times(bars: BarColumns, place: int, factor: int) -> BarColumns:
    """Multiply one bar's prices."""
    changed = [column.copy() for column in bars.columns()]
    for column in changed[1:5]:
        column[place] *= factor
    return BarColumns(*changed)


def told(desk: DataDesk, *given: BarColumns) -> list[BarsTaken]:
    """Take bars in, one transaction each; return what was told."""
    before = len(desk.published())
    for bars in given:
        with desk.database.transaction() as cursor:
            occasion = Occasion(NOW, "request-1", RandomIds().new())
            take(PostgresTakingBooks(cursor), MINUTES, bars, occasion)
    return [one for one in desk.published()[before:] if isinstance(one, BarsTaken)]


def places(events: Sequence[BarsTaken]) -> list[tuple[int, int, int, int]]:
    """Return (first minute, last minute of the first day, written, kept apart) of each."""
    ends = [[(micros(one.first) - OPENS[0]) // MINUTE, (micros(one.last) - OPENS[0]) // MINUTE]
            for one in events]  # fmt: skip
    return [
        (first, last, one.written, one.kept_apart)
        for (first, last), one in zip(ends, events, strict=True)
    ]


def test_what_comes_again_is_in_no_event(desk: DataDesk) -> None:
    day = minutes(0)

    events = told(desk, day.take(slice(0, 10)), day.take(slice(0, 12)), day.take(slice(2, 12)))

    assert places(events) == [(0, 9, 10, 0), (10, 11, 2, 0)]


def test_a_correction_is_told_alone(desk: DataDesk) -> None:
    day = minutes(0)
    other = times(day, 0, 1)
    other.volume[7] += 1_000_000

    events = told(desk, day, other)

    assert places(events) == [(0, 29, 30, 0), (7, 7, 1, 0)]


def test_what_was_only_kept_apart_is_told_once_and_where_it_is(desk: DataDesk) -> None:
    day = minutes(0)
    wrong = times(day, 15, 3)

    events = told(desk, wrong.take(np.arange(COUNT) != 15), wrong, wrong)

    assert places(events) == [(0, 29, 29, 0), (15, 15, 0, 1)]


def test_what_is_written_is_told_beside_how_much_was_kept_apart(desk: DataDesk) -> None:
    (event,) = told(desk, times(minutes(0), 15, 3))

    assert places([event]) == [(0, 29, 29, 1)]


def test_only_sessions_with_a_new_minute_are_rolled_up_again(desk: DataDesk) -> None:
    told(desk, minutes(0, 1))
    desk.rows("DELETE FROM data.touched_sessions RETURNING 1")

    told(desk, minutes(0, 1, 2))

    touched = desk.rows("SELECT session FROM data.touched_sessions")
    assert [row["session"] for row in touched] == [DAYS[2].session]


def test_a_file_with_one_more_day_tells_of_that_day(desk: DataDesk) -> None:
    desk.put("bars/daily/AAPL.csv", bar_file(*SESSIONS[:4]))
    before = len(desk.published())

    desk.put("bars/daily/AAPL.csv", bar_file(*SESSIONS[:5]), "etag-2")
    desk.put("bars/daily/AAPL.csv", bar_file(*SESSIONS[:5]), "etag-3")

    events = desk.published()[before:]
    (taken,) = (one for one in events if isinstance(one, BarsTaken))
    (imported,) = (one for one in events if isinstance(one, BarsImported))
    assert (taken.first.date(), taken.last.date(), taken.written) == (SESSIONS[4], SESSIONS[4], 1)
    days = (imported.first_session, imported.last_session, imported.rows)
    assert days == (SESSIONS[4], SESSIONS[4], 1)

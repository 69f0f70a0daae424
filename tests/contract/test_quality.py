"""What the gate blocks is in no series and in quarantine with its reason; a session's completeness
is counted against the calendar; and a release appends the bar, once, by somebody, for a reason.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import psycopg
import pytest

from bifrost.adapters.calendars import xnys
from bifrost.adapters.ids import RandomIds
from bifrost.adapters.memory.clock import SetClock
from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.market.quality_books import PostgresCompleteness, PostgresReleases
from bifrost.adapters.postgres.market.quality_reads import PostgresQualityReader
from bifrost.adapters.postgres.market.series import PostgresSeriesReader
from bifrost.adapters.postgres.market.taking import PostgresTakingBooks
from bifrost.core.errors import ConflictError, InvalidInputError, NotFoundError
from bifrost.data.ingest.taking import Occasion, Taken, take
from bifrost.data.quality.service import QualityService
from bifrost.data.series.asked import SeriesQuery
from bifrost.data.series.columns import BarColumns, counted, instant_of, micros
from bifrost.data.series.ports import SeriesKey
from bifrost.data.series.timeframes import Timeframe
from tests.data_desk import DataDesk

DAYS = tuple(xnys.sessions(date(2024, 1, 2), date(2024, 6, 28)))
NOW = datetime(2024, 7, 1, 12, tzinfo=UTC)
DAILY = SeriesKey("AAPL", Timeframe.D1, "yahoo")
MINUTES = SeriesKey("AAPL", Timeframe.M1, "alpaca")
MINUTE = 60_000_000


@pytest.fixture
def database(make_database: Callable[[str], Database]) -> Database:
    """Data's database, where AAPL is listed."""
    made = make_database("data")
    DataDesk(made).stock()
    return made


@pytest.fixture
def quality(database: Database) -> QualityService:
    """The service, some days after the last session."""
    return QualityService(
        PostgresQualityReader(database),
        PostgresCompleteness(database),
        PostgresReleases(database),
        SetClock(NOW),
        RandomIds(),
    )


def bars(starts: list[int]) -> BarColumns:
    """A quiet series around 100."""
    chance = np.random.default_rng(1)
    close = 100 * np.exp(np.cumsum(chance.normal(0, 0.002, len(starts))))
    open_ = np.r_[100, close[:-1]]
    columns = (open_, np.maximum(open_, close) + 0.05, np.minimum(open_, close) - 0.05, close)
    volume = np.rint(1e6 * np.exp(chance.normal(0, 0.1, len(starts))))
    prices = (counted(one.round(2)) for one in columns)
    return BarColumns(np.array(starts, dtype=np.int64), *prices, counted(volume))


def daily(count: int = len(DAYS)) -> BarColumns:
    """One bar for each of the first sessions."""
    return bars([micros(one.opens_at) for one in DAYS[:count]])


def minutes(session: int, count: int) -> BarColumns:
    """The first minutes of a session."""
    opens = micros(DAYS[session].opens_at)
    return bars([opens + minute * MINUTE for minute in range(count)])


def spiked(told: BarColumns, place: int) -> BarColumns:
    """Triple the prices of one bar."""
    columns = {name: getattr(told, name).copy() for name in ("open", "high", "low", "close")}
    for column in columns.values():
        column[place] *= 3
    return replace(told, **columns)


def taken(database: Database, told: BarColumns, key: SeriesKey = DAILY) -> Taken:
    """Take bars in."""
    with database.transaction() as cursor:
        return take(
            PostgresTakingBooks(cursor), key, told, Occasion(NOW, "request-1", RandomIds().new())
        )


def stored(database: Database, key: SeriesKey = DAILY) -> BarColumns:
    """Read what stands."""
    first, before = datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 7, 2, tzinfo=UTC)
    asked = SeriesQuery(key.instrument, key.timeframe, first, before)
    return PostgresSeriesReader(database).read(asked)


def test_what_the_gate_blocks_is_quarantined_and_in_no_series(
    database: Database, quality: QualityService
) -> None:
    told = spiked(daily(), 60)

    done = taken(database, told)

    assert (done.read, done.written, done.kept_apart) == (len(DAYS), len(DAYS) - 1, 1)
    assert stored(database).equals(told.take(np.arange(len(DAYS)) != 60))
    (bar,) = quality.report(first=DAYS[0].session, last=DAYS[-1].session).quarantined
    assert (bar.instrument, bar.timeframe, bar.source) == ("AAPL", "1d", "yahoo")
    assert (bar.session, bar.occurred_at) == (DAYS[60].session, DAYS[60].opens_at)
    assert bar.kinds == ("spike",)
    assert "taken back after 1 bar" in bar.reason
    assert bar.close * 10**6 == int(told.close[60])


def test_fault_that_a_vendor_repeats_is_one_row(database: Database) -> None:
    told = spiked(daily(), 60)
    taken(database, told)

    again = taken(database, told)

    assert (again.written, again.kept_apart) == (0, 1)
    assert database.fetch_all("SELECT count(*) AS n FROM data.quarantine") == [{"n": 1}]


def test_release_appends_the_bar_and_keeps_who_when_and_why(
    database: Database, quality: QualityService
) -> None:
    told = spiked(daily(), 60)
    taken(database, told)
    (bar,) = quality.report(first=DAYS[60].session, last=None).quarantined

    released = quality.release(
        bar.quarantine_id, by="ann", reason="confirmed", correlation_id="request-2"
    )

    assert (released.released_by, released.released_at, released.release_reason) == (
        "ann",
        NOW,
        "confirmed",
    )
    assert stored(database).equals(told)
    assert quality.report(first=DAYS[60].session, last=None).quarantined == []
    with pytest.raises(ConflictError, match="ann released it"):
        quality.release(bar.quarantine_id, by="bob", reason="again", correlation_id="request-3")
    kept = database.fetch_one("SELECT released_by FROM data.quarantine")
    assert kept == {"released_by": "ann"}


def test_bar_that_no_store_can_hold_is_not_released(
    database: Database, quality: QualityService
) -> None:
    told = daily(30)
    high = told.high.copy()
    high[7] = 1
    taken(database, replace(told, high=high))
    (bar,) = quality.report(first=DAYS[7].session, last=None).quarantined

    with pytest.raises(ConflictError, match="price_order cannot be stored"):
        quality.release(bar.quarantine_id, by="ann", reason="why not", correlation_id="r")
    with pytest.raises(NotFoundError, match="the number 99"):
        quality.release(99, by="ann", reason="why not", correlation_id="r")


def test_rows_of_quarantine_are_neither_changed_nor_deleted(database: Database) -> None:
    taken(database, spiked(daily(), 60))

    for statement in ("UPDATE data.quarantine SET close = 1", "DELETE FROM data.quarantine"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            database.fetch_all(f"{statement} RETURNING 1")


def test_completeness_counts_what_is_stored_against_the_calendar(
    database: Database, quality: QualityService
) -> None:
    keep = np.delete(np.arange(len(DAYS)), [20, 21])
    taken(database, spiked(daily(), 60).take(keep))

    report = quality.report(first=DAYS[0].session, last=DAYS[-1].session)

    assert len(report.days) == len(DAYS)
    below = [
        (day.session, day.expected, day.stored, day.quarantined)
        for day in report.days
        if not day.is_reached
    ]
    assert below == [
        (DAYS[20].session, 1, 0, 0),
        (DAYS[21].session, 1, 0, 0),
        (DAYS[60].session, 1, 0, 1),
    ]
    assert {(one.instrument, one.session) for one in report.worst} == {
        ("AAPL", DAYS[place].session) for place in (20, 21, 60)
    }
    assert not report.is_reached


def test_minutes_of_a_session_are_complete_above_the_goal(
    database: Database, quality: QualityService
) -> None:
    taken(database, minutes(0, 389), MINUTES)
    taken(database, minutes(1, 380), MINUTES)

    report = quality.report(first=DAYS[0].session, last=DAYS[1].session)

    assert [(day.expected, day.stored, day.is_reached) for day in report.days] == [
        (390, 389, True),
        (390, 380, False),
    ]
    assert [(one.session, one.stored) for one in report.worst] == [(DAYS[1].session, 380)]


def test_report_is_of_the_newest_session_that_is_stored_unless_asked(
    database: Database, quality: QualityService
) -> None:
    assert quality.report(first=None, last=None).days == []
    taken(database, daily(30))

    assert quality.report(first=None, last=None).days[0].session == DAYS[29].session


def test_series_of_which_all_is_quarantined_is_not_called_complete(
    database: Database, quality: QualityService
) -> None:
    told = daily(2)
    taken(database, replace(told, high=told.low - 1))

    report = quality.report(first=DAYS[0].session, last=DAYS[1].session)

    assert (len(report.quarantined), report.days, report.is_reached) == (2, [], None)


def test_session_that_has_not_closed_is_not_counted(
    database: Database, quality: QualityService
) -> None:
    taken(database, daily(30))
    before_close = DAYS[29].closes_at - timedelta(minutes=1)
    early = replace(quality, clock=SetClock(before_close))

    assert early.report(first=DAYS[29].session, last=None).days == []


def test_each_days_completeness_is_kept_and_written_again_where_it_changed(
    database: Database, quality: QualityService
) -> None:
    taken(database, daily(30).take(np.delete(np.arange(30), [27])))

    below = [day for day in quality.record() if not day.is_reached]

    assert [day.session for day in below] == [DAYS[27].session]
    taken(database, daily(30))
    assert all(day.is_reached for day in quality.record())
    rows = database.fetch_all("SELECT session, stored, share FROM data.completeness ORDER BY 1")
    assert [row["stored"] for row in rows] == [1] * len(rows)
    assert instant_of(micros(NOW)) == NOW


def test_a_year_of_all_instruments_is_the_most_and_a_range_runs_forward(
    quality: QualityService,
) -> None:
    with pytest.raises(InvalidInputError, match="before it begins"):
        quality.report(first=date(2024, 1, 3), last=date(2024, 1, 2))
    with pytest.raises(InvalidInputError, match="too many"):
        quality.report(first=date(2020, 1, 3), last=date(2024, 1, 2))

    assert (
        quality.report(first=date(2020, 1, 3), last=date(2024, 1, 2), instrument="AAPL").days == []
    )

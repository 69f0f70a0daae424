"""Longer bars beside the minutes, in Postgres: what had closed, anew for each session that minutes
touched, and in the end what rolling up everything at once gives; across what a stream missed, or a
day of which a minute is unknown, nothing."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from bifrost.adapters.calendars import xnys
from bifrost.adapters.memory.clock import SetClock
from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.market.rollups import PostgresRollUps
from bifrost.adapters.postgres.market.series import PostgresSeriesReader
from bifrost.adapters.postgres.market.taking import PostgresTakingBooks
from bifrost.data.ingest.taking import Occasion, take
from bifrost.data.series.asked import SeriesQuery
from bifrost.data.series.columns import BarColumns, Integers, micros
from bifrost.data.series.ports import SeriesKey
from bifrost.data.series.rolling import STORED, RollUps
from bifrost.data.series.rollup import roll_up
from bifrost.data.series.timeframes import Timeframe
from bifrost.data.series.trading_hours import TradingHours
from tests.contract.test_unknown_minutes import SESSION, MinuteDesk
from tests.contract.test_unknown_minutes import minutes as session_minutes
from tests.data_desk import DataDesk

SESSIONS = list(xnys.sessions(date(2012, 7, 2), date(2012, 7, 3)))
MINUTE = 60_000_000
EVENING = datetime(2012, 7, 3, 23, tzinfo=UTC)


class RollUpDesk(DataDesk):
    """A desk with AAPL listed, whose clock stands where a test puts it."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.stock()
        self.now = SetClock(EVENING)
        self.rollups = RollUps(PostgresRollUps(database), self.now)

    def take(self, bars: BarColumns) -> None:
        """Take minutes in by the gate."""
        with self.database.transaction() as cursor:
            key = SeriesKey("AAPL", Timeframe.M1, "csv")
            occasion = Occasion(self.now.now(), "request-1", f"event-{micros(self.now.now())}")
            taken = take(PostgresTakingBooks(cursor), key, bars, occasion)
            assert taken.kept_apart == 0
        self.now.pass_by(1)

    def stored(self, timeframe: Timeframe) -> BarColumns:
        """Return the bars that stand."""
        first, before = datetime(2012, 7, 1, tzinfo=UTC), datetime(2012, 7, 9, tzinfo=UTC)
        reader = PostgresSeriesReader(self.database)
        return reader.read(SeriesQuery("AAPL", timeframe, first, before))


def minutes(first: datetime, count: int, price: int = 100) -> BarColumns:
    at = micros(first) + np.arange(count, dtype=np.int64) * MINUTE
    # Noise that a start alone gives: the gate takes what repeats itself for a copy.
    opened, closed = (price * 1_000_000 + noise(at + later) for later in (0, MINUTE))
    high, low = np.maximum(opened, closed) + 20_000, np.minimum(opened, closed) - 20_000
    return BarColumns(at, opened, high, low, closed, at // MINUTE % 99_991 * 1_000_000)


def noise(at: Integers) -> Integers:
    """Return for each start up to a tenth of a dollar."""
    return at // MINUTE * 7_919 % 97 * 1_000


@pytest.fixture
def desk(make_database: Callable[[str], Database]) -> RollUpDesk:
    return RollUpDesk(make_database("data"))


def test_what_was_touched_is_rolled_up_once(desk: RollUpDesk) -> None:
    bars = minutes(SESSIONS[0].opens_at, 390)
    desk.take(bars)

    first, second = desk.rollups.run(), desk.rollups.run()

    assert first == {"sessions": 1, "bars_written": 78 + 7 + 1}
    assert second == {}
    for timeframe in STORED:
        whole = roll_up(bars, timeframe, TradingHours.regular(SESSIONS)).bars
        assert desk.stored(timeframe).equals(whole)


def test_minutes_that_come_in_parts_and_corrected_make_the_same_bars(desk: RollUpDesk) -> None:
    bars = BarColumns.concatenated(
        [minutes(SESSIONS[0].opens_at, 390), minutes(SESSIONS[1].opens_at, 210)]
    )
    wrong = minutes(SESSIONS[0].opens_at, 40, price=101)
    for part in (bars.take(slice(300, None)), wrong, bars.take(slice(0, 300))):
        desk.take(part)
        desk.rollups.run()

    for timeframe in STORED:
        whole = roll_up(bars, timeframe, TradingHours.regular(SESSIONS)).bars
        assert desk.stored(timeframe).equals(whole)


def test_a_bucket_is_stored_when_its_time_has_passed_though_no_minute_comes(
    desk: RollUpDesk,
) -> None:
    desk.now = SetClock(SESSIONS[1].opens_at + timedelta(minutes=7))
    desk.rollups = RollUps(PostgresRollUps(desk.database), desk.now)
    desk.take(minutes(SESSIONS[1].opens_at, 7))

    desk.rollups.run()
    early = len(desk.stored(Timeframe.M5))
    desk.now.pass_by(180)
    desk.rollups.run()

    assert (early, len(desk.stored(Timeframe.M5))) == (1, 2)
    assert len(desk.stored(Timeframe.D1)) == 0


@pytest.mark.parametrize("seed", range(4))
def test_in_whatever_parts_minutes_come_what_is_stored_is_what_all_at_once_give(
    desk: RollUpDesk, seed: int
) -> None:
    draw = np.random.default_rng(seed)
    both = [minutes(SESSIONS[0].opens_at, 390), minutes(SESSIONS[1].opens_at, 210)]
    whole = BarColumns.concatenated(both)
    # The second session has quiet minutes of which nobody said anything.
    whole = whole.take(np.setdiff1d(np.arange(600), 400 + draw.choice(190, 9, replace=False)))
    parts = draw.integers(0, 5, len(whole))
    for part in draw.permutation(5):
        desk.take(whole.take(parts == part))
        desk.rollups.run()

    for timeframe in STORED:
        rolled = roll_up(whole, timeframe, TradingHours.regular(SESSIONS)).bars
        expected = rolled.take(slice(0, 1)) if timeframe.is_daily else rolled
        assert desk.stored(timeframe).equals(expected)


def stored_of(desk: MinuteDesk, timeframe: Timeframe) -> BarColumns:
    """Return what is stored of the session."""
    asked = SeriesQuery("AAPL", timeframe, SESSION.opens_at, SESSION.closes_at)
    return PostgresSeriesReader(desk.database).read(asked)


def test_across_a_hole_nothing_is_stored_until_it_is_filled_and_then_what_all_minutes_give(
    make_database: Callable[[str], Database],
) -> None:
    desk = MinuteDesk(make_database("data"))
    whole = session_minutes(0, 390)
    hours = TradingHours.regular([SESSION])
    desk.hole(100, 130)
    for part in (whole.take(slice(130, None)), whole.take(slice(0, 100))):
        desk.take(part)
        desk.rollups.run()

    opens = micros(SESSION.opens_at)
    for timeframe in STORED:
        rolled = roll_up(whole, timeframe, hours)
        apart = (rolled.ends_at <= opens + 100 * MINUTE) | (
            rolled.bars.starts_at >= opens + 130 * MINUTE
        )
        assert stored_of(desk, timeframe).equals(rolled.bars.take(apart))
    desk.heal()
    desk.take(whole.take(slice(100, 130)))
    desk.rollups.run()

    for timeframe in STORED:
        assert stored_of(desk, timeframe).equals(roll_up(whole, timeframe, hours).bars)


def test_of_minutes_that_nobody_tells_of_a_day_is_made_by_a_vendors_word_alone(
    make_database: Callable[[str], Database],
) -> None:
    desk = MinuteDesk(make_database("data"))
    quiet = [7, 8, 200, 389]
    told = session_minutes(0, 390).take(np.setdiff1d(np.arange(390), quiet))
    desk.take(told)
    desk.rollups.run()
    unknown = len(stored_of(desk, Timeframe.D1))

    desk.silence(0, 390)
    desk.rollups.run()

    assert unknown == 0
    for timeframe in STORED:
        rolled = roll_up(told, timeframe, TradingHours.regular([SESSION])).bars
        assert stored_of(desk, timeframe).equals(rolled)

"""A move that no later bar confirms is kept apart and not lost: the bar that confirms it lets it
in, however it comes; and an older bar is judged by what is stored after it as well as before.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pytest

from bifrost.adapters.calendars import xnys
from bifrost.adapters.ids import RandomIds
from bifrost.adapters.postgres.database import Database, Row
from bifrost.adapters.postgres.market.series import PostgresSeriesReader
from bifrost.adapters.postgres.market.taking import PostgresTakingBooks
from bifrost.core.corporate_actions import CorporateAction, SpinOff, Split
from bifrost.data.ingest.taking import Occasion, Taken, take
from bifrost.data.reference.claiming import VendorAnswer
from bifrost.data.series.asked import SeriesQuery
from bifrost.data.series.columns import PRICES, BarColumns, counted, micros
from bifrost.data.series.ports import SeriesKey
from bifrost.data.series.timeframes import Timeframe
from tests.data_desk import DataDesk

DAYS = tuple(xnys.sessions(date(2024, 1, 2), date(2024, 6, 28)))
NOW = datetime(2024, 7, 1, 12, tzinfo=UTC)
DAILY = SeriesKey("AAPL", Timeframe.D1, "yahoo")
MINUTES = SeriesKey("AAPL", Timeframe.M1, "stream")
FELL = 60


@pytest.fixture
def desk(make_database: Callable[[str], Database]) -> DataDesk:
    """Data, where AAPL is listed."""
    made = DataDesk(make_database("data"))
    made.stock()
    return made


def quiet(starts: list[int]) -> BarColumns:
    """A walk around 100 on steady volume."""
    chance = np.random.default_rng(1)
    close = 100 * np.exp(np.cumsum(chance.normal(0, 0.002, len(starts))))
    open_ = np.r_[100, close[:-1]]
    columns = (open_, np.maximum(open_, close) + 0.05, np.minimum(open_, close) - 0.05, close)
    volume = np.rint(1e6 * np.exp(chance.normal(0, 0.1, len(starts))))
    prices = [counted(one.round(2)) for one in columns]
    return BarColumns(np.array(starts, dtype=np.int64), *prices, counted(volume))


def times(told: BarColumns, factor: float, first: int, before: int | None = None) -> BarColumns:
    """Multiply the prices of [first, before), in cents."""
    columns = {name: getattr(told, name).copy() for name in PRICES}
    for column in columns.values():
        column[first:before] = np.rint(column[first:before] * factor / 10_000) * 10_000
    return replace(told, **columns)


DAILY_BARS = quiet([micros(one.opens_at) for one in DAYS])
FALLEN = times(DAILY_BARS, 0.74, FELL)


def taken(desk: DataDesk, told: BarColumns, key: SeriesKey = DAILY) -> Taken:
    """Take bars in, in a transaction of their own."""
    with desk.database.transaction() as cursor:
        occasion = Occasion(NOW, "request-1", RandomIds().new())
        return take(PostgresTakingBooks(cursor), key, told, occasion)


def stored(desk: DataDesk, key: SeriesKey = DAILY) -> BarColumns:
    """Read what stands."""
    first, before = datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 7, 2, tzinfo=UTC)
    asked = SeriesQuery(key.instrument, key.timeframe, first, before)
    return PostgresSeriesReader(desk.database).read(asked)


def claim_split(desk: DataDesk, new_shares: int) -> None:
    """Have one vendor alone say that there was a split when it fell."""
    day = DAYS[FELL].session
    split = CorporateAction(
        action_id=f"yahoo:AAPL:{day}:split",
        vendor="yahoo",
        revision=1,
        instrument="AAPL",
        currency="USD",
        ex_date=day,
        split=Split(Decimal(new_shares), Decimal(1)),
    )
    answer = VendorAnswer("yahoo", "AAPL", DAYS[0].session, DAYS[-1].session, (split,))
    desk.imports.claim(answer, "request-1")


def claim_spin_off(desk: DataDesk) -> None:
    """Have one vendor say that something was spun off when it fell, and not what it was worth."""
    day = DAYS[FELL].session
    terms = SpinOff("KID", Decimal("0.2"), None)
    one = CorporateAction(
        action_id="alpaca:1",
        vendor="alpaca",
        revision=1,
        instrument="AAPL",
        currency="USD",
        ex_date=day,
        spin_off=terms,
        lacks=terms.lacks,
    )
    answer = VendorAnswer("alpaca", "AAPL", DAYS[0].session, DAYS[-1].session, (one,))
    desk.imports.claim(answer, "request-1")


def waiting(desk: DataDesk) -> list[Row]:
    """Return what is in quarantine and was not released."""
    return desk.rows("SELECT occurred_at, kinds FROM data.quarantine WHERE released_at IS NULL")


def test_fall_that_nothing_confirms_waits_and_the_next_session_lets_it_in(desk: DataDesk) -> None:
    first = taken(desk, FALLEN.take(slice(0, FELL + 1)))
    assert (first.written, first.kept_apart, len(stored(desk))) == (FELL, 1, FELL)

    second = taken(desk, FALLEN.take(slice(FELL + 1, FELL + 2)))

    assert (second.read, second.written, second.kept_apart, second.flagged) == (1, 2, 0, 1)
    assert second.sessions == (DAYS[FELL].session, DAYS[FELL + 1].session)
    assert stored(desk).equals(FALLEN.take(slice(0, FELL + 2)))
    (released,) = desk.rows("SELECT * FROM data.quarantine")
    assert (released["released_by"], released["release_reason"]) == (
        "gate",
        "a later bar confirmed it",
    )
    assert released["released_at"] == NOW


def test_vendor_that_sends_it_again_with_the_next_one_lets_it_in_as_well(desk: DataDesk) -> None:
    taken(desk, FALLEN.take(slice(0, FELL + 1)))

    again = taken(desk, FALLEN.take(slice(FELL, FELL + 3)))

    assert (again.written, again.kept_apart) == (3, 0)
    assert waiting(desk) == []


def test_the_fall_of_a_spin_off_that_one_vendor_tells_waits_for_nothing(desk: DataDesk) -> None:
    claim_spin_off(desk)

    first = taken(desk, FALLEN.take(slice(0, FELL + 1)))

    assert (first.written, first.kept_apart, first.flagged) == (FELL + 1, 0, 1)


def test_spike_that_waited_stays_apart_and_does_not_keep_the_next_one_out(desk: DataDesk) -> None:
    spiked = times(DAILY_BARS, 1.45, FELL, FELL + 1)
    taken(desk, spiked.take(slice(0, FELL + 1)))

    for place in range(FELL + 1, FELL + 4):
        taken(desk, spiked.take(slice(place, place + 1)))

    assert stored(desk).equals(spiked.take(np.delete(np.arange(FELL + 4), FELL)))
    assert [row["occurred_at"] for row in waiting(desk)] == [DAYS[FELL].opens_at]


def test_confirmed_bars_taken_again_write_nothing(desk: DataDesk) -> None:
    taken(desk, FALLEN.take(slice(0, FELL + 1)))
    taken(desk, FALLEN.take(slice(FELL + 1, FELL + 2)))

    again = taken(desk, FALLEN.take(slice(0, FELL + 2)))

    assert (again.written, again.kept_apart) == (0, 0)


def test_waiting_bar_of_one_source_is_not_let_in_by_another(desk: DataDesk) -> None:
    taken(desk, FALLEN.take(slice(0, FELL + 1)))

    other = taken(desk, FALLEN.take(slice(FELL, FELL + 2)), replace(DAILY, source="massive"))

    assert (other.read, other.written, other.kept_apart) == (2, 2, 0)
    assert len(waiting(desk)) == 1


def test_minutes_that_come_one_by_one_wait_for_one_minute(desk: DataDesk) -> None:
    opens = micros(DAYS[0].opens_at)
    minutes = times(quiet([opens + place * 60_000_000 for place in range(90)]), 0.8, 80)
    taken(desk, minutes.take(slice(0, 80)), MINUTES)

    done = [taken(desk, minutes.take(slice(i, i + 1)), MINUTES) for i in range(80, 90)]

    assert [(one.written, one.kept_apart) for one in done] == [(0, 1), (2, 0), *[(1, 0)] * 8]
    assert stored(desk, MINUTES).equals(minutes)


def test_older_bar_is_judged_by_what_is_stored_after_it(desk: DataDesk) -> None:
    taken(desk, FALLEN)
    right = times(FALLEN, 1.01, FELL, FELL + 1).take(slice(FELL, FELL + 1))
    wrong = times(FALLEN, 1.3, 30, 31).take(slice(30, 31))

    corrected, refused = taken(desk, right), taken(desk, wrong)

    assert (corrected.written, corrected.kept_apart) == (1, 0)
    assert (refused.written, refused.kept_apart) == (0, 1)
    (row,) = waiting(desk)
    assert row == {"occurred_at": DAYS[30].opens_at, "kinds": ["spike"]}


def test_corrections_far_apart_are_judged_beside_what_is_between(desk: DataDesk) -> None:
    risen = replace(DAILY_BARS)
    for place in range(10, len(DAYS), 10):
        risen = times(risen, 1.06, place)
    taken(desk, risen)

    done = taken(desk, times(risen, 1.001, 0).take(np.array([15, 105])))

    assert (done.written, done.kept_apart) == (2, 0)


def test_split_that_one_vendor_alone_claims_explains_the_price_and_stands_for_nothing(
    desk: DataDesk,
) -> None:
    claim_split(desk, 2)

    halved = taken(desk, times(DAILY_BARS, 0.5, FELL).take(slice(0, FELL + 1)))

    assert (halved.written, halved.kept_apart, halved.flagged) == (FELL + 1, 0, 1)
    (flag,) = desk.rows("SELECT kind, reason FROM data.quality_flags")
    assert flag["kind"] == "missed_split"
    assert "one source alone claims" in flag["reason"]


def test_phantom_split_that_one_vendor_claims_changes_no_verdict(desk: DataDesk) -> None:
    claim_split(desk, 4)

    done = taken(desk, DAILY_BARS)

    assert (done.written, done.kept_apart, done.flagged) == (len(DAYS), 0, 0)


def test_first_bar_of_all_is_believed_and_a_wrong_one_does_not_keep_the_others_out(
    desk: DataDesk,
) -> None:
    hundredfold = times(DAILY_BARS, 100, 0, 1)

    first = taken(desk, hundredfold.take(slice(0, 1)))
    rest = taken(desk, hundredfold.take(slice(1, 40)))

    assert (first.written, first.kept_apart) == (1, 0)
    assert (rest.written, rest.kept_apart) == (39, 0)

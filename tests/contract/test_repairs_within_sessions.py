"""Repairs of minutes on a desk: each source's stored bars of each length are looked at, what the
gate kept apart too; what is made is read at once, undone to what was, and rolled up again.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from bifrost.adapters.calendars import xnys
from bifrost.adapters.ids import RandomIds
from bifrost.adapters.memory.clock import SetClock
from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.market.quality_books import PostgresCompleteness, PostgresReleases
from bifrost.adapters.postgres.market.quality_reads import PostgresQualityReader
from bifrost.adapters.postgres.market.repairs import PostgresRepairs
from bifrost.adapters.postgres.market.series import PostgresSeriesReader
from bifrost.core.errors import ConflictError
from bifrost.data.quality.service import QualityService
from bifrost.data.repair.kinds import RepairKind
from bifrost.data.repair.service import RepairService
from bifrost.data.repair.stored import RepairQuery, RepairState
from bifrost.data.repair.told_bars import ToldBars
from bifrost.data.series.asked import SeriesQuery
from bifrost.data.series.columns import PRICES, BarColumns, counted, micros
from bifrost.data.series.ports import SeriesKey
from bifrost.data.series.rollup import roll_up
from bifrost.data.series.timeframes import Timeframe
from bifrost.data.series.trading_hours import TradingHours
from bifrost.events import BarsTaken
from tests.contract.repair_desk import RepairDesk, split_file
from tests.unit.data.repair.minutes import EX, FAULTS, SESSIONS, clean

ALPACA = SeriesKey("AAPL", Timeframe.M1, "alpaca")
MASSIVE = SeriesKey("AAPL", Timeframe.M1, "massive")
AFTER = datetime(2021, 6, 1, tzinfo=UTC)


@pytest.fixture
def desk(make_database: Callable[[str], Database]) -> RepairDesk:
    """Data where AAPL and IBM are listed."""
    return RepairDesk(make_database("data"))


def columns(bars: ToldBars) -> BarColumns:
    """Return minutes as they are stored."""
    values = (counted(getattr(bars, name)) for name in (*PRICES, "volume"))
    return BarColumns(bars.starts_at, *values)


def read(desk: RepairDesk, timeframe: Timeframe = Timeframe.M1) -> BarColumns:
    """Return what stands."""
    asked = SeriesQuery("AAPL", timeframe, datetime(2021, 2, 1, tzinfo=UTC), AFTER)
    return PostgresSeriesReader(desk.database).read(asked)


def short(bars: BarColumns, sessions: int = 4) -> BarColumns:
    """Return the first sessions alone."""
    return bars.take(slice(0, 390 * sessions))


def test_a_minute_in_other_units_is_repaired_and_undone(desk: RepairDesk) -> None:
    right = columns(clean())
    desk.put(columns(FAULTS["hundred_in_one_bar"](clean()).told), ALPACA)

    (record,) = desk.scan()

    assert (record.repair.kind, record.state) == (RepairKind.UNIT_ERROR, RepairState.APPLIED)
    assert (record.repair.timeframe, record.repair.source) == ("1m", "alpaca")
    assert record.repair.first == SESSIONS[5000 // 390].session
    assert read(desk).equals(right)
    found = desk.service.find(record.repair.repair_id)
    assert found.repair == record.repair
    assert [one.minute for one in found.repair.begins_at] == [(30 + 5000 % 390) % 60]
    assert desk.scan() == ()
    desk.undo(record)
    assert read(desk).equals(columns(FAULTS["hundred_in_one_bar"](clean()).told))
    (again,) = desk.scan()
    assert again.state is RepairState.UNDONE
    desk.apply(record)
    assert read(desk).equals(right)


def test_a_repair_of_minutes_is_told_and_rolled_up_anew(desk: RepairDesk) -> None:
    desk.put(columns(FAULTS["hundred_in_one_bar"](clean()).told), ALPACA)
    before = len(desk.data.published())

    desk.scan()

    (told,) = (one for one in desk.data.published()[before:] if isinstance(one, BarsTaken))
    assert (told.timeframe, told.provider, told.written) == ("1m", "alpaca", 1)
    touched = desk.data.rows("SELECT instrument, session FROM data.touched_sessions")
    assert touched == [{"instrument": "AAPL", "session": SESSIONS[5000 // 390].session}]


def test_minutes_are_put_back_into_the_shares_of_a_split_that_stands(desk: RepairDesk) -> None:
    right = clean(split=True)
    desk.put(columns(FAULTS["split_not_applied"](right).told), ALPACA)
    desk.data.imports.announce(split_file("acme", SESSIONS[EX].session), "request-1")

    (record,) = desk.scan()

    assert record.repair.kind is RepairKind.SPLIT_NOT_APPLIED
    # As it was told in the old shares, volume had lost what did not divide.
    stands, wanted = read(desk), columns(right)
    assert stands.close.tolist() == wanted.close.tolist()
    assert np.abs(stands.volume - wanted.volume).max() <= 4_000_000


def test_splits_are_told_by_sessions_of_minutes_where_a_source_has_no_days(
    desk: RepairDesk,
) -> None:
    desk.put(columns(clean(split=True)), ALPACA)
    day = SESSIONS[EX].session

    (claim,) = desk.scan()
    desk.data.imports.announce(split_file("massive", day), "request-1")
    held = desk.look()

    assert (claim.repair.kind, claim.state) == (RepairKind.MISSING_SPLIT, RepairState.PROPOSED)
    assert (claim.repair.timeframe, claim.repair.first) == ("1m", day)
    # Once somebody claims it, it is held, and nobody else's.
    assert held.records == ()
    assert [(one.kind, one.session, one.timeframe) for one in held.suspicions] == [
        (RepairKind.PHANTOM_SPLIT, day, Timeframe.M1)
    ]
    assert "as it would by the split" in held.suspicions[0].reason
    desk.apply(claim)
    assert desk.look().suspicions == ()
    assert desk.data.rows("SELECT instrument, ex_date FROM data.published_actions") == [
        {"instrument": "AAPL", "ex_date": day}
    ]


def test_a_second_source_tells_what_the_gate_kept_apart(desk: RepairDesk) -> None:
    faulty = FAULTS["frozen"](clean())
    desk.put(columns(clean()), MASSIVE)
    desk.take(columns(faulty.told), ALPACA)
    kept_apart = desk.data.rows("SELECT count(*) AS n FROM data.quarantine")[0]["n"]

    found = desk.scan(source="alpaca")

    assert kept_apart > 10
    assert {one.repair.kind for one in found} == {RepairKind.FROZEN_PRICE}
    assert {one.state for one in found} == {RepairState.APPLIED}
    assert desk.look(source="alpaca").looked[0].bars == len(clean())
    assert read(desk).equals(columns(clean()))
    with pytest.raises(ConflictError, match="is quarantined"):
        desk.undo(found[0])


def test_each_length_of_each_source_is_looked_at(desk: RepairDesk) -> None:
    minutes = columns(clean())
    hours = roll_up(minutes, Timeframe.H1, TradingHours.regular(SESSIONS)).bars
    factor = np.where(np.arange(len(hours)) == 40, 100, 1)
    prices = [getattr(hours, name) * factor for name in PRICES]
    wrong = BarColumns(*(hours.starts_at, *prices, hours.volume))
    desk.put(short(minutes), ALPACA)
    desk.put(short(minutes), MASSIVE)
    desk.put(wrong, SeriesKey("AAPL", Timeframe.H1, "csv"))
    desk.put(hours, SeriesKey("AAPL", Timeframe.H1, "rollup"))

    found = desk.look()

    looked = [(one.source, one.timeframe.value) for one in found.looked]
    assert looked == [("csv", "1h"), ("alpaca", "1m"), ("massive", "1m")]
    # A person's own file: proposed.
    assert {one.state for one in found.records} == {RepairState.PROPOSED}
    assert desk.look(timeframe=Timeframe.M1).records == ()
    (made,) = desk.scan(source="csv", timeframe=Timeframe.H1)
    assert made.state is RepairState.APPLIED
    assert read(desk, Timeframe.H1).equals(hours)


def test_a_long_fault_is_a_repair_of_each_month_and_a_list_shows_no_values(
    desk: RepairDesk,
) -> None:
    desk.put(columns(FAULTS["hundred_over_some_sessions"](clean()).told), ALPACA)

    march, april = desk.scan()

    assert march.repair.bars + april.repair.bars == 4000
    assert read(desk).equals(columns(clean()))
    listed = desk.service.listing(RepairQuery("AAPL"), after=0, limit=5)
    assert [(one.repair.bars, one.repair.cells) for one in listed] == [
        (march.repair.bars, {}),
        (april.repair.bars, {}),
    ]
    assert listed[0].repair.columns == ("open", "high", "low", "close")


def test_the_release_of_the_last_minute_of_a_repair_undoes_it(desk: RepairDesk) -> None:
    desk.take(short(columns(FAULTS["hundred_in_one_bar"](clean()).told), 20), ALPACA)
    (record,) = desk.scan()
    assert record.state is RepairState.APPLIED
    quality = QualityService(
        PostgresQualityReader(desk.database),
        PostgresCompleteness(desk.database),
        PostgresReleases(desk.database),
        desk.clock,
        RandomIds(),
    )
    (row,) = desk.data.rows("SELECT quarantine_id FROM data.quarantine")
    desk.clock.pass_by(1)

    quality.release(row["quarantine_id"], by="ann", reason="a test", correlation_id="r")

    assert desk.service.find(record.repair.repair_id).state is RepairState.UNDONE
    assert read(desk).close[5000] == 100 * columns(clean()).close[5000]


YEARS = tuple(xnys.sessions(date(2018, 1, 2), date(2020, 12, 31)))


def years(in_cents: slice) -> tuple[BarColumns, "np.ndarray[tuple[int], np.dtype[np.bool_]]"]:
    """Return three minutes of each session of three years, and which are told in cents."""
    chance = np.random.default_rng(5)
    at = np.concatenate([micros(day.opens_at) + 60_000_000 * np.arange(3) for day in YEARS])
    close = 100 * np.exp(np.cumsum(chance.normal(0, 5e-4, len(at))))
    opens = np.r_[100, close[:-1]]
    high, low = np.maximum(opens, close) + 0.02, np.minimum(opens, close) - 0.02
    wrong = np.zeros(len(YEARS), dtype=np.bool_)
    wrong[in_cents] = True
    wrong = np.repeat(wrong, 3)
    factor = np.where(wrong, 100, 1)
    prices = [counted((one * factor).round(4)) for one in (opens, high, low, close)]
    return BarColumns(at, *prices, np.full(len(at), 2_000_000_000)), wrong


def of_years(desk: RepairDesk) -> BarColumns:
    """Return what stands of them."""
    asked = SeriesQuery("AAPL", Timeframe.M1, datetime(2018, 1, 1, tzinfo=UTC), AFTER)
    return PostgresSeriesReader(desk.database).read(asked)


def test_what_is_wrong_across_the_edge_of_a_window_is_repaired_from_end_to_end(
    desk: RepairDesk,
) -> None:
    told, wrong = years(slice(200, 420))
    desk.put(told, ALPACA)

    found = desk.scan()

    right = years(slice(0, 0))[0]
    assert wrong.any()
    assert {one.state for one in found} == {RepairState.APPLIED}
    assert sum(one.repair.bars for one in found) == wrong.sum()
    assert of_years(desk).close == pytest.approx(right.close, rel=1e-4)
    assert desk.scan() == ()


def test_right_minutes_that_are_the_fewer_of_their_window_are_never_moved(
    desk: RepairDesk,
) -> None:
    told, wrong = years(slice(30, 310))
    desk.put(told, ALPACA)

    found = desk.scan()

    assert (of_years(desk).close == told.close)[~wrong].all()
    # A third of all days is wrong: that they are is likely, and for a person to say.
    assert {one.state for one in found} == {RepairState.PROPOSED}
    assert sum(one.repair.bars for one in found) == wrong.sum()


def test_a_split_that_years_were_adjusted_for_twice_is_not_put_right_by_half(
    desk: RepairDesk,
) -> None:
    right, _ = years(slice(0, 0))
    day = YEARS[600]
    before = right.starts_at < micros(day.opens_at)
    # All of it as in the shares after the split: the vendor had adjusted what came before it.
    desk.put(right, ALPACA)
    desk.data.imports.announce(split_file("acme", day.session), "request-1")

    found = desk.scan()

    assert before.any()
    assert {(one.repair.kind, one.state) for one in found} == {
        (RepairKind.SPLIT_APPLIED_TWICE, RepairState.PROPOSED)
    }
    assert "it begins before" in found[0].repair.reason
    assert of_years(desk).equals(right)


class Passing(SetClock):
    """A clock that goes on by nine seconds each time that it is asked."""

    def now(self) -> datetime:
        """Return the time, which is past what one invocation has."""
        self.pass_by(9)
        return super().now()


def test_what_one_invocation_has_no_time_for_is_gone_on_with(desk: RepairDesk) -> None:
    for source in ("alpaca", "massive", "yahoo"):
        desk.put(short(columns(clean())), SeriesKey("AAPL", Timeframe.M1, source))
    desk.service = RepairService(
        PostgresRepairs(desk.database), desk.data.imports, Passing(AFTER), RandomIds()
    )

    found = [desk.look()]
    while found[-1].following:
        found.append(desk.look(after=found[-1].following))

    assert [one.sources for one in found] == [("alpaca",), ("massive",), ("yahoo",)]
    assert [one.looked[0].last - one.looked[0].first for one in found] == 3 * [timedelta(days=3)]

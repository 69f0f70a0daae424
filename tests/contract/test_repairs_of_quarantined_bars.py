"""Repairs of what the gate kept apart: nothing brings a blocked bar into the series but a person's
release of it, and whoever follows the bars hears of each repair and its undoing."""

from collections.abc import Callable

import numpy as np
import pytest

from bifrost.adapters.ids import RandomIds
from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.market.quality_books import (
    PostgresCompleteness,
    PostgresReleases,
)
from bifrost.adapters.postgres.market.quality_reads import PostgresQualityReader
from bifrost.core.errors import ConflictError
from bifrost.data.quality.report import QuarantinedBar
from bifrost.data.quality.service import QualityService
from bifrost.data.repair.stored import RepairRecord, RepairState
from bifrost.data.series.columns import BarColumns, counted, micros
from bifrost.data.series.ports import SeriesKey
from bifrost.data.series.timeframes import Timeframe
from bifrost.events import BarsTaken
from tests.contract.repair_desk import DAYS, FAULTY, RepairDesk, bars, prices, with_hundred


@pytest.fixture
def desk(make_database: Callable[[str], Database]) -> RepairDesk:
    """Data where AAPL and IBM are listed."""
    return RepairDesk(make_database("data"))


@pytest.fixture
def quality(desk: RepairDesk) -> QualityService:
    return QualityService(
        PostgresQualityReader(desk.database),
        PostgresCompleteness(desk.database),
        PostgresReleases(desk.database),
        desk.clock,
        RandomIds(),
    )


def repaired(desk: RepairDesk) -> RepairRecord:
    """A repair of a bar that the gate had kept apart."""
    desk.take(with_hundred())
    assert len(desk.closes()) == len(DAYS) - 1
    (record,) = [one for one in desk.scan() if one.state is RepairState.APPLIED]
    assert desk.closes() == prices().tolist()
    return record


def number_of_apart(desk: RepairDesk) -> int:
    (row,) = desk.data.rows("SELECT quarantine_id FROM data.quarantine")
    found: int = row["quarantine_id"]
    return found


def release(desk: RepairDesk, quality: QualityService, number: int = 0) -> QuarantinedBar:
    desk.clock.pass_by(1)
    return quality.release(
        number or number_of_apart(desk), by="owner-1", reason="a test", correlation_id="request-1"
    )


def test_undoing_a_repair_lets_no_blocked_bar_in(desk: RepairDesk) -> None:
    record = repaired(desk)

    with pytest.raises(ConflictError, match=f"release {number_of_apart(desk)} --reason"):
        desk.undo(record)

    assert desk.closes() == prices().tolist()
    assert desk.service.find(record.repair.repair_id).state is RepairState.APPLIED


def test_its_release_undoes_the_repair_that_stood_over_it(
    desk: RepairDesk, quality: QualityService
) -> None:
    record = repaired(desk)

    release(desk, quality)

    undone = desk.service.find(record.repair.repair_id)
    assert undone.state is RepairState.UNDONE
    assert (undone.steps[-1].by, undone.steps[-1].reason) == ("owner-1", "a test")
    assert desk.closes()[FAULTY] == pytest.approx(100 * prices()[FAULTY])


def test_a_repair_that_a_release_undid_can_be_made_and_undone_again(
    desk: RepairDesk, quality: QualityService
) -> None:
    record = repaired(desk)
    release(desk, quality)

    desk.apply(record)
    assert desk.closes() == prices().tolist()
    desk.undo(record)

    assert desk.closes()[FAULTY] == pytest.approx(100 * prices()[FAULTY])


def test_a_repair_of_several_bars_stands_until_the_last_is_released(
    desk: RepairDesk, quality: QualityService
) -> None:
    desk.take(hundred_times(FAULTY, FAULTY + 1))
    (record,) = desk.scan()

    release(desk, quality, 1)
    assert desk.service.find(record.repair.repair_id).state is RepairState.APPLIED
    with pytest.raises(ConflictError, match=r"release 2 --reason"):
        desk.undo(record)
    release(desk, quality, 2)

    assert desk.service.find(record.repair.repair_id).state is RepairState.UNDONE


def test_what_is_left_of_a_repair_after_a_release_is_undone(
    desk: RepairDesk, quality: QualityService
) -> None:
    both = hundred_times(FAULTY, FAULTY + 1)
    desk.put(both.take(np.arange(len(DAYS)) != FAULTY))
    desk.take(both)
    (record,) = desk.scan()

    release(desk, quality, 1)
    assert desk.service.find(record.repair.repair_id).state is RepairState.APPLIED
    undone = desk.undo(record)

    assert undone.state is RepairState.UNDONE
    raw = 100 * prices()[FAULTY : FAULTY + 2]
    assert desk.closes()[FAULTY : FAULTY + 2] == pytest.approx(raw)


def test_a_repair_and_its_undoing_are_told_like_any_bars(desk: RepairDesk) -> None:
    desk.put(with_hundred())
    before = len(desk.data.published())

    (record,) = desk.scan()
    desk.undo(record)

    made, undone = (one for one in desk.data.published()[before:] if isinstance(one, BarsTaken))
    assert (made.instrument, made.provider, made.written) == ("AAPL", "yahoo", 1)
    assert (made.first, made.last) == (DAYS[FAULTY].opens_at, DAYS[FAULTY].opens_at)
    assert (undone.written, undone.correlation_id) == (1, "request-1")
    assert made.event_id != undone.event_id


def test_what_its_vendor_corrected_since_is_reported_no_more(
    desk: RepairDesk, quality: QualityService
) -> None:
    desk.take(with_hundred())
    day = DAYS[FAULTY].session
    assert len(quality.report(first=day, last=day).quarantined) == 1

    desk.take(bars())

    report = quality.report(first=day, last=day)
    assert list(report.quarantined) == []
    assert [one.quarantined for one in report.days if one.timeframe == "1d"] == [0]


def test_what_its_vendor_corrected_since_is_not_released_over_the_right_bar(
    desk: RepairDesk, quality: QualityService
) -> None:
    desk.take(with_hundred())
    desk.take(bars())

    with pytest.raises(ConflictError, match=rf"close {prices()[FAULTY]}"):
        release(desk, quality)

    assert desk.closes() == prices().tolist()


def test_a_minute_that_was_corrected_since_is_dealt_with_too(
    desk: RepairDesk, quality: QualityService
) -> None:
    key = SeriesKey("AAPL", Timeframe.M1, "alpaca")
    desk.take(minutes(factor=100), key)
    day = DAYS[10].session
    assert len(quality.report(first=day, last=day).quarantined) == 1

    desk.take(minutes(factor=1), key)

    assert list(quality.report(first=day, last=day).quarantined) == []
    with pytest.raises(ConflictError, match=r"alpaca has corrected this bar since.*close 100\.3,"):
        release(desk, quality)


def minutes(factor: int) -> BarColumns:
    """An hour of minutes; the prices of the thirtieth are multiplied."""
    starts = micros(DAYS[10].opens_at) + np.arange(60, dtype=np.int64) * 60_000_000
    close = 100 + np.arange(60.0) / 100
    close[30] *= factor
    prices = (counted((close + more).round(6)) for more in (0, 0.02, -0.02, 0))
    return BarColumns(*(starts, *prices, counted(1000.0 + np.arange(60.0))))


def hundred_times(*places: int) -> BarColumns:
    factor = np.ones(len(DAYS))
    factor[list(places)] = 100.0
    return bars(factor)

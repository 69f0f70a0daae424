"""Repairs of stored bars: what is sure is made as a revision that names its repair, the rest is
proposed; what was made is undone and made again; nothing is overwritten, and what was known before
a repair stays what was known.
"""

from collections.abc import Callable
from datetime import timedelta

import numpy as np
import psycopg
import pytest

from bifrost.adapters.postgres.database import Database
from bifrost.core.errors import ConflictError, InvalidInputError, NotFoundError
from bifrost.data.repair.kinds import RepairKind
from bifrost.data.repair.stored import RepairQuery, RepairState
from bifrost.data.series.ports import SeriesKey
from bifrost.data.series.timeframes import Timeframe
from tests.contract.repair_desk import (
    DAYS,
    FAULTY,
    RepairDesk,
    bars,
    prices,
    with_hundred,
)


@pytest.fixture
def desk(make_database: Callable[[str], Database]) -> RepairDesk:
    """Data where AAPL and IBM are listed."""
    return RepairDesk(make_database("data"))


def test_a_sure_repair_is_made_as_a_revision_that_names_it(desk: RepairDesk) -> None:
    desk.put(with_hundred())

    (record,) = desk.scan()

    assert record.state is RepairState.APPLIED
    assert record.repair.kind is RepairKind.UNIT_ERROR
    assert record.repair.sessions == [DAYS[FAULTY].session]
    assert desk.closes() == prices().tolist()
    rows = desk.data.rows(
        "SELECT close, repair_id FROM data.bars WHERE instrument = 'AAPL'"
        f" AND session = '{DAYS[FAULTY].session}' ORDER BY recorded_at"
    )
    assert [row["repair_id"] for row in rows] == [None, record.repair.repair_id]
    assert float(rows[0]["close"]) == pytest.approx(100 * prices()[FAULTY])


def test_what_was_recorded_before_the_repair_stays_what_was_known(desk: RepairDesk) -> None:
    desk.put(with_hundred())
    before = desk.clock.now()
    desk.clock.pass_by(60)

    desk.scan()

    assert desk.closes(before)[FAULTY] == pytest.approx(100 * prices()[FAULTY])
    assert desk.closes()[FAULTY] == pytest.approx(prices()[FAULTY])


def test_scanning_again_finds_nothing_new(desk: RepairDesk) -> None:
    desk.put(with_hundred())
    desk.scan()

    assert desk.scan() == ()
    assert len(desk.service.listing(RepairQuery(), after=0, limit=10)) == 1


def test_what_the_vendor_sends_again_leaves_the_repair_standing(desk: RepairDesk) -> None:
    desk.put(with_hundred())
    desk.scan()

    desk.put(with_hundred())

    assert desk.closes() == prices().tolist()


def test_a_repair_is_undone_by_the_raw_values_and_made_again(desk: RepairDesk) -> None:
    desk.put(with_hundred())
    (record,) = desk.scan()

    undone = desk.undo(record)

    assert [step.state.value for step in undone.steps] == ["proposed", "applied", "undone"]
    assert (undone.steps[-1].by, undone.steps[-1].reason) == ("owner-1", "a test")
    assert desk.closes()[FAULTY] == pytest.approx(100 * prices()[FAULTY])
    assert desk.apply(record).state is RepairState.APPLIED
    assert desk.closes() == prices().tolist()


def test_a_scan_makes_no_repair_that_somebody_undid(desk: RepairDesk) -> None:
    desk.put(with_hundred())
    (record,) = desk.scan()
    desk.undo(record)

    (again,) = desk.scan()

    assert again.repair.repair_id == record.repair.repair_id
    assert again.state is RepairState.UNDONE
    assert desk.closes()[FAULTY] == pytest.approx(100 * prices()[FAULTY])


def test_a_repair_is_undone_once_and_made_once(desk: RepairDesk) -> None:
    desk.put(with_hundred())
    (record,) = desk.scan()

    with pytest.raises(ConflictError, match="applied already"):
        desk.apply(record)
    desk.undo(record)
    with pytest.raises(ConflictError, match="is undone"):
        desk.undo(record)


def test_a_repair_of_bars_that_changed_since_is_refused(desk: RepairDesk) -> None:
    desk.put(with_hundred())
    (record,) = desk.scan()
    desk.undo(record)
    desk.put(bars())

    with pytest.raises(ConflictError, match="no longer what"):
        desk.apply(record)


def test_an_undoing_beneath_a_later_correction_is_refused(desk: RepairDesk) -> None:
    desk.put(with_hundred())
    (record,) = desk.scan()
    desk.put(bars(1.01))

    with pytest.raises(ConflictError, match="changed since"):
        desk.undo(record)


def test_a_fault_of_the_newest_bar_waits_for_the_bar_that_tells(desk: RepairDesk) -> None:
    whole = with_hundred()
    desk.put(whole.take(slice(FAULTY + 1)))

    (newest,) = desk.scan()
    desk.put(whole)
    (told,) = desk.scan()

    assert (newest.state, told.state) == (RepairState.PROPOSED, RepairState.APPLIED)
    assert newest.repair.repair_id == told.repair.repair_id
    assert desk.closes() == prices().tolist()


def test_a_dry_run_keeps_nothing(desk: RepairDesk) -> None:
    desk.put(with_hundred())

    (record,) = desk.scan(dry_run=True)

    assert record.state is RepairState.PROPOSED
    assert desk.service.listing(RepairQuery(), after=0, limit=10) == []
    assert desk.closes()[FAULTY] == pytest.approx(100 * prices()[FAULTY])


def test_a_person_s_own_file_is_looked_at_and_repaired_only_when_that_person_asks(
    desk: RepairDesk,
) -> None:
    desk.put(with_hundred(), SeriesKey("AAPL", Timeframe.D1, "csv"))

    (found,) = desk.scan()
    assert (found.state, desk.closes()[FAULTY]) == (
        RepairState.PROPOSED,
        pytest.approx(100 * prices()[FAULTY]),
    )
    (record,) = desk.scan(source="csv")

    assert record.state is RepairState.APPLIED
    assert desk.closes() == prices().tolist()


def test_a_doubtful_repair_is_proposed_and_a_person_makes_it(desk: RepairDesk) -> None:
    factor = np.ones(len(DAYS))
    factor[: len(DAYS) // 2] = 100.0
    desk.put(bars(factor))

    (record,) = desk.scan()

    assert record.state is RepairState.PROPOSED
    assert record.repair.score < 0.7
    assert desk.closes()[0] == pytest.approx(100 * prices()[0])
    assert desk.apply(record).state is RepairState.APPLIED


def test_a_bar_that_the_gate_kept_apart_is_repaired_and_stands(desk: RepairDesk) -> None:
    desk.take(with_hundred())
    assert len(desk.closes()) == len(DAYS) - 1

    (record,) = desk.scan()

    assert record.state is RepairState.APPLIED
    assert desk.closes() == prices().tolist()


def test_repairs_are_listed_by_instrument_kind_and_state(desk: RepairDesk) -> None:
    desk.put(with_hundred())
    (record,) = desk.scan()

    listing = desk.service.listing

    assert [one.place for one in listing(RepairQuery("AAPL"), after=0, limit=5)] == [record.place]
    assert listing(RepairQuery("IBM"), after=0, limit=5) == []
    assert len(listing(RepairQuery(kind=RepairKind.UNIT_ERROR), after=0, limit=5)) == 1
    assert listing(RepairQuery(state=RepairState.UNDONE), after=0, limit=5) == []
    assert listing(RepairQuery(), after=record.place, limit=5) == []
    assert desk.service.find(record.repair.repair_id).repair == record.repair


def test_what_is_unknown_is_said_so(desk: RepairDesk) -> None:
    with pytest.raises(NotFoundError, match="NONE"):
        desk.look("NONE")
    with pytest.raises(NotFoundError, match="repair-0"):
        desk.service.find("repair-0")
    with pytest.raises(InvalidInputError, match="has told no bars of IBM; nobody has"):
        desk.look("IBM", source="yahoo")
    with pytest.raises(InvalidInputError, match="no bars of 5m are stored of IBM"):
        desk.look("IBM", timeframe=Timeframe.M5)


@pytest.mark.parametrize("table", ["repairs", "repair_steps"])
def test_repairs_and_their_steps_are_never_rewritten(desk: RepairDesk, table: str) -> None:
    desk.put(with_hundred())
    desk.scan()

    for change in (f"UPDATE data.{table} SET reason = 'other'", f"DELETE FROM data.{table}"):
        with (
            pytest.raises(psycopg.errors.InsufficientPrivilege),
            desk.database.transaction() as cursor,
        ):
            cursor.execute(change)


def test_a_repair_says_when_it_could_first_be_made(desk: RepairDesk) -> None:
    desk.put(with_hundred())

    (record,) = desk.scan()

    assert record.repair.known_from == DAYS[FAULTY + 1].session
    assert record.repair.recorded_at - desk.clock.now() < timedelta(seconds=1)

"""A vendor's file with a fault, imported as anybody imports it: the fault is found in what is
stored, what is made reads as the file that people mended, and is undone to what was. The mended
file is left alone.

Adjusted closes are stored nowhere: a desk computes its own, so a fault of theirs is none here.
"""

from collections.abc import Callable
from datetime import date

import numpy as np
import pytest

from bifrost.adapters.calendars import xnys
from bifrost.adapters.postgres.database import Database
from bifrost.core.errors import ConflictError
from bifrost.data.providers.csv_file import read_csv
from bifrost.data.repair.kinds import RepairKind
from bifrost.data.repair.stored import RepairState
from bifrost.data.series.asked import Adjustment
from bifrost.data.series.timeframes import Timeframe
from tests.contract.pair_desk import FAULTY, MENDED, Pair, PairDesk, days_of, made_up, real

# Six decimal places are kept of what traded; single floats have seven digits.
RELATIVE, ABSOLUTE = 1e-5, 2e-6
# Two dividends that are told so many days apart are one.
NEAR = 7
ITS_YEARS = (date(2021, 1, 4), date(2024, 12, 31))
# The day before an ex-date of theirs is no session of XNYS, and its close is not kept.
CLOSED_IN_NEW_YORK = {"1398-HK": 2e-3, "TEM-L": 3e-4}

Named = Callable[[], Pair]
BARS: dict[str, tuple[Named, RepairKind]] = {
    "4063-T": (lambda: real("4063-T-1d-bad-stock-split"), RepairKind.SPLIT_NOT_APPLIED),
    "AET-L": (lambda: real("AET-L-1d-100x-error"), RepairKind.UNIT_ERROR),
    "DEX-AX": (lambda: real("DEX-AX-1d-bad-stock-split"), RepairKind.SPLIT_NOT_APPLIED),
    "MOB-ST": (lambda: real("MOB-ST-1d-bad-stock-split"), RepairKind.SPLIT_NOT_APPLIED),
    "a block in pence": (lambda: made_up("hundred_in_a_block", 1), RepairKind.UNIT_ERROR),
    "a split left out": (
        lambda: made_up("split_not_applied_before", 1),
        RepairKind.SPLIT_NOT_APPLIED,
    ),
    "a split applied twice": (
        lambda: made_up("split_applied_twice", 1),
        RepairKind.SPLIT_APPLIED_TWICE,
    ),
}
AMENDED: dict[str, Named] = {
    "ABDP-L": lambda: real("ABDP-L-1d-bad-div"),
    "dividends in pence": lambda: made_up("hundredfold_dividends", 1),
}
TOLD_TWICE: dict[str, Named] = {
    "KAP-IL": lambda: real("KAP-IL-1d-bad-div"),
    "TEM-L": lambda: real("TEM-L-1d-bad-div"),
    "a dividend told twice": lambda: made_up("duplicate_told", 1),
}
ADJUSTED: dict[str, Named] = {
    "1398-HK": lambda: real("1398-HK-1d-bad-div"),
    "an adjustment left out": lambda: made_up("not_adjusted", 1),
}


@pytest.fixture
def imported(make_database: Callable[[str], Database]) -> Callable[[Pair], PairDesk]:
    """Import both files of a pair."""
    return lambda pair: PairDesk(make_database("data"), pair)


Imported = Callable[[Pair], PairDesk]


@pytest.mark.parametrize("name", BARS)
def test_bars_are_repaired_as_people_mended_them(imported: Imported, name: str) -> None:
    pair, kind = BARS[name]
    desk = imported(pair())
    desk.believe_splits()

    found = desk.look()
    # What was right among wrong bars is apart until somebody lets it in.
    desk.release_all()

    assert {(one.repair.kind, one.state) for one in found.records} == {(kind, RepairState.APPLIED)}
    assert found.suspicions == ()
    assert days_of(desk.raw()) == days_of(desk.raw(MENDED))
    assert differing(desk) == {}
    assert desk.look().records == ()
    assert (desk.look(MENDED).records, desk.look(MENDED).suspicions) == ((), ())


@pytest.mark.parametrize("name", BARS)
def test_undone_it_is_what_was_imported_or_stays_where_the_gate_blocked_that(
    imported: Imported, name: str
) -> None:
    pair, _ = BARS[name]
    desk = imported(pair())
    desk.believe_splits()
    before = desk.raw()
    records = desk.look().records
    made = desk.raw()

    was_stored = len(made) == len(before)
    if was_stored:
        for one in records:
            desk.undo(one)
        assert desk.raw().equals(before)
        for one in records:
            desk.apply(one)
    else:
        with pytest.raises(ConflictError, match="is quarantined"):
            desk.undo(records[0])

    assert desk.raw().equals(made)


def differing(desk: PairDesk) -> dict[str, list[date]]:
    """Return, by column, the sessions on which what is read is not what the mended file says."""
    read, right = desk.read(FAULTY, Adjustment.SPLITS), desk.pair.right
    days = days_of(read)
    places = np.searchsorted(right.sessions, np.array(days, dtype="datetime64[D]"))
    found = {}
    for name in ("open", "high", "low", "close", "volume"):
        # A volume that a split had divided has lost its last digits.
        relative = 1e-4 if name == "volume" else RELATIVE
        wanted = right.column(name)[places]
        same = np.isclose(read.prices(name), wanted, rtol=relative, atol=ABSOLUTE)
        if not same.all():
            found[name] = [day for day, is_same in zip(days, same, strict=True) if not is_same]
    return found


def test_a_split_that_the_file_alone_tells_is_held_until_somebody_else_tells_it(
    imported: Imported,
) -> None:
    desk = imported(made_up("split_not_applied_before", 1))
    before = desk.raw()

    alone = desk.look()

    assert alone.records == ()
    assert [one.kind for one in alone.suspicions] == [RepairKind.PHANTOM_SPLIT]
    assert "claimed by yahoo alone" in alone.suspicions[0].reason
    assert desk.raw().equals(before)


def test_a_price_that_its_split_takes_below_six_decimals_is_rejected_as_it_comes(
    imported: Imported,
) -> None:
    """ALPHA told 0.0001 of shares of which 10,000 became one: nothing is left of it."""
    pair = real("ALPHA-PA-1d-bad-stock-split")
    desk = imported(pair)
    desk.believe_splits()

    found = desk.look()

    read = read_csv(pair.told, Timeframe.D1, list(xnys.sessions(*ITS_YEARS))).bars
    small = [one.line for one in read.rejected if "half a millionth" in one.reason]
    days = [pair.told.decode().splitlines()[line - 1][:10] for line in small]
    assert days == ["2023-05-08"]
    assert (found.records, found.suspicions) == ((), ())
    assert date(2023, 5, 8) not in days_of(desk.raw())
    assert (desk.look(MENDED).records, desk.look(MENDED).suspicions) == ((), ())


@pytest.mark.parametrize("name", AMENDED)
def test_dividends_in_other_units_are_proposed_and_then_what_people_mended(
    imported: Imported, name: str
) -> None:
    desk = imported(AMENDED[name]())
    before = desk.raw()

    found = desk.look()
    assert {(one.repair.kind, one.state) for one in found.records} == {
        (RepairKind.DIVIDEND_UNIT_ERROR, RepairState.PROPOSED)
    }
    assert {one.repair.source for one in found.records} == {"yahoo"}
    assert desk.published() == {}
    for one in found.records:
        desk.apply(one)

    mended = desk.dividends(MENDED)
    assert desk.published() == {day: pytest.approx(mended[day]) for day in desk.dividends(FAULTY)}
    assert desk.raw().equals(before)
    desk.undo(found.records[0])
    assert len(desk.published()) == len(mended) - 1
    assert desk.look(MENDED).records == ()


@pytest.mark.parametrize("name", TOLD_TWICE)
def test_a_dividend_that_is_told_twice_is_the_one_that_people_took_out(
    imported: Imported, name: str
) -> None:
    desk = imported(TOLD_TWICE[name]())

    found = desk.look()

    taken_out = desk.dividends(FAULTY).keys() - desk.dividends(MENDED).keys()
    assert {(one.kind, one.session) for one in found.suspicions} == {
        (RepairKind.DUPLICATE_DIVIDEND, day) for day in taken_out
    }
    assert "its claim is held" in found.suspicions[0].reason
    assert (found.records, desk.published()) == ((), {})
    assert (desk.look(MENDED).records, desk.look(MENDED).suspicions) == ((), ())


def test_two_dividends_of_one_amount_are_shown_and_a_person_tells_which(
    imported: Imported,
) -> None:
    desk = imported(real("SAND-1d-bad-div"))

    found = desk.look()

    (taken_out,) = desk.dividends(FAULTY).keys() - desk.dividends(MENDED).keys()
    (one,) = found.suspicions
    assert one.kind is RepairKind.DUPLICATE_DIVIDEND
    assert abs(one.session - taken_out).days <= NEAR
    assert found.records == ()
    assert (desk.look(MENDED).records, desk.look(MENDED).suspicions) == ((), ())


@pytest.mark.parametrize("name", ADJUSTED)
def test_an_adjustment_that_a_vendor_left_out_is_no_fault_of_a_desk(
    imported: Imported, name: str
) -> None:
    desk = imported(ADJUSTED[name]())

    found = desk.look()

    assert (found.records, found.suspicions) == ((), ())


@pytest.mark.parametrize("name", [*ADJUSTED, *AMENDED, *TOLD_TWICE])
def test_closes_adjusted_by_the_desk_are_those_of_the_mended_file(
    imported: Imported, name: str
) -> None:
    desk = imported((ADJUSTED | AMENDED | TOLD_TWICE)[name]())

    desk.believe_dividends()

    read, right = desk.read(FAULTY, Adjustment.ALL), desk.pair.right
    places = np.searchsorted(right.sessions, np.array(days_of(read), dtype="datetime64[D]"))
    within = CLOSED_IN_NEW_YORK.get(name, RELATIVE)
    assert np.allclose(read.prices("close"), right.adjusted_close[places], rtol=within)

"""Which bars of vendors' real files the gate keeps apart, exactly, and why: each of them is wrong.

Lean's daily files (1998 to 2021) hold misprints of the tape. Most that are kept apart are told
otherwise by a second source: bokeh_sampledata has the same days of AAPL, IBM and GOOG, and SPY
follows the S&P 500 of arch.data, as IWM did on its day. Crashes that were real (2001-09-17,
2008-10, 2010-05-06, 2015-08-24, 2020-03) lose no bar. The files are not ours to ship: where they
are not, these tests are skipped.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise

import numpy as np
import pytest

from bifrost.core.sessions import exchange_date
from bifrost.data.files.lean_actions import factor_actions, read_factor_file
from bifrost.data.providers.lean_zip import daily_bars, minute_bars, open_zip
from bifrost.data.quality.context import GateContext, SessionGrid
from bifrost.data.quality.defects import Defect, DefectKind
from bifrost.data.quality.gate import judge
from bifrost.data.quality.issuer_steps import steps_of
from bifrost.data.reference.holders import parted
from bifrost.data.reference.map_files import instrument_of, map_terms, read_map_file
from bifrost.data.series.columns import BarColumns, instant_of
from bifrost.data.series.timeframes import Timeframe
from tests.clean_series import clean, sessions
from tests.shared_data import shared_data

FOLDER = "daily_corporate_actions/lean"
DAYS = sessions(date(1998, 1, 2), date(2021, 12, 31))
NOW = datetime(2026, 11, 21, tzinfo=UTC)

# By instrument, the days that are kept apart; by day, the price that was never paid.
MISPRINTS = {
    "AAPL": {
        # A tenth of the price: 18.162 became 10.59, 24.035 became 25.30, 32.484 became 32.65.
        "2009-09-21": "low",
        "2010-08-31": "low",
        "2011-01-03": "low",
        # 139.91 where the day's low was 154.67.
        "2017-05-12": "low",
    },
    "GOOGL": {
        "2007-12-18": "low",
        # 0.01, and a close of 294.57: trades that Nasdaq cancelled; the close was 400.52.
        "2008-09-30": "low",
    },
    "IBM": {
        # Twice the price: 159.58 where 79.75 was paid.
        "2002-12-23": "open",
        "2004-04-30": "high",
    },
    # 156.51 on a day between 73.95 and 79: twice the price.
    "IWM": {"2008-09-19": "high"},
    # Tens away from what the index did that day, by 5.5 to 25 %.
    "SPY": {
        "1999-05-21": "low",
        "2000-12-18": "open",
        "2002-01-28": "low",
        "2002-04-02": "high",
        "2002-06-06": "high",
        "2003-09-05": "high",
        "2004-02-11": "low",
        "2004-03-09": "low",
        "2004-05-21": "low",
        "2004-07-30": "low",
        "2004-08-02": "low",
        "2004-08-04": "low",
        "2004-08-10": "high",
        "2004-08-20": "low",
        "2004-08-23": "low",
        "2004-10-19": "low",
        "2004-10-22": "low",
        "2004-12-20": "low",
        "2005-08-05": "high",
        "2005-09-06": "low",
        "2005-10-27": "low",
        "2006-02-09": "high",
        "2006-10-05": "low",
        "2007-01-25": "low",
    },
}
# True, and odd: crude fell by a quarter on one Sunday, and 4 for 3 would look the same.
FLAGGED = {"USO": {("2020-03-09", DefectKind.MISSED_SPLIT)}}
SYMBOLS = ("aapl", "fb", "goog", "googl", "ibm", "iwm", "spy", "uso")
NAMES = {"GOOGL": "GOOG", "SPY": "S&P 500"}


@lru_cache
def parts(symbol: str) -> tuple[tuple[str, BarColumns], ...]:
    """Return a symbol's daily bars by the instruments that had it."""
    bars = daily_bars(open_zip(read(f"daily/{symbol}.zip")), DAYS).bars
    folder = shared_data(f"{FOLDER}/map_files")
    terms = [
        term
        for path in sorted(folder.glob("*.csv"))
        for term in map_terms(instrument_of(path.name), read_map_file(path.read_bytes()), NOW)
    ]
    days = [exchange_date(instant_of(int(at))) for at in bars.starts_at]
    return tuple(
        (part.instrument, bars.take(part.places))
        for part in parted(symbol.upper(), days, terms)
        if part.instrument is not None
    )


def read(path: str) -> bytes:
    """Read a file of Lean's folder."""
    return shared_data(f"{FOLDER}/{path}").read_bytes()


def found_in(instrument: str, bars: BarColumns, *, actions: bool) -> list[Defect]:
    """Judge a series as an import does, with what its factor file tells or without."""
    steps = ()
    if actions:
        next_session = dict(pairwise(one.session for one in DAYS))
        path = f"factor_files/{instrument.partition('.')[0].lower()}.csv"
        told = factor_actions(
            instrument, read_factor_file(read(path)), next_session.__getitem__, currency="USD"
        )
        steps = steps_of(told, bars)
    grid = SessionGrid.of(DAYS)
    return judge(bars, GateContext(Timeframe.D1, grid, NOW, steps=steps, tick_size=Decimal("0.01")))


def days_of(found: list[Defect]) -> Iterator[tuple[str, DefectKind]]:
    """Name what was found."""
    return ((str(one.session), one.kind) for one in found)


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_what_is_kept_apart_of_a_daily_file_is_its_misprints_and_nothing_else(symbol: str) -> None:
    for instrument, bars in parts(symbol):
        found = found_in(instrument, bars, actions=True)

        wrong = {(day, DefectKind.BAD_TICK) for day in MISPRINTS.get(instrument, {})}
        if symbol == "goog" and instrument == "GOOG":
            wrong = set()
        blocked = [one for one in found if one.blocks]
        of_range = range_of(bars)
        assert set(days_of(blocked)) == {one for one in wrong if one[0] in of_range}
        rest = set(days_of([one for one in found if not one.blocks]))
        assert rest == {one for one in FLAGGED.get(instrument, set()) if one[0] in of_range}


def range_of(bars: BarColumns) -> set[str]:
    """Return the days that bars are of."""
    return {str(exchange_date(instant_of(int(at)))) for at in bars.starts_at}


@pytest.mark.parametrize("symbol", ["aapl", "goog", "googl", "ibm", "spy", "uso"])
def test_file_whose_splits_are_not_known_yet_loses_no_bar_more(symbol: str) -> None:
    for instrument, bars in parts(symbol):
        blocked = [one for one in found_in(instrument, bars, actions=False) if one.blocks]

        told = set(MISPRINTS.get(instrument, {})) & range_of(bars)
        assert {str(one.session) for one in blocked} <= told


@pytest.mark.parametrize("instrument", ["AAPL", "GOOGL", "IBM"])
def test_second_source_tells_each_misprint_otherwise(instrument: str) -> None:
    symbol = "goog" if instrument == "GOOGL" else instrument.lower()
    known, others = clean(NAMES.get(instrument, instrument))
    places = {str(one.session): place for place, one in enumerate(known)}
    for day, price in MISPRINTS[instrument].items():
        if day in places:  # it ends with March 2013
            other = getattr(others, price)[places[day]]
            assert abs(price_of(instrument, symbol, day, price) / other - 1) > 0.1, day


def test_index_went_nowhere_near_the_misprints_of_spy() -> None:
    known, index = clean("S&P 500")
    places = {str(one.session): place for place, one in enumerate(known)}
    for day, price in MISPRINTS["SPY"].items():
        place = places[day]
        scale = price_of("SPY", "spy", day, "close") / index.close[place]
        paid = price_of("SPY", "spy", day, price)
        least, most = index.low[place] * scale, index.high[place] * scale
        assert paid < least * 0.95 or paid > most * 1.05, day


def test_index_rose_by_five_per_cent_where_iwm_is_said_to_have_doubled() -> None:
    known, index = clean("S&P 500")
    place = next(i for i, one in enumerate(known) if one.session == date(2008, 9, 19))

    assert index.high[place] / index.close[place - 1] < 1.05
    paid = price_of("IWM", "iwm", "2008-09-19", "high")
    assert paid / price_of("IWM", "iwm", "2008-09-18", "close") > 2


def price_of(instrument: str, symbol: str, day: str, price: str) -> int:
    """Return what the file says."""
    bars = next(
        bars for name, bars in parts(symbol) if name == instrument and day in range_of(bars)
    )
    days = np.array([str(exchange_date(instant_of(int(at)))) for at in bars.starts_at])
    return int(getattr(bars, price)[days == day][0])


@pytest.mark.parametrize("symbol", ["aapl", "ibm", "iwm", "spy"])
@pytest.mark.parametrize(
    "day", ["2001-09-17", "2008-10-10", "2010-05-06", "2015-08-24", "2020-03-16"]
)
def test_day_on_which_everything_fell_is_believed(symbol: str, day: str) -> None:
    ((instrument, bars),) = parts(symbol)

    found = found_in(instrument, bars, actions=True)

    assert day in range_of(bars)
    assert [one for one in found if str(one.session) == day] == []


def minutes_of(symbol: str, days: list[str]) -> BarColumns:
    """Return the minutes of some days, one after the other."""
    folder = f"minute_bars/lean_us_equity/{symbol}"
    files = [shared_data(f"{folder}/{day}_trade.zip").read_bytes() for day in days]
    return BarColumns.concatenated([minute_bars(open_zip(one)).bars for one in files])


def test_minute_that_mixes_prices_before_and_after_a_split_is_the_only_one_kept_apart() -> None:
    """AAPL at 04:00 of 2014-06-09: its open and high are Friday's 645.57, its close is 92.42."""
    bars = minutes_of("aapl", ["20140605", "20140606", "20140609"])
    days = sessions(date(2014, 6, 5), date(2014, 6, 9))
    told = factor_actions(
        "AAPL",
        read_factor_file(read("factor_files/aapl.csv")),
        dict(pairwise(one.session for one in DAYS)).__getitem__,
        currency="USD",
    )
    known = GateContext(
        Timeframe.M1, SessionGrid.of(days), NOW, extended=True, steps=steps_of(told, bars)
    )

    (found,) = judge(bars, known)

    assert (found.kind, found.blocks, instant_of(found.at or 0)) == (
        DefectKind.BAD_TICK,
        True,
        datetime(2014, 6, 9, 8, 0, tzinfo=UTC),
    )
    assert "its open lies 598.5 %" in found.reason
    (odd,) = judge(bars, replace(known, steps=()))
    assert (odd.kind, odd.blocks, odd.place) == (DefectKind.JUMP, False, found.place)


def test_minutes_of_a_day_in_2023_raise_no_alarm() -> None:
    bars = minutes_of("spy", ["20230803"])
    day = sessions(date(2023, 8, 3), date(2023, 8, 3))

    assert judge(bars, GateContext(Timeframe.M1, SessionGrid.of(day), NOW, extended=True)) == []

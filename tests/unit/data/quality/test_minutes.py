"""Minutes: vendors' own good files lose no bar, and faults put among quiet minutes are all found.

The vendors' files are not ours to ship: their tests say where they were sought.
"""

import csv
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from bifrost.core.sessions import EXCHANGE, Session
from bifrost.data.ingest.expected import bars_expected, stretches
from bifrost.data.providers.lean_zip import minute_bars, open_zip
from bifrost.data.quality.context import GateContext, SessionGrid
from bifrost.data.quality.defects import Defect, DefectKind
from bifrost.data.quality.gate import judge
from bifrost.data.series.columns import PRICES, BarColumns, Integers, counted, micros
from bifrost.data.series.timeframes import Timeframe
from tests.clean_series import sessions
from tests.shared_data import shared_data

DAYS = sessions(date(2012, 1, 3), date(2012, 3, 30))
MINUTE = 60_000_000
OF_EACH = 1000
APART = 21


def quiet() -> BarColumns:
    """Every regular minute of three months, a walk of 0.05 % a minute."""
    chance = np.random.default_rng(1)
    starts = np.concatenate(
        [np.arange(micros(one.opens_at), micros(one.closes_at), MINUTE) for one in DAYS]
    )
    close = 100 * np.exp(np.cumsum(chance.normal(0, 0.0005, len(starts))))
    open_ = np.r_[100, close[:-1]] * np.exp(chance.normal(0, 0.0001, len(starts)))
    high = np.maximum(open_, close) * np.exp(np.abs(chance.normal(0, 0.0002, len(starts))))
    low = np.minimum(open_, close) * np.exp(-np.abs(chance.normal(0, 0.0002, len(starts))))
    volume = np.rint(1e4 * np.exp(chance.normal(0, 0.5, len(starts))))
    prices = (counted(one.round(2)) for one in (open_, high, low, close))
    return BarColumns(starts, *prices, counted(volume))


BARS = quiet()
PLACES = 100 + APART * np.arange(OF_EACH)


def context_of(days: tuple[Session, ...], *, extended: bool = False) -> GateContext:
    """What the gate knows of these sessions."""
    received = days[-1].closes_at + timedelta(hours=5)
    grid = SessionGrid.of(days)
    return GateContext(Timeframe.M1, grid, received, extended=extended)


def found_at(found: list[Defect], kind: DefectKind) -> set[int]:
    """Return the places of a kind."""
    return {one.place for one in found if one.kind is kind and one.place is not None}


def blocked(found: list[Defect]) -> set[int]:
    """Return the places that are blocked."""
    return {one.place for one in found if one.blocks and one.place is not None}


def test_quiet_minutes_raise_no_alarm() -> None:
    assert len(BARS) > 24_000
    assert judge(BARS, context_of(DAYS)) == []


def test_a_thousand_missing_minutes_are_a_thousand_gaps() -> None:
    keep = np.ones(len(BARS), dtype=bool)
    keep[PLACES] = False

    expected = bars_expected(DAYS, Timeframe.M1, DAYS[0].opens_at, DAYS[-1].closes_at)

    assert judge(BARS.take(keep), context_of(DAYS)) == []
    gaps = [(start, start, 1) for start in BARS.starts_at[PLACES].tolist()]
    assert stretches(expected, BARS.starts_at[keep]) == gaps


def moved(name: str, factor: Integers | float) -> BarColumns:
    """Multiply one price of each of the thousand bars, its range following."""
    columns = {one: getattr(BARS, one).copy() for one in PRICES}
    columns[name][PLACES] = np.rint(columns[name][PLACES] * factor).astype(np.int64)
    columns["high"] = np.maximum.reduce([columns["high"], columns["open"], columns["close"]])
    columns["low"] = np.minimum.reduce([columns["low"], columns["open"], columns["close"]])
    return replace(BARS, **columns)


@pytest.mark.parametrize(("name", "factor"), [("high", 1.05), ("low", 0.95), ("close", 1.04)])
def test_a_thousand_prices_that_stand_alone_are_blocked_and_no_other(
    name: str, factor: float
) -> None:
    found = judge(moved(name, factor), context_of(DAYS))

    assert found_at(found, DefectKind.BAD_TICK) == set(PLACES)
    assert blocked(found) == set(PLACES)


@pytest.mark.parametrize("factor", [0.9, 1.1, 100])
def test_a_thousand_bars_apart_from_their_neighbours_are_blocked_and_no_other(
    factor: float,
) -> None:
    columns = {one: getattr(BARS, one).copy() for one in PRICES}
    for column in columns.values():
        column[PLACES] = np.rint(column[PLACES] * factor).astype(np.int64)

    found = judge(replace(BARS, **columns), context_of(DAYS))

    assert blocked(found) == set(PLACES)


def test_session_that_is_a_copy_of_another_is_blocked() -> None:
    columns = {one: getattr(BARS, one).copy() for one in (*PRICES, "volume")}
    for column in columns.values():
        column[3900:4290] = column[1950:2340]

    found = judge(replace(BARS, **columns), context_of(DAYS))

    assert found_at(found, DefectKind.REPEATED) == set(range(3900, 4290))


def test_frozen_half_hour_is_blocked_from_its_second_minute_on() -> None:
    columns = {one: getattr(BARS, one).copy() for one in (*PRICES, "volume")}
    for column in columns.values():
        column[1001:1030] = column[1000]

    found = judge(replace(BARS, **columns), context_of(DAYS))

    assert found_at(found, DefectKind.STALE) == set(range(1001, 1030))


@pytest.mark.parametrize("symbol", ["AAPL", "JPM", "MSFT", "SPY", "TSLA"])
def test_good_minutes_of_2019_lose_no_bar(symbol: str) -> None:
    """What is flagged is true: two minutes have no volume."""
    bars = ended_minutes(shared_data(f"minute_bars/us_5_days_2019/{symbol}_1min.csv"))

    found = judge(bars, context_of(sessions(date(2019, 2, 11), date(2019, 2, 15))))

    assert blocked(found) == set()
    assert {one.kind for one in found} <= {DefectKind.VOLUME_MISSING}


@pytest.mark.parametrize("symbol", ["ibm", "spy"])
def test_good_minutes_of_2013_lose_no_bar_of_the_early_and_late_session(symbol: str) -> None:
    folder = shared_data(f"minute_bars/lean_us_equity/{symbol}")
    files = sorted(folder.glob("2013*_trade.zip"))
    bars = BarColumns.concatenated([minute_bars(open_zip(one.read_bytes())).bars for one in files])
    days = sessions(date(2013, 10, 4), date(2013, 10, 11))

    found = judge(bars, context_of(days, extended=True))

    assert len(bars) > 2_500
    assert found == []


def ended_minutes(path: Path) -> BarColumns:
    """Read a file whose times are New York's, and the ends of minutes; the newest stands first."""
    with path.open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))[::-1]
    ends = (datetime.fromisoformat(row["datetime"]).replace(tzinfo=EXCHANGE) for row in rows)
    starts = np.array([micros(end.astimezone(UTC)) - MINUTE for end in ends], dtype=np.int64)
    fields = ("open", "high", "low", "close", "volume")
    return BarColumns(starts, *(counted([float(row[name]) for row in rows]) for name in fields))

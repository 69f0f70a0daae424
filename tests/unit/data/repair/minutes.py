"""Minutes as a market makes them, and the faults that vendors make in them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np

from bifrost.adapters.calendars import xnys
from bifrost.data.repair.told_bars import ToldBars
from bifrost.data.repair.vendor_series import PRICES
from bifrost.data.series.columns import UNITS, BarColumns, Integers, micros
from bifrost.data.series.timeframes import Timeframe

SESSIONS = tuple(xnys.sessions(date(2021, 3, 1), date(2021, 4, 30)))
EX = 20
SPLITS = {SESSIONS[EX].session: Decimal(4)}
MINUTE = 60_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Faulty:
    """Minutes with a fault, as they should be, and what a second source has, where it must help."""

    told: ToldBars
    right: ToldBars
    second: ToldBars | None = None


def starts() -> Integers:
    """When each minute of regular hours begins."""
    return np.concatenate(
        [np.arange(micros(one.opens_at), micros(one.closes_at), MINUTE) for one in SESSIONS]
    )


def clean(seed: int = 3, *, split: bool = False) -> ToldBars:
    """Return two months of minutes as traded; with a split of 4 for 1 on SESSIONS[EX]."""
    at = starts()
    chance = np.random.default_rng(seed)
    moves = chance.standard_t(3, len(at)) * 4e-4
    moves[np.flatnonzero(np.diff(at) > MINUTE) + 1] *= 20  # overnight
    close = 200 * np.exp(np.cumsum(moves))
    opens = np.r_[200, close[:-1]]
    high, low = np.maximum(opens, close) + 0.02, np.minimum(opens, close) - 0.02
    volume = np.rint(2000 * np.exp(chance.normal(0, 0.8, len(at))))
    factor = np.where(split & (at >= micros(SESSIONS[EX].opens_at)), 4.0, 1.0)
    prices = [(one / factor).round(4) for one in (opens, high, low, close)]
    numbers = (*prices, np.rint(volume * factor))
    return ToldBars(Timeframe.M1, at.view("datetime64[us]"), at, *numbers)


def of_columns(bars: BarColumns, timeframe: Timeframe = Timeframe.M1) -> ToldBars:
    """Return stored bars as repairs look at them."""
    numbers = (getattr(bars, name) / UNITS for name in (*PRICES, "volume"))
    at = bars.starts_at
    return ToldBars(timeframe, at.view("datetime64[us]"), at, *numbers)


def changed(bars: ToldBars, names: tuple[str, ...], where: slice, by: float) -> ToldBars:
    """Multiply columns of some bars."""
    columns: dict[str, Any] = {name: getattr(bars, name).copy() for name in names}
    for column in columns.values():
        column[where] *= by
    return replace(bars, sessions=bars.sessions, **columns)


def hundred_in_one_bar(bars: ToldBars) -> Faulty:
    """Tell a minute in cents."""
    return Faulty(changed(bars, PRICES, slice(5000, 5001), 100), bars)


def hundredth_of_a_low(bars: ToldBars) -> Faulty:
    """Tell one low in dollars for cents."""
    return Faulty(changed(bars, ("low",), slice(5000, 5001), 0.01), bars)


def hundred_over_some_sessions(bars: ToldBars) -> Faulty:
    """Tell four thousand minutes across ten sessions and a month's end in cents."""
    return Faulty(changed(bars, PRICES, slice(6000, 10_000), 100), bars)


def zero_prices(bars: ToldBars) -> Faulty:
    """Lose an open and a low that another source has."""
    return Faulty(changed(bars, ("open", "low"), slice(700, 701), 0), bars, second=bars)


def frozen(bars: ToldBars) -> Faulty:
    """Repeat a minute for twenty, as a feed does that stands."""
    columns = {name: getattr(bars, name).copy() for name in (*PRICES, "volume")}
    for column in columns.values():
        column[3001:3021] = column[3000]
    return Faulty(replace(bars, sessions=bars.sessions, **columns), bars, second=bars)


def split_applied_twice(bars: ToldBars) -> Faulty:
    """Adjust all that was before a split that stands."""
    before = slice(0, EX * 390)
    told = changed(bars, PRICES, before, 0.25)
    return Faulty(changed(told, ("volume",), before, 4), bars)


def split_not_applied(bars: ToldBars) -> Faulty:
    """Tell the first hour after a split in the old shares."""
    hour = slice(EX * 390, EX * 390 + 60)
    told = changed(bars, PRICES, hour, 4)
    return Faulty(changed(told, ("volume",), hour, 0.25), bars)


FAULTS: dict[str, Callable[[ToldBars], Faulty]] = {
    make.__name__: make
    for make in (
        hundred_in_one_bar,
        hundredth_of_a_low,
        hundred_over_some_sessions,
        zero_prices,
        frozen,
        split_applied_twice,
        split_not_applied,
    )
}

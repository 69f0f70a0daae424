"""Kinds of faults that feeds have, put into clean series at chosen places, many at once.

An injector gets a series, the places (far apart) and seeded chance, and returns the series with
the faults, where each of them must be found, and what else the gate has to know. `Wrong.at` names a
place of the new series, or, where a bar is gone, the time at which it would begin.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from bifrost.data.quality.context import GateContext, Halt
from bifrost.data.quality.defects import DefectKind
from bifrost.data.series.columns import PRICES, BarColumns, Integers, instant_of

HOUR = 3_600_000_000
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Wrong:
    """One fault: the places it took (any of them found is it found), or the time that is gone.

    ends: the bar after it, where what it did is taken back: on the day of AAPL's crash of
    2000-09-29 a price twice as high is what nobody asks about, and the day after it is.
    """

    places: tuple[int, ...] = ()
    gone: int | None = None

    def is_of_volume(self, bars: BarColumns) -> bool:
        """Say whether it is a column that stands still, and that of volume: no price is wrong."""
        stands = bars.volume[[*self.places]]
        return len(stands) > 1 and bool((stands == stands[0]).all() and stands[0])

    @property
    def ends(self) -> int:
        """The place of the bar after it."""
        return self.places[-1] + 1


@dataclass(frozen=True, slots=True)
class Injected:
    """A series with faults."""

    bars: BarColumns
    wrong: list[Wrong]
    context: GateContext


@dataclass(frozen=True, slots=True)
class Injector:
    """A kind of fault, and what the gate may call it."""

    inject: Callable[[BarColumns, list[int], np.random.Generator, GateContext], Injected]
    kinds: frozenset[DefectKind]


# What is only flagged: the bar may be true, and no price of it is wrong.
FLAGGED = ("volume_of_zero", "absurd_volume", "missed_split", "truncated_precision")
# What no bar shows: the calendar does.
ABSENT = "missing_bar"

INJECTORS: dict[str, Injector] = {}
Inject = Callable[[BarColumns, list[int], np.random.Generator, GateContext], Injected]
Rewrite = Callable[[dict[str, Integers], int, np.random.Generator], tuple[int, ...]]


def injector(*kinds: DefectKind) -> Callable[[Inject], Inject]:
    """Enter an injector under its name."""

    def entered(inject: Inject) -> Inject:
        INJECTORS[inject.__name__] = Injector(inject, frozenset(kinds))
        return inject

    return entered


def rewriter(*kinds: DefectKind) -> Callable[[Rewrite], Rewrite]:
    """Enter what rewrites columns around one place and says which places it made wrong."""

    def entered(rewrite: Rewrite) -> Rewrite:
        def inject(
            bars: BarColumns, places: list[int], chance: np.random.Generator, context: GateContext
        ) -> Injected:
            columns = {
                name: getattr(bars, name).copy() for name in ("starts_at", *PRICES, "volume")
            }
            wrong = [Wrong(rewrite(columns, place, chance)) for place in places]
            return Injected(BarColumns(**columns), wrong, context)

        INJECTORS[rewrite.__name__] = Injector(inject, frozenset(kinds))
        return rewrite

    return entered


# --- one bar by itself


@rewriter(DefectKind.PRICE_NOT_POSITIVE)
def zero_price(
    columns: dict[str, Integers], place: int, chance: np.random.Generator
) -> tuple[int, ...]:
    columns[chance.choice(PRICES)][place] = 0
    return (place,)


@rewriter(DefectKind.PRICE_NOT_POSITIVE)
def negative_price(
    columns: dict[str, Integers], place: int, chance: np.random.Generator
) -> tuple[int, ...]:
    columns[chance.choice(PRICES)][place] *= -1
    return (place,)


@rewriter(DefectKind.PRICE_ORDER)
def high_below_low(
    columns: dict[str, Integers], place: int, chance: np.random.Generator
) -> tuple[int, ...]:
    high, low = columns["high"][place], columns["low"][place]
    columns["high"][place], columns["low"][place] = low, high
    return (place,)


@rewriter(DefectKind.PRICE_ORDER)
def close_outside_range(
    columns: dict[str, Integers], place: int, chance: np.random.Generator
) -> tuple[int, ...]:
    name = chance.choice(("open", "close"))
    beyond = int(chance.integers(1, 100)) * 10_000
    columns[name][place] = chance.choice(
        (columns["high"][place] + beyond, max(10_000, columns["low"][place] - beyond))
    )
    return (place,)


@rewriter(DefectKind.PRICE_ORDER, DefectKind.BAD_TICK)
def swapped_columns(
    columns: dict[str, Integers], place: int, chance: np.random.Generator
) -> tuple[int, ...]:
    one = chance.choice(PRICES)
    price, volume = columns[one][place], columns["volume"][place]
    columns[one][place], columns["volume"][place] = volume, price
    return (place,)


@rewriter(DefectKind.VOLUME_NEGATIVE)
def negative_volume(
    columns: dict[str, Integers], place: int, chance: np.random.Generator
) -> tuple[int, ...]:
    columns["volume"][place] *= -1
    return (place,)


@rewriter(DefectKind.VOLUME_MISSING)
def volume_of_zero(
    columns: dict[str, Integers], place: int, chance: np.random.Generator
) -> tuple[int, ...]:
    columns["volume"][place] = 0
    return (place,)


@rewriter(DefectKind.VOLUME_ABSURD)
def absurd_volume(
    columns: dict[str, Integers], place: int, chance: np.random.Generator
) -> tuple[int, ...]:
    volume = columns["volume"][place]
    columns["volume"][place] = volume * 1000 if chance.random() < 0.5 else volume // 1000
    return (place,)


# --- when it says that it was


@injector()
def missing_bar(
    bars: BarColumns, places: list[int], chance: np.random.Generator, context: GateContext
) -> Injected:
    keep = np.ones(len(bars), dtype=bool)
    keep[places] = False
    return Injected(
        bars.take(keep), [Wrong(gone=int(bars.starts_at[place])) for place in places], context
    )


def _inserted(bars: BarColumns, places: list[int]) -> tuple[BarColumns, NDArray[np.intp]]:
    """Repeat the bars at these places; return where the repetitions are."""
    order = np.sort(np.r_[np.arange(len(bars)), places])
    again = np.asarray(sorted(places)) + 1 + np.arange(len(places))
    return bars.take(order), again


@injector(DefectKind.DUPLICATE_TIME)
def duplicate_bar(
    bars: BarColumns, places: list[int], chance: np.random.Generator, context: GateContext
) -> Injected:
    doubled, again = _inserted(bars, places)
    return Injected(doubled, [Wrong((int(place),)) for place in again], context)


@injector(DefectKind.DUPLICATE_TIME)
def contradicting_duplicate(
    bars: BarColumns, places: list[int], chance: np.random.Generator, context: GateContext
) -> Injected:
    doubled, again = _inserted(bars, places)
    volume = doubled.volume.copy()
    volume[again] += 1_000_000
    return Injected(
        replace(doubled, volume=volume), [Wrong((int(i), int(i) - 1)) for i in again], context
    )


@injector(DefectKind.OUT_OF_ORDER)
def out_of_order(
    bars: BarColumns, places: list[int], chance: np.random.Generator, context: GateContext
) -> Injected:
    order = np.arange(len(bars))
    for place in places:
        order[place], order[place + 1] = place + 1, place
    return Injected(bars.take(order), [Wrong((place, place + 1)) for place in places], context)


@rewriter(DefectKind.MISALIGNED)
def off_the_grid(
    columns: dict[str, Integers], place: int, chance: np.random.Generator
) -> tuple[int, ...]:
    columns["starts_at"][place] += int(chance.integers(1, 3599)) * 1_000_000
    return (place,)


@rewriter(DefectKind.SHIFTED_TIME)
def daylight_saving_shift(
    columns: dict[str, Integers], place: int, chance: np.random.Generator
) -> tuple[int, ...]:
    columns["starts_at"][place] += int(chance.choice((-HOUR, HOUR)))
    return (place,)


@rewriter(DefectKind.SHIFTED_TIME, DefectKind.OUTSIDE_SESSION, DefectKind.MISALIGNED)
def wrong_time_zone(
    columns: dict[str, Integers], place: int, chance: np.random.Generator
) -> tuple[int, ...]:
    columns["starts_at"][place] += int(chance.choice((-14, -9, -5, -4, 4, 5, 9))) * HOUR
    return (place,)


@injector(DefectKind.OUTSIDE_SESSION)
def closed_day(
    bars: BarColumns, places: list[int], chance: np.random.Generator, context: GateContext
) -> Injected:
    """Put a bar of the day before where the exchange is closed: at the first closed day after."""
    gaps = np.flatnonzero(np.diff(bars.starts_at) > 2 * DAY)
    fridays = [int(gaps[np.searchsorted(gaps, place)]) for place in places]
    doubled, again = _inserted(bars, fridays)
    starts = doubled.starts_at.copy()
    starts[again] += DAY
    return Injected(
        replace(doubled, starts_at=starts), [Wrong((int(place),)) for place in again], context
    )


@injector(DefectKind.FUTURE)
def future_stamp(
    bars: BarColumns, places: list[int], chance: np.random.Generator, context: GateContext
) -> Injected:
    starts = bars.starts_at.copy()
    for place in places:
        starts[place] += DAY * int(chance.integers(20_000, 30_000))
    return Injected(replace(bars, starts_at=starts), [Wrong((place,)) for place in places], context)


@injector(DefectKind.TRADED_IN_HALT)
def trades_in_a_halt(
    bars: BarColumns, places: list[int], chance: np.random.Generator, context: GateContext
) -> Injected:
    halts = tuple(
        Halt(
            instant_of(int(at)), instant_of(int(at)) + timedelta(hours=int(chance.integers(8, 12)))
        )
        for at in bars.starts_at[places]
    )
    return Injected(bars, [Wrong((place,)) for place in places], replace(context, halts=halts))

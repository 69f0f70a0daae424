"""Kinds of faults that only neighbours show: spikes, splits, copies, frozen and cut prices."""

import numpy as np

from bifrost.data.quality.context import GateContext
from bifrost.data.quality.defects import DefectKind
from bifrost.data.series.columns import PRICES, BarColumns, Integers
from tests.defect_injectors import INJECTORS, Injected, Wrong, injector, rewriter

__all__ = ["INJECTORS"]


def deviation(columns: dict[str, Integers], place: int) -> float:
    """Return the standard deviation of sixty returns around a place, splits left out."""
    close = np.log(columns["close"][max(0, place - 60) : place])
    returns = np.diff(close)
    return float(np.std(returns[np.abs(returns) < 0.4]))


def scaled(columns: dict[str, Integers], places: slice, factor: float) -> None:
    """Multiply the prices there, in cents."""
    for name in PRICES:
        cents = np.rint(columns[name][places] * factor / 10_000)
        columns[name][places] = np.maximum(cents, 1).astype(np.int64) * 10_000


@rewriter(DefectKind.SPIKE, DefectKind.SCALE, DefectKind.MISSED_SPLIT, DefectKind.JUMP)
def spike(columns: dict[str, Integers], place: int, chance: np.random.Generator) -> tuple[int, ...]:
    size = deviation(columns, place) * chance.uniform(12, 30)
    scaled(columns, slice(place, place + 1), float(np.exp(size * chance.choice((-1, 1)))))
    return (place,)


@rewriter(DefectKind.SPIKE, DefectKind.SCALE, DefectKind.MISSED_SPLIT, DefectKind.JUMP)
def wrong_days(
    columns: dict[str, Integers], place: int, chance: np.random.Generator
) -> tuple[int, ...]:
    days = int(chance.integers(2, 8))
    size = max(0.25, deviation(columns, place) * chance.uniform(18, 30))
    scaled(columns, slice(place, place + days), float(np.exp(size * chance.choice((-1, 1)))))
    return tuple(range(place, place + days))


@rewriter(DefectKind.BAD_TICK)
def bad_high_or_low(
    columns: dict[str, Integers], place: int, chance: np.random.Generator
) -> tuple[int, ...]:
    size = deviation(columns, place) * chance.uniform(32, 60)
    if chance.random() < 0.5:
        columns["high"][place] = int(columns["high"][place] * np.exp(size))
    else:
        columns["low"][place] = max(1, int(columns["low"][place] * np.exp(-size)))
    return (place,)


@rewriter(DefectKind.BAD_TICK)
def bad_open_or_close(
    columns: dict[str, Integers], place: int, chance: np.random.Generator
) -> tuple[int, ...]:
    name = chance.choice(("open", "close"))
    size = deviation(columns, place) * chance.uniform(28, 50) * chance.choice((-1, 1))
    price = max(1, int(columns[name][place] * np.exp(size)))
    columns[name][place] = price
    columns["high"][place] = max(columns["high"][place], price)
    columns["low"][place] = min(columns["low"][place], price)
    return (place,)


@rewriter(DefectKind.SCALE)
def pence_for_pounds(
    columns: dict[str, Integers], place: int, chance: np.random.Generator
) -> tuple[int, ...]:
    days = int(chance.integers(1, 30))
    for name in PRICES:
        column = columns[name]
        column[place : place + days] *= 100
    return tuple(range(place, place + days))


@rewriter(DefectKind.SCALE)
def pounds_for_pence(
    columns: dict[str, Integers], place: int, chance: np.random.Generator
) -> tuple[int, ...]:
    days = int(chance.integers(1, 30))
    for name in PRICES:
        columns[name][place : place + days] //= 100
    return tuple(range(place, place + days))


@injector(DefectKind.MISSED_SPLIT, DefectKind.JUMP)
def missed_split(
    bars: BarColumns, places: list[int], chance: np.random.Generator, context: GateContext
) -> Injected:
    """From each place on so many shares are one, or one is so many, by turns."""
    columns = {name: getattr(bars, name).copy() for name in (*PRICES, "volume")}
    ratios = [2.0, 3.0, 4.0, 7.0, 10.0]
    for turn, place in enumerate(places):
        if turn % 2 == 0:
            ratio = float(chance.choice(ratios))
        factor = 1 / ratio if turn % 2 == 0 else ratio
        for name in PRICES:
            columns[name][place:] = np.rint(columns[name][place:] * factor).astype(np.int64)
        columns["volume"][place:] = np.rint(columns["volume"][place:] / factor).astype(np.int64)
    return Injected(
        BarColumns(bars.starts_at, **columns), [Wrong((place,)) for place in places], context
    )


@rewriter(DefectKind.STALE)
def frozen_prices(
    columns: dict[str, Integers], place: int, chance: np.random.Generator
) -> tuple[int, ...]:
    days = int(chance.integers(2, 10))
    for name in PRICES:
        columns[name][place : place + days] = columns[name][place - 1]
    if chance.random() < 0.5:
        columns["volume"][place : place + days] = 0
    return tuple(range(place, place + days))


@rewriter(DefectKind.STALE)
def yesterday_again(
    columns: dict[str, Integers], place: int, chance: np.random.Generator
) -> tuple[int, ...]:
    for name in (*PRICES, "volume"):
        columns[name][place] = columns[name][place - 1]
    return (place,)


@rewriter(DefectKind.REPEATED)
def copied_days(
    columns: dict[str, Integers], place: int, chance: np.random.Generator
) -> tuple[int, ...]:
    days = int(chance.integers(3, 10))
    back = int(chance.integers(days, 60))
    for name in (*PRICES, "volume"):
        columns[name][place : place + days] = columns[name][place - back : place - back + days]
    return tuple(range(place, place + days))


@rewriter(DefectKind.CONSTANT_COLUMN, DefectKind.PRICE_ORDER)
def constant_column(
    columns: dict[str, Integers], place: int, chance: np.random.Generator
) -> tuple[int, ...]:
    days = int(chance.integers(12, 30))
    name = chance.choice((*PRICES, "volume"))
    columns[name][place : place + days] = columns[name][place - 1]
    first, end = place, place + days
    # What has the same value by chance belongs to it.
    while columns[name][first - 1] == columns[name][place]:
        first -= 1
    while columns[name][end] == columns[name][place]:
        end += 1
    return tuple(range(first, end))


@rewriter(DefectKind.TRUNCATED)
def truncated_precision(
    columns: dict[str, Integers], place: int, chance: np.random.Generator
) -> tuple[int, ...]:
    days = int(chance.integers(6, 20))
    unit = int(chance.choice((100_000, 1_000_000)))
    for name in PRICES:
        column = columns[name]
        column[place : place + days] -= column[place : place + days] % unit
    return tuple(range(place, place + days))

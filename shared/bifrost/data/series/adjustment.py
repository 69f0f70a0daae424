"""Prices adjusted when they are read: for splits, or for all that was paid out, as of a day.

Factors are exact fractions, per share as held before the ex-date: a split of r for one divides by
r, a distribution of `d` per share multiplies by 1 - d / close, the raw close of the session before
(CRSP 2001; what Lean's factor files hold). Prices are rounded once, half to even, to millionths:
where splits alone stand between, from exact integers; where dividends do, from the float nearest to
their exact product, so that every machine gives the same millionth. Volumes move with splits alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction

import numpy as np

from bifrost.core.corporate_actions import (
    CashDividend,
    CorporateAction,
    SpinOff,
    Split,
    StockDividend,
)
from bifrost.core.errors import FieldProblem, InvalidInputError
from bifrost.core.sessions import DAY_ENDS, EXCHANGE
from bifrost.data.series.asked import Adjustment
from bifrost.data.series.columns import PRICES, UNITS, BarColumns, Integers, exactly, micros

_INT64_MAX = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Factor:
    """What every bar that begins before `before` (microseconds) is multiplied by.

    splits: part of `price` that comes of splits alone; volumes are divided by it.
    """

    before: int
    price: Fraction
    splits: Fraction


def adjust(
    bars: BarColumns,
    actions: Sequence[CorporateAction],
    mode: Adjustment,
    *,
    as_of: date | None = None,
    closes: Mapping[date, int] | None = None,
) -> BarColumns:
    """Return the bars in shares, and with `all` in payments, as they were on `as_of`.

    actions: those that stand, each once; those after `as_of` (an ex-date; None is all) are not
    known yet. closes: by ex-date the raw close before it, in millionths; where it is left out or
    lacks one, the close is sought among `bars`. Raises InvalidInputError where a payment has no
    close, or is not below it.
    """
    if not len(bars):
        return bars
    found = factors(bars, actions, mode, as_of=as_of, closes=closes or {})
    if not found:
        return bars
    prices = {name: _adjusted(getattr(bars, name), bars.starts_at, found) for name in PRICES}
    volume = _volumes(bars, found)
    return BarColumns(starts_at=bars.starts_at, volume=volume, **prices)


def factors(
    bars: BarColumns,
    actions: Sequence[CorporateAction],
    mode: Adjustment,
    *,
    as_of: date | None,
    closes: Mapping[date, int],
) -> list[Factor]:
    """Return the exact factors, newest first; each holds for the bars before it, of this range."""
    found: list[Factor] = []
    price = splits = Fraction(1)
    for one in sorted(actions, key=lambda action: action.place, reverse=True):
        moment = first_moment(one.ex_date)
        if (as_of is not None and one.ex_date > as_of) or moment <= bars.starts_at[0]:
            continue
        split = _split_factor(one)
        paid = Fraction(1)
        if mode is Adjustment.ALL:
            paid = _paid_factor(one, bars, closes)
        if mode is Adjustment.NONE or split * paid == 1:
            continue
        price, splits = price * split * paid, splits * split
        found.append(Factor(moment, price, splits))
    return found


def first_moment(session: date) -> int:
    """Return the first microsecond of trading for a session: 20:00 in New York the day before."""
    evening = datetime.combine(session - timedelta(days=1), DAY_ENDS, EXCHANGE)
    return micros(evening)


def _split_factor(action: CorporateAction) -> Fraction:
    terms = action.terms
    return 1 / terms.ratio if isinstance(terms, Split | StockDividend) else Fraction(1)


def _paid_factor(action: CorporateAction, bars: BarColumns, closes: Mapping[date, int]) -> Fraction:
    paid = _paid_per_share(action)
    if not paid:
        return Fraction(1)
    close = closes.get(action.ex_date)
    if close is None:
        place = int(np.searchsorted(bars.starts_at, first_moment(action.ex_date))) - 1
        # A later bar must follow, or this close may be of long before the ex-date.
        if place + 1 < len(bars):
            close = int(bars.close[place])
    if not close:
        raise _refusal(action, "no close is known of the session before it")
    factor = 1 - paid / Fraction(close, UNITS)
    if factor <= 0:
        raise _refusal(action, f"it pays {float(paid):g} on a close of {exactly(close)}")
    return factor


def _paid_per_share(action: CorporateAction) -> Fraction:
    terms = action.terms
    if isinstance(terms, CashDividend):
        return Fraction(terms.amount_per_share)
    if isinstance(terms, SpinOff):
        if terms.share_value is None:
            raise _refusal(action, "nobody said what one of the new shares was worth")
        return Fraction(terms.shares_per_share) * Fraction(terms.share_value)
    return Fraction(0)


def _adjusted(column: Integers, starts_at: Integers, found: Sequence[Factor]) -> Integers:
    adjusted = column.copy()
    for factor, part in _segments(starts_at, found):
        adjusted[part] = _times(column[part], factor.price, exact=factor.price == factor.splits)
    return adjusted


def _volumes(bars: BarColumns, found: Sequence[Factor]) -> Integers:
    adjusted = bars.volume.copy()
    for factor, part in _segments(bars.starts_at, found):
        adjusted[part] = _times(bars.volume[part], 1 / factor.splits, exact=True)
    return adjusted


def _segments(starts_at: Integers, found: Sequence[Factor]) -> list[tuple[Factor, slice]]:
    """Return each factor with the bars that have it: those before it that no later one has."""
    ends = [int(np.searchsorted(starts_at, factor.before)) for factor in found]
    firsts = [*ends[1:], 0]
    return [
        (factor, slice(first, end))
        for factor, first, end in zip(found, firsts, ends, strict=True)
        if first < end
    ]


def _times(column: Integers, factor: Fraction, *, exact: bool) -> Integers:
    """Multiply millionths, rounding half to even: the one place in which adjusting rounds."""
    if factor == 1:
        return column
    if not exact:
        rounded: Integers = np.rint(column * float(factor)).astype(np.int64)
        return rounded
    if max(int(column.max(initial=0)) * factor.numerator, 2 * factor.denominator) > _INT64_MAX:
        return np.array([round(int(one) * factor) for one in column], dtype=np.int64)
    whole, rest = np.divmod(column * factor.numerator, factor.denominator)
    up = (2 * rest > factor.denominator) | ((2 * rest == factor.denominator) & (whole % 2 == 1))
    result: Integers = whole + up
    return result


def _refusal(action: CorporateAction, message: str) -> InvalidInputError:
    what = f"the {action.kind} of {action.instrument} on {action.ex_date}"
    fix = "import the bars before it or correct the action, or ask for adjust=splits"
    return InvalidInputError(FieldProblem("adjust", f"{what}: {message}", fix))

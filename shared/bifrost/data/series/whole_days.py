"""Days of which every minute is known: what else is made of minutes is no bar of a session.

A bucket of five minutes says what its minutes say. A day stands beside what vendors tell of it,
and decides: ten minutes of a session are not its bar.
"""

from collections.abc import Sequence

import numpy as np

from bifrost.data.series.columns import BarColumns, Integers
from bifrost.data.series.trading_hours import TradingHours

_MINUTE = 60_000_000


def whole_days(
    days: BarColumns, minutes: BarColumns, hours: TradingHours, silent: Sequence[tuple[int, int]]
) -> BarColumns:
    """Return the days of which each minute is there, or lies where nobody traded.

    minutes: those that the days were made of. silent: stretches [first, before) of which somebody
    who knows said so; else a minute that is not there may only be unknown, which is not none.
    """
    if not len(days):
        return days
    ends = hours.ends_at[hours.places(days.starts_at)[0]]
    are_whole = [
        _is_whole(minutes.starts_at, first, before, silent)
        for first, before in zip(days.starts_at.tolist(), ends.tolist(), strict=True)
    ]
    return days.take(np.array(are_whole, dtype=np.bool_))


def _is_whole(starts: Integers, first: int, before: int, silent: Sequence[tuple[int, int]]) -> bool:
    begin, end = np.searchsorted(starts, [first, before])
    owed = np.setdiff1d(np.arange(first, before, _MINUTE), starts[begin:end])
    for since, until in silent:
        owed = owed[(owed < since) | (owed >= until)]
    return not len(owed)

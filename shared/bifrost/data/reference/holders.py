"""Whose a symbol's history is: a file stored by symbol, parted by the instruments that had it."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise

from bifrost.data.reference.terms import Terms, held_by


@dataclass(frozen=True, slots=True)
class Held:
    """The rows at `places` of a symbol's file, and the instrument whose they are.

    instrument: None where nobody is known to have had the symbol on those days; such rows are
        told of, and belong to no series.
    """

    instrument: str | None
    places: slice


def parted(
    symbol: str, days: Sequence[date], terms: Iterable[Terms], known_by: datetime | None = None
) -> list[Held]:
    """Part the rows of a symbol by who had it: every row in exactly one part, in their order.

    days: each row's session, ascending. terms: at least those of every instrument that ever had
    the symbol. Raises ValueError where the days are not in order.
    """
    if any(before > after for before, after in pairwise(days)):
        raise ValueError(f"the days of {symbol} are not in order")
    parts: list[Held] = []
    reached = 0
    for one in held_by(terms, symbol, known_by):
        first, end = bisect_left(days, one.valid_from), bisect_left(days, one.valid_to)
        _add(parts, None, reached, first)
        _add(parts, one.instrument, max(first, reached), end)
        reached = max(reached, end)
    _add(parts, None, reached, len(days))
    return parts


def _add(parts: list[Held], instrument: str | None, first: int, end: int) -> None:
    if first >= end:
        return
    if parts and parts[-1].instrument == instrument:
        parts[-1] = Held(instrument, slice(parts[-1].places.start, end))
    else:
        parts.append(Held(instrument, slice(first, end)))

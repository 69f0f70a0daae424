"""Every revision of a series' bars, and which of them stands: the one place that decides it.

Of several sources for one bar the best rank stands, and of that source what it said last. A
repair is a revision of its source like any other. What a vendor repeats is no news, though a
repair of its value may stand: else each night's download would undo the day's repairs.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bifrost.data.series.columns import BarColumns, Integers

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Revisions:
    """Stored bars, one place per revision, in any order.

    rank: of the row's source, 1 is the best. recorded_at: microseconds since 1970.
    """

    bars: BarColumns
    rank: Integers
    recorded_at: Integers

    def __len__(self) -> int:
        return len(self.bars)

    def take(self, chosen: "Flags | NDArray[np.intp] | slice") -> "Revisions":
        """Return the revisions at these places."""
        return Revisions(self.bars.take(chosen), self.rank[chosen], self.recorded_at[chosen])


def standing(found: Revisions) -> BarColumns:
    """Return the bars that stand among these revisions, oldest first."""
    starts = found.bars.starts_at
    if len(found) < 2 or (starts[1:] > starts[:-1]).all():
        return found.bars  # one revision of each, in order: nearly always
    order = np.lexsort((-found.recorded_at, found.rank, starts))
    ordered = starts[order]
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = ordered[1:] != ordered[:-1]
    return found.bars.take(order[first])


def newest_record(found: Revisions) -> int:
    """Return when the last of these revisions was recorded (microseconds); 0 for none."""
    return int(found.recorded_at.max()) if len(found) else 0


@dataclass(frozen=True, slots=True, eq=False)
class News:
    """Bars that are to be stored, and when each counts as recorded.

    revision: how often the source had spoken of each before.
    """

    bars: BarColumns
    recorded_at: Integers
    revision: Integers

    def __len__(self) -> int:
        return len(self.bars)


def news_of(given: BarColumns, stored: Revisions, compared: Flags, at: int) -> News:
    """Return the given bars that say something else than what they are compared with.

    stored: every revision of one source, of these times at the least; compared: which of them a
    given bar is held against, by the newest of its time. at: now, in microseconds. A correction
    counts as recorded after what it corrects, even where a clock went back.
    Raises ValueError where two given bars begin at one time, or out of order.
    """
    starts = given.starts_at
    if len(starts) > 1 and not (starts[1:] > starts[:-1]).all():
        place = int(np.argmin(starts[1:] > starts[:-1])) + 1
        raise ValueError(f"bars must be in order and of different times; bar {place} is not")
    recorded = np.full(len(given), at, dtype=np.int64)
    if not len(stored):
        return News(given, recorded, np.zeros(len(given), dtype=np.int64))
    after = _last_of_each(stored, np.ones(len(stored), dtype=np.bool_), starts)
    known = after >= 0
    recorded[known] = np.maximum(at, stored.recorded_at[after[known]] + 1)
    newest = _last_of_each(stored, compared, starts)
    differs = newest < 0
    both = np.flatnonzero(~differs)
    mine, theirs = given.take(both), stored.bars.take(newest[both])
    differs[both] = np.any(
        [one != other for one, other in zip(mine.columns(), theirs.columns(), strict=True)], axis=0
    )
    times = np.sort(stored.bars.starts_at)
    told = np.searchsorted(times, starts, "right") - np.searchsorted(times, starts, "left")
    return News(given.take(differs), recorded[differs], told[differs])


def _last_of_each(stored: Revisions, among: Flags, starts: Integers) -> NDArray[np.intp]:
    """Return the place of the newest revision among these at each time; -1 where there is none."""
    places = np.flatnonzero(among)
    found = np.full(len(starts), -1, dtype=np.intp)
    if not len(places):
        return found
    order = places[np.lexsort((stored.recorded_at[places], stored.bars.starts_at[places]))]
    times = stored.bars.starts_at[order]
    last = np.searchsorted(times, starts, side="right") - 1
    hit = last >= 0
    hit[hit] = times[last[hit]] == starts[hit]
    found[hit] = order[last[hit]]
    return found

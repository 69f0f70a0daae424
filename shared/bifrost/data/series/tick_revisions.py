"""Every revision of quotes or trades, which of them stands, and whose of several sources'.

Key of a message: its time and its sequence, within one source. Of one instant only one source's
messages are read: two feeds number differently, and a trade that both told of would be two trades.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic

import numpy as np
from numpy.typing import NDArray

from bifrost.data.series.columns import Integers
from bifrost.data.series.ticks import Ticks, taken

_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Span:
    """A source's number, and its first and last message of a day."""

    source: int
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True, eq=False)
class TickRevisions(Generic[Ticks]):
    """Stored messages of one source, one place per revision, in any order."""

    ticks: Ticks
    recorded_at: Integers

    def __len__(self) -> int:
        return len(self.ticks)


def standing(found: TickRevisions[Ticks]) -> Ticks:
    """Return the messages that stand, in order of (occurred_at, sequence)."""
    ticks = found.ticks
    order = np.lexsort((found.recorded_at, ticks.sequence, ticks.occurred_at))
    return taken(ticks, order[_last_of_each(taken(ticks, order))])


def speaker_at(spans: Sequence[Span], at: datetime) -> tuple[int, datetime]:
    """Return whose word counts at an instant, and before when: until its last, or a better's first.

    spans: of one day, best first, and one of them holds the instant. What a source has told no
    more of (its backfill was stopped, or the day was not over) hides nothing that another told.
    """
    place, speaker = next(
        (place, span) for place, span in enumerate(spans) if span.first <= at <= span.last
    )
    better = [span.first for span in spans[:place] if span.first > at]
    return speaker.source, min([speaker.last + _MICROSECOND, *better])


def news_of(given: Ticks, stored: TickRevisions[Ticks], at: int) -> tuple[Ticks, Integers]:
    """Return the given messages that say something else than the source has said last of them,
    and when each counts as recorded (microseconds): after what it corrects.

    stored: what the source has said of these times. Raises ValueError for messages out of order.
    """
    if not _follow(given).all():
        place = int(np.argmin(_follow(given))) + 1
        raise ValueError(f"messages must be in order and no two the same; message {place} is not")
    recorded = np.full(len(given), at, dtype=np.int64)
    if not len(stored):
        return given, recorded
    order = np.lexsort((stored.recorded_at, stored.ticks.sequence, stored.ticks.occurred_at))
    last = order[_last_of_each(taken(stored.ticks, order))]
    mine, theirs = _same_keys(given, taken(stored.ticks, last))
    differs = np.ones(len(given), dtype=np.bool_)
    pairs = zip(taken(given, mine).columns(), taken(stored.ticks, last[theirs]).columns(),
                strict=True)  # fmt: skip
    differs[mine] = np.any([one != other for one, other in pairs], axis=0)
    recorded[mine] = np.maximum(at, stored.recorded_at[last[theirs]] + 1)
    return taken(given, differs), recorded[differs]


def _follow(ticks: Ticks) -> NDArray[np.bool_]:
    """Say of each message but the first whether it follows the one before it."""
    times, sequences = ticks.occurred_at, ticks.sequence
    later, higher = times[1:] > times[:-1], sequences[1:] > sequences[:-1]
    follows: NDArray[np.bool_] = later | ((times[1:] == times[:-1]) & higher)
    return follows


def _last_of_each(ordered: Ticks) -> NDArray[np.bool_]:
    """Say which place is the last of its key, in messages that are ordered by it."""
    is_last = np.ones(len(ordered), dtype=np.bool_)
    is_last[:-1] = _follow(ordered)
    return is_last


def _same_keys(given: Ticks, stored: Ticks) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the places in both of the keys that both have, each key once in each."""
    times = np.concatenate([given.occurred_at, stored.occurred_at])
    sequences = np.concatenate([given.sequence, stored.sequence])
    order = np.lexsort((np.arange(len(times)) >= len(given), sequences, times))
    here, after = order[:-1], order[1:]
    same = (times[here] == times[after]) & (sequences[here] == sequences[after])
    return here[same], after[same] - len(given)

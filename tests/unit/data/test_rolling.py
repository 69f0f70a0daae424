"""Keeping longer bars beside the minutes: in whatever parts and order minutes come, are corrected,
or are missed for a while, what stands once the sessions are over is what all of them at once give,
counted by hand.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bifrost.adapters.calendars import xnys
from bifrost.adapters.memory.clock import SetClock
from bifrost.core.sessions import Session
from bifrost.data.series.asked import SeriesQuery
from bifrost.data.series.columns import BarColumns, micros
from bifrost.data.series.ports import SeriesKey
from bifrost.data.series.rolling import STORED, RollUps, Touched
from bifrost.data.series.timeframes import Timeframe

MINUTE = 60_000_000
# 210 minutes and 390: an early close cuts an hour.
SESSIONS = tuple(xnys.sessions(date(2012, 7, 3), date(2012, 7, 5)))
Numbers = tuple[int, int, int, int, int]


@dataclass
class Books:
    """Minutes and longer bars in memory, as a transaction of the store sees them."""

    minutes: dict[int, Numbers] = field(default_factory=dict)
    longer: dict[Timeframe, dict[int, Numbers]] = field(default_factory=dict)
    dirty: set[Session] = field(default_factory=set)
    holes: list[tuple[int, int]] = field(default_factory=list)
    words: list[tuple[int, int]] = field(default_factory=list)

    @contextmanager
    def transaction(self) -> Iterator["Books"]:
        """Begin one."""
        yield self

    def come(self, at: int, numbers: Numbers) -> None:
        """Store a minute, or a correction of it."""
        self.minutes[at] = numbers
        self.dirty |= {
            one for one in SESSIONS if micros(one.opens_at) <= at < micros(one.closes_at)
        }

    def touched(self, after: str, limit: int) -> Touched | None:
        """Return what is touched, once."""
        if after or not self.dirty:
            return None
        return Touched("AAPL", sorted(self.dirty, key=lambda one: one.session)[:limit])

    def read(self, asked: SeriesQuery) -> BarColumns:
        """Return the minutes of a stretch."""
        first, before = micros(asked.first), micros(asked.before)
        rows = [(at, *self.minutes[at]) for at in sorted(self.minutes) if first <= at < before]
        return BarColumns(*np.array(rows, dtype=np.int64).reshape(-1, 6).T)

    def missing(self, instrument: str, at: datetime) -> Sequence[tuple[int, int]]:
        """Return what a stream may have missed."""
        return self.holes

    def silent(
        self, instrument: str, first: datetime, before: datetime
    ) -> Sequence[tuple[int, int]]:
        """Return the stretches in which a vendor knows of no trade."""
        return self.words

    def put(self, key: SeriesKey, bars: BarColumns, at: datetime) -> int:
        """Keep what is new."""
        kept = self.longer.setdefault(key.timeframe, {})
        rows = np.column_stack(list(bars.columns())).tolist()
        kept |= {row[0]: tuple(row[1:]) for row in rows}
        return len(rows)

    def settle(self, instrument: str, sessions: Sequence[Session]) -> None:
        """Forget that these were touched."""
        self.dirty -= set(sessions)


def by_hand(books: Books, timeframe: Timeframe) -> dict[int, Numbers]:
    """Roll the minutes up one by one: the open of the first, the extremes, the close of the last.

    Of a day only where each of its minutes is there, or lies where a vendor knows of no trade.
    """
    made: dict[int, list[Numbers]] = {}
    for session in SESSIONS:
        opens, closes = micros(session.opens_at), micros(session.closes_at)
        width = closes - opens if timeframe.is_daily else timeframe.minutes * MINUTE
        owed = {
            at
            for at in range(opens, closes, MINUTE)
            if not any(first <= at < before for first, before in books.words)
        }
        if timeframe.is_daily and not owed <= books.minutes.keys():
            continue
        for at in sorted(books.minutes):
            if opens <= at < closes:
                made.setdefault(opens + (at - opens) // width * width, []).append(books.minutes[at])
    return {
        start: (
            parts[0][0],
            max(one[1] for one in parts),
            min(one[2] for one in parts),
            parts[-1][3],
            sum(one[4] for one in parts),
        )
        for start, parts in made.items()
    }


def numbers(at: int, version: int) -> Numbers:
    """Return a minute's numbers, which its start and its version give."""
    low = 1_000_000 + at // MINUTE * 7_919 % 997 + version
    return (low + 3, low + 9, low, low + 5, 7_000_000 + version)


ALL = [at for one in SESSIONS for at in range(micros(one.opens_at), micros(one.closes_at), MINUTE)]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), parts=st.integers(1, 6), told=st.booleans())
def test_in_whatever_order_minutes_come_what_stands_is_what_all_of_them_give(
    seed: int, parts: int, told: bool
) -> None:
    draw = np.random.default_rng(seed)
    books, clock = Books(), SetClock(SESSIONS[0].opens_at)
    rollups = RollUps(books, clock)
    never = set(draw.choice(len(ALL), int(draw.integers(0, 4)), replace=False).tolist())
    if told:
        books.words = [(ALL[place], ALL[place] + MINUTE) for place in sorted(never)]
    coming = draw.permutation([place for place in range(len(ALL)) if place not in never])
    for part in np.array_split(coming, parts):
        # While it came, a stream may have missed some of it, and a first word was wrong.
        first = ALL[int(draw.integers(0, len(ALL)))]
        books.holes = [(first, first + int(draw.integers(1, 90)) * MINUTE)]
        for place in [*part, *draw.choice(part, min(len(part), 9))]:
            books.come(ALL[place], numbers(ALL[place], version=int(draw.random() < 0.1)))
        clock.pass_by(float(draw.integers(0, 12 * 3600)))
        rollups.run()
    books.holes = []
    clock.at = SESSIONS[-1].closes_at + timedelta(minutes=1)

    rollups.run()

    assert not books.dirty
    for timeframe in STORED:
        assert books.longer.get(timeframe, {}) == by_hand(books, timeframe), timeframe


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_no_bar_is_made_across_what_a_stream_missed_until_it_is_filled(seed: int) -> None:
    draw = np.random.default_rng(seed)
    books, clock = Books(), SetClock(SESSIONS[-1].closes_at + timedelta(minutes=1))
    rollups = RollUps(books, clock)
    first = int(draw.integers(0, len(ALL) - 40))
    missed = ALL[first : first + int(draw.integers(1, 40))]
    books.holes = [(missed[0], missed[-1] + MINUTE)]
    for at in ALL:
        if at not in missed or draw.random() < 0.3:
            books.come(at, numbers(at, version=0))

    rollups.run()

    for timeframe in STORED:
        width = 390 if timeframe.is_daily else timeframe.minutes
        for start in books.longer.get(timeframe, {}):
            ends = min(start + width * MINUTE, closes_after(start))
            assert ends <= missed[0] or start > missed[-1], timeframe
    assert books.dirty, "its session is looked at again"
    books.holes = []
    for at in missed:
        books.come(at, numbers(at, version=0))
    rollups.run()
    for timeframe in STORED:
        assert books.longer[timeframe] == by_hand(books, timeframe)


def closes_after(start: int) -> int:
    """Return when the session closes in which a bar begins."""
    return min(micros(one.closes_at) for one in SESSIONS if micros(one.closes_at) > start)

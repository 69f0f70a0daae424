"""What the gate has to know beside the bars: the calendar, the moment, and what explains a jump."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

import numpy as np

from bifrost.core.sessions import Session
from bifrost.data.series.columns import BarColumns, Integers, micros
from bifrost.data.series.timeframes import Timeframe

# Later than any instant, in microseconds.
_EVER = 2**62


@dataclass(frozen=True, slots=True)
class PriceStep:
    """From `at` on a price is expected to be `factor` times what it was.

    A 2-for-1 split is 0.5 at its ex-date's open; a dividend of 1 on a close of 20 is 0.95. None is
    a step down of which nobody told the size, a spin-off's: it explains a fall and expects none.
    """

    at: datetime
    factor: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class Halt:
    """The instrument did not trade in [begins_at, ends_at); ends_at None: nor does it yet."""

    begins_at: datetime
    ends_at: datetime | None

    @property
    def first(self) -> int:
        """When it began, in microseconds since 1970."""
        return micros(self.begins_at)

    @property
    def before(self) -> int:
        """When it ended, in microseconds; later than anything while it lasts."""
        return _EVER if self.ends_at is None else micros(self.ends_at)


@dataclass(frozen=True, slots=True, eq=False)
class SessionGrid:
    """Sessions in order: their dates, and when they open and close (microseconds since 1970)."""

    dates: tuple[date, ...]
    opens_at: Integers
    closes_at: Integers

    @classmethod
    def of(cls, sessions: Sequence[Session]) -> "SessionGrid":
        """Lay out the calendar's sessions, which come in order."""
        return cls(
            tuple(one.session for one in sessions),
            np.array([micros(one.opens_at) for one in sessions], dtype=np.int64),
            np.array([micros(one.closes_at) for one in sessions], dtype=np.int64),
        )


@dataclass(frozen=True, slots=True)
class GateContext:
    """By what a series is judged.

    grid: the calendar's sessions of the range that was asked for; a bar beyond them is outside.
    received_at: when the bars came; what ends later cannot be known yet.
    stored: bars that stand before, between and after these, in order: a hundred before and thirty
        after are enough. A jump is confirmed by what follows it, stored or told.
    steps: splits, dividends and spin-offs that stand.
    claims: those that one source alone tells: they explain a step that the price makes as well,
        and nothing where it makes none.
    halts: when it did not trade: bars there cannot be.
    extended: bars of the early and late session (04:00 to 20:00 in New York) are in place too.
    tick_size: the least step of a price; None where it is not known, or there is none (an index).
    """

    timeframe: Timeframe
    grid: SessionGrid
    received_at: datetime
    stored: BarColumns = field(default_factory=BarColumns.empty)
    steps: tuple[PriceStep, ...] = ()
    claims: tuple[PriceStep, ...] = ()
    halts: tuple[Halt, ...] = ()
    extended: bool = False
    tick_size: Decimal | None = None

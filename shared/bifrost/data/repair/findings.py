"""What a look at a series finds: repairs, which can be made, and doubts, which cannot.

A repair is as sure as the weakest thing that speaks for it: its score is the least of its named
pieces of evidence, each in [0, 1], so that a person who disagrees sees with what.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
from numpy.typing import NDArray

from bifrost.data.repair.kinds import METHOD, SURE, RepairKind

__all__ = ["ColumnChange", "Doubt", "Found", "Repair", "RepairKind", "as_date", "days_of"]

# From 4:00 to 20:00 in New York is within one day of a clock six hours behind UTC, all year.
_DAY_BEGINS = np.timedelta64(6, "h")


@dataclass(frozen=True, slots=True, eq=False)
class ColumnChange:
    """Cells of one column: as they are told, and as they should be. One place each; NaN: untold.

    sessions: datetime64[D], or the instants at which shorter bars begin.
    """

    column: str
    sessions: NDArray[np.datetime64]
    raw: NDArray[np.float64]
    repaired: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Repair:
    """One fault and what mends it.

    known_from: the session at whose close it could first be made; a spike is told from a jump
        only by the bar after it. evidence: why it is believed, each in [0, 1].
    """

    kind: RepairKind
    changes: Sequence[ColumnChange]
    evidence: Mapping[str, float]
    reason: str
    known_from: date
    method: str = field(default=METHOD)

    @property
    def score(self) -> float:
        """The least of its evidence, in [0, 1]."""
        return min(1.0, max(0.0, min(self.evidence.values())))

    @property
    def is_sure(self) -> bool:
        """It may be made without asking a person."""
        return self.score >= SURE

    @property
    def first(self) -> date:
        """The first session that it changes."""
        return as_date(min(change.sessions.min() for change in self.changes))

    @property
    def last(self) -> date:
        """The last session that it changes."""
        return as_date(max(change.sessions.max() for change in self.changes))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it changes."""
        return tuple(change.column for change in self.changes)


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something is wrong, and what is right cannot be told from what was looked at."""

    kind: RepairKind
    session: date
    reason: str


@dataclass(frozen=True, slots=True)
class Found:
    """What one look found."""

    repairs: Sequence[Repair] = ()
    doubts: Sequence[Doubt] = ()


def as_date(session: np.datetime64) -> date:
    """Return the date that a session is, or that of the session in which an instant lies."""
    day: date = days_of(np.array([session])).astype(object)[0]
    return day


def days_of(sessions: NDArray[np.datetime64]) -> NDArray[np.datetime64]:
    """Return dates (datetime64[D]); of instants those of trading, early and late hours too."""
    if np.datetime_data(sessions.dtype)[0] == "D":
        return sessions
    return (sessions - _DAY_BEGINS).astype("datetime64[D]")

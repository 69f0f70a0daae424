"""What is said of trading in an instrument, and the halts that follow from it.

That nobody knows is a word of its own: a halt of which only the beginning was heard has no end that
we could tell, and is not for ever. Who judges by it judges up to where it was known.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

# Exchanges stop within it, and a halt and a trade are stamped by different clocks.
STOPPING = timedelta(seconds=1)


class Trading(StrEnum):
    """Whether its venue trades an instrument."""

    HALTED = "halted"
    RESUMED = "resumed"
    UNKNOWN = "unknown"  # who told of the halt was not heard from then on


@dataclass(frozen=True, slots=True)
class TradingStatus:
    """From `at` on trading stands so. code: the exchange's own, such as LUDP; empty: none."""

    instrument: str
    at: datetime
    trading: Trading
    code: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ToldHalt:
    """A halt as a person tells of it. ends_at: None while it lasts; as `begins_at`: none."""

    instrument: str
    begins_at: datetime
    ends_at: datetime | None
    reason: str


class HaltState(StrEnum):
    """How a halt stands."""

    HALTED = "halted"
    ENDED = "ended"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class KnownHalt:
    """A halt, from the first word of it on.

    ends_at: None while nobody said that it ended. known_to: until when it is known to have
        lasted; None: it lasts. number: its place in a list. told_by: the person who told of it.
    """

    number: int
    instrument: str
    begins_at: datetime
    ends_at: datetime | None
    known_to: datetime | None
    source: str
    code: str
    reason: str
    told_by: str | None
    recorded_at: datetime

    @property
    def state(self) -> HaltState:
        """How it stands: what nobody heard the end of is not said to last."""
        if self.ends_at is not None:
            return HaltState.ENDED
        return HaltState.HALTED if self.known_to is None else HaltState.UNKNOWN


@dataclass(frozen=True, slots=True)
class HaltQuery:
    """Which halts are asked for: of an instrument (empty: all), of sessions of [first, last].

    known_by: as they were known then.
    """

    instrument: str = ""
    first: date | None = None
    last: date | None = None
    known_by: datetime | None = None

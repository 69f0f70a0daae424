"""How good stored data is: how complete each session, what is quarantined, and what is odd.

No numpy here: who asks for a report, or releases one bar, does not wait for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

# Of a session's bars, the share that has to be exceeded (per cent 99.5).
GOAL = 0.995


@dataclass(frozen=True, slots=True)
class Completeness:
    """How many bars of a session the calendar expects, are stored, and are quarantined.

    instrument, timeframe: whose; empty for all of them together.
    """

    session: date
    expected: int
    stored: int
    quarantined: int = 0
    instrument: str = ""
    timeframe: str = ""

    @property
    def share(self) -> float:
        """Stored of expected; 1 where none is expected."""
        return self.stored / self.expected if self.expected else 1.0

    @property
    def is_reached(self) -> bool:
        """Say whether it is above the goal."""
        return self.share > GOAL


@dataclass(frozen=True, slots=True)
class QuarantinedBar:
    """A bar that reaches no decision, in the values that came, and why.

    session: None where it is in none. released_*: who let it in all the same.
    """

    quarantine_id: int
    instrument: str
    timeframe: str
    occurred_at: datetime
    session: date | None
    source: str
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    kinds: tuple[str, ...]
    reason: str
    recorded_at: datetime
    released_at: datetime | None = None
    released_by: str | None = None
    release_reason: str | None = None


@dataclass(frozen=True, slots=True)
class QuarantinedTick:
    """A quote or a trade (`kind`) that reaches no decision, what it says as texts, and why."""

    number: int
    instrument: str
    kind: str
    occurred_at: datetime
    sequence: int
    session: date | None
    source: str
    told: Mapping[str, str]
    kinds: tuple[str, ...]
    reason: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Flag:
    """What is stored and odd, or what is missing."""

    instrument: str
    timeframe: str
    occurred_at: datetime
    session: date | None
    source: str
    kind: str
    reason: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class QualityQuery:
    """Which sessions are asked about, of which instrument (empty: all), and how many rows."""

    first: date
    last: date
    instrument: str = ""
    limit: int = 100


@dataclass(frozen=True, slots=True)
class QualityReport:
    """What is known of the sessions asked about.

    days: all instruments together, by session and timeframe. worst: those below the goal, the
    least complete first. quarantined: not released, the newest first. flagged, quarantined_ticks:
    the newest first.
    """

    first: date
    last: date
    days: list[Completeness] = field(default_factory=list)
    worst: list[Completeness] = field(default_factory=list)
    quarantined: list[QuarantinedBar] = field(default_factory=list)
    flagged: list[Flag] = field(default_factory=list)
    quarantined_ticks: list[QuarantinedTick] = field(default_factory=list)

    @property
    def is_reached(self) -> bool | None:
        """Every session is above the goal; None where nothing is stored or expected of any."""
        return all(day.is_reached for day in self.days) if self.days else None

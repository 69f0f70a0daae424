"""Repairs as they are kept: what was found, and each step that somebody took with it.

Its id is made of what it is, so that a scan that finds it again finds the one that was undone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from bifrost.data.repair.kinds import RepairKind
from bifrost.data.series.timeframes import Timeframe


class RepairState(StrEnum):
    """What became of a repair."""

    PROPOSED = "proposed"
    APPLIED = "applied"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class Cell:
    """One value: as its source told it and as repaired; None is a value that was not told.

    begins_at: of a bar shorter than its session.
    """

    session: date
    raw: Decimal | None
    repaired: Decimal | None
    begins_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StoredRepair:
    """A repair of one source's bars of an instrument, never changed.

    columns: those that change. bars: how many. cells: by column, the values that change; empty
    in a list, which shows no values. known_from: the session at whose close it could
    first be made. evidence: what speaks for it, each in [0, 1].
    """

    repair_id: str
    instrument: str
    timeframe: str
    source: str
    kind: RepairKind
    first: date
    last: date
    columns: tuple[str, ...]
    bars: int
    cells: Mapping[str, tuple[Cell, ...]]
    evidence: Mapping[str, float]
    reason: str
    method: str
    known_from: date
    recorded_at: datetime

    @property
    def score(self) -> float:
        """The least of its evidence, in [0, 1]."""
        return min(self.evidence.values())

    @property
    def is_claim(self) -> bool:
        """It changes no bar: it says that an issuer acted, or otherwise than a vendor told."""
        return not set(self.columns) - {"splits", "dividends"}

    @property
    def sessions(self) -> list[date]:
        """Every session that it changes."""
        return sorted({cell.session for cells in self.cells.values() for cell in cells})

    @property
    def begins_at(self) -> list[datetime]:
        """When each bar that it changes begins, where it is shorter than its session."""
        told = (cell.begins_at for cells in self.cells.values() for cell in cells)
        return sorted({one for one in told if one is not None})


@dataclass(frozen=True, slots=True)
class RepairStep:
    """Somebody proposed, applied or undid it: who, when and why."""

    state: RepairState
    by: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class RepairRecord:
    """A repair and its steps, the first one first. `place` grows with each repair; 0: not kept."""

    place: int
    repair: StoredRepair
    steps: tuple[RepairStep, ...]

    @property
    def state(self) -> RepairState:
        """What became of it last."""
        return self.steps[-1].state


@dataclass(frozen=True, slots=True)
class RepairQuery:
    """Which repairs are asked for; empty and None ask for all."""

    instrument: str = ""
    kind: RepairKind | None = None
    state: RepairState | None = None


@dataclass(frozen=True, slots=True)
class HeldClaim:
    """A split that is claimed and does not stand: its terms, and who claims it."""

    ex_date: date
    ratio: Decimal
    told_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Something that is wrong and that nothing here can mend, or that waits for another source."""

    source: str
    kind: RepairKind
    session: date
    reason: str
    timeframe: Timeframe = Timeframe.D1


@dataclass(frozen=True, slots=True)
class ScanAsked:
    """What to look at: an instrument's stored series, of one source or timeframe or of all.

    told_by_vendors: a person's own files are left out, unless `source` names one. since: of bars
    within sessions those from then on. dry_run: keep and make nothing. after: where a look before
    this one left off.
    """

    instrument: str
    source: str = ""
    timeframe: Timeframe | None = None
    told_by_vendors: bool = False
    since: datetime | None = None
    dry_run: bool = False
    after: str = ""


@dataclass(frozen=True, slots=True)
class Looked:
    """What was looked at: a source's bars of one timeframe, from a session to a session."""

    source: str
    timeframe: Timeframe
    first: date
    last: date
    bars: int


@dataclass(frozen=True, slots=True)
class Scan:
    """What a scan found of an instrument.

    records: new ones and those that were known before. following: what `after` has to be to go on;
    empty where all was looked at.
    """

    instrument: str
    looked: tuple[Looked, ...] = ()
    records: tuple[RepairRecord, ...] = ()
    suspicions: tuple[Suspicion, ...] = ()
    following: str = ""

    @property
    def sources(self) -> tuple[str, ...]:
        """Whose bars were looked at."""
        return tuple(sorted({one.source for one in self.looked}))

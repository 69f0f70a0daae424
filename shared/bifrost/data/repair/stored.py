"""Repairs as they are kept: what was found, and each step that somebody took with it.

Its id is made of what it is, so that a scan that finds it again finds the one that was undone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from bifrost.data.repair.kinds import RepairKind


class RepairState(StrEnum):
    """What became of a repair."""

    PROPOSED = "proposed"
    APPLIED = "applied"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class Cell:
    """One value: as its source told it and as repaired; None is a value that was not told."""

    session: date
    raw: Decimal | None
    repaired: Decimal | None


@dataclass(frozen=True, slots=True)
class StoredRepair:
    """A repair of one source's daily bars of an instrument, never changed.

    cells: by column, the values that change. known_from: the session at whose close it could
    first be made. evidence: what speaks for it, each in [0, 1].
    """

    repair_id: str
    instrument: str
    timeframe: str
    source: str
    kind: RepairKind
    first: date
    last: date
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
        return not set(self.cells) - {"splits", "dividends"}

    @property
    def sessions(self) -> list[date]:
        """Every session that it changes."""
        return sorted({cell.session for cells in self.cells.values() for cell in cells})


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


@dataclass(frozen=True, slots=True)
class Scan:
    """What a scan found of an instrument. records: new ones and those that were known before."""

    instrument: str
    sources: tuple[str, ...]
    records: tuple[RepairRecord, ...]
    suspicions: tuple[Suspicion, ...]

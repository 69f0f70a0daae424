"""What snapshots need from outside."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol

from bifrost.data.snapshots.facts import FactFile
from bifrost.data.snapshots.kinds import Snapshot


class SnapshotMaker(Protocol):
    """Makes snapshots of what is stored."""

    def make(self, as_of: datetime, instrument: str = "") -> Sequence[Snapshot]:
        """Make each instrument's, or one's, by instrument."""


class SnapshotBook(Protocol):
    """Where snapshots are kept, by session."""

    def newest_session(self, by: datetime) -> date | None:
        """Return the newest session that had closed and of which a daily bar is stored."""

    def closes_at(self, session: date) -> datetime | None:
        """Return when the session closes; None for a day that is none."""

    def recorded(self, as_of: datetime, instrument: str = "") -> Sequence[Snapshot]:
        """Return what had been kept by then, each instrument's newest, by instrument."""

    def put(self, snapshots: Sequence[Snapshot], at: datetime) -> int:
        """Add those that are new or came out otherwise; return how many."""


class FactBook(Protocol):
    """Where facts are added."""

    def put(self, facts: FactFile, at: datetime) -> int:
        """Add rows that are not there yet; return how many.

        Raises ConflictError where another value is stored of the same instant: a restatement has
        a later `reported_at`.
        """

"""What repairs need: bars to look at, a place to keep what was found, and a way to put it right."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

from bifrost.data.repair.stored import (
    HeldClaim,
    RepairQuery,
    RepairRecord,
    RepairStep,
    StoredRepair,
)

if TYPE_CHECKING:
    from bifrost.data.repair.told_bars import ToldBars
    from bifrost.data.series.columns import BarColumns


class RepairBooks(Protocol):
    """Repairs of one instrument, inside a transaction that others of it wait for."""

    def ranks(self) -> Mapping[str, int]:
        """Return the rank of each source that has told daily bars of the instrument."""

    def bars(self, source: str) -> "ToldBars":
        """Return a source's daily bars as they stand, and those of it that are kept apart."""

    def splits(self) -> Mapping[date, Decimal]:
        """Return the splits that stand: ex-date, and shares for one."""

    def dividends(self, source: str) -> Mapping[date, Decimal]:
        """Return the cash dividends that a source tells now: ex-date, and amount per share."""

    def held_claims(self) -> Sequence[HeldClaim]:
        """Return the splits that are claimed and do not stand."""

    def find(self, repair_id: str) -> RepairRecord | None:
        """Return a repair of the instrument; None where there is none of this id."""

    def add(self, repair: StoredRepair, step: RepairStep) -> RepairRecord:
        """Keep a new repair and its first step."""

    def take_step(self, repair_id: str, step: RepairStep) -> None:
        """Keep what was done with a repair."""

    def put(
        self,
        repair: StoredRepair,
        bars: "BarColumns",
        at: datetime,
        event_id: str,
        correlation_id: str,
    ) -> int:
        """Append bars that name the repair, and tell of them; return how many differ."""

    def apart(self, repair: StoredRepair) -> Sequence[int]:
        """Return the numbers of the quarantined bars that it was made of and nobody let in."""

    def currency(self) -> str:
        """Return the currency that the instrument is traded in."""


class Repairs(Protocol):
    """Repairs."""

    def transaction(self, instrument: str) -> AbstractContextManager[RepairBooks]:
        """Begin work on an instrument; raise NotFoundError where it is not listed."""

    def find(self, repair_id: str) -> RepairRecord:
        """Return a repair; raise NotFoundError."""

    def listing(self, asked: RepairQuery, *, after: int, limit: int) -> Sequence[RepairRecord]:
        """Return repairs whose place is past `after`, in the order they were found."""


class Announcer(Protocol):
    """Takes in a file of corporate actions that a person sends."""

    def announce(self, content: bytes, correlation_id: str) -> object:
        """Take it in; the same file again is no news."""

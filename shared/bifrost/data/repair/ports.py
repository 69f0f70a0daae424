"""What repairs need: bars to look at, a place to keep what was found, and a way to put it right."""

from collections.abc import Mapping, Sequence, Set
from contextlib import AbstractContextManager
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

from bifrost.data.repair.parts import ToldSeries
from bifrost.data.repair.stored import (
    HeldClaim,
    RepairQuery,
    RepairRecord,
    RepairStep,
    StoredRepair,
)
from bifrost.data.series.timeframes import Timeframe

if TYPE_CHECKING:
    from bifrost.data.repair.told_bars import ToldBars
    from bifrost.data.series.columns import BarColumns


class RepairBooks(Protocol):
    """Repairs of one instrument, inside a transaction that others of it wait for."""

    def told(self) -> Sequence[ToldSeries]:
        """Return each source's series that has bars of the instrument, kept apart ones too."""

    def bars(
        self, source: str, timeframe: Timeframe, first: datetime, before: datetime
    ) -> "ToldBars":
        """Return a source's bars of [first, before) as they stand, and those kept apart."""

    def sampled(
        self, source: str, timeframe: Timeframe, first: datetime, before: datetime
    ) -> "ToldBars":
        """Return five bars of each session of a source, their close as all prices."""

    def spun_off(self) -> Set[date]:
        """Return the days on which somebody tells of a spin-off, whether or not it stands."""

    def splits(self) -> Mapping[date, Decimal]:
        """Return the splits that stand: ex-date, and shares for one."""

    def dividends(self) -> Mapping[str, Mapping[date, Decimal]]:
        """Return the cash dividends that each vendor tells now: ex-date, and amount per share.

        A person's own word is left out: nobody here judges it.
        """

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

"""What the report of quality and a release need from outside."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

from bifrost.data.quality.report import (
    Completeness,
    Flag,
    QualityQuery,
    QuarantinedBar,
    QuarantinedTick,
)


class QualityReader(Protocol):
    """What is stored, counted against the calendar, and what the gate kept apart."""

    def newest_session(self, by: datetime) -> date | None:
        """Return the newest session that had closed and of which bars are stored or due."""

    def days(self, asked: QualityQuery, by: datetime) -> Sequence[Completeness]:
        """Count each session that had closed, for all instruments together, by timeframe.

        Raises NotFoundError for an instrument that is not listed.
        """

    def worst(self, asked: QualityQuery, by: datetime) -> Sequence[Completeness]:
        """Return what is below the goal, the least complete first."""

    def quarantined(self, asked: QualityQuery) -> Sequence[QuarantinedBar]:
        """Return what is quarantined, not released nor corrected since, the newest first."""

    def quarantined_ticks(self, asked: QualityQuery) -> Sequence[QuarantinedTick]:
        """Return the quotes and trades that are quarantined, the newest first."""

    def flagged(self, asked: QualityQuery) -> Sequence[Flag]:
        """Return what is flagged, the newest first."""


class CompletenessBook(Protocol):
    """Where each session's completeness is kept."""

    def record(self, first: date, last: date, at: datetime) -> Sequence[Completeness]:
        """Keep each session's of [first, last], and return those of all instruments together."""


class ReleaseBooks(Protocol):
    """A quarantined bar, inside a transaction."""

    def hold(self, quarantine_id: int) -> QuarantinedBar | None:
        """Return it and keep others from it until the end; None where there is none."""

    def told_since(self, bar: QuarantinedBar) -> Mapping[str, Decimal] | None:
        """Return open, high, low, close and volume that its source gave it later; None: it did not.

        Of what is stored; what a repair made is no word of the source's.
        """

    def release(self, bar: QuarantinedBar, event_id: str, correlation_id: str) -> None:
        """Keep who released it and why, append the bar to what is stored, and tell of it.

        A repair whose bars stand nowhere after it is undone by it.
        """


class Releases(Protocol):
    """Releases, one transaction each."""

    def transaction(self) -> AbstractContextManager[ReleaseBooks]:
        """Begin one."""

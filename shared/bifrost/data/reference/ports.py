"""What data needs to keep instruments over time."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from bifrost.core.corporate_actions import CorporateAction
from bifrost.data.reference.indexes import Membership, MembershipRevision
from bifrost.data.reference.revising import Revision
from bifrost.data.reference.terms import Terms


@dataclass(frozen=True, slots=True)
class UniverseQuery:
    """Which instruments are asked for: those listed, or in an index, on a day.

    index: empty asks for everything listed. known_by: None is as we know it now. after: the key
    that the page before ended with.
    """

    on: date
    index: str = ""
    known_by: datetime | None = None
    after: str = ""
    limit: int = 100


@dataclass(frozen=True, slots=True)
class Present:
    """An instrument of a universe; terms: what held of it then, None where nobody told."""

    instrument: str
    terms: Terms | None


class ReferenceBook(Protocol):
    """Instruments over time, inside a transaction of its caller's."""

    def standing_terms(
        self, instruments: Collection[str], symbols: Collection[str]
    ) -> Sequence[Terms]:
        """Return what stands of these, and keep others from changing any terms."""

    def revise_terms(self, revision: Revision, at: datetime) -> None:
        """Supersede and add rows."""

    def standing_members(self, indexes: Collection[str]) -> Sequence[Membership]:
        """Return what stands of these indexes, and keep others from changing any."""

    def revise_members(self, revision: MembershipRevision, at: datetime) -> None:
        """Supersede and add rows."""


class ReferenceReader(Protocol):
    """Instruments over time, to read."""

    def terms_of(self, name: str) -> Sequence[Terms]:
        """Return every row, superseded ones too, of the instrument or the symbol of this name."""

    def universe(self, asked: UniverseQuery) -> Sequence[Present]:
        """Return the instruments asked for, by key; those delisted since too."""


class StandingActions(Protocol):
    """Corporate actions that stand, to adjust by."""

    def standing(
        self, instrument: str, as_of: date | None, known_by: datetime | None
    ) -> Sequence[CorporateAction]:
        """Return those with an ex-date up to `as_of`, as they stood at `known_by`.

        None is no bound, and as they stand now.
        """

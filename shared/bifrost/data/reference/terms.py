"""Dated terms: what an instrument was called and where it was listed, from one day to another.

An instrument's key never changes: the symbol that it has now, and where that was used before,
`FB.1` beside `FB`. Its symbol is a term like any other. Rows have two times: the days on which
they hold, and the instants between which we took them for true (`recorded_at`, `superseded_at`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

# Nobody said when it began; no end is known.
UNKNOWN_START = date.min
NO_END = date.max
# ISO 10383's code for what is listed nowhere, or nobody knows where: it stands where a venue must.
NO_VENUE = "XXXX"


class ListingStatus(StrEnum):
    """Whether it can be traded."""

    LISTED = "listed"
    DELISTED = "delisted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """One row: what held of `instrument` on each day of [valid_from, valid_to).

    None is not known, never "none". superseded_at: when another row took its place; None for one
    that stands.
    """

    instrument: str
    valid_from: date
    valid_to: date
    symbol: str
    mic: str | None = None
    currency: str | None = None
    tick_size: Decimal | None = None
    lot_size: Decimal | None = None
    name: str | None = None
    status: ListingStatus = ListingStatus.LISTED
    source: str
    recorded_at: datetime
    superseded_at: datetime | None = None

    def __post_init__(self) -> None:
        if self.valid_from >= self.valid_to:
            raise ValueError(f"terms end after they begin, were {self.valid_from}, {self.valid_to}")

    @property
    def is_listed(self) -> bool:
        """It could be traded then, so that its symbol was its own."""
        return self.status is ListingStatus.LISTED

    def holds(self, on: date, known_by: datetime | None = None) -> bool:
        """Say whether it is valid on that day, as known by that instant; None is now."""
        return self.valid_from <= on < self.valid_to and self.is_known(known_by)

    def is_known(self, by: datetime | None = None) -> bool:
        """Say whether we took it for true at that instant; None is now."""
        if by is None:
            return self.superseded_at is None
        return self.recorded_at <= by and (self.superseded_at is None or by < self.superseded_at)

    def overlaps(self, other: "Terms") -> bool:
        """Say whether there is a day on which both hold."""
        return self.valid_from < other.valid_to and other.valid_from < self.valid_to


def resolve(
    terms: Iterable[Terms], symbol: str, on: date, known_by: datetime | None = None
) -> str | None:
    """Return the key of the instrument that had the symbol on that day; None if nobody had it.

    known_by: as we knew it at that instant; None is as we know it now. The database holds that no
    two rows answer (an exclusion over symbol, days and knowledge).
    """
    return next(
        (
            one.instrument
            for one in terms
            if one.symbol == symbol and one.is_listed and one.holds(on, known_by)
        ),
        None,
    )


def terms_on(
    terms: Iterable[Terms], instrument: str, on: date, known_by: datetime | None = None
) -> Terms | None:
    """Return what held of the instrument on that day; None before it was, or where unknown."""
    return next(
        (one for one in terms if one.instrument == instrument and one.holds(on, known_by)), None
    )


def held_by(terms: Iterable[Terms], symbol: str, known_by: datetime | None = None) -> list[Terms]:
    """Return each listing under the symbol, oldest first."""
    found = [
        one for one in terms if one.symbol == symbol and one.is_listed and one.is_known(known_by)
    ]
    return sorted(found, key=lambda one: one.valid_from)

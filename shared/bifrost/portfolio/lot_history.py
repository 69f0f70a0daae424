"""Lots as they stood at the ends of a range, and what they add up to.

A line is what one transaction did to one lot, at that transaction's market time. As the lines of
each transaction add up to its entries, lots add up to positions at any instant, in whatever order
things came. A lot to which nothing more happens is folded into sums: what is kept grows with the
open lots, the positions and one page, not with the history.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from heapq import nsmallest

from bifrost.core.money import EXACT

NOTHING = Decimal(0)
NOBODYS = frozenset({""})


@dataclass(frozen=True, slots=True)
class Span:
    """The ends of a range, the last one first, and after it the first one where there is one.

    None is now.
    """

    ends: tuple[datetime | None, ...]

    def reaches(self, at: datetime | None) -> tuple[bool, ...]:
        """Say at which ends something counts; None was booked before the market had a time."""
        return tuple(at is None or end is None or at <= end for end in self.ends)


@dataclass(slots=True)
class Held:
    """So many shares at so much."""

    quantity: Decimal = NOTHING
    cost: Decimal = NOTHING

    def add(self, quantity: Decimal, cost: Decimal) -> None:
        """Add what came, or take what went."""
        self.quantity = EXACT.add(self.quantity, quantity)
        self.cost = EXACT.add(self.cost, cost)


@dataclass(frozen=True, slots=True)
class LotLine:
    """What a transaction did to a lot: shares and cost in one instrument, and what it realised."""

    instrument: str
    quantity: Decimal = NOTHING
    cost: Decimal = NOTHING
    realised: Decimal = NOTHING


@dataclass(slots=True)
class LotRecord:
    """A lot at the ends of a range.

    instrument: what it was called at the last end. held: by end and instrument, also where
    nothing is held any more. realised: within the range. traders: the strategies that opened it
    and closed from it by the last end; "" is none. is_moved: something happened within the range.
    quantity, cost: as far as the journal is played.
    """

    lot_id: str
    currency: str
    traders: frozenset[str]
    held: tuple[dict[str, Held], ...]
    instrument: str = ""
    realised: Decimal = NOTHING
    is_moved: bool = False
    quantity: Decimal = NOTHING
    cost: Decimal = NOTHING

    def take(self, line: LotLine, counts: tuple[bool, ...], trader: str | None = None) -> None:
        """Add a line; counts: at which ends. trader: whose trade it is, where it is one."""
        for held, is_counted in zip(self.held, counts, strict=True):
            if is_counted:
                held.setdefault(line.instrument, Held()).add(line.quantity, line.cost)
        if not counts[0]:
            return
        self.instrument = line.instrument
        if trader is not None and trader not in self.traders:
            self.traders |= {trader}
        if len(counts) == 1 or not counts[1]:
            self.is_moved = True
            self.realised = EXACT.add(self.realised, line.realised)

    @property
    def instruments(self) -> frozenset[str]:
        """What it was called up to the last end."""
        return frozenset(self.held[0])

    @property
    def is_shown(self) -> bool:
        """Whether there is anything to say of it in the range."""
        return self.is_moved or any(one.quantity or one.cost for one in self._all())

    def _all(self) -> Iterator[Held]:
        return (one for held in self.held for one in held.values())


Key = tuple[int, str, str]


@dataclass(slots=True)
class LotSums:
    """What lots add up to: realised by currency; held by end, instrument and currency."""

    realised: dict[str, Decimal] = field(default_factory=dict)
    held: dict[Key, Held] = field(default_factory=dict)

    def add(self, lot: LotRecord) -> None:
        """Add a lot."""
        known = self.realised.get(lot.currency, NOTHING)
        self.realised[lot.currency] = EXACT.add(known, lot.realised)
        for end, held in enumerate(lot.held):
            for instrument, one in held.items():
                key = (end, instrument, lot.currency)
                self.held.setdefault(key, Held()).add(one.quantity, one.cost)

    def merge(self, other: "LotSums") -> None:
        """Add other sums."""
        for currency, amount in other.realised.items():
            self.realised[currency] = EXACT.add(self.realised.get(currency, NOTHING), amount)
        for key, one in other.held.items():
            self.held.setdefault(key, Held()).add(one.quantity, one.cost)


# Sums by what their lots were called, so that lots of a wrong instrument can be left out.
Sums = dict[frozenset[str], LotSums]


@dataclass(slots=True)
class Lots:
    """The lots of a range: sums of all, and one page of them.

    strategies: whose lots are meant; empty is everybody's. after, limit: the page.
    whole: sums of lots that are meant and known; shared: of those that are meant, where it is
    not known whose their gain is; others: of the rest.
    """

    strategies: frozenset[str] = frozenset()
    after: str = ""
    limit: int = 50
    whole: Sums = field(default_factory=dict)
    shared: Sums = field(default_factory=dict)
    others: Sums = field(default_factory=dict)
    _page: list[LotRecord] = field(default_factory=list)

    def take(self, lot: LotRecord) -> None:
        """Add a lot to which nothing more happens."""
        is_meant = not self.strategies or bool(lot.traders & self.strategies)
        is_shared = is_meant and self.is_shared(lot)
        # By position a strategy goes on holding what others sold of its lots: their price matters.
        if not lot.is_shown and not is_shared:
            return
        sums = self.shared if is_shared else self.whole if is_meant else self.others
        sums.setdefault(lot.instruments, LotSums()).add(lot)
        if is_meant and lot.is_shown and lot.lot_id > self.after:
            self._page.append(lot)
            if len(self._page) > 2 * self.limit:
                self._page = self._first()

    def is_shared(self, lot: LotRecord) -> bool:
        """Say whether others than those that are meant had a part in a lot."""
        return bool(self.strategies) and not lot.traders <= self.strategies

    def page(self) -> list[LotRecord]:
        """Return the page, by name."""
        self._page = self._first()
        return self._page

    def _first(self) -> list[LotRecord]:
        return nsmallest(self.limit, self._page, key=lambda lot: lot.lot_id)

"""What is known beside the trades: what issuers did, and what books chose.

A file of trades says neither, and the taxpayer's election chooses. Books have chosen already, each
sale at its time (Reg. 1.1012-1(c)), and what was identified then is what the tax report must say.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from bifrost.core.corporate_actions import CorporateAction


@dataclass(frozen=True, slots=True)
class Pick:
    """So much, in shares of the day of the row that closes, of what the row of a line opened.

    via: the spin-offs by which the lot came of that row's, first to last (their action ids); a
    merger, a split and a rename leave a lot what it is.
    """

    line: int
    quantity: Fraction
    via: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BasisChange:
    """What came to the cost of all that is open of a lot: below zero for a return of capital.

    Then it is all that was paid on the lot, and what exceeds its adjusted basis is a gain of
    that day (IRC §301(c)(3)). before: the line of the first row that comes after it. line, via: the
    lot, as a `Pick` names it.
    """

    before: int
    on: date
    line: int
    amount: Fraction
    via: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Act:
    """A corporate action, before the row of that line; each action is there once.

    accounts: (owner, account) of those that it met; None for all that hold its instrument. What an
    issuer closes for cash is a sale, a row of its own: a merger for cash, a fraction, a delisting.
    """

    before: int
    action: CorporateAction
    accounts: frozenset[tuple[str, str]] | None = None


LotName = tuple[int, tuple[str, ...]]
"""A lot as a `Pick` names it: line and via."""


@dataclass(frozen=True, slots=True)
class Kept:
    """picks: by the line of the row that closed them, together all that it closed.

    averaged: by the line of a sale at the average basis, the lots that share it; None for all that
    its account then holds of the instrument.
    acts: all of them, splits and renames too. Trades have the names and counts of their day: the
    engine itself counts in today's shares.
    """

    picks: Mapping[int, tuple[Pick, ...]] = field(default_factory=dict)
    changes: tuple[BasisChange, ...] = ()
    acts: tuple[Act, ...] = ()
    averaged: Mapping[int, frozenset[LotName] | None] = field(default_factory=dict)


NOTHING_KEPT = Kept()

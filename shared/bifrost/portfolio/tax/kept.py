"""What books say beside the trades: which lots a sale closed, and what changed a lot's basis.

A file of trades says neither, and the taxpayer's election chooses. Books have chosen already, each
sale at its time (Reg. 1.1012-1(c)), and what was identified then is what the tax report must say.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Pick:
    """So much, in today's shares, of what the row of a line opened."""

    line: int
    quantity: Fraction


@dataclass(frozen=True, slots=True)
class BasisChange:
    """What was added to the cost of all that is open of the row of a line.

    before: the line of the first row that comes after it.
    """

    before: int
    line: int
    amount: Fraction


@dataclass(frozen=True, slots=True)
class Kept:
    """picks: by the line of the row that closed them, together all that it closed."""

    picks: Mapping[int, tuple[Pick, ...]] = field(default_factory=dict)
    changes: tuple[BasisChange, ...] = ()


NOTHING_KEPT = Kept()

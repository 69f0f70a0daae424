"""What a tax question is asked of: every purchase and sale of its owners, in the order made.

Quantities and amounts are Decimal as they were written. The engine computes in fractions: a third
of a loss is exactly that until it is printed.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from bifrost.core.errors import FieldProblem, InvalidInputError
from bifrost.core.orders import Side
from bifrost.portfolio.accounts import AccountKind


class Book(NamedTuple):
    """Where shares are held: accounts of two owners may have one name."""

    owner: str
    account: str
    instrument: str


@dataclass(frozen=True, slots=True)
class Trade:
    """One row: `quantity` is above zero, `amount` its total in USD, never below zero.

    line: where it stands in its file, or in the desk's history; errors name it.
    scale: the shares behind one of its `quantity`, where what is written is rounded.
    """

    line: int
    on: date
    owner: str
    account: str
    kind: AccountKind
    instrument: str
    side: Side
    quantity: Decimal
    amount: Decimal
    scale: Fraction = Fraction(1)

    @property
    def book(self) -> Book:
        """Where its shares are held."""
        return Book(self.owner, self.account, self.instrument)


def unreadable(line: int, column: str, message: str, fix: str, *, place: int = 0) -> FieldProblem:
    """Name a field of a file: its line from 1, its column by name and, where known, `place`."""
    where = f"column {place} ({column})" if place else f"column {column}"
    return FieldProblem(f"line {line}, {where}", message, fix)


def refuse(trade: Trade, column: str, message: str, fix: str) -> InvalidInputError:
    """Make the error of a row that cannot have happened."""
    return InvalidInputError(unreadable(trade.line, column, message, fix))

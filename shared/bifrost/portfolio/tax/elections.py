"""What a taxpayer decides before any tax is computed: which lots sell first, who is one taxpayer.

A spouse's purchase replaces like one's own (Pub. 550; McWilliams v. Commissioner, 331 U.S. 694),
where the two were married both when one sold and when the other bought: before and after, neither
is the other's spouse.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from bifrost.core.errors import FieldProblem, InvalidInputError
from bifrost.portfolio.tax.history import Trade
from bifrost.portfolio.tax.policy import Policy


class LotOrder(StrEnum):
    """Which shares of an account are sold first; shorts always close in the order opened.

    hifo: the highest basis, wash sales' adjustments included.
    """

    FIFO = "fifo"
    LIFO = "lifo"
    HIFO = "hifo"


class Couple(NamedTuple):
    """Two owners; since, until: the first and the last day of the marriage, where it has them."""

    one: str
    other: str
    since: date | None = None
    until: date | None = None

    def were_married(self, *days: date) -> bool:
        """Say whether they were on each of the days."""
        first, last = self.since or date.min, self.until or date.max
        return all(first <= day <= last for day in days)


@dataclass(frozen=True, slots=True)
class Elections:
    """spouses: no owner is of two couples.

    averaged: the instruments, under their name of the day, that are sold at the average basis: of a
    fund or a reinvestment plan, by the owners' election (Treas. Reg. 1.1012-1(e)).
    """

    method: LotOrder = LotOrder.FIFO
    spouses: tuple[Couple, ...] = ()
    policy: Policy = field(default_factory=Policy)
    averaged: frozenset[str] = frozenset()

    def require_sold(self, trades: Iterable[Trade]) -> None:
        """Raise InvalidInputError where what is averaged is nowhere: it may be mistyped."""
        unknown = self.averaged - {one.instrument for one in trades if self.averaged}
        if unknown:
            problem = f"{min(unknown)} is in no row"
            fix = "write the instrument as its rows do"
            raise InvalidInputError(FieldProblem("method", problem, fix))

    def couple_of(self, owner: str) -> Couple | None:
        """Return the couple that the owner is of."""
        return next((one for one in self.spouses if owner in (one.one, one.other)), None)


def taxpayers(trades: Iterable[Trade], spouses: Iterable[Couple]) -> dict[str, str]:
    """Return for each owner the one who stands for the couple.

    Raises InvalidInputError for a spouse without a row (a name mistyped would hide wash sales),
    and for an owner with two spouses.
    """
    found = {trade.owner: trade.owner for trade in trades}
    married: dict[str, str] = {}
    for one, other, *_ in spouses:
        for name, spouse in ((one, other), (other, one)):
            if name not in found:
                raise _refused(f"{name!r} owns nothing in the file", "write owners as they are")
            if one == other or married.setdefault(name, spouse) != spouse:
                raise _refused(f"{name!r} cannot be linked so", "link two owners, each once")
        found[one] = found[other] = min(one, other)
    return found


def _refused(message: str, fix: str) -> InvalidInputError:
    return InvalidInputError(FieldProblem("spouses", message, fix))

"""What a taxpayer decides before any tax is computed: which lots sell first, who is one taxpayer.

A spouse's purchase replaces like one's own (Pub. 550; McWilliams v. Commissioner, 331 U.S. 694).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

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


@dataclass(frozen=True, slots=True)
class Elections:
    """spouses: pairs of owners."""

    method: LotOrder = LotOrder.FIFO
    spouses: tuple[tuple[str, str], ...] = ()
    policy: Policy = field(default_factory=Policy)


def taxpayers(trades: Iterable[Trade], spouses: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return for each owner the one who stands for the couple.

    Raises InvalidInputError for a spouse without a row (a name mistyped would hide wash sales),
    and for an owner with two spouses.
    """
    found = {trade.owner: trade.owner for trade in trades}
    married: dict[str, str] = {}
    for one, other in spouses:
        for name, spouse in ((one, other), (other, one)):
            if name not in found:
                raise _refused(f"{name!r} owns nothing in the file", "write owners as they are")
            if one == other or married.setdefault(name, spouse) != spouse:
                raise _refused(f"{name!r} cannot be linked so", "link two owners, each once")
        found[one] = found[other] = min(one, other)
    return found


def _refused(message: str, fix: str) -> InvalidInputError:
    return InvalidInputError(FieldProblem("spouses", message, fix))

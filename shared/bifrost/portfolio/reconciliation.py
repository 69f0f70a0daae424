"""The venue's statement against our books: every difference is named, none is corrected.

Our books follow the venue by events, so a statement is comparable only when both contain the
same fills. Otherwise the difference found is `pending`: it ages like any other until the fills
arrive, and says nothing about cash or positions.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from bifrost.events import fill_stream
from bifrost.portfolio.ledger import CASH
from bifrost.portfolio.lots import exact_sum
from bifrost.portfolio.valuation import Balance


class BreakKind(StrEnum):
    """What differs."""

    CASH = "cash"
    POSITION = "position"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class Statement:
    """The venue's books of an account, as execution hands them on.

    fill_sequence: the last fill of the account's stream that these books contain.
    unmatched_reports: what the venue did to orders that we never sent; execution watches those.
    """

    account_id: str
    cash: Decimal
    currency: str
    positions: Mapping[str, str]
    open_orders: Mapping[str, str]
    last_report: int
    fill_sequence: int
    venue: str = ""
    unmatched_reports: int = 0

    @property
    def quantities(self) -> dict[str, Decimal]:
        """Signed quantity by instrument."""
        return {name: Decimal(quantity) for name, quantity in self.positions.items()}


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that our books and the venue's say differently.

    subject: the currency, the instrument, or the stream of fills.
    """

    kind: BreakKind
    subject: str
    ours: Decimal
    theirs: Decimal


def compare(
    balances: list[Balance], fills_applied: int, statement: Statement
) -> tuple[Difference, ...]:
    """Return every difference; only `pending` where the books hold different fills."""
    if fills_applied != statement.fill_sequence:
        ours, theirs = Decimal(fills_applied), Decimal(statement.fill_sequence)
        return (Difference(BreakKind.PENDING, fill_stream(statement.account_id), ours, theirs),)
    ours_held = {b.instrument: b.quantity for b in balances if b.quantity}
    theirs_held = statement.quantities
    cash = exact_sum(b.amount for b in balances if b.ledger_account == CASH)
    pairs = [(BreakKind.CASH, statement.currency, cash, statement.cash)]
    for name in sorted(ours_held.keys() | theirs_held.keys()):
        ours = ours_held.get(name) or Decimal(0)
        pairs.append((BreakKind.POSITION, name, ours, theirs_held.get(name, Decimal(0))))
    return tuple(Difference(*pair) for pair in pairs if pair[2] != pair[3])

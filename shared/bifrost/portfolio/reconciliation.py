"""The venue's statement against our books: every difference is named, none is corrected.

Our books follow the venue by events, so a statement is comparable only when both contain the
same fills. Otherwise the difference found is `pending`: it ages like any other until the fills
arrive, and says nothing about cash or positions.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from bifrost.core.money import exact_sum
from bifrost.core.statements import VenueStatement
from bifrost.events import fill_stream
from bifrost.portfolio.ledger import CASH
from bifrost.portfolio.valuation import Balance


class BreakKind(StrEnum):
    """What differs."""

    CASH = "cash"
    POSITION = "position"
    STATEMENT = "statement"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that our books and the venue's say differently.

    subject: the currency, the instrument, or the stream of fills.
    """

    kind: BreakKind
    subject: str
    ours: Decimal
    theirs: Decimal


@dataclass(frozen=True, slots=True)
class Explained:
    """A difference with its cause and who has to act on it.

    venue: of a statement's difference the third side; None is unknown.
    """

    kind: BreakKind
    subject: str
    ours: Decimal
    theirs: Decimal
    cause: str
    owner: str
    venue: Decimal | None = None


def compare(
    balances: list[Balance], fills_applied: int, statement: VenueStatement
) -> tuple[Difference, ...]:
    """Return every difference; only `pending` where the books hold different fills."""
    if fills_applied != statement.fill_sequence:
        ours, theirs = Decimal(fills_applied), Decimal(statement.fill_sequence)
        return (Difference(BreakKind.PENDING, fill_stream(statement.account_id), ours, theirs),)
    ours_held = {b.instrument: b.quantity for b in balances if b.quantity}
    theirs_held = statement.positions
    # The venue keeps one currency; what is held of others is not with it.
    own = [b for b in balances if b.currency == statement.currency]
    cash = exact_sum(b.amount for b in own if b.ledger_account == CASH)
    pairs = [(BreakKind.CASH, statement.currency, cash, statement.cash)]
    for name in sorted(ours_held.keys() | theirs_held.keys()):
        ours = ours_held.get(name) or Decimal(0)
        pairs.append((BreakKind.POSITION, name, ours, theirs_held.get(name, Decimal(0))))
    return tuple(Difference(*pair) for pair in pairs if pair[2] != pair[3])

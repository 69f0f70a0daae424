"""What each row did to its book: opened, closed, or first the one and then the other.

Known before any tax is: it depends on quantities alone. Rows of one book, side and day with none
of the other side between them are one order, so an order filled in parts is judged as one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from bifrost.core.orders import Side
from bifrost.portfolio.tax.history import Book, Trade, refuse
from bifrost.portfolio.tax.identity import security_of
from bifrost.portfolio.tax.shares import ZERO, Opening, Opens, Piece


@dataclass(frozen=True, slots=True)
class Move:
    """One row: what it closes of what was open, and what it opens.

    sale: the shares held that it sells, as what may replace a short (§1091(e)).
    """

    trade: Trade
    order: int
    unit_amount: Fraction
    closes: Fraction
    opened: Opening | None
    sale: Opening | None


def moves_of(trades: Iterable[Trade]) -> list[Move]:
    """Return each row's move; raise InvalidInputError at a sale of what an account has not got."""
    held: dict[Book, Fraction] = {}
    last: dict[Book, tuple[date, Side, int]] = {}
    found: list[Move] = []
    for place, trade in enumerate(trades):
        book = Book(trade.owner, trade.account, security_of(trade.instrument).symbol)
        before = held.get(book, ZERO)
        on, side, order = last.get(book, (None, None, 0))
        if (on, side) != (trade.on, trade.side):
            order = place
        last[book] = (trade.on, trade.side, order)
        found.append(_move(trade, place, order, before))
        held[book] = before + trade.side.sign * trade.shares
    return found


def _move(trade: Trade, place: int, order: int, before: Fraction) -> Move:
    quantity = trade.shares
    closes = max(ZERO, min(quantity, -trade.side.sign * before))
    opens = quantity - closes
    is_sale = trade.side is Side.SELL
    if is_sale and opens and not trade.kind.may_short:
        held = f"{trade.account} holds {max(before, ZERO)} {trade.instrument}"
        raise refuse(
            trade,
            "quantity",
            f"{held}, {trade.quantity} are sold",
            f"only a margin account may sell short, this one is {trade.kind}",
        )
    unit = Fraction(trade.amount) / quantity

    def opening(kind: Opens, size: Fraction) -> Opening | None:
        if not size:
            return None
        security = security_of(trade.instrument)
        day = trade.on.toordinal()
        return Opening(trade, kind, security, place, order, day, unit, [Piece(size)])

    return Move(
        trade,
        order,
        unit,
        closes,
        opening(Opens.SHORT if is_sale else Opens.LONG, opens),
        opening(Opens.SALE, closes) if is_sale else None,
    )

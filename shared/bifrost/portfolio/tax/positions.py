"""What each row did to its book: opened, closed, or first the one and then the other.

Known before any tax is: it depends on quantities alone. Rows of one book, side and day with none
of the other side or an issuer's action between them are one order, so an order filled in parts is
judged as one. Capital that comes back ends what sells the account's shares, and so does the average
basis where it begins or ends: what is sold then has another basis.
"""

from collections import deque
from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from bifrost.core.corporate_actions import Merger, Rename, SpinOff
from bifrost.core.orders import Side
from bifrost.portfolio.tax.counting import Effect, Row
from bifrost.portfolio.tax.history import Book, Trade, refuse
from bifrost.portfolio.tax.identity import Security, security_of
from bifrost.portfolio.tax.kept import BasisChange
from bifrost.portfolio.tax.rounding import quantity
from bifrost.portfolio.tax.shares import ZERO, Opening, Opens, Piece


@dataclass(frozen=True, slots=True)
class Move:
    """One row: what it closes of what was open, and what it opens, in today's shares.

    sale: the shares held that it sells, as what may replace a short (§1091(e)).
    """

    trade: Trade
    book: Book
    security: Security
    scale: Fraction
    order: int
    unit_amount: Fraction
    closes: Fraction
    opened: Opening | None
    sale: Opening | None


class Positions:
    """What each book holds long, and what it owes: a merger may leave both, which do not cancel."""

    def __init__(self) -> None:
        self._long: dict[Book, Fraction] = {}
        self._short: dict[Book, Fraction] = {}
        self._last: dict[Book, tuple[date, Side, bool, int]] = {}

    def closable(self, row: Row) -> Fraction:
        """How many of today's shares a row could close."""
        other = self._long if row.trade.side is Side.SELL else self._short
        return other.get(row.book, ZERO)

    def holds(self, underlying: str) -> bool:
        """Say whether any book has some of a stock, by its name then, or of an option on it."""
        return any(
            shares and security_of(book.instrument).underlying == underlying
            for held in (self._long, self._short)
            for book, shares in held.items()
        )

    def move(self, row: Row, place: int, *, is_averaged: bool = False) -> Move:
        """Play a row; raise InvalidInputError at a sale of what an account has not got."""
        trade, book = row.trade, row.book
        side = trade.side
        *before, order = self._last.get(book, (None, None, False, 0))
        if before != [trade.on, side, is_averaged]:
            order = place
        self._last[book] = (trade.on, side, is_averaged, order)
        shares = Fraction(trade.quantity) * row.scale
        own, other = self._long, self._short
        if side is Side.SELL:
            own, other = other, own
        closes = min(shares, other.get(book, ZERO))
        opens = shares - closes
        if opens and side is Side.SELL and not trade.kind.may_short:
            raise _not_held(trade, closes / row.scale)
        if closes:
            other[book] -= closes
        if opens:
            own[book] = own.get(book, ZERO) + opens
        return _move(row, book, place, order, closes, opens)

    def end_sales(self, trade: Trade) -> None:
        """Have what its account sells next be another order; what it buys stays one."""
        for book, (_, side, *_) in list(self._last.items()):
            if side is Side.SELL and book[:2] == trade.book[:2]:
                del self._last[book]

    def apply(self, effect: Effect) -> None:
        """Have an action change what books hold, and end the orders before it."""
        self._last.clear()
        for held in (self._long, self._short):
            for book in [one for one in held if effect.meets(one)]:
                match effect.act.action.terms:
                    case SpinOff(new_instrument=name) as terms:
                        part = held[book] * effect.ratio(terms)
                    case Rename(new_instrument=name) | Merger(new_instrument=name) if name:
                        part = held.pop(book)
                    case _:
                        continue
                new = book._replace(instrument=name)
                held[new] = held.get(new, ZERO) + part


def moves_of(
    rows: Sequence[Row],
    effects: Sequence[Effect],
    changes: Sequence[BasisChange] = (),
    averaged: Container[int] = (),
) -> list[Move]:
    """Return each row's move; raise InvalidInputError at a sale of what an account has not got.

    averaged: the lines of the sales at the average basis.
    """
    positions, moves, left = Positions(), [], list(reversed(effects))
    opened = {row.trade.line: row.trade for row in rows} if changes else {}
    ends = deque(sorted((one.before, one.line) for one in changes if one.line in opened))
    for place, row in enumerate(rows):
        while left and left[-1].place <= place:
            positions.apply(left.pop())
        while ends and ends[0][0] <= row.trade.line:
            positions.end_sales(opened[ends.popleft()[1]])
        moves.append(positions.move(row, place, is_averaged=row.trade.line in averaged))
    return moves


def _not_held(trade: Trade, held: Fraction) -> Exception:
    return refuse(
        trade,
        "quantity",
        f"{trade.account} holds {quantity(held):f} {trade.instrument}, {trade.quantity} are sold",
        f"only a margin account may sell short, this one is {trade.kind}",
    )


def _move(row: Row, book: Book, place: int, order: int, closes: Fraction, opens: Fraction) -> Move:
    trade, is_sale = row.trade, row.trade.side is Side.SELL
    unit = Fraction(trade.amount) / (closes + opens)

    def opening(kind: Opens, size: Fraction) -> Opening | None:
        if not size:
            return None
        return Opening(
            trade,
            kind,
            row.security,
            place,
            order,
            trade.on.toordinal(),
            unit,
            trade.instrument,
            row.scale,
            [Piece(size)],
        )

    return Move(
        trade,
        book,
        row.security,
        row.scale,
        order,
        unit,
        closes,
        opening(Opens.SHORT if is_sale else Opens.LONG, opens),
        opening(Opens.SALE, closes) if is_sale else None,
    )

"""The statement of a history: a line for each sale of its file, each lot that is left, the totals.

Cash that an action paid for no share has a line of its own, with the law by which it is a gain.
A short sale's line has what was bought back of it: nothing, while it is open; what is left of it
is then a lot below zero.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from bifrost.core.money import EXACT
from bifrost.core.orders import Side
from bifrost.portfolio.tax.disposals import Books, Disposal
from bifrost.portfolio.tax.history import Trade
from bifrost.portfolio.tax.rounding import cents, quantity
from bifrost.portfolio.tax.shares import ZERO, Opening, Opens, Piece

# Books round what an action makes of a lot to so many digits and more: below, lots are alike, and
# what is left of one is nothing.
_DIGITS = 9
_LEAST = Decimal(1).scaleb(-_DIGITS)


@dataclass(frozen=True, slots=True)
class SaleLine:
    """One sale: basis and gain with what earlier wash sales put into them.

    The three losses are disjoint and not below zero: allowed, put off, gone. account: whose it is.
    rule: of cash that an action paid, whose quantity is 0; else empty.
    """

    date: date
    instrument: str
    quantity: Decimal
    proceeds: Decimal
    basis: Decimal
    gain: Decimal
    allowed_loss: Decimal
    disallowed_loss: Decimal
    forfeited_loss: Decimal
    account: str
    rule: str = ""


@dataclass(frozen=True, slots=True)
class LotLine:
    """Shares of one account that are alike: a short is below zero, in quantity and basis."""

    account: str
    instrument: str
    acquired: date
    holding_period_start: date
    quantity: Decimal
    basis: Decimal


@dataclass(frozen=True, slots=True)
class Statement:
    """The whole answer; economic_pnl = allowed_pnl + deferred + forfeited, to the cent."""

    sales: tuple[SaleLine, ...]
    lots: tuple[LotLine, ...]
    economic_pnl: Decimal
    allowed_pnl: Decimal
    deferred: Decimal
    forfeited: Decimal


@dataclass(slots=True)
class _Alike:
    opening: Opening
    piece: Piece
    quantity: Fraction = ZERO
    basis: Fraction = ZERO


def statement(trades: Sequence[Trade], books: Books, year: int | None = None) -> Statement:
    """Round the books. What is allowed is printed as the rest, so that the identity holds.

    year: whose sales have lines; lots and totals are of all.
    """
    economic, deferred = cents(books.economic), cents(books.deferred)
    forfeited = cents(books.forfeited)
    return Statement(
        sales=tuple(line for line in _sales(trades, books) if year in (None, line.date.year)),
        lots=tuple(_lots(books.open)),
        economic_pnl=economic,
        allowed_pnl=EXACT.subtract(EXACT.subtract(economic, deferred), forfeited),
        deferred=deferred,
        forfeited=forfeited,
    )


def _sales(trades: Sequence[Trade], books: Books) -> list[SaleLine]:
    """By row; what an action paid comes before the row that it came before."""
    lines: dict[tuple[object, ...], tuple[Trade, list[Disposal]]] = {
        (one.line, True): (one, []) for one in trades if one.side is Side.SELL
    }
    for one in books.disposals:
        if one.rule and one.is_shown:
            key = (one.sale.line, False, *one.sale.book, one.sale.on, one.rule)
            lines.setdefault(key, (one.sale, []))[1].append(one)
        elif not one.rule and (one.sale.line, True) in lines:
            lines[one.sale.line, True][1].append(one)
    return [sale_line(*lines[key]) for key in sorted(lines)]


def sale_line(trade: Trade, parts: Sequence[Disposal]) -> SaleLine:
    """Add up what one row sold."""
    proceeds = cents(sum((one.proceeds for one in parts), ZERO))
    gain = cents(sum((one.gain for one in parts), ZERO))
    disallowed = cents(sum((one.washed.disallowed for one in parts), ZERO))
    forfeited = cents(sum((one.washed.forfeited for one in parts), ZERO))
    loss = cents(-sum((one.gain for one in parts if one.gain < 0), ZERO))
    allowed = EXACT.subtract(EXACT.subtract(loss, disallowed), forfeited)
    return SaleLine(
        date=trade.on,
        instrument=trade.instrument,
        quantity=quantity(sum((one.quantity for one in parts if not one.is_spun), ZERO)),
        proceeds=proceeds,
        basis=EXACT.subtract(proceeds, gain),
        gain=gain,
        allowed_loss=max(allowed, Decimal("0.00")),
        disallowed_loss=disallowed,
        forfeited_loss=forfeited,
        account=trade.account,
        rule=parts[0].rule if parts else "",
    )


def _lots(openings: Sequence[Opening]) -> list[LotLine]:
    """One line for shares that nothing tells apart, in however many rows they were bought."""
    alike: dict[tuple[object, ...], _Alike] = {}
    for one in openings:
        for piece in one.pieces:
            unit = _sign(one) * one.unit_cost + piece.adjustment
            kind = (*one.trade.book[:2], one.name, one.kind, one.day, piece.days_before)
            held = alike.setdefault((*kind, round(unit, _DIGITS)), _Alike(one, piece))
            held.quantity += _sign(one) * piece.quantity
            held.basis += unit * piece.quantity
    lines = (_lot(held) for held in alike.values())
    return [one for one in lines if one.basis or abs(one.quantity) >= _LEAST]


def _lot(held: _Alike) -> LotLine:
    one = held.opening
    return LotLine(
        account=one.trade.account,
        instrument=one.name,
        acquired=one.trade.on,
        holding_period_start=date.fromordinal(one.day - held.piece.days_before),
        quantity=quantity(held.quantity),
        basis=cents(held.basis),
    )


def _sign(one: Opening) -> int:
    return -1 if one.kind is Opens.SHORT else 1

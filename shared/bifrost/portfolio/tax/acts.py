"""What an issuer's action does to shares that are open: basis and age go on, few realise anything.

Cost and the losses put off into a share (`adjustment`) go the same way, for both are its basis. A
gain is recognised by the adjusted basis, so where it is less than by cost alone the difference
leaves the adjustment: economic = allowed + deferred + forfeited through every action.
"""

from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

from bifrost.core.corporate_actions import CashDividend, DividendKind, Merger, Rename, SpinOff
from bifrost.core.orders import Side
from bifrost.portfolio.corporate_actions.effects import BOOT_RULE, CAPITAL_RULE
from bifrost.portfolio.tax.counting import Effect
from bifrost.portfolio.tax.disposals import Disposal
from bifrost.portfolio.tax.history import Book
from bifrost.portfolio.tax.kept import BasisChange
from bifrost.portfolio.tax.shares import ZERO, Opening, Opens, Piece


class Holdings:
    """The open shares of a taxpayer, by book and whether they are owed; oldest first."""

    def __init__(self) -> None:
        self._held: dict[tuple[Book, bool], deque[Opening]] = defaultdict(deque)

    def of(self, book: Book, *, is_short: bool) -> deque[Opening]:
        """Return a book's, to be added to and taken from."""
        return self._held[book, is_short]

    def open(self) -> Iterator[Opening]:
        """Yield all of which something is left."""
        return (one for openings in self._held.values() for one in openings if one.pieces)

    def apply(self, effect: Effect) -> Iterator[Disposal]:
        """Change what an action meets; yield what it realises."""
        action = effect.act.action
        for book, is_short in [key for key in self._held if effect.meets(key[0])]:
            openings = self._held[book, is_short]
            match action.terms:
                case SpinOff(new_instrument=name) as terms:
                    children = [_divided(one, effect, terms) for one in openings]
                    self._add(book._replace(instrument=name), children, is_short=is_short)
                case Merger(new_instrument=name) as terms if name:
                    for one in openings:
                        yield from _exchanged(one, effect, terms)
                    self._rename(book, name, is_short=is_short)
                case Rename(new_instrument=name):
                    self._rename(book, name, is_short=is_short)
                case CashDividend(kind=DividendKind.RETURN_OF_CAPITAL) as terms if not is_short:
                    cash = Fraction(terms.amount_per_share) / effect.scale
                    for one in openings:
                        yield from _returned(one, cash, action.paid_on, effect.act.before)
                case _:
                    pass

    def change(self, change: BasisChange) -> Iterator[Disposal]:
        """Change one lot's cost; yield what of a return of capital exceeds its basis.

        Raises ValueError where nothing of the lot is open.
        """
        lot = (change.line, change.via)
        found = (one for one in self.open() if (one.trade.line, one.via) == lot)
        opening = next(found, None)
        if opening is None:
            raise ValueError(f"line {change.line} has nothing open whose cost could change")
        cash = -change.amount / opening.quantity
        if cash > 0:
            yield from _returned(opening, cash, change.on, change.before)
        else:
            opening.unit_cost -= cash

    def _rename(self, book: Book, name: str, *, is_short: bool) -> None:
        openings = self._held.pop((book, is_short))
        for one in openings:
            one.name = name
        self._add(book._replace(instrument=name), list(openings), is_short=is_short)

    def _add(self, book: Book, openings: list[Opening], *, is_short: bool) -> None:
        held = self._held[book, is_short]
        self._held[book, is_short] = deque(sorted([*held, *openings], key=_age))


def _age(opening: Opening) -> tuple[int, tuple[str, ...]]:
    return opening.place, opening.via


def _divided(parent: Opening, effect: Effect, terms: SpinOff) -> Opening:
    """Move a share of its basis to shares of another name, as old: §355, §358(b)(2), §1223(1).

    They are no purchase, so they replace nothing.
    """
    share, ratio = Fraction(terms.basis_moved), effect.ratio(terms)
    moved = share / ratio
    child = replace(
        parent,
        name=terms.new_instrument,
        unit_cost=parent.unit_cost * moved,
        pieces=[
            Piece(one.quantity * ratio, one.adjustment * moved, one.days_before, has_replaced=True)
            for one in parent.pieces
        ],
        via=(*parent.via, effect.act.action.action_id),
    )
    parent.unit_cost *= 1 - share
    for piece in parent.pieces:
        piece.adjustment *= 1 - share
    return child


def _exchanged(opening: Opening, effect: Effect, terms: Merger) -> Iterator[Disposal]:
    """Recognise a gain up to the cash that came beside the shares; what a short owes lowers it."""
    cash = Fraction(terms.cash_per_share) / effect.scale
    if not cash:
        return
    if opening.kind is Opens.SHORT:
        opening.unit_cost -= cash
        return
    worth = Fraction(terms.shares_per_share) * Fraction(terms.share_value or 0) / effect.scale
    act = effect.act
    for piece, gain, cost_gain in _recognised(opening, cash, worth):
        yield _disposal(
            opening, piece, (cash, gain, cost_gain), BOOT_RULE, act.action.ex_date, act.before
        )


def _returned(opening: Opening, cash: Fraction, on: date, before: int) -> Iterator[Disposal]:
    """Reduce the basis; what exceeds it is a gain: the proceeds of nothing that has a basis."""
    for piece, gain, cost_gain in _recognised(opening, cash, ZERO):
        if cost_gain:
            figures = (gain, gain, cost_gain)
            yield _disposal(opening, piece, figures, CAPITAL_RULE, on, before)


def _recognised(
    opening: Opening, cash: Fraction, worth: Fraction
) -> list[tuple[Piece, Fraction, Fraction]]:
    """Take cash into the basis; return each piece's gain per unit, and that by cost alone.

    worth: of what is had beside the cash.
    """

    def gain_over(basis: Fraction) -> Fraction:
        return min(max(cash + worth - basis, ZERO), cash)

    cost_gain = gain_over(opening.unit_cost)
    found = []
    for piece in opening.pieces:
        gain = gain_over(opening.unit_cost + piece.adjustment)
        piece.adjustment -= cost_gain - gain
        found.append((piece, gain, cost_gain))
    opening.unit_cost -= cash - cost_gain
    return found


def _disposal(
    opening: Opening,
    piece: Piece,
    figures: tuple[Fraction, Fraction, Fraction],
    rule: str,
    on: date,
    before: int,
) -> Disposal:
    """figures: the proceeds, the gain and the gain by cost alone, each per unit."""
    proceeds, gain, cost_gain = (one * piece.quantity for one in figures)
    row = replace(
        opening.trade,
        line=before,
        on=on,
        instrument=opening.name,
        side=Side.SELL,
        quantity=Decimal(0),
        amount=Decimal(0),
    )
    return Disposal(
        row,
        row,
        opening.trade,
        opening.day - piece.days_before,
        ZERO,
        proceeds,
        proceeds - cost_gain,
        cost_gain - gain,
        rule=rule,
    )

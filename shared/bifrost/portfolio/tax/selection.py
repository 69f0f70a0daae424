"""Which shares an order closes, chosen for the whole order before any of its losses is matched."""

from collections import deque
from collections.abc import Iterable, Iterator
from fractions import Fraction

from bifrost.portfolio.tax.elections import LotOrder
from bifrost.portfolio.tax.kept import LotName, Pick
from bifrost.portfolio.tax.shares import ZERO, Closed, Opening, Opens, Piece


def select(openings: deque[Opening], quantity: Fraction, method: LotOrder) -> deque[Closed]:
    """Take so many out of a book's openings."""
    if method is LotOrder.HIFO and openings[0].kind is Opens.LONG:
        return deque(_highest(openings, quantity))
    last = method is LotOrder.LIFO and openings[0].kind is Opens.LONG
    return deque(_in_order(openings, quantity, last=last))


def pick(openings: deque[Opening], picks: Iterable[Pick]) -> deque[Closed]:
    """Take what the books say that the order closed.

    They identify lots, never shares within one: of these the first are sold, by whatever method
    the lot was chosen, as of lots that nobody identified (Reg. 1.1012-1(c)(1)).
    """
    closed: deque[Closed] = deque()
    for one in picks:
        # Mostly it is the oldest: then nothing is searched.
        lot = (one.line, one.via)
        opening = next(each for each in openings if (each.trade.line, each.via) == lot)
        closed += (Closed(opening, piece) for piece in opening.take(one.quantity))
        if not opening.pieces:
            openings.remove(opening)
    return closed


def average(openings: Iterable[Opening], lots: frozenset[LotName] | None) -> None:
    """Give every share of the lots the same basis, cost and losses put off (1.1012-1(e)(7)).

    lots: None for all.
    """
    own = [one for one in openings if lots is None or (one.trade.line, one.via) in lots]
    pieces = [(one.unit_cost, piece) for one in own for piece in one.pieces]
    quantity = sum((piece.quantity for _, piece in pieces), ZERO)
    cost = sum((unit_cost * piece.quantity for unit_cost, piece in pieces), ZERO)
    adjustment = sum((piece.adjustment * piece.quantity for _, piece in pieces), ZERO)
    for opening in own:
        opening.unit_cost = cost / quantity
    for _, piece in pieces:
        piece.adjustment = adjustment / quantity


def take(selected: deque[Closed], quantity: Fraction) -> Iterator[Closed]:
    """Hand out one row's share of what its order selected."""
    while quantity > 0:
        first = selected.popleft()
        if first.piece.quantity > quantity:
            selected.appendleft(first)
            piece = first.piece
            piece.quantity -= quantity
            first = Closed(first.opening, Piece(quantity, piece.adjustment, piece.days_before))
        quantity -= first.piece.quantity
        yield first


def _in_order(openings: deque[Opening], quantity: Fraction, *, last: bool) -> Iterator[Closed]:
    while quantity > 0:
        opening = openings[-1 if last else 0]
        for piece in opening.take(quantity, last=last):
            quantity -= piece.quantity
            yield Closed(opening, piece)
        if not opening.pieces:
            openings.pop() if last else openings.popleft()


def _highest(openings: deque[Opening], quantity: Fraction) -> Iterator[Closed]:
    """The dearest first, and of equals the oldest."""
    found = [Closed(opening, piece) for opening in openings for piece in opening.pieces]
    for one in sorted(found, key=lambda one: -one.unit_basis):
        if quantity == 0:
            break
        piece = one.piece
        if piece.quantity > quantity:
            piece.quantity -= quantity
            piece = Piece(quantity, piece.adjustment, piece.days_before, piece.has_replaced)
        else:
            one.opening.pieces = [left for left in one.opening.pieces if left is not piece]
        quantity -= piece.quantity
        yield Closed(one.opening, piece)
    kept = [opening for opening in openings if opening.pieces]
    openings.clear()
    openings.extend(kept)

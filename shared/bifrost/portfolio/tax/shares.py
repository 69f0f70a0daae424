"""Shares as the matcher moves them: one opening per row, in pieces that differ by what befell them.

Within an opening the pieces keep their order, so shares have one order over all openings, however
a row was written in parts. Mutable: they live as long as one computation.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction

from bifrost.portfolio.tax.history import Trade
from bifrost.portfolio.tax.identity import Security

ZERO = Fraction(0)


class Opens(Enum):
    """What a row began.

    SALE: a sale of shares held. It leaves nothing open, but §1091(e) lets it replace a short.
    """

    LONG = 1
    SHORT = 2
    SALE = 3


@dataclass(slots=True)
class Piece:
    """Shares of one row that are alike.

    adjustment: the loss per unit put off into them. days_before: what their holding period gained
    with it. has_replaced: each share replaces once.
    """

    quantity: Fraction
    adjustment: Fraction = ZERO
    days_before: int = 0
    has_replaced: bool = False


@dataclass(slots=True)
class Opening:
    """What a row opened: its unit cost (of a short, its proceeds) and the pieces still open.

    place: of the row among its taxpayer's. order: its purchase's, however many rows that was.
    security: as it was opened; name: by which it is held now, as written. scale: what one share of
    the row is today. via: the spin-offs by which it came of what the row opened.
    """

    trade: Trade
    kind: Opens
    security: Security
    place: int
    order: int
    day: int
    unit_cost: Fraction
    name: str
    scale: Fraction
    pieces: list[Piece] = field(default_factory=list)
    via: tuple[str, ...] = ()

    @property
    def quantity(self) -> Fraction:
        """What is open of it."""
        return sum((piece.quantity for piece in self.pieces), ZERO)

    def take(self, quantity: Fraction, *, last: bool = False) -> Iterator[Piece]:
        """Remove so many from the front (or the back), as far as there are; yield each piece."""
        while quantity > 0 and self.pieces:
            at = -1 if last else 0
            piece = self.pieces[at]
            if piece.quantity <= quantity:
                del self.pieces[at]
            else:
                piece.quantity -= quantity
                piece = Piece(quantity, piece.adjustment, piece.days_before, piece.has_replaced)
            quantity -= piece.quantity
            yield piece

    def replace(self, quantity: Fraction) -> Piece | None:
        """Mark and return the first shares that have not replaced any yet, at most so many."""
        for at, piece in enumerate(self.pieces):
            if piece.has_replaced:
                continue
            if piece.quantity > quantity:
                rest = Piece(piece.quantity - quantity, piece.adjustment, piece.days_before)
                self.pieces.insert(at + 1, rest)
                piece.quantity = quantity
            piece.has_replaced = True
            return piece
        return None


@dataclass(frozen=True, slots=True)
class Closed:
    """Shares taken out of an opening, to be sold (or, of a short, delivered)."""

    opening: Opening
    piece: Piece

    @property
    def unit_basis(self) -> Fraction:
        """Adjusted."""
        return self.opening.unit_cost + self.piece.adjustment

    @property
    def held_since(self) -> int:
        """The day from which the holding period counts."""
        return self.opening.day - self.piece.days_before

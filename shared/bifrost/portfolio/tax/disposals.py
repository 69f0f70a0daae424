"""The answer of the matcher: what was realised, and what is left."""

from dataclasses import dataclass
from fractions import Fraction

from bifrost.portfolio.tax.history import Trade
from bifrost.portfolio.tax.matching import NOTHING_WASHED, Washed
from bifrost.portfolio.tax.shares import ZERO, Opening


@dataclass(frozen=True, slots=True)
class Disposal:
    """Alike shares of one sale, realised on the date of `closing`.

    sale: the row that sold them, `closing` itself unless they were sold short. acquired: the row
    that bought them. quantity: in the shares of the day of the sale. cost: without the losses put
    off into them, which are `adjustment`. held_since: from when the holding period counts, as an
    ordinal.
    rule: the law by which cash that came for no share is a gain: then the quantity is 0, and
    `sale` says the day and the line of the first row after it. is_spun: a short in shares that a
    spin-off made the seller owe: `sale` sold other ones, and the quantity is of `closing`.
    """

    sale: Trade
    closing: Trade
    acquired: Trade
    held_since: int
    quantity: Fraction
    proceeds: Fraction
    cost: Fraction
    adjustment: Fraction
    washed: Washed = NOTHING_WASHED
    rule: str = ""
    is_spun: bool = False

    @property
    def gain(self) -> Fraction:
        """By adjusted basis; below zero where it is a loss."""
        return self.proceeds - self.cost - self.adjustment

    @property
    def instrument(self) -> str:
        """What was disposed of, by the name of its day."""
        return self.closing.instrument if self.is_spun else self.sale.instrument

    @property
    def is_shown(self) -> bool:
        """Whether it belongs on a form: cash that only a deferred loss kept from gain does not."""
        return bool(self.quantity or self.proceeds)


@dataclass(frozen=True, slots=True)
class Books:
    """Every disposal, and every opening of which something is left."""

    disposals: tuple[Disposal, ...]
    open: tuple[Opening, ...]

    @property
    def economic(self) -> Fraction:
        """Proceeds less what was paid."""
        return sum((one.proceeds - one.cost for one in self.disposals), ZERO)

    @property
    def allowed(self) -> Fraction:
        """What is recognised: gains, and losses as far as they are not washed."""
        each = (one.gain + one.washed.disallowed + one.washed.forfeited for one in self.disposals)
        return sum(each, ZERO)

    @property
    def deferred(self) -> Fraction:
        """Losses that stand in the basis of what is still held; zero or below."""
        pieces = (piece for one in self.open for piece in one.pieces)
        return -sum((piece.quantity * piece.adjustment for piece in pieces), ZERO)

    @property
    def forfeited(self) -> Fraction:
        """Losses gone into IRAs; zero or below."""
        return -sum((one.washed.forfeited for one in self.disposals), ZERO)

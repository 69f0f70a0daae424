"""The wash sales of a history: what each sale realised, what of its loss is allowed, what is left.

Sales are taken in the order made. A share that replaces was held at the sale or is bought after
it, so it is adjusted before it is ever sold, and one pass over the rows is enough.

Nothing is lost on the way: economic = allowed + deferred + forfeited, exactly.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from bifrost.core.orders import Side
from bifrost.portfolio.tax.elections import Elections, taxpayers
from bifrost.portfolio.tax.history import Trade
from bifrost.portfolio.tax.identity import security_of
from bifrost.portfolio.tax.kept import NOTHING_KEPT, BasisChange, Kept, Pick
from bifrost.portfolio.tax.matching import Loss, Replacements, Washed
from bifrost.portfolio.tax.positions import Move, moves_of
from bifrost.portfolio.tax.selection import pick, select, take
from bifrost.portfolio.tax.shares import ZERO, Closed, Opening, Opens


@dataclass(frozen=True, slots=True)
class Disposal:
    """Alike shares of one sale, realised on the date of `closing`.

    sale: the row that sold them, `closing` itself unless they were sold short. acquired: the row
    that bought them. quantity: in the shares of the day of the sale. cost: without the losses put
    off into them, which are `adjustment`. held_since: from when the holding period counts, as an
    ordinal.
    """

    sale: Trade
    closing: Trade
    acquired: Trade
    held_since: int
    quantity: Fraction
    proceeds: Fraction
    cost: Fraction
    adjustment: Fraction
    washed: Washed

    @property
    def gain(self) -> Fraction:
        """By adjusted basis; below zero where it is a loss."""
        return self.proceeds - self.cost - self.adjustment


@dataclass(frozen=True, slots=True)
class Books:
    """The answer: every disposal, and every opening of which something is left."""

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


def wash_sales(trades: Sequence[Trade], elections: Elections, kept: Kept = NOTHING_KEPT) -> Books:
    """Match every loss; `trades` by date, those of a day in the order made.

    kept: what books say beside the trades; without it `elections` choose the lots.
    Raises InvalidInputError at a sale of what an account has not got.
    """
    who = taxpayers(trades, elections.spouses)
    families: dict[tuple[str, str], list[Trade]] = defaultdict(list)
    for trade in trades:
        families[who[trade.owner], security_of(trade.instrument).underlying].append(trade)
    found = [_Family(family, elections, kept).books() for family in families.values()]
    return Books(
        tuple(sorted((d for one in found for d in one.disposals), key=lambda d: d.sale.line)),
        tuple(sorted((o for one in found for o in one.open), key=lambda o: o.trade.line)),
    )


class _Family:
    """One taxpayer's rows of one stock and the options on it."""

    def __init__(self, trades: Iterable[Trade], elections: Elections, kept: Kept) -> None:
        self._moves = moves_of(trades)
        self._method = elections.method
        both = ((move.sale, move.opened) for move in self._moves)  # closed first, then short
        self._openings = [one for pair in both for one in pair if one]
        self._replacements = Replacements(self._openings, elections.policy)
        self._held: dict[tuple[str, str, str], deque[Opening]] = defaultdict(deque)
        self._selected: dict[int, deque[Closed]] = {}
        self._to_close: dict[int, Fraction] = defaultdict(Fraction)
        self._picks: dict[int, list[Pick]] = defaultdict(list)
        for move in self._moves:
            self._to_close[move.order] += move.closes
            self._picks[move.order] += (
                replace(one, quantity=one.quantity * move.trade.scale)
                for one in kept.picks.get(move.trade.line, ())
            )
        opened = {one.trade.line: one for one in self._openings if one.kind is not Opens.SALE}
        own = (one for one in kept.changes if one.line in opened)
        self._changes = deque((one, opened[one.line]) for one in sorted(own, key=_when))

    def books(self) -> Books:
        disposals = [
            one for place, move in enumerate(self._moves) for one in self._play(move, place)
        ]
        self._change_bases()
        kept = (one for one in self._openings if one.kind is not Opens.SALE and one.pieces)
        return Books(tuple(disposals), tuple(kept))

    def _play(self, move: Move, place: int) -> Iterator[Disposal]:
        trade = move.trade
        self._change_bases(before=trade.line)
        held = self._held[trade.owner, trade.account, security_of(trade.instrument).symbol]
        if move.closes:
            if move.order not in self._selected:
                self._selected[move.order] = self._choose(held, move.order)
            for closed in list(take(self._selected[move.order], move.closes)):
                for part in _charged(closed, move.sale):
                    yield self._close(part, move, place)
        if move.opened:
            held.append(move.opened)

    def _choose(self, held: deque[Opening], order: int) -> deque[Closed]:
        if picks := self._picks[order]:
            return pick(held, picks)
        return select(held, self._to_close[order], self._method)

    def _change_bases(self, *, before: int | None = None) -> None:
        """Apply what changed bases until the row of that line; all that is left for None."""
        while self._changes and (before is None or self._changes[0][0].before <= before):
            change, opening = self._changes.popleft()
            held = sum((piece.quantity for piece in opening.pieces), ZERO)
            opening.unit_cost += change.amount / held

    def _close(self, closed: Closed, move: Move, place: int) -> Disposal:
        opening, piece = closed.opening, closed.piece
        opened, now = piece.quantity * opening.unit_cost, piece.quantity * move.unit_amount
        is_short = move.trade.side is Side.BUY
        proceeds, cost = (opened, now) if is_short else (now, opened)
        adjustment = piece.quantity * piece.adjustment
        gain = proceeds - cost - adjustment
        washed = Washed()
        if gain < 0 and not move.trade.kind.is_retirement:
            loss = Loss(closed, move.trade.on, place, -gain / piece.quantity)
            washed = self._replacements.wash(loss)
        sale, acquired = (opening.trade, move.trade) if is_short else (move.trade, opening.trade)
        since = move.trade.on.toordinal() if is_short else closed.held_since
        return Disposal(
            sale,
            move.trade,
            acquired,
            since,
            piece.quantity / sale.scale,
            proceeds,
            cost,
            adjustment,
            washed,
        )


def _when(change: BasisChange) -> int:
    return change.before


def _charged(closed: Closed, sale: Opening | None) -> Iterator[Closed]:
    """Add to shares sold the losses on shorts that this very sale replaced (§1091(e))."""
    if sale is None:
        yield closed
        return
    left = closed.piece
    for charge in list(sale.take(left.quantity)):
        adjustment = left.adjustment + charge.adjustment
        part = type(left)(charge.quantity, adjustment, left.days_before, left.has_replaced)
        yield Closed(closed.opening, part)

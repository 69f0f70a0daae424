"""The wash sales of a history: what each sale realised, what of its loss is allowed, what is left.

Sales are taken in the order made. A share that replaces was held at the sale or is bought after
it, so it is adjusted before it is ever sold, and one pass over the rows is enough. What issuers
did comes between the rows.

Nothing is lost on the way: economic = allowed + deferred + forfeited, exactly.
"""

from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction

from bifrost.core.orders import Side
from bifrost.portfolio.tax.acts import Holdings
from bifrost.portfolio.tax.counting import Effect
from bifrost.portfolio.tax.disposals import Books, Disposal
from bifrost.portfolio.tax.elections import Elections, LotOrder, taxpayers
from bifrost.portfolio.tax.families import Families
from bifrost.portfolio.tax.history import Trade
from bifrost.portfolio.tax.kept import NOTHING_KEPT, BasisChange, Kept, Pick
from bifrost.portfolio.tax.matching import Loss, Replacements, Washed
from bifrost.portfolio.tax.positions import Move, moves_of
from bifrost.portfolio.tax.selection import average, pick, select, take
from bifrost.portfolio.tax.shares import ZERO, Closed, Opening, Opens
from bifrost.portfolio.tax.tickers import counted

# A row that was rounded has a unit price as much beside the true one: sold for what it cost, it has
# no loss, and a share that replaced nothing must not count as having replaced.
_DUST = Fraction(1, 10**9)


def wash_sales(trades: Sequence[Trade], elections: Elections, kept: Kept = NOTHING_KEPT) -> Books:
    """Match every loss; `trades` by date, those of a day in the order made.

    kept: what is known beside the trades; without its picks `elections` choose the lots.
    Raises InvalidInputError at a sale of what an account has not got.
    """
    elections.require_sold(trades)
    who = taxpayers(trades, elections.spouses)
    related = Families(kept.acts)
    families: dict[tuple[str, str], list[Trade]] = defaultdict(list)
    for trade in trades:
        families[who[trade.owner], related.of(trade.instrument)].append(trade)
    found = [
        _Family(trades, elections, replace(kept, acts=related.acts_of(name))).books()
        for (_, name), trades in families.items()
    ]
    return Books(
        tuple(sorted((d for one in found for d in one.disposals), key=lambda d: d.sale.line)),
        tuple(sorted((o for one in found for o in one.open), key=_opened)),
    )


class _Family:
    """One taxpayer's rows of one stock, of what became of it, and of the options on it."""

    def __init__(self, trades: Sequence[Trade], elections: Elections, kept: Kept) -> None:
        rows, effects = counted(trades, kept.acts)
        self._method = elections.method
        sales = (one for one in trades if one.side is Side.SELL)
        elected = {one.line: None for one in sales if one.instrument in elections.averaged}
        self._averaged = {**elected, **kept.averaged}
        self._moves = moves_of(rows, effects, kept.changes, self._averaged)
        both = ((move.sale, move.opened) for move in self._moves)  # closed first, then short
        self._replacements = Replacements(
            [one for pair in both for one in pair if one],
            elections.policy,
            elections.couple_of(trades[0].owner),
        )
        self._holdings = Holdings()
        self._selected: dict[int, deque[Closed]] = {}
        self._to_close: dict[int, Fraction] = defaultdict(Fraction)
        self._picks: dict[int, list[Pick]] = defaultdict(list)
        for move in self._moves:
            self._to_close[move.order] += move.closes
            self._picks[move.order] += (
                replace(one, quantity=one.quantity * move.scale)
                for one in kept.picks.get(move.trade.line, ())
            )
        self._between = deque(_between(trades, effects, kept.changes))

    def books(self) -> Books:
        disposals = [
            one for place, move in enumerate(self._moves) for one in self._play(move, place)
        ]
        disposals += self._pass_to(len(self._moves))
        return Books(tuple(disposals), tuple(self._holdings.open()))

    def _play(self, move: Move, place: int) -> Iterator[Disposal]:
        if self._between:
            yield from self._pass_to(place)
        if move.closes:
            if move.order not in self._selected:
                self._selected[move.order] = self._choose(move)
            for closed in list(take(self._selected[move.order], move.closes)):
                for part in _charged(closed, move.sale):
                    yield self._close(part, move, place)
        if move.opened:
            is_short = move.opened.kind is Opens.SHORT
            self._holdings.of(move.book, is_short=is_short).append(move.opened)

    def _pass_to(self, place: int) -> Iterator[Disposal]:
        """Apply what comes before the row at a place."""
        while self._between and self._between[0][0] <= place:
            step = self._between.popleft()[-1]
            if isinstance(step, Effect):
                yield from self._holdings.apply(step)
            else:
                yield from self._holdings.change(step)

    def _choose(self, move: Move) -> deque[Closed]:
        held = self._holdings.of(move.book, is_short=move.trade.side is Side.BUY)
        is_averaged = move.trade.line in self._averaged
        if is_averaged:
            average(held, self._averaged[move.trade.line])
        if picks := self._picks[move.order]:
            return pick(held, picks)
        method = LotOrder.FIFO if is_averaged else self._method
        return select(held, self._to_close[move.order], method)

    def _close(self, closed: Closed, move: Move, place: int) -> Disposal:
        opening, piece = closed.opening, closed.piece
        opened, now = piece.quantity * opening.unit_cost, piece.quantity * move.unit_amount
        is_short = move.trade.side is Side.BUY
        proceeds, cost = (opened, now) if is_short else (now, opened)
        adjustment = piece.quantity * piece.adjustment
        gain = proceeds - cost - adjustment
        washed = Washed()
        is_exact = move.trade.scale == opening.trade.scale == 1
        least = ZERO if is_exact else proceeds * _DUST
        if -gain > least and not move.trade.kind.is_retirement:
            loss = Loss(closed, move.security, move.trade.on, place, -gain / piece.quantity)
            washed = self._replacements.wash(loss)
        sale, acquired = (opening.trade, move.trade) if is_short else (move.trade, opening.trade)
        is_spun = is_short and bool(opening.via)
        return Disposal(
            sale,
            move.trade,
            acquired,
            move.trade.on.toordinal() if is_short else closed.held_since,
            piece.quantity / (opening.scale if is_short and not is_spun else move.scale),
            proceeds,
            cost,
            adjustment,
            washed,
            is_spun=is_spun,
        )


def _opened(opening: Opening) -> tuple[object, ...]:
    return opening.trade.line, opening.via


def _between(
    trades: Sequence[Trade], effects: Sequence[Effect], changes: Sequence[BasisChange]
) -> list[tuple[int, int, Effect | BasisChange]]:
    """Order actions and changes of cost by the place of the row that they come before, then day."""
    if not effects and not changes:
        return []
    lines = [one.line for one in trades]
    found: list[tuple[int, int, Effect | BasisChange]] = [
        (one.place, one.act.action.ex_date.toordinal(), one) for one in effects
    ]
    own = set(lines)
    found += [
        (bisect_left(lines, one.before), one.on.toordinal(), one)
        for one in changes
        if one.line in own
    ]
    return sorted(found, key=lambda one: one[:2])


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

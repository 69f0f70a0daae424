"""An oracle for wash sales of stock: every share by itself, every candidate looked at, no speed.

Shares the matcher's rules and nothing else of it: no pieces, no windows by bisection, no families.
It knows whole shares of stock only, so no options.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from bifrost.core.orders import Side
from bifrost.portfolio.tax.disposals import Books
from bifrost.portfolio.tax.elections import Elections, LotOrder
from bifrost.portfolio.tax.history import Trade
from bifrost.portfolio.tax.shares import Opens


@dataclass(eq=False, slots=True)
class Share:
    """One share that a row bought to keep, sold short, or sold out of what was held."""

    row: int
    trade: Trade
    what: str
    run: int
    unit: Fraction
    extra: Fraction = Fraction(0)
    held_before: int = 0
    used: bool = False
    gone: bool = False


@dataclass(slots=True)
class Totals:
    """What comes out; `sales` has gain, disallowed and forfeited of each sale, by line."""

    economic: Fraction
    allowed: Fraction
    deferred: Fraction
    forfeited: Fraction
    sales: dict[int, list[Fraction]]
    kept: list[tuple[str, str, int, int, Fraction]]


class ShareByShare:
    """One computation."""

    def __init__(
        self, trades: Sequence[Trade], elections: Elections, *, by_lot: bool = False
    ) -> None:
        """by_lot: as books choose, whose lots are rows; else by shares, as an election does."""
        self.trades = trades
        self.elections = elections
        self.by_lot = by_lot
        self.runs = [self._run(row) for row in range(len(trades))]
        self.shares: list[Share] = []
        self.closing: list[int] = []
        for row in range(len(trades)):
            self._make(row)
        self.economic = self.allowed = self.forfeited = Fraction(0)
        self.sales: dict[int, list[Fraction]] = {}
        self.chosen: dict[int, list[Share]] = {}

    def totals(self) -> Totals:
        for row in range(len(self.trades)):
            for number in range(self.closing[row]):
                self._close(row, number)
        kept = [one for one in self.shares if not one.gone and one.what != "sale"]
        lots = [
            (
                one.trade.account,
                one.trade.instrument,
                one.trade.on.toordinal(),
                one.trade.on.toordinal() - one.held_before,
                one.unit + one.extra if one.what == "long" else one.extra - one.unit,
            )
            for one in kept
        ]
        deferred = -sum((one.extra for one in kept), Fraction(0))
        return Totals(
            self.economic, self.allowed, deferred, -self.forfeited, self.sales, sorted(lots)
        )

    def _run(self, row: int) -> int:
        """The first row of the order that this one is part of."""
        trade, first = self.trades[row], row
        for before in range(row - 1, -1, -1):
            other = self.trades[before]
            if other.book != trade.book:
                continue
            if (other.side, other.on) != (trade.side, trade.on):
                break
            first = before
        return first

    def _make(self, row: int) -> None:
        trade = self.trades[row]
        earlier = [t for t in self.trades[:row] if t.book == trade.book]
        position = sum(t.side.sign * int(t.quantity) for t in earlier)
        against = max(0, -trade.side.sign * position)
        self.closing.append(min(against, int(trade.quantity)))
        unit = Fraction(trade.amount) / int(trade.quantity)
        for number in range(int(trade.quantity)):
            if trade.side is Side.SELL:
                what = "sale" if number < self.closing[row] else "short"
            else:
                what = "cover" if number < self.closing[row] else "long"
            if what != "cover":
                self.shares.append(Share(row, trade, what, self.runs[row], unit))

    def _pick(self, row: int) -> Share:
        """The next share that this row's order takes; all are chosen at its first row."""
        run = self.runs[row]
        if run not in self.chosen:
            what = "long" if self.trades[row].side is Side.SELL else "short"
            book = self.trades[row].book
            pool = [
                one
                for one in self.shares
                if one.what == what and not one.gone and one.row < run and one.trade.book == book
            ]
            if what == "long" and self.elections.method is LotOrder.LIFO:
                pool = self._newest_lots(pool, run) if self.by_lot else pool[::-1]
            if what == "long" and self.elections.method is LotOrder.HIFO:
                pool.sort(key=lambda one: one.unit + one.extra, reverse=True)
            total = sum(n for n, other in zip(self.closing, self.runs, strict=True) if other == run)
            self.chosen[run] = pool[:total]
            for one in self.chosen[run]:
                one.gone = True
        return self.chosen[run].pop(0)

    def _newest_lots(self, pool: list[Share], run: int) -> list[Share]:
        """By lots, each from its first share; what one row takes is sold oldest first."""
        left, found = sorted(pool, key=lambda one: -one.row), []
        for closing, other in zip(self.closing, self.runs, strict=True):
            if other == run:
                found += sorted(left[:closing], key=lambda one: one.row)
                del left[:closing]
        return found

    def _close(self, row: int, number: int) -> None:
        trade, share = self.trades[row], self._pick(row)
        now = Fraction(trade.amount) / int(trade.quantity)
        if trade.side is Side.SELL:
            own = [s for s in self.shares if s.row == row and s.what == "sale"][number]
            own.gone = True
            share.extra += own.extra
            pnl = now - share.unit
        else:
            pnl = share.unit - now
        gain = pnl - share.extra
        gone, lost = Fraction(0), Fraction(0)
        if gain < 0 and not trade.kind.is_retirement:
            gone, lost = self._wash(share, row, -gain)
        self.economic += pnl
        self.allowed += gain + gone + lost
        self.forfeited += lost
        sale = trade if trade.side is Side.SELL else share.trade
        figures = self.sales.setdefault(sale.line, [Fraction(0)] * 3)
        self.sales[sale.line] = [a + b for a, b in zip(figures, (gain, gone, lost), strict=True)]

    def _wash(self, sold: Share, row: int, loss: Fraction) -> tuple[Fraction, Fraction]:
        on = self.trades[row].on
        for one in self.shares:
            if not self._may_replace(one, sold, row) or abs((one.trade.on - on).days) > 30:
                continue
            one.used = True
            if one.trade.kind.is_retirement:
                return Fraction(0), loss
            one.extra += loss
            if one.what == "long":
                one.held_before += (on - sold.trade.on).days + sold.held_before
            return loss, Fraction(0)
        return Fraction(0), Fraction(0)

    def _may_replace(self, one: Share, sold: Share, row: int) -> bool:
        policy = self.elections.policy.chosen
        kinds = ("long",) if sold.what == "long" else ("short", "sale")
        same = one.trade.instrument == sold.trade.instrument and self._one_taxpayer(one, sold, row)
        if one.used or one.gone or one.what not in kinds or not same:
            return False
        if one.row > row:
            return True
        if one.run == sold.run:
            return policy.get("rest_of_purchase") == "count"
        return not (policy.get("earlier_purchases") == "ignore" and one.run < sold.run)

    def _one_taxpayer(self, one: Share, sold: Share, row: int) -> bool:
        owners = {one.trade.owner, sold.trade.owner}
        days = (one.trade.on, self.trades[row].on)
        return len(owners) == 1 or any(
            owners == {first, second}
            and not any((since and day < since) or (until and day > until) for day in days)
            for first, second, since, until in self.elections.spouses
        )


def sales_of(books: Books) -> dict[int, list[Fraction]]:
    """What the matcher says of each sale, as `Totals` does."""
    found: dict[int, list[Fraction]] = {}
    for one in books.disposals:
        before = found.get(one.sale.line, [Fraction(0)] * 3)
        figures = (one.gain, one.washed.disallowed, one.washed.forfeited)
        found[one.sale.line] = [a + b for a, b in zip(before, figures, strict=True)]
    return found


def shares_of(books: Books) -> list[tuple[str, str, int, int, Fraction]]:
    """Each share that is left: account, instrument, acquired, held since, basis."""
    found = []
    for one in books.open:
        sign = -1 if one.kind is Opens.SHORT else 1
        for piece in one.pieces:
            basis = sign * one.unit_cost + piece.adjustment
            row = (one.trade.account, one.trade.instrument, one.day, one.day - piece.days_before)
            found += [(*row, basis)] * int(piece.quantity)
    return sorted(found)

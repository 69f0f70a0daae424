"""An oracle for wash sales between corporate actions: forward in time, in shares of the day.

It knows the law and nothing of the matcher: no today's shares, no families, no windows, no pieces
in openings. Every action changes every part there is, and what a later row's shares count for now
is asked of the actions between, each time. Stock only.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from bifrost.core.corporate_actions import (
    CashDividend,
    CorporateAction,
    Merger,
    Rename,
    SpinOff,
    Split,
    StockDividend,
)
from bifrost.core.orders import Side
from bifrost.portfolio.tax.disposals import Books
from bifrost.portfolio.tax.elections import LotOrder
from bifrost.portfolio.tax.shares import Opens
from tests.unit.portfolio.tax.acted_histories import Acted

NONE = Fraction(0)
Kept = dict[tuple[str, str, str, int, int, Fraction], Fraction]


@dataclass(eq=False, slots=True)
class Part:
    """Alike shares of a row, in shares of the day that it is: cost and extra are of one."""

    row: int
    what: str
    run: int
    name: str
    quantity: Fraction
    cost: Fraction
    extra: Fraction = NONE
    before: int = 0
    used: bool = False
    gone: bool = False
    born: bool = False
    spun: tuple[str, ...] = ()


class PartByPart:
    """One computation; `sales` has gain, put off and forfeited of each sale, by line."""

    def __init__(self, history: Acted) -> None:
        self.trades = history.trades
        self.elections = history.elections
        self.acts = [(one.before, one.action) for one in history.kept.acts]
        self.parts: list[Part] = []
        self.runs: list[int] = []
        self.closing: list[Fraction] = []
        self.chosen: dict[int, list[Part]] = {}
        self.economic = self.allowed = self.forfeited = NONE
        self.sales: dict[int, list[Fraction]] = {}
        self.paid: dict[tuple[int, str], Fraction] = {}
        self._make()

    def play(self) -> "PartByPart":
        for row, trade in enumerate(self.trades):
            for before, action in self.acts:
                if before == trade.line:
                    self._act(action, before)
            self._close_all(row)
            for part in self.parts:
                part.born = part.born or part.row == row
        for before, action in self.acts:
            if before > self.trades[-1].line:
                self._act(action, before)
        return self

    def kept(self) -> Kept:
        found: Kept = {}
        for one in self.parts:
            if not one.gone and one.what != "sale":
                trade = self.trades[one.row]
                day, sign = trade.on.toordinal(), 1 if one.what == "long" else -1
                key = (trade.owner, trade.account, one.name, day, day - one.before,
                       sign * one.cost + one.extra)  # fmt: skip
                found[key] = found.get(key, NONE) + sign * one.quantity
        return found

    def deferred(self) -> Fraction:
        kept = (one for one in self.parts if not one.gone and one.what != "sale")
        return -sum((one.extra * one.quantity for one in kept), NONE)

    def _make(self) -> None:
        """Play the quantities alone, for what each row closes and opens."""
        held: dict[tuple[str, str, str, str], Fraction] = {}
        for row, trade in enumerate(self.trades):
            for _, action in [one for one in self.acts if one[0] == trade.line]:
                for key in [one for one in held if one[2] == action.instrument]:
                    ratio, name, stays = _count(action)
                    new = (key[0], key[1], name, key[3])
                    quantity = held[key] if stays else held.pop(key)
                    if name != key[2] or not stays:
                        held[new] = held.get(new, NONE) + quantity * ratio
            is_sale = trade.side is Side.SELL
            own, other = ("short", "long") if is_sale else ("long", "short")
            book = (trade.owner, trade.account, trade.instrument)
            closes = min(Fraction(trade.quantity), held.get((*book, other), NONE))
            opens = Fraction(trade.quantity) - closes
            held[*book, other] = held.get((*book, other), NONE) - closes
            held[*book, own] = held.get((*book, own), NONE) + opens
            self.runs.append(self._run(row))
            self.closing.append(closes)
            unit = Fraction(trade.amount) / Fraction(trade.quantity)
            for what, size in (("sale" if is_sale else "", closes), (own, opens)):
                if what and size:
                    run = self.runs[row]
                    self.parts.append(Part(row, what, run, trade.instrument, size, unit))

    def _run(self, row: int) -> int:
        trade, first = self.trades[row], row
        for before in range(row - 1, -1, -1):
            other = self.trades[before]
            if other.on != trade.on:
                break
            if other.book == trade.book:
                if other.side is not trade.side:
                    break
                first = before
        return first

    def _act(self, action: CorporateAction, before: int) -> None:
        terms = action.terms
        for one in [p for p in self.parts if p.born and not p.gone and p.what != "sale"]:
            if one.name != action.instrument:
                continue
            match terms:
                case Split() | StockDividend() | Rename():
                    self._carry(one, action)
                case Merger():
                    cash = Fraction(terms.cash_per_share)
                    worth = Fraction(terms.shares_per_share) * Fraction(terms.share_value or 0)
                    self._pay(one, cash, worth, before)
                    self._carry(one, action)
                case SpinOff():
                    share = Fraction(terms.basis_moved)
                    ratio = Fraction(terms.shares_per_share)
                    child = replace(one, name=terms.new_instrument, used=True,
                                    spun=(*one.spun, action.action_id),
                                    quantity=one.quantity * ratio,
                                    cost=one.cost * share / ratio,
                                    extra=one.extra * share / ratio)  # fmt: skip
                    one.cost, one.extra = one.cost * (1 - share), one.extra * (1 - share)
                    self.parts.append(child)
                case CashDividend() if one.what == "long":
                    self._pay(one, Fraction(terms.amount_per_share), NONE, before)
                case _:
                    pass

    def _carry(self, one: Part, action: CorporateAction) -> None:
        ratio, one.name, _ = _count(action)
        one.quantity, one.cost, one.extra = (
            one.quantity * ratio,
            one.cost / ratio,
            one.extra / ratio,
        )

    def _pay(self, one: Part, cash: Fraction, worth: Fraction, before: int) -> None:
        """The books on cost, and the return on adjusted basis, each by §356 or §301(c)."""
        if one.what == "short":
            one.cost -= cash
            return
        basis = one.cost + one.extra
        by_cost = sorted((NONE, cash + worth - one.cost, cash))[1]
        by_basis = sorted((NONE, cash + worth - basis, cash))[1]
        one.cost = one.cost - cash + by_cost
        one.extra = basis - cash + by_basis - one.cost
        self.economic += by_cost * one.quantity
        self.allowed += by_basis * one.quantity
        key = (before, self.trades[one.row].account)
        self.paid[key] = self.paid.get(key, NONE) + by_basis * one.quantity

    def _of_row(self, row: int, what: str) -> Iterator[Part]:
        return (one for one in self.parts if one.row == row and one.what == what and not one.spun)

    def _close_all(self, row: int) -> None:
        left = self.closing[row]
        run = self.runs[row]
        if left and run not in self.chosen:
            self.chosen[run] = self._choose(row, run)
        while left:
            part = self.chosen[run][0]
            own = next(
                (s for s in self._of_row(row, "sale") if not s.gone), None
            )  # what is sold may have replaced a short
            size = min(left, part.quantity, *([own.quantity] if own else []))
            closed = self._cut(part, size)
            if closed is part:
                self.chosen[run].pop(0)
            if own:
                charge = self._cut(own, size)
                charge.gone = True
                closed.extra += charge.extra
            left -= size
            self._close(closed, row)

    def _cut(self, part: Part, size: Fraction) -> Part:
        """Take the first so many of it."""
        if size == part.quantity:
            return part
        first = replace(part, quantity=size)
        part.quantity -= size
        self.parts.insert(self.parts.index(part), first)
        return first

    def _choose(self, row: int, run: int) -> list[Part]:
        trade = self.trades[row]
        what = "long" if trade.side is Side.SELL else "short"
        pool = [one for one in self.parts if one.born and not one.gone and one.what == what]
        pool = [one for one in pool if one.name == trade.instrument]
        pool = [one for one in pool if self.trades[one.row].book[:2] == trade.book[:2]]
        pool.sort(key=lambda one: (one.row, one.spun))
        method = self.elections.method if what == "long" else LotOrder.FIFO
        if method is LotOrder.HIFO:
            pool.sort(key=lambda one: -one.cost - one.extra)
        if method is LotOrder.LIFO:
            pool.reverse()
        left = sum((n for n, r in zip(self.closing, self.runs, strict=True) if r == run), NONE)
        chosen = []
        for one in pool:
            size = min(left, one.quantity)
            if not size:
                break
            taken = one
            if size < one.quantity and method is LotOrder.LIFO:
                taken = replace(one, quantity=size)
                one.quantity -= size
                self.parts.insert(self.parts.index(one) + 1, taken)
            elif size < one.quantity:
                taken = self._cut(one, size)
            taken.gone = True
            chosen.append(taken)
            left -= size
        return chosen

    def _close(self, part: Part, row: int) -> None:
        trade = self.trades[row]
        now = Fraction(trade.amount) / Fraction(trade.quantity)
        pnl = now - part.cost if trade.side is Side.SELL else part.cost - now
        gain = pnl - part.extra
        gone = lost = NONE
        if gain < 0 and not trade.kind.is_retirement:
            gone, lost = self._wash(part, row, -gain)
        self.economic += pnl * part.quantity
        self.allowed += gain * part.quantity + gone + lost
        self.forfeited -= lost
        sale = trade if trade.side is Side.SELL else self.trades[part.row]
        figures = (gain * part.quantity, gone, lost)
        known = self.sales.get(sale.line, [NONE] * 3)
        self.sales[sale.line] = [a + b for a, b in zip(known, figures, strict=True)]

    def _wash(self, sold: Part, row: int, loss: Fraction) -> tuple[Fraction, Fraction]:
        on, left = self.trades[row].on, sold.quantity
        gone = lost = NONE
        name, factor = self._today(self.trades[row].instrument, row)
        for one in sorted(self.parts, key=lambda one: one.row):
            if not left:
                break
            if one.spun or abs((self.trades[one.row].on - on).days) > 30:
                continue
            if not self._may_replace(one, sold, row):
                continue
            theirs, scale = self._today(one.name, row if one.born else one.row)
            if theirs != name:
                continue
            count = scale / factor
            taken = self._cut(one, min(one.quantity, left / count))
            taken.used = True
            matched = taken.quantity * count
            left -= matched
            if self.trades[one.row].kind.is_retirement:
                lost += matched * loss
                continue
            gone += matched * loss
            taken.extra += matched * loss / taken.quantity
            if one.what == "long":
                taken.before += (on - self.trades[sold.row].on).days + sold.before
        return gone, lost

    def _may_replace(self, one: Part, sold: Part, row: int) -> bool:
        policy = self.elections.policy.chosen
        kinds = ("long",) if sold.what == "long" else ("short", "sale")
        if one.used or one.gone or one.what not in kinds or not self._one_taxpayer(one, sold):
            return False
        if policy.get("predecessors") == "distinct" and self._issue(one.row) != self._issue(row):
            return False
        if one.row >= row:
            return one.row > row
        if one.run == sold.run:
            return policy.get("rest_of_purchase") == "count"
        return not (policy.get("earlier_purchases") == "ignore" and one.run < sold.run)

    def _one_taxpayer(self, one: Part, other: Part) -> bool:
        owners = {self.trades[one.row].owner, self.trades[other.row].owner}
        return len(owners) == 1 or any(owners == set(pair) for pair in self.elections.spouses)

    def _today(self, name: str, row: int) -> tuple[str, Fraction]:
        """What a share of the day of that row is at the end."""
        factor = Fraction(1)
        for before, action in self.acts:
            if before > self.trades[row].line and action.instrument == name:
                ratio, new, stays = _count(action)
                if not (stays and new != name):
                    name, factor = new, factor * ratio
        return name, factor

    def _issue(self, row: int) -> tuple[str, int]:
        """Whose share it was: its name until a merger ended it, and when that was."""
        name = self.trades[row].instrument
        for before, action in self.acts:
            if before > self.trades[row].line and action.instrument == name:
                if action.merger:
                    return name, before
                name = action.rename.new_instrument if action.rename else name
        return name, 0


def _count(action: CorporateAction) -> tuple[Fraction, str, bool]:
    """How many shares of what come for one, and whether that one stays as it is beside them."""
    match action.terms:
        case Split() | StockDividend() as terms:
            return terms.ratio, action.instrument, False
        case SpinOff() as spun:
            return Fraction(spun.shares_per_share), spun.new_instrument, True
        case Merger() as merged:
            return Fraction(merged.shares_per_share), merged.new_instrument, False
        case Rename() as renamed:
            return Fraction(1), renamed.new_instrument, False
        case _:
            return Fraction(1), action.instrument, True


def kept_by(books: Books) -> Kept:
    """What the matcher leaves open, as the oracle says it; every split is behind it."""
    found: Kept = {}
    for one in books.open:
        sign = -1 if one.kind is Opens.SHORT else 1
        for piece in one.pieces:
            since, basis = one.day - piece.days_before, sign * one.unit_cost + piece.adjustment
            key = (one.trade.owner, one.trade.account, one.name, one.day, since, basis)
            found[key] = found.get(key, NONE) + sign * piece.quantity
    return found


def sales_by(books: Books) -> dict[int, list[Fraction]]:
    """What the matcher says of each sale."""
    found: dict[int, list[Fraction]] = {}
    for one in books.disposals:
        if not one.rule:
            known = found.get(one.sale.line, [NONE] * 3)
            figures = (one.gain, one.washed.disallowed, one.washed.forfeited)
            found[one.sale.line] = [a + b for a, b in zip(known, figures, strict=True)]
    return found


def paid_by(books: Books) -> dict[tuple[int, str], Fraction]:
    """What each action realised in each account, by the line after it."""
    found: dict[tuple[int, str], Fraction] = {}
    for one in books.disposals:
        if one.rule:
            key = (one.sale.line, one.sale.account)
            found[key] = found.get(key, NONE) + one.gain
    return found


def positive(paid: dict[tuple[int, str], Fraction]) -> dict[tuple[int, str], Fraction]:
    """Leave out what is nothing."""
    return {key: gain for key, gain in paid.items() if gain}

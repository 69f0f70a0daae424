"""What a share of each row is called today, and how many it has become: told from last to first.

Shares of two days can replace each other only where they are counted alike, so the matcher counts
all in today's: Reg. 1.1091-1(c) and (d) match share by share, and neither a split (§305(a)) nor an
exchange in a merger (§354) is a sale.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from fractions import Fraction

from bifrost.core.corporate_actions import (
    CorporateAction,
    Merger,
    Rename,
    SpinOff,
    Split,
    StockDividend,
)
from bifrost.portfolio.tax.history import Book, Trade
from bifrost.portfolio.tax.identity import Security, security_of
from bifrost.portfolio.tax.kept import Act

_ONE = Fraction(1)


@dataclass(frozen=True, slots=True)
class Share:
    """What one share has become: so many of that name.

    issue: whose share it was: the same after a rename, another one after a merger.
    """

    instrument: str
    issue: str
    scale: Fraction = _ONE


@dataclass(frozen=True, slots=True)
class Effect:
    """An action, before the row at `place`.

    scale: what one share of its instrument, as it finds it, is today. new_scale: one share of
    what it brings.
    """

    place: int
    act: Act
    scale: Fraction
    new_scale: Fraction

    def ratio(self, terms: SpinOff) -> Fraction:
        """How many of today's shares of the new instrument come for one of today's shares."""
        return Fraction(terms.shares_per_share) * self.new_scale / self.scale

    def meets(self, book: Book) -> bool:
        """Say whether it changes what a book holds."""
        met = self.act.accounts
        if book.instrument != self.act.action.instrument:
            return False
        return met is None or (book.owner, book.account) in met


@dataclass(frozen=True, slots=True)
class Row:
    """A trade; scale: what one of its shares is today."""

    trade: Trade
    security: Security
    scale: Fraction = _ONE

    @property
    def book(self) -> Book:
        """Where its shares are held, by the name of its day."""
        symbol = security_of(self.trade.instrument).symbol
        return Book(self.trade.owner, self.trade.account, symbol)


def count(
    trades: Sequence[Trade], acts: Sequence[Act], taken_over: Container[str] = ()
) -> tuple[list[Row], list[Effect]]:
    """Return the rows as today sees them, and the actions between them.

    taken_over: the renames (by action id) to a name that was another company's until then.
    """
    if not acts:
        return [Row(one, security_of(one.instrument), one.scale) for one in trades], []
    became: dict[str, Share] = {}
    rows: list[Row] = []
    effects: list[Effect] = []
    left = sorted(acts, key=_when)
    for place, trade in reversed(list(enumerate(trades))):
        while left and left[-1].before > trade.line:
            effects.append(_undone(left.pop(), place + 1, became, taken_over))
        rows.append(_row(trade, became))
    effects += (_undone(act, 0, became, taken_over) for act in reversed(left))
    return rows[::-1], effects[::-1]


def _when(act: Act) -> tuple[object, ...]:
    return act.before, act.action.place


def _undone(act: Act, place: int, became: dict[str, Share], taken_over: Container[str]) -> Effect:
    """Go back over an action: from here on its instrument is what it was before it."""
    action = act.action
    new = _share(action.new_instrument, became)
    old = _before(action, _share(action.instrument, became), new)
    became[action.instrument] = old
    if action.action_id in taken_over:
        ended = f"{action.new_instrument} until {action.action_id}"
        became[action.new_instrument] = Share(ended, ended)
    return Effect(place, act, old.scale, new.scale)


def _share(instrument: str, became: dict[str, Share]) -> Share:
    return became.get(instrument) or Share(instrument, instrument)


def _before(action: CorporateAction, after: Share, new: Share) -> Share:
    match action.terms:
        case Split() | StockDividend() as terms:
            return Share(after.instrument, after.issue, after.scale * terms.ratio)
        case Rename():
            return new
        case Merger(new_instrument=name) as terms if name:
            scale = new.scale * Fraction(terms.shares_per_share)
            return Share(new.instrument, f"{action.instrument} until {action.action_id}", scale)
        case _:
            return after


def _row(trade: Trade, became: dict[str, Share]) -> Row:
    """An option's contracts are counted as they are; it is its stock that is another today."""
    written = security_of(trade.instrument)
    share = became.get(written.underlying)
    if share is None:
        return Row(trade, written, trade.scale)
    symbol = written.symbol if written.right else share.instrument
    shares = written.shares * share.scale if written.right else written.shares
    security = Security(symbol, share.instrument, shares, written.right, share.issue)
    return Row(trade, security, trade.scale if written.right else trade.scale * share.scale)

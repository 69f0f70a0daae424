"""The desk's own books as a tax history: its trades, and what the books say beside them.

A trade's amount is its cash, so commissions are in it. Each sale closes what the books closed with
it, by the account's method or the lots named for its order. Shares are counted in today's. Where an
account's trades are not all that happened to its lots, all trades in that stock and in options on
it are left out, and it is said: a wash sale there could reach any of them.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from bifrost.core.corporate_actions import CashDividend, CorporateAction
from bifrost.core.money import EXACT
from bifrost.core.orders import Side
from bifrost.portfolio.corporate_actions.effects import WORTHLESS_RULE
from bifrost.portfolio.tax.desk_rows import DeskRows, TradeRow
from bifrost.portfolio.tax.fitting import Book, Counted, Reason, misfit
from bifrost.portfolio.tax.history import Trade
from bifrost.portfolio.tax.identity import security_of
from bifrost.portfolio.tax.kept import BasisChange, Kept, Pick
from bifrost.portfolio.tax.todays_shares import TodaysShares

_SAYS = {
    Reason.OTHER_CURRENCY: "it was traded in another currency than USD",
    Reason.SOLD_SHORT: "more was sold than held in an account that may not sell short",
    Reason.CAPITAL_BEYOND_BASIS: "a return of capital was more than the basis of a lot",
    Reason.LOTS_CHANGED: "its lots are not what its trades left",
}


@dataclass(frozen=True, slots=True)
class Excluded:
    """Trades in `instrument`, and in what could replace it, that no report tells, and why."""

    account: str
    instrument: str
    reason: Reason
    message: str


@dataclass(frozen=True, slots=True)
class DeskHistory:
    """lines: by lot, the line of the trade that opened it."""

    trades: tuple[Trade, ...]
    kept: Kept
    lines: Mapping[str, int]
    excluded: tuple[Excluded, ...]

    def is_excluded(self, instrument: str) -> bool:
        """Say whether trades in it are left out."""
        family = _family(instrument)
        return any(_family(one.instrument) == family for one in self.excluded)


def history_of(rows: DeskRows, owner: str) -> DeskHistory:
    """Tell the books of one owner."""
    books = _books(rows)
    excluded = tuple(
        Excluded(account, instrument, reason, _message(reason, instrument, rows.actions))
        for (account, instrument), book in sorted(books.items())
        if (reason := misfit(book))
    )
    left_out = {_family(one.instrument) for one in excluded}
    told = [book for (_, name), book in books.items() if _family(name) not in left_out]
    counted = sorted((one for book in told for one in book.trades), key=lambda one: one.row.when)
    lines = {one.row.lot_id: line for line, one in enumerate(counted, start=1) if one.row.lot_id}
    return DeskHistory(
        trades=tuple(_trade(one, line, owner) for line, one in enumerate(counted, start=1)),
        kept=Kept(_picks(counted, lines), _changes(told, counted, lines)),
        lines=lines,
        excluded=excluded,
    )


def of_family(history: DeskHistory, instrument: str) -> list[Trade]:
    """Return the trades that a trade in the instrument has to do with."""
    family = _family(instrument)
    return [one for one in history.trades if _family(one.instrument) == family]


def _family(instrument: str) -> str:
    return security_of(instrument).underlying


def _books(rows: DeskRows) -> dict[tuple[str, str], Book]:
    shares = TodaysShares(rows.actions)
    books: dict[tuple[str, str], Book] = defaultdict(Book)
    names: dict[str, str] = {}
    for row in rows.trades:
        share = shares.of(row.instrument, row.day)
        names[row.lot_id] = share.instrument
        counted = Counted(_as_sold(row), share.instrument, share.scale)
        books[row.account_id, share.instrument].trades.append(counted)
    for lot in rows.lots:
        # One that is flat keeps the name of its last day, whatever the share is called now.
        if lot.quantity or lot.lot_id not in names:
            names[lot.lot_id] = lot.instrument
        books[lot.account_id, names[lot.lot_id]].lots.append(lot)
    for change in rows.costs:
        books[change.account_id, names[change.lot_id]].costs.append(change)
    return books


def _as_sold(row: TradeRow) -> TradeRow:
    """What became worthless counts as sold on the last day of the year (§165(g)(1))."""
    if row.quantity > 0 or all(one.rule != WORTHLESS_RULE for one in row.closures):
        return row
    return replace(row, day=row.day.replace(month=12, day=31))


def _trade(counted: Counted, line: int, owner: str) -> Trade:
    row = counted.row
    side = Side.BUY if row.quantity > 0 else Side.SELL
    return Trade(
        line=line,
        on=row.day,
        owner=owner,
        account=row.account_id,
        kind=row.account_kind,
        instrument=counted.instrument,
        side=side,
        quantity=abs(row.quantity),
        amount=row.amount if side is Side.SELL else EXACT.minus(row.amount),
        scale=counted.scale,
    )


def _picks(counted: Sequence[Counted], lines: Mapping[str, int]) -> dict[int, tuple[Pick, ...]]:
    return {
        line: tuple(
            Pick(lines[part.lot_id], abs(Fraction(part.quantity))) for part in one.row.closures
        )
        for line, one in enumerate(counted, start=1)
        if one.row.closures
    }


def _changes(
    books: Iterable[Book], counted: Sequence[Counted], lines: Mapping[str, int]
) -> tuple[BasisChange, ...]:
    found = sorted((one for book in books for one in book.costs), key=lambda one: one.when)
    made, place = [], 0
    for one in found:
        while place < len(counted) and counted[place].row.when < one.when:
            place += 1
        made.append(BasisChange(place + 1, one.day, lines[one.lot_id], Fraction(one.amount)))
    return tuple(made)


def _message(reason: Reason, instrument: str, actions: Iterable[CorporateAction]) -> str:
    if reason is not Reason.LOTS_CHANGED:
        return _SAYS[reason]
    known = [
        f"{one.kind.value.replace('_', ' ')} of {one.ex_date}"
        for one in actions
        if instrument in (one.instrument, one.new_instrument)
        and not isinstance(one.terms, CashDividend)
    ]
    return f"{_SAYS[reason]} ({', '.join(known) or 'no corporate action is known'})"

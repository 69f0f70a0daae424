"""Histories of trades made of numbers: quick to draw, and each shrinks to a smaller one.

A row is 24 bits: days since the last, account, instrument, side, quantity, parts, price.
What an account without margin cannot sell becomes a purchase, so every history can have happened.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from bifrost.core.orders import Side
from bifrost.portfolio.accounts import AccountKind
from bifrost.portfolio.tax.elections import Couple, Elections, LotOrder
from bifrost.portfolio.tax.history import Trade
from bifrost.portfolio.tax.policy import Policy

CALL = "XYZ   240119C00010000"
STOCKS = ("XYZ", "XYZ", "XYZ", "QQQ")
INSTRUMENTS = ("XYZ", "XYZ", "XYZ", "QQQ", CALL)
# Many on one day, many at the edges of the 30 days, some far away.
DAYS = (0, 0, 0, 0, 1, 1, 2, 5, 10, 15, 29, 30, 31, 45, 90, 366)
Place = tuple[str, str, AccountKind]
ACCOUNTS: tuple[Place, ...] = (
    ("alice", "main", AccountKind.CASH),
    ("alice", "main", AccountKind.CASH),
    ("alice", "spec", AccountKind.MARGIN),
    ("alice", "roth", AccountKind.ROTH_IRA),
    ("bob", "main", AccountKind.MARGIN),
    ("bob", "ira", AccountKind.IRA),
    ("carol", "main", AccountKind.CASH),
)
# Married, for some, only from a day of the first weeks on, or only until one of them.
SINCE, UNTIL = date(2015, 12, 24), date(2016, 2, 14)


@dataclass(frozen=True, slots=True)
class History:
    """Trades, each with the parts that it is split into, and how to look at them."""

    trades: tuple[Trade, ...]
    parts: tuple[int, ...]
    elections: Elections

    def in_single_shares(self) -> "History":
        """Return the history with a row for each share."""
        rows = [replace(one, quantity=Decimal(1), amount=one.amount / one.quantity)
                for one in self.trades for _ in range(int(one.quantity))]  # fmt: skip
        trades = tuple(replace(one, line=line) for line, one in enumerate(rows, start=2))
        return replace(self, trades=trades, parts=(0,) * len(trades))

    def split(self) -> tuple[list[Trade], dict[int, int]]:
        """Return the history with rows in parts, and for each part's line the whole's."""
        found: list[Trade] = []
        whole: dict[int, int] = {}
        for trade, parts in zip(self.trades, self.parts, strict=True):
            for quantity in _parts(trade.quantity, parts):
                line = len(found) + 2
                amount = trade.amount / trade.quantity * quantity
                found.append(replace(trade, line=line, quantity=quantity, amount=amount))
                whole[line] = trade.line
        return found, whole


def histories(
    instruments: Sequence[str] = INSTRUMENTS, *, shorts: bool = True, rows: int = 14
) -> st.SearchStrategy[History]:
    """Draw histories of up to so many rows, the long ones as often as the short ones.

    `binary` would draw mostly nothing; below 2**24 integers are drawn evenly.
    """
    numbers = st.integers(0, 2**24 - 1)
    lengths = st.integers(1, rows)
    return lengths.flatmap(
        lambda length: st.lists(numbers, min_size=1 + length, max_size=1 + length)
    ).map(lambda drawn: history_of(drawn[0], drawn[1:], instruments, shorts=shorts))


def history_of(
    choice: int, rows: Sequence[int], instruments: Sequence[str] = INSTRUMENTS, *, shorts: bool
) -> History:
    """Make a row of each number; `choice` says how the history is looked at."""
    first, many = (choice >> 8) % len(ACCOUNTS), 1 + (choice >> 12) % 4
    accounts = (ACCOUNTS * 2)[first : first + many]
    trades = tuple(_trades(rows, accounts, instruments, shorts=shorts))
    owners = {trade.owner for trade in trades}
    return History(trades, tuple(row >> 15 & 3 for row in rows), _elections(choice, owners))


def _trades(
    rows: Sequence[int], accounts: Sequence[Place], instruments: Sequence[str], *, shorts: bool
) -> Iterator[Trade]:
    held: dict[tuple[str, str, str], int] = defaultdict(int)
    day = date(2015, 11, 20)
    for line, row in enumerate(rows, start=2):
        day += timedelta(DAYS[row & 15])
        owner, account, kind = accounts[(row >> 4 & 3) % len(accounts)]
        instrument = instruments[(row >> 6 & 7) % len(instruments)]
        size, price = 1 + (row >> 12 & 7), row >> 17
        book = (owner, account, instrument)
        may_short = shorts and kind.may_short
        sells = (row >> 9 & 7) < 5 and (may_short or held[book] > 0)
        if sells and not may_short:
            size = min(size, held[book])
        held[book] += -size if sells else size
        yield Trade(
            line=line,
            on=day,
            owner=owner,
            account=account,
            kind=kind,
            instrument=instrument,
            side=Side.SELL if sells else Side.BUY,
            quantity=Decimal(size),
            amount=Decimal(size * (1000 + price * 15)) / 100,
        )


def _elections(choice: int, owners: set[str]) -> Elections:
    methods = (LotOrder.FIFO, LotOrder.FIFO, LotOrder.LIFO, LotOrder.HIFO)
    chosen = {}
    if choice & 4:
        chosen["earlier_purchases"] = "ignore"
    if choice & 8:
        chosen["rest_of_purchase"] = "count"
    if choice & 16:
        chosen["option_losses"] = "underlying"
    since, until = SINCE if choice & 64 else None, UNTIL if choice & 128 else None
    couple = Couple("alice", "bob", since, until)
    spouses = (couple,) if choice & 32 and owners >= {"alice", "bob"} else ()
    return Elections(methods[choice & 3], spouses, Policy(chosen))


def _parts(quantity: Decimal, parts: int) -> list[Decimal]:
    """Divide it into so many and one: halves, and a rest."""
    found = []
    for _ in range(parts):
        found.append(quantity / 2)
        quantity -= found[-1]
    return [*found, quantity]

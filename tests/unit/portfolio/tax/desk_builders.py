"""A history of trades as the desk's books would keep it: lots, what each sale closed, splits."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from decimal import Decimal

from bifrost.core.corporate_actions import CorporateAction, Split
from bifrost.core.orders import Side
from bifrost.portfolio.accounts import AccountKind
from bifrost.portfolio.tax.desk_rows import (
    AccountRow,
    DeskRows,
    LotRow,
    MetRow,
    PartClosed,
    TradeRow,
)
from bifrost.portfolio.tax.history import Trade

TODAY = date(2099, 12, 31)


@dataclass(frozen=True, slots=True)
class Shares:
    """How many shares one of the history was before the split's day, and from it on."""

    on: date
    before: int
    after: int

    def of(self, day: date) -> int:
        return self.before if day < self.on else self.after

    def action(self, instrument: str) -> CorporateAction:
        """The split that makes the one of the other."""
        return CorporateAction(
            action_id=f"split-{instrument}",
            vendor="v",
            revision=1,
            instrument=instrument,
            currency="USD",
            ex_date=self.on,
            split=Split(Decimal(self.after), Decimal(self.before)),
        )


NO_SPLIT = Shares(date.min, 1, 1)


class Desk:
    """Books a history; the oldest lots are closed first, or the newest."""

    def __init__(self, shares: Shares = NO_SPLIT, *, last: bool = False) -> None:
        self._shares = shares
        self._last = last
        self._lots: dict[str, LotRow] = {}
        self._opened: dict[str, tuple[Decimal, Decimal]] = {}
        self._kinds: dict[str, AccountKind] = {}
        self._held: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._rows: list[TradeRow] = []

    def rows(self, trades: Sequence[Trade]) -> DeskRows:
        """Return the books after all of them."""
        for trade in trades:
            self._rows.append(self._book(trade))
        names = {row.instrument for row in self._rows}
        one = self._shares
        return DeskRows(
            today=TODAY,
            accounts=tuple(AccountRow(name, "al", kind) for name, kind in self._kinds.items()),
            trades=tuple(self._rows),
            lots=tuple(
                replace(lot, quantity=lot.quantity * one.after) for lot in self._lots.values()
            ),
            met=tuple(
                MetRow(account, name, False, f"split-{name}", 1, ())
                for (account, name), held in self._held_before(trades).items()
                if held and one.after != one.before
            ),
            actions=tuple(one.action(name) for name in names if one.after != one.before),
        )

    def _held_before(self, trades: Sequence[Trade]) -> dict[tuple[str, str], Decimal]:
        """What each account held as the split's day began."""
        held: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for one in trades:
            if one.on < self._shares.on:
                account = f"{one.owner}-{one.account}"
                held[account, one.instrument] += one.side.sign * one.quantity
        return held

    def _book(self, trade: Trade) -> TradeRow:
        account, unit = f"{trade.owner}-{trade.account}", trade.amount / trade.quantity
        self._kinds[account] = trade.kind
        at = datetime.combine(trade.on, time(20), UTC)
        left, closures = self._close(trade, account)
        lot_id = f"lot-{trade.line}"
        if left:
            self._opened[lot_id] = left, left * unit
            self._lots[lot_id] = LotRow(
                lot_id, account, trade.instrument, "USD", at, trade.line, left, left * unit
            )
            self._held[account, trade.instrument].append(lot_id)
        scale, sign = self._shares.of(trade.on), trade.side.sign
        return TradeRow(
            place=trade.line,
            occurred_at=at,
            day=trade.on,
            account_id=account,
            instrument=trade.instrument,
            currency="USD",
            quantity=sign * trade.quantity * scale,
            cost=left * unit - sum((cost for _, _, cost in closures), Decimal(0)),
            amount=trade.amount if trade.side is Side.SELL else -trade.amount,
            lot_id=lot_id,
            closures=tuple(
                PartClosed(name, part * scale, cost, part * unit) for name, part, cost in closures
            ),
        )

    def _close(
        self, trade: Trade, account: str
    ) -> tuple[Decimal, list[tuple[str, Decimal, Decimal]]]:
        """Return what is left of the trade, and what was closed, oldest first, at which cost."""
        held = self._held[account, trade.instrument]
        closures: list[tuple[str, Decimal, Decimal]] = []
        left = trade.side.sign * trade.quantity
        while left and held and self._lots[held[0]].quantity * left < 0:
            lot = self._lots[held[-1 if self._last and left < 0 else 0]]
            part = -left if abs(left) < abs(lot.quantity) else lot.quantity
            left += part
            size, whole = self._opened[lot.lot_id]
            # The last part takes all that is left: a third has no last digit.
            cost = lot.cost if part == lot.quantity else whole / size * part
            closures.append((lot.lot_id, part, cost))
            rest = replace(lot, quantity=lot.quantity - part, cost=lot.cost - cost)
            self._lots[lot.lot_id] = rest
            if not rest.quantity:
                held.remove(lot.lot_id)
        # Whatever was chosen first: one fill disposes of all its lots at once.
        return left, sorted(closures, key=lambda one: self._lots[one[0]].sequence)

"""Histories of corporate actions as the desk keeps them: each account is played by its journal."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

from bifrost.core.corporate_actions import CorporateAction
from bifrost.core.money import EXACT, exact_sum
from bifrost.events import FillRecorded
from bifrost.portfolio.corporate_actions.change import BookChange
from bifrost.portfolio.journal import Step
from bifrost.portfolio.ledger import CASH
from bifrost.portfolio.lots import Closure, Lot
from bifrost.portfolio.rebuilt import Transaction
from bifrost.portfolio.replaying import Player
from bifrost.portfolio.tax.desk_rows import (
    AccountRow,
    DeskRows,
    LotRow,
    MetRow,
    PartClosed,
    TradeRow,
)
from bifrost.portfolio.tax.history import Trade
from tests.builders import fill, fill_recorded


def rows_of(trades: Sequence[Trade], actions: Sequence[CorporateAction]) -> DeskRows:
    """Play each account's trades and all actions; return what the books hold then."""
    accounts = {one.account: one for one in trades}
    played = [
        _account(name, [one for one in trades if one.account == name], actions) for name in accounts
    ]
    return DeskRows(
        today=max(one.on for one in trades) + timedelta(days=400),
        accounts=tuple(AccountRow(one.account, one.owner, one.kind) for one in accounts.values()),
        trades=tuple(row for one in played for row in one.trades),
        lots=tuple(row for one in played for row in one.lots),
        met=tuple(row for one in played for row in one.met),
        actions=tuple(actions),
    )


def _account(account: str, trades: Sequence[Trade], actions: Sequence[CorporateAction]) -> DeskRows:
    by_line = {one.line: one for one in trades}
    steps = [Step(one.line, False, one.on, _recorded(one)) for one in trades]
    player = Player(steps, actions)
    made = list(player.play())
    opened = [lot for one in made for lot in one.opened]
    return DeskRows(
        today=trades[-1].on,
        trades=tuple(_trade(one, by_line) for one in made if isinstance(one.cause, FillRecorded)),
        lots=tuple(_lot(account, player.books.lots.get(one.lot_id), one) for one in opened),
        met=tuple(
            MetRow(
                account,
                one.cause.action.instrument,
                False,
                one.cause.action.action_id,
                1,
                _parts(one.closures),
            )
            for one in made
            if isinstance(one.cause, BookChange) and one.reference.startswith("action:")
        ),
    )


def _recorded(trade: Trade) -> FillRecorded:
    made = fill(
        trade.line,
        str(trade.side.sign * trade.quantity),
        str(EXACT.divide(trade.amount, trade.quantity)),
        account_id=trade.account,
        instrument=trade.instrument,
        commission="0",
        occurred_at=_at(trade),
    )
    return fill_recorded(made, trade.line)


def _at(trade: Trade) -> datetime:
    return datetime.combine(trade.on, time(15), UTC)


def _trade(made: Transaction, by_line: dict[int, Trade]) -> TradeRow:
    assert isinstance(made.cause, FillRecorded)
    trade = by_line[made.cause.sequence]
    held = [one for one in made.entries if one.quantity is not None]
    return TradeRow(
        place=trade.line,
        occurred_at=_at(trade),
        day=trade.on,
        account_id=trade.account,
        instrument=trade.instrument,
        currency="USD",
        quantity=trade.side.sign * trade.quantity,
        cost=exact_sum(one.amount for one in held),
        amount=exact_sum(one.amount for one in made.entries if one.ledger_account == CASH),
        lot_id=made.opened[0].lot_id if made.opened else "",
        closures=_parts(made.closures),
    )


def _parts(closures: Sequence[Closure]) -> tuple[PartClosed, ...]:
    return tuple(
        PartClosed(one.lot_id, one.quantity, one.cost, one.proceeds, one.rule) for one in closures
    )


def _lot(account: str, now: Lot | None, opened: Lot) -> LotRow:
    left = now or replace(opened, quantity=Decimal(0), cost=Decimal(0))
    return LotRow(
        opened.lot_id,
        account,
        left.instrument,
        "USD",
        opened.opened_at,
        opened.sequence,
        left.quantity,
        left.cost,
    )

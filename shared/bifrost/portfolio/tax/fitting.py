"""Whether an account's trades in an instrument are all that happened to its lots.

They are played through the lots that the books say each closed. What is left must be what the books
hold, in quantity and cost, or something else changed the lots (a spin-off, a merger for shares) and
no report made of the trades alone would be right.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from bifrost.core.money import EXACT
from bifrost.portfolio.corporate_actions.effects import (
    CASH_MERGER_RULE,
    FRACTION_RULE,
    LIQUIDATION_RULE,
    WORTHLESS_RULE,
)
from bifrost.portfolio.tax.desk_rows import CostRow, LotRow, TradeRow
from bifrost.portfolio.tax.shares import ZERO

CURRENCY = "USD"
# What an issuer closes for cash, or for none, is a sale like any other: its basis is the lots'.
_SALES = frozenset({CASH_MERGER_RULE, FRACTION_RULE, LIQUIDATION_RULE, WORTHLESS_RULE})


class Reason(StrEnum):
    """Why an instrument's trades cannot be told as tax."""

    OTHER_CURRENCY = "other_currency"
    SOLD_SHORT = "sold_short"
    CAPITAL_BEYOND_BASIS = "capital_beyond_basis"
    LOTS_CHANGED = "lots_changed"


@dataclass(frozen=True, slots=True)
class Counted:
    """A trade in today's shares. scale: what one of that day's has become."""

    row: TradeRow
    instrument: str
    scale: Fraction

    @property
    def signed(self) -> Fraction:
        """Above zero for a purchase."""
        return Fraction(self.row.quantity) * self.scale


@dataclass(slots=True)
class Book:
    """One account's trades in one instrument of today, its lots, and changes of their cost."""

    trades: list[Counted] = field(default_factory=list)
    lots: list[LotRow] = field(default_factory=list)
    costs: list[CostRow] = field(default_factory=list)


@dataclass(slots=True)
class _Played:
    """quantity, cost: by lot, what is left; of each the books' sign. held: of all of them."""

    held: Fraction = ZERO
    quantity: dict[str, Fraction] = field(default_factory=dict)
    cost: dict[str, Decimal] = field(default_factory=dict)


class _UnfitError(Exception):
    """The trades do not add up; `args` has the reason."""


def misfit(book: Book) -> Reason | None:
    """Say why the trades do not tell the lots; None where they do."""
    if any(one.row.currency != CURRENCY for one in book.trades):
        return Reason.OTHER_CURRENCY
    if any(one.is_beyond for one in book.costs):
        return Reason.CAPITAL_BEYOND_BASIS
    opened = {one.lot_id: one for one in book.lots}
    played = _Played()
    steps: list[Counted | CostRow] = sorted([*book.trades, *book.costs], key=_when)
    try:
        for step in steps:
            if isinstance(step, CostRow):
                _change(played, step)
            else:
                _trade(played, step, opened)
    except _UnfitError as unfit:
        found: Reason = unfit.args[0]
        return found
    return None if _is_left(played, book.lots) else Reason.LOTS_CHANGED


def _when(step: Counted | CostRow) -> tuple[object, ...]:
    return step.when if isinstance(step, CostRow) else step.row.when


def _change(played: _Played, change: CostRow) -> None:
    if not played.quantity.get(change.lot_id):
        raise _UnfitError(Reason.LOTS_CHANGED)
    played.cost[change.lot_id] = EXACT.add(played.cost[change.lot_id], change.amount)


def _trade(played: _Played, trade: Counted, lots: dict[str, LotRow]) -> None:
    row = trade.row
    known = frozenset({""}) if row.is_fill else _SALES
    if any(one.rule not in known for one in row.closures):
        raise _UnfitError(Reason.LOTS_CHANGED)
    held, closed = played.held, ZERO
    for part in row.closures:
        size = Fraction(part.quantity) * trade.scale
        left = played.quantity.get(part.lot_id, ZERO)
        if size * left <= 0 or abs(size) > abs(left) or size * trade.signed > 0:
            raise _UnfitError(Reason.LOTS_CHANGED)
        closed += size
        played.quantity[part.lot_id] = left - size
        played.cost[part.lot_id] = EXACT.subtract(played.cost[part.lot_id], part.cost)
    played.held += trade.signed
    against = held if held * trade.signed < 0 else ZERO
    if abs(closed) != min(abs(against), abs(trade.signed)):
        raise _UnfitError(Reason.LOTS_CHANGED)
    if opens := trade.signed + closed:
        _open(played, trade, opens, lots)


def _open(played: _Played, trade: Counted, opens: Fraction, lots: dict[str, LotRow]) -> None:
    lot_id = trade.row.lot_id
    if lot_id not in lots or lot_id in played.quantity:
        raise _UnfitError(Reason.LOTS_CHANGED)
    if opens < 0 and not trade.row.account_kind.may_short:
        raise _UnfitError(Reason.SOLD_SHORT)
    played.quantity[lot_id] = opens
    played.cost[lot_id] = lots[lot_id].opened_cost


def _is_left(played: _Played, lots: Sequence[LotRow]) -> bool:
    known = {one.lot_id: one for one in lots}
    if any(left and lot_id not in known for lot_id, left in played.quantity.items()):
        return False
    return all(
        played.quantity.get(one.lot_id, ZERO) == Fraction(one.quantity)
        and (not one.quantity or played.cost[one.lot_id] == one.cost)
        for one in lots
    )

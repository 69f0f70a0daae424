"""A venue's open orders over corporate actions: each is played again from the terms it came with.

Playing everything again is the only way that a vendor's correction undoes a rounded price, and the
first application is the same play one action shorter.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from bifrost.backtest.entitlements import Traded
from bifrost.core.corporate_actions import CorporateAction
from bifrost.core.instruments import Instrument
from bifrost.core.money import Quantity
from bifrost.execution.corporate_actions import (
    CancelledByAction,
    OpenOrder,
    PartFilled,
    Step,
    after,
)

# After every action of its day.
_TRADE = 99
# Stands where no action asks for a tick.
_UNLISTED = Instrument("", "", "", Decimal(1), Decimal(1), "")


@dataclass(frozen=True, slots=True)
class PlacedOrder:
    """An order as it was sent, in shares as of the session `since`, and as it stands now."""

    placed: OpenOrder
    since: date
    standing: OpenOrder


def stands(
    order: PlacedOrder,
    trades: Iterable[Traded],
    actions: Iterable[CorporateAction],
    listings: Mapping[str, Instrument],
) -> OpenOrder | CancelledByAction:
    """Return the order as its trades and the standing actions leave it.

    listings: by symbol. An order whose tick is unknown is cancelled, for nobody can round it.
    """
    later = [action for action in actions if action.ex_date > order.since]
    listed = listings.get(order.placed.instrument)
    if listed is None and later:
        return _ended(order, f"{order.placed.instrument} is not listed here: place it anew")
    left = after(order.placed, _steps(trades, later), listed or _UNLISTED)
    return left or _ended(order, "it traded in full before the correction of an action")


def cause_of(
    order: PlacedOrder, now: OpenOrder | CancelledByAction, changed: Sequence[CorporateAction]
) -> CorporateAction:
    """Return which of the changed actions the order follows: the last one on its instruments."""
    names = {order.placed.instrument, order.standing.instrument}
    if isinstance(now, OpenOrder):
        names.add(now.instrument)
    own = [action for action in changed if action.instrument in names]
    return max(own or changed, key=lambda one: one.place)


def sentence_of(action: CorporateAction) -> str:
    """Say what happened, for the order's owner."""
    what = f"{action.kind} of {action.instrument}, ex-date {action.ex_date} ({action.action_id})"
    if action.withdrawn:
        return f"withdrawn by {action.vendor}: {what}"
    return what if action.revision == 1 else f"corrected by {action.vendor}: {what}"


def _steps(trades: Iterable[Traded], actions: Iterable[CorporateAction]) -> list[Step]:
    dated: list[tuple[tuple[date, int, str], Step]] = [(one.place, one) for one in actions]
    for trade in trades:
        step = PartFilled(Quantity(trade.quantity))
        dated.append(((trade.session, _TRADE, ""), step))
    return [step for _, step in sorted(dated, key=lambda one: one[0])]


def _ended(order: PlacedOrder, text: str) -> CancelledByAction:
    return CancelledByAction(order.placed.order_id, "corporate_action", text)

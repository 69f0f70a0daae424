"""What risk hears of its instrument's market and of its orders' fills."""

from decimal import Decimal
from typing import Any

from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.risk_facts import PostgresFacts
from bifrost.core.orders import OrderIntent
from bifrost.events import (
    BarClosed,
    Event,
    FillRecorded,
    OrderRestated,
    PositionCause,
    PositionChanged,
)
from tests.builders import ACCOUNT, bar, bar_closed, fill_of, fill_recorded, stamp


def closed(price: str, sequence: int = 1, symbol: str = "AAPL", currency: str = "USD") -> BarClosed:
    """The first session closes at `price`, or is corrected to it."""
    return bar_closed(bar(1, price, instrument=symbol), sequence, currency=currency)


def filled(order: OrderIntent, quantity: str, price: str, sequence: int) -> FillRecorded:
    """The venue trades a part of the order, for a commission of one."""
    return fill_recorded(fill_of(order, quantity, price, sequence), sequence)


def hear(database: Database, *events: Event) -> None:
    """Deliver the events to risk, in this order."""
    facts = PostgresFacts(database)
    for event in events:
        facts.hear(event)


def restated(
    order: OrderIntent, step: int, *, left: tuple[str, str], filled: str = "0", **terms: Any
) -> OrderRestated:
    """The venue restates an order of which so much was left before, and so much is now."""
    before, now = map(Decimal, left)
    values: dict[str, Any] = {
        "order_id": order.order_id,
        "account_id": order.account_id,
        "instrument": order.instrument,
        "quantity": Decimal(filled) + now,
        "filled_quantity": Decimal(filled),
        "open_before": before,
        "limit_price": order.limit_price,
        "stop_price": order.stop_price,
        "action_id": "a-1",
        "step": step,
    }
    return OrderRestated(**stamp(f"restated-{order.order_id}-{step}"), **(values | terms))


def position_changed(change: str, number: int = 1, **changes: Any) -> PositionChanged:
    """A corporate action changes what the account holds, unless another cause is named."""
    values: dict[str, Any] = {
        "account_id": ACCOUNT,
        "transaction_id": f"t-action-{number}",
        "instrument": "AAPL",
        "cause": PositionCause.CORPORATE_ACTION,
        "quantity_change": Decimal(change),
        "cost_change": Decimal(0),
        "quantity": Decimal(0),
        "cost": Decimal(0),
        "currency": "USD",
    }
    name = f"position-{number}-{changes.get('instrument', 'AAPL')}-{changes.get('again', '')}"
    changes.pop("again", None)
    return PositionChanged(**stamp(name), **(values | changes))

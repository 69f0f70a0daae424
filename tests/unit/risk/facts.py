"""Events that risk hears, and a desk that has heard enough to judge an order."""

from datetime import date
from decimal import Decimal
from typing import Any

from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.risk_facts import PostgresFacts
from bifrost.core.bars import Bar
from bifrost.core.fills import Fill
from bifrost.core.instruments import Instrument
from bifrost.core.money import Price, Quantity
from bifrost.core.orders import OrderIntent
from bifrost.events import (
    AccountOpened,
    BarClosed,
    CashDeposited,
    CashWithdrawn,
    Event,
    FillRecorded,
    InstrumentListed,
    OrderCancelled,
    bar_stream,
    fill_stream,
)
from tests.unit.risk.builders import ACCOUNT, AT, OWNER


def _said(event_id: str) -> dict[str, Any]:
    return {"event_id": event_id, "occurred_at": AT, "recorded_at": AT, "correlation_id": "test"}


def opened(account_id: str = ACCOUNT, owner: str = OWNER) -> AccountOpened:
    """An account is opened."""
    return AccountOpened(
        **_said(f"opened-{account_id}"),
        account_id=account_id,
        owner=owner,
        kind="cash",
        currency="USD",
    )


def deposited(amount: str, account_id: str = ACCOUNT, number: int = 1) -> CashDeposited:
    """Cash comes in."""
    return CashDeposited(
        **_said(f"deposited-{account_id}-{number}"),
        account_id=account_id,
        transaction_id=f"t-{account_id}-{number}",
        amount=Decimal(amount),
        currency="USD",
    )


def withdrawn(amount: str, withdrawal_id: str) -> CashWithdrawn:
    """Cash goes out."""
    return CashWithdrawn(
        **_said(f"withdrawn-{withdrawal_id}"),
        account_id=ACCOUNT,
        withdrawal_id=withdrawal_id,
        transaction_id=f"t-{withdrawal_id}",
        amount=Decimal(amount),
        currency="USD",
    )


def listed(symbol: str = "AAPL", currency: str = "USD") -> InstrumentListed:
    """An instrument can be traded."""
    tick, lot = Decimal("0.01"), Decimal(1)
    return InstrumentListed(
        **_said(f"listed-{symbol}"),
        instrument=Instrument(symbol, "XNAS", currency, tick, lot, symbol),
    )


def closed(price: str, sequence: int = 1, symbol: str = "AAPL", currency: str = "USD") -> BarClosed:
    """A session closes at `price`."""
    at = Price(Decimal(price))
    return BarClosed(
        **_said(f"closed-{symbol}-{sequence}"),
        stream=bar_stream(symbol),
        sequence=sequence,
        bar=Bar(symbol, date(2012, 1, 3), at, at, at, at, Decimal(1000), AT),
        currency=currency,
    )


def filled(order: OrderIntent, quantity: str, price: str, sequence: int) -> FillRecorded:
    """The venue trades a part of the order, for a commission of one."""
    return FillRecorded(
        **_said(f"filled-{sequence}"),
        stream=fill_stream(order.account_id),
        sequence=sequence,
        fill=Fill(
            venue="paper",
            execution_id=f"execution-{sequence}",
            order_id=order.order_id,
            account_id=order.account_id,
            instrument=order.instrument,
            side=order.side,
            quantity=Quantity(Decimal(quantity)),
            price=Price(Decimal(price)),
            commission=Decimal(1),
            currency=order.currency,
            occurred_at=AT,
        ),
    )


def cancelled(order: OrderIntent, filled_quantity: str) -> OrderCancelled:
    """The rest of the order is cancelled."""
    return OrderCancelled(
        **_said(f"cancelled-{order.order_id}"),
        order_id=order.order_id,
        account_id=order.account_id,
        instrument=order.instrument,
        filled_quantity=Decimal(filled_quantity),
    )


def hear(database: Database, *events: Event) -> None:
    """Deliver the events to risk, in this order."""
    facts = PostgresFacts(database)
    for event in events:
        facts.hear(event)

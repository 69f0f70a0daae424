"""What risk hears of its instrument's market and of its orders' fills."""

from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.risk_facts import PostgresFacts
from bifrost.core.orders import OrderIntent
from bifrost.events import BarClosed, Event, FillRecorded
from tests.builders import bar, bar_closed, fill_of, fill_recorded


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

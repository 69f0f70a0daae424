"""The nouns and the events that tests are about: ordinary ones, and what a test names is its own.

Sessions are counted: day 1 is the first, and each closes a day after the one before, weekends too.
"""

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from bifrost.core.bars import Bar
from bifrost.core.fills import Fill
from bifrost.core.instruments import Instrument
from bifrost.core.money import Price, Quantity
from bifrost.core.orders import (
    OrderIntent,
    OrderType,
    Side,
    TimeInForce,
    client_order_id_of,
    order_id_of,
)
from bifrost.events import (
    AccountOpened,
    BarClosed,
    CashChanged,
    CashDeposited,
    CashWithdrawn,
    FillRecorded,
    InstrumentListed,
    OrderCancelled,
    bar_stream,
    fill_stream,
)
from bifrost.execution.ports import VenueOrder

ACCOUNT = "account-1"
OWNER = "owner-1"
FIRST_SESSION = date(2012, 1, 3)
FIRST_CLOSE = datetime(2012, 1, 3, 21, tzinfo=UTC)
# Wall time, long after the market's.
WALL = datetime(2026, 11, 21, 12, tzinfo=UTC)

_TYPES = {
    (False, False): OrderType.MARKET,
    (True, False): OrderType.LIMIT,
    (False, True): OrderType.STOP,
    (True, True): OrderType.STOP_LIMIT,
}


def price(of: str | Decimal) -> Price:
    """A price."""
    return Price(Decimal(of))


def quantity(of: int | str | Decimal) -> Quantity:
    """A quantity."""
    return Quantity(Decimal(of))


def session(day: int) -> date:
    """The day-th session's date."""
    return FIRST_SESSION + timedelta(days=day - 1)


def closes_at(day: int) -> datetime:
    """The instant of the day-th session's close."""
    return FIRST_CLOSE + timedelta(days=day - 1)


def instrument(symbol: str = "AAPL", **changes: Any) -> Instrument:
    """An instrument in whole shares and whole cents."""
    listed = Instrument(symbol, "XNAS", "USD", Decimal("0.01"), Decimal(1), f"{symbol} Inc.")
    return replace(listed, **changes)


def bar(day: int = 1, prices: str = "100", *, instrument: str = "AAPL", volume: int = 10**6) -> Bar:
    """The bar of the day-th session: open, high, low and close, or one price for all four."""
    given = [price(one) for one in prices.split()]
    first, high, low, last = given if len(given) > 1 else given * 4
    return Bar(instrument, session(day), first, high, low, last, Decimal(volume), closes_at(day))


def buy(quantity: str = "10", **terms: Any) -> OrderIntent:
    """A market buy, unless `limit`, `stop`, `key` or another field says otherwise."""
    return _order(Side.BUY, quantity, **terms)


def sell(quantity: str = "10", **terms: Any) -> OrderIntent:
    """A market sale, unless told otherwise."""
    return _order(Side.SELL, quantity, **terms)


def _order(
    side: Side,
    size: str,
    limit: str | None = None,
    stop: str | None = None,
    key: str = "key-1",
    **changes: Any,
) -> OrderIntent:
    order_id = order_id_of(ACCOUNT, key)
    made = OrderIntent(
        order_id=order_id,
        client_order_id=client_order_id_of(order_id),
        account_id=ACCOUNT,
        owner=OWNER,
        instrument="AAPL",
        side=side,
        type=_TYPES[(limit is not None, stop is not None)],
        quantity=quantity(size),
        time_in_force=TimeInForce.DAY,
        currency="USD",
        occurred_at=FIRST_CLOSE,
        limit_price=None if limit is None else price(limit),
        stop_price=None if stop is None else price(stop),
    )
    return replace(made, **changes)


def venue_order(name: str = "o-1", *, limit: str | None = None, **changes: Any) -> VenueOrder:
    """What a venue is sent: ten to buy, good till cancelled, at the market or at a limit."""
    order = VenueOrder(
        client_order_id=name,
        account_id=ACCOUNT,
        instrument="AAPL",
        side=Side.BUY,
        type=_TYPES[(limit is not None, False)],
        quantity=quantity(10),
        time_in_force=TimeInForce.GTC,
        currency="USD",
        limit_price=None if limit is None else price(limit),
    )
    return replace(order, **changes)


def fill(
    number: int,
    size: str | Decimal,
    at: str | Decimal,
    *,
    account_id: str = ACCOUNT,
    commission: str | Decimal = "0",
    **changes: Any,
) -> Fill:
    """A fill at a price; a negative size is a sale."""
    signed = Decimal(size)
    made = Fill(
        venue="paper",
        execution_id=f"x-{account_id}-{number}",
        order_id=f"o-{number}",
        account_id=account_id,
        instrument="AAPL",
        side=Side.BUY if signed > 0 else Side.SELL,
        quantity=quantity(abs(signed)),
        price=price(at),
        commission=Decimal(commission),
        currency="USD",
        occurred_at=FIRST_CLOSE,
    )
    return replace(made, **changes)


def fill_of(order: OrderIntent, size: str, at: str, number: int) -> Fill:
    """A part of the order, traded for a commission of one."""
    signed = order.side.sign * Decimal(size)
    return fill(
        number,
        signed,
        at,
        order_id=order.order_id,
        account_id=order.account_id,
        instrument=order.instrument,
        commission="1",
        currency=order.currency,
    )


def stamp(event_id: str, at: datetime = FIRST_CLOSE) -> dict[str, Any]:
    """What every event carries."""
    return {
        "event_id": event_id,
        "occurred_at": at,
        "recorded_at": at,
        "correlation_id": "test",
    }


def account_opened(
    account_id: str = ACCOUNT, owner: str = OWNER, kind: str = "cash"
) -> AccountOpened:
    """An account is opened."""
    return AccountOpened(
        **stamp(f"opened-{account_id}"),
        account_id=account_id,
        owner=owner,
        kind=kind,
        currency="USD",
    )


def cash_deposited(
    amount: str = "1000000", account_id: str = ACCOUNT, number: int = 1
) -> CashDeposited:
    """Cash comes in."""
    return CashDeposited(
        **stamp(f"deposited-{account_id}-{number}"),
        account_id=account_id,
        transaction_id=f"t-{account_id}-{number}",
        amount=Decimal(amount),
        currency="USD",
    )


def cash_withdrawn(amount: str, withdrawal_id: str) -> CashWithdrawn:
    """Cash goes out."""
    return CashWithdrawn(
        **stamp(f"withdrawn-{withdrawal_id}"),
        account_id=ACCOUNT,
        withdrawal_id=withdrawal_id,
        transaction_id=f"t-{withdrawal_id}",
        amount=Decimal(amount),
        currency="USD",
    )


def cash_changed(amount: str, number: int = 1, **changes: Any) -> CashChanged:
    """A dividend comes in or, negative, a fee goes out."""
    made = CashChanged(
        **stamp(f"changed-{number}-{changes.get('currency', 'USD')}"),
        account_id=ACCOUNT,
        transaction_id=f"t-flow-{number}",
        kind="fee" if amount.startswith("-") else "dividend_ordinary",
        amount=Decimal(amount),
        currency="USD",
        account_currency="USD",
        instrument="",
        reverses="",
    )
    return replace(made, **changes)


def instrument_listed(symbol: str = "AAPL", **changes: Any) -> InstrumentListed:
    """An instrument can be traded."""
    return InstrumentListed(**stamp(f"listed-{symbol}"), instrument=instrument(symbol, **changes))


def bar_closed(one: Bar, sequence: int, *, currency: str = "USD", **changes: Any) -> BarClosed:
    """A session is over; a bar corrected at the same place is another event."""
    made = BarClosed(
        **stamp(f"bar-{one.instrument}-{sequence}-{one.close}", one.closed_at),
        stream=bar_stream(one.instrument),
        sequence=sequence,
        bar=one,
        currency=currency,
    )
    return replace(made, **changes)


def fill_recorded(one: Fill, sequence: int, strategy_id: str = "") -> FillRecorded:
    """A fill is known, at its place among its account's fills."""
    return FillRecorded(
        **stamp(f"fill-{one.account_id}-{sequence}", one.occurred_at),
        stream=fill_stream(one.account_id),
        sequence=sequence,
        fill=one,
        strategy_id=strategy_id,
    )


def order_cancelled(order: OrderIntent, filled_quantity: str) -> OrderCancelled:
    """The rest of the order is cancelled."""
    return OrderCancelled(
        **stamp(f"cancelled-{order.order_id}"),
        order_id=order.order_id,
        account_id=order.account_id,
        instrument=order.instrument,
        filled_quantity=Decimal(filled_quantity),
    )


def seeded(seed: int) -> random.Random:
    """A generator that draws the same every time."""
    return random.Random(seed)  # noqa: S311  # draws test data, no secrets

"""Fills, bars and deposits as portfolio hears them, with only what a test cares about said."""

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from bifrost.core.bars import Bar
from bifrost.core.fills import Fill
from bifrost.core.money import Price, Quantity
from bifrost.core.orders import Side
from bifrost.events import BarClosed, FillRecorded, bar_stream, fill_stream

FIRST_SESSION = date(2012, 1, 3)
FIRST_CLOSE = datetime(2012, 1, 3, 21, tzinfo=UTC)


def fill(  # noqa: PLR0913  # a test names only what it is about
    number: int,
    quantity: str | Decimal,
    price: str | Decimal,
    *,
    instrument: str = "AAPL",
    account_id: str = "a-1",
    commission: str | Decimal = "0",
    at: datetime = FIRST_CLOSE,
) -> Fill:
    """A fill; a negative quantity is a sale."""
    signed = Decimal(quantity)
    return Fill(
        venue="paper",
        execution_id=f"x-{account_id}-{number}",
        order_id=f"o-{number}",
        account_id=account_id,
        instrument=instrument,
        side=Side.BUY if signed > 0 else Side.SELL,
        quantity=Quantity(abs(signed)),
        price=Price(Decimal(price)),
        commission=Decimal(commission),
        currency="USD",
        occurred_at=at,
    )


def recorded(one: Fill, sequence: int) -> FillRecorded:
    """The event of a fill, at its place among its account's fills."""
    return FillRecorded(
        event_id=f"fill-{one.account_id}-{sequence}",
        occurred_at=one.occurred_at,
        recorded_at=one.occurred_at,
        correlation_id="test",
        stream=fill_stream(one.account_id),
        sequence=sequence,
        fill=one,
    )


def bar_closed(
    day: int, close: str, *, instrument: str = "AAPL", recorded_at: datetime = FIRST_CLOSE
) -> BarClosed:
    """The close of the day-th session (1 is the first) at a price."""
    at = closes_at(day)
    price = Price(Decimal(close))
    return BarClosed(
        event_id=f"bar-{instrument}-{day}-{close}",
        occurred_at=at,
        recorded_at=recorded_at,
        correlation_id="test",
        stream=bar_stream(instrument),
        sequence=day,
        bar=Bar(instrument, session(day), price, price, price, price, Decimal(1000), at),
        currency="USD",
    )


def session(day: int) -> date:
    """The day-th session's date."""
    return FIRST_SESSION + timedelta(days=day - 1)


def closes_at(day: int) -> datetime:
    """The instant of the day-th session's close."""
    return FIRST_CLOSE + timedelta(days=day - 1)


def seeded(seed: int) -> random.Random:
    """A generator that draws the same every time."""
    return random.Random(seed)  # noqa: S311  # draws test data, no secrets

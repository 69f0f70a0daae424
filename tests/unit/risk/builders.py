"""Orders, exposures and limits for the tests of risk; every number that a test names is its own."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from bifrost.core.money import Price, Quantity
from bifrost.core.orders import (
    OrderIntent,
    OrderType,
    Side,
    TimeInForce,
    client_order_id_of,
    order_id_of,
)
from bifrost.risk.limits import Exposure, Limits

AT = datetime(2012, 1, 3, 21, tzinfo=UTC)
ACCOUNT = "account-1"
OWNER = "owner-1"


def buy(quantity: str = "10", **terms: Any) -> OrderIntent:
    """A market buy, unless `limit`, `stop`, `key` or another field says otherwise."""
    return _order(Side.BUY, quantity, **terms)


def sell(quantity: str = "10", **terms: Any) -> OrderIntent:
    """A market sale, unless told otherwise."""
    return _order(Side.SELL, quantity, **terms)


def _order(
    side: Side,
    quantity: str,
    limit: str | None = None,
    stop: str | None = None,
    key: str = "key-1",
    **changes: Any,
) -> OrderIntent:
    kinds = {
        (False, False): OrderType.MARKET,
        (True, False): OrderType.LIMIT,
        (False, True): OrderType.STOP,
        (True, True): OrderType.STOP_LIMIT,
    }
    order_id = order_id_of(ACCOUNT, key)
    made = OrderIntent(
        order_id=order_id,
        client_order_id=client_order_id_of(order_id),
        account_id=ACCOUNT,
        owner=OWNER,
        instrument="AAPL",
        side=side,
        type=kinds[(limit is not None, stop is not None)],
        quantity=Quantity(Decimal(quantity)),
        time_in_force=TimeInForce.DAY,
        currency="USD",
        occurred_at=AT,
        limit_price=None if limit is None else Price(Decimal(limit)),
        stop_price=None if stop is None else Price(Decimal(stop)),
    )
    return replace(made, **changes)


def exposure(marked_on: str | None = "2012-01-03", **numbers: str | None) -> Exposure:
    """A million in cash, that day's mark of 100, and nothing held, unless told otherwise."""
    given = {
        "cash": "1000000",
        "reserved": "0",
        "position": "0",
        "open_buys": "0",
        "open_sales": "0",
        "mark": "100",
        **numbers,
    }
    day = None if marked_on is None else date.fromisoformat(marked_on)
    return Exposure(**{key: _number(value) for key, value in given.items()}, marked_on=day)  # type: ignore[arg-type]


def limits(mark_age_days_max: int = 7, **numbers: str) -> Limits:
    """Limits wide enough for anything but what a test narrows; a collar of a tenth."""
    given = {
        "order_notional_max": "1000000000",
        "order_quantity_max": "1000000",
        "position_notional_max": "1000000000",
        "price_collar": "0.10",
        "commission_per_share": "0",
        **numbers,
    }
    return Limits(
        account_id=None,
        version=1,
        effective_from=date(1900, 1, 1),
        effective_until=None,
        source="test",
        mark_age_days_max=mark_age_days_max,
        **{key: Decimal(value) for key, value in given.items()},
    )


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)

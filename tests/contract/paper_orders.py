"""What tests of the paper venue send it: money, bars and orders."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from bifrost.adapters.brokers.paper import PaperVenue
from bifrost.core.bars import Bar
from bifrost.core.money import Price, Quantity
from bifrost.core.orders import OrderType, Side, TimeInForce
from bifrost.execution.ports import VenueOrder

ACCOUNT = "acc-1"
FIRST_CLOSE = datetime(2012, 1, 3, 21, tzinfo=UTC)


def fund(venue: PaperVenue, account_id: str, cash: str) -> None:
    venue.open_account(account_id, "USD")
    venue.transfer(
        transfer_id=f"funding-{account_id}",
        account_id=account_id,
        amount=Decimal(cash),
        currency="USD",
    )


def a_bar(
    day: int = 0, prices: str = "100 100 100 100", *, volume: int = 10**6, instrument: str = "AAPL"
) -> Bar:
    first, high, low, last = (Price(Decimal(price)) for price in prices.split())
    closed_at = FIRST_CLOSE + timedelta(days=day)
    return Bar(instrument, closed_at.date(), first, high, low, last, Decimal(volume), closed_at)


def an_order(name: str = "o-1", **changes: object) -> VenueOrder:
    values: dict[str, object] = {
        "client_order_id": name,
        "account_id": ACCOUNT,
        "instrument": "AAPL",
        "side": Side.BUY,
        "type": OrderType.MARKET,
        "quantity": Quantity(Decimal(10)),
        "time_in_force": TimeInForce.GTC,
        "currency": "USD",
    }
    return VenueOrder(**(values | changes))  # type: ignore[arg-type]


def quantity(units: int) -> Quantity:
    return Quantity(Decimal(units))

"""The paper venue with an account of 10,000 USD, for the tests of it."""

from collections.abc import Callable
from decimal import Decimal

from bifrost.adapters.brokers.paper import PaperVenue
from bifrost.adapters.postgres.database import Database
from bifrost.core.orders import OrderStatus
from tests.builders import ACCOUNT

MakeDatabase = Callable[[str], Database]


def funded_venue(make_database: MakeDatabase) -> PaperVenue:
    """Return the venue with the account's cash there."""
    venue = PaperVenue(make_database("venue"))
    fund(venue, ACCOUNT, "10000")
    return venue


def fund(venue: PaperVenue, account_id: str, cash: str) -> None:
    venue.open_account(account_id, "USD")
    venue.transfer(
        transfer_id=f"funding-{account_id}",
        account_id=account_id,
        amount=Decimal(cash),
        currency="USD",
    )


def status(venue: PaperVenue, client_order_id: str = "o-1") -> OrderStatus:
    """Return where the order stands at the venue."""
    state = venue.find(client_order_id)
    assert state is not None
    return state.status

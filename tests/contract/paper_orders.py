"""Money for the tests of the paper venue."""

from decimal import Decimal

from bifrost.adapters.brokers.paper import PaperVenue


def fund(venue: PaperVenue, account_id: str, cash: str) -> None:
    venue.open_account(account_id, "USD")
    venue.transfer(
        transfer_id=f"funding-{account_id}",
        account_id=account_id,
        amount=Decimal(cash),
        currency="USD",
    )

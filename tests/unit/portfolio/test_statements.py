"""A statement, the ledger of its day and the venue rolled back to it: who stands alone is named."""

from decimal import Decimal

import pytest

from bifrost.core.statements import VenueStatement
from bifrost.portfolio.causes import Cause, cause_of_three, owner_of
from bifrost.portfolio.ledger import CASH, position_account
from bifrost.portfolio.reconciling import ledger_of, venue_as_of
from bifrost.portfolio.statement_file import ThreeWays
from bifrost.portfolio.valuation import Balance

D = Decimal
VENUE = VenueStatement("a-1", D(900), "USD", {"AAPL": D(7)}, {}, 4)


@pytest.mark.parametrize(
    ("ledger", "venue", "statement", "cause"),
    [
        ("10", "10", "9", Cause.STATEMENT_DIFFERS),
        ("10", None, "9", Cause.STATEMENT_DIFFERS),
        ("10", "9", "9", Cause.LEDGER_DIFFERS),
        ("10", "8", "9", Cause.UNEXPLAINED),
        ("10", "6", "9", Cause.STATEMENT_DIFFERS),  # the venue lacks the 4 that were imported
        ("10", "5", "9", Cause.LEDGER_DIFFERS),
    ],
)
def test_who_of_three_stands_alone(
    ledger: str, venue: str | None, statement: str, cause: Cause
) -> None:
    row = ThreeWays(
        "position", "AAPL", D(ledger), None if venue is None else D(venue), D(statement)
    )

    assert cause_of_three(row, {"AAPL": D(4)}) is cause


def test_a_wrong_ledger_is_ours_to_act_on_and_a_wrong_statement_the_owners() -> None:
    assert owner_of(Cause.LEDGER_DIFFERS) == "portfolio"
    assert owner_of(Cause.STATEMENT_DIFFERS) == "account"


def test_the_venue_is_rolled_back_by_what_the_ledger_has_booked_since() -> None:
    now = {("cash", "USD"): D(900), ("position", "AAPL"): D(7)}
    then = {("cash", "USD"): D(1000), ("position", "AAPL"): D(5), ("position", "IBM"): D(2)}

    # IBM was sold since: what the venue has of it now, nothing, was two then.
    assert venue_as_of(now, then, VENUE) == then


def test_a_difference_of_today_is_one_of_then() -> None:
    now = {("cash", "USD"): D(901), ("position", "AAPL"): D(7)}

    assert venue_as_of(now, {("cash", "USD"): D(1000)}, VENUE) == {
        ("cash", "USD"): D(999),
        ("position", "AAPL"): D(0),
    }


def test_of_cash_in_another_currency_the_venue_says_nothing() -> None:
    assert venue_as_of({("cash", "EUR"): D(5)}, {}, VENUE)["cash", "EUR"] is None


def test_the_ledger_is_cash_by_currency_and_positions_by_instrument() -> None:
    balances = [
        Balance(CASH, "", D("1.5")),
        Balance(position_account("AAPL"), "AAPL", D(700), D(7)),
        Balance("income:dividends", "AAPL", D(-3)),
    ]

    assert ledger_of(balances) == {("cash", "USD"): D("1.5"), ("position", "AAPL"): D(7)}

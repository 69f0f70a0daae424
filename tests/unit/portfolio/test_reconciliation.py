"""Every difference with the venue is named, and none is claimed while the fills differ."""

from decimal import Decimal

from bifrost.core.codec import from_json
from bifrost.core.statements import VenueStatement
from bifrost.portfolio.ledger import CASH, position_account
from bifrost.portfolio.reconciliation import BreakKind, Difference, compare
from bifrost.portfolio.valuation import Balance

OURS = [
    Balance(CASH, "", Decimal("100.50")),
    Balance(position_account("AAPL"), "AAPL", Decimal(1000), Decimal(10)),
    Balance(position_account("IBM"), "IBM", Decimal(0), Decimal(0)),
]


def statement(
    cash: str = "100.50", positions: dict[str, str] | None = None, fill_sequence: int = 3
) -> VenueStatement:
    """The venue's statement, as it arrives."""
    return from_json(
        VenueStatement,
        {
            "account_id": "a-1",
            "cash": cash,
            "currency": "USD",
            "positions": {"AAPL": "10.0"} if positions is None else positions,
            "open_orders": {},
            "last_report": 17,
            "fill_sequence": fill_sequence,
        },
    )


def test_equal_books_have_no_difference() -> None:
    assert compare(OURS, 3, statement()) == ()


def test_a_cent_of_cash_is_a_difference() -> None:
    assert compare(OURS, 3, statement(cash="100.51")) == (
        Difference(BreakKind.CASH, "USD", Decimal("100.50"), Decimal("100.51")),
    )


def test_a_position_that_only_one_side_holds_is_a_difference() -> None:
    found = compare(OURS, 3, statement(positions={"MSFT": "-2"}))

    assert found == (
        Difference(BreakKind.POSITION, "AAPL", Decimal(10), Decimal(0)),
        Difference(BreakKind.POSITION, "MSFT", Decimal(0), Decimal(-2)),
    )


def test_books_that_lack_a_fill_are_pending_and_nothing_else() -> None:
    found = compare(OURS, 2, statement(cash="1", positions={}))

    assert found == (Difference(BreakKind.PENDING, "fills:a-1", Decimal(2), Decimal(3)),)


def test_a_statement_older_than_the_books_is_pending_too() -> None:
    (found,) = compare(OURS, 4, statement(cash="1"))

    assert found.kind is BreakKind.PENDING

"""Risk's exposures and the venue's statement are compared to the last digit; no break is lost."""

from decimal import Decimal

from bifrost.core.codec import from_json
from bifrost.core.statements import VenueStatement
from bifrost.risk.ports import Holdings
from bifrost.risk.reconciliation import Break, BreakKind, breaks_of

D = Decimal


def statement(**changes: object) -> VenueStatement:
    sent = {
        "account_id": "account-1",
        "cash": "100.00",
        "currency": "USD",
        "positions": {"AAPL": "10"},
        "open_orders": {"order-1-0-0": "5"},
        "last_report": 7,
        **changes,
    }
    return from_json(VenueStatement, sent)


OURS = Holdings(D("100"), {"AAPL": D("10.0")}, {"order-1": D(5)})


def test_books_that_agree_have_no_breaks_however_their_zeros_are_written() -> None:
    assert breaks_of(OURS, statement()) == []


def test_a_cent_of_difference_is_a_break() -> None:
    (found,) = breaks_of(OURS, statement(cash="100.01"))

    assert found == Break("account-1", "risk", BreakKind.CASH, "USD", D(100), D("100.01"))


def test_what_only_one_side_has_is_compared_with_zero() -> None:
    found = breaks_of(OURS, statement(positions={"IBM": "1"}, open_orders={}))

    assert [(one.kind, one.subject, one.ours, one.theirs) for one in found] == [
        ("position", "AAPL", D(10), D(0)),
        ("position", "IBM", D(0), D(1)),
        ("open_order", "order-1-0-0", D(5), D(0)),
    ]

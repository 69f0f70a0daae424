"""Risk's exposures and the venue's statement are compared to the last digit; no break is lost."""

from dataclasses import replace
from decimal import Decimal

import pytest

from bifrost.core.statements import VenueStatement
from bifrost.risk.reconciliation import BreakKind, Difference, Holdings, differences_between

D = Decimal
OURS = Holdings(D("100"), {"AAPL": D("10.0")}, {"order-1": D(5)}, fills=3, last_fill=3)
THEIRS = VenueStatement(
    account_id="account-1",
    cash=D("100.00"),
    currency="USD",
    positions={"AAPL": D(10)},
    open_orders={"order-1-0-0": D(5)},
    last_report=7,
    fill_sequence=3,
)


def test_books_that_agree_do_not_differ_however_their_zeros_are_written() -> None:
    assert differences_between(OURS, THEIRS) == []


def test_a_cent_is_a_difference() -> None:
    found = differences_between(OURS, replace(THEIRS, cash=D("100.01")))

    assert found == [Difference(BreakKind.CASH, "USD", D(100), D("100.01"))]


def test_what_only_one_side_has_is_compared_with_zero() -> None:
    found = differences_between(OURS, replace(THEIRS, positions={"IBM": D(1)}, open_orders={}))

    assert [(one.kind, one.subject, one.ours, one.theirs) for one in found] == [
        ("position", "AAPL", D(10), D(0)),
        ("position", "IBM", D(0), D(1)),
        ("open_order", "order-1-0-0", D(5), D(0)),
    ]


@pytest.mark.parametrize(("fills", "last_fill"), [(2, 2), (4, 4), (3, 4), (2, 3)])
def test_books_that_hold_other_fills_than_the_statement_are_not_compared(
    fills: int, last_fill: int
) -> None:
    ours = replace(OURS, cash=D(0), fills=fills, last_fill=last_fill)

    assert differences_between(ours, THEIRS) == [
        Difference(BreakKind.PENDING, "fills:account-1", D(fills), D(3))
    ]

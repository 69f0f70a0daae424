"""Every order and fill that the venue says otherwise is named with its cause; none that may only
be on its way is.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from bifrost.core.orders import OrderStatus, Side
from bifrost.core.statements import StatedOrder
from bifrost.execution.reconciliation import (
    BreakKind,
    Cause,
    Difference,
    OwnOrder,
    TradeSaid,
    agreed_up_to,
    compare_fills,
    compare_orders,
)

D = Decimal
ASKED = datetime(2026, 11, 20, 15, tzinfo=UTC)
STATED = StatedOrder("o-1", "AAPL", Side.BUY, D(100), OrderStatus.ACCEPTED)
OWN = OwnOrder(STATED, "a-1", ASKED - timedelta(minutes=1))
TRADE = TradeSaid("x-1", "o-1", D(10), D("100.5"), D("0.10"), 7)


def orders(own: OwnOrder | None, stated: StatedOrder | None) -> tuple[Difference, ...]:
    """Compare one order."""
    return compare_orders(
        "a-1", [] if own is None else [own], [] if stated is None else [stated], ASKED
    )


def standing(status: OrderStatus, left: str = "100") -> OwnOrder:
    """Our order, where it stands."""
    return replace(OWN, stated=replace(STATED, status=status, left=D(left)))


def test_an_order_that_both_sides_work_alike_is_no_difference() -> None:
    assert orders(OWN, replace(STATED, left=D("100.00"))) == ()


@pytest.mark.parametrize(
    ("change", "cause", "detail"),
    [
        ({"instrument": "IBM"}, Cause.TERMS_DIFFER, "instrument AAPL here, IBM there"),
        ({"side": Side.SELL}, Cause.TERMS_DIFFER, "side buy here, sell there"),
        ({"left": D(99)}, Cause.QUANTITY_DIFFERS, ""),
        (
            {"status": OrderStatus.PARTIALLY_FILLED},
            Cause.STATUS_DIFFERS,
            "accepted here, partially_filled there",
        ),
    ],
)
def test_an_order_that_differs_says_in_what(
    change: dict[str, object], cause: Cause, detail: str
) -> None:
    stated = replace(STATED, **change)  # type: ignore[arg-type]  # fields by name

    (found,) = orders(OWN, stated)

    assert (found.cause, found.detail, found.subject) == (cause, detail, "o-1")
    assert (found.ours, found.theirs) == (D(100), stated.left)


def test_an_order_that_only_one_side_has_is_named() -> None:
    (lost,) = orders(OWN, None)
    (foreign,) = orders(None, STATED)

    assert (lost.cause, lost.ours, lost.theirs) == (Cause.NOT_AT_VENUE, D(100), D(0))
    assert (foreign.cause, foreign.ours, foreign.theirs) == (Cause.NOT_OURS, D(0), D(100))


def test_an_order_that_has_ended_here_and_works_there_is_named() -> None:
    (found,) = orders(standing(OrderStatus.CANCELLED, "0"), STATED)

    assert (found.cause, found.ours, found.theirs) == (Cause.ENDED_HERE, D(0), D(100))


def test_an_order_of_another_account_is_named() -> None:
    (found,) = orders(replace(OWN, account_id="a-2"), STATED)

    assert (found.cause, found.detail) == (Cause.TERMS_DIFFER, "account a-2 here")


@pytest.mark.parametrize("status", ["received", "checked", "submitted", "unknown"])
def test_an_order_that_the_venue_has_not_answered_may_not_be_there_yet(status: str) -> None:
    assert orders(standing(OrderStatus(status)), None) == ()


@pytest.mark.parametrize("status", ["submitted", "unknown", "pending_cancel", "suspended"])
def test_a_status_that_only_we_have_is_the_venues_whichever_it_is(status: str) -> None:
    assert orders(standing(OrderStatus(status)), STATED) == ()


@pytest.mark.parametrize("status", ["received", "checked"])
def test_an_order_at_the_venue_that_we_never_sent_is_named(status: str) -> None:
    (found,) = orders(standing(OrderStatus(status)), STATED)

    assert found.cause is Cause.STATUS_DIFFERS


def test_an_order_that_moved_after_the_venue_was_asked_waits_for_the_next_comparison() -> None:
    moved = replace(OWN, moved_at=ASKED + timedelta(microseconds=1))

    assert orders(moved, None) == orders(moved, replace(STATED, left=D(1))) == ()
    assert orders(replace(moved, moved_at=ASKED), None) != ()


def fills(own: TradeSaid | None, stated: TradeSaid | None) -> tuple[Difference, ...]:
    """Compare one fill."""
    return compare_fills(
        {} if own is None else {"x-1": own}, {} if stated is None else {"x-1": stated}
    )


def test_a_fill_that_both_sides_have_is_no_difference_at_the_digits_we_keep() -> None:
    assert fills(TRADE, replace(TRADE, price=D("100.500000001"), report=9)) == ()


@pytest.mark.parametrize(
    ("change", "cause", "detail"),
    [
        ({"quantity": D(11)}, Cause.QUANTITY_DIFFERS, ""),
        ({"price": D(101)}, Cause.TERMS_DIFFER, "price 100.5 here, 101 there"),
        ({"commission": D(0)}, Cause.TERMS_DIFFER, "commission 0.1 here, 0 there"),
        ({"client_order_id": "o-2"}, Cause.TERMS_DIFFER, "client_order_id o-1 here, o-2 there"),
    ],
)
def test_a_fill_that_differs_says_in_what(
    change: dict[str, object], cause: Cause, detail: str
) -> None:
    (found,) = fills(TRADE, replace(TRADE, **change))  # type: ignore[arg-type]  # by name

    assert (found.kind, found.cause, found.detail) == (BreakKind.FILL, cause, detail)


def test_a_fill_that_only_one_side_has_is_named_with_its_order() -> None:
    (lost,) = fills(TRADE, None)
    (foreign,) = fills(None, TRADE)

    assert (lost.cause, lost.ours, lost.theirs) == (Cause.NOT_AT_VENUE, D(10), D(0))
    assert (foreign.cause, foreign.ours, foreign.theirs) == (Cause.NOT_OURS, D(0), D(10))
    assert lost.detail == foreign.detail == "order o-1"


def test_fills_agree_up_to_the_report_before_the_first_that_differs() -> None:
    ours = {"x-1": TRADE, "x-2": replace(TRADE, execution_id="x-2", report=9)}
    theirs = {"x-1": TRADE}

    assert agreed_up_to(12, compare_fills(ours, theirs), ours, theirs) == 8
    assert agreed_up_to(12, (), ours, ours) == 12

"""Bars, fills and instruments refuse what no market can have printed."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pytest

from bifrost.core.decisions import Decision, Reason
from tests.builders import bar, fill, instrument, price

NAIVE = datetime(2012, 1, 3, 21)  # noqa: DTZ001  # what is refused
BAR = bar(1, "10 12 9 11")
FILL = fill(1, "-3", "10", commission="0.03")
AAPL = instrument()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"low": price("10.01")}, "is not the low"),
        ({"low": price("0")}, "is not the low"),
        ({"low": price("-1")}, "is not the low"),
        ({"high": price("10.99")}, "is not the high"),
        ({"volume": Decimal(-1)}, "volume must not be negative"),
        ({"closed_at": NAIVE}, "timezone-aware"),
    ],
)
def test_a_bar_that_contradicts_itself_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(BAR, **changes)


def test_a_bar_that_never_moved_is_a_bar() -> None:
    still = price("10")

    assert replace(BAR, open=still, high=still, low=still, close=still, volume=Decimal(0))


@pytest.mark.parametrize("field", ["quantity", "price"])
@pytest.mark.parametrize("value", ["0", "-1"])
def test_a_fill_of_nothing_or_for_nothing_is_refused(field: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"{field} must be positive, was {value}"):
        replace(FILL, **{field: Decimal(value)})


def test_a_fill_of_a_sale_takes_quantity_away() -> None:
    assert FILL.signed_quantity == -3


@pytest.mark.parametrize(
    ("given", "on_tick"), [("10", True), ("10.01", True), ("10.005", False), ("0.01", True)]
)
def test_a_price_is_on_tick_when_it_is_whole_ticks(given: str, on_tick: bool) -> None:
    assert AAPL.on_tick(Decimal(given)) is on_tick


@pytest.mark.parametrize(("quantity", "in_lots"), [("1", True), ("1.0", True), ("0.5", False)])
def test_a_quantity_is_in_lots_when_it_is_whole_lots(quantity: str, in_lots: bool) -> None:
    assert AAPL.in_lots(Decimal(quantity)) is in_lots


def test_a_decision_is_accepted_when_no_rule_was_broken() -> None:
    assert Decision().accepted
    assert not Decision((Reason("order_notional"),)).accepted

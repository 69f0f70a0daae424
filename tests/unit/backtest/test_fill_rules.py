"""Promises the fill rules, one row per rule: at the price, one tick past it, and through a gap."""

from decimal import Decimal

import pytest

from bifrost.backtest.fill_rules import (
    Beyond,
    FillRules,
    Outcome,
    Slippage,
    WorkingOrder,
    meet,
    outlives_session,
)
from bifrost.core.orders import OrderType, Side, TimeInForce
from tests.unit.backtest.prices import PriceBar

NO_RULES: FillRules[Decimal] = FillRules()


def a_bar(prices: str, volume: int = 1_000_000) -> PriceBar[Decimal]:
    """Open, high, low, close."""
    return PriceBar(*map(Decimal, prices.split()), Decimal(volume))


def an_order(
    side: str, kind: str, *, stop: str | None = None, limit: str | None = None, remaining: int = 10
) -> WorkingOrder[Decimal]:
    return WorkingOrder(
        side=Side(side),
        type=OrderType(kind),
        remaining=Decimal(remaining),
        limit_price=None if limit is None else Decimal(limit),
        stop_price=None if stop is None else Decimal(stop),
    )


def price_of(outcome: Outcome[Decimal]) -> str | None:
    return None if outcome.trade is None else str(outcome.trade.price)


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_a_market_order_trades_at_the_open(side: str) -> None:
    assert price_of(meet(an_order(side, "market"), a_bar("10 12 9 11"), NO_RULES)) == "10"


@pytest.mark.parametrize(
    ("side", "limit", "bar", "price"),
    [
        ("buy", "10.00", "10.00 12 9 11", "10.00"),  # at the open
        ("buy", "11.00", "10.00 12 9 11", "10.00"),  # a gap in its favour is the order's
        ("buy", "9.00", "10.00 12 9.00 11", "9.00"),  # touched
        ("buy", "8.99", "10.00 12 9.00 11", None),  # one tick short
        ("sell", "10.00", "10.00 12 9 11", "10.00"),
        ("sell", "9.00", "10.00 12 8 11", "10.00"),
        ("sell", "12.00", "10.00 12.00 9 11", "12.00"),
        ("sell", "12.01", "10.00 12.00 9 11", None),
    ],
)
def test_a_limit_order_trades_at_its_limit_or_better(
    side: str, limit: str, bar: str, price: str | None
) -> None:
    assert price_of(meet(an_order(side, "limit", limit=limit), a_bar(bar), NO_RULES)) == price


@pytest.mark.parametrize(
    ("side", "stop", "bar", "price"),
    [
        ("buy", "10.00", "10.00 12 9 11", "10.00"),  # at the open
        ("buy", "9.00", "10.00 12 8 11", "10.00"),  # a gap against it is the order's too
        ("buy", "12.00", "10.00 12.00 9 11", "12.00"),  # touched
        ("buy", "12.01", "10.00 12.00 9 11", None),  # one tick short
        ("sell", "10.00", "10.00 12 9 11", "10.00"),
        ("sell", "11.00", "10.00 12 9 11", "10.00"),
        ("sell", "9.00", "10.00 12 9.00 11", "9.00"),
        ("sell", "8.99", "10.00 12 9.00 11", None),
    ],
)
def test_a_stop_order_trades_at_its_stop_or_through_the_gap(
    side: str, stop: str, bar: str, price: str | None
) -> None:
    assert price_of(meet(an_order(side, "stop", stop=stop), a_bar(bar), NO_RULES)) == price


@pytest.mark.parametrize(
    ("side", "stop", "limit", "bar", "price", "triggered"),
    [
        # The open reached the stop: a limit order within the same bar.
        ("buy", "10", "10", "10 12 9 11", "10", True),
        ("buy", "9", "9.5", "10 12 9.5 11", "9.5", True),
        ("buy", "9", "9.4", "10 12 9.5 11", None, True),
        ("sell", "10", "10", "10 11 9 9", "10", True),
        ("sell", "11", "10.5", "10 10.5 9 9", "10.5", True),
        ("sell", "11", "10.6", "10 10.5 9 9", None, True),
        # Reached later: at the stop, where the limit allows it.
        ("buy", "11", "11", "10 12 9 11", "11", True),
        ("buy", "11", "11.5", "10 12 9 11", "11", True),
        ("sell", "9.5", "9.5", "10 12 9 11", "9.5", True),
        ("sell", "9.5", "9", "10 12 9 11", "9.5", True),
        # Reached later, limit past the stop: only a bar that came back trades at the limit.
        ("buy", "11", "9", "10 12 8 9", "9", True),
        ("buy", "11", "8.9", "10 12 8 9", None, True),
        ("buy", "11", "9", "10 12 8 10.5", None, True),
        ("sell", "9", "11", "10 12 8 11", "11", True),
        ("sell", "9", "11.1", "10 12 8 11", None, True),
        ("sell", "9", "11", "10 12 8 9.5", None, True),
        # An unchanged bar came back for a sale and not for a buy.
        ("buy", "11", "10", "10 12 8 10", None, True),
        ("sell", "9", "10", "10 12 8 10", "10", True),
        # Not reached.
        ("buy", "12.01", "13", "10 12 8 11", None, False),
        ("sell", "7.99", "7", "10 12 8 11", None, False),
    ],
)
def test_a_stop_limit_order_triggers_and_trades_by_its_asymmetric_table(
    side: str, stop: str, limit: str, bar: str, price: str | None, triggered: bool
) -> None:
    outcome = meet(an_order(side, "stop_limit", stop=stop, limit=limit), a_bar(bar), NO_RULES)

    assert (price_of(outcome), outcome.order.triggered) == (price, triggered)


def test_a_triggered_stop_limit_order_is_a_limit_order_from_the_next_bar() -> None:
    order = an_order("buy", "stop_limit", stop="11", limit="9")
    triggered = meet(order, a_bar("10 12 10 11"), NO_RULES).order

    assert price_of(meet(order, a_bar("10 10.5 9 10"), NO_RULES)) is None
    assert price_of(meet(triggered, a_bar("10 10.5 9 10"), NO_RULES)) == "9"


def test_the_rest_of_a_stop_order_waits_for_its_stop_again() -> None:
    rules = FillRules(volume_percent=Decimal("0.1"))
    first = meet(an_order("buy", "stop", stop="11"), a_bar("10 12 10 11", 4000), rules)

    assert first.order.remaining == 6
    assert price_of(meet(first.order, a_bar("10 10.9 10 10", 4000), rules)) is None
    assert price_of(meet(first.order, a_bar("10 11 10 10", 4000), rules)) == "11"


@pytest.mark.parametrize(
    ("volume", "quantity", "remaining"),
    [(999, None, 10), (1000, 1, 9), (1999, 1, 9), (99999, 10, 0)],
)
def test_an_order_takes_whole_units_of_its_share_of_the_volume(
    volume: int, quantity: int | None, remaining: int
) -> None:
    rules = FillRules(volume_percent=Decimal("0.1"))
    outcome = meet(an_order("buy", "market"), a_bar("10 12 9 11", volume), rules)

    assert (outcome.trade and outcome.trade.quantity) == quantity
    assert outcome.order.remaining == remaining


def test_an_order_triggers_even_where_the_volume_leaves_nothing_for_it() -> None:
    rules = FillRules(volume_percent=Decimal("0.1"))
    order = an_order("buy", "stop_limit", stop="11", limit="11")
    outcome = meet(order, a_bar("10 12 9 11", 999), rules)

    assert (outcome.trade, outcome.order.triggered) == (None, True)


def slipping(**changes: object) -> FillRules[Decimal]:
    values: dict[str, object] = {"percent": Decimal(0), "fixed": Decimal("0.5")}
    return FillRules(Slippage(**(values | changes)))  # type: ignore[arg-type]


@pytest.mark.parametrize(("side", "price"), [("buy", "10.5"), ("sell", "9.5")])
def test_slippage_makes_a_price_worse(side: str, price: str) -> None:
    assert price_of(meet(an_order(side, "market"), a_bar("10 12 8 11"), slipping())) == price


def test_slippage_by_percent_wins_over_a_fixed_one() -> None:
    rules = slipping(percent=Decimal("0.01"))

    assert price_of(meet(an_order("buy", "market"), a_bar("10 12 8 11"), rules)) == "10.10"


def test_without_slippage_at_the_open_a_stop_still_slips_within_the_bar() -> None:
    rules = slipping(at_open=False)

    assert price_of(meet(an_order("buy", "market"), a_bar("10 12 8 11"), rules)) == "10"
    assert price_of(meet(an_order("buy", "stop", stop="9"), a_bar("10 12 8 11"), rules)) == "10"
    assert price_of(meet(an_order("buy", "stop", stop="11"), a_bar("10 12 8 9"), rules)) == "11.5"


def test_a_limit_order_at_its_limit_does_not_slip() -> None:
    order = an_order("buy", "limit", limit="9")

    assert price_of(meet(order, a_bar("10 12 8 11"), slipping())) == "9"


@pytest.mark.parametrize(
    ("beyond", "price"), [(Beyond.CAP, "10.2"), (Beyond.MISS, None), (Beyond.ALLOW, "10.5")]
)
def test_a_slipped_price_beyond_the_bar_is_capped_missed_or_allowed(
    beyond: Beyond, price: str | None
) -> None:
    rules = slipping(beyond=beyond)

    assert price_of(meet(an_order("buy", "market"), a_bar("10 10.2 9 10"), rules)) == price


@pytest.mark.parametrize(
    ("side", "limit", "bar", "price"),
    [
        ("buy", "10.3", "10 12 9 10", "10.3"),
        ("buy", "10.3", "10 10.1 9 10", "10.1"),  # a buy is capped at the bar's high too
        ("sell", "9.7", "10 12 9 10", "9.7"),
        ("sell", "9.7", "10 12 9.9 10", "9.7"),  # a sale at its limit alone
    ],
)
@pytest.mark.parametrize("beyond", [Beyond.CAP, Beyond.MISS])
def test_a_limit_caps_the_slippage_of_a_gap(
    side: str, limit: str, bar: str, price: str, beyond: Beyond
) -> None:
    order = an_order(side, "limit", limit=limit)

    assert price_of(meet(order, a_bar(bar), slipping(beyond=beyond))) == price


@pytest.mark.parametrize(("kind", "price"), [("stop", None), ("stop_limit", "12")])
def test_a_stop_whose_slipped_price_the_bar_never_had_is_missed_unless_it_has_a_limit(
    kind: str, price: str | None
) -> None:
    order = an_order("buy", kind, stop="11.8", limit="13" if kind == "stop_limit" else None)

    assert price_of(meet(order, a_bar("10 12 9 11"), slipping(beyond=Beyond.MISS))) == price


def test_only_a_good_till_cancelled_order_outlives_its_session() -> None:
    assert outlives_session(TimeInForce.GTC)
    assert not outlives_session(TimeInForce.DAY)


@pytest.mark.parametrize(
    ("kind", "stop", "limit"),
    [("limit", "1", None), ("stop", None, "1"), ("stop_limit", "1", None)],
)
def test_an_order_without_a_price_it_needs_is_refused(
    kind: str, stop: str | None, limit: str | None
) -> None:
    with pytest.raises(ValueError, match="needs a"):
        an_order("buy", kind, stop=stop, limit=limit)

"""Every limit holds to the cent, and an order that breaks several hears of each, with numbers."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifrost.core.codec import from_json, to_json
from bifrost.core.decisions import Reason
from bifrost.core.orders import OrderIntent, TimeInForce
from bifrost.risk.limits import (
    Exposure,
    Limits,
    check,
    check_withdrawal,
    effective_date,
    market_date,
    reserve_per_share,
    reserve_price,
)
from bifrost.runtime.reasons import sentence
from tests.builders import FIRST_CLOSE, buy, sell
from tests.unit.risk.builders import exposure, limits

D = Decimal


def broken(order: OrderIntent, held: Exposure, allowed: Limits) -> list[str]:
    return [reason.rule for reason in check(order, held, allowed).reasons]


def only_reason(order: OrderIntent, held: Exposure, allowed: Limits) -> Reason:
    (reason,) = check(order, held, allowed).reasons
    return reason


def test_an_order_within_every_limit_is_accepted() -> None:
    assert check(buy("10"), exposure(), limits()).accepted


def test_an_order_exactly_at_the_notional_limit_is_accepted() -> None:
    assert broken(buy("10", limit="100"), exposure(), limits(order_notional_max="1000.00")) == []


def test_an_order_one_cent_over_the_notional_limit_is_refused_with_its_numbers() -> None:
    reason = only_reason(buy("10", limit="100"), exposure(), limits(order_notional_max="999.99"))

    assert reason == Reason("order_notional", D("999.99"), D(1000), D("999.99"), "USD")


def test_an_order_over_a_limit_by_its_last_digit_is_refused() -> None:
    # The product has 32 digits; past 28 a Decimal rounds it, here down.
    order = buy("12345678.12345673", limit="123456789.12345678")
    short = order.quantity * D("123456789.12345678")
    wide = limits(order_quantity_max="1E9", position_notional_max="1E18", price_collar="0.9")
    held = exposure(cash=str(short), mark="123456789.12345678")

    allowed = replace(wide, order_notional_max=short, position_notional_max=short)
    assert broken(order, held, allowed) == ["order_notional", "position", "buying_power"]


def test_a_market_orders_notional_counts_the_farthest_price_it_may_reach() -> None:
    assert broken(buy("10"), exposure(), limits(order_notional_max="1100")) == []
    assert broken(buy("10"), exposure(), limits(order_notional_max="1099.99")) == ["order_notional"]


def test_one_share_over_the_quantity_limit_is_refused() -> None:
    assert broken(buy("100"), exposure(), limits(order_quantity_max="100")) == []
    assert broken(buy("101"), exposure(), limits(order_quantity_max="100")) == ["order_quantity"]


def test_an_order_that_takes_exactly_the_buying_power_is_accepted() -> None:
    held = exposure(cash="1500", reserved="500")

    assert broken(buy("10", limit="100"), held, limits()) == []


def test_an_order_one_cent_over_the_buying_power_is_refused_with_its_numbers() -> None:
    held = exposure(cash="1500", reserved="500.01")

    reason = only_reason(buy("10", limit="100"), held, limits())
    assert reason == Reason("buying_power", D("999.99"), D(1000), D("999.99"), "USD")


def test_the_venues_commission_is_set_aside_too() -> None:
    allowed = limits(commission_per_share="0.01")

    assert broken(buy("10", limit="100"), exposure(cash="1000.10"), allowed) == []
    assert broken(buy("10", limit="100"), exposure(cash="1000.09"), allowed) == ["buying_power"]


def test_an_overdrawn_account_has_no_headroom() -> None:
    reason = only_reason(buy("1", limit="100"), exposure(cash="-5"), limits())

    assert (reason.limit, reason.headroom) == (D(-5), D(0))


def test_a_sale_needs_no_cash_even_from_an_overdrawn_account() -> None:
    assert broken(sell("10"), exposure(cash="-5", position="10"), limits()) == []


def test_the_last_free_share_can_be_sold_and_not_one_more() -> None:
    held = exposure(position="15", open_sales="5")

    assert broken(sell("10"), held, limits()) == []
    assert only_reason(sell("11"), held, limits()) == Reason(
        "short_sale", D(10), D(11), D(10), "shares"
    )


def test_open_buys_cannot_be_sold_before_they_fill() -> None:
    assert broken(sell("1"), exposure(open_buys="10"), limits()) == ["short_sale"]


def test_a_position_counts_what_open_buys_will_add() -> None:
    held = exposure(position="50", open_buys="40")

    assert broken(buy("10"), held, limits(position_notional_max="10000")) == []
    reason = only_reason(buy("10"), held, limits(position_notional_max="9999.99"))
    assert reason == Reason("position", D("9999.99"), D(10000), D("999.99"), "USD")


def test_a_sale_is_the_way_back_from_a_position_over_its_limit() -> None:
    held = exposure(position="200")

    assert broken(sell("10"), held, limits(position_notional_max="10000")) == []


def test_without_a_market_price_nothing_passes() -> None:
    unknown = exposure(mark=None, position="10")

    assert broken(buy("1"), unknown, limits()) == ["no_market_price"]
    assert broken(sell("1"), unknown, limits()) == ["no_market_price"]
    assert broken(buy("1", limit="1"), unknown, limits()) == ["no_market_price"]


def test_no_market_price_names_the_instrument() -> None:
    assert only_reason(buy("1"), exposure(mark=None), limits()).subject == "AAPL"


@pytest.mark.parametrize(
    ("order", "passes"),
    [
        (buy("1", limit="110"), True),
        (buy("1", limit="110.01"), False),
        (buy("1", limit="0.01"), True),
        (sell("1", limit="90"), True),
        (sell("1", limit="89.99"), False),
        (sell("1", limit="100000"), True),
        (buy("1", limit="132", stop="120"), True),
        (buy("1", limit="132.01", stop="120"), False),
        (sell("1", limit="72", stop="80"), True),
        (sell("1", limit="71.99", stop="80"), False),
    ],
)
def test_a_price_may_cross_the_market_by_the_collar_and_wait_anywhere(
    order: OrderIntent, passes: bool
) -> None:
    rules = broken(order, exposure(position="1"), limits())

    assert rules == ([] if passes else ["price_collar"])


def test_a_price_beyond_the_collar_is_told_the_farthest_one() -> None:
    reason = only_reason(buy("1", limit="110.01"), exposure(), limits())

    assert (reason.limit, reason.value, reason.unit) == (D(110), D("110.01"), "USD")


@pytest.mark.parametrize(
    ("order", "price"),
    [
        (buy(limit="95"), "95"),
        (buy(), "110"),
        (buy(stop="120"), "132"),
        (buy(stop="90"), "110"),
        (buy(stop="120", limit="121"), "121"),
    ],
)
def test_cash_is_held_for_the_worst_price_an_order_may_fill_at(
    order: OrderIntent, price: str
) -> None:
    assert reserve_price(order, D(100), D("0.10")) == D(price)


def test_a_sale_holds_no_cash() -> None:
    assert reserve_per_share(sell(), D(100), limits(commission_per_share="1")) == 0


def test_every_broken_limit_comes_back_at_once() -> None:
    allowed = limits(order_notional_max="1", order_quantity_max="1", position_notional_max="1")

    rules = broken(buy("10", limit="200"), exposure(cash="1"), allowed)
    assert rules == [
        "order_quantity",
        "order_notional",
        "position",
        "buying_power",
        "price_collar",
    ]


def test_reasons_survive_the_wire() -> None:
    reasons = check(buy("10", limit="200"), exposure(cash="1"), limits()).reasons

    assert tuple(from_json(Reason, one) for one in to_json(reasons)) == reasons


def test_a_withdrawal_takes_what_is_free_and_not_a_cent_more() -> None:
    assert check_withdrawal(D("100.00"), "USD", D("100.00")).accepted
    (reason,) = check_withdrawal(D("100.01"), "USD", D("100.00")).reasons
    assert reason == Reason("buying_power", D(100), D("100.01"), D(100), "USD")


def test_an_order_is_judged_by_the_date_of_its_session() -> None:
    assert effective_date(buy(occurred_at=FIRST_CLOSE)).isoformat() == "2012-01-03"


@pytest.mark.parametrize("late", ["2026-01-05T19:30-05:00", "2026-07-06T20:30-04:00"])
def test_the_limits_of_tomorrow_do_not_begin_in_the_evening(late: str) -> None:
    at = datetime.fromisoformat(late)

    assert effective_date(buy(occurred_at=at)) == at.date()
    assert effective_date(buy(occurred_at=at + timedelta(hours=5))) == at.date() + timedelta(1)


def test_a_mark_is_of_the_session_that_a_night_belongs_to() -> None:
    night = datetime.fromisoformat("2026-01-05T20:00-05:00")

    assert market_date(night).isoformat() == "2026-01-06"
    assert market_date(night - timedelta(seconds=1)).isoformat() == "2026-01-05"


amounts = st.decimals(min_value="0", max_value="1000000", places=2)


@given(cash=amounts, reserved=amounts, quantity=st.integers(1, 10_000), price=amounts)
def test_an_accepted_buy_never_needs_more_than_was_free(
    cash: Decimal, reserved: Decimal, quantity: int, price: Decimal
) -> None:
    order = buy(str(quantity), limit=str(price))

    held = exposure(cash=str(cash), reserved=str(reserved))
    accepted = "buying_power" not in broken(order, held, limits())
    assert accepted == (quantity * price <= cash - reserved)


@pytest.mark.parametrize(
    "order",
    [buy(limit="100", time_in_force=TimeInForce.GTC), buy(), buy(stop="105"), sell("1")],
)
def test_a_price_as_old_as_it_may_be_passes_and_one_a_day_older_is_refused(
    order: OrderIntent,
) -> None:
    oldest = exposure(position="10", marked_on="2011-12-27")
    older = exposure(position="10", marked_on="2011-12-26")

    assert broken(order, oldest, limits(mark_age_days_max=7)) == []
    assert only_reason(order, older, limits(mark_age_days_max=7)) == Reason(
        "stale_mark", D(7), D(8), unit="days", subject="2011-12-26"
    )


def test_a_stale_price_is_said_beside_what_else_is_broken() -> None:
    held = exposure(marked_on="2011-06-01")
    allowed = limits(order_notional_max="1")

    assert broken(buy(limit="200"), held, allowed) == [
        "stale_mark",
        "order_notional",
        "price_collar",
    ]


def test_a_price_of_a_later_session_than_the_order_is_not_stale() -> None:
    assert broken(buy(), exposure(marked_on="2012-01-05"), limits(mark_age_days_max=0)) == []


def test_a_stale_prices_sentence_names_its_date_and_both_ages() -> None:
    reason = only_reason(buy(), exposure(marked_on="2011-12-01"), limits())

    assert sentence(reason) == (
        "the last market price is of 2011-12-01, 33 days before the order: it may be 7 days old"
    )


def test_a_price_of_the_ex_date_is_of_its_shares_and_one_from_before_of_others() -> None:
    held = exposure(position="10", marked_on="2012-01-03")
    acted = replace(held, acted_on=date(2012, 1, 3))
    outdated = replace(held, acted_on=date(2012, 1, 4))

    assert broken(buy(), held, limits()) == broken(buy(), acted, limits()) == []
    for order in (buy(), buy(limit="100"), sell("1")):
        reason = only_reason(order, outdated, limits())
        assert reason == Reason("mark_before_action", subject="2012-01-04")
    assert sentence(reason) == (
        "the last market price is of shares from before the corporate action of 2012-01-04;"
        " the next price ends this"
    )

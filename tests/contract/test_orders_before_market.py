"""Before the market's first bar only the wall clock knows a time, and what it stamps says so."""

from collections.abc import Callable

import pytest

from bifrost.adapters.postgres.database import Database
from bifrost.core.decisions import Reason
from tests.builders import FIRST_CLOSE
from tests.execution_desk import TradingDesk

REASONS = (Reason("no_market_price", subject="AAPL"),)


@pytest.fixture
def desk(make_database: Callable[[str], Database]) -> TradingDesk:
    made = TradingDesk(make_database)
    made.open()
    return made


def test_each_step_before_the_first_bar_says_that_its_time_is_the_walls(desk: TradingDesk) -> None:
    order = desk.place()
    desk.orders.refuse(order.order_id, REASONS)

    steps = desk.steps(order.order_id)
    assert [(step.what, step.detail) for step in steps] == [
        ("received", {"clock": "wall"}),
        ("refused", {"clock": "wall"}),
    ]
    assert {step.occurred_at for step in steps} == {desk.clock.now()}


def test_what_was_sent_before_the_first_bar_says_so_too(desk: TradingDesk) -> None:
    order = desk.send()

    assert {step.what: step.detail for step in desk.steps(order.order_id)} == {
        "received": {"clock": "wall"},
        "checked": {"clock": "wall"},
        "submitted": {"clock": "wall"},
        "accepted": {"clock": "wall"},
    }


def test_steps_after_the_first_bar_carry_the_markets_time_and_say_nothing(
    desk: TradingDesk,
) -> None:
    desk.close(1)

    order = desk.place()
    desk.orders.refuse(order.order_id, REASONS)

    steps = desk.steps(order.order_id)
    assert [step.detail for step in steps] == [{}, {}]
    assert {step.occurred_at for step in steps} == {FIRST_CLOSE}


def test_an_order_from_before_the_first_bar_is_refused_after_it_in_the_markets_time(
    desk: TradingDesk,
) -> None:
    order = desk.place()
    desk.close(1)

    desk.orders.refuse(order.order_id, REASONS)

    received, refused = desk.steps(order.order_id)
    assert (received.detail, refused.detail) == ({"clock": "wall"}, {})
    assert refused.occurred_at == FIRST_CLOSE

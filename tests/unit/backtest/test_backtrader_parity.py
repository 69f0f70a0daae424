"""Promises that random orders over random bars trade as in real Backtrader: bar, price, quantity.

Backtrader is GPL-3.0 and an optional peer: `uv sync --group peers` brings it.
"""

import datetime as dt
import random
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest

from bifrost.backtest.fill_rules import (
    Beyond,
    FillRules,
    Slippage,
    WorkingOrder,
    meet,
    outlives_session,
)
from bifrost.core.orders import OrderType, Side, TimeInForce
from tests.unit.backtest.prices import PriceBar

BARS = 60
ORDERS = 80
START = dt.datetime(2012, 1, 2)  # noqa: DTZ001 - Backtrader's own times are naive
Executions = list[tuple[int, float, float]]
RULES: dict[str, FillRules[float]] = {
    "plain": FillRules(),
    "a share of the volume": FillRules(volume_percent=0.3),
    "fixed slippage": FillRules(Slippage(percent=0.0, fixed=0.03)),
    "percent slippage": FillRules(Slippage(percent=0.004, fixed=0.5, at_open=False)),
    "slippage that misses": FillRules(
        Slippage(percent=0.0, fixed=0.06, beyond=Beyond.MISS), volume_percent=0.3
    ),
    "slippage beyond the bar": FillRules(Slippage(percent=0.01, fixed=0.0, beyond=Beyond.ALLOW)),
}


@dataclass(frozen=True, slots=True)
class Plan:
    """An order and the bar at whose close it is sent."""

    bar: int
    order: WorkingOrder[float]
    time_in_force: TimeInForce


@pytest.fixture(scope="module")
def backtrader() -> ModuleType:
    return pytest.importorskip(
        "backtrader", reason="Backtrader is not installed: `uv sync --group peers`"
    )


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("rules", RULES.values(), ids=RULES.keys())
@pytest.mark.filterwarnings("default")  # Backtrader's own
def test_random_orders_trade_exactly_as_in_backtrader(
    backtrader: ModuleType, rules: FillRules[float], seed: int
) -> None:
    dice = random.Random(seed)  # noqa: S311 - a test's dice, seeded
    bars = random_bars(dice)
    plans = [random_plan(dice, bars) for _ in range(ORDERS)]

    assert [ours(plan, bars, rules) for plan in plans] == theirs(backtrader, plans, bars, rules)


def ours(plan: Plan, bars: list[PriceBar[float]], rules: FillRules[float]) -> Executions:
    order, executions = plan.order, []
    for number in range(plan.bar + 1, len(bars)):
        outcome = meet(order, bars[number], rules)
        order = outcome.order
        if outcome.trade:
            executions.append((number, outcome.trade.price, outcome.trade.quantity))
        if not order.remaining or not outlives_session(plan.time_in_force):
            break
    return executions


def random_bars(dice: random.Random) -> list[PriceBar[float]]:
    """Prices on a coarse grid, so that opens, extremes and limits often tie."""
    bars, price = [], 1000
    for _ in range(BARS):
        first, last = price + dice.randint(-6, 6), price + dice.randint(-6, 6)
        high = max(first, last) + dice.randint(0, 5)
        low = min(first, last) - dice.randint(0, 5)
        bars.append(
            PriceBar(first / 100, high / 100, low / 100, last / 100, float(dice.randint(0, 20_000)))
        )
        price = last
    return bars


def random_plan(dice: random.Random, bars: list[PriceBar[float]]) -> Plan:
    number = dice.randrange(BARS - 5)
    kind = dice.choice(list(OrderType))
    near = round(bars[number].close * 100)
    has_limit = kind in (OrderType.LIMIT, OrderType.STOP_LIMIT)
    has_stop = kind in (OrderType.STOP, OrderType.STOP_LIMIT)
    order = WorkingOrder(
        side=dice.choice(list(Side)),
        type=kind,
        remaining=float(dice.randint(1, 60)),
        limit_price=(near + dice.randint(-12, 12)) / 100 if has_limit else None,
        stop_price=(near + dice.randint(-12, 12)) / 100 if has_stop else None,
    )
    # A market order never expires there, whatever its validity says.
    is_day = kind is not OrderType.MARKET and dice.random() < 0.3
    return Plan(number, order, TimeInForce.DAY if is_day else TimeInForce.GTC)


def theirs(
    bt: ModuleType, plans: list[Plan], bars: list[PriceBar[float]], rules: FillRules[float]
) -> list[Executions]:
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.adddata(feed_of(bt, bars))
    cerebro.addstrategy(desk_of(bt, plans))
    cerebro.broker = bt.brokers.BackBroker(cash=1e12, checksubmit=False, **broker_params(bt, rules))
    (desk,) = cerebro.run()
    return [executions_of(bt, desk.sent[place]) for place in range(len(plans))]


def feed_of(bt: ModuleType, bars: list[PriceBar[float]]) -> Any:
    class Feed(bt.feed.DataBase):  # type: ignore[misc, name-defined]
        def start(self) -> None:
            super().start()
            self.waiting = list(enumerate(bars))

        def _load(self) -> bool:
            if not self.waiting:
                return False
            number, bar = self.waiting.pop(0)
            self.lines.datetime[0] = bt.date2num(START + dt.timedelta(days=number))
            for line in ("open", "high", "low", "close", "volume"):
                getattr(self.lines, line)[0] = getattr(bar, line)
            return True

    return Feed()


def desk_of(bt: ModuleType, plans: list[Plan]) -> Any:
    class Desk(bt.Strategy):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            self.sent: dict[int, Any] = {}

        def next(self) -> None:
            for place, plan in enumerate(plans):
                if plan.bar == len(self) - 1:
                    self.sent[place] = send(bt, self, plan)

    return Desk


def broker_params(bt: ModuleType, rules: FillRules[float]) -> dict[str, Any]:
    slip = rules.slippage or Slippage(percent=0.0, fixed=0.0, at_open=False)
    return {
        "slip_perc": slip.percent,
        "slip_fixed": slip.fixed,
        "slip_open": slip.at_open,
        "slip_match": slip.beyond is not Beyond.MISS,
        "slip_out": slip.beyond is Beyond.ALLOW,
        "filler": bt.fillers.FixedBarPerc(perc=rules.volume_percent)
        if rules.volume_percent
        else None,
    }


def send(bt: ModuleType, desk: Any, plan: Plan) -> Any:
    order = plan.order
    kinds = {
        OrderType.MARKET: bt.Order.Market,
        OrderType.LIMIT: bt.Order.Limit,
        OrderType.STOP: bt.Order.Stop,
        OrderType.STOP_LIMIT: bt.Order.StopLimit,
    }
    has_stop = order.stop_price is not None
    return (desk.buy if order.side is Side.BUY else desk.sell)(
        size=order.remaining,
        exectype=kinds[order.type],
        price=order.stop_price if has_stop else order.limit_price,
        plimit=order.limit_price if has_stop else None,
        valid=START + dt.timedelta(days=plan.bar + 1)
        if plan.time_in_force is TimeInForce.DAY
        else None,
    )


def executions_of(bt: ModuleType, order: Any) -> Executions:
    return [
        ((bt.num2date(bit.dt) - START).days, bit.price, abs(bit.size))
        for bit in order.executed.exbits
    ]

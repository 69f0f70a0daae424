"""Promises of the fill rules that hold for every order and every bar."""

from dataclasses import astuple
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bifrost.backtest.fill_rules import FillRules, Slippage, WorkingOrder, meet
from bifrost.core.orders import OrderType, Side
from tests.unit.backtest.prices import PriceBar

# Few distinct prices, so that stops, limits and extremes tie all the time.
TICKS = st.integers(90, 110)


@st.composite
def bars(draw: st.DrawFn) -> PriceBar[Decimal]:
    low, first, last, high = sorted(draw(st.tuples(TICKS, TICKS, TICKS, TICKS)))
    if draw(st.booleans()):
        first, last = last, first
    volume = draw(st.integers(0, 50_000))
    return PriceBar(*map(Decimal, (first, high, low, last, volume)))


@st.composite
def orders(draw: st.DrawFn) -> WorkingOrder[Decimal]:
    kind = draw(st.sampled_from(OrderType))
    has_limit = kind in (OrderType.LIMIT, OrderType.STOP_LIMIT)
    has_stop = kind in (OrderType.STOP, OrderType.STOP_LIMIT)
    return WorkingOrder(
        side=draw(st.sampled_from(Side)),
        type=kind,
        remaining=Decimal(draw(st.integers(1, 100))),
        limit_price=Decimal(draw(TICKS)) if has_limit else None,
        stop_price=Decimal(draw(TICKS)) if has_stop else None,
        triggered=kind is OrderType.STOP_LIMIT and draw(st.booleans()),
    )


shares = st.none() | st.integers(1, 1000).map(lambda n: Decimal(n) / 1000)
rules_without_slippage = st.builds(FillRules, volume_percent=shares)
slippages = st.builds(
    Slippage,
    percent=st.just(Decimal(0)),
    fixed=st.integers(0, 5).map(Decimal),
    at_open=st.booleans(),
)


@given(orders(), bars(), rules_without_slippage)
def test_a_trade_is_within_the_bar_and_never_past_the_limit(
    order: WorkingOrder[Decimal], bar: PriceBar[Decimal], rules: FillRules[Decimal]
) -> None:
    trade = meet(order, bar, rules).trade

    if trade is not None:
        assert bar.low <= trade.price <= bar.high
        if order.limit_price is not None:
            assert (trade.price - order.limit_price) * order.side.sign <= 0


@given(orders(), bars(), rules_without_slippage)
def test_what_traded_and_what_remains_is_what_there_was(
    order: WorkingOrder[Decimal], bar: PriceBar[Decimal], rules: FillRules[Decimal]
) -> None:
    outcome = meet(order, bar, rules)
    traded = outcome.trade.quantity if outcome.trade else Decimal(0)

    assert traded + outcome.order.remaining == order.remaining
    assert outcome.order.remaining >= 0
    assert outcome.trade is None or traded > 0


@given(orders(), bars(), rules_without_slippage)
def test_a_share_of_the_volume_is_never_exceeded(
    order: WorkingOrder[Decimal], bar: PriceBar[Decimal], rules: FillRules[Decimal]
) -> None:
    trade = meet(order, bar, rules).trade

    if trade is not None and rules.volume_percent is not None:
        assert trade.quantity <= bar.volume * rules.volume_percent / 100
        assert trade.quantity == int(trade.quantity)


@given(orders(), bars(), slippages)
def test_slippage_never_makes_a_price_better_nor_a_missing_trade(
    order: WorkingOrder[Decimal], bar: PriceBar[Decimal], slippage: Slippage[Decimal]
) -> None:
    plain = meet(order, bar, FillRules()).trade
    slipped = meet(order, bar, FillRules(slippage)).trade

    assert (plain is None) == (slipped is None)
    if plain and slipped:
        assert (slipped.price - plain.price) * order.side.sign >= 0


@given(orders(), bars())
def test_a_trigger_is_never_undone(order: WorkingOrder[Decimal], bar: PriceBar[Decimal]) -> None:
    assert meet(order, bar, FillRules()).order.triggered >= order.triggered


@given(orders(), bars())
def test_floats_and_decimals_trade_alike(
    order: WorkingOrder[Decimal], bar: PriceBar[Decimal]
) -> None:
    float_order = WorkingOrder(
        side=order.side,
        type=order.type,
        remaining=float(order.remaining),
        limit_price=None if order.limit_price is None else float(order.limit_price),
        stop_price=None if order.stop_price is None else float(order.stop_price),
        triggered=order.triggered,
    )
    float_bar = PriceBar(*map(float, astuple(bar)))

    exact = meet(order, bar, FillRules()).trade
    approximate = meet(float_order, float_bar, FillRules()).trade
    assert (exact and astuple(exact)) == (approximate and astuple(approximate))

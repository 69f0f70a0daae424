"""How one order meets one bar: whether it trades, at which price, and how much of it.

The one implementation of Backtrader's fill rules (observed on 1.9.78.123, oddities included):
the paper venue runs it over Decimal and the engines over float. The caller decides *which* bars
an order meets: never the bar at whose close it was sent, always the ones after.
"""

from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from bifrost.core.orders import OrderType, Side, TimeInForce

N = TypeVar("N", Decimal, float)
N_co = TypeVar("N_co", Decimal, float, covariant=True)


class Prices(Protocol[N_co]):
    """What the rules read of a bar; `core.bars.Bar` is one."""

    @property
    def open(self) -> N_co: ...
    @property
    def high(self) -> N_co: ...
    @property
    def low(self) -> N_co: ...
    @property
    def close(self) -> N_co: ...
    @property
    def volume(self) -> N_co: ...


class Beyond(StrEnum):
    """What becomes of a slipped price that the bar never traded at."""

    CAP = "cap"  # trade at the bar's extreme
    MISS = "miss"  # do not trade on this bar; a limit is capped all the same
    ALLOW = "allow"  # trade there


@dataclass(frozen=True, slots=True)
class Slippage(Generic[N]):
    """How much worse a price gets; `percent` (0.01 is one per cent) wins over `fixed`.

    at_open: whether fills at the open slip too.
    """

    percent: N
    fixed: N
    at_open: bool = True
    beyond: Beyond = Beyond.CAP


@dataclass(frozen=True, slots=True)
class FillRules(Generic[N]):
    """volume_percent: the part of a bar's volume one order may take; None for all it wants."""

    slippage: Slippage[N] | None = None
    volume_percent: N | None = None


@dataclass(frozen=True, slots=True)
class WorkingOrder(Generic[N]):
    """What is left of an order between two bars.

    triggered: a stop-limit order whose stop was reached is a limit order from then on. A stop
    order has no such memory: its remainder waits for the stop to be reached again.
    """

    side: Side
    type: OrderType
    remaining: N
    limit_price: N | None = None
    stop_price: N | None = None
    triggered: bool = False

    def __post_init__(self) -> None:
        if self.type in (OrderType.LIMIT, OrderType.STOP_LIMIT) and self.limit_price is None:
            raise ValueError(f"a {self.type} order needs a limit price")
        if self.type in (OrderType.STOP, OrderType.STOP_LIMIT) and self.stop_price is None:
            raise ValueError(f"a {self.type} order needs a stop price")


@dataclass(frozen=True, slots=True)
class Trade(Generic[N]):
    """What traded; the quantity is positive."""

    price: N
    quantity: N


@dataclass(frozen=True, slots=True)
class Outcome(Generic[N]):
    """The order after the bar, and its trade if there was one."""

    order: WorkingOrder[N]
    trade: Trade[N] | None = None


def meet(order: WorkingOrder[N], bar: Prices[N], rules: FillRules[N]) -> Outcome[N]:
    """Let the order meet the bar. At most one trade comes of it."""
    price, triggered = _price(order, bar, rules.slippage)
    after = replace(order, triggered=triggered)
    if price is None:
        return Outcome(after)
    quantity = _quantity(order.remaining, bar.volume, rules.volume_percent)
    if quantity <= 0:
        return Outcome(after)
    return Outcome(replace(after, remaining=order.remaining - quantity), Trade(price, quantity))


def outlives_session(time_in_force: TimeInForce) -> bool:
    """Say whether what a session left open still works in the next: a day order had its one."""
    return time_in_force is TimeInForce.GTC


def _price(
    order: WorkingOrder[N], bar: Prices[N], slippage: Slippage[N] | None
) -> tuple[N | None, bool]:
    """Return the price, None where nothing trades, and whether the order is triggered now."""
    if order.type is OrderType.MARKET:
        return _at_open(order.side, bar, slippage), order.triggered
    if order.type is OrderType.STOP:
        return _stop_price(order, bar, slippage), order.triggered
    if order.type is OrderType.LIMIT or order.triggered:
        return _limit_price(order, bar, slippage), order.triggered
    return _stop_limit_price(order, bar, slippage)


def _limit_price(order: WorkingOrder[N], bar: Prices[N], slippage: Slippage[N] | None) -> N | None:
    limit = _given(order.limit_price)
    if _covers(order.side, limit, bar.open):
        # Backtrader caps a buy at the bar's high too, and a sale at its limit alone.
        cap = min(bar.high, limit) if order.side is Side.BUY else limit
        return _at_open(order.side, bar, slippage, cap=cap)
    near = bar.low if order.side is Side.BUY else bar.high
    return limit if _covers(order.side, limit, near) else None


def _stop_price(order: WorkingOrder[N], bar: Prices[N], slippage: Slippage[N] | None) -> N | None:
    stop = _given(order.stop_price)
    if _covers(order.side, bar.open, stop):
        return _at_open(order.side, bar, slippage)
    far = _far(order.side, bar)
    if _covers(order.side, far, stop):
        return _slipped(order.side, stop, slippage, cap=far, is_limited=False)
    return None


def _stop_limit_price(
    order: WorkingOrder[N], bar: Prices[N], slippage: Slippage[N] | None
) -> tuple[N | None, bool]:
    stop, limit = _given(order.stop_price), _given(order.limit_price)
    if _covers(order.side, bar.open, stop):
        return _limit_price(order, bar, slippage), True
    far = _far(order.side, bar)
    if not _covers(order.side, far, stop):
        return None, False
    if _covers(order.side, limit, stop):
        return _slipped(order.side, stop, slippage, cap=far, is_limited=True), True
    # The stop was reached and the limit is past it: only a bar that came back is taken to have
    # traded at the limit afterwards. An unchanged bar came back for a sale and not for a buy.
    came_back = bar.open > bar.close if order.side is Side.BUY else bar.open <= bar.close
    return (limit if came_back and _covers(order.side, limit, bar.close) else None), True


def _at_open(
    side: Side, bar: Prices[N], slippage: Slippage[N] | None, *, cap: N | None = None
) -> N | None:
    """Return the open, slipped where opens slip; `cap` is a limit's, else the bar's far end."""
    if slippage is None or not slippage.at_open:
        return bar.open
    worst = _far(side, bar) if cap is None else cap
    return _slipped(side, bar.open, slippage, cap=worst, is_limited=cap is not None)


def _slipped(
    side: Side, price: N, slippage: Slippage[N] | None, *, cap: N, is_limited: bool
) -> N | None:
    if slippage is None:
        return price
    if slippage.percent:
        slipped = price * (1 + side.sign * slippage.percent)
    elif slippage.fixed:
        slipped = price + side.sign * slippage.fixed
    else:
        return price
    if slippage.beyond is Beyond.ALLOW or _covers(side, cap, slipped):
        return slipped
    return cap if slippage.beyond is Beyond.CAP or is_limited else None


def _quantity(remaining: N, volume: N, volume_percent: N | None) -> N:
    if volume_percent is None:
        return remaining
    return min(remaining, volume * volume_percent // 100)


def _far(side: Side, bar: Prices[N]) -> N:
    """Return the worst price of the bar for this side."""
    return bar.high if side is Side.BUY else bar.low


def _covers(side: Side, price: N, other: N) -> bool:
    """Say whether `price` is at `other` or beyond it, the way in which this side pays more."""
    return price >= other if side is Side.BUY else price <= other


def _given(price: N | None) -> N:
    if price is None:  # WorkingOrder refuses it
        raise AssertionError("a price this type needs is missing")
    return price

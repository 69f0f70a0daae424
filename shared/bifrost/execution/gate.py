"""The last gate, just before the venue: what no order may do, whoever sent it.

It knows nothing of strategies, limits or accounts' wishes; risk has asked those. It catches what
must never leave: anything past the kill switch, an order that has ended, a price, size or pace
that can only be a mistake, and new exposure in an instrument where an earlier order's outcome is
unknown (ORDER_FLOW, rules 3, 5 and 9).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from bifrost.core.decisions import Decision, Reason
from bifrost.core.instruments import Instrument
from bifrost.core.money import exact_product
from bifrost.core.orders import OrderIntent, OrderStatus
from bifrost.execution.switches import GateState, SwitchMode

QUANTITY_MAX = Decimal(10) ** 9
PRICE_MAX = Decimal(10) ** 7
# A limit this many times off the market is a slipped decimal point; risk's collar is far tighter.
PRICE_FACTOR_MAX = Decimal(10)


@dataclass(frozen=True, slots=True)
class GateFacts:
    """What the gate must know, read in the transaction that claims the send.

    gate: the switch, the gate's limits, and how many orders the account has sent of late.
    last_price: the market's last; None before its first bar.
    unresolved: another order of this account and instrument is `unknown`.
    position: signed quantity that the account's fills add up to.
    closing: open quantity of its other orders on this order's side.
    outdated_by: the corporate action by which its terms are of shares that are no more.
    """

    order: OrderIntent
    status: OrderStatus
    instrument: Instrument | None
    gate: GateState
    last_price: Decimal | None = None
    unresolved: bool = False
    position: Decimal = Decimal(0)
    closing: Decimal = Decimal(0)
    outdated_by: str = ""


def check(facts: GateFacts) -> Decision:
    """Say whether the order may leave; every reason against it comes back."""
    checks = (_switch, _state, _terms, _quantity, _prices, _limits, _unresolved)
    return Decision(tuple(reason for check_one in checks for reason in check_one(facts)))


def is_stopped(facts: GateFacts) -> bool:
    """Say whether the kill switch keeps the order here."""
    mode = facts.gate.mode
    return mode is SwitchMode.HALT or (mode is SwitchMode.STOP_NEW and opens_exposure(facts))


def opens_exposure(facts: GateFacts) -> bool:
    """Say whether the order could do more than reduce the position it is against."""
    if facts.position * facts.order.side.sign >= 0:
        return True
    return facts.order.quantity > abs(facts.position) - facts.closing


def _switch(facts: GateFacts) -> Iterator[Reason]:
    if is_stopped(facts):
        yield Reason("kill_switch", subject=facts.gate.mode.value)


def _state(facts: GateFacts) -> Iterator[Reason]:
    if facts.status not in (OrderStatus.RECEIVED, OrderStatus.CHECKED):
        yield Reason("order_not_open", subject=facts.status.value)
    if facts.instrument is None:
        yield Reason("instrument_not_listed", subject=facts.order.instrument)


def _terms(facts: GateFacts) -> Iterator[Reason]:
    # Only orders at the venue are adjusted: what has not left is its owner's to place anew.
    if facts.outdated_by:
        yield Reason("corporate_action", subject=facts.outdated_by)


def _quantity(facts: GateFacts) -> Iterator[Reason]:
    quantity, instrument = facts.order.quantity, facts.instrument
    if quantity > QUANTITY_MAX:
        yield Reason("quantity_sanity", QUANTITY_MAX, quantity, QUANTITY_MAX, "shares")
    if instrument is not None and not instrument.in_lots(quantity):
        yield Reason("lot_size", instrument.lot_size, quantity, unit="shares")


def _prices(facts: GateFacts) -> Iterator[Reason]:
    for price in (facts.order.limit_price, facts.order.stop_price):
        if price is None:
            continue
        highest = PRICE_MAX
        if facts.last_price is not None:
            highest = min(highest, facts.last_price * PRICE_FACTOR_MAX)
            lowest = facts.last_price / PRICE_FACTOR_MAX
            if price < lowest:
                yield Reason("price_sanity", lowest, price, unit=facts.order.currency)
        if price > highest:
            yield Reason("price_sanity", highest, price, unit=facts.order.currency)
        if facts.instrument is not None and not facts.instrument.on_tick(price):
            yield Reason("tick_size", facts.instrument.tick_size, price, unit=facts.order.currency)


def _limits(facts: GateFacts) -> Iterator[Reason]:
    limits, order = facts.gate.limits, facts.order
    if limits is None:
        yield Reason("gate_limits_absent")
        return
    # Without any price there is nothing to multiply; risk refuses such an order.
    price = order.limit_price or order.stop_price or facts.last_price
    notional = None if price is None else exact_product(price, order.quantity)
    if notional is not None and notional > limits.order_notional_max:
        yield Reason("gate_notional", limits.order_notional_max, notional, unit=order.currency)
    orders = facts.gate.sent_lately + 1
    if orders > limits.orders_per_minute:
        most = Decimal(limits.orders_per_minute)
        yield Reason("gate_rate", most, Decimal(orders), unit="orders")


def _unresolved(facts: GateFacts) -> Iterator[Reason]:
    if facts.unresolved and opens_exposure(facts):
        yield Reason("instrument_unresolved", subject=facts.order.instrument)

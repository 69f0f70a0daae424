"""What a corporate action does to an order that is open as its ex-date begins.

FINRA Rule 5330 (formerly NASD Rule 3220) binds the broker that holds the order, and covers orders
to buy and stop orders to sell: reduced by dividends, except stop orders to buy, and all cancelled
by a reverse split. Of sales at a limit it says nothing: this desk adjusts them to a split too,
because their price is of a share that no longer is. Prices round in the owner's favour, down for
what 5330 covers and up for the others; sizes round down.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

from bifrost.core.corporate_actions import (
    CashDividend,
    CorporateAction,
    Delisting,
    Merger,
    Rename,
    SpinOff,
    Split,
    StockDividend,
)
from bifrost.core.instruments import Instrument
from bifrost.core.money import EXACT, Price, Quantity, exact_product
from bifrost.core.orders import OrderIntent, OrderType, Side

# 5330(a): a cash dividend below one cent changes no order.
DIVIDEND_MIN = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """What is still to be traded of an order, and on which terms.

    do_not_reduce, do_not_increase: the owner's DNR and DNI, 5330(e)(2) and (3).
    """

    order_id: str
    instrument: str
    side: Side
    type: OrderType
    quantity: Quantity
    limit_price: Price | None = None
    stop_price: Price | None = None
    do_not_reduce: bool = False
    do_not_increase: bool = False

    @classmethod
    def of(cls, intent: OrderIntent) -> "OpenOrder":
        """Return the order of which nothing has traded yet."""
        return cls(
            order_id=intent.order_id,
            instrument=intent.instrument,
            side=intent.side,
            type=intent.type,
            quantity=intent.quantity,
            limit_price=intent.limit_price,
            stop_price=intent.stop_price,
            do_not_reduce=intent.do_not_reduce,
            do_not_increase=intent.do_not_increase,
        )


@dataclass(frozen=True, slots=True)
class CancelledByAction:
    """The order ends, with the rule's name and a sentence for its owner."""

    order_id: str
    rule: str
    text: str


@dataclass(frozen=True, slots=True)
class PartFilled:
    """So much of the order traded, in shares of that day."""

    quantity: Quantity


Step = PartFilled | CorporateAction


def adjust(
    order: OpenOrder, action: CorporateAction, listed: Instrument
) -> OpenOrder | CancelledByAction:
    """Return the order as it stands after the action: itself where nothing changes.

    listed: the order's instrument, for its tick and lot size.
    """
    if action.instrument != order.instrument or action.withdrawn:
        return order
    match action.terms:
        case Split() | StockDividend() as terms:
            return _for_split(order, action, terms, listed)
        case CashDividend(amount_per_share=amount):
            counted = amount if amount >= DIVIDEND_MIN else Decimal(0)
            return _if_priced(_reduced(order, counted, listed), action)
        case SpinOff() as terms:
            return _for_spin_off(order, action, terms, listed)
        case Rename(new_instrument=name):
            return replace(order, instrument=name)
        case terms:
            return _ended(order, action, terms)


def _ended(
    order: OpenOrder, action: CorporateAction, terms: Merger | Delisting
) -> CancelledByAction:
    becomes = terms.new_instrument if isinstance(terms, Merger) else ""
    into = f" and becomes {becomes}" if becomes else ""
    return _cancelled(order, action, f"{order.instrument} ends by a {action.kind}{into}")


def after(
    order: OpenOrder, steps: Iterable[Step], listed: Instrument
) -> OpenOrder | CancelledByAction | None:
    """Play what happened to the order since it was placed; None once all of it has traded.

    A vendor's correction is undone by playing it again with the right action: rounded prices
    cannot be rounded back.
    """
    standing: OpenOrder | CancelledByAction = order
    for step in steps:
        if isinstance(standing, CancelledByAction):
            return standing
        if isinstance(step, PartFilled):
            left = EXACT.subtract(standing.quantity, step.quantity)
            if left <= 0:
                return None
            standing = replace(standing, quantity=Quantity(left))
        else:
            standing = adjust(standing, step, listed)
    return standing


def _for_split(
    order: OpenOrder, action: CorporateAction, terms: Split | StockDividend, listed: Instrument
) -> OpenOrder | CancelledByAction:
    if terms.ratio < 1:
        return _cancelled(order, action, "a reverse split cancels open orders, FINRA 5330(c)")
    size = order.quantity
    if not order.do_not_increase:
        size = Quantity(_stepped(Fraction(size) * terms.ratio, listed.lot_size, floor))
    to_tick = floor if _is_reduced(order) else ceil

    def price(of: Price | None) -> Price | None:
        if of is None:
            return None
        return Price(_stepped(Fraction(of) / terms.ratio, listed.tick_size, to_tick))

    split = replace(
        order,
        quantity=size,
        limit_price=price(order.limit_price),
        stop_price=price(order.stop_price),
    )
    return _if_priced(split, action)


def _for_spin_off(
    order: OpenOrder, action: CorporateAction, terms: SpinOff, listed: Instrument
) -> OpenOrder | CancelledByAction:
    if not _is_reduced(order) or order.do_not_reduce:
        return order
    if terms.share_value is None:
        text = "what was distributed has no known value: confirm the order anew, FINRA 5330(b)"
        return _cancelled(order, action, text)
    worth = exact_product(terms.shares_per_share, terms.share_value)
    return _if_priced(_reduced(order, worth, listed), action)


def _reduced(order: OpenOrder, amount: Decimal, listed: Instrument) -> OpenOrder:
    if not _is_reduced(order) or order.do_not_reduce:
        return order

    def price(of: Price | None) -> Price | None:
        if of is None:
            return None
        less = Fraction(of) - Fraction(amount)
        return Price(_stepped(less, listed.tick_size, floor))

    return replace(order, limit_price=price(order.limit_price), stop_price=price(order.stop_price))


def _is_reduced(order: OpenOrder) -> bool:
    """Say whether a dividend lowers its price: limits to buy and stops to sell, 5330(d), (e)."""
    is_stop = order.type in (OrderType.STOP, OrderType.STOP_LIMIT)
    return is_stop if order.side is Side.SELL else not is_stop


def _if_priced(order: OpenOrder, action: CorporateAction) -> OpenOrder | CancelledByAction:
    prices = (order.limit_price, order.stop_price)
    if order.quantity <= 0 or any(price is not None and price <= 0 for price in prices):
        return _cancelled(order, action, "nothing is left of its price or its size")
    return order


def _cancelled(order: OpenOrder, action: CorporateAction, text: str) -> CancelledByAction:
    return CancelledByAction(order.order_id, f"corporate_action_{action.kind}", text)


def _stepped(number: Fraction, increment: Decimal, to_whole: Callable[[Fraction], int]) -> Decimal:
    return exact_product(Decimal(to_whole(number / Fraction(increment))), increment)

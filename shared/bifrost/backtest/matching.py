"""A session at a venue of cash accounts: its working orders, first come first served, meet a bar.

The venue's own net, behind every check of ours: a purchase that its cash does not cover and a
sale of what it does not hold are rejected at the fill, whole and never resized (Backtrader's
rule; unlike there, nobody can be short).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from bifrost.backtest.fill_rules import (
    FillRules,
    Prices,
    Trade,
    WorkingOrder,
    meet,
    outlives_session,
)
from bifrost.core.money import EXACT, exact_product, exact_sum, to_cents
from bifrost.core.orders import OrderStatus, Side, TimeInForce
from bifrost.execution.ports import ReportKind

_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Terms:
    """volume_share: the part of a bar's volume an order may take, 0.001 is a thousandth.

    commission_per_share: charged on each fill, rounded to the cent.
    """

    volume_share: Decimal
    commission_per_share: Decimal

    @property
    def fill_rules(self) -> FillRules[Decimal]:
        """The rules in their own unit, per cent."""
        return FillRules(volume_percent=self.volume_share * 100)


@dataclass(frozen=True, slots=True)
class RestingOrder:
    """An order in the venue's queue, with what it has filled so far.

    is_overdue: the market had a session since it was accepted, and this bar's is a later one.
    """

    client_order_id: str
    account_id: str
    currency: str
    time_in_force: TimeInForce
    filled_quantity: Decimal
    working: WorkingOrder[Decimal]
    is_overdue: bool = False


@dataclass(frozen=True, slots=True)
class Happening:
    """What the venue will report; zeros unless it is a trade."""

    kind: ReportKind
    quantity: Decimal = _NOTHING
    price: Decimal = _NOTHING
    commission: Decimal = _NOTHING
    text: str = ""


@dataclass(frozen=True, slots=True)
class Matched:
    """An order that the session changed: as it stands now, and what happened on the way."""

    order: RestingOrder
    status: OrderStatus
    happenings: tuple[Happening, ...]

    @property
    def text(self) -> str:
        """The venue's last word."""
        return self.happenings[-1].text if self.happenings else ""


@dataclass(frozen=True, slots=True)
class Books:
    """Cash, and the position in the bar's instrument, by account."""

    cash: Mapping[str, Decimal]
    positions: Mapping[str, Decimal]

    def after(self, order: RestingOrder, trade: Trade[Decimal], commission: Decimal) -> "Books":
        """Return the books with the trade in them."""
        account, sign = order.account_id, order.working.side.sign
        bought = trade.quantity * sign
        paid = exact_sum((exact_product(trade.price, bought), commission))
        cash = EXACT.subtract(self.cash[account], paid)
        held = EXACT.add(self.positions[account], bought)
        return Books({**self.cash, account: cash}, {**self.positions, account: held})


def match_session(
    orders: Iterable[RestingOrder],
    bar: Prices[Decimal],
    books: Books,
    terms: Terms,
    currency: str,
) -> tuple[list[Matched], Books]:
    """Let each order meet the bar, in their order; return those that changed, and the new books.

    currency: what the bar's prices are in. The books must hold every account in `orders`.
    """
    changed = []
    for order in orders:
        matched, books = _match(order, bar, books, terms, currency)
        if matched.happenings or matched.order != order:
            changed.append(matched)
    return changed, books


def _match(
    order: RestingOrder, bar: Prices[Decimal], books: Books, terms: Terms, currency: str
) -> tuple[Matched, Books]:
    if order.is_overdue and not outlives_session(order.time_in_force):
        return _kept(order, ()), books
    if order.currency != currency:
        return _rejected(order, f"it trades in {currency}, not {order.currency}"), books
    outcome = meet(order.working, bar, terms.fill_rules)
    if outcome.trade is None:
        return _kept(replace(order, working=outcome.order), ()), books
    trade = outcome.trade
    commission = to_cents(exact_product(terms.commission_per_share, trade.quantity))
    after = books.after(order, trade, commission)
    if objection := _objection(order, books, after):
        return _rejected(order, objection), books
    done = replace(
        order, working=outcome.order, filled_quantity=order.filled_quantity + trade.quantity
    )
    traded = Happening(ReportKind.TRADE, trade.quantity, trade.price, commission)
    return _kept(done, (traded,)), after


def _objection(order: RestingOrder, before: Books, after: Books) -> str:
    account = order.account_id
    if order.working.side is Side.SELL:
        held = before.positions[account]
        if after.positions[account] < 0:
            return f"a position of {held} does not cover the sale"
    elif after.cash[account] < 0:
        needed = EXACT.subtract(before.cash[account], after.cash[account])
        return f"cash of {before.cash[account]} does not cover {needed}"
    return ""


def _rejected(order: RestingOrder, text: str) -> Matched:
    return Matched(order, OrderStatus.REJECTED, (Happening(ReportKind.REJECTED, text=text),))


def _kept(order: RestingOrder, happenings: tuple[Happening, ...]) -> Matched:
    if not order.working.remaining:
        return Matched(order, OrderStatus.FILLED, happenings)
    if not outlives_session(order.time_in_force):
        expired = Happening(ReportKind.EXPIRED, text="the session of the day order is over")
        return Matched(order, OrderStatus.EXPIRED, (*happenings, expired))
    is_partial = order.filled_quantity > 0
    status = OrderStatus.PARTIALLY_FILLED if is_partial else OrderStatus.ACCEPTED
    return Matched(order, status, happenings)

"""Risk's limits: what one order may take of its account.

Pure: an order, the account's exposure and the limits in force go in, every broken limit comes
out. What is unknown is not zero: without a market price nothing can be bounded, so nothing passes.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from bifrost.core.decisions import Decision, Reason
from bifrost.core.money import EXACT, exact_product, exact_sum
from bifrost.core.orders import OrderIntent, Side
from bifrost.core.sessions import exchange_date, trade_date

# Kept with every decision; raised with every change that could alter an answer.
CODE_VERSION = "risk.limits/4"

_ZERO = Decimal(0)
_ONE = Decimal(1)
_SHARES = "shares"
_DAYS = "days"


@dataclass(frozen=True, slots=True)
class Limits:
    """One dated version of what an account may do, amounts in the order's currency.

    account_id: None for the desk's default, which an account's own row overrides.
    effective_until: the first date on which it no longer holds; None while it does.
    price_collar: the farthest a price may be from the market, as a fraction of it.
    commission_per_share: what is set aside for the venue's charge.
    mark_age_days_max: the oldest market price to judge by, in calendar days of market time.
    source: who decided it, or the rule it follows.
    """

    account_id: str | None
    version: int
    effective_from: date
    effective_until: date | None
    order_notional_max: Decimal
    order_quantity_max: Decimal
    position_notional_max: Decimal
    price_collar: Decimal
    commission_per_share: Decimal
    mark_age_days_max: int
    source: str


@dataclass(frozen=True, slots=True)
class Exposure:
    """What an account holds and has promised, as one instant saw it.

    cash: settled, in the order's currency; reserved: promised to open buys and withdrawals.
    position: signed, of the order's instrument; open_buys, open_sales: still to fill of it.
    mark: the instrument's last price in the order's currency; None where none is known.
    marked_on: the market's date of that price.
    acted_on: the last ex-date on which the instrument's shares became others, as of the order;
        None where there was none.
    """

    cash: Decimal
    reserved: Decimal
    position: Decimal
    open_buys: Decimal
    open_sales: Decimal
    mark: Decimal | None
    marked_on: date | None
    acted_on: date | None = None

    @property
    def buying_power(self) -> Decimal:
        """What nothing has a claim on; negative where fills cost more than was set aside."""
        return EXACT.subtract(self.cash, self.reserved)


def market_date(instant: datetime) -> date:
    """Return the session of an instant of market time: from 20:00 in New York on, the next."""
    return trade_date(instant)


def effective_date(order: OrderIntent) -> date:
    """Return the exchange's date, whose limits are the order's."""
    return exchange_date(order.occurred_at)


def check(order: OrderIntent, exposure: Exposure, limits: Limits) -> Decision:
    """Return every limit that the order would break."""
    price = reserve_price(order, exposure.mark, limits.price_collar)
    found = (
        _market_price(order, exposure),
        _stale_mark(order, exposure, limits),
        _mark_of_other_shares(exposure),
        _order_quantity(order, limits),
        _order_notional(order, price, limits),
        _position(order, exposure, limits),
        _short_sale(order, exposure),
        _buying_power(order, exposure, limits),
        _price_collar(order, exposure, limits),
    )
    return Decision(tuple(reason for reason in found if reason is not None))


def check_withdrawal(amount: Decimal, currency: str, buying_power: Decimal) -> Decision:
    """Refuse a withdrawal of what open orders and other withdrawals have a claim on."""
    reason = _unaffordable(amount, currency, buying_power)
    return Decision() if reason is None else Decision((reason,))


def reserve_price(order: OrderIntent, mark: Decimal | None, collar: Decimal) -> Decimal | None:
    """Return the worst price per share to set cash aside for; None where no bound is known.

    A limit bounds itself. A market order may fill above the mark by the collar, a stop order
    above the later of mark and trigger.
    """
    if order.limit_price is not None:
        return order.limit_price
    if mark is None:
        return None
    triggered = mark if order.stop_price is None else max(mark, order.stop_price)
    return exact_product(triggered, _ONE + collar)


def reserve_per_share(order: OrderIntent, mark: Decimal | None, limits: Limits) -> Decimal:
    """Return the cash to hold for each open share: a sale brings cash and holds none.

    Zero too where no price bounds the order; such an order is refused and holds nothing.
    """
    price = reserve_price(order, mark, limits.price_collar)
    if price is None or order.side is Side.SELL:
        return _ZERO
    return exact_sum((price, limits.commission_per_share))


def _market_price(order: OrderIntent, exposure: Exposure) -> Reason | None:
    if exposure.mark is not None:
        return None
    return Reason("no_market_price", unit=order.currency, subject=order.instrument)


def _stale_mark(order: OrderIntent, exposure: Exposure, limits: Limits) -> Reason | None:
    """Refuse to judge by a price that the market has left behind, whatever the order's type."""
    if exposure.marked_on is None:
        return None
    age = (market_date(order.occurred_at) - exposure.marked_on).days
    if age <= limits.mark_age_days_max:
        return None
    most, subject = Decimal(limits.mark_age_days_max), exposure.marked_on.isoformat()
    return Reason("stale_mark", most, Decimal(age), unit=_DAYS, subject=subject)


def _mark_of_other_shares(exposure: Exposure) -> Reason | None:
    """Refuse to judge shares by a price from before their split, or what else made them others.

    After one for ten, a mark of 10 would set aside a tenth of what the fill will cost. The first
    price of the new shares ends it; to scale the old one would be to invent a price.
    """
    if exposure.marked_on is None or exposure.acted_on is None:
        return None
    if exposure.marked_on >= exposure.acted_on:
        return None
    return Reason("mark_before_action", subject=exposure.acted_on.isoformat())


def _order_quantity(order: OrderIntent, limits: Limits) -> Reason | None:
    limit = limits.order_quantity_max
    if order.quantity <= limit:
        return None
    return Reason("order_quantity", limit, order.quantity, limit, _SHARES)


def _order_notional(order: OrderIntent, price: Decimal | None, limits: Limits) -> Reason | None:
    limit = limits.order_notional_max
    if price is None:
        return None
    value = exact_product(price, order.quantity)
    if value <= limit:
        return None
    return Reason("order_notional", limit, value, limit, order.currency)


def _position(order: OrderIntent, exposure: Exposure, limits: Limits) -> Reason | None:
    if exposure.mark is None:
        return None
    ahead = exposure.open_buys if order.side is Side.BUY else -exposure.open_sales
    before = exposure.position + ahead
    after = before + order.signed_quantity
    limit, value = limits.position_notional_max, exact_product(abs(after), exposure.mark)
    # An order that makes a position smaller is the way back under a lowered limit.
    if abs(after) <= abs(before) or value <= limit:
        return None
    headroom = max(EXACT.subtract(limit, exact_product(abs(before), exposure.mark)), _ZERO)
    return Reason("position", limit, value, headroom, order.currency)


def _short_sale(order: OrderIntent, exposure: Exposure) -> Reason | None:
    """Refuse to sell what is not held: no account here borrows shares."""
    free = max(exposure.position - exposure.open_sales, _ZERO)
    if order.side is Side.BUY or order.quantity <= free:
        return None
    return Reason("short_sale", free, order.quantity, free, _SHARES)


def _buying_power(order: OrderIntent, exposure: Exposure, limits: Limits) -> Reason | None:
    needed = exact_product(reserve_per_share(order, exposure.mark, limits), order.quantity)
    if order.side is Side.SELL:  # needs nothing, even where the account already owes
        return None
    return _unaffordable(needed, order.currency, exposure.buying_power)


def _unaffordable(needed: Decimal, currency: str, free: Decimal) -> Reason | None:
    if needed <= free:
        return None
    return Reason("buying_power", free, needed, max(free, _ZERO), currency)


def _price_collar(order: OrderIntent, exposure: Exposure, limits: Limits) -> Reason | None:
    """Bound how far a limit price crosses the market; a price that waits harms nobody.

    A stop limit order is measured from where the market will be once it is triggered.
    """
    if order.limit_price is None or exposure.mark is None:
        return None
    mark, trigger = exposure.mark, order.stop_price
    places = (mark,) if trigger is None else (mark, trigger)
    if order.side is Side.BUY:
        farthest = exact_product(max(places), _ONE + limits.price_collar)
        broken = order.limit_price > farthest
    else:
        farthest = exact_product(min(places), _ONE - limits.price_collar)
        broken = order.limit_price < farthest
    if not broken:
        return None
    return Reason("price_collar", farthest, order.limit_price, unit=order.currency)

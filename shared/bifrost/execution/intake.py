"""What a new order must be before it is written down; pure, and every problem comes back."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from bifrost.core.errors import FieldProblem, InvalidInputError
from bifrost.core.instruments import Instrument
from bifrost.core.money import Price, Quantity
from bifrost.core.orders import (
    OrderIntent,
    OrderType,
    Side,
    TimeInForce,
    client_order_id_of,
    order_id_of,
)
from bifrost.execution.gate import PRICE_MAX, QUANTITY_MAX
from bifrost.execution.records import Account, Strategy

DECIMALS_MAX = 8
_NEEDS_LIMIT = (OrderType.LIMIT, OrderType.STOP_LIMIT)
_NEEDS_STOP = (OrderType.STOP, OrderType.STOP_LIMIT)


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """What a caller asks for; `key` is the Idempotency-Key that names the request.

    strategy_id: of its account; empty names none.
    """

    account_id: str
    owner: str
    key: str
    instrument: str
    side: Side
    type: OrderType
    quantity: Decimal
    time_in_force: TimeInForce = TimeInForce.DAY
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    strategy_id: str = ""
    do_not_reduce: bool = False
    do_not_increase: bool = False

    @property
    def order_id(self) -> str:
        """The order that this request is, however often it comes."""
        return order_id_of(self.account_id, self.key)

    def body(self) -> dict[str, str | None]:
        """Return what was asked so that 100 and 100.0 are the same request."""
        asked = {
            "instrument": self.instrument,
            "side": self.side.value,
            "type": self.type.value,
            "quantity": _plain(self.quantity),
            "time_in_force": self.time_in_force.value,
            "limit_price": _plain(self.limit_price),
            "stop_price": _plain(self.stop_price),
        }
        # Left out where not asked for: a key used before orders could is still the same.
        more = {
            "strategy_id": self.strategy_id,
            "do_not_reduce": "true" if self.do_not_reduce else "",
            "do_not_increase": "true" if self.do_not_increase else "",
        }
        return {**asked, **{name: value for name, value in more.items() if value}}


def check_request(
    request: OrderRequest,
    account: Account,
    instrument: Instrument | None,
    strategy: Strategy | None = None,
) -> Instrument:
    """Return the instrument, or raise InvalidInputError naming every field and its fix.

    strategy: the one that the request names, where it is known.
    """
    problems = [*_amounts(request), *_price_fields(request), *_strategy(request, strategy)]
    if instrument is None:
        message = f"no instrument is listed as {request.instrument}"
        fix = "send a symbol that GET /v1/instruments lists"
        raise InvalidInputError(FieldProblem("instrument", message, fix), *problems)
    problems += [*_listing(request, account, instrument)]
    if problems:
        raise InvalidInputError(*problems)
    return instrument


def to_intent(request: OrderRequest, currency: str, occurred_at: datetime) -> OrderIntent:
    """Return the intent that a checked request is."""
    return OrderIntent(
        order_id=request.order_id,
        client_order_id=client_order_id_of(request.order_id),
        account_id=request.account_id,
        owner=request.owner,
        instrument=request.instrument,
        side=request.side,
        type=request.type,
        quantity=Quantity(request.quantity),
        time_in_force=request.time_in_force,
        currency=currency,
        occurred_at=occurred_at,
        limit_price=None if request.limit_price is None else Price(request.limit_price),
        stop_price=None if request.stop_price is None else Price(request.stop_price),
        strategy_id=request.strategy_id,
        do_not_reduce=request.do_not_reduce,
        do_not_increase=request.do_not_increase,
    )


def _amounts(request: OrderRequest) -> Iterator[FieldProblem]:
    yield from _amount("quantity", request.quantity, QUANTITY_MAX)
    for name in ("limit_price", "stop_price"):
        price = getattr(request, name)
        if price is not None:
            yield from _amount(name, price, PRICE_MAX)


def _amount(name: str, value: Decimal, most: Decimal) -> Iterator[FieldProblem]:
    if not value.is_finite() or not 0 < value <= most:
        message = f"{name} must be above 0 and at most {most:f}, was {value}"
        yield FieldProblem(name, message, f"send a number between 0 and {most:f}")
        return
    exponent = value.normalize().as_tuple().exponent
    if isinstance(exponent, int) and -exponent > DECIMALS_MAX:
        message = f"{name} has more than {DECIMALS_MAX} decimals: {value}"
        yield FieldProblem(name, message, f"round it to {DECIMALS_MAX} decimals")


def _price_fields(request: OrderRequest) -> Iterator[FieldProblem]:
    for name, kinds in (("limit_price", _NEEDS_LIMIT), ("stop_price", _NEEDS_STOP)):
        given, needed = getattr(request, name) is not None, request.type in kinds
        if needed and not given:
            yield FieldProblem(name, f"a {request.type} order needs {name}", f"send {name}")
        if given and not needed:
            fix = f"leave {name} out, or choose another type"
            yield FieldProblem(name, f"a {request.type} order has no {name}", fix)


def _strategy(request: OrderRequest, strategy: Strategy | None) -> Iterator[FieldProblem]:
    if not request.strategy_id:
        return
    if strategy is None or strategy.account_id != request.account_id:
        message = f"account {request.account_id} has no strategy {request.strategy_id}"
        fix = "send one of the account's that GET /v1/portfolios lists; a new one takes a moment"
        yield FieldProblem("strategy_id", message, fix)
    elif strategy.is_archived:
        fix = "name one that is not, or leave it out"
        yield FieldProblem("strategy_id", f"strategy {strategy.name} is archived", fix)


def _listing(
    request: OrderRequest, account: Account, instrument: Instrument
) -> Iterator[FieldProblem]:
    if instrument.currency != account.currency:
        message = f"{instrument.symbol} trades in {instrument.currency}, not {account.currency}"
        yield FieldProblem("instrument", message, f"use an account in {instrument.currency}")
    if request.quantity.is_finite() and not instrument.in_lots(request.quantity):
        message = f"quantity {request.quantity} is not a multiple of {instrument.lot_size}"
        yield FieldProblem("quantity", message, f"send a multiple of {instrument.lot_size}")
    for name in ("limit_price", "stop_price"):
        price = getattr(request, name)
        if price is not None and price.is_finite() and not instrument.on_tick(price):
            message = f"{name} {price} is not on the tick of {instrument.tick_size}"
            yield FieldProblem(name, message, f"send a multiple of {instrument.tick_size}")


def _plain(number: Decimal | None) -> str | None:
    return None if number is None else format(number.normalize(), "f")

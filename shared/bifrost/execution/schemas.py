"""Execution's JSON over HTTP. Numbers are decimal strings both ways: a JSON number is a float."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from bifrost.core.money import EXACT
from bifrost.core.orders import OrderStatus, OrderType, Side, TimeInForce
from bifrost.execution.gate import PRICE_MAX, QUANTITY_MAX
from bifrost.execution.intake import DECIMALS_MAX, OrderRequest
from bifrost.execution.records import Mark, OrderRecord, Step
from bifrost.execution.service import MarketView
from bifrost.execution.switches import DESK, Switch, SwitchMode
from bifrost.wire.identifiers import Identifier
from bifrost.wire.numbers import PlainDecimal
from bifrost.wire.pages import page_of
from bifrost.wire.reasons import ReasonView
from bifrost.wire.texts import Reason

QuantityText = Annotated[PlainDecimal, Field(gt=0, le=QUANTITY_MAX, decimal_places=DECIMALS_MAX)]
PriceText = Annotated[PlainDecimal, Field(gt=0, le=PRICE_MAX, decimal_places=DECIMALS_MAX)]


class OrderBody(BaseModel):
    """An order to place or to preview.

    A limit order has a limit price, a stop order a stop price, a stop-limit order both.
    `strategy_id` names a strategy of the account, whose profit and loss the order's fills are.
    While it is open, `do_not_reduce` (DNR) keeps its price over dividends and spin-offs, and
    `do_not_increase` (DNI) its quantity over splits and stock dividends.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "account_id": "3f0e2f9e-9f2c-4a57-9d0c-0f3a3c1c7b11",
                    "instrument": "AAPL",
                    "side": "buy",
                    "type": "limit",
                    "quantity": "100",
                    "limit_price": "410.50",
                    "time_in_force": "day",
                }
            ]
        },
    )

    account_id: Identifier
    instrument: Identifier
    side: Side
    type: OrderType
    quantity: QuantityText
    time_in_force: TimeInForce = TimeInForce.DAY
    limit_price: PriceText | None = None
    stop_price: PriceText | None = None
    strategy_id: Identifier | None = None
    do_not_reduce: StrictBool = False
    do_not_increase: StrictBool = False

    def to_request(self, owner: str, key: str) -> OrderRequest:
        """Return what is asked, by whom, under which key."""
        return OrderRequest(
            account_id=self.account_id,
            owner=owner,
            key=key,
            instrument=self.instrument,
            side=self.side,
            type=self.type,
            quantity=self.quantity,
            time_in_force=self.time_in_force,
            limit_price=self.limit_price,
            stop_price=self.stop_price,
            strategy_id=self.strategy_id or "",
            do_not_reduce=self.do_not_reduce,
            do_not_increase=self.do_not_increase,
        )


class StepView(BaseModel):
    """One step of an order: `occurred_at` is the market's time, `recorded_at` the wall's.

    Before the market's first bar `occurred_at` is the wall's too, and `detail` says `clock: wall`.
    """

    what: str
    status: OrderStatus
    occurred_at: datetime
    recorded_at: datetime
    detail: dict[str, str]

    @classmethod
    def of(cls, step: Step) -> "StepView":
        """Show a step."""
        return cls(
            what=step.what,
            status=step.status,
            occurred_at=step.occurred_at,
            recorded_at=step.recorded_at,
            detail=step.detail,
        )


class OrderView(BaseModel):
    """An order and where it stands.

    Instrument, quantity and prices are as they stand now: a corporate action may have restated
    them, which its steps tell.
    """

    order_id: str
    client_order_id: str
    account_id: str
    instrument: str
    side: Side
    type: OrderType
    quantity: PlainDecimal
    time_in_force: TimeInForce
    limit_price: PlainDecimal | None
    stop_price: PlainDecimal | None
    strategy_id: str | None
    do_not_reduce: bool
    do_not_increase: bool
    currency: str
    status: OrderStatus
    filled_quantity: PlainDecimal
    open_quantity: PlainDecimal
    average_price: PlainDecimal | None
    reasons: list[ReasonView]
    venue_text: str
    correlation_id: str
    occurred_at: datetime
    recorded_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, record: OrderRecord, reasons: list[dict[str, Any]]) -> "OrderView":
        """Show an order; `reasons` come with their sentences."""
        return cls(**_shown(record, reasons))


class OrderDetail(OrderView):
    """An order with its steps, oldest first; `next_cursor` asks for later ones, null at the end."""

    steps: list[StepView]
    next_cursor: str | None

    @classmethod
    def with_steps(
        cls,
        record: OrderRecord,
        reasons: list[dict[str, Any]],
        steps: list[Step],
        next_cursor: str | None,
    ) -> "OrderDetail":
        """Show an order and its steps."""
        shown = [StepView.of(step) for step in steps]
        return cls(**_shown(record, reasons), steps=shown, next_cursor=next_cursor)


class OrderPage(BaseModel):
    """Orders, the newest first; `next_cursor` asks for the older ones, null at the end."""

    items: list[OrderView]
    next_cursor: str | None


class CheckView(BaseModel):
    """What one capability said."""

    check: str
    accepted: bool
    reasons: list[ReasonView]


class PreviewSheet(BaseModel):
    """What every check would say to the order; nothing was reserved, written or sent."""

    accepted: bool
    reasons: list[ReasonView]
    checks: list[CheckView]


class ReconciliationBody(BaseModel):
    """The account whose books are to be compared with the venue's."""

    model_config = ConfigDict(extra="forbid")

    account_id: Identifier


class Reconciliation(BaseModel):
    """Where our books and the venue's differ; empty if they agree."""

    account_id: str
    breaks: list[dict[str, Any]]

    @classmethod
    def of(cls, account_id: str, breaks: Iterable[Mapping[str, Any]]) -> "Reconciliation":
        """Show what the workflow found, its numbers without zeros at their end."""
        return cls(account_id=account_id, breaks=[{**one, **_counts(one)} for one in breaks])


def _counts(one: Mapping[str, Any]) -> dict[str, str]:
    said = {name: one.get(name) for name in ("ours", "theirs", "venue")}
    return {
        name: f"{EXACT.normalize(Decimal(number)):f}"
        for name, number in said.items()
        if number is not None
    }


class MarkView(BaseModel):
    """The last price of an instrument."""

    instrument: str
    price: PlainDecimal
    occurred_at: datetime

    @classmethod
    def of(cls, mark: Mark) -> "MarkView":
        """Show a mark."""
        return cls(instrument=mark.instrument, price=mark.price, occurred_at=mark.occurred_at)


class VenueView(BaseModel):
    """The venue's market as far as its bars have come; no time before the first.

    next_cursor: asks for the prices of further symbols; null at the end.
    """

    venue: str
    occurred_at: datetime | None
    tape: list[MarkView]
    next_cursor: str | None

    @classmethod
    def of(cls, market: MarketView, limit: int) -> "VenueView":
        """Show the market's time and its first `limit` prices."""
        shown, last = page_of(market.marks, limit)
        return cls(
            venue=market.venue,
            occurred_at=market.occurred_at,
            tape=[MarkView.of(mark) for mark in shown],
            next_cursor=last.instrument if last else None,
        )


class KillSwitchBody(BaseModel):
    """How the switch of an account or, where none is named, of the desk is to stand, and why."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"mode": "halt", "reason": "the feed is wrong"}]},
    )

    mode: SwitchMode
    reason: Reason
    account_id: Identifier | None = None


class SwitchView(BaseModel):
    """One switch; `account_id` is null for the desk's."""

    account_id: str | None
    mode: SwitchMode
    reason: str
    set_by: str
    set_at: datetime

    @classmethod
    def of(cls, switch: Switch) -> "SwitchView":
        """Show a switch."""
        return cls(
            account_id=None if switch.scope == DESK else switch.scope,
            mode=switch.mode,
            reason=switch.reason,
            set_by=switch.set_by,
            set_at=switch.set_at,
        )


class KillSwitchView(BaseModel):
    """What holds for the desk, and every switch that the caller may see; the stricter one holds."""

    mode: SwitchMode
    items: list[SwitchView]

    @classmethod
    def of(cls, switches: list[Switch]) -> "KillSwitchView":
        """Show the switches; a desk without one is halted."""
        desk = [one.mode for one in switches if one.scope == DESK]
        return cls(
            mode=desk[0] if desk else SwitchMode.HALT,
            items=[SwitchView.of(one) for one in switches],
        )


def _shown(record: OrderRecord, reasons: list[dict[str, Any]]) -> dict[str, Any]:
    intent = record.intent
    return {
        "order_id": intent.order_id,
        "client_order_id": intent.client_order_id,
        "account_id": intent.account_id,
        "instrument": intent.instrument,
        "side": intent.side,
        "type": intent.type,
        "quantity": intent.quantity,
        "time_in_force": intent.time_in_force,
        "limit_price": intent.limit_price,
        "stop_price": intent.stop_price,
        "strategy_id": intent.strategy_id or None,
        "do_not_reduce": intent.do_not_reduce,
        "do_not_increase": intent.do_not_increase,
        "currency": intent.currency,
        "status": record.status,
        "filled_quantity": record.filled_quantity,
        "open_quantity": record.open_quantity,
        "average_price": record.average_price,
        "reasons": reasons,
        "venue_text": record.venue_text,
        "correlation_id": record.correlation_id,
        "occurred_at": intent.occurred_at,
        "recorded_at": record.recorded_at,
        "updated_at": record.updated_at,
    }

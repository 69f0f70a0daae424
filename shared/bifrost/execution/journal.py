"""The journal: every move of an order as its new state, its step and its event, together."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from bifrost.core.decisions import Reason
from bifrost.core.fills import Fill
from bifrost.core.money import EXACT, Price, Quantity, exact_product, exact_sum
from bifrost.core.orders import OrderIntent, OrderStatus
from bifrost.events import (
    Event,
    FillRecorded,
    OrderCancelled,
    OrderEnded,
    OrderExpired,
    OrderFilled,
    OrderReceived,
    OrderRefused,
    OrderRejected,
    OrderRestated,
    OrderSubmitted,
    OrderUnknown,
    fill_stream,
)
from bifrost.execution.books import Books
from bifrost.execution.lifecycle import Happening, after
from bifrost.execution.ports import Clock, Restatement
from bifrost.execution.records import Moment, OrderRecord, Step

# Never changes: an event written again after a lost commit must have the same id.
_EVENTS = UUID("0f5b8c1e-7a52-5d0b-8f6e-3b1d2c9a4e77")
_UNANSWERED = (OrderStatus.SUBMITTED, OrderStatus.UNKNOWN)
_WITHOUT_A_WORD = (*_UNANSWERED, OrderStatus.REJECTED)
_ENDS: dict[OrderStatus, type[OrderEnded]] = {
    OrderStatus.REFUSED: OrderRefused,
    OrderStatus.REJECTED: OrderRejected,
    OrderStatus.CANCELLED: OrderCancelled,
    OrderStatus.EXPIRED: OrderExpired,
    OrderStatus.FILLED: OrderFilled,
}


@dataclass(frozen=True, slots=True)
class Why:
    """What is known of why an order moved.

    reasons: the rules that refused it. text: the venue's own words. error: what our call met.
    """

    reasons: tuple[Reason, ...] = ()
    text: str = ""
    error: str = ""

    @property
    def said(self) -> dict[str, str]:
        """As its step shows it; the rules' reasons stand with the order."""
        said = {"text": self.text, "error": self.error}
        return {name: words for name, words in said.items() if words}


_FOR_NO_REASON = Why()


@dataclass(frozen=True, slots=True)
class Journal:
    """Writes what happens to orders at one venue."""

    venue: str
    clock: Clock

    def market_time(self, books: Books) -> Moment:
        """Return the market's time; before its first bar, this wall clock's, which says so."""
        return self.moment(books.market.time(self.venue))

    def moment(self, market_time: datetime | None) -> Moment:
        """Return the market's time where it is known, else this wall clock's."""
        return (
            Moment(self.clock.now(), is_market=False)
            if market_time is None
            else Moment(market_time)
        )

    def receive(self, books: Books, record: OrderRecord, when: Moment) -> OrderRecord:
        """Write the first step of an order that was just added."""
        step = Step("received", record.status, when.at, record.recorded_at, when.said)
        saved = books.orders.save(record, step)
        books.announcements.publish(
            OrderReceived(**_stamp(saved, step, "OrderReceived"), order=record.intent)
        )
        return saved

    def move(
        self,
        books: Books,
        record: OrderRecord,
        happening: Happening,
        when: Moment,
        why: Why = _FOR_NO_REASON,
    ) -> OrderRecord:
        """Write down that this happened; an order that it does not move stays as it is."""
        status = after(record.status, happening, filled=record.filled_quantity)
        if status is record.status:
            return record
        moved = replace(
            record,
            status=status,
            reasons=why.reasons or record.reasons,
            venue_text=why.text or record.venue_text,
        )
        detail = {**why.said, **when.said}
        step = Step(happening.value, status, when.at, self.clock.now(), detail)
        saved = books.orders.save(moved, step)
        books.announcements.publish(*_announce(record, saved, step))
        return saved

    def send(self, books: Books, record: OrderRecord, when: Moment) -> OrderRecord:
        """Write down that every check passed and that the order goes out; nobody is told yet."""
        status, now, steps = record.status, self.clock.now(), []
        for happening in (Happening.CHECKED, Happening.SENT):
            moved = after(status, happening)
            if moved is not status:
                steps.append(Step(happening.value, moved, when.at, now, when.said))
            status = moved
        return books.orders.save(replace(record, status=status), *steps)

    def note(
        self, books: Books, record: OrderRecord, what: str, detail: dict[str, str]
    ) -> OrderRecord:
        """Add a step that leaves the order where it stands."""
        when = self.market_time(books)
        step = Step(what, record.status, when.at, self.clock.now(), {**detail, **when.said})
        return books.orders.save(record, step)

    def restate(
        self, books: Books, record: OrderRecord, new: Restatement, when: Moment, why: Why
    ) -> OrderRecord:
        """Give an open order the terms that the venue says; one that has ended stays as it was."""
        if new.open_quantity <= 0:
            return self.move(books, record, Happening.CANCELLED, when, why)
        record = self.move(books, record, Happening.ACKNOWLEDGED, when)
        if record.status.is_terminal:
            return record
        restated = replace(record, intent=_restated(record, new), venue_text=why.text)
        detail = {**_restated_detail(restated, new), **why.said}
        step = Step("restated", record.status, when.at, self.clock.now(), detail)
        saved = books.orders.restate(restated, step)
        books.announcements.publish(
            OrderRestated(
                **_about(saved, step, "OrderRestated"),
                quantity=saved.intent.quantity,
                filled_quantity=saved.filled_quantity,
                open_before=record.open_quantity,
                limit_price=saved.intent.limit_price,
                stop_price=saved.intent.stop_price,
                action_id=new.action_id,
                step=saved.steps,
            )
        )
        return saved

    def fill(self, books: Books, record: OrderRecord, fill: Fill, sequence: int) -> OrderRecord:
        """Write a new fill down, whatever the order's state; the state follows the venue."""
        filled = record.filled_quantity + fill.quantity
        complete = filled >= record.intent.quantity
        happening = Happening.FILLED if complete else Happening.PARTLY_FILLED
        moved = replace(
            record,
            status=after(record.status, happening),
            filled_quantity=filled,
            filled_notional=exact_sum(
                (record.filled_notional, exact_product(fill.price, fill.quantity))
            ),
        )
        detail = _fill_detail(fill)
        step = Step("fill", moved.status, fill.occurred_at, self.clock.now(), detail)
        saved = books.orders.save(moved, step)
        recorded = FillRecorded(
            **_stamp(saved, step, "FillRecorded"),
            stream=fill_stream(fill.account_id),
            sequence=sequence,
            fill=fill,
            strategy_id=record.intent.strategy_id,
        )
        books.announcements.publish(recorded, *_announce(record, saved, step))
        return saved


def _announce(before: OrderRecord, now: OrderRecord, step: Step) -> tuple[Event, ...]:
    if before.status is now.status:
        return ()
    heard = before.status in _UNANSWERED and now.status not in _WITHOUT_A_WORD
    submitted = (_submitted(now, step),) if heard else ()
    return (*submitted, *_state_events(now, step))


def _submitted(now: OrderRecord, step: Step) -> OrderSubmitted:
    about = _about(now, step, "OrderSubmitted")
    return OrderSubmitted(**about, client_order_id=now.intent.client_order_id)


def _state_events(now: OrderRecord, step: Step) -> tuple[Event, ...]:
    if now.status is OrderStatus.UNKNOWN:
        about = _about(now, step, "OrderUnknown")
        return (OrderUnknown(**about, client_order_id=now.intent.client_order_id),)
    if not now.status.is_terminal:
        return ()
    kind = _ENDS[now.status]
    more: dict[str, Any] = {"filled_quantity": now.filled_quantity}
    if kind is OrderRefused:
        more["reasons"] = now.reasons
    if kind is OrderRejected:
        more["text"] = now.venue_text
    return (kind(**_about(now, step, kind.__name__), **more),)


def _about(record: OrderRecord, step: Step, kind: str) -> dict[str, Any]:
    return {
        **_stamp(record, step, kind),
        "order_id": record.order_id,
        "account_id": record.intent.account_id,
        "instrument": record.intent.instrument,
    }


def _stamp(record: OrderRecord, step: Step, kind: str) -> dict[str, Any]:
    return {
        "event_id": str(uuid5(_EVENTS, f"{record.order_id}/{record.steps}/{kind}")),
        "occurred_at": step.occurred_at,
        "recorded_at": step.recorded_at,
        "correlation_id": record.correlation_id,
    }


def _restated(record: OrderRecord, new: Restatement) -> OrderIntent:
    return replace(
        record.intent,
        instrument=new.instrument,
        quantity=Quantity(EXACT.add(record.filled_quantity, new.open_quantity)),
        limit_price=None if new.limit_price is None else Price(new.limit_price),
        stop_price=None if new.stop_price is None else Price(new.stop_price),
    )


def _restated_detail(restated: OrderRecord, new: Restatement) -> dict[str, str]:
    terms = {
        "quantity": restated.intent.quantity,
        "limit_price": new.limit_price,
        "stop_price": new.stop_price,
    }
    shown = {name: f"{term.normalize():f}" for name, term in terms.items() if term is not None}
    return {"action_id": new.action_id, "instrument": new.instrument, **shown}


def _fill_detail(fill: Fill) -> dict[str, str]:
    return {
        "execution_id": fill.execution_id,
        "quantity": format(fill.quantity.normalize(), "f"),
        "price": format(fill.price.normalize(), "f"),
        "commission": format(fill.commission, "f"),
    }

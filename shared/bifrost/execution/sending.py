"""Sending: the intent is committed, then the venue is called once, and only a look-up settles it.

ORDER_FLOW rules 1, 2 and 4. Between the commit and the call the process may die; between the call
and its answer anything may. So the order's row says `submitted` before the venue hears of it, an
answer that does not come makes it `unknown`, and the same id goes out again only after the venue
has said, past its settle time, that it has never seen it.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bifrost.core.decisions import Reason
from bifrost.core.errors import BifrostError
from bifrost.core.orders import OrderStatus
from bifrost.core.sessions import trade_date
from bifrost.execution.books import Books, Desk
from bifrost.execution.collecting import Collector
from bifrost.execution.gate import GateFacts, check, is_stopped
from bifrost.execution.journal import Journal, Why
from bifrost.execution.lifecycle import Happening
from bifrost.execution.ports import Broker, VenueOrder, VenueOrderState
from bifrost.execution.records import FIRST_FENCE, Moment, OrderRecord, SendClaim, Standing
from bifrost.execution.switches import SwitchMode

_UNANSWERED = (OrderStatus.SUBMITTED, OrderStatus.UNKNOWN)
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long something may take before somebody else looks after it, in wall time.

    lease: a sender's right to send; longer than a call to the venue that has an effect, which is
        16 s at the very most: 5 to connect, two statements of 3, 5 until silence is given up.
    settle: what the venue may need until an order that reached it can be found there.
    stuck: how long an order may stand before its workflow counts as dead.
    """

    lease: timedelta = timedelta(seconds=20)
    settle: timedelta = timedelta(seconds=10)
    stuck: timedelta = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where an order stands after a task; `unknown` while the venue has not said."""

    status: OrderStatus
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends orders to one venue, each once."""

    desk: Desk
    broker: Broker
    journal: Journal
    collector: Collector
    patience: Patience = Patience()

    def submit(self, order_id: str) -> Outcome:
        """Pass the order through the gate and send it; a repeat only looks it up."""
        with self.desk.transaction() as books:
            standing = self._lock(books, order_id)
            record, may_send = standing.record, _never
            if standing.claim is None:
                decision = check(_facts_of(books, standing))
                if not decision.accepted:
                    return self._refuse(books, standing, decision.reasons)
                record, may_send = self._claim(books, standing)
        if not may_send():
            return outcome_of(self.look_up(record))
        return outcome_of(self._send(record, FIRST_FENCE))

    def look_up(self, record: OrderRecord) -> OrderRecord:
        """Ask the venue where the order stands and write it down; no answer changes nothing."""
        try:
            state = self.broker.find(record.intent.client_order_id)
        except BifrostError as error:
            _logger.warning("the venue did not answer a look-up", extra={"error": str(error)})
            return record
        return record if state is None else self._hear(record, state, fence=None)

    def settle(self, order_id: str) -> str:
        """Settle an order that has no answer: `answered`, `waiting` or `sent_again`."""
        with self.desk.transaction() as books:
            standing = self._lock(books, order_id)
            record, claim = standing.record, standing.claim
            if record.status not in _UNANSWERED or claim is None:
                return "answered"
            record = self.journal.move(books, record, Happening.NO_ANSWER, self._time(standing))
        # Not `look_up`: only "never seen", and not a look-up that failed, allows what follows.
        asked_at = self.journal.clock.now()
        state = self.broker.find(record.intent.client_order_id)
        if state is not None:
            self._hear(record, state, fence=None)
            return "answered"
        fence = self._take_over(record, claim, asked_at)
        if fence is None:
            return "waiting"
        with self.desk.separately() as books:
            may_send = books.claims.holds(record.order_id, fence, self.journal.clock.now())
        sent = self._send(record, fence) if may_send else self.look_up(record)
        return "waiting" if sent.status in _UNANSWERED else "sent_again"

    def _lock(self, books: Books, order_id: str) -> Standing:
        return books.claims.lock(order_id, self.journal.venue, self.journal.clock.now())

    def _time(self, standing: Standing) -> Moment:
        return self.journal.moment(standing.market_time)

    def _refuse(self, books: Books, standing: Standing, reasons: tuple[Reason, ...]) -> Outcome:
        record, at = standing.record, self._time(standing)
        record = self.journal.move(books, record, Happening.REFUSED, at, Why(reasons))
        # An order cancelled before it was sent stays cancelled; to its workflow it is refused,
        # so that what was reserved for it is released.
        return Outcome(OrderStatus.REFUSED, record.reasons or reasons)

    def _claim(self, books: Books, standing: Standing) -> tuple[OrderRecord, Callable[[], bool]]:
        record = self.journal.send(books, standing.record, self._time(standing))
        now = self.journal.clock.now()
        lease_until = now + self.patience.lease
        held = books.claims.claim(record, now, lease_until)
        # The lease is asked by this clock too, once the answer is here: the database was told the
        # time from before the commit, and a commit may take long.
        return record, lambda: held() and self.journal.clock.now() < lease_until

    def _send(self, record: OrderRecord, fence: int) -> OrderRecord:
        try:
            state = self.broker.submit(to_venue_order(record))
        except Exception as error:
            # Whatever it was, it may have come after the effect.
            _logger.warning("the venue did not answer an order", extra={"error": repr(error)})
            return self.look_up(self._no_answer(record, fence, error))
        return self._hear(record, state, fence=fence)

    def _no_answer(self, record: OrderRecord, fence: int, error: Exception) -> OrderRecord:
        with self.desk.transaction() as books:
            standing = self._lock(books, record.order_id)
            if not _is_current(standing, fence):
                return standing.record
            at, why = self._time(standing), Why(error=repr(error))
            return self.journal.move(books, standing.record, Happening.NO_ANSWER, at, why)

    def _hear(
        self, record: OrderRecord, state: VenueOrderState, *, fence: int | None
    ) -> OrderRecord:
        """Write the venue's word down, unless it answers a sender who was overtaken."""
        with self.desk.transaction() as books:
            standing = self._lock(books, record.order_id)
            record = standing.record
            if fence is not None and not _is_current(standing, fence):
                return record
            books.claims.answer(record.order_id, self.journal.clock.now())
            rejected = state.status is OrderStatus.REJECTED
            happening = Happening.REJECTED if rejected else Happening.ACKNOWLEDGED
            at, why = self._time(standing), Why(text=state.text)
            record = self.journal.move(books, record, happening, at, why)
        if state.status in (OrderStatus.ACCEPTED, OrderStatus.REJECTED):
            return record
        # It is further than accepted: its reports say how it came there, with each fill.
        self.collector.collect()
        return self._read(record)

    def _take_over(
        self, record: OrderRecord, claim: SendClaim, never_seen_at: datetime
    ) -> int | None:
        if never_seen_at < max(claim.lease_until, claim.sent_at + self.patience.settle):
            return None
        now = self.journal.clock.now()
        with self.desk.transaction() as books:
            standing = self._lock(books, record.order_id)
            record = standing.record
            if record.status not in _UNANSWERED or is_stopped(_facts_of(books, standing)):
                return None
            fence = books.claims.renew(claim, now, now + self.patience.lease)
            if fence is not None:
                self.journal.note(books, record, "sent_again", {"fence": str(fence)})
            return fence

    def _read(self, record: OrderRecord) -> OrderRecord:
        with self.desk.separately() as books:
            return books.reads.find(record.order_id) or record


def _never() -> bool:
    """Say that an order which has been sent before is not sent again."""
    return False


def outcome_of(record: OrderRecord) -> Outcome:
    """Return where the order stands, as its workflow needs to know it."""
    unanswered = record.status in _UNANSWERED
    return Outcome(OrderStatus.UNKNOWN if unanswered else record.status, record.reasons)


def to_venue_order(record: OrderRecord) -> VenueOrder:
    """Return the order as the venue receives it."""
    intent = record.intent
    return VenueOrder(
        client_order_id=intent.client_order_id,
        account_id=intent.account_id,
        instrument=intent.instrument,
        side=intent.side,
        type=intent.type,
        quantity=intent.quantity,
        time_in_force=intent.time_in_force,
        currency=intent.currency,
        limit_price=intent.limit_price,
        stop_price=intent.stop_price,
        do_not_reduce=intent.do_not_reduce,
        do_not_increase=intent.do_not_increase,
        placed_at=intent.occurred_at,
    )


def _is_current(standing: Standing, fence: int) -> bool:
    return standing.claim is not None and standing.claim.fence == fence


def gate_facts(books: Books, record: OrderRecord, now: datetime) -> GateFacts:
    """Read what the gate asks of an order that is not written down."""
    symbol = record.intent.instrument
    mark = books.market.mark(symbol)
    standing = Standing(
        record=record,
        claim=None,
        market_time=None,
        instrument=books.listings.instrument(symbol),
        last_price=None if mark is None else mark.price,
        unresolved=books.exposures.unresolved(record),
        gate=books.switches.gate(record.intent.account_id, now),
    )
    return _facts_of(books, standing)


def _outdated_by(books: Books, standing: Standing) -> str:
    """Name the action that would have changed the order, had it been open when it happened."""
    intent, listed, now = standing.record.intent, standing.instrument, standing.market_time
    if listed is None or now is None:
        return ""
    placed_on, sent_on = trade_date(intent.occurred_at), trade_date(now)
    # Hardly any order is sent while an ex-date begins: the others ask nothing about actions.
    if placed_on >= sent_on:
        return ""
    happened = books.actions.happened(
        intent.instrument, intent.currency, after=placed_on, upto=sent_on
    )
    if not happened:
        return ""
    from bifrost.execution.corporate_actions import OpenOrder, adjust

    order = OpenOrder.of(intent)
    changed = (one for one in happened if adjust(order, one, listed) != order)
    return next((one.action_id for one in changed), "")


def _facts_of(books: Books, standing: Standing) -> GateFacts:
    """Add positions, only where an unknown outcome or the switch makes them matter."""
    record, intent = standing.record, standing.record.intent
    facts = GateFacts(
        order=intent,
        status=record.status,
        instrument=standing.instrument,
        gate=standing.gate,
        last_price=standing.last_price,
        unresolved=standing.unresolved,
        outdated_by=_outdated_by(books, standing),
    )
    if not standing.unresolved and standing.gate.mode is not SwitchMode.STOP_NEW:
        return facts
    return replace(
        facts,
        position=books.exposures.position(intent.account_id, intent.instrument),
        closing=books.exposures.closing(record),
    )

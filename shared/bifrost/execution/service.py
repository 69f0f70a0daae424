"""Execution's use cases for its callers: place, preview, show and refuse orders."""

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bifrost.core.codec import to_json
from bifrost.core.decisions import Decision, Reason
from bifrost.core.errors import NotFoundError, UnavailableError
from bifrost.core.orders import OrderIntent, OrderStatus
from bifrost.execution.books import Books, Desk
from bifrost.execution.gate import check
from bifrost.execution.intake import OrderRequest, check_request, to_intent
from bifrost.execution.journal import Journal, Why
from bifrost.execution.lifecycle import Happening
from bifrost.execution.ports import Workflows
from bifrost.execution.records import Account, Mark, Moment, OrderRecord, Step
from bifrost.execution.sending import Outcome, gate_facts, outcome_of
from bifrost.execution.sweeping import ORDER_FLOW, workflow_input

ORDER_PREVIEW = "order_preview"
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Placed:
    """The order that a request is; `created` says whether this call wrote it down."""

    record: OrderRecord
    created: bool


@dataclass(frozen=True, slots=True)
class MarketView:
    """The market as execution sees it; `occurred_at` is None before the first bar."""

    venue: str
    occurred_at: datetime | None
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class OrderService:
    """Orders, as their owners and their workflow handle them."""

    desk: Desk
    journal: Journal
    workflows: Workflows

    def place(self, request: OrderRequest, correlation_id: str) -> Placed:
        """Write the order down and start its workflow; the same request is the same order.

        Raises NotFoundError for an account that is not the caller's, InvalidInputError, and
        KeyReusedError where the key named another request.
        """
        with self.desk.transaction() as books:
            placed = self._write_down(books, request, correlation_id)
        if placed.created:
            self._start(placed.record)
        return placed

    def preview(self, request: OrderRequest, correlation_id: str) -> dict[str, Any]:
        """Run every check on the order and return the sheet; nothing is kept or sent."""
        with self.desk.transaction() as books:
            account = owned_account(books, request.account_id, request.owner)
            intent = self._intent(books, request, account, self.journal.market_time(books))
        given = {"order": to_json(intent), "mode": "preview", "correlation_id": correlation_id}
        return self.workflows.run(ORDER_PREVIEW, given)

    def show(
        self, order_id: str, owner: str, *, after: int = 0, limit: int = 200
    ) -> tuple[OrderRecord, list[Step]]:
        """Return the owner's order and its steps, oldest first, without the first `after`."""
        with self.desk.transaction() as books:
            record = owned_order(books, order_id, owner)
            return record, books.reads.steps(order_id, after=after, limit=limit)

    def page(
        self,
        owner: str,
        *,
        account_id: str | None = None,
        status: OrderStatus | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> list[OrderRecord]:
        """Return the owner's orders, the newest first."""
        with self.desk.transaction() as books:
            if account_id is not None:
                owned_account(books, account_id, owner)
            return books.reads.page(
                owner, account_id=account_id, status=status, before=before, limit=limit
            )

    def require_order(self, order_id: str, owner: str) -> None:
        """Raise NotFoundError unless the order is the owner's."""
        with self.desk.transaction() as books:
            owned_order(books, order_id, owner)

    def require_account(self, account_id: str, owner: str) -> None:
        """Raise NotFoundError unless the account is the owner's."""
        with self.desk.transaction() as books:
            owned_account(books, account_id, owner)

    def market(self, *, after: str = "", limit: int = 200) -> MarketView:
        """Return the market's time and the last prices of the symbols past `after`."""
        with self.desk.transaction() as books:
            occurred_at = books.market.time(self.journal.venue)
            marks = books.market.marks(after=after, limit=limit)
            return MarketView(self.journal.venue, occurred_at, tuple(marks))

    def check_gate(self, intent: OrderIntent) -> Decision:
        """Ask the last gate about an order that nobody has placed; nothing is written."""
        now = self.journal.clock.now()
        record = OrderRecord(intent, OrderStatus.RECEIVED, "", now, now)
        with self.desk.transaction() as books:
            return check(gate_facts(books, record, now))

    def refuse(self, order_id: str, reasons: tuple[Reason, ...]) -> Outcome:
        """End an order that a check refused; one that was sent, or has ended, stays."""
        with self.desk.transaction() as books:
            record = books.orders.lock(order_id)
            at = self.journal.market_time(books)
            record = self.journal.move(books, record, Happening.REFUSED, at, Why(reasons))
        return outcome_of(record)

    def _write_down(self, books: Books, request: OrderRequest, correlation_id: str) -> Placed:
        account = owned_account(books, request.account_id, request.owner)
        known = books.reads.find(request.order_id)
        when = self.journal.market_time(books)
        # A known order is not checked again: its instrument's terms may have changed since.
        intent = self._intent(books, request, account, when) if known is None else known.intent
        now = self.journal.clock.now()
        record = OrderRecord(intent, OrderStatus.RECEIVED, correlation_id, now, now)
        existing = books.orders.add(record, key=request.key, body=request.body())
        if existing is not None:
            return Placed(existing, created=False)
        return Placed(self.journal.receive(books, record, when), created=True)

    def _intent(
        self, books: Books, request: OrderRequest, account: Account, when: Moment
    ) -> OrderIntent:
        listed = books.listings.instrument(request.instrument)
        named = books.listings.strategy(request.strategy_id) if request.strategy_id else None
        instrument = check_request(request, account, listed, named)
        return to_intent(request, instrument.currency, when.at)

    def _start(self, record: OrderRecord) -> None:
        try:
            self.workflows.start(ORDER_FLOW, record.order_id, workflow_input(record))
        except UnavailableError as error:
            # The order is safe in its row; the sweeper starts what did not start.
            _logger.warning("the order's workflow waits", extra={"error": str(error)})


def owned_account(books: Books, account_id: str, owner: str) -> Account:
    """Return the owner's account; somebody else's is as if it did not exist."""
    account = books.listings.account(account_id)
    if account is None or account.owner != owner:
        raise NotFoundError(f"there is no account {account_id}")
    return account


def owned_order(books: Books, order_id: str, owner: str) -> OrderRecord:
    """Return the owner's order; somebody else's is as if it did not exist."""
    record = books.reads.find(order_id)
    if record is None or record.intent.owner != owner:
        raise NotFoundError(f"there is no order {order_id}")
    return record

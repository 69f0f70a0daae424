"""Cancelling: before it is sent an order is ours to end; after that only the venue ends it."""

import logging
from dataclasses import dataclass

from bifrost.core.errors import BifrostError, ConflictError
from bifrost.core.orders import OrderStatus
from bifrost.execution.books import Desk
from bifrost.execution.collecting import Collector
from bifrost.execution.journal import Journal
from bifrost.execution.lifecycle import Happening
from bifrost.execution.ports import Broker
from bifrost.execution.records import OrderRecord
from bifrost.execution.sending import Sender

_UNANSWERED = (OrderStatus.SUBMITTED, OrderStatus.UNKNOWN)
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Canceller:
    """Ends orders at their owner's word."""

    desk: Desk
    broker: Broker
    journal: Journal
    collector: Collector
    sender: Sender

    def cancel(self, order_id: str) -> OrderRecord:
        """Cancel what is open and return the order; a cancelled one comes back as it is.

        Raises ConflictError where it has ended otherwise, or where the venue has not yet said
        whether it has the order.
        """
        record = self._ask(order_id)
        if record.status in _UNANSWERED:
            self.sender.look_up(record)
            record = self._ask(order_id)
        if record.status in _UNANSWERED:
            raise ConflictError(
                f"order {order_id} is {record.status}: the venue has not answered;"
                " cancel it once its outcome is known"
            )
        if record.status is OrderStatus.PENDING_CANCEL:
            return self.press(record)
        return record

    def press(self, record: OrderRecord) -> OrderRecord:
        """Ask the venue to cancel, again if need be, and read what came of it."""
        try:
            self.broker.cancel(record.intent.client_order_id)
            self.collector.collect()
        except BifrostError as error:
            # It stays pending: the sweeper asks again, and only the venue's word ends it.
            _logger.warning("the venue did not answer a cancel", extra={"error": str(error)})
        with self.desk.transaction() as books:
            return books.reads.find(record.order_id) or record

    def _ask(self, order_id: str) -> OrderRecord:
        with self.desk.transaction() as books:
            record = books.orders.lock(order_id)
            if record.status.is_terminal and record.status is not OrderStatus.CANCELLED:
                raise ConflictError(
                    f"order {order_id} has ended: it is {record.status}, nothing is left to cancel"
                )
            at = self.journal.market_time(books)
            record = self.journal.move(books, record, Happening.WITHDRAWN, at)
            return self.journal.move(books, record, Happening.CANCEL_ASKED, at)

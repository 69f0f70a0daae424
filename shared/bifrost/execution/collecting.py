"""Collecting: what the venue reports becomes fills, states and events, in the venue's order.

The venue is asked first. Then one reader at a time holds the venue's cursor, which moves with what
was applied, so a report is applied once and none is passed over. Nothing of ours is locked while
the venue is asked, but for a bar: its price and its fills are one transaction. Nobody else turns
a report into a state, or into an order's new terms.
"""

import logging
from dataclasses import dataclass

from bifrost.core.fills import Fill
from bifrost.core.money import Price, Quantity
from bifrost.execution.books import Books, Desk
from bifrost.execution.journal import Journal, Why
from bifrost.execution.lifecycle import Happening
from bifrost.execution.ports import Broker, ExecutionReport, ReportKind
from bifrost.execution.records import Moment, OrderRecord

BATCH = 200

_HAPPENINGS = {
    ReportKind.CANCELLED: Happening.CANCELLED,
    ReportKind.EXPIRED: Happening.EXPIRED,
    ReportKind.REJECTED: Happening.REJECTED,
}
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Collector:
    """Reads one venue's reports."""

    desk: Desk
    broker: Broker
    journal: Journal

    def collect(self) -> int:
        """Apply every report that waits; return how many there were."""
        collected = 0
        while read := self._collect_batch():
            collected += read
            if read < BATCH:
                break
        return collected

    def _collect_batch(self) -> int:
        venue = self.broker.venue
        with self.desk.separately() as books:
            seen = books.reports.cursor(venue)
        reports = self.broker.reports_after(seen, BATCH)
        if not reports:
            return 0
        with self.desk.transaction() as books:
            applied = books.reports.lock_cursor(venue)
            for report in reports:
                if report.sequence > applied:
                    self._apply(books, report)
            books.reports.move_cursor(venue, max(applied, reports[-1].sequence))
        return len(reports)

    def _apply(self, books: Books, report: ExecutionReport) -> None:
        record = books.orders.lock_by_client_id(report.client_order_id)
        if record is None:
            books.reports.keep_unmatched(self.broker.venue, report, self.journal.clock.now())
            _logger.error(
                "the venue reports on an order that is not ours",
                extra={"client_order_id": report.client_order_id, "report": report.sequence},
            )
            return
        books.claims.answer(record.order_id, self.journal.clock.now())
        if report.kind is ReportKind.TRADE:
            self._apply_trade(books, record, report)
            return
        when, why = Moment(report.occurred_at), Why(text=report.text)
        if report.restatement is not None:
            self.journal.restate(books, record, report.restatement, when, why)
            return
        self.journal.move(books, record, _HAPPENINGS[report.kind], when, why)

    def _apply_trade(self, books: Books, record: OrderRecord, report: ExecutionReport) -> None:
        fill = _to_fill(self.broker.venue, record, report)
        now = self.journal.clock.now()
        sequence = books.fills.add(fill, report_sequence=report.sequence, now=now)
        if sequence is not None:
            self.journal.fill(books, record, fill, sequence)


def _to_fill(venue: str, record: OrderRecord, report: ExecutionReport) -> Fill:
    intent = record.intent
    return Fill(
        venue=venue,
        execution_id=report.execution_id,
        order_id=intent.order_id,
        account_id=intent.account_id,
        # As it was traded: a correction may have renamed the order since.
        instrument=report.instrument or intent.instrument,
        side=intent.side,
        quantity=Quantity(report.quantity),
        price=Price(report.price),
        commission=report.commission,
        currency=intent.currency,
        occurred_at=report.occurred_at,
    )

"""Reconciling: our orders and fills are held against the venue's, since they last agreed.

The venue is asked first and its reports are collected after, so that all that it states has been
applied here. What we find is written down as breaks; nothing else is written, here or there.
"""

from dataclasses import dataclass

from bifrost.core.breaks import Compared, is_settled
from bifrost.core.errors import NotFoundError
from bifrost.execution.books import Desk
from bifrost.execution.collecting import Collector
from bifrost.execution.ports import Clock, ExecutionReport, VenueRecords
from bifrost.execution.reconciliation import (
    Difference,
    TradeSaid,
    agreed_up_to,
    compare_fills,
    compare_orders,
)

# One question to the venue; a comparison asks as often as there are more.
PAGE = 500


@dataclass(frozen=True, slots=True)
class Reconciler:
    """Holds execution's books against one venue's."""

    desk: Desk
    records: VenueRecords
    collector: Collector
    clock: Clock

    def reconcile(self, account_id: str, *, is_final: bool = True) -> Compared:
        """Compare the account's orders and fills, and return what is open.

        is_final: write what is new down; otherwise it is left to the comparison that follows.
        """
        with self.desk.transaction() as books:
            if books.listings.account(account_id) is None:
                raise NotFoundError(f"there is no account {account_id}")
            agreed = books.comparisons.agreed(account_id)
        asked_at = self.clock.now()
        working = self.records.working(account_id)
        self.collector.collect()
        with self.desk.transaction() as books:
            named = [one.client_order_id for one in working.orders]
            ours = books.evidence.orders(account_id, named)
        found = [*compare_orders(account_id, ours, working.orders, asked_at)]
        fills, agreed = self._compare_fills(account_id, agreed, working.last_report)
        found += fills
        with self.desk.transaction() as books:
            known = books.evidence.open_breaks(account_id)
            settled = is_settled(((one.kind, one.subject) for one in found), known)
            if not settled and not is_final:
                return Compared(tuple(known), is_settled=False)
            books.comparisons.agree(account_id, agreed)
            left = books.evidence.see(account_id, found, self.clock.now())
        return Compared(tuple(left), is_settled=True)

    def _compare_fills(
        self, account_id: str, agreed: int, upto: int
    ) -> tuple[list[Difference], int]:
        """Return the differences past `agreed`, and up to where there are none."""
        found: list[Difference] = []
        after, has_more = agreed, agreed < upto
        while has_more:
            page = self.records.trades(account_id, after=after, upto=upto, limit=PAGE)
            has_more = len(page) == PAGE
            end = page[-1].sequence if has_more else upto
            with self.desk.transaction() as books:
                kept = books.evidence.trades(account_id, self.records.venue, after=after, upto=end)
            ours = {one.execution_id: one for one in kept}
            theirs = {one.execution_id: _said(one) for one in page}
            differing = compare_fills(ours, theirs)
            if not found:
                agreed = agreed_up_to(end, differing, ours, theirs)
            found += differing
            after = end
        return found, agreed


def _said(report: ExecutionReport) -> TradeSaid:
    return TradeSaid(
        execution_id=report.execution_id,
        client_order_id=report.client_order_id,
        quantity=report.quantity,
        price=report.price,
        commission=report.commission,
        report=report.sequence,
    )

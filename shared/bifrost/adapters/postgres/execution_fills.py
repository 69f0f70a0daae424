"""Fills, exposures and the venue's reports in Postgres."""

import json
from datetime import datetime
from decimal import Decimal

from bifrost.adapters.postgres.database import Statements
from bifrost.adapters.postgres.execution_actions import position_of
from bifrost.core.codec import to_json
from bifrost.core.fills import Fill
from bifrost.execution.ports import ExecutionReport
from bifrost.execution.records import OrderRecord

OPEN = "status NOT IN ('filled', 'cancelled', 'expired', 'rejected', 'refused')"
_INSERT = """
INSERT INTO execution.fills (
    venue, execution_id, order_id, account_id, sequence, report_sequence, instrument, side,
    quantity, price, commission, currency, occurred_at, recorded_at)
VALUES (
    %(venue)s, %(execution_id)s, %(order_id)s, %(account_id)s, %(sequence)s,
    %(report_sequence)s, %(instrument)s, %(side)s, %(quantity)s, %(price)s, %(commission)s,
    %(currency)s, %(occurred_at)s, %(recorded_at)s)
"""


class PostgresFills:
    """Fills, through one cursor whose transaction holds the account's lock."""

    def __init__(self, statements: Statements) -> None:
        self._statements = statements

    def add(self, fill: Fill, *, report_sequence: int, now: datetime) -> int | None:
        """Keep the fill and return its number in the account; None where it is known."""
        known = self._statements.execute(
            "SELECT 1 FROM execution.fills WHERE venue = %s AND execution_id = %s",
            (fill.venue, fill.execution_id),
        ).fetchone()
        if known is not None:
            return None
        row = self._statements.execute(
            "UPDATE execution.accounts SET fill_sequence = fill_sequence + 1"
            " WHERE account_id = %s RETURNING fill_sequence",
            (fill.account_id,),
        ).fetchone()
        if row is None:  # an order refers to it
            raise AssertionError(f"account {fill.account_id} has vanished")
        sequence = int(row["fill_sequence"])
        counted = {"sequence": sequence, "report_sequence": report_sequence, "recorded_at": now}
        self._statements.execute(_INSERT, {**to_json(fill), **counted})
        return sequence

    def sequence_at(self, account_id: str, venue: str, report_sequence: int) -> int:
        """Return the account's last fill that the venue reported up to that report."""
        row = self._statements.execute(
            "SELECT coalesce(max(sequence), 0) AS last FROM execution.fills"
            " WHERE account_id = %s AND venue = %s AND report_sequence <= %s",
            (account_id, venue, report_sequence),
        ).fetchone()
        return 0 if row is None else int(row["last"])


class PostgresExposures:
    """An account's other orders in an instrument, through one cursor."""

    def __init__(self, statements: Statements) -> None:
        self._statements = statements

    def unresolved(self, order: OrderRecord) -> bool:
        """Say whether another order of the account and instrument is `unknown`."""
        row = self._statements.execute(
            "SELECT 1 FROM execution.orders WHERE account_id = %s AND instrument = %s"
            f" AND {OPEN} AND status = 'unknown' AND order_id <> %s LIMIT 1",
            (order.intent.account_id, order.intent.instrument, order.order_id),
        ).fetchone()
        return row is not None

    def position(self, account_id: str, instrument: str) -> Decimal:
        """Return the signed quantity of the account's fills, after corporate actions."""
        return position_of(self._statements, account_id, instrument)

    def closing(self, order: OrderRecord) -> Decimal:
        """Return the open quantity of the account's other orders on this order's side."""
        intent = order.intent
        row = self._statements.execute(
            "SELECT coalesce(sum(quantity - filled_quantity), 0) AS open FROM execution.orders"
            " WHERE account_id = %s AND instrument = %s AND side = %s AND order_id <> %s"
            f" AND {OPEN}",
            (intent.account_id, intent.instrument, intent.side, intent.order_id),
        ).fetchone()
        return Decimal(0) if row is None else Decimal(row["open"])


class PostgresReportLog:
    """How far the venue's reports have been read, through one cursor."""

    def __init__(self, statements: Statements) -> None:
        self._statements = statements

    def cursor(self, venue: str) -> int:
        """Return the last report applied, 0 before the first, and lock nothing."""
        row = self._statements.execute(
            "SELECT last_sequence FROM execution.venue_cursor WHERE venue = %s", (venue,)
        ).fetchone()
        return 0 if row is None else int(row["last_sequence"])

    def lock_cursor(self, venue: str) -> int:
        """Lock the cursor and return the last report applied; one reader at a time."""
        self._statements.execute(
            "INSERT INTO execution.venue_cursor (venue, last_sequence) VALUES (%s, 0)"
            " ON CONFLICT DO NOTHING",
            (venue,),
        )
        row = self._statements.execute(
            "SELECT last_sequence FROM execution.venue_cursor WHERE venue = %s FOR UPDATE",
            (venue,),
        ).fetchone()
        if row is None:  # inserted above in the same transaction
            raise AssertionError(f"the cursor of {venue} has vanished")
        return int(row["last_sequence"])

    def move_cursor(self, venue: str, sequence: int) -> None:
        """Note that everything up to `sequence` is applied."""
        self._statements.execute(
            "UPDATE execution.venue_cursor SET last_sequence = %s WHERE venue = %s",
            (sequence, venue),
        )

    def keep_unmatched(self, venue: str, report: ExecutionReport, now: datetime) -> None:
        """Keep a report on an order that we do not know, for a person to look at."""
        self._statements.execute(
            "INSERT INTO execution.unmatched_reports"
            " (venue, sequence, client_order_id, report, recorded_at)"
            " VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            (venue, report.sequence, report.client_order_id, json.dumps(to_json(report)), now),
        )

"""Comparisons with the venue in Postgres: our side, the breaks, and how far each account is."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from bifrost.adapters.postgres.database import Row, Statements
from bifrost.adapters.postgres.execution_fills import OPEN
from bifrost.core.breaks import Break
from bifrost.core.orders import OrderStatus, Side
from bifrost.core.statements import StatedOrder
from bifrost.execution.comparison_books import Due
from bifrost.execution.halting import BreakLimits
from bifrost.execution.reconciliation import OWNER, Difference, OwnOrder, TradeSaid

_ORDER = """
SELECT client_order_id, account_id, instrument, side, quantity, filled_quantity, status, updated_at
FROM execution.orders
"""
_ORDERS = f"""
{_ORDER} WHERE account_id = %(account_id)s AND {OPEN}
UNION
{_ORDER} WHERE client_order_id = ANY(%(named)s)
"""
_TRADES = """
SELECT f.execution_id, o.client_order_id, f.quantity, f.price, f.commission,
    f.report_sequence AS report
FROM execution.fills f JOIN execution.orders o USING (order_id)
WHERE f.account_id = %s AND f.venue = %s AND f.report_sequence > %s AND f.report_sequence <= %s
"""
_SEE = """
WITH seen AS (
    SELECT * FROM unnest(%(kinds)s::text[], %(subjects)s::text[], %(ours)s::numeric[],
        %(theirs)s::numeric[], %(causes)s::text[], %(details)s::text[])
        AS seen (kind, subject, ours, theirs, cause, detail)
), closed AS (
    UPDATE execution.breaks b SET closed_at = %(at)s
    WHERE b.account_id = %(account_id)s AND b.closed_at IS NULL
        AND NOT EXISTS (
            SELECT 1 FROM seen WHERE seen.kind = b.kind AND seen.subject = b.subject)
)
INSERT INTO execution.breaks
    (account_id, kind, subject, ours, theirs, cause, owner, detail, first_seen, last_seen)
SELECT %(account_id)s, kind, subject, ours, theirs, cause, %(owner)s, detail, %(at)s, %(at)s
FROM seen
ON CONFLICT (account_id, kind, subject) WHERE closed_at IS NULL DO UPDATE
SET ours = EXCLUDED.ours, theirs = EXCLUDED.theirs, cause = EXCLUDED.cause,
    detail = EXCLUDED.detail, last_seen = EXCLUDED.last_seen
"""
_BREAKS = """
SELECT account_id, 'execution' AS book, kind, subject, ours, theirs, first_seen, last_seen, cause,
    owner, detail
FROM execution.breaks WHERE account_id = %s AND closed_at IS NULL ORDER BY break_id
"""
# Two minutes are longer than a comparison lasts, and each look that came to nothing doubles them.
_CLAIM_DUE = """
WITH due AS (
    SELECT c.account_id FROM execution.comparisons c JOIN execution.accounts a USING (account_id)
    WHERE a.fill_sequence > c.claimed_fill
            AND (c.claimed_at IS NULL OR c.ended_at IS NOT NULL)
        OR c.claimed_at IS NOT NULL AND c.ended_at IS NULL
            AND c.claimed_at <= %(now)s - interval '2 minutes' * 2 ^ least(c.looks, 5)
        OR NOT c.is_clean AND c.ended_at <= %(now)s - interval '1 minute' * 2 ^ least(c.looks, 6)
    ORDER BY c.claimed_at NULLS FIRST LIMIT %(limit)s FOR NO KEY UPDATE OF c SKIP LOCKED
)
UPDATE execution.comparisons c SET claimed_fill = a.fill_sequence, claims = c.claims + 1,
    claimed_at = %(now)s, ended_at = NULL, looks = c.looks + 1
FROM due JOIN execution.accounts a USING (account_id)
WHERE c.account_id = due.account_id
RETURNING c.account_id, c.claimed_fill AS fill_sequence, c.claims
"""
_END = """
UPDATE execution.comparisons SET ended_at = %(now)s, is_clean = %(is_clean)s,
    looks = CASE WHEN %(is_clean)s THEN 0 ELSE looks END
WHERE account_id = %(account_id)s
"""
_LIMITS = """
SELECT cash_max, position_notional_max, stands_seconds FROM execution.break_limits
WHERE effective_from <= %s ORDER BY effective_from DESC LIMIT 1
"""
_BEGIN_SESSION = """
INSERT INTO execution.reconciliation_round AS round (stamp, after, session)
VALUES (%(stamp)s, '', %(session)s)
ON CONFLICT (is_the_one) DO UPDATE
SET stamp = excluded.stamp, after = '', session = excluded.session
WHERE round.session IS NULL OR round.session < excluded.session
"""


class PostgresEvidence:
    """Our orders and fills, and the breaks."""

    def __init__(self, statements: Statements) -> None:
        self._statements = statements

    def orders(self, account_id: str, named: Sequence[str]) -> list[OwnOrder]:
        """Return the account's open orders, and those of any account with these ids."""
        values = {"account_id": account_id, "named": list(named)}
        return [_own(row) for row in self._statements.execute(_ORDERS, values).fetchall()]

    def trades(self, account_id: str, venue: str, *, after: int, upto: int) -> list[TradeSaid]:
        """Return the account's fills that the venue reported after `after` and up to `upto`."""
        rows = self._statements.execute(_TRADES, (account_id, venue, after, upto)).fetchall()
        return [TradeSaid(**row) for row in rows]

    def open_breaks(self, account_id: str) -> list[Break]:
        """Return the open breaks, the oldest first."""
        rows = self._statements.execute(_BREAKS, (account_id,)).fetchall()
        return [Break(**row) for row in rows]

    def see(self, account_id: str, found: Sequence[Difference], at: datetime) -> list[Break]:
        """Write what is seen now, close what is not, and return every open break."""
        self._statements.execute(
            _SEE,
            {
                "account_id": account_id,
                "at": at,
                "owner": OWNER,
                "kinds": [one.kind.value for one in found],
                "subjects": [one.subject for one in found],
                "ours": [one.ours for one in found],
                "theirs": [one.theirs for one in found],
                "causes": [one.cause.value for one in found],
                "details": [one.detail for one in found],
            },
        )
        return self.open_breaks(account_id)


class PostgresComparisons:
    """How far each account has been compared."""

    def __init__(self, statements: Statements) -> None:
        self._statements = statements

    def agreed(self, account_id: str) -> int:
        """Return the venue's report up to which the account's fills have agreed."""
        query = "SELECT agreed_report FROM execution.comparisons WHERE account_id = %s"
        row = self._statements.execute(query, (account_id,)).fetchone()
        return 0 if row is None else int(row["agreed_report"])

    def agree(self, account_id: str, report: int) -> None:
        """Note that they agree up to there; never backwards."""
        self._statements.execute(
            "UPDATE execution.comparisons SET agreed_report = %(report)s"
            " WHERE account_id = %(account_id)s AND agreed_report < %(report)s",
            {"account_id": account_id, "report": report},
        )

    def claim_due(self, now: datetime, limit: int) -> list[Due]:
        """Claim accounts that must be compared now: one comparison of each at a time."""
        values = {"now": now, "limit": limit}
        rows = self._statements.execute(_CLAIM_DUE, values).fetchall()
        return [Due(**row) for row in rows]

    def end(self, account_id: str, *, is_clean: bool, now: datetime) -> None:
        """Note that a comparison ended, and whether it left anything that may pass."""
        values = {"account_id": account_id, "is_clean": is_clean, "now": now}
        self._statements.execute(_END, values)

    def limits(self, now: datetime) -> BreakLimits | None:
        """Return how large a break may be; None where nothing is in force."""
        row = self._statements.execute(_LIMITS, (now,)).fetchone()
        return None if row is None else BreakLimits(**row)

    def prices(self, instruments: Sequence[str]) -> dict[str, Decimal]:
        """Return the last prices of those that have one."""
        query = "SELECT instrument, price FROM execution.marks WHERE instrument = ANY(%s)"
        rows = self._statements.execute(query, (list(instruments),)).fetchall()
        return {row["instrument"]: row["price"] for row in rows}

    def begin_session(self, session: date) -> None:
        """Begin a round of every account, unless this session or a later one has begun one."""
        values = {"stamp": f"session-{session}", "session": session}
        self._statements.execute(_BEGIN_SESSION, values)


def _own(row: Row) -> OwnOrder:
    status = OrderStatus(row["status"])
    left = Decimal(0) if status.is_terminal else row["quantity"] - row["filled_quantity"]
    stated = StatedOrder(
        client_order_id=row["client_order_id"],
        instrument=row["instrument"],
        side=Side(row["side"]),
        left=left,
        status=status,
    )
    return OwnOrder(stated, row["account_id"], row["updated_at"])

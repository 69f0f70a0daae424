"""What strategies held at the close of each session, and what their trades moved since the last.

A strategy has no balances: its positions are summed from its entries, at the prices of each
close. What its trades and its issuers' acts paid and brought is the other side of the same
entries, so worth and flows add up to its P&L. A transaction and what reverses it are one: a
correction writes both at the instant of the fill that it is about.
"""

from typing import Any

from bifrost.adapters.postgres.database import Row
from bifrost.adapters.postgres.portfolio_strategies import OWN, UNATTRIBUTED, WHOSE
from bifrost.portfolio.ledger import CAPITAL
from bifrost.portfolio.performance import Scope, StrategySession
from bifrost.portfolio.pnl import POSITIONS

# The account's cash and dues, and what came into it from outside: no part of the strategy.
_IS_OUTSIDE = (
    "(starts_with(ledger_account, 'assets:') OR starts_with(ledger_account, 'liabilities:')"
    f" OR ledger_account = '{CAPITAL}') AND NOT is_position"
)

STRATEGY_SESSIONS = f"""
WITH RECURSIVE books AS (
    SELECT account_id FROM portfolio.portfolios
    WHERE kind = 'portfolio' AND account_id = ANY(%(accounts)s)
), {WHOSE}lines AS MATERIALIZED (
    SELECT coalesce(t.reverses, t.transaction_id) AS root, b.ledger_account,
        CASE WHEN t.is_market_time THEN t.occurred_at ELSE '-infinity' END AS at,
        starts_with(b.ledger_account, '{POSITIONS}') AS is_position,
        b.instrument, b.currency, b.amount, b.quantity
    FROM portfolio.ledger_transactions t {OWN}
), days AS (
    (SELECT session, occurred_at AS until FROM portfolio.marks
    WHERE occurred_at >= (SELECT min(at) FROM lines)
    ORDER BY session DESC, occurred_at DESC LIMIT 1)
    UNION ALL
    SELECT before.* FROM days d CROSS JOIN LATERAL (
        SELECT session, occurred_at FROM portfolio.marks
        WHERE session < d.session AND occurred_at >= (SELECT min(at) FROM lines)
        ORDER BY session DESC, occurred_at DESC LIMIT 1
    ) before
), ends AS MATERIALIZED (
    SELECT row_number() OVER (ORDER BY until) AS n, session, until FROM days
), closes AS MATERIALIZED (
    SELECT array_agg(until ORDER BY until) AS ats FROM ends
), dated AS MATERIALIZED (
    SELECT width_bucket(at - interval '1 microsecond', ats) + 1 AS n, {_IS_OUTSIDE} AS is_outside,
        currency = %(currency)s AS is_own, lines.*
    FROM lines, closes
), paid AS (
    SELECT n, root, -sum(amount) AS amount FROM dated WHERE is_outside AND is_own GROUP BY n, root
), flows AS (
    SELECT n, sum(greatest(amount, 0)) AS bought, sum(greatest(-amount, 0)) AS taken
    FROM paid GROUP BY n
), moved AS (
    SELECT n, currency, is_own, CASE WHEN is_position THEN instrument ELSE '' END AS instrument,
        coalesce(sum(quantity), 0) AS quantity, sum(amount) AS amount
    FROM dated WHERE is_position OR is_outside AND NOT is_own
    GROUP BY n, currency, is_own, 4
), spans AS (
    SELECT instrument, currency, is_own, n AS first, lead(n) OVER since AS next,
        sum(quantity) OVER since AS quantity, sum(amount) OVER since AS amount
    FROM moved WINDOW since AS (PARTITION BY instrument, currency ORDER BY n)
), held AS (
    SELECT e.n, s.instrument, s.currency, s.is_own, s.quantity, m.price
    FROM spans s JOIN ends e ON e.n >= s.first AND e.n < coalesce(s.next, e.n + 1)
    LEFT JOIN LATERAL (
        SELECT price FROM portfolio.marks
        WHERE instrument = s.instrument AND currency = s.currency AND occurred_at <= e.until
            AND s.quantity <> 0
        ORDER BY occurred_at DESC LIMIT 1
    ) m ON true
    WHERE s.quantity <> 0 OR s.amount <> 0 AND NOT s.is_own
), worths AS (
    SELECT n, sum(price * quantity) FILTER (WHERE is_own) AS worth,
        array_agg(DISTINCT instrument) FILTER (WHERE quantity <> 0 AND price IS NULL) AS unpriced,
        array_agg(DISTINCT currency) FILTER (WHERE NOT is_own) AS unrated,
        array_agg(DISTINCT instrument) FILTER (WHERE quantity < 0) AS short
    FROM held GROUP BY n
), shared (n, until, name, instrument, currency, part, amount, quantity) AS ({UNATTRIBUTED}
), unknown AS (
    SELECT n, array_agg(DISTINCT instrument) AS unattributed FROM shared GROUP BY n
)
SELECT session, coalesce(worth, 0) AS worth, coalesce(bought, 0) AS bought,
    coalesce(taken, 0) AS taken, unpriced, unrated, unattributed, short
FROM ends LEFT JOIN flows USING (n) LEFT JOIN worths USING (n) LEFT JOIN unknown USING (n)
ORDER BY n
"""


def values_of(scope: Scope) -> dict[str, Any]:
    """Say what the statement is asked."""
    return {
        "accounts": list(scope.accounts),
        "strategies": list(scope.strategies),
        "currency": scope.currency,
    }


def to_strategy_session(row: Row) -> StrategySession:
    """Read a row; a worth of which something is missing is unknown."""
    unpriced = frozenset({*(row["unpriced"] or ()), *(row["unrated"] or ())})
    unattributed = frozenset(row["unattributed"] or ())
    return StrategySession(
        session=row["session"],
        worth=None if unpriced or unattributed else row["worth"],
        bought=row["bought"],
        taken=row["taken"],
        unpriced=unpriced,
        unattributed=unattributed,
        short=frozenset(row["short"] or ()),
    )

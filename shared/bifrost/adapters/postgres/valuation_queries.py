"""What accounts held at the close of sessions, from their balances less what came after.

Text for the statements of who records valuations and of who reads them. Days and entries are
never joined, only sorted: what was booked before the first of the days costs nothing.
"""

# From where on an account counts. What is stamped with wall time, since no bar had been seen,
# belongs to every session; it can only be the first that was booked.
SINCE = """(
    SELECT CASE WHEN first.is_market_time THEN (
        SELECT min(occurred_at) FROM portfolio.ledger_transactions WHERE account_id = {account}
    ) ELSE '-infinity' END
    FROM portfolio.ledger_transactions first
    WHERE first.account_id = {account} ORDER BY first.position LIMIT 1
)"""

# The first transaction whose prices have not been seen. A database that was restored from a dump
# counts its transactions anew.
UNSEEN = """CASE
    WHEN p.heard_in > pg_snapshot_xmin(pg_current_snapshot())::text::bigint THEN 0
    ELSE p.heard_in END"""

# Prices heard since. The upper bound is every number's: to the planner a range is few rows, and
# these nearly always are none. OFFSET keeps it from looking through each instrument's instead.
LATE_MARKS = """(
    SELECT instrument, session, occurred_at, heard_in FROM portfolio.marks
    WHERE heard_in BETWEEN {since} AND 9223372036854775807 OFFSET 0
)"""

# From where on what is recorded no longer stands: transactions and prices that came after, for
# before.
LATE_SINCE = f"""least((
    SELECT min(CASE WHEN t.is_market_time THEN t.occurred_at ELSE '-infinity' END)
    FROM portfolio.ledger_transactions t
    WHERE t.account_id = p.account_id AND t.position > p.ledger_position
        AND (t.occurred_at <= p.occurred_at OR NOT t.is_market_time)
), (
    SELECT min(m.occurred_at) FROM {LATE_MARKS.format(since=UNSEEN)} m
    WHERE m.session <= p.session AND EXISTS (
        SELECT 1 FROM portfolio.balances b
        WHERE b.account_id = p.account_id AND b.instrument = m.instrument
    )
))"""

# Of `pairs (account_id, session, at)`: `held`, what the account held then, at the prices of then.
HELD = """
ats AS (
    SELECT account_id, array_agg(at ORDER BY at) AS ats FROM pairs GROUP BY account_id
), later AS (
    SELECT t.account_id, a.ats[width_bucket(t.occurred_at - interval '1 microsecond', a.ats)] AS at,
        e.ledger_account, e.instrument, e.currency,
        sum(e.amount) AS amount, sum(e.quantity) AS quantity
    FROM ats a
    JOIN portfolio.ledger_transactions t
        ON t.account_id = a.account_id AND t.is_market_time AND t.occurred_at > a.ats[1]
    JOIN portfolio.ledger_entries e USING (transaction_id)
    GROUP BY 1, 2, 3, 4, 5
), lines AS (
    SELECT p.account_id, p.session, p.at, b.ledger_account, b.instrument, b.currency,
        b.amount, b.quantity, 0 AS later_amount, 0 AS later_quantity
    FROM pairs p JOIN portfolio.balances b USING (account_id)
    UNION ALL
    SELECT account_id, NULL, at, ledger_account, instrument, currency, NULL, NULL,
        amount, coalesce(quantity, 0)
    FROM later
), summed AS MATERIALIZED (
    SELECT account_id, session, at, ledger_account, instrument, currency,
        amount - sum(later_amount) OVER since AS amount,
        quantity - sum(later_quantity) OVER since AS quantity
    FROM lines
    WINDOW since AS (
        PARTITION BY account_id, ledger_account, instrument, currency ORDER BY at DESC
    )
), held AS (
    SELECT h.*, m.price AS market_price, m.occurred_at AS marked_at
    FROM summed h
    LEFT JOIN LATERAL (
        SELECT price, occurred_at FROM portfolio.marks
        WHERE instrument = h.instrument AND currency = h.currency AND occurred_at <= h.at
            AND h.quantity <> 0
        ORDER BY occurred_at DESC LIMIT 1
    ) m ON true
    WHERE h.session IS NOT NULL AND (h.amount <> 0 OR h.quantity <> 0)
)
"""

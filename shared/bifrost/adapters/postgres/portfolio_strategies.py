"""Whose an issuer's act is, where lines are asked for by strategy.

An act (a split, a dividend, a merger, a return of capital) comes to an account, and names no
strategy. Where all that had traded the instrument by then was one strategy's, or none's, it is
that one's to the last digit. Where several had, no rule says how lots that one opened and another
sold from are shared: it stays nobody's, and what depends on it is named as unattributed. A merger
or a spin-off makes one family of its instruments: who traded one has to do with all of them.

Until the next day's first trade (4:00 in New York) a fill comes before what happens at its dawn.
"""

# What undoes a deed has its `since`, and so is whosever that one is.
WHOSE = """
deeds AS MATERIALIZED (
    SELECT t.transaction_id, t.account_id, t.reverses IS NULL AS is_first,
        t.is_market_time, coalesce(o.occurred_at, t.occurred_at) AS since
    FROM portfolio.ledger_transactions t JOIN books p USING (account_id)
        LEFT JOIN portfolio.ledger_transactions o ON o.transaction_id = t.reverses
    WHERE coalesce(o.kind, t.kind) IN ('corporate_action', 'return_of_capital')
), touched AS MATERIALIZED (
    SELECT DISTINCT d.transaction_id, d.account_id, d.since, b.instrument
    FROM deeds d JOIN portfolio.ledger_entries b USING (transaction_id) WHERE b.instrument <> ''
), links AS MATERIALIZED (
    SELECT DISTINCT one.account_id, one.instrument, two.instrument AS other
    FROM touched one JOIN touched two USING (transaction_id)
), family AS (
    SELECT account_id, instrument, other FROM links
    UNION
    SELECT f.account_id, f.instrument, l.other
    FROM family f JOIN links l ON l.account_id = f.account_id AND l.instrument = f.other
), traders AS MATERIALIZED (
    SELECT t.account_id, b.instrument, t.strategy_id, min(t.occurred_at) AS since
    FROM (SELECT DISTINCT account_id, instrument FROM links) f
        JOIN portfolio.ledger_transactions t USING (account_id)
        JOIN portfolio.ledger_entries b USING (transaction_id, instrument)
    WHERE b.quantity IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM deeds WHERE transaction_id = t.transaction_id)
    GROUP BY t.account_id, b.instrument, t.strategy_id
), whose AS MATERIALIZED (
    SELECT d.transaction_id, array_agg(DISTINCT r.strategy_id) AS strategies
    FROM touched d JOIN family f USING (account_id, instrument)
        JOIN traders r ON r.account_id = d.account_id AND r.instrument = f.other
            AND r.since < d.since + interval '8 hours'
    GROUP BY d.transaction_id
), """

STRATEGY = "CASE WHEN cardinality(w.strategies) = 1 THEN w.strategies[1] ELSE t.strategy_id END"

# Follows `FROM portfolio.ledger_transactions t`.
OWN = """
JOIN books p USING (account_id) JOIN portfolio.ledger_entries b USING (transaction_id)
LEFT JOIN whose w USING (transaction_id)
WHERE cardinality(%(strategies)s::text[]) = 0
    OR coalesce(w.strategies, ARRAY[t.strategy_id]) <@ %(strategies)s::text[]
"""

# Follows `FROM ends e`.
BOOKED = f"""
JOIN portfolio.ledger_transactions t ON t.occurred_at <= e.until OR NOT t.is_market_time {OWN}"""

# What several share, among those that are asked for: the whole is known. Otherwise it is not.
_SHARED = """
SELECT e.n, e.until, {name}, b.instrument, %(currency)s::text, {part}, 0::numeric, 0::numeric
FROM ends e JOIN deeds d ON d.is_first AND (d.since <= e.until OR NOT d.is_market_time)
JOIN whose w USING (transaction_id) JOIN touched b USING (transaction_id) {names}
WHERE cardinality(w.strategies) > 1 AND {is_meant} AND NOT EXISTS (
    SELECT 1 FROM portfolio.ledger_transactions u WHERE u.reverses = d.transaction_id
        AND (u.occurred_at <= e.until OR NOT u.is_market_time)
)
"""

_IS_WHOLE = "(cardinality(%(strategies)s::text[]) = 0 OR w.strategies <@ %(strategies)s::text[])"

SHARED_BY_STRATEGY = "UNION ALL" + _SHARED.format(
    name="one.name",
    part=f"CASE WHEN {_IS_WHOLE} THEN 'shared' ELSE 'unattributed' END",
    names="CROSS JOIN LATERAL unnest(w.strategies || ''::text) AS one (name)",
    is_meant=f"({_IS_WHOLE} OR one.name = ANY(%(strategies)s))",
)
# By the end `n`, each `instrument` of which it is not known what of it is whose.
UNATTRIBUTED = _SHARED.format(
    name="b.instrument",
    part="'unattributed'",
    names="",
    is_meant=f"NOT {_IS_WHOLE} AND w.strategies && %(strategies)s::text[]",
)
SHARED_BY_POSITION = f"UNION ALL {UNATTRIBUTED}"

"""The books as tax reports read them: all of an owner's accounts as of one instant, and as their
owner, like everything that a person sees; then, where a marriage stands, the spouse's as spouse.
"""

from datetime import date
from decimal import Decimal
from typing import Any

from bifrost.adapters.postgres.database import Database, Statements
from bifrost.adapters.postgres.portfolio_couples import cross_to_spouse
from bifrost.adapters.postgres.portfolio_reads import READER
from bifrost.adapters.postgres.session_dates import SESSION
from bifrost.core.codec import from_json
from bifrost.core.corporate_actions import CorporateAction
from bifrost.portfolio.tax.desk_rows import (
    AccountRow,
    CapitalRow,
    DeskRows,
    LotRow,
    MetRow,
    TooManyTradesError,
    TradeRow,
)
from bifrost.portfolio.tax.elections import Couple
from bifrost.portfolio.tax.household import joined

# Lots first, for they say which few of an owner's entries a family has to do with: every fill opens
# or closes some. Decimals as text: the driver would read a JSON number as a float. What was
# imported has the trade date that its file states; what trades after 20:00 has the next one. A lot
# is called by the fill that opened it, whoever wrote that anew, and so is that fill's place.
_CLOSURES = """
SELECT coalesce(jsonb_agg(jsonb_build_object('lot_id', c.lot_id, 'quantity', c.quantity::text,
    'cost', c.cost::text, 'proceeds', c.proceeds::text, 'rule', c.rule)
    ORDER BY c.lot_id, c.number), '[]') AS closures
FROM portfolio.lot_closures c WHERE c.transaction_id = s.transaction_id
"""

_ROWS = r"""
WITH RECURSIVE own AS MATERIALIZED (
    SELECT account_id, owner, kind FROM portfolio.accounts WHERE owner = %(owner)s
), kin AS (
    -- Of one family: what became it, and what it became, by any revision.
    SELECT %(family)s::text AS instrument
    UNION
    SELECT CASE WHEN a.instrument = k.instrument THEN a.new_instrument ELSE a.instrument END
    FROM kin k JOIN portfolio.corporate_actions a
        ON k.instrument IN (a.instrument, a.new_instrument) AND a.new_instrument <> ''
), names AS MATERIALIZED (
    -- And options on these.
    SELECT DISTINCT b.instrument FROM portfolio.balances b JOIN own USING (account_id)
    WHERE b.quantity IS NOT NULL AND (%(family)s::text IS NULL OR regexp_replace(
        b.instrument, '^([A-Z][A-Z0-9.]{0,5}) *[0-9]{6}[CP][0-9]{8}$', '\1'
    ) IN (SELECT instrument FROM kin))
), lots AS MATERIALIZED (
    SELECT l.lot_id, l.account_id, l.instrument, l.currency, l.opened_at,
        l.opened_sequence AS sequence, l.quantity, l.cost
    FROM portfolio.lots l JOIN own USING (account_id)
    WHERE l.instrument IN (SELECT instrument FROM names)
), openers AS MATERIALIZED (
    -- Made here: under row security what is made in a condition is asked of no index.
    SELECT account_id, 'fill:' || lot_id AS reference FROM lots
    UNION ALL
    SELECT account_id, lot_id FROM lots
), touched AS MATERIALIZED (
    SELECT t.transaction_id
    FROM openers o JOIN portfolio.ledger_transactions t USING (account_id, reference)
    UNION
    SELECT t.transaction_id FROM openers o JOIN portfolio.ledger_transactions t
        ON t.account_id = o.account_id AND t.stands_for = o.reference AND t.stands_for <> ''
    UNION
    SELECT c.transaction_id FROM lots l JOIN portfolio.lot_closures c USING (lot_id)
), standing AS MATERIALIZED (
    SELECT t.transaction_id, t.account_id, t.occurred_at,
        coalesce(o.position, t.position) AS place,
        regexp_replace(coalesce(o.reference, t.reference), '^fill:', '') AS lot_id,
        coalesce((r.activity ->> 'day')::date,
            {session}) AS day
    FROM touched JOIN portfolio.ledger_transactions t USING (transaction_id)
        LEFT JOIN portfolio.ledger_transactions o ON t.stands_for <> ''
            AND o.account_id = t.account_id AND o.reference = t.stands_for
        LEFT JOIN portfolio.import_rows r ON r.transaction_id = t.transaction_id
    WHERE t.kind = 'fill' AND NOT EXISTS (
        SELECT 1 FROM portfolio.ledger_transactions u WHERE u.reverses = t.transaction_id)
), counted AS MATERIALIZED (
    SELECT count(*) AS trades FROM standing WHERE day <= %(until)s
), trades AS (
    -- Row by row: nothing is known of the size of what is above, and two such joined by a loop
    -- would be one reading of all for each.
    SELECT s.place, s.occurred_at, s.day, s.account_id, m.instrument, m.currency,
        m.quantity::text, m.cost::text, m.amount::text, s.lot_id, c.closures
    FROM standing s CROSS JOIN LATERAL (
        SELECT max(e.instrument) FILTER (WHERE e.quantity IS NOT NULL) AS instrument,
            max(e.currency) AS currency, sum(e.quantity) AS quantity,
            coalesce(sum(e.amount) FILTER (WHERE e.quantity IS NOT NULL), 0) AS cost,
            coalesce(sum(e.amount) FILTER (WHERE e.ledger_account = 'assets:cash'), 0) AS amount
        FROM portfolio.ledger_entries e WHERE e.transaction_id = s.transaction_id) m
        CROSS JOIN LATERAL ({closures}) c
    WHERE s.day <= %(until)s AND (SELECT trades FROM counted) <= %(most)s
), followed AS (
    SELECT s.account_id, a.instrument, s.is_imported, s.action_id, s.revision, c.closures
    FROM portfolio.account_actions s JOIN own USING (account_id)
        JOIN portfolio.corporate_actions a USING (action_id, revision)
        CROSS JOIN LATERAL ({closures}) c
    WHERE (%(family)s::text IS NULL OR a.instrument IN (SELECT instrument FROM kin))
        AND a.ex_date <= %(until)s
        AND coalesce(a.action -> 'cash_dividend' ->> 'kind', '') IN ('', 'return_of_capital')
), capitals AS (
    SELECT t.position AS place, t.occurred_at, t.account_id, e.instrument, e.currency,
        coalesce((r.activity ->> 'day')::date,
            {session}) AS day,
        (SELECT sum(c.amount)::text FROM portfolio.ledger_entries c
            WHERE c.transaction_id = t.transaction_id AND c.ledger_account = 'assets:cash'
        ) AS amount,
        (SELECT coalesce(jsonb_agg(d.lot_id), '[]') FROM portfolio.lot_adjustments d
            WHERE d.transaction_id = t.transaction_id) AS lots
    FROM own JOIN portfolio.ledger_transactions t USING (account_id)
        JOIN LATERAL (SELECT max(instrument) AS instrument, max(currency) AS currency
            FROM portfolio.ledger_entries
            WHERE transaction_id = t.transaction_id AND instrument <> '') e ON true
        LEFT JOIN portfolio.import_rows r USING (transaction_id)
    WHERE t.kind = 'return_of_capital' AND e.instrument IN (SELECT instrument FROM names)
        AND NOT EXISTS (
            SELECT 1 FROM portfolio.ledger_transactions u WHERE u.reverses = t.transaction_id)
), today AS (
    SELECT session AS day FROM portfolio.marks ORDER BY occurred_at DESC LIMIT 1
), became AS (
    SELECT instrument FROM names
    UNION
    SELECT a.new_instrument FROM became JOIN portfolio.corporate_actions a USING (instrument)
    WHERE a.new_instrument <> ''
), actions AS (
    -- A fill may be ahead of the market's bars, and its account with it.
    SELECT a.action FROM portfolio.corporate_actions a JOIN became USING (instrument)
    WHERE (a.ex_date <= (SELECT day FROM today)
            OR a.action_id IN (SELECT action_id FROM followed))
        AND NOT a.withdrawn AND NOT EXISTS (
            SELECT 1 FROM portfolio.corporate_actions newer
            WHERE newer.action_id = a.action_id AND newer.revision > a.revision)
        AND coalesce(a.action -> 'cash_dividend' ->> 'kind', '') IN ('', 'return_of_capital')
)
SELECT 'account' AS what, to_jsonb(own) AS said FROM own
UNION ALL SELECT 'trade', to_jsonb(trades) FROM trades
UNION ALL SELECT 'lot', to_jsonb(lots) || jsonb_build_object('quantity', quantity::text,
    'cost', cost::text) FROM lots WHERE (SELECT trades FROM counted) <= %(most)s
UNION ALL SELECT 'count', to_jsonb(trades) FROM counted
UNION ALL SELECT 'capital', to_jsonb(capitals) FROM capitals WHERE day <= %(until)s
UNION ALL SELECT 'met', to_jsonb(followed) FROM followed
UNION ALL SELECT 'action', action FROM actions
UNION ALL SELECT 'today', to_jsonb(today) FROM today
""".replace("{closures}", _CLOSURES).replace("{session}", SESSION.format(at="t.occurred_at"))

_MARK = """
SELECT price FROM portfolio.newest_marks WHERE instrument = %s AND currency = 'USD'
"""


class PostgresTaxReader:
    """TaxReader: of one owner, of a spouse where both have said it, and of nobody else."""

    def __init__(self, database: Database, owner: str) -> None:
        self._database = database
        self._owner = owner

    def rows(self, otherwise: date, most: int, family: str | None = None) -> DeskRows:
        """Return all, or a family's; today is the market's, or `otherwise` before its first bar.

        Raises TooManyTradesError where there are more than `most`, of both together.
        """
        with self._database.instant_as_reader(READER, self._owner) as statements:
            asked = {"owner": self._owner, "family": family, "until": date.max, "most": most}
            own, count = _rows(statements, asked, otherwise)
            _check(count, most)
            spouse = cross_to_spouse(statements)
            if spouse is None:
                return own
            last = spouse.until or date.max
            asked |= {"owner": spouse.spouse, "until": last, "most": most - count}
            theirs, others = _rows(statements, asked, otherwise)
            _check(count + others, most)
        couple = Couple(self._owner, spouse.spouse, spouse.since, spouse.until)
        return joined(own, theirs, couple)

    def price(self, instrument: str) -> Decimal | None:
        """Return the instrument's last price in USD; None where there is none."""
        with self._database.as_reader(READER, self._owner) as statements:
            found = statements.execute(_MARK, (instrument,)).fetchone()
        return found["price"] if found else None


def _check(count: int, most: int) -> None:
    if count > most:
        raise TooManyTradesError(count)


def _rows(statements: Statements, asked: dict[str, Any], otherwise: date) -> tuple[DeskRows, int]:
    """Return an owner's rows, and how many trades there are: without trades and lots if too many.

    until: what came later is not read.
    """
    found: dict[str, list[Any]] = {}
    for row in statements.execute(_ROWS, asked).fetchall():
        found.setdefault(row["what"], []).append(row["said"])
    days = [date.fromisoformat(one["day"]) for one in found.get("today", ())]
    rows = DeskRows(
        today=days[0] if days else otherwise,
        accounts=tuple(from_json(AccountRow, one) for one in found.get("account", ())),
        trades=tuple(from_json(TradeRow, one) for one in found.get("trade", ())),
        lots=tuple(from_json(LotRow, one) for one in found.get("lot", ())),
        capitals=tuple(from_json(CapitalRow, one) for one in found.get("capital", ())),
        met=tuple(from_json(MetRow, one) for one in found.get("met", ())),
        actions=tuple(from_json(CorporateAction, one) for one in found.get("action", ())),
    )
    return rows, found["count"][0]

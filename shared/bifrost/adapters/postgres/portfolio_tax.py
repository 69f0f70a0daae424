"""The books as tax reports read them: all of an owner's accounts in one statement, so as of one
instant, and as their owner, like everything that a person sees.
"""

from datetime import date
from decimal import Decimal
from typing import Any

from bifrost.adapters.postgres.database import Database, Row
from bifrost.adapters.postgres.portfolio_reads import READER
from bifrost.core.codec import from_json
from bifrost.core.corporate_actions import CorporateAction
from bifrost.portfolio.tax.desk_rows import CostRow, DeskRows, LotRow, TradeRow

# Of all families, or of one: of what became it, of what it became, and of options on these. Which
# actions count is asked afterwards, so that no row is missing here that they would bring in.
_IS_KIN = r"""(%(family)s::text IS NULL OR regexp_replace(
            {name}, '^([A-Z][A-Z0-9.]{{0,5}}) *[0-9]{{6}}[CP][0-9]{{8}}$', '\1'
        ) IN (SELECT instrument FROM kin))"""

# Decimals as text: the driver would read a JSON number as a float. What was imported has the trade
# date that its file states; a lot is called by the fill that opened it, whoever wrote that anew.
_ROWS = f"""
WITH RECURSIVE own AS (
    SELECT account_id, kind AS account_kind FROM portfolio.accounts WHERE owner = %(owner)s
), kin AS (
    SELECT %(family)s::text AS instrument
    UNION
    SELECT CASE WHEN a.instrument = k.instrument THEN a.new_instrument ELSE a.instrument END
    FROM kin k JOIN portfolio.corporate_actions a
        ON k.instrument IN (a.instrument, a.new_instrument) AND a.new_instrument <> ''
), standing AS (
    SELECT t.transaction_id, t.account_id, t.kind, t.occurred_at, t.position AS place,
        a.account_kind, regexp_replace(coalesce(nullif(t.stands_for, ''), t.reference),
            '^fill:', '') AS lot_id,
        coalesce((r.activity ->> 'day')::date, x.ex_date,
            (t.occurred_at AT TIME ZONE 'America/New_York')::date) AS day
    FROM portfolio.ledger_transactions t JOIN own a USING (account_id)
        LEFT JOIN portfolio.import_rows r USING (transaction_id)
        LEFT JOIN portfolio.account_actions x ON x.transaction_id = t.transaction_id
    WHERE t.reverses IS NULL AND NOT EXISTS (
        SELECT 1 FROM portfolio.ledger_transactions u WHERE u.reverses = t.transaction_id)
), closed AS (
    SELECT c.transaction_id, l.instrument, l.currency, sum(c.quantity) AS quantity,
        sum(c.proceeds) AS proceeds,
        jsonb_agg(jsonb_build_object('lot_id', c.lot_id, 'quantity', c.quantity::text,
            'cost', c.cost::text, 'proceeds', c.proceeds::text, 'rule', c.rule)
            ORDER BY l.opened_sequence, l.lot_id, c.number) AS closures
    FROM portfolio.lot_closures c JOIN portfolio.lots l USING (lot_id)
        JOIN own USING (account_id)
    WHERE {_IS_KIN.format(name="l.instrument")}
    GROUP BY c.transaction_id, l.instrument, l.currency
), closed_by AS (
    -- A lot that is flat keeps the name that it had: one fill may have closed lots of two names.
    SELECT transaction_id, jsonb_agg(part) AS closures
    FROM closed, jsonb_array_elements(closures) part GROUP BY transaction_id
), moved AS (
    SELECT e.transaction_id, max(e.instrument) FILTER (WHERE e.quantity IS NOT NULL) AS instrument,
        max(e.currency) AS currency, sum(e.quantity) AS quantity,
        coalesce(sum(e.amount) FILTER (WHERE e.ledger_account = 'assets:cash'), 0) AS amount
    FROM portfolio.ledger_entries e JOIN standing s USING (transaction_id)
    WHERE s.kind = 'fill' GROUP BY e.transaction_id
    HAVING {_IS_KIN.format(name="max(e.instrument) FILTER (WHERE e.quantity IS NOT NULL)")}
), trades AS (
    SELECT s.place, s.occurred_at, s.day, s.account_id, s.account_kind, m.instrument, m.currency,
        m.quantity::text, m.amount::text, s.lot_id, true AS is_fill,
        coalesce(c.closures, '[]') AS closures
    FROM standing s JOIN moved m USING (transaction_id)
        LEFT JOIN closed_by c USING (transaction_id)
    UNION ALL
    SELECT s.place, s.occurred_at, s.day, s.account_id, s.account_kind, c.instrument, c.currency,
        (-c.quantity)::text, c.proceeds::text, '', false, c.closures
    FROM standing s JOIN closed c USING (transaction_id) WHERE s.kind <> 'fill'
), lots AS (
    SELECT l.lot_id, l.account_id, l.instrument, l.opened_at, l.opened_sequence AS sequence,
        l.opened_cost::text, l.quantity::text, l.cost::text
    FROM portfolio.lots l JOIN own USING (account_id)
    WHERE {_IS_KIN.format(name="l.instrument")}
), changes AS (
    SELECT transaction_id, lot_id, cost_change FROM portfolio.lot_adjustments
    UNION ALL
    -- By the issuer: so much a share. A spin-off takes a part of the basis, commission and all.
    SELECT r.transaction_id, r.lot_id, r.cost - r.cost_before
    FROM portfolio.lot_revisions r JOIN portfolio.account_actions USING (transaction_id)
        JOIN portfolio.corporate_actions a USING (action_id, revision)
    WHERE a.action ->> 'cash_dividend' IS NOT NULL AND r.cost <> r.cost_before
), costs AS (
    SELECT s.place, s.occurred_at, s.day, s.account_id, c.lot_id, c.cost_change::text AS amount,
        EXISTS (SELECT 1 FROM portfolio.ledger_entries e
            WHERE e.transaction_id = s.transaction_id AND e.ledger_account = 'income:realised'
            AND e.amount <> 0) AS is_beyond
    FROM standing s JOIN changes c USING (transaction_id)
    WHERE c.lot_id IN (SELECT lot_id FROM lots)
), today AS (
    SELECT session AS day FROM portfolio.marks ORDER BY occurred_at DESC LIMIT 1
), names AS (
    SELECT instrument FROM trades
    UNION
    SELECT a.new_instrument FROM names JOIN portfolio.corporate_actions a USING (instrument)
    WHERE a.new_instrument <> ''
), actions AS (
    SELECT a.action FROM portfolio.corporate_actions a JOIN names USING (instrument), today
    WHERE a.ex_date <= today.day AND a.action ->> 'cash_dividend' IS NULL AND NOT a.withdrawn
        AND NOT EXISTS (
        SELECT 1 FROM portfolio.corporate_actions newer
        WHERE newer.action_id = a.action_id AND newer.revision > a.revision)
)
SELECT 'trade' AS what, to_jsonb(trades) AS said FROM trades
UNION ALL SELECT 'lot', to_jsonb(lots) FROM lots
UNION ALL SELECT 'cost', to_jsonb(costs) FROM costs
UNION ALL SELECT 'action', action FROM actions
UNION ALL SELECT 'today', to_jsonb(today) FROM today
"""

_MARK = """
SELECT price FROM portfolio.newest_marks WHERE instrument = %s AND currency = 'USD'
"""


class PostgresTaxReader:
    """TaxReader: of one owner, and of nobody else."""

    def __init__(self, database: Database, owner: str) -> None:
        self._database = database
        self._owner = owner

    def rows(self, otherwise: date, family: str | None = None) -> DeskRows:
        """Return all, or a family's; today is the market's, or `otherwise` before its first bar."""
        found: dict[str, list[Any]] = {}
        for row in self._all(_ROWS, {"owner": self._owner, "family": family}):
            found.setdefault(row["what"], []).append(row["said"])
        days = [date.fromisoformat(one["day"]) for one in found.get("today", ())]
        return DeskRows(
            today=days[0] if days else otherwise,
            trades=tuple(from_json(TradeRow, one) for one in found.get("trade", ())),
            lots=tuple(from_json(LotRow, one) for one in found.get("lot", ())),
            costs=tuple(from_json(CostRow, one) for one in found.get("cost", ())),
            actions=tuple(from_json(CorporateAction, one) for one in found.get("action", ())),
        )

    def price(self, instrument: str) -> Decimal | None:
        """Return the instrument's last price in USD; None where there is none."""
        found = self._all(_MARK, (instrument,))
        return found[0]["price"] if found else None

    def _all(self, query: str, values: Any) -> list[Row]:
        with self._database.as_reader(READER, self._owner) as statements:
            return statements.execute(query, values).fetchall()

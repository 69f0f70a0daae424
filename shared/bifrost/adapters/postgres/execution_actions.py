"""Corporate actions as execution keeps them, and the positions that they make of its fills."""

import json
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from bifrost.adapters.postgres.database import Statements
from bifrost.adapters.postgres.session_dates import SESSION
from bifrost.core.codec import from_json, to_json

if TYPE_CHECKING:
    from bifrost.core.corporate_actions import CorporateAction

_KEEP = """
INSERT INTO execution.corporate_actions AS known
    (action_id, revision, instrument, new_instrument, ex_date, withdrawn, action)
VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (action_id) DO UPDATE SET revision = excluded.revision,
    instrument = excluded.instrument, new_instrument = excluded.new_instrument,
    ex_date = excluded.ex_date, withdrawn = excluded.withdrawn, action = excluded.action
WHERE known.revision < excluded.revision
"""
# Whatever has become this instrument, and what has happened to it so far by the market's time.
_HAPPENED = f"""
WITH RECURSIVE market AS (
    SELECT {SESSION.format(at="max(occurred_at)")} AS session FROM execution.market_time),
sources (instrument) AS (
    SELECT %s::text
    UNION
    SELECT a.instrument FROM sources s
    JOIN execution.corporate_actions a ON a.new_instrument = s.instrument AND NOT a.withdrawn)
SELECT a.action FROM execution.corporate_actions a JOIN sources USING (instrument), market
WHERE NOT a.withdrawn AND a.ex_date <= market.session AND a.action ->> 'currency' = (
    SELECT currency FROM execution.accounts WHERE account_id = %s)
"""
_BETWEEN = """
SELECT action FROM execution.corporate_actions
WHERE instrument = %s AND NOT withdrawn AND action ->> 'currency' = %s
  AND ex_date > %s AND ex_date <= %s
ORDER BY ex_date, action_id
"""
_TRADED = f"""
SELECT instrument, {SESSION.format(at="occurred_at")} AS session,
    sum(CASE side WHEN 'buy' THEN quantity ELSE -quantity END) AS quantity
FROM execution.fills WHERE account_id = %s AND instrument = ANY(%s) GROUP BY 1, 2
"""


class PostgresActions:
    """The newest revision of each action, through one cursor."""

    def __init__(self, statements: Statements) -> None:
        self._statements = statements

    def keep(self, action: "CorporateAction") -> None:
        """Keep the action, unless a later revision of it is known."""
        self._statements.execute(
            _KEEP,
            (
                action.action_id,
                action.revision,
                action.instrument,
                action.new_instrument,
                action.ex_date,
                action.withdrawn,
                json.dumps(to_json(action)),
            ),
        )

    def happened(
        self, instrument: str, currency: str, *, after: date, upto: date
    ) -> "list[CorporateAction]":
        """Return what stands of the instrument after one ex-date and up to another, in order."""
        from bifrost.core.corporate_actions import CorporateAction

        values = (instrument, currency, after, upto)
        found = self._statements.execute(_BETWEEN, values).fetchall()
        return [from_json(CorporateAction, row["action"]) for row in found]


def position_of(statements: Statements, account_id: str, instrument: str) -> Decimal:
    """Return the signed quantity that the account's fills have become."""
    # Only where the gate asks for a position: a sender's cold start does not pay for it.
    from bifrost.backtest.entitlements import Traded, holdings_after
    from bifrost.core.corporate_actions import CorporateAction

    found = statements.execute(_HAPPENED, (instrument, account_id)).fetchall()
    actions = [from_json(CorporateAction, row["action"]) for row in found]
    names = sorted({instrument, *(action.instrument for action in actions)})
    rows = statements.execute(_TRADED, (account_id, names)).fetchall()
    trades = [Traded(row["session"], row["instrument"], row["quantity"]) for row in rows]
    return holdings_after(trades, actions).positions.get(instrument, Decimal(0))

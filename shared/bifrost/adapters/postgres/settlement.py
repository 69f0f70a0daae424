"""What settles when, read for people: trades that may be under way, and the rules by their dates.

Read as the owner, like everything that a person sees.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from bifrost.adapters.postgres.database import Database, Row
from bifrost.adapters.postgres.portfolio_reads import READER
from bifrost.core.money import EXACT, exact_sum
from bifrost.portfolio.cash_ladder import AccountCash, History
from bifrost.portfolio.cash_violations import Trade, Transfer
from bifrost.portfolio.settlement import CashMove, Cycle

_CYCLES = "SELECT effective_from, days, source FROM portfolio.settlement_cycles"

_NOW = "SELECT max(occurred_at) AS newest FROM portfolio.marks"

_CASH = """
SELECT a.account_id, a.kind, a.currency AS account_currency, b.currency, b.amount
FROM portfolio.accounts a JOIN portfolio.balances b USING (account_id)
WHERE a.account_id = ANY(%s) AND b.ledger_account = 'assets:cash'
    AND (b.amount <> 0 OR b.currency = a.currency)
ORDER BY a.position, b.currency <> a.currency, b.currency
"""

# Fills alone settle later than they are booked.
_TRADES = """
SELECT t.account_id, t.occurred_at, e.currency, e.amount
FROM portfolio.ledger_transactions t JOIN portfolio.ledger_entries e USING (transaction_id)
WHERE t.account_id = ANY(%s) AND t.occurred_at >= %s
    AND t.kind = 'fill' AND e.ledger_account = 'assets:cash'
    AND NOT EXISTS (
        SELECT 1 FROM portfolio.ledger_transactions u WHERE u.reverses = t.transaction_id)
"""

# One row per transaction that moved cash: what it traded, or nothing.
_HISTORY = """
SELECT t.transaction_id, t.occurred_at, t.is_market_time, t.kind,
    sum(e.amount) FILTER (WHERE e.ledger_account = 'assets:cash') AS amount,
    max(e.instrument) FILTER (WHERE e.quantity IS NOT NULL) AS instrument,
    sum(e.quantity) AS quantity
FROM portfolio.ledger_transactions t JOIN portfolio.ledger_entries e USING (transaction_id)
WHERE t.account_id = %(account_id)s AND e.currency = %(currency)s
    AND (t.occurred_at >= %(since)s OR NOT t.is_market_time)
    -- A fill that a correction wrote anew is one trade: what was reversed, and how, are none.
    AND NOT EXISTS (
        SELECT 1 FROM portfolio.ledger_transactions u
        WHERE t.kind = 'fill' AND u.reverses = t.transaction_id)
    AND NOT EXISTS (
        SELECT 1 FROM portfolio.ledger_transactions u
        WHERE u.transaction_id = t.reverses AND u.kind = 'fill')
GROUP BY t.position, t.transaction_id, t.occurred_at, t.is_market_time, t.kind
HAVING bool_or(e.ledger_account = 'assets:cash') ORDER BY t.position
"""

_HELD = """
SELECT instrument, quantity FROM portfolio.balances
WHERE account_id = %(account_id)s AND currency = %(currency)s AND quantity IS NOT NULL
"""


class PostgresSettlement:
    """CashReader."""

    def __init__(self, database: Database, owner: str) -> None:
        self._database = database
        self._owner = owner

    def market_time(self) -> datetime | None:
        """Return the newest instant of the market that is known; None before the first bar."""
        newest: datetime | None = self._all(_NOW)[0]["newest"]
        return newest

    def cycles(self) -> list[Cycle]:
        """Return the settlement cycles with the dates from which they count."""
        return [Cycle(**row) for row in self._all(_CYCLES)]

    def cash(self, account_ids: Sequence[str]) -> list[AccountCash]:
        """Return each account's cash, its own currency first."""
        return [AccountCash(**row) for row in self._all(_CASH, (list(account_ids),))]

    def trades(self, account_ids: Sequence[str], since: datetime) -> dict[str, list[CashMove]]:
        """Return what fills since then did to the cash of each account."""
        found: dict[str, list[CashMove]] = {}
        for row in self._all(_TRADES, (list(account_ids), since)):
            move = CashMove(row["occurred_at"], row["currency"], row["amount"])
            found.setdefault(row["account_id"], []).append(move)
        return found

    def history(self, account_id: str, currency: str, since: datetime) -> History:
        """Return what moved the account's cash since then, and what it held before."""
        values = {"account_id": account_id, "currency": currency, "since": since}
        with self._database.as_reader(READER, self._owner) as statements:
            rows = statements.execute(_HISTORY, values).fetchall()
            held = statements.execute(_HELD, values).fetchall()
        return _history(rows, {row["instrument"]: row["quantity"] for row in held}, since)

    def _all(self, query: str, values: Any = ()) -> list[Row]:
        with self._database.as_reader(READER, self._owner) as statements:
            return statements.execute(query, values).fetchall()


def _history(rows: list[Row], held: dict[str, Decimal], since: datetime) -> History:
    happened: list[Trade | Transfer] = []
    for row in rows:
        # Before the first bar there was no market time: it belongs where it was written.
        since = row["occurred_at"] if row["is_market_time"] else since
        if row["kind"] == "fill":
            name, size = row["instrument"], row["quantity"]
            held[name] = EXACT.subtract(held[name], size)
            happened.append(Trade(row["transaction_id"], since, name, size, row["amount"]))
        else:
            happened.append(Transfer(since, row["amount"]))
    moved = exact_sum(one.amount for one in happened)
    before = {name: size for name, size in held.items() if size > 0}
    return History(tuple(happened), moved, before)

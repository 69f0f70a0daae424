"""Portfolio read for people: each answer is one statement, so one instant of the books.

A session's valuation is derived from the ledger and the marks when it is asked for, not stored:
a fill that arrives late then corrects the days that it belongs to, in whatever order events came.
"""

from datetime import date
from itertools import groupby
from typing import Any

from bifrost.adapters.postgres.accounts import COLUMNS as ACCOUNT
from bifrost.adapters.postgres.accounts import TABLES as ACCOUNTS
from bifrost.adapters.postgres.accounts import to_account
from bifrost.adapters.postgres.database import Database, Row
from bifrost.adapters.postgres.ledger import BALANCES, COLUMNS, to_balances
from bifrost.core.errors import NotFoundError
from bifrost.portfolio.accounts import Account
from bifrost.portfolio.ledger import Entry
from bifrost.portfolio.ports import Posted
from bifrost.portfolio.valuation import Balance, SessionValuation, value

_LEDGER = f"""
WITH page AS (
    SELECT {COLUMNS} FROM portfolio.ledger_transactions t
    WHERE t.account_id = %s AND t.position < %s ORDER BY t.position DESC LIMIT %s
)
SELECT page.*, e.ledger_account, e.currency, e.amount, e.instrument, e.quantity
FROM page JOIN portfolio.ledger_entries e USING (transaction_id)
ORDER BY page.place DESC, e.entry_id
"""

# A session counts for an account from its first fill in an instrument that closed that day. A
# flow stamped before any bar was seen carries wall time, and belongs to every session.
_VALUATIONS = """
WITH entries AS (
    SELECT t.occurred_at, t.is_market_time, e.ledger_account, e.instrument, e.currency,
        e.amount, e.quantity
    FROM portfolio.ledger_transactions t JOIN portfolio.ledger_entries e USING (transaction_id)
    WHERE t.account_id = %(account_id)s
), traded AS (
    SELECT instrument, min(occurred_at) AS since FROM entries
    WHERE quantity IS NOT NULL GROUP BY instrument
), days AS (
    SELECT m.session, max(m.occurred_at) AS at
    FROM portfolio.marks m JOIN traded USING (instrument)
    WHERE m.occurred_at >= traded.since AND m.session < %(before)s
    GROUP BY m.session ORDER BY m.session DESC LIMIT %(limit)s
), held AS (
    SELECT d.session, d.at, e.ledger_account, e.instrument, e.currency,
        sum(e.amount) AS amount, sum(e.quantity) AS quantity
    FROM days d JOIN entries e ON e.occurred_at <= d.at OR NOT e.is_market_time
    GROUP BY d.session, d.at, e.ledger_account, e.instrument, e.currency
)
SELECT h.session, h.at, h.ledger_account, h.instrument, h.amount, h.quantity,
    m.price AS market_price, m.occurred_at AS marked_at
FROM held h
LEFT JOIN LATERAL (
    SELECT price, occurred_at FROM portfolio.marks
    WHERE instrument = h.instrument AND currency = h.currency AND occurred_at <= h.at
    ORDER BY occurred_at DESC LIMIT 1
) m ON h.quantity <> 0
ORDER BY h.session DESC
"""


class PostgresReader:
    """Reader."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def accounts(self, owner: str, *, after: int, limit: int) -> list[Account]:
        """Return the owner's accounts whose place is past `after`, oldest first."""
        rows = self._database.fetch_all(
            f"SELECT {ACCOUNT} FROM {ACCOUNTS} WHERE a.owner = %s AND a.position > %s"
            " ORDER BY a.position LIMIT %s",
            (owner, after, limit),
        )
        return [to_account(row) for row in rows]

    def account(self, owner: str, account_id: str) -> Account:
        """Return one account."""
        return self._one("account", "a.account_id", owner, account_id)

    def account_of_portfolio(self, owner: str, portfolio_id: str) -> Account:
        """Return the account of a portfolio."""
        return self._one("portfolio", "p.portfolio_id", owner, portfolio_id)

    def balances(self, account_id: str) -> list[Balance]:
        """Return the account's balances as of one instant."""
        return to_balances(self._database.fetch_all(BALANCES, (account_id,)))

    def ledger(self, account_id: str, *, before: int, limit: int) -> list[Posted]:
        """Return transactions whose place is before `before`, newest first, with entries."""
        rows = self._database.fetch_all(_LEDGER, (account_id, before, limit))
        return [_posted(list(lines)) for _, lines in groupby(rows, lambda row: row["place"])]

    def valuations(self, account_id: str, *, before: date, limit: int) -> list[SessionValuation]:
        """Return the account's worth at each session's close before `before`, newest first."""
        rows = self._database.fetch_all(
            _VALUATIONS, {"account_id": account_id, "before": before, "limit": limit}
        )
        return [
            SessionValuation(session, at, value([_balance(row) for row in lines]))
            for (session, at), lines in groupby(rows, lambda row: (row["session"], row["at"]))
        ]

    def _one(self, noun: str, column: str, owner: str, given: str) -> Account:
        row = self._database.fetch_one(
            f"SELECT {ACCOUNT} FROM {ACCOUNTS} WHERE {column} = %s AND a.owner = %s",
            (given, owner),
        )
        if row is None:
            raise NotFoundError(f"no {noun} {given}")
        return to_account(row)


def _posted(lines: list[Row]) -> Posted:
    entries = tuple(Entry(**_only(line, Entry)) for line in lines)
    return Posted(**_only(lines[0], Posted), entries=entries)


def _balance(row: Row) -> Balance:
    return Balance(**_only(row, Balance))


def _only(row: Row, kind: Any) -> dict[str, Any]:
    return {name: row[name] for name in kind.__dataclass_fields__ if name in row}

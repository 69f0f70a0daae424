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
from bifrost.adapters.postgres.portfolio_accounts import COLUMNS as PORTFOLIO
from bifrost.adapters.postgres.portfolio_accounts import WITH_ACCOUNTS, to_portfolio
from bifrost.adapters.postgres.watchlists import COLUMNS as WATCHLIST
from bifrost.adapters.postgres.watchlists import to_watchlist
from bifrost.core.errors import NotFoundError
from bifrost.portfolio.accounts import Account
from bifrost.portfolio.ledger import Entry
from bifrost.portfolio.portfolios import Portfolio, added_up
from bifrost.portfolio.ports import Posted
from bifrost.portfolio.valuation import Balance, SessionValuation, value
from bifrost.portfolio.watchlists import Watchlist

# May only select, and sees what the policies show of the owner in `bifrost.owner`.
READER = "bifrost_portfolio_reader"

# A page of each account and the newest of them: a walk down an index, however long the ledgers.
_LEDGER = f"""
WITH page AS (
    SELECT newest.* FROM unnest(%(accounts)s::text[]) AS own (account_id)
    CROSS JOIN LATERAL (
        SELECT {COLUMNS} FROM portfolio.ledger_transactions t
        WHERE t.account_id = own.account_id AND t.position < %(before)s
        ORDER BY t.position DESC LIMIT %(limit)s
    ) newest
    ORDER BY newest.place DESC LIMIT %(limit)s
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
    WHERE t.account_id = ANY(%(accounts)s)
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
SELECT h.session, h.at, h.ledger_account, h.instrument, h.currency, h.amount, h.quantity,
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
    """Reader: each question is a transaction that sees its owner's rows and no other's."""

    def __init__(self, database: Database, owner: str) -> None:
        self._database = database
        self._owner = owner

    def accounts(self, *, after: int, limit: int, archived: bool = False) -> list[Account]:
        """Return accounts whose place is past `after`, oldest first; all of them if `archived`."""
        query = (
            f"SELECT {ACCOUNT} FROM {ACCOUNTS} WHERE a.owner = %s AND a.position > %s"
            " AND (%s OR a.archived_at IS NULL) ORDER BY a.position LIMIT %s"
        )
        return [to_account(row) for row in self._all(query, (self._owner, after, archived, limit))]

    def account(self, account_id: str) -> Account:
        """Return one account."""
        query = f"SELECT {ACCOUNT} FROM {ACCOUNTS} WHERE a.account_id = %s AND a.owner = %s"
        return to_account(self._one(f"account {account_id}", query, (account_id, self._owner)))

    def portfolios(self, *, after: int, limit: int, archived: bool = False) -> list[Portfolio]:
        """Return portfolios whose place is past `after`, without the accounts they add up."""
        query = (
            f"SELECT {PORTFOLIO} FROM portfolio.portfolios p WHERE p.owner = %s"
            " AND p.position > %s AND (%s OR p.archived_at IS NULL) ORDER BY p.position LIMIT %s"
        )
        rows = self._all(query, (self._owner, after, archived, limit))
        return [to_portfolio(row) for row in rows]

    def portfolio(self, portfolio_id: str) -> Portfolio:
        """Return one portfolio with the accounts that it adds up."""
        values = {"id": portfolio_id, "owner": self._owner}
        return to_portfolio(self._one(f"portfolio {portfolio_id}", WITH_ACCOUNTS, values))

    def watchlists(self, *, after: int, limit: int) -> list[Watchlist]:
        """Return watchlists whose place is past `after`, oldest first."""
        query = (
            f"SELECT {WATCHLIST} FROM portfolio.watchlists w WHERE w.owner = %s"
            " AND w.position > %s ORDER BY w.position LIMIT %s"
        )
        return [to_watchlist(row) for row in self._all(query, (self._owner, after, limit))]

    def watchlist(self, watchlist_id: str) -> Watchlist:
        """Return one watchlist."""
        query = (
            f"SELECT {WATCHLIST} FROM portfolio.watchlists w"
            " WHERE w.watchlist_id = %s AND w.owner = %s"
        )
        values = (watchlist_id, self._owner)
        return to_watchlist(self._one(f"watchlist {watchlist_id}", query, values))

    def balances(self, *account_ids: str) -> list[Balance]:
        """Return the accounts' balances as of one instant."""
        return added_up(to_balances(self._all(BALANCES, (list(account_ids),))))

    def ledger(self, *account_ids: str, before: int, limit: int) -> list[Posted]:
        """Return transactions whose place is before `before`, newest first, with entries."""
        rows = self._all(_LEDGER, {"accounts": list(account_ids), "before": before, "limit": limit})
        return [_posted(list(lines)) for _, lines in groupby(rows, lambda row: row["place"])]

    def valuations(self, *account_ids: str, before: date, limit: int) -> list[SessionValuation]:
        """Return the accounts' worth at each session's close before `before`, newest first."""
        rows = self._all(
            _VALUATIONS, {"accounts": list(account_ids), "before": before, "limit": limit}
        )
        return [
            SessionValuation(session, at, value([_balance(row) for row in lines]))
            for (session, at), lines in groupby(rows, lambda row: (row["session"], row["at"]))
        ]

    def _one(self, what: str, query: str, values: Any) -> Row:
        found = self._all(query, values)
        if not found:
            raise NotFoundError(f"no {what}")
        return found[0]

    def _all(self, query: str, values: Any) -> list[Row]:
        with self._database.as_reader(READER, self._owner) as statements:
            return statements.execute(query, values).fetchall()


def _posted(lines: list[Row]) -> Posted:
    entries = tuple(Entry(**_only(line, Entry)) for line in lines)
    return Posted(**_only(lines[0], Posted), entries=entries)


def _balance(row: Row) -> Balance:
    return Balance(**_only(row, Balance))


def _only(row: Row, kind: Any) -> dict[str, Any]:
    return {name: row[name] for name in kind.__dataclass_fields__ if name in row}

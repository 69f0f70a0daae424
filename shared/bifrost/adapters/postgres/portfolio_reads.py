"""Portfolio read for people: each answer is one statement, so one instant of the books.

A session's valuation is read where it stands recorded; what is not recorded yet, and what a late
fill or price has changed since, is derived from the ledger and the marks.
"""

from datetime import date, datetime
from functools import reduce
from itertools import groupby
from typing import Any

from bifrost.adapters.postgres.accounts import COLUMNS as ACCOUNT
from bifrost.adapters.postgres.accounts import TABLES as ACCOUNTS
from bifrost.adapters.postgres.accounts import to_account
from bifrost.adapters.postgres.database import Database, Row
from bifrost.adapters.postgres.ledger import BALANCES, COLUMNS, to_balances
from bifrost.adapters.postgres.portfolio_accounts import COLUMNS as PORTFOLIO
from bifrost.adapters.postgres.portfolio_accounts import WITH_ACCOUNTS, to_portfolio
from bifrost.adapters.postgres.valuation_queries import HELD, LATE_SINCE, SINCE
from bifrost.adapters.postgres.valuation_rows import WORTH, to_valuation, worth_of
from bifrost.adapters.postgres.watchlists import COLUMNS as WATCHLIST
from bifrost.adapters.postgres.watchlists import to_watchlist
from bifrost.core.errors import NotFoundError
from bifrost.portfolio.accounts import Account
from bifrost.portfolio.ledger import Entry
from bifrost.portfolio.portfolios import Portfolio, added_up
from bifrost.portfolio.ports import Posted
from bifrost.portfolio.valuation import Balance, SessionValuation, Worth
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

# What is recorded is believed up to where it was recorded, and to the first thing that came late
# for it; what is beyond is worked out here. A session counts for an account from its first entry.
_VALUATIONS = f"""
WITH RECURSIVE own AS MATERIALIZED (
    SELECT a.account_id, {SINCE.format(account="a.account_id")} AS since,
        p.session AS recorded, coalesce({LATE_SINCE}, 'infinity') AS late_since
    FROM portfolio.accounts a LEFT JOIN portfolio.valuation_progress p USING (account_id)
    WHERE a.account_id = ANY(%(accounts)s)
), days AS (
    (SELECT session, occurred_at AS at FROM portfolio.marks WHERE session < %(before)s
        AND occurred_at >= (SELECT min(since) FROM own)
    ORDER BY session DESC, occurred_at DESC LIMIT 1)
    UNION ALL
    SELECT next.* FROM days d CROSS JOIN LATERAL (
        SELECT session, occurred_at FROM portfolio.marks WHERE session < d.session
            AND occurred_at >= (SELECT min(since) FROM own)
        ORDER BY session DESC, occurred_at DESC LIMIT 1
    ) next
), page AS MATERIALIZED (
    SELECT session, at FROM days LIMIT %(limit)s
), asked AS MATERIALIZED (
    SELECT own.account_id, page.session, page.at,
        page.session <= own.recorded AND page.at < own.late_since AS is_recorded
    FROM page JOIN own ON page.at >= own.since
), kept AS MATERIALIZED (
    SELECT v.* FROM asked a CROSS JOIN LATERAL (
        SELECT * FROM portfolio.valuations one
        WHERE one.account_id = a.account_id AND one.session = a.session
        ORDER BY one.revision DESC LIMIT 1
    ) v WHERE a.is_recorded
), pairs AS MATERIALIZED (
    SELECT a.account_id, a.session, a.at FROM asked a LEFT JOIN kept k USING (account_id, session)
    WHERE k.account_id IS NULL
), {HELD}
SELECT session, occurred_at, account_id, {", ".join(WORTH)}, true AS is_recorded,
    NULL AS ledger_account, NULL AS instrument, NULL AS currency, NULL::numeric AS amount,
    NULL::numeric AS quantity, NULL::numeric AS market_price, NULL::timestamptz AS marked_at
FROM kept
UNION ALL
SELECT p.session, p.at, p.account_id, {", ".join("NULL" for _ in WORTH)}, false,
    h.ledger_account, h.instrument, h.currency, h.amount, h.quantity, h.market_price, h.marked_at
FROM pairs p LEFT JOIN held h USING (account_id, session)
ORDER BY session DESC, account_id
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

    def valuations(
        self, *account_ids: str, before: date, limit: int | None
    ) -> list[SessionValuation]:
        """Return the accounts' worth at each session's close before `before`, newest first."""
        values = {"accounts": list(account_ids), "before": before, "limit": limit}
        rows = self._all(_VALUATIONS, values)
        return [
            _session(session, list(lines))
            for session, lines in groupby(rows, lambda row: row["session"])
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


def _session(session: date, rows: list[Row]) -> SessionValuation:
    """Add up the accounts, each recorded or worked out."""
    worths = [
        to_valuation(lines[0]).valuation if lines[0]["is_recorded"] else worth_of(iter(lines))
        for _, group in groupby(rows, lambda row: row["account_id"])
        for lines in [list(group)]
    ]
    at: datetime = max(row["occurred_at"] for row in rows)
    return SessionValuation(session, at, reduce(Worth.__add__, worths))


def _only(row: Row, kind: Any) -> dict[str, Any]:
    return {name: row[name] for name in kind.__dataclass_fields__ if name in row}

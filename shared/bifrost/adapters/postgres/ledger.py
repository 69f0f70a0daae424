"""Portfolio's ledger: a posting is one statement, and its balance is checked at the commit.

The balances are written by the entries' own trigger: nothing here can set them.
"""

import json
from collections.abc import Sequence
from dataclasses import fields
from itertools import groupby

from bifrost.adapters.postgres.database import Cursor, Row
from bifrost.core.errors import NotFoundError
from bifrost.portfolio.ledger import Entry, Posting
from bifrost.portfolio.ports import Posted
from bifrost.portfolio.valuation import Balance

# Sorted, so that places and entries are numbered in the order in which they were given. Documents,
# because the driver takes longer to write as many arrays than the server to read these.
_POST = """
WITH posted AS (
    INSERT INTO portfolio.ledger_transactions (transaction_id, account_id, kind, occurred_at,
        is_market_time, recorded_at, reference, description, event_id, reverses, order_id,
        strategy_id, stands_for, entries)
    SELECT transaction_id, account_id, kind, occurred_at, is_market_time, recorded_at, reference,
        description, event_id, reverses, order_id, strategy_id, stands_for, entries
    FROM ROWS FROM (json_to_recordset(%(postings)s::json) AS (transaction_id text, account_id text,
        kind text, occurred_at timestamptz, is_market_time boolean, recorded_at timestamptz,
        reference text, description text, event_id text, reverses text, order_id text,
        strategy_id text, stands_for text, entries smallint)) WITH ORDINALITY
    ORDER BY ordinality
)
INSERT INTO portfolio.ledger_entries
    (transaction_id, ledger_account, currency, amount, instrument, quantity)
SELECT transaction_id, ledger_account, currency, amount, instrument, quantity
FROM ROWS FROM (json_to_recordset(%(lines)s::json) AS (transaction_id text, ledger_account text,
    currency text, amount numeric, instrument text, quantity numeric)) WITH ORDINALITY
ORDER BY ordinality
"""
_OF_POSTING = tuple(one.name for one in fields(Posting) if one.name != "entries")
_OF_POSTED = tuple(one.name for one in fields(Posted) if one.name != "entries")
_OF_ENTRY = tuple(one.name for one in fields(Entry))

BALANCES = """
SELECT b.ledger_account, b.instrument, b.currency, b.amount, b.quantity,
    m.price AS market_price, m.occurred_at AS marked_at
FROM portfolio.balances b
LEFT JOIN portfolio.newest_marks m
    ON m.instrument = b.instrument AND m.currency = b.currency AND b.quantity <> 0
WHERE b.account_id = ANY(%s)
"""

COLUMNS = (
    "t.position AS place, t.transaction_id, t.account_id, t.kind, t.reference, t.description,"
    " t.event_id, t.occurred_at, t.recorded_at, t.reverses, t.stands_for, t.strategy_id,"
    " t.is_market_time"
)

_ENTRIES = """
SELECT ledger_account, currency, amount, instrument, quantity
FROM portfolio.ledger_entries WHERE transaction_id = %s ORDER BY entry_id
"""


_STANDING = f"""
SELECT {COLUMNS}, e.ledger_account, e.currency, e.amount, e.instrument, e.quantity
FROM portfolio.ledger_transactions t JOIN portfolio.ledger_entries e USING (transaction_id)
WHERE t.account_id = %s AND t.kind <> 'reversal'
    AND (t.reference = ANY(%s) OR t.stands_for <> '' AND t.stands_for = ANY(%s))
    AND NOT EXISTS (
        SELECT 1 FROM portfolio.ledger_transactions u WHERE u.reverses = t.transaction_id)
ORDER BY t.position, e.entry_id
"""


class PostgresLedger:
    """LedgerStore."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor

    def post(self, posting: Posting) -> None:
        """Write the transaction and its entries, which change the balances by themselves."""
        self.post_all([posting])

    def post_all(self, postings: Sequence[Posting]) -> None:
        """Write transactions, in their order, and their entries."""
        rows = [
            {name: getattr(one, name) for name in _OF_POSTING} | {"entries": len(one.entries)}
            for one in postings
        ]
        lines = [
            {name: getattr(line, name) for name in _OF_ENTRY}
            | {"transaction_id": one.transaction_id}
            for one in postings
            for line in one.entries
        ]
        self._cursor.execute(_POST, {"postings": _document(rows), "lines": _document(lines)})

    def taken(self, account_id: str, references: Sequence[str]) -> frozenset[str]:
        """Name those of the references that a transaction has."""
        rows = self._cursor.execute(
            "SELECT reference FROM portfolio.ledger_transactions"
            " WHERE account_id = %s AND reference = ANY(%s)",
            (account_id, list(references)),
        ).fetchall()
        return frozenset(row["reference"] for row in rows)

    def find(self, account_id: str, reference: str) -> Posted | None:
        """Return the transaction of that reference, without its entries."""
        row = self._cursor.execute(
            f"SELECT {COLUMNS} FROM portfolio.ledger_transactions t"
            " WHERE t.account_id = %s AND t.reference = %s",
            (account_id, reference),
        ).fetchone()
        return Posted(**row) if row else None

    def transaction(self, account_id: str, transaction_id: str) -> Posted:
        """Return the transaction with its entries; raise NotFoundError where there is none."""
        row = self._cursor.execute(
            f"SELECT {COLUMNS} FROM portfolio.ledger_transactions t"
            " WHERE t.account_id = %s AND t.transaction_id = %s",
            (account_id, transaction_id),
        ).fetchone()
        if row is None:
            raise NotFoundError(f"no transaction {transaction_id}")
        lines = self._cursor.execute(_ENTRIES, (transaction_id,)).fetchall()
        return Posted(**row, entries=tuple(Entry(**line) for line in lines))

    def reversal_of(self, transaction_id: str) -> str | None:
        """Return the transaction that reversed this one; None if none did."""
        row = self._cursor.execute(
            "SELECT transaction_id FROM portfolio.ledger_transactions WHERE reverses = %s",
            (transaction_id,),
        ).fetchone()
        return str(row["transaction_id"]) if row else None

    def standing(self, account_id: str, origins: Sequence[str]) -> list[Posted]:
        """Return, with their entries, what stands for these references and is not reversed."""
        values = (account_id, list(origins), list(origins))
        rows = self._cursor.execute(_STANDING, values).fetchall()
        return [_posted(list(lines)) for _, lines in groupby(rows, lambda row: row["place"])]

    def balances(self, account_id: str) -> list[Balance]:
        """Return what every ledger account sums to, positions with their last prices."""
        return to_balances(self._cursor.execute(BALANCES, ([account_id],)).fetchall())


def _document(rows: list[Row]) -> str:
    # Decimals and times are the strings that the server reads them from.
    return json.dumps(rows, default=str)


def _posted(lines: list[Row]) -> Posted:
    entries = tuple(Entry(**{name: line[name] for name in _OF_ENTRY}) for line in lines)
    return Posted(**{name: lines[0][name] for name in _OF_POSTED}, entries=entries)


def to_balances(rows: list[Row]) -> list[Balance]:
    """Read balances from their columns."""
    return [Balance(**row) for row in rows]

"""Portfolio's imports: a row of a file and the transaction that it became.

An import's rows are found by its id, which their transactions carry as their cause; what a lot of
an import is called begins with that id too.
"""

import json
from collections.abc import Sequence
from dataclasses import fields
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

from bifrost.adapters.postgres.database import Cursor, Database, Row
from bifrost.adapters.postgres.ledger import COLUMNS
from bifrost.adapters.postgres.portfolio_lots import PAST
from bifrost.adapters.postgres.portfolio_reads import READER
from bifrost.core.codec import from_json, to_json
from bifrost.core.corporate_actions import CorporateAction
from bifrost.core.errors import NotFoundError
from bifrost.portfolio.imports.activities import Activity
from bifrost.portfolio.imports.booking import ORIGIN
from bifrost.portfolio.imports.records import Booked, ClosureMade, Import, LotHistory
from bifrost.portfolio.ledger import Entry
from bifrost.portfolio.lots import Lot
from bifrost.portfolio.ports import Posted

# Places of imported lots: far below those of the desk's own fills, which count from one.
_FIRST_PLACE = -(2**62)
IMPORT = (
    "i.import_id, i.account_id, i.format, i.added, i.duplicates, i.skipped, i.recorded_at,"
    " i.undone_at, i.undo_reason, i.position AS place"
)
_ADD = """
INSERT INTO portfolio.imports
    (import_id, account_id, format, added, duplicates, skipped, recorded_at)
VALUES (%(import_id)s, %(account_id)s, %(format)s, %(added)s, %(duplicates)s, %(skipped)s,
    %(recorded_at)s)
"""
_ADD_ROWS = """
INSERT INTO portfolio.import_rows
    (import_id, number, account_id, content_hash, transaction_id, activity)
SELECT %s, row.number, %s, row.content_hash, row.transaction_id, row.activity
FROM unnest(%s::integer[], %s::text[], %s::text[], %s::jsonb[])
    AS row (number, content_hash, transaction_id, activity)
"""
_KNOWN = """
SELECT r.content_hash, count(*) AS times
FROM portfolio.import_rows r JOIN portfolio.imports i USING (import_id)
WHERE r.account_id = %s AND r.content_hash = ANY(%s) AND i.undone_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM portfolio.ledger_transactions WHERE reverses = r.transaction_id)
GROUP BY r.content_hash
"""
_OTHERWISE = f"""
SELECT {COLUMNS}, e.ledger_account, e.currency, e.amount, e.instrument, e.quantity
FROM portfolio.ledger_transactions t JOIN portfolio.ledger_entries e USING (transaction_id)
WHERE t.account_id = %s AND t.occurred_at >= %s AND t.occurred_at < %s AND t.reverses IS NULL
    AND NOT EXISTS (
        SELECT 1 FROM portfolio.import_rows r WHERE r.transaction_id = t.transaction_id)
    AND NOT EXISTS (
        SELECT 1 FROM portfolio.ledger_transactions u WHERE u.reverses = t.transaction_id)
ORDER BY t.position, e.entry_id
"""
_TRADED = """
SELECT DISTINCT instrument FROM portfolio.lots
WHERE account_id = %s AND instrument = ANY(%s) AND opened_sequence > 0
"""
_LAST_TRADED = """
SELECT r.activity ->> 'instrument' AS instrument, max(t.occurred_at) AS at
FROM portfolio.import_rows r JOIN portfolio.imports i USING (import_id)
    JOIN portfolio.ledger_transactions t USING (transaction_id)
WHERE r.account_id = %s AND i.undone_at IS NULL AND t.kind = 'fill'
GROUP BY 1
"""
# What imports booked, and what corporate actions made of it since.
_TOTALS = """
WITH booked AS (
    SELECT transaction_id FROM portfolio.import_rows WHERE account_id = %(account_id)s
    UNION ALL
    SELECT unnest(ARRAY[transaction_id, payment_id]) FROM portfolio.account_actions
    WHERE account_id = %(account_id)s AND is_imported
)
SELECT CASE WHEN e.instrument = '' THEN e.currency ELSE e.instrument END AS subject,
    sum(CASE WHEN e.instrument = '' THEN e.amount ELSE e.quantity END) AS total
FROM booked b JOIN portfolio.ledger_entries e USING (transaction_id)
WHERE (e.ledger_account = 'assets:cash' OR e.quantity IS NOT NULL)
    AND NOT EXISTS (SELECT 1 FROM portfolio.ledger_transactions WHERE reverses = b.transaction_id)
GROUP BY 1
"""
# Of actions that changed imported lots it matters whether they did; of others, on what lots.
_MET = """
SELECT a.action, d.action_id IS NOT NULL AS is_applied
FROM portfolio.standing_actions a
    LEFT JOIN portfolio.account_actions d ON d.account_id = %(account_id)s
        AND d.action_id = a.action_id AND d.is_imported
WHERE a.instrument = ANY(%(instruments)s)
ORDER BY a.ex_date, a.action_id
"""
_LOT = "lot_id, instrument, currency, opened_at, opened_sequence AS sequence"
_OF_IMPORT = """
SELECT DISTINCT e.instrument FROM portfolio.import_rows r
JOIN portfolio.ledger_entries e USING (transaction_id)
WHERE r.import_id = %(import_id)s AND e.ledger_account LIKE 'assets:positions:%%'
"""
_DEPENDING = f"""
WITH first AS (
    SELECT min(f.position) AS place FROM portfolio.ledger_transactions f
    JOIN portfolio.import_rows r USING (transaction_id) WHERE r.import_id = %(import_id)s
)
SELECT t.position, t.description, t.occurred_at::date AS day
FROM portfolio.account_actions d JOIN portfolio.corporate_actions a USING (action_id, revision)
    JOIN portfolio.ledger_transactions t USING (transaction_id)
WHERE d.account_id = %(account_id)s AND d.is_imported AND a.instrument IN ({_OF_IMPORT})
    AND t.position > (SELECT place FROM first)
UNION
SELECT DISTINCT t.position, t.description, t.occurred_at::date AS day
FROM portfolio.ledger_transactions t
JOIN (
    SELECT transaction_id, lot_id FROM portfolio.lot_closures
    UNION ALL SELECT transaction_id, lot_id FROM portfolio.lot_adjustments
    UNION ALL SELECT transaction_id, lot_id FROM portfolio.lot_revisions
) touched USING (transaction_id)
JOIN portfolio.lots l USING (lot_id)
WHERE t.account_id = %(account_id)s AND l.instrument IN ({_OF_IMPORT})
    AND t.event_id <> %(import_id)s AND t.reverses IS NULL
    AND t.position > (SELECT place FROM first)
    AND NOT EXISTS (
        SELECT 1 FROM portfolio.ledger_transactions u WHERE u.reverses = t.transaction_id)
ORDER BY position LIMIT 10
"""


_STANDING = f"""
WITH page AS (
    SELECT t.*, r.activity FROM portfolio.ledger_transactions t
    LEFT JOIN portfolio.import_rows r USING (transaction_id)
    WHERE t.account_id = %s AND t.position > %s AND t.reverses IS NULL
        AND NOT EXISTS (
            SELECT 1 FROM portfolio.ledger_transactions u WHERE u.reverses = t.transaction_id)
    ORDER BY t.position LIMIT %s
)
SELECT {COLUMNS}, t.activity, e.ledger_account, e.currency, e.amount, e.instrument, e.quantity
FROM page t JOIN portfolio.ledger_entries e USING (transaction_id)
ORDER BY t.position, e.entry_id
"""
_LOTS = f"""
SELECT lot_id, instrument, currency, opened_at, position AS place, opened_quantity,
    opened_cost, quantity, cost,
    (SELECT coalesce(json_agg(json_build_object('transaction_id', c.transaction_id,
        'closed_at', c.closed_at, 'quantity', c.quantity::text, 'cost', c.cost::text,
        'proceeds', c.proceeds::text) ORDER BY c.closed_at, c.transaction_id), '[]')
    FROM portfolio.lot_closures c WHERE c.lot_id = l.lot_id) AS closures
FROM portfolio.lots l
WHERE account_id = %(account_id)s AND {PAST}
ORDER BY opened_sequence, lot_id LIMIT %(limit)s
"""


class PostgresImports:
    """ImportStore."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor

    def add(self, made: Import, rows: Sequence[Booked]) -> None:
        """Write an import and its rows; never changed but for being undone."""
        self._cursor.execute(_ADD, {one.name: getattr(made, one.name) for one in fields(made)})
        self._cursor.execute(
            _ADD_ROWS,
            (
                made.import_id,
                made.account_id,
                [row.number for row in rows],
                [row.content_hash for row in rows],
                [row.transaction_id for row in rows],
                [json.dumps(to_json(row.activity)) for row in rows],
            ),
        )

    def locked(self, account_id: str, import_id: str) -> Import:
        """Return it, held until the transaction's end; raise NotFoundError where none is."""
        row = self._cursor.execute(
            f"SELECT {IMPORT} FROM portfolio.imports i"
            " WHERE i.account_id = %s AND i.import_id = %s FOR NO KEY UPDATE",
            (account_id, import_id),
        ).fetchone()
        if row is None:
            raise NotFoundError(f"no import {import_id}")
        return Import(**row)

    def rows(self, import_id: str) -> list[Booked]:
        """Return the import's rows, as they were booked."""
        found = self._cursor.execute(
            "SELECT number, content_hash, transaction_id, activity FROM portfolio.import_rows"
            " WHERE import_id = %s ORDER BY number",
            (import_id,),
        ).fetchall()
        return [Booked(**{**row, "activity": to_activity(row["activity"])}) for row in found]

    def undo(self, import_id: str, reason: str, at: datetime) -> None:
        """Mark it as undone."""
        self._cursor.execute(
            "UPDATE portfolio.imports SET undone_at = %s, undo_reason = %s WHERE import_id = %s",
            (at, reason, import_id),
        )

    def known(self, account_id: str, hashes: Sequence[str]) -> dict[str, int]:
        """Return how often each of these contents was imported and not undone."""
        rows = self._cursor.execute(_KNOWN, (account_id, list(hashes))).fetchall()
        return {row["content_hash"]: row["times"] for row in rows}

    def booked_otherwise(self, account_id: str, first: date, last: date) -> list[Posted]:
        """Return what was booked in these days by no import and not reversed, with its entries."""
        rows = self._cursor.execute(_OTHERWISE, (account_id, first, last)).fetchall()
        return [_posted(list(lines)) for _, lines in groupby(rows, lambda row: row["place"])]

    def traded_otherwise(self, account_id: str, instruments: Sequence[str]) -> list[str]:
        """Return which of these instruments the desk itself has traded in the account."""
        rows = self._cursor.execute(_TRADED, (account_id, list(instruments))).fetchall()
        return [row["instrument"] for row in rows]

    def last_traded(self, account_id: str) -> dict[str, datetime]:
        """Return when each instrument was last traded by an import that stands."""
        rows = self._cursor.execute(_LAST_TRADED, (account_id,)).fetchall()
        return {row["instrument"]: row["at"] for row in rows}

    def issued(
        self, account_id: str, instruments: Sequence[str]
    ) -> list[tuple[CorporateAction, bool]]:
        """Return the actions of these instruments that stand, with whether what was imported here
        has met them.
        """
        values = {"account_id": account_id, "instruments": list(instruments)}
        rows = self._cursor.execute(_MET, values).fetchall()
        return [(from_json(CorporateAction, row["action"]), row["is_applied"]) for row in rows]

    def next_sequence(self, account_id: str) -> int:
        """Return the place of the account's next imported lot: before every lot of the desk."""
        row = self._cursor.execute(
            "SELECT max(opened_sequence) AS last FROM portfolio.lots"
            " WHERE account_id = %s AND opened_sequence < 0",
            (account_id,),
        ).fetchone()
        last = row["last"] if row else None
        return _FIRST_PLACE if last is None else last + 1

    def closures(self, import_id: str) -> list[ClosureMade]:
        """Return what each transaction of the import closed of which lot."""
        rows = self._cursor.execute(
            "SELECT c.transaction_id, c.lot_id, c.quantity, c.cost, c.proceeds"
            " FROM portfolio.lot_closures c JOIN portfolio.import_rows r USING (transaction_id)"
            " WHERE r.import_id = %s",
            (import_id,),
        ).fetchall()
        return [ClosureMade(**row) for row in rows]

    def lots(self, account_id: str, import_id: str) -> list[Lot]:
        """Return the lots of the import's instruments, as they are now."""
        rows = self._cursor.execute(
            f"SELECT {_LOT}, quantity, cost FROM portfolio.lots"
            f" WHERE account_id = %(account_id)s AND instrument IN ({_OF_IMPORT})",
            {"account_id": account_id, "import_id": import_id},
        ).fetchall()
        return [Lot(**row) for row in rows]

    def opened(self, import_id: str) -> list[Lot]:
        """Return the lots that the import opened, as they were then."""
        rows = self._cursor.execute(
            f"SELECT {_LOT}, opened_quantity AS quantity, opened_cost AS cost FROM portfolio.lots"
            " WHERE lot_id IN (SELECT %(prefix)s || number::text FROM portfolio.import_rows"
            " WHERE import_id = %(import_id)s)",
            {"prefix": f"{ORIGIN}:{import_id}:", "import_id": import_id},
        ).fetchall()
        return [Lot(**row) for row in rows]

    def totals(self, account_id: str) -> dict[str, Decimal]:
        """Return what imports that stand add, in cash by currency and by instrument, and what
        corporate actions made of it.
        """
        rows = self._cursor.execute(_TOTALS, {"account_id": account_id}).fetchall()
        return {row["subject"]: row["total"] for row in rows}

    def depending(self, account_id: str, import_id: str) -> list[str]:
        """Name what came after the import and closed or changed lots of its instruments."""
        rows = self._cursor.execute(
            _DEPENDING, {"account_id": account_id, "import_id": import_id}
        ).fetchall()
        return [f"{row['description']} ({row['day']})" for row in rows]


def to_activity(stored: object) -> Activity:
    """Read a row as it was kept."""
    return from_json(Activity, stored)


def _posted(lines: list[Row]) -> Posted:
    names = {one.name for one in fields(Posted)} - {"entries"}
    entries = tuple(Entry(**{one.name: line[one.name] for one in fields(Entry)}) for line in lines)
    return Posted(**{name: lines[0][name] for name in names}, entries=entries)


class PostgresImportReader:
    """ImportReader: imports and histories of one owner, and of nobody else."""

    def __init__(self, database: Database, owner: str) -> None:
        self._database = database
        self._owner = owner

    def imports(self, account_id: str, *, before: int, limit: int) -> list[Import]:
        """Return imports whose place is before `before`, newest first."""
        query = (
            f"SELECT {IMPORT} FROM portfolio.imports i"
            " WHERE i.account_id = %s AND i.position < %s ORDER BY i.position DESC LIMIT %s"
        )
        return [Import(**row) for row in self._all(query, (account_id, before, limit))]

    def show(self, account_id: str, import_id: str) -> Import:
        """Return one import; raise NotFoundError where there is none."""
        query = (
            f"SELECT {IMPORT} FROM portfolio.imports i WHERE i.account_id = %s AND i.import_id = %s"
        )
        found = self._all(query, (account_id, import_id))
        if not found:
            raise NotFoundError(f"no import {import_id}")
        return Import(**found[0])

    def history(
        self, account_id: str, *, after: int, limit: int
    ) -> list[tuple[Posted, Activity | None]]:
        """Return what stands in the ledger past `after`, oldest first; beside it what an import
        read it from.
        """
        rows = self._all(_STANDING, (account_id, after, limit))
        found = []
        for _, group in groupby(rows, lambda row: row["place"]):
            lines = list(group)
            stored = lines[0]["activity"]
            found.append((_posted(lines), to_activity(stored) if stored else None))
        return found

    def lots(self, account_id: str, *, after: int, limit: int) -> list[LotHistory]:
        """Return lots past `after`, flat ones too, each with what was closed of it."""
        values = {"account_id": account_id, "after": after, "limit": limit}
        return [LotHistory(**row) for row in self._all(_LOTS, values)]

    def _all(self, query: str, values: Any) -> list[Row]:
        with self._database.as_reader(READER, self._owner) as statements:
            return statements.execute(query, values).fetchall()

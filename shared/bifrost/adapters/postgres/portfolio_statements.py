"""Stored statements, and what the ledger said as of their day."""

from decimal import Decimal

from bifrost.adapters.postgres.database import Cursor, Database, Row
from bifrost.adapters.postgres.portfolio_reads import READER
from bifrost.adapters.postgres.session_dates import SESSION
from bifrost.core.breaks import Break
from bifrost.core.codec import from_json
from bifrost.core.errors import NotFoundError
from bifrost.portfolio.statements import Key, RefusedAction, Run, Statement

_STATEMENT = """
SELECT s.statement_id, s.account_id, s.as_of, s.recorded_at,
    (SELECT jsonb_agg(jsonb_build_array(l.kind, l.subject, l.amount::text)
        ORDER BY l.kind, l.subject)
    FROM portfolio.statement_lines l WHERE l.statement_id = s.statement_id) AS said
FROM portfolio.statements s WHERE s.account_id = %s
"""
_STANDING = _STATEMENT + " ORDER BY s.as_of DESC, s.position DESC LIMIT 1"
_LINES = """
INSERT INTO portfolio.statement_lines (statement_id, kind, subject, amount)
SELECT %s, * FROM unnest(%s::text[], %s::text[], %s::numeric[])
"""
# What was written since the last look and is of the statement's day or before, whenever it came;
# of what was imported its file says the day.
# A flow that no bar's time could be given to belongs to every day. The account's lock is held, so
# no transaction with a lower position can come later.
_ADD = f"""
WITH fresh AS (
    SELECT t.transaction_id FROM portfolio.ledger_transactions t
        LEFT JOIN portfolio.import_rows r
            ON r.transaction_id = coalesce(t.reverses, t.transaction_id)
    WHERE t.account_id = %(account_id)s
        AND t.position > coalesce((SELECT position FROM portfolio.statement_progress
            WHERE statement_id = %(statement_id)s), 0)
        AND (NOT t.is_market_time OR coalesce(
            (r.activity ->> 'day')::date, {SESSION.format(at="t.occurred_at")}) <= %(as_of)s)
), said AS (
    SELECT CASE WHEN e.quantity IS NULL THEN 'cash' ELSE 'position' END AS kind,
        CASE WHEN e.quantity IS NULL THEN e.currency ELSE e.instrument END AS subject,
        sum(coalesce(e.quantity, e.amount)) AS amount
    FROM fresh JOIN portfolio.ledger_entries e USING (transaction_id)
    WHERE e.quantity IS NOT NULL OR e.ledger_account = 'assets:cash'
    GROUP BY 1, 2
)
INSERT INTO portfolio.statement_ledger AS kept (statement_id, kind, subject, amount)
SELECT %(statement_id)s, kind, subject, amount FROM said
ON CONFLICT (statement_id, kind, subject) DO UPDATE SET amount = kept.amount + excluded.amount
"""
_MOVE = """
INSERT INTO portfolio.statement_progress (statement_id, position)
SELECT %(statement_id)s, coalesce(max(position), 0) FROM portfolio.ledger_transactions
WHERE account_id = %(account_id)s
ON CONFLICT (statement_id) DO UPDATE SET position = excluded.position
WHERE statement_progress.position < excluded.position
"""
# A newer revision takes a refusal's place, and so does the same one once it has been applied; but
# where there are imported lots too, it may have been applied to the others alone.
_REFUSED = """
SELECT r.action_id, r.revision, a.instrument, r.reason, r.recorded_at
FROM portfolio.action_refusals r JOIN portfolio.corporate_actions a USING (action_id, revision)
WHERE r.account_id = %s
    AND NOT EXISTS (SELECT 1 FROM portfolio.corporate_actions newer
        WHERE newer.action_id = r.action_id AND newer.revision > r.revision)
    AND (NOT EXISTS (SELECT 1 FROM portfolio.account_actions d
        WHERE d.account_id = r.account_id AND d.action_id = r.action_id
            AND d.revision = r.revision)
        OR EXISTS (SELECT 1 FROM portfolio.lots i
            WHERE i.account_id = r.account_id AND i.instrument = a.instrument
                AND i.quantity <> 0 AND i.opened_sequence < 0)
            AND NOT EXISTS (SELECT 1 FROM portfolio.account_actions m
                WHERE m.account_id = r.account_id AND m.action_id = r.action_id
                    AND m.revision = r.revision AND m.is_imported))
ORDER BY r.recorded_at DESC, r.action_id LIMIT 100
"""


class PostgresStatements:
    """StatementStore."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor

    def add(self, statement: Statement) -> None:
        """Write a new one."""
        said = statement.said
        self._cursor.execute(
            "INSERT INTO portfolio.statements"
            " (statement_id, account_id, as_of, lines, recorded_at) VALUES (%s, %s, %s, %s, %s)",
            (
                statement.statement_id,
                statement.account_id,
                statement.as_of,
                len(said),
                statement.recorded_at,
            ),
        )
        self._cursor.execute(
            _LINES,
            (
                statement.statement_id,
                [kind for kind, _ in said],
                [subject for _, subject in said],
                list(said.values()),
            ),
        )

    def find(self, account_id: str, statement_id: str) -> Statement:
        """Return one; raise NotFoundError where there is none."""
        row = self._cursor.execute(
            _STATEMENT + " AND s.statement_id = %s", (account_id, statement_id)
        ).fetchone()
        if row is None:
            raise NotFoundError(f"no statement {statement_id}")
        return _to_statement(row)

    def standing(self, account_id: str) -> Statement | None:
        """Return the one of the latest day, of two for one day the later written."""
        row = self._cursor.execute(_STANDING, (account_id,)).fetchone()
        return None if row is None else _to_statement(row)

    def ledger_as_of(self, statement: Statement) -> dict[Key, Decimal]:
        """Return what the ledger says as of the statement's day, whatever was written since."""
        values = {
            "account_id": statement.account_id,
            "statement_id": statement.statement_id,
            "as_of": statement.as_of,
        }
        self._cursor.execute(_ADD, values)
        self._cursor.execute(_MOVE, values)
        rows = self._cursor.execute(
            "SELECT kind, subject, amount FROM portfolio.statement_ledger WHERE statement_id = %s",
            (statement.statement_id,),
        ).fetchall()
        return {(row["kind"], row["subject"]): row["amount"] for row in rows}


class PostgresStatementReader:
    """StatementReader: statements and comparisons of one owner, and of nobody else."""

    def __init__(self, database: Database, owner: str) -> None:
        self._database = database
        self._owner = owner

    def last_run(self, account_id: str) -> Run | None:
        """Return the last comparison; None before the first."""
        row = self._one(
            "SELECT account_id, compared_at, breaks FROM portfolio.reconciliations"
            " WHERE account_id = %s",
            account_id,
        )
        if row is None:
            return None
        breaks = tuple(from_json(Break, one) for one in row["breaks"])
        return Run(row["account_id"], row["compared_at"], breaks)

    def standing(self, account_id: str) -> Statement | None:
        """Return the statement that comparisons hold the account against."""
        row = self._one(_STANDING, account_id)
        return None if row is None else _to_statement(row)

    def refused_actions(self, account_id: str) -> list[RefusedAction]:
        """Return the newest corporate actions that the account's books do not follow."""
        with self._database.as_reader(READER, self._owner) as statements:
            rows = statements.execute(_REFUSED, (account_id,)).fetchall()
        return [RefusedAction(**row) for row in rows]

    def _one(self, query: str, account_id: str) -> Row | None:
        with self._database.as_reader(READER, self._owner) as statements:
            return statements.execute(query, (account_id,)).fetchone()


def _to_statement(row: Row) -> Statement:
    said = {(kind, subject): Decimal(amount) for kind, subject, amount in row["said"]}
    return Statement(**{**row, "said": said})

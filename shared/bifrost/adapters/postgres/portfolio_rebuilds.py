"""Rebuilds in Postgres: each call is a transaction of its own.

What a rebuild tells must not wait for the one transaction in which it reads the books, so the
work takes a connection of its own for this.
"""

import json
from datetime import datetime

from bifrost.adapters.postgres.database import Cursor, Database, Row
from bifrost.adapters.postgres.idempotency import IdempotencyKeys, body_hash
from bifrost.adapters.postgres.portfolio_reads import READER
from bifrost.core.codec import from_json, to_json
from bifrost.core.errors import ConflictError, NotFoundError
from bifrost.portfolio.rebuilding import Rebuild
from bifrost.portfolio.rebuilds import DIED, RebuildRequest, RebuildState, RebuildTask

# A book that is wrong everywhere must still fit into an answer.
DIFFERENCES_MAX = 1_000
# Of an account's older ones what is kept is how many there were.
KEPT_WHOLE = 20

_ONE = """
SELECT r.*, a.currency FROM portfolio.rebuilds r JOIN portfolio.accounts a USING (account_id)
WHERE r.rebuild_id = %s
"""

_ADD = """
INSERT INTO portfolio.rebuilds
    (rebuild_id, account_id, correlation_id, requested_at, progressed_at)
VALUES (%(rebuild_id)s, %(account_id)s, %(correlation_id)s, %(now)s, %(now)s)
ON CONFLICT (account_id) WHERE state = 'running' DO NOTHING
RETURNING rebuild_id
"""

_SHORTEN = """
UPDATE portfolio.rebuilds SET made = jsonb_set(made, '{differences}', '[]')
WHERE account_id = %(account_id)s AND made -> 'differences' <> '[]' AND rebuild_id NOT IN (
    SELECT rebuild_id FROM portfolio.rebuilds WHERE account_id = %(account_id)s
    ORDER BY requested_at DESC, rebuild_id DESC LIMIT %(kept)s)
"""

_ATTEMPT = """
UPDATE portfolio.rebuilds SET attempt = attempt + 1, played = 0, total = NULL,
    begun_at = %(now)s, progressed_at = %(now)s
WHERE rebuild_id = %(rebuild_id)s AND state = 'running'
RETURNING rebuild_id
"""

_TELL = """
UPDATE portfolio.rebuilds SET played = %(played)s, total = %(total)s, progressed_at = %(now)s
WHERE rebuild_id = %(rebuild_id)s AND attempt = %(attempt)s AND state = 'running'
RETURNING rebuild_id
"""

_FINISH = """
UPDATE portfolio.rebuilds SET state = 'done', made = %(made)s, differences = %(differences)s,
    played = coalesce(total, played), progressed_at = %(now)s, ended_at = %(now)s
WHERE rebuild_id = %(rebuild_id)s AND attempt = %(attempt)s AND state = 'running'
RETURNING rebuild_id
"""

_FAIL = """
UPDATE portfolio.rebuilds SET state = 'failed', cause = %(cause)s, ended_at = %(now)s
WHERE state = 'running'
"""


class PostgresRebuilds:
    """RebuildStore."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._keys = IdempotencyKeys("portfolio")

    def begin(
        self, asked: RebuildRequest, rebuild_id: str, now: datetime, dead_before: datetime
    ) -> RebuildTask:
        """Keep a new one, or return what this key has begun; ConflictError while one runs."""
        with self._database.transaction() as cursor:
            known = self._keys.claim(
                cursor,
                scope=f"rebuilds/{asked.account_id}",
                key=asked.key,
                digest=body_hash({}),
                resource_id=rebuild_id,
            )
            if known is None:
                self._add(cursor, asked, rebuild_id, now, dead_before)
            return _find(cursor, known or rebuild_id)

    def attempt(self, rebuild_id: str, now: datetime) -> RebuildTask | None:
        """Begin the work, the first time or again; None where it has ended."""
        with self._database.transaction() as cursor:
            begun = cursor.execute(_ATTEMPT, {"rebuild_id": rebuild_id, "now": now}).fetchone()
            return None if begun is None else _find(cursor, rebuild_id)

    def tell(self, task: RebuildTask, played: int, total: int, now: datetime) -> bool:
        """Keep how far the attempt is; False where it is no longer the one that counts."""
        return self._change(_TELL, task, {"played": played, "total": total, "now": now})

    def finish(self, task: RebuildTask, made: Rebuild, now: datetime) -> bool:
        """Keep what was found; False where the attempt is no longer the one that counts."""
        found = to_json(made)
        shown = {**found, "differences": found["differences"][:DIFFERENCES_MAX]}
        values = {"made": json.dumps(shown), "differences": len(made.differences), "now": now}
        return self._change(_FINISH, task, values)

    def fail(self, rebuild_id: str, cause: str, now: datetime) -> RebuildState:
        """End it with its cause unless it has ended; return how it ended."""
        with self._database.transaction() as cursor:
            values = {"rebuild_id": rebuild_id, "cause": cause, "now": now}
            cursor.execute(_FAIL + " AND rebuild_id = %(rebuild_id)s", values)
            return _find(cursor, rebuild_id).state

    def fail_dead(self, before: datetime, now: datetime) -> int:
        """End those that told nothing since `before`; return how many."""
        with self._database.transaction() as cursor:
            values = {"before": before, "cause": DIED, "now": now}
            cursor.execute(_FAIL + " AND progressed_at <= %(before)s", values)
            return cursor.rowcount

    def _add(
        self,
        cursor: Cursor,
        asked: RebuildRequest,
        rebuild_id: str,
        now: datetime,
        dead_before: datetime,
    ) -> None:
        values = {
            "rebuild_id": rebuild_id,
            "account_id": asked.account_id,
            "correlation_id": asked.correlation_id,
            "now": now,
            "before": dead_before,
            "cause": DIED,
        }
        cursor.execute(
            _FAIL + " AND account_id = %(account_id)s AND progressed_at <= %(before)s", values
        )
        if cursor.execute(_ADD, values).fetchone() is None:
            raise ConflictError(
                f"a rebuild of account {asked.account_id} is running; wait for its end"
            )
        cursor.execute(_SHORTEN, {"account_id": asked.account_id, "kept": KEPT_WHOLE + 1})

    def _change(self, statement: str, task: RebuildTask, values: dict[str, object]) -> bool:
        named = {"rebuild_id": task.rebuild_id, "attempt": task.attempt, **values}
        with self._database.transaction() as cursor:
            return cursor.execute(statement, named).fetchone() is not None


class PostgresRebuildReader:
    """The rebuilds of one owner's accounts, and of nobody else's."""

    def __init__(self, database: Database, owner: str) -> None:
        self._database = database
        self._owner = owner

    def find(self, account_id: str, rebuild_id: str) -> RebuildTask:
        """Return a rebuild of the account; raise NotFoundError."""
        with self._database.as_reader(READER, self._owner) as statements:
            row = statements.execute(
                _ONE + " AND r.account_id = %s", (rebuild_id, account_id)
            ).fetchone()
        if row is None:
            raise NotFoundError(f"account {account_id} has no rebuild {rebuild_id}")
        return _to_task(row)


def _find(cursor: Cursor, rebuild_id: str) -> RebuildTask:
    row = cursor.execute(_ONE, (rebuild_id,)).fetchone()
    if row is None:
        raise NotFoundError(f"no rebuild is called {rebuild_id}")
    return _to_task(row)


def _to_task(row: Row) -> RebuildTask:
    return RebuildTask(
        rebuild_id=row["rebuild_id"],
        account_id=row["account_id"],
        currency=row["currency"],
        state=RebuildState(row["state"]),
        attempt=row["attempt"],
        played=row["played"],
        total=row["total"],
        requested_at=row["requested_at"],
        begun_at=row["begun_at"],
        ended_at=row["ended_at"],
        cause=row["cause"],
        made=None if row["made"] is None else from_json(Rebuild, row["made"]),
        differences=row["differences"],
    )

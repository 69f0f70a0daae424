"""Ingestion's jobs in Postgres: each call is a transaction of its own."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from bifrost.adapters.postgres.database import Cursor, Database, Row
from bifrost.adapters.postgres.idempotency import IdempotencyKeys, body_hash
from bifrost.adapters.postgres.market.items import COLUMNS, KEEP, to_item, to_job, values_of
from bifrost.core.errors import NotFoundError
from bifrost.data.ingest.jobs import Item, ItemState, Job
from bifrost.data.ingest.ports import Claim, JobQuery, Tally

_ADD = """
INSERT INTO data.ingestion_jobs (job_id, kind, provider, series, timeframe, first_at, before_at,
    calendar, session, requested_by, correlation_id, requested_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (job_id) DO NOTHING
"""

_ADD_ITEMS = """
INSERT INTO data.ingestion_items
    (job_id, instrument, symbol, first_at, before_at, state, resume_at, due_at)
SELECT %s, instrument, symbol, first_at, before_at, 'waiting', first_at, %s
FROM unnest(%s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[])
    AS wanted (instrument, symbol, first_at, before_at)
ON CONFLICT (job_id, instrument, first_at) DO NOTHING
"""

# An item that ended before its range's end (absent, failed) is done only as far as it came.
_TALLIES = """
SELECT job_id, state, (due_at IS NOT NULL OR state = 'running') AS goes_on, count(*) AS items,
    sum(rows_read) AS rows_read, sum(rows_written) AS rows_written,
    sum(rows_kept_apart) AS rows_kept_apart,
    sum(before_at - first_at) AS asked, sum(resume_at - first_at) AS done
FROM data.ingestion_items WHERE job_id = ANY(%s) GROUP BY job_id, state, goes_on
"""

_NEWEST = """
SELECT * FROM data.ingestion_jobs j
WHERE (%(kind)s::text IS NULL OR kind = %(kind)s) AND (%(before)s = '' OR (requested_at, job_id) <
    (SELECT o.requested_at, o.job_id FROM data.ingestion_jobs o WHERE o.job_id = %(before)s))
ORDER BY requested_at DESC, job_id DESC LIMIT %(limit)s
"""

_ITEMS = f"""
SELECT {COLUMNS} FROM data.ingestion_items i JOIN data.ingestion_jobs j USING (job_id)
WHERE i.job_id = %s AND i.item > %s ORDER BY i.item LIMIT %s
"""

_HELD = f"""
SELECT {COLUMNS} FROM data.ingestion_items i JOIN data.ingestion_jobs j USING (job_id)
WHERE i.job_id = %s ORDER BY i.item FOR UPDATE OF i
"""

# A message shows once its item is due: it counts as lost only some time after that.
_UNSENT = """
SELECT item, greatest(0, ceil(extract(epoch FROM coalesce(due_at, leased_until) - %(now)s)))::int
    AS seconds
FROM data.ingestion_items
WHERE (due_at <= %(soon)s AND (sent_at IS NULL OR greatest(sent_at, due_at) < %(unheard)s))
    OR (leased_until <= %(now)s AND (sent_at IS NULL OR sent_at <= leased_until
        OR sent_at < %(unheard)s))
ORDER BY coalesce(due_at, leased_until) LIMIT %(limit)s
"""

_FORGET = """
DELETE FROM data.ingestion_jobs j WHERE kind = 'intraday' AND requested_at < %s AND NOT EXISTS (
    SELECT 1 FROM data.ingestion_items i WHERE i.job_id = j.job_id
        AND (due_at IS NOT NULL OR state = 'running'))
"""

_SOON = timedelta(minutes=1)


class PostgresJobs:
    """Jobs, for those who ask for them and look after them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, job: Job, items: Sequence[Item]) -> None:
        """Keep a job and its items; one that is there stays, with the items that it lacked."""
        with self._database.transaction() as cursor:
            _add(cursor, job, items)

    def add_once(self, claim: Claim, job: Job, items: Sequence[Item]) -> str:
        """As `add`, once for the claim's key; return the id of the job that has the key."""
        with self._database.transaction() as cursor:
            earlier = IdempotencyKeys("data").claim(
                cursor,
                scope=f"backfills/{claim.owner}",
                key=claim.key,
                digest=body_hash(claim.body),
                resource_id=job.job_id,
            )
            if earlier is None:
                _add(cursor, job, items)
            return earlier or job.job_id

    def find(self, job_id: str) -> Job:
        """Return a job; raise NotFoundError."""
        query = "SELECT * FROM data.ingestion_jobs WHERE job_id = %s"
        row = self._database.fetch_one(query, (job_id,))
        if row is None:
            raise NotFoundError(f"no job is called {job_id}; see `bifrost data jobs`")
        return to_job(row)

    def tallies(self, job_ids: Sequence[str]) -> dict[str, Tally]:
        """Add up the items of each, by its id."""
        found: dict[str, list[Row]] = {job_id: [] for job_id in job_ids}
        for row in self._database.fetch_all(_TALLIES, (list(job_ids),)):
            found[row["job_id"]].append(row)
        return {job_id: _to_tally(rows) for job_id, rows in found.items()}

    def newest(self, asked: JobQuery) -> list[Job]:
        """Return jobs, the newest first."""
        values = {"kind": asked.kind, "before": asked.before, "limit": asked.limit}
        return [to_job(row) for row in self._database.fetch_all(_NEWEST, values)]

    def items(self, job_id: str, *, after: int, limit: int) -> list[Item]:
        """Return a job's items past the number `after`, in their order."""
        return [to_item(row) for row in self._database.fetch_all(_ITEMS, (job_id, after, limit))]

    def change_items(
        self, job_id: str, change: Callable[[Item], Item], cancelled_at: datetime | None
    ) -> None:
        """Change each item under its lock, and say since when the job is cancelled, if it is."""
        with self._database.transaction() as cursor:
            held = [to_item(row) for row in cursor.execute(_HELD, (job_id,))]
            changed = [(old, change(old)) for old in held]
            cursor.executemany(
                KEEP, [(*values_of(new), new.number) for old, new in changed if new != old]
            )
            query = "UPDATE data.ingestion_jobs SET cancelled_at = %s WHERE job_id = %s"
            cursor.execute(query, (cancelled_at, job_id))

    def unsent(self, now: datetime, unheard_after: timedelta, limit: int) -> list[tuple[int, int]]:
        """Return (number, seconds to wait) of items for which a message should be on its way."""
        values = {"now": now, "soon": now + _SOON, "unheard": now - unheard_after, "limit": limit}
        rows = self._database.fetch_all(_UNSENT, values)
        return [(row["item"], row["seconds"]) for row in rows]

    def mark_sent(self, numbers: Sequence[int], at: datetime) -> None:
        """Keep that a message went out for each."""
        with self._database.transaction() as cursor:
            query = "UPDATE data.ingestion_items SET sent_at = %s WHERE item = ANY(%s)"
            cursor.execute(query, (at, list(numbers)))

    def forget_intraday(self, before: datetime) -> int:
        """Delete jobs of minutes that ended long ago; return how many."""
        with self._database.transaction() as cursor:
            return cursor.execute(_FORGET, (before,)).rowcount


def _add(cursor: Cursor, job: Job, items: Sequence[Item]) -> None:
    scope = job.scope
    cursor.execute(
        _ADD,
        (
            job.job_id,
            job.kind,
            scope.provider,
            scope.series,
            scope.timeframe,
            scope.first,
            scope.before,
            job.calendar,
            job.session,
            job.requested_by,
            job.correlation_id,
            job.requested_at,
        ),
    )
    columns = (
        [item.instrument for item in items],
        [item.symbol for item in items],
        [item.scope.first for item in items],
        [item.scope.before for item in items],
    )
    cursor.execute(_ADD_ITEMS, (job.job_id, job.requested_at, *columns))


def _to_tally(rows: Sequence[Row]) -> Tally:
    states: dict[ItemState, int] = {}
    for row in rows:
        state = ItemState(row["state"])
        states[state] = states.get(state, 0) + row["items"]
    return Tally(
        states=states,
        unended=frozenset(ItemState(row["state"]) for row in rows if row["goes_on"]),
        rows_read=int(sum(row["rows_read"] for row in rows)),
        rows_written=int(sum(row["rows_written"] for row in rows)),
        rows_kept_apart=int(sum(row["rows_kept_apart"] for row in rows)),
        asked=sum((row["asked"] for row in rows), timedelta()),
        done=sum((row["done"] for row in rows), timedelta()),
    )

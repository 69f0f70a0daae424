"""The daily feed in Postgres: sessions that are owed, on the transaction that replays use too."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from bifrost.adapters.postgres.bars import to_bar
from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.replays import PostgresReplays, PostgresReplayTransaction
from bifrost.core.bars import Bar
from bifrost.core.sessions import Session
from bifrost.data.ingest.feeding import FedSession, FeedTransaction, OwedSession

# A session is owed once a job of its close is there; what was subscribed to later is not in it.
# One that closed before `recent` only where the feed had begun before it: a desk that was down
# goes on where it stopped, and one that is new does not begin with the past.
# An item is waited for until the bar is there or it has ended. One that failed is waited for too,
# until somebody's bar is there or the search for gaps has asked once more for it.
_OWED = """
SELECT s.calendar, s.session, s.opens_at, s.closes_at, max(j.requested_at) AS asked_at,
    array_agg(DISTINCT i.instrument ORDER BY i.instrument) AS wanted,
    coalesce(array_agg(DISTINCT i.instrument) FILTER (
        WHERE CASE WHEN i.due_at IS NOT NULL OR i.state = 'running'
            THEN NOT EXISTS (SELECT 1 FROM data.bars b WHERE b.instrument = i.instrument
                AND b.session = s.session AND b.source = j.provider)
            ELSE i.state = 'failed' AND NOT EXISTS (SELECT 1 FROM data.told_bars b
                    WHERE b.instrument = i.instrument AND b.session = s.session)
                AND NOT EXISTS (SELECT 1 FROM data.gaps g
                    JOIN data.ingestion_jobs r ON r.job_id = g.job_id
                    JOIN data.ingestion_items a ON a.job_id = g.job_id
                        AND a.instrument = g.instrument AND a.first_at = g.first_at
                    WHERE g.instrument = i.instrument AND g.timeframe = j.timeframe
                        AND g.provider = j.provider AND g.first_at <= s.opens_at
                        AND g.before_at > s.opens_at AND r.requested_at > j.requested_at
                        AND a.due_at IS NULL AND a.state <> 'running')
            END), '{}') AS unended,
    coalesce(array_agg(DISTINCT i.instrument) FILTER (WHERE i.state = 'failed'), '{}') AS failed
FROM data.ingestion_jobs j
JOIN data.sessions s ON s.calendar = j.calendar AND s.session = j.session
JOIN data.ingestion_items i USING (job_id)
JOIN data.subscriptions w ON w.instrument = i.instrument AND w.timeframe = j.timeframe
    AND w.provider = j.provider AND w.live
WHERE j.kind = 'session_close' AND j.timeframe = '1d' AND s.closes_at BETWEEN %(since)s AND %(now)s
    AND (s.closes_at >= %(recent)s OR s.session > (
        SELECT max(f.session) FROM data.feed_sessions f WHERE f.calendar = s.calendar))
    AND NOT EXISTS (SELECT 1 FROM data.feed_sessions f
        WHERE f.calendar = s.calendar AND f.session = s.session)
GROUP BY s.calendar, s.session, s.opens_at, s.closes_at ORDER BY s.closes_at, s.calendar
"""

_BARS = """
SELECT b.instrument, b.session, b.open, b.high, b.low, b.close, b.volume, s.closes_at, i.currency
FROM data.standing_bars b
JOIN data.instruments i ON i.symbol = b.instrument
JOIN data.sessions s ON s.calendar = i.calendar AND s.session = b.session
WHERE b.instrument = ANY(%s) AND b.session = %s AND i.calendar = %s AND b.source <> 'rollup'
"""

_RECORD = """
INSERT INTO data.feed_sessions (calendar, session, bars, left_out, reason, recorded_at)
VALUES (%s, %s, %s, %s, %s, %s)
"""


class PostgresFeeds:
    """The live feed, one step at a time."""

    def __init__(self, database: Database) -> None:
        self._replays = PostgresReplays(database)

    @contextmanager
    def feeding(self) -> Iterator[FeedTransaction]:
        """Begin a step: every other step, and every replay's, waits for its end."""
        with self._replays.step() as step:
            yield PostgresFeedTransaction(step.cursor, step.market_time)


@dataclass(frozen=True, slots=True)
class PostgresFeedTransaction(PostgresReplayTransaction):
    """A step of the feed; what a replay's step may do, it may do too."""

    def owed(self, since: datetime, recent: datetime, now: datetime) -> list[OwedSession]:
        """Return sessions that closed by now and have not gone out, oldest first."""
        values = {"since": since, "recent": recent, "now": now}
        return [
            OwedSession(
                Session(row["calendar"], row["session"], row["opens_at"], row["closes_at"]),
                tuple(row["wanted"]),
                tuple(row["unended"]),
                tuple(row["failed"]),
                row["asked_at"],
            )
            for row in self.cursor.execute(_OWED, values)
        ]

    def bars_of(self, session: Session, instruments: Sequence[str]) -> list[tuple[Bar, str]]:
        """Return the bars that stand, each with its currency."""
        values = (list(instruments), session.session, session.calendar)
        return [(to_bar(row), row["currency"]) for row in self.cursor.execute(_BARS, values)]

    def record(self, fed: FedSession, at: datetime) -> None:
        """Keep what became of a session: it is not owed any more."""
        one = fed.session
        values = (one.calendar, one.session, fed.bars, list(fed.left_out), fed.reason, at)
        self.cursor.execute(_RECORD, values)

"""Replays and the feed they publish to, in Postgres.

Each step begins by locking the market clock's one row, so that steps follow each other and no
two of them can wait for one another in a circle.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime

from bifrost.adapters.postgres.bars import to_bar
from bifrost.adapters.postgres.database import Cursor, Database, Row
from bifrost.adapters.postgres.idempotency import IdempotencyKeys, body_hash
from bifrost.adapters.postgres.outbox import Outbox
from bifrost.core.bars import Bar
from bifrost.core.codec import to_json
from bifrost.core.errors import ConflictError, NotFoundError
from bifrost.data.ports import ReplayTransaction
from bifrost.data.replay import Coverage, Replay, ReplayRequest, ReplayStatus
from bifrost.events import BarClosed

_ADD = """
INSERT INTO data.replays (replay_id, instruments, first_session, last_session,
    sessions_per_second, status, sessions_total, requested_by, correlation_id, requested_at,
    progressed_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""

_MOVE_ON = """
UPDATE data.replays SET status = %s, sessions_published = %s, bars_published = %s,
    published_to = %s, progressed_at = %s, stalls = %s
WHERE replay_id = %s
"""

_STORED = """
SELECT i.symbol, i.first_session, i.last_session, (
    SELECT count(DISTINCT b.session) FROM data.told_bars b
    WHERE b.instrument = i.symbol AND b.session BETWEEN %(first)s AND %(last)s) AS bars_in_range
FROM data.instruments i WHERE i.symbol = ANY(%(instruments)s)
"""

_SESSIONS_OF = """
SELECT count(DISTINCT b.session) AS sessions, min(s.closes_at) AS first_close
FROM data.told_bars b
JOIN data.instruments i ON i.symbol = b.instrument
JOIN data.sessions s ON s.calendar = i.calendar AND s.session = b.session
WHERE b.instrument = ANY(%(instruments)s) AND b.session BETWEEN %(first)s AND %(last)s
"""

# Walks the calendar and asks for bars, not the other way: a long replay would else sort all
# that is left of it at every step.
_NEXT_SESSIONS = """
SELECT DISTINCT session FROM data.sessions s
WHERE session BETWEEN %(first)s AND %(last)s
    AND (%(published_to)s::date IS NULL OR session > %(published_to)s) AND EXISTS (
    SELECT FROM data.told_bars b
    WHERE b.instrument = ANY(%(instruments)s) AND b.session = s.session)
ORDER BY session LIMIT %(limit)s
"""

_BARS_OF = """
SELECT b.instrument, b.session, b.open, b.high, b.low, b.close, b.volume, s.closes_at, i.currency
FROM data.standing_bars b
JOIN data.instruments i ON i.symbol = b.instrument
JOIN data.sessions s ON s.calendar = i.calendar AND s.session = b.session
WHERE b.instrument = ANY(%(instruments)s) AND b.session = ANY(%(sessions)s)
    AND b.source <> 'rollup'
"""

_FEED = """
INSERT INTO data.feed (instrument, next_sequence, last_closed_at) VALUES (%s, %s, %s)
ON CONFLICT (instrument) DO UPDATE SET next_sequence = excluded.next_sequence,
    last_closed_at = excluded.last_closed_at
"""


class PostgresReplays:
    """Replays, one at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def transaction(self) -> Iterator[ReplayTransaction]:
        """Begin a step: every other step waits for its end."""
        with self.step() as step:
            yield step

    @contextmanager
    def step(self) -> "Iterator[PostgresReplayTransaction]":
        """Begin a step, of a replay's or of the daily feed's: each waits for the other's end."""
        with self._database.transaction() as cursor:
            row = cursor.execute("SELECT market_time FROM data.market_clock FOR UPDATE").fetchone()
            if row is None:  # the migration made it
                raise AssertionError("data.market_clock is empty")
            yield PostgresReplayTransaction(cursor, row["market_time"])

    def find(self, replay_id: str) -> Replay:
        """Return a replay; raise NotFoundError."""
        with self._database.transaction() as cursor:
            return _find(cursor, replay_id)


@dataclass(frozen=True, slots=True)
class PostgresReplayTransaction:
    """One step: market_time holds still until it ends."""

    cursor: Cursor
    market_time: datetime | None

    def claim(self, owner: str, key: str, request: ReplayRequest, replay_id: str) -> str:
        """Take the key for a new replay; return its id, or that of the one that has the key."""
        earlier = IdempotencyKeys("data").claim(
            self.cursor,
            scope=f"replays/{owner}",
            key=key,
            digest=body_hash(to_json(request)),
            resource_id=replay_id,
        )
        return earlier or replay_id

    def find(self, replay_id: str) -> Replay:
        """Return the replay as it stands; raise NotFoundError."""
        return _find(self.cursor, replay_id)

    def running(self) -> Replay | None:
        """Return the replay that is running."""
        query = "SELECT * FROM data.replays WHERE status = 'running'"
        row = self.cursor.execute(query).fetchone()
        return None if row is None else _to_replay(row)

    def abandon(self, replay: Replay) -> None:
        """Give up a replay that stalled."""
        query = "UPDATE data.replays SET status = %s WHERE replay_id = %s"
        self.cursor.execute(query, (ReplayStatus.FAILED, replay.replay_id))

    def restart(self, replay: Replay) -> None:
        """Keep that its workflow is started again."""
        query = (
            "UPDATE data.replays SET restarts = %s, stalls = %s, restarted_at = %s"
            " WHERE replay_id = %s"
        )
        values = (replay.restarts, replay.stalls, replay.restarted_at, replay.replay_id)
        self.cursor.execute(query, values)

    def add(self, replay: Replay) -> None:
        """Keep a new replay."""
        asked = replay.request
        self.cursor.execute(
            _ADD,
            (
                replay.replay_id,
                list(asked.instruments),
                asked.first,
                asked.last,
                asked.sessions_per_second,
                replay.status,
                replay.sessions_total,
                replay.requested_by,
                replay.correlation_id,
                replay.requested_at,
                replay.progressed_at,
            ),
        )

    def stored(self, request: ReplayRequest) -> Mapping[str, Coverage]:
        """Return what is stored of each listed instrument that was asked for."""
        return {
            row["symbol"]: Coverage(
                instrument=row["symbol"],
                first_session=row["first_session"],
                last_session=row["last_session"],
                bars_in_range=row["bars_in_range"],
            )
            for row in self.cursor.execute(_STORED, _range(request))
        }

    def sessions_of(self, request: ReplayRequest) -> tuple[int, datetime]:
        """Return how many sessions have a bar, and when the first of them closed."""
        row = self.cursor.execute(_SESSIONS_OF, _range(request)).fetchone()
        if row is None or row["first_close"] is None:  # the caller has asked `stored` before
            raise AssertionError(f"no bars for {request}")
        return row["sessions"], row["first_close"]

    def session_after(self, market_time: datetime) -> date | None:
        """Return the first session that closes after this instant; None past the calendar's end."""
        query = "SELECT min(session) AS next FROM data.sessions WHERE closes_at > %s"
        row = self.cursor.execute(query, (market_time,)).fetchone()
        return None if row is None else row["next"]

    def next_bars(self, replay: Replay, sessions: int) -> tuple[list[tuple[Bar, str]], bool]:
        """Return the bars (with their currency) of the next sessions, and whether more follow."""
        asked = _range(replay.request)
        asked |= {"published_to": replay.published_to, "limit": sessions + 1}
        found = [row["session"] for row in self.cursor.execute(_NEXT_SESSIONS, asked)]
        rows = self.cursor.execute(_BARS_OF, {**asked, "sessions": found[:sessions]})
        return [(to_bar(row), row["currency"]) for row in rows], len(found) > sessions

    def next_sequences(self, instruments: Sequence[str]) -> Mapping[str, int]:
        """Return the next free place in each instrument's stream, from 1."""
        query = "SELECT instrument, next_sequence FROM data.feed WHERE instrument = ANY(%s)"
        rows = self.cursor.execute(query, (list(instruments),))
        return dict.fromkeys(instruments, 1) | {r["instrument"]: r["next_sequence"] for r in rows}

    def publish(self, replay: Replay, events: Sequence[BarClosed]) -> None:
        """Move feed, market time and the replay on, and publish the events.

        Raises ConflictError where market time would not move forward.
        """
        if events:
            self.advance(max(event.occurred_at for event in events), events)
        self.cursor.execute(
            _MOVE_ON,
            (
                replay.status,
                replay.sessions_published,
                replay.bars_published,
                replay.published_to,
                replay.progressed_at,
                replay.stalls,
                replay.replay_id,
            ),
        )

    def advance(self, market_time: datetime, events: Sequence[BarClosed]) -> None:
        """Move the feed and market time on, and publish the events.

        Raises ConflictError where market time would not move forward.
        """
        first = min(event.occurred_at for event in events)
        if self.market_time is not None and first <= self.market_time:
            raise ConflictError(
                f"a bar that closed at {first.isoformat()} came after market time"
                f" {self.market_time.isoformat()}"
            )
        last = {event.bar.instrument: event for event in events}
        self.cursor.executemany(
            _FEED, [(name, one.sequence + 1, one.occurred_at) for name, one in last.items()]
        )
        self.cursor.execute("UPDATE data.market_clock SET market_time = %s", (market_time,))
        Outbox("data").add(self.cursor, *events)


def _range(request: ReplayRequest) -> dict[str, object]:
    return {
        "instruments": list(request.instruments),
        "first": request.first,
        "last": request.last,
    }


def _find(cursor: Cursor, replay_id: str) -> Replay:
    query = "SELECT * FROM data.replays WHERE replay_id = %s"
    row = cursor.execute(query, (replay_id,)).fetchone()
    if row is None:
        raise NotFoundError(f"no replay is called {replay_id}")
    return _to_replay(row)


def _to_replay(row: Row) -> Replay:
    return Replay(
        replay_id=row["replay_id"],
        request=ReplayRequest(
            instruments=tuple(row["instruments"]),
            first=row["first_session"],
            last=row["last_session"],
            sessions_per_second=row["sessions_per_second"],
        ),
        status=ReplayStatus(row["status"]),
        sessions_total=row["sessions_total"],
        sessions_published=row["sessions_published"],
        bars_published=row["bars_published"],
        published_to=row["published_to"],
        requested_by=row["requested_by"],
        correlation_id=row["correlation_id"],
        requested_at=row["requested_at"],
        progressed_at=row["progressed_at"],
        restarts=row["restarts"],
        stalls=row["stalls"],
        restarted_at=row["restarted_at"],
    )

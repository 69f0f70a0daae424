"""Snapshots in Postgres: made of what is stored, kept by session."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from bifrost.adapters.postgres.database import Cursor, Database
from bifrost.adapters.postgres.market.facts import facts_of
from bifrost.core.codec import from_json
from bifrost.core.corporate_actions import CorporateAction
from bifrost.core.sessions import Session
from bifrost.data.series.columns import UNITS, BarColumns
from bifrost.data.snapshots.kinds import Snapshot, read_written, written
from bifrost.data.snapshots.making import make_snapshots
from bifrost.data.snapshots.panel import DEPTH, History
from bifrost.data.snapshots.technicals import MARKET

# So many sessions as a panel is deep, with some to spare for days on which one did not trade.
_SESSIONS = DEPTH + 40
_DAYS = timedelta(days=_SESSIONS * 7 // 5 + 40)

_CALENDAR = """
SELECT calendar, session, opens_at, closes_at FROM data.sessions
WHERE calendar = 'XNYS' AND opens_at <= %(as_of)s AND session >= %(first)s ORDER BY session
"""

_BARS = f"""
SELECT b.instrument,
    array_agg((extract(epoch FROM b.occurred_at) * 1000000)::bigint ORDER BY b.session)
        AS starts_at,
    array_agg((b.open * {UNITS})::bigint ORDER BY b.session) AS open,
    array_agg((b.high * {UNITS})::bigint ORDER BY b.session) AS high,
    array_agg((b.low * {UNITS})::bigint ORDER BY b.session) AS low,
    array_agg((b.close * {UNITS})::bigint ORDER BY b.session) AS close,
    array_agg((b.volume * {UNITS})::bigint ORDER BY b.session) AS volume
FROM data.standing_bars b
WHERE b.session BETWEEN %(first)s AND %(last)s
    AND (%(instruments)s::text[] IS NULL OR b.instrument = ANY(%(instruments)s))
GROUP BY b.instrument ORDER BY b.instrument
"""

_ACTIONS = """
SELECT action FROM (
    SELECT DISTINCT ON (action_id) * FROM data.published_actions ORDER BY action_id, revision DESC
) newest
WHERE NOT withdrawn AND (action->>'split' IS NOT NULL OR action->>'stock_dividend' IS NOT NULL)
"""

_NEWEST = """
SELECT max(s.session) AS session FROM data.sessions s
WHERE s.closes_at <= %s AND s.session <= (SELECT max(last_session) FROM data.instruments)
"""

_CLOSES = "SELECT closes_at FROM data.sessions WHERE calendar = 'XNYS' AND session = %s"

# Of each instrument the newest session's newest word, as far as we had written it down by then;
# what has not traded for two months is on no screen.
_RECORDED = """
SELECT DISTINCT ON (instrument) snapshot FROM data.snapshots
WHERE recorded_at <= %(as_of)s
    AND session > (SELECT max(session) FROM data.snapshots WHERE recorded_at <= %(as_of)s) - 60
    AND (%(instrument)s = '' OR instrument = %(instrument)s)
ORDER BY instrument, session DESC, recorded_at DESC
"""

_PUT = """
INSERT INTO data.snapshots (session, instrument, snapshot, recorded_at)
SELECT %(session)s, %(instrument)s, %(snapshot)s::jsonb, %(at)s
WHERE %(snapshot)s::jsonb IS DISTINCT FROM (
    SELECT snapshot FROM data.snapshots
    WHERE session = %(session)s AND instrument = %(instrument)s
    ORDER BY recorded_at DESC LIMIT 1)
ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class PostgresSnapshotMaker:
    """Makes snapshots of stored bars, actions that stand, and facts."""

    database: Database

    def make(self, as_of: datetime, instrument: str = "") -> Sequence[Snapshot]:
        """Make each instrument's, or one's, by instrument."""
        asked = {"as_of": as_of, "first": max(as_of.date(), date.min + _DAYS) - _DAYS}
        with self.database.transaction() as cursor:
            sessions = [Session(**row) for row in cursor.execute(_CALENDAR, asked)]
            sessions = [one for one in sessions if one.closes_at <= as_of][-_SESSIONS:]
            if not sessions:
                return []
            # Beta needs the market's bars, whoever is asked about.
            names = [instrument, MARKET] if instrument else None
            histories = _histories(cursor, sessions, names)
            facts = facts_of(cursor, names, as_of)
        made = make_snapshots(histories, facts, sessions, as_of)
        return [one for one in made if instrument in ("", one.instrument)]


@dataclass(frozen=True, slots=True)
class PostgresSnapshots:
    """Where snapshots are kept, by session."""

    database: Database

    def newest_session(self, by: datetime) -> date | None:
        """Return the newest session that had closed and of which a daily bar is stored."""
        row = self.database.fetch_one(_NEWEST, (by,))
        return None if row is None else row["session"]

    def closes_at(self, session: date) -> datetime | None:
        """Return when the session closes; None for a day that is none."""
        row = self.database.fetch_one(_CLOSES, (session,))
        return None if row is None else row["closes_at"]

    def recorded(self, as_of: datetime, instrument: str = "") -> Sequence[Snapshot]:
        """Return what had been kept by then, each instrument's newest, by instrument."""
        asked = {"as_of": as_of, "instrument": instrument}
        rows = self.database.fetch_all(_RECORDED, asked)
        return [read_written(row["snapshot"]) for row in rows]

    def put(self, snapshots: Sequence[Snapshot], at: datetime) -> int:
        """Add those that are new or came out otherwise; return how many."""
        if not snapshots:
            return 0
        rows = [
            {
                "session": one.session,
                "instrument": one.instrument,
                "snapshot": json.dumps(written(one)),
                "at": at,
            }
            for one in snapshots
        ]
        with self.database.transaction() as cursor:
            cursor.executemany(_PUT, rows)
            return cursor.rowcount


def _histories(
    cursor: Cursor, sessions: Sequence[Session], names: Sequence[str] | None
) -> list[History]:
    asked = {
        "first": sessions[0].session,
        "last": sessions[-1].session,
        "instruments": None if names is None else list(names),
    }
    actions: dict[str, list[CorporateAction]] = {}
    for row in cursor.execute(_ACTIONS).fetchall():
        action = from_json(CorporateAction, row["action"])
        actions.setdefault(action.instrument, []).append(action)
    columns = ("starts_at", "open", "high", "low", "close", "volume")
    return [
        History(
            row["instrument"],
            BarColumns(*(np.array(row[name], dtype=np.int64) for name in columns)),
            tuple(actions.get(row["instrument"], ())),
        )
        for row in cursor.execute(_BARS, asked).fetchall()
    ]

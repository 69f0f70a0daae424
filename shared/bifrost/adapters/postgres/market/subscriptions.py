"""Subscriptions in Postgres, and what is stored of them beside the calendar."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING

from bifrost.adapters.postgres.database import Database, Row
from bifrost.adapters.postgres.sessions import sessions_between
from bifrost.core.errors import NotFoundError
from bifrost.core.sessions import Session
from bifrost.data.ingest.subscriptions import Gap, Subscription
from bifrost.data.series.timeframes import Timeframe

if TYPE_CHECKING:
    from bifrost.data.series.columns import Integers

_ALL = """
SELECT s.*, i.calendar FROM data.subscriptions s JOIN data.instruments i ON i.symbol = s.instrument
ORDER BY s.instrument, s.timeframe, s.provider
"""

# An earlier `since` reopens the search for gaps.
_PUT = """
INSERT INTO data.subscriptions AS known
    (instrument, timeframe, provider, symbol, since, live, requested_by, recorded_at)
SELECT symbol, %(timeframe)s, %(provider)s, %(symbol)s, %(since)s, %(live)s, %(owner)s, %(now)s
FROM data.instruments WHERE symbol = %(instrument)s
ON CONFLICT (instrument, timeframe, provider) DO UPDATE SET symbol = excluded.symbol,
    since = excluded.since, live = excluded.live, requested_by = excluded.requested_by,
    complete_to = CASE WHEN excluded.since < known.since THEN NULL ELSE known.complete_to END
RETURNING (xmax = 0) AS is_new
"""

_REMOVE = """
DELETE FROM data.subscriptions s USING data.instruments i
WHERE s.instrument = %s AND timeframe = %s AND provider = %s AND i.symbol = s.instrument
RETURNING s.*, i.calendar
"""

_LISTED = """
SELECT symbol FROM data.instruments WHERE %(all)s OR symbol = ANY(%(symbols)s) ORDER BY symbol
"""

_GAPS = """
SELECT * FROM data.gaps WHERE (%(instrument)s = '' OR instrument = %(instrument)s)
    AND (closed_at IS NULL OR NOT %(is_open)s)
ORDER BY first_at DESC, instrument, timeframe, provider LIMIT %(limit)s
"""

_NEWEST_MINUTES = """
SELECT instrument, occurred_at AS newest FROM data.last_bars
WHERE instrument = ANY(%s) AND timeframe = 1
"""

_STORED_DAYS = """
SELECT s.opens_at AS starts_at FROM data.told_bars b
JOIN data.sessions s ON s.calendar = %(calendar)s AND s.session = b.session
WHERE b.instrument = %(instrument)s AND s.opens_at >= %(first)s AND s.opens_at < %(before)s
"""
_STORED_MINUTES = """
SELECT occurred_at AS starts_at FROM data.intraday_bars
WHERE instrument = %(instrument)s AND timeframe = 1
    AND occurred_at >= %(first)s AND occurred_at < %(before)s
"""
# A jump at the end of what came is kept apart until a later bar confirms it: it is asked for again.
_KEPT_APART = """
SELECT occurred_at AS starts_at FROM data.quarantine
WHERE instrument = %(instrument)s AND timeframe = %(timeframe)s AND released_at IS NULL
    AND NOT kinds && ARRAY['jump', 'missed_split']
    AND occurred_at >= %(first)s AND occurred_at < %(before)s
"""
_ABSENT = """
SELECT first_at, before_at FROM data.absences
WHERE instrument = %(instrument)s AND timeframe = %(timeframe)s AND provider = %(provider)s
    AND before_at > %(first)s AND first_at < %(before)s
"""

# Nobody traded, so nobody has a bar: of whole minutes of a halt, and of days that it held whole.
_HALTED_MINUTES = """
SELECT date_trunc('minute', begins_at + interval '59.999999 seconds') AS first_at,
    coalesce(date_trunc('minute', known_to), %(before)s) AS before_at
FROM data.halts WHERE instrument = %(instrument)s
    AND begins_at < %(before)s AND coalesce(known_to, 'infinity') > %(first)s
"""
_HALTED_DAYS = """
SELECT s.opens_at AS first_at, s.closes_at AS before_at FROM data.halts h
JOIN data.sessions s ON s.calendar = %(calendar)s AND h.begins_at <= s.opens_at
    AND coalesce(h.known_to, 'infinity') >= s.closes_at
WHERE h.instrument = %(instrument)s AND s.opens_at >= %(first)s AND s.opens_at < %(before)s
"""

_OF_ONE = "instrument = %(instrument)s AND timeframe = %(timeframe)s AND provider = %(provider)s"
_CLOSE = f"""
UPDATE data.gaps SET closed_at = %(now)s WHERE {_OF_ONE} AND closed_at IS NULL
    AND NOT first_at = ANY(%(firsts)s) AND first_at >= %(from)s
"""
_FOUND = """
INSERT INTO data.gaps AS known
    (instrument, timeframe, provider, first_at, before_at, missing, found_at)
VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (instrument, timeframe, provider, first_at) DO UPDATE SET
    before_at = excluded.before_at, missing = excluded.missing, closed_at = NULL
RETURNING (xmax = 0) AS is_new
"""
_COMPLETE = f"UPDATE data.subscriptions SET complete_to = %(complete)s WHERE {_OF_ONE}"

# A job that goes on still brings what is missing; one that ended with the gap open is past, and
# a vendor that had nothing is not asked again at once.
_TO_REFILL = """
SELECT g.* FROM data.gaps g JOIN data.subscriptions s USING (instrument, timeframe, provider)
LEFT JOIN data.ingestion_jobs j ON j.job_id = g.job_id
WHERE g.closed_at IS NULL AND (j.requested_at IS NULL OR j.requested_at <= %(asked_before)s)
    AND NOT EXISTS (SELECT 1 FROM data.ingestion_items i WHERE i.job_id = g.job_id
        AND i.instrument = g.instrument AND i.first_at = g.first_at
        AND (i.due_at IS NOT NULL OR i.state = 'running'))
ORDER BY g.first_at DESC LIMIT %(limit)s
"""
_ASSIGN = """
UPDATE data.gaps SET job_id = %s
WHERE instrument = %s AND timeframe = %s AND provider = %s AND first_at = %s
"""


class PostgresSubscriptions:
    """Subscriptions and Coverage."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[Subscription]:
        """Return every subscription, by instrument."""
        return [_to_subscription(row) for row in self._database.fetch_all(_ALL)]

    def put(self, subscription: Subscription, owner: str, now: datetime) -> bool:
        """Keep it, or change the one that there is; return whether it is new."""
        values = {
            "instrument": subscription.instrument,
            "timeframe": subscription.timeframe,
            "provider": subscription.provider,
            "symbol": subscription.symbol,
            "since": subscription.since,
            "live": subscription.live,
            "owner": owner,
            "now": now,
        }
        with self._database.transaction() as cursor:
            row = cursor.execute(_PUT, values).fetchone()
        if row is None:
            name = subscription.instrument
            raise NotFoundError(f"no instrument is called {name}; see GET /v1/instruments")
        return bool(row["is_new"])

    def remove(self, instrument: str, timeframe: Timeframe, provider: str) -> Subscription:
        """End it and return it as it was; raise NotFoundError. What it brought stays."""
        with self._database.transaction() as cursor:
            row = cursor.execute(_REMOVE, (instrument, timeframe, provider)).fetchone()
        if row is None:
            raise NotFoundError(
                f"{instrument} {timeframe} of {provider} is not subscribed to;"
                " see `bifrost data subscriptions`"
            )
        return _to_subscription(row)

    def listed(self, instruments: Sequence[str]) -> list[str]:
        """Return those of the instruments that are listed; of none given, all that are."""
        values = {"all": not instruments, "symbols": list(instruments)}
        return [row["symbol"] for row in self._database.fetch_all(_LISTED, values)]

    def gaps(self, instrument: str, *, is_open: bool, limit: int) -> list[Gap]:
        """Return gaps, newest first; of every instrument where none is named."""
        values = {"instrument": instrument, "is_open": is_open, "limit": limit}
        return [_to_gap(row) for row in self._database.fetch_all(_GAPS, values)]

    def sessions(self, calendar: str, first: date, last: date) -> list[Session]:
        """Return the calendar's sessions of [first, last]."""
        return sessions_between(self._database, calendar, first, last)

    def fed_to(self, calendar: str) -> date | None:
        """Return the last session that went out as the feed, or was left out; None: none has."""
        query = "SELECT max(session) AS session FROM data.feed_sessions WHERE calendar = %s"
        row = self._database.fetch_one(query, (calendar,))
        return row["session"] if row else None

    def newest(self, subscriptions: Sequence[Subscription]) -> list[datetime | None]:
        """Return when each one's newest minute began, of any source; None: there is none."""
        names = [one.instrument for one in subscriptions]
        rows = self._database.fetch_all(_NEWEST_MINUTES, (names,))
        found = {row["instrument"]: row["newest"] for row in rows}
        return [found.get(name) for name in names]

    def halted(self, since: datetime) -> set[str]:
        """Return the instruments that have been halted at any time since."""
        query = "SELECT instrument FROM data.halts WHERE known_to IS NULL OR known_to > %s"
        return {row["instrument"] for row in self._database.fetch_all(query, (since,))}

    def accounted(
        self, subscription: Subscription, first: datetime, before: datetime
    ) -> "tuple[Integers, Sequence[tuple[int, int]]]":
        """Return what needs no fetching of [first, before)."""
        import numpy as np

        from bifrost.data.series.columns import micros

        values = _names(subscription) | {
            "calendar": subscription.calendar,
            "first": first,
            "before": before,
        }
        daily = subscription.timeframe.is_daily
        stored = _STORED_DAYS if daily else _STORED_MINUTES
        halted = _HALTED_DAYS if daily else _HALTED_MINUTES
        rows = self._database.fetch_all(f"{stored} UNION ALL {_KEPT_APART}", values)
        silent = self._database.fetch_all(f"{_ABSENT} UNION ALL {halted}", values)
        present = np.array([micros(row["starts_at"]) for row in rows], dtype=np.int64)
        return present, [(micros(row["first_at"]), micros(row["before_at"])) for row in silent]

    def keep_gaps(
        self, subscription: Subscription, found: Sequence[Gap], complete_to: date, now: datetime
    ) -> int:
        """Keep the open gaps, close those that are none any more; return how many are new."""
        values = _names(subscription) | {
            "now": now,
            "firsts": [gap.first for gap in found],
            "from": subscription.complete_to or subscription.since,
            "complete": complete_to,
        }
        with self._database.transaction() as cursor:
            cursor.execute(_CLOSE, values)
            told = [cursor.execute(_FOUND, _values_of(gap)).fetchone() for gap in found]
            cursor.execute(_COMPLETE, values)
        return sum(1 for row in told if row is not None and row["is_new"])

    def gaps_to_refill(self, asked_before: datetime, limit: int) -> list[Gap]:
        """Return open gaps that no job that goes on, or was begun since then, is about."""
        values = {"asked_before": asked_before, "limit": limit}
        return [_to_gap(row) for row in self._database.fetch_all(_TO_REFILL, values)]

    def assign(self, gaps: Sequence[Gap], job_id: str) -> None:
        """Keep which job refills them."""
        with self._database.transaction() as cursor:
            cursor.executemany(
                _ASSIGN,
                [(job_id, g.instrument, g.timeframe, g.provider, g.first) for g in gaps],
            )


def _names(subscription: Subscription) -> dict[str, object]:
    return {
        "instrument": subscription.instrument,
        "timeframe": subscription.timeframe,
        "provider": subscription.provider,
    }


def _values_of(gap: Gap) -> tuple[object, ...]:
    names = (gap.instrument, gap.timeframe, gap.provider)
    return (*names, gap.first, gap.before, gap.missing, gap.found_at)


def _to_subscription(row: Row) -> Subscription:
    return Subscription(
        instrument=row["instrument"],
        timeframe=Timeframe(row["timeframe"]),
        provider=row["provider"],
        symbol=row["symbol"],
        since=row["since"],
        live=row["live"],
        calendar=row["calendar"],
        complete_to=row["complete_to"],
    )


def _to_gap(row: Row) -> Gap:
    return Gap(
        instrument=row["instrument"],
        timeframe=Timeframe(row["timeframe"]),
        provider=row["provider"],
        first=row["first_at"],
        before=row["before_at"],
        missing=row["missing"],
        found_at=row["found_at"],
        closed_at=row["closed_at"],
        job_id=row["job_id"] or "",
    )

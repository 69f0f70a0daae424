"""Valuations in Postgres: rows that are only added, and how far they are to be believed."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from itertools import groupby
from typing import Any

from bifrost.adapters.postgres.database import Cursor, Database, Row
from bifrost.adapters.postgres.portfolio_books import PostgresFacts
from bifrost.adapters.postgres.valuation_queries import HELD, LATE_MARKS, LATE_SINCE, SINCE, UNSEEN
from bifrost.adapters.postgres.valuation_rows import WORTH, to_valuation, worth_of
from bifrost.events import ValuationRecorded
from bifrost.portfolio.performance import Close
from bifrost.portfolio.snapshots import Seen, SnapshotBooks, Tape, Unrecorded
from bifrost.portfolio.valuation import SessionValuation

_TAPE = """
SELECT session, occurred_at, (
    SELECT max(recorded_at) FROM portfolio.marks m WHERE m.session = newest.session
) AS published_at FROM portfolio.marks newest
WHERE session < %s ORDER BY session DESC, occurred_at DESC LIMIT 1
"""

# What came late is looked for once, since it is nearly always nothing, and then account by account.
_FIRST_UNSEEN = f"""(
    SELECT min({UNSEEN})
    FROM portfolio.valuation_progress p JOIN portfolio.accounts a USING (account_id)
    WHERE a.archived_at IS NULL
)"""
_BEHIND = f"""
WITH late AS MATERIALIZED (
    SELECT DISTINCT instrument, session, heard_in
    FROM {LATE_MARKS.format(since=_FIRST_UNSEEN)} m
    WHERE session <= (SELECT max(session) FROM portfolio.valuation_progress)
)
SELECT a.account_id
FROM portfolio.accounts a LEFT JOIN portfolio.valuation_progress p USING (account_id)
WHERE a.archived_at IS NULL AND CASE
    WHEN p.account_id IS NULL THEN EXISTS (
        SELECT 1 FROM portfolio.ledger_transactions t
        WHERE t.account_id = a.account_id AND t.occurred_at <= %(at)s
    ) OR NOT (
        SELECT t.is_market_time FROM portfolio.ledger_transactions t
        WHERE t.account_id = a.account_id ORDER BY t.position LIMIT 1
    )
    ELSE p.session < %(session)s OR EXISTS (
        SELECT 1 FROM portfolio.ledger_transactions t
        WHERE t.account_id = a.account_id AND t.position > p.ledger_position
            AND (t.occurred_at <= p.occurred_at OR NOT t.is_market_time)
    ) OR EXISTS (
        SELECT 1 FROM late m
        WHERE m.session <= p.session AND m.heard_in >= {UNSEEN}
            AND EXISTS (
                SELECT 1 FROM portfolio.balances b
                WHERE b.account_id = a.account_id AND b.instrument = m.instrument
            )
    )
END
ORDER BY p.session NULLS FIRST, a.position LIMIT %(limit)s
"""

_TAKE = "SELECT pg_try_advisory_xact_lock(hashtextextended('valuations/' || %s, 0)) AS is_ours"

# Read before the books are: what is booked meanwhile is then late, and looked at once more.
_BEGIN = f"""
SELECT a.account_id, a.currency, b.portfolio_id, p.session,
    coalesce((
        SELECT position FROM portfolio.ledger_transactions t
        WHERE t.account_id = a.account_id ORDER BY position DESC LIMIT 1
    ), 0) AS ledger_position,
    pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS heard_in,
    (
        SELECT m.session FROM portfolio.marks m
        WHERE m.occurred_at >= CASE
            WHEN p.account_id IS NULL THEN {SINCE.format(account="a.account_id")}
            ELSE {LATE_SINCE} END
        ORDER BY m.occurred_at LIMIT 1
    ) AS changed
FROM portfolio.accounts a
JOIN portfolio.portfolios b ON b.account_id = a.account_id AND b.kind = 'portfolio'
LEFT JOIN portfolio.valuation_progress p ON p.account_id = a.account_id
WHERE a.account_id = %s
"""

_CLOSES = """
WITH RECURSIVE days AS (
    (SELECT session FROM portfolio.marks WHERE session >= %(first)s ORDER BY session LIMIT 1)
    UNION ALL
    SELECT (
        SELECT m.session FROM portfolio.marks m WHERE m.session > d.session
        ORDER BY m.session LIMIT 1
    ) FROM days d WHERE d.session IS NOT NULL
)
SELECT session, (
    SELECT max(occurred_at) FROM portfolio.marks m WHERE m.session = days.session
) AS occurred_at FROM days WHERE session <= %(until)s LIMIT %(limit)s
"""

_VALUED = f"""
WITH pairs AS (
    SELECT %(account_id)s::text AS account_id, one.* FROM unnest(
        %(sessions)s::date[], %(closes)s::timestamptz[]) AS one (session, at)
), {HELD}
SELECT p.session, p.at, h.ledger_account, h.instrument, h.currency, h.amount, h.quantity,
    h.market_price, h.marked_at
FROM pairs p LEFT JOIN held h USING (account_id, session)
ORDER BY p.session
"""

_STANDING = f"""
SELECT DISTINCT ON (session) session, revision, occurred_at, {", ".join(WORTH)}
FROM portfolio.valuations WHERE account_id = %s AND session = ANY(%s)
ORDER BY session, revision DESC
"""

_ADD = f"""
INSERT INTO portfolio.valuations
    (account_id, session, revision, occurred_at, event_id, recorded_at, {", ".join(WORTH)})
VALUES (%(account_id)s, %(session)s, %(revision)s, %(occurred_at)s, %(event_id)s,
    %(recorded_at)s, {", ".join(f"%({name})s" for name in WORTH)})
"""

_ADVANCE = """
INSERT INTO portfolio.valuation_progress
    (account_id, session, occurred_at, ledger_position, heard_in)
VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (account_id) DO UPDATE SET session = EXCLUDED.session,
    occurred_at = EXCLUDED.occurred_at, ledger_position = EXCLUDED.ledger_position,
    heard_in = EXCLUDED.heard_in
"""

_SEE = """
UPDATE portfolio.valuation_progress SET ledger_position = %s, heard_in = %s WHERE account_id = %s
"""


class PostgresSnapshotLibrary:
    """SnapshotLibrary."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def open(self) -> Iterator[SnapshotBooks]:
        """Begin a transaction: everything done in it is kept, or nothing is."""
        with self._database.transaction() as cursor:
            yield _Books(cursor)


class _Books:
    """SnapshotBooks."""

    def __init__(self, cursor: Cursor) -> None:
        self.snapshots = PostgresSnapshots(cursor)
        self.facts = PostgresFacts(cursor)


class PostgresSnapshots:
    """SnapshotStore."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor

    def tape(self) -> Tape | None:
        """Return what the market has told; None before the first bar."""
        newest = self._one(_TAPE, (date.max,))
        if newest is None:
            return None
        before = self._one(_TAPE, (newest["session"],))
        return Tape(_close(newest), _close(before) if before else None, newest["published_at"])

    def behind(self, until: Close, limit: int) -> list[str]:
        """Name accounts that are not recorded up to there, those that lag most first."""
        values = {"session": until.session, "at": until.occurred_at, "limit": limit}
        return [row["account_id"] for row in self._cursor.execute(_BEHIND, values).fetchall()]

    def begin(self, account_id: str) -> Unrecorded | None:
        """Take an account; None where another recording has it."""
        taken = self._one(_TAKE, (account_id,))
        found = self._one(_BEGIN, (account_id,)) if taken and taken["is_ours"] else None
        if found is None:
            return None
        firsts = [found["changed"], found["session"] and _day_after(found["session"])]
        return Unrecorded(
            account_id=account_id,
            portfolio_id=found["portfolio_id"],
            currency=found["currency"],
            first=min((one for one in firsts if one), default=None),
            seen=Seen(found["ledger_position"], found["heard_in"]),
        )

    def closes(self, first: date, until: date, limit: int) -> list[Close]:
        """Return the sessions' closes, oldest first."""
        values = {"first": first, "until": until, "limit": limit}
        return [Close(**row) for row in self._cursor.execute(_CLOSES, values).fetchall()]

    def valued(self, account_id: str, closes: Sequence[Close]) -> list[SessionValuation]:
        """Value the account at each close, oldest first."""
        if not closes:
            return []
        values = {
            "account_id": account_id,
            "sessions": [one.session for one in closes],
            "closes": [one.occurred_at for one in closes],
        }
        rows = self._cursor.execute(_VALUED, values).fetchall()
        return [
            SessionValuation(session, at, worth_of(lines))
            for (session, at), lines in groupby(rows, lambda row: (row["session"], row["at"]))
        ]

    def standing(
        self, account_id: str, closes: Sequence[Close]
    ) -> Mapping[date, tuple[int, SessionValuation]]:
        """Return what stands recorded of these sessions, with its revision."""
        sessions = [one.session for one in closes]
        rows = self._cursor.execute(_STANDING, (account_id, sessions)).fetchall()
        return {row["session"]: (row["revision"], to_valuation(row)) for row in rows}

    def add(
        self, account_id: str, revision: int, one: SessionValuation, told: ValuationRecorded
    ) -> None:
        """Write a valuation."""
        worth: dict[str, Any] = {name: getattr(one.valuation, name) for name in WORTH}
        values = {
            **worth,
            "unpriced": list(one.valuation.unpriced),
            "account_id": account_id,
            "session": one.session,
            "revision": revision,
            "occurred_at": one.occurred_at,
            "event_id": told.event_id,
            "recorded_at": told.recorded_at,
        }
        self._cursor.execute(_ADD, values)

    def advance(self, account_id: str, last: Close | None, seen: Seen) -> None:
        """Say that everything up to there is recorded as seen; None changes no session."""
        if last is None:
            self._cursor.execute(_SEE, (seen.ledger_position, seen.heard_in, account_id))
            return
        place = (last.session, last.occurred_at, seen.ledger_position, seen.heard_in)
        self._cursor.execute(_ADVANCE, (account_id, *place))

    def _one(self, query: str, values: Any) -> Row | None:
        return self._cursor.execute(query, values).fetchone()


def _close(row: Row) -> Close:
    return Close(row["session"], row["occurred_at"])


def _day_after(day: date) -> date:
    return date.fromordinal(day.toordinal() + 1)

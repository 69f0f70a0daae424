"""Which minutes of an instrument may be missing, and of which it is known that nobody traded.

A stream speaks for its instrument while somebody keeps it. What it missed stays missed until the
stream itself has it filled, or a vendor's minutes or word stand in its place: no time passing by
makes a minute known. One that is kept now has not told yet of what follows its newest minute; one
that was left without a word is missing from there to its session's end.
"""

from collections.abc import Sequence
from datetime import datetime

from bifrost.adapters.postgres.database import Statements
from bifrost.data.series.columns import instant_of, micros

Stretch = tuple[int, int]

_STANDING = """
SELECT holes, settled_to, recorded_at > %(at)s::timestamptz - interval '1 minute' AS goes_on, (
    SELECT max(s.closes_at) FROM data.sessions s JOIN data.instruments i USING (calendar)
    WHERE i.symbol = m.instrument AND s.opens_at <= m.recorded_at) AS left_until
FROM data.market_streams m WHERE instrument = %(instrument)s
"""
# As wide as it ever was: how a gap grew is not kept.
_OPEN_THEN = """
SELECT first, coalesce(before, %(known_by)s::timestamptz) AS before FROM data.stream_gaps
WHERE instrument = %(instrument)s AND first < %(known_by)s::timestamptz
    AND opened_at <= %(known_by)s::timestamptz
    AND (closed_at IS NULL OR closed_at > %(known_by)s::timestamptz)
"""
# A minute in a hole is the stream's own word or nobody's, unless a vendor's stands there.
_UNTOLD = """
SELECT greatest(h.first, s.opens_at) AS first, least(h.before, s.closes_at) AS before, m.minute
FROM unnest(%(firsts)s::timestamptz[], %(befores)s::timestamptz[]) AS h (first, before)
JOIN data.instruments i ON i.symbol = %(instrument)s
JOIN data.sessions s ON s.calendar = i.calendar
    AND s.closes_at > h.first AND s.opens_at < h.before
CROSS JOIN LATERAL generate_series(greatest(h.first, s.opens_at),
    least(h.before, s.closes_at) - interval '1 microsecond', interval '1 minute') AS m (minute)
WHERE coalesce((
    SELECT n.name FROM data.intraday_bars b JOIN data.sources n ON n.number = b.source
    WHERE b.instrument = %(instrument)s AND b.timeframe = 1 AND b.occurred_at = m.minute
        AND b.recorded_at <= %(known_by)s::timestamptz
    ORDER BY n.rank LIMIT 1), 'stream') = 'stream'
"""
# Of a session's minutes a vendor's silence says something where it gave others of them: one that
# has nothing of a session at all may not have the instrument.
_SILENT = """
SELECT greatest(a.first_at, s.opens_at) AS first, least(a.before_at, s.closes_at) AS before
FROM data.absences a
JOIN data.instruments i ON i.symbol = a.instrument
JOIN data.sessions s ON s.calendar = i.calendar
    AND s.closes_at > a.first_at AND s.opens_at < a.before_at
WHERE a.instrument = %(instrument)s AND a.timeframe = '1m'
    AND a.told_at <= %(known_by)s::timestamptz
    AND s.closes_at > %(first)s AND s.opens_at < %(before)s AND EXISTS (
        SELECT FROM data.intraday_bars b JOIN data.sources n ON n.number = b.source
        WHERE b.instrument = a.instrument AND b.timeframe = 1 AND n.name = a.provider
            AND b.occurred_at >= s.opens_at AND b.occurred_at < s.closes_at
            AND b.recorded_at <= %(known_by)s::timestamptz)
"""
# Whole minutes of it; in one that it only touches there may have been trades. Of one that lasts
# those that were over then.
_HALTED = """
SELECT greatest(h.first, s.opens_at) AS first, least(h.before, s.closes_at) AS before
FROM (
    SELECT instrument,
        date_trunc('minute', begins_at + interval '59.999999 seconds') AS first,
        date_trunc('minute', coalesce(known_to, %(known_by)s::timestamptz)) AS before
    FROM data.halts_known(%(known_by)s::timestamptz) WHERE instrument = %(instrument)s) h
JOIN data.instruments i ON i.symbol = h.instrument
JOIN data.sessions s ON s.calendar = i.calendar AND s.closes_at > h.first AND s.opens_at < h.before
WHERE s.closes_at > %(first)s AND s.opens_at < %(before)s AND h.first < h.before
"""
_KEPT_APART = """
SELECT DISTINCT occurred_at FROM data.quarantine
WHERE instrument = %(instrument)s AND timeframe = '1m' AND recorded_at <= %(known_by)s::timestamptz
    AND (released_at IS NULL OR released_at > %(known_by)s::timestamptz)
    AND occurred_at >= %(first)s AND occurred_at < %(before)s
"""
# Later than any bar.
_EVER = 2**62
_MINUTE = 60_000_000


def missed_minutes(
    cursor: Statements, instrument: str, at: datetime, known_by: datetime | None = None
) -> list[Stretch]:
    """Return stretches [first, before) that a live stream may have missed, in microseconds.

    at: now. known_by: what was missing then, as far as had been recorded by then.
    """
    if known_by is not None and known_by < at:
        rows = cursor.execute(_OPEN_THEN, {"instrument": instrument, "known_by": known_by})
        then = [(micros(row["first"]), micros(row["before"])) for row in rows.fetchall()]
        return _unfilled(cursor, instrument, then, known_by)
    lasting: list[Stretch] = []
    past: list[Stretch] = []
    for row in cursor.execute(_STANDING, {"instrument": instrument, "at": at}).fetchall():
        until = _EVER if row["goes_on"] else micros(row["left_until"] or row["settled_to"])
        told = [(first, before) for first, before, *_ in row["holes"]]
        for first, before in [*told, (micros(row["settled_to"]), None)]:
            lasts = before is None and row["goes_on"]
            (lasting if lasts else past).append((first, until if before is None else before))
    return [*lasting, *_unfilled(cursor, instrument, past, None)]


def silent_minutes(
    cursor: Statements,
    instrument: str,
    first: datetime,
    before: datetime,
    known_by: datetime | None = None,
) -> list[Stretch]:
    """Return stretches of sessions in [first, before) in which nobody traded, as is known.

    By a vendor's word, or because of a halt. What the gate keeps apart was traded, whatever a
    vendor's count of its bars says.
    """
    asked = {
        "instrument": instrument,
        "first": first,
        "before": before,
        "known_by": known_by or "infinity",
    }
    rows = [row for told in (_SILENT, _HALTED) for row in cursor.execute(told, asked).fetchall()]
    found = [(micros(row["first"]), micros(row["before"])) for row in rows]
    if not found:
        return []
    for row in cursor.execute(_KEPT_APART, asked).fetchall():
        found = _without(found, micros(row["occurred_at"]))
    return found


def _unfilled(
    cursor: Statements, instrument: str, holes: Sequence[Stretch], known_by: datetime | None
) -> list[Stretch]:
    """Return of these holes the sessions' stretches that nothing stands in for."""
    holes = [(first, before) for first, before in holes if first < before]
    if not holes:
        return []
    asked = {
        "instrument": instrument,
        "firsts": [instant_of(first) for first, _ in holes],
        "befores": [instant_of(before) for _, before in holes],
        "known_by": known_by or "infinity",
    }
    rows = cursor.execute(_UNTOLD, asked).fetchall()
    if not rows:
        return []
    ends = min(row["first"] for row in rows), max(row["before"] for row in rows)
    silent = silent_minutes(cursor, instrument, *ends, known_by)
    return sorted(
        {
            (micros(row["first"]), micros(row["before"]))
            for row in rows
            if not any(one <= micros(row["minute"]) < end for one, end in silent)
        }
    )


def _without(stretches: Sequence[Stretch], minute: int) -> list[Stretch]:
    parts = (
        part
        for first, before in stretches
        for part in ((first, min(before, minute)), (max(first, minute + _MINUTE), before))
    )
    return [(first, before) for first, before in parts if first < before]

"""Which minutes of an instrument a live stream may have missed: what derived bars may not span.

A stream speaks for its instrument while somebody keeps it. One that was not kept for a day is
another's to fill, and one that is kept now has not told yet of what follows its newest minute.
"""

from bifrost.adapters.postgres.database import Statements
from bifrost.data.series.columns import micros

_MISSED = """
SELECT holes, settled_to, recorded_at > now() - interval '1 minute' AS goes_on
FROM data.market_streams
WHERE instrument = %s AND recorded_at > now() - interval '1 day'
"""
# Later than any bar.
_EVER = 2**62


def missed_minutes(cursor: Statements, instrument: str) -> list[tuple[int, int]]:
    """Return stretches [first, before), in microseconds since 1970."""
    found = []
    for row in cursor.execute(_MISSED, (instrument,)).fetchall():
        for first, before, *_ in row["holes"]:
            found.append((first, _EVER if before is None else before))
        if row["goes_on"]:
            found.append((micros(row["settled_to"]), _EVER))
    return found

"""Membership of indexes in Postgres: added, superseded once, never changed."""

from collections.abc import Collection
from datetime import datetime

from bifrost.adapters.postgres.database import Cursor
from bifrost.data.reference.indexes import Membership, MembershipRevision

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('data.index_members', 0))"

_STANDING = """
SELECT index_name, instrument, valid_from, valid_to, source, recorded_at FROM data.index_members
WHERE superseded_at IS NULL AND index_name = ANY(%s)
"""

_SUPERSEDE = """
UPDATE data.index_members SET superseded_at = %s
WHERE index_name = %s AND instrument = %s AND valid_from = %s AND superseded_at IS NULL
"""

_ADD = """
COPY data.index_members (index_name, instrument, valid_from, valid_to, source, recorded_at)
FROM STDIN
"""


def standing_members(cursor: Cursor, indexes: Collection[str]) -> list[Membership]:
    """Return what stands of these indexes, and keep others from changing any."""
    cursor.execute(_LOCK)
    found = cursor.execute(_STANDING, (list(indexes),)).fetchall()
    return [
        Membership(
            row["index_name"],
            row["instrument"],
            row["valid_from"],
            row["valid_to"],
            row["source"],
            row["recorded_at"],
        )
        for row in found
    ]


def revise_members(cursor: Cursor, revision: MembershipRevision, at: datetime) -> None:
    """Supersede and add rows; the caller holds the lock that `standing_members` takes."""
    # Who waited for the lock may have looked at the clock first.
    at = max([at, *(one.recorded_at for one in revision.superseded)])
    if revision.superseded:
        gone = [(at, one.index, one.instrument, one.valid_from) for one in revision.superseded]
        cursor.executemany(_SUPERSEDE, gone)
    with cursor.copy(_ADD) as copy:
        for one in revision.added:
            days = (one.valid_from, one.valid_to)
            copy.write_row((one.index, one.instrument, *days, one.source, at))

"""Dated terms of instruments in Postgres: added, superseded once, never changed."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from bifrost.adapters.postgres.database import Cursor, Database, Row
from bifrost.core.errors import NotFoundError
from bifrost.data.reference.ports import Present, UniverseQuery
from bifrost.data.reference.revising import Revision
from bifrost.data.reference.terms import ListingStatus, Terms

# Whose a symbol is concerns two instruments: whoever tells of any waits for the other's end.
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('data.instrument_terms', 0))"

_NAMES = (
    "instrument",
    "valid_from",
    "valid_to",
    "symbol",
    "mic",
    "currency",
    "tick_size",
    "lot_size",
    "name",
    "status",
    "source",
)
_COLUMNS = ", ".join((*_NAMES, "recorded_at"))
_VALUES = ", ".join(["%s"] * (len(_NAMES) + 1))

_STANDING = f"""
SELECT {_COLUMNS}, superseded_at FROM data.instrument_terms
WHERE superseded_at IS NULL AND (instrument = ANY(%s) OR symbol = ANY(%s))
ORDER BY instrument, valid_from
"""

_SUPERSEDE = """
UPDATE data.instrument_terms SET superseded_at = %s
WHERE instrument = %s AND valid_from = %s AND superseded_at IS NULL
"""

_ADD = f"INSERT INTO data.instrument_terms ({_COLUMNS}) VALUES ({_VALUES})"

_OF_NAME = f"""
SELECT {_COLUMNS}, superseded_at FROM data.instrument_terms WHERE instrument = %(name)s
UNION
SELECT {_COLUMNS}, superseded_at FROM data.instrument_terms WHERE symbol = %(name)s
"""

_BESIDE = f"""
SELECT {_COLUMNS}, superseded_at FROM data.instrument_terms
WHERE superseded_at IS NULL AND (instrument = %(name)s OR symbol IN (
    SELECT symbol FROM data.instrument_terms
    WHERE instrument = %(name)s AND superseded_at IS NULL))
ORDER BY instrument, valid_from
"""

# Rows that were taken for true at an instant; now, where none is given.
_KNOWN = """CASE WHEN %(known_by)s::timestamptz IS NULL THEN {t}.superseded_at IS NULL
    ELSE {t}.recorded_at <= %(known_by)s
        AND ({t}.superseded_at IS NULL OR {t}.superseded_at > %(known_by)s) END"""

_LISTED = f"""
SELECT {_COLUMNS}, superseded_at FROM data.instrument_terms t
WHERE valid_from <= %(on)s AND valid_to > %(on)s AND status = 'listed'
    AND {_KNOWN.format(t="t")} AND instrument > %(after)s
ORDER BY instrument LIMIT %(limit)s
"""

_MEMBERS = f"""
SELECT m.instrument AS key, t.* FROM data.index_members m
LEFT JOIN data.instrument_terms t ON t.instrument = m.instrument
    AND t.valid_from <= %(on)s AND t.valid_to > %(on)s AND {_KNOWN.format(t="t")}
WHERE m.index_name = %(index)s AND m.valid_from <= %(on)s AND m.valid_to > %(on)s
    AND {_KNOWN.format(t="m")} AND m.instrument > %(after)s
ORDER BY m.instrument LIMIT %(limit)s
"""

_ANY_MEMBER = "SELECT 1 FROM data.index_members WHERE index_name = %(index)s LIMIT 1"


def standing_terms(
    cursor: Cursor, instruments: Collection[str], symbols: Collection[str]
) -> list[Terms]:
    """Return what stands of these, and keep others from changing any terms."""
    cursor.execute(_LOCK)
    found = cursor.execute(_STANDING, (list(instruments), list(symbols))).fetchall()
    return [_to_terms(row) for row in found]


def revise_terms(cursor: Cursor, revision: Revision, at: datetime) -> None:
    """Supersede and add rows; the caller holds the lock that `standing_terms` takes."""
    # Who waited for the lock may have looked at the clock first.
    at = max([at, *(one.recorded_at for one in revision.superseded)])
    if revision.superseded:
        gone = [(at, one.instrument, one.valid_from) for one in revision.superseded]
        cursor.executemany(_SUPERSEDE, gone)
    if revision.added:
        cursor.executemany(_ADD, [(*_told(one), at) for one in revision.added])


@dataclass(frozen=True, slots=True)
class PostgresReference:
    """Instruments over time, to read."""

    database: Database

    def terms_of(self, name: str) -> list[Terms]:
        """Return every row, superseded ones too, of the instrument or the symbol of this name."""
        return [_to_terms(row) for row in self.database.fetch_all(_OF_NAME, {"name": name})]

    def beside(self, instrument: str) -> list[Terms]:
        """Return what stands of the instrument, and of all that ever had one of its symbols."""
        rows = self.database.fetch_all(_BESIDE, {"name": instrument})
        return [_to_terms(row) for row in rows]

    def universe(self, asked: UniverseQuery) -> list[Present]:
        """Return the instruments asked for, by key; those delisted since too.

        Raises NotFoundError for an index of which nobody has told.
        """
        values = {
            "on": asked.on,
            "index": asked.index,
            "known_by": asked.known_by,
            "after": asked.after,
            "limit": asked.limit,
        }
        if not asked.index:
            rows = self.database.fetch_all(_LISTED, values)
            return [Present(row["instrument"], _to_terms(row)) for row in rows]
        rows = self.database.fetch_all(_MEMBERS, values)
        if not rows and self.database.fetch_one(_ANY_MEMBER, values) is None:
            raise NotFoundError(
                f"no index is called {asked.index}; put an indexes/<name>.csv into the data bucket"
            )
        return [
            Present(row["key"], None if row["instrument"] is None else _to_terms(row))
            for row in rows
        ]


def _told(one: Terms) -> tuple[object, ...]:
    return tuple(getattr(one, name) for name in _NAMES)


def _to_terms(row: Row) -> Terms:
    told = {name: row[name] for name in (*_NAMES, "recorded_at", "superseded_at")}
    return Terms(**told | {"status": ListingStatus(row["status"])})

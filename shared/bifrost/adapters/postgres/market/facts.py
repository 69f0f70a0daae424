"""What companies reported, in Postgres: added, never changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bifrost.adapters.postgres.database import Cursor, Database
from bifrost.core.errors import ConflictError
from bifrost.data.snapshots.facts import Earnings, FactFile, Fundamental
from bifrost.data.snapshots.making import Facts

_FUNDAMENTALS = """
SELECT instrument, metric, period_end, value, currency, reported_at FROM data.fundamentals
WHERE reported_at <= %(as_of)s
    AND (%(instruments)s::text[] IS NULL OR instrument = ANY(%(instruments)s))
ORDER BY instrument, metric, period_end, reported_at
"""

_EARNINGS = """
SELECT instrument, earnings_at, eps_estimate, eps_actual, reported_at FROM data.earnings
WHERE reported_at <= %(as_of)s
    AND (%(instruments)s::text[] IS NULL OR instrument = ANY(%(instruments)s))
ORDER BY instrument, earnings_at, reported_at
"""

_ADD_FUNDAMENTAL = """
INSERT INTO data.fundamentals
    (instrument, metric, period_end, value, currency, reported_at, recorded_at)
VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""

_ADD_EARNINGS = """
INSERT INTO data.earnings
    (instrument, earnings_at, eps_estimate, eps_actual, reported_at, recorded_at)
VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""

_HAS_FUNDAMENTAL = """
SELECT value, currency FROM data.fundamentals
WHERE instrument = %s AND metric = %s AND period_end = %s AND reported_at = %s
"""

_HAS_EARNINGS = """
SELECT eps_estimate, eps_actual FROM data.earnings
WHERE instrument = %s AND earnings_at = %s AND reported_at = %s
"""


def facts_of(cursor: Cursor, instruments: Sequence[str] | None, by: datetime) -> Facts:
    """Return what had been reported by then, of these instruments or of all."""
    asked = {"as_of": by, "instruments": None if instruments is None else list(instruments)}
    fundamentals: dict[str, list[Fundamental]] = {}
    earnings: dict[str, list[Earnings]] = {}
    for row in cursor.execute(_FUNDAMENTALS, asked).fetchall():
        fundamentals.setdefault(row["instrument"], []).append(Fundamental(**row))
    for row in cursor.execute(_EARNINGS, asked).fetchall():
        earnings.setdefault(row["instrument"], []).append(Earnings(**row))
    return Facts(fundamentals, earnings)


@dataclass(frozen=True, slots=True)
class PostgresFacts:
    """Where facts are added."""

    database: Database

    def put(self, facts: FactFile, at: datetime) -> int:
        """Add rows that are not there yet; return how many; see the port."""
        with self.database.transaction() as cursor:
            added = sum(_add_fundamental(cursor, one, at) for one in facts.fundamentals)
            return added + sum(_add_earnings(cursor, one, at) for one in facts.earnings)


def _add_fundamental(cursor: Cursor, one: Fundamental, at: datetime) -> int:
    key = (one.instrument, one.metric, one.period_end)
    values = (*key, one.value, one.currency, one.reported_at, at)
    if cursor.execute(_ADD_FUNDAMENTAL, values).rowcount:
        return 1
    row = cursor.execute(_HAS_FUNDAMENTAL, (*key, one.reported_at)).fetchone()
    if row != {"value": one.value, "currency": one.currency}:
        raise _contradiction(f"{one.metric} of {one.instrument} for {one.period_end}", one)
    return 0


def _add_earnings(cursor: Cursor, one: Earnings, at: datetime) -> int:
    told = (one.eps_estimate, one.eps_actual)
    values = (one.instrument, one.earnings_at, *told, one.reported_at, at)
    if cursor.execute(_ADD_EARNINGS, values).rowcount:
        return 1
    row = cursor.execute(_HAS_EARNINGS, (one.instrument, one.earnings_at, one.reported_at))
    if row.fetchone() != {"eps_estimate": one.eps_estimate, "eps_actual": one.eps_actual}:
        raise _contradiction(f"earnings of {one.instrument} at {one.earnings_at}", one)
    return 0


def _contradiction(what: str, one: Fundamental | Earnings) -> ConflictError:
    return ConflictError(
        f"{what}, reported at {one.reported_at.isoformat()}, is stored with another value:"
        " a restatement has a later reported_at"
    )

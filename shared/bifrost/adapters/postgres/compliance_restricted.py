"""The restricted list: rows are added and ended, so every past date keeps its own list."""

from datetime import date

from bifrost.adapters.postgres.database import Cursor, Database, Row
from bifrost.compliance.ports import Entry, Restriction
from bifrost.core.errors import NotFoundError

_IN_FORCE = """
SELECT * FROM compliance.restricted_list
WHERE effective_from <= %(as_of)s AND (effective_until IS NULL OR effective_until > %(as_of)s)
ORDER BY instrument, account_id NULLS FIRST, entry_id"""

# Two people who restrict one instrument at once take turns, whether or not it has a row yet.
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('restricted_list/' || %s, 0))"

_SAME = """
SELECT * FROM compliance.restricted_list
WHERE instrument = %s AND account_id IS NOT DISTINCT FROM %s AND effective_from = %s
  AND effective_until IS NOT DISTINCT FROM %s AND reason = %s AND ended_at IS NULL"""

_END = """
UPDATE compliance.restricted_list
SET effective_until = GREATEST(effective_from, %(until)s), ended_by = %(by)s, ended_at = now()
WHERE instrument = %(instrument)s AND account_id IS NOT DISTINCT FROM %(account_id)s
  AND (effective_until IS NULL OR effective_until > %(until)s)
RETURNING *"""

_ADD = """
INSERT INTO compliance.restricted_list
    (instrument, account_id, effective_from, effective_until, reason, added_by)
VALUES (%s, %s, %s, %s, %s, %s) RETURNING *"""


class PostgresRestrictedList:
    """What may not be traded."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def in_force(self, as_of: date) -> list[Entry]:
        """Return what is restricted on that date."""
        return [_entry(row) for row in self._database.fetch_all(_IN_FORCE, {"as_of": as_of})]

    def put(self, restriction: Restriction, added_by: str) -> Entry:
        """Replace what holds for this instrument and account from the new row's date on.

        Raises NotFoundError for an account that nobody has opened.
        """
        terms = (
            restriction.instrument,
            restriction.account_id,
            restriction.effective_from,
            restriction.effective_until,
            restriction.reason,
        )
        with self._database.transaction() as cursor:
            _require_account(cursor, restriction.account_id)
            cursor.execute(_LOCK, (restriction.instrument,))
            same = cursor.execute(_SAME, terms).fetchone()
            if same is not None:
                return _entry(same)
            _end(cursor, restriction, restriction.effective_from, added_by)
            (row,) = cursor.execute(_ADD, (*terms, added_by)).fetchall()
            return _entry(row)

    def end(self, instrument: str, account_id: str | None, until: date, ended_by: str) -> Entry:
        """End what is in force from `until` on; the rows themselves stay."""
        whose = Restriction(instrument, account_id, until, None, "")
        with self._database.transaction() as cursor:
            cursor.execute(_LOCK, (instrument,))
            ended = _end(cursor, whose, until, ended_by)
        if not ended:
            place = "any account" if account_id is None else f"account {account_id}"
            raise NotFoundError(f"{instrument} is not restricted for {place} from {until} on")
        return ended[-1]


def _require_account(cursor: Cursor, account_id: str | None) -> None:
    # A restriction of an account that does not exist would restrict nobody and look as if it did.
    query = "SELECT 1 FROM compliance.accounts WHERE account_id = %s"
    if account_id is not None and cursor.execute(query, (account_id,)).fetchone() is None:
        raise NotFoundError(f"there is no account {account_id}")


def _end(cursor: Cursor, whose: Restriction, until: date, by: str) -> list[Entry]:
    values = {
        "instrument": whose.instrument,
        "account_id": whose.account_id,
        "until": until,
        "by": by,
    }
    return [_entry(row) for row in cursor.execute(_END, values).fetchall()]


def _entry(row: Row) -> Entry:
    return Entry(
        entry_id=row["entry_id"],
        restriction=Restriction(
            instrument=row["instrument"],
            account_id=row["account_id"],
            effective_from=row["effective_from"],
            effective_until=row["effective_until"],
            reason=row["reason"],
        ),
        added_by=row["added_by"],
        recorded_at=row["recorded_at"],
        ended_by=row["ended_by"],
    )

"""Corporate actions in Postgres: every revision that a vendor sent, none ever changed."""

import json
from collections.abc import Collection, Sequence
from datetime import datetime

from bifrost.adapters.postgres.database import Cursor, Database
from bifrost.core.codec import from_json, to_json
from bifrost.core.corporate_actions import CorporateAction
from bifrost.data.ports import ActionQuery, StoredAction

# Two files that speak of one instrument wait for each other, so that neither contradicts what
# the other is about to store. The order of the locks is the alphabet's.
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('data.corporate_actions/' || %s, 0))"

_STORED = """
SELECT action FROM data.corporate_actions
WHERE instrument = ANY(%s) OR action_id = ANY(%s) ORDER BY action_id, revision
"""

_ASKED = """
SELECT place, action, recorded_at FROM data.corporate_actions a
WHERE place > %(after)s AND ex_date BETWEEN %(first)s AND %(last)s
    AND (%(instrument)s = '' OR instrument = %(instrument)s)
    AND (%(revisions)s OR NOT EXISTS (
        SELECT FROM data.corporate_actions b
        WHERE b.action_id = a.action_id AND b.revision > a.revision))
ORDER BY place LIMIT %(limit)s
"""

_ADD = """
INSERT INTO data.corporate_actions
    (action_id, revision, vendor, instrument, kind, ex_date, withdrawn, action, recorded_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
"""


def stored_actions(
    cursor: Cursor, instruments: Collection[str], action_ids: Collection[str]
) -> dict[str, list[CorporateAction]]:
    """Return every revision of these actions and of all actions on these instruments."""
    for name in sorted({*instruments, *action_ids}):
        cursor.execute(_LOCK, (name,))
    found: dict[str, list[CorporateAction]] = {}
    for row in cursor.execute(_STORED, (list(instruments), list(action_ids))).fetchall():
        action = from_json(CorporateAction, row["action"])
        found.setdefault(action.action_id, []).append(action)
    return found


def add_actions(cursor: Cursor, actions: Sequence[CorporateAction], at: datetime) -> None:
    """Write new revisions."""
    for one in actions:
        cursor.execute(
            _ADD,
            (
                one.action_id,
                one.revision,
                one.vendor,
                one.instrument,
                one.kind,
                one.ex_date,
                one.withdrawn,
                json.dumps(to_json(one)),
                at,
            ),
        )


def find_actions(
    database: Database, asked: ActionQuery, after: int, limit: int
) -> list[StoredAction]:
    """Return the actions asked for, in the order in which they came in."""
    values = {
        "after": after,
        "first": asked.first,
        "last": asked.last,
        "instrument": asked.instrument,
        "revisions": asked.revisions,
        "limit": limit,
    }
    return [
        StoredAction(row["place"], from_json(CorporateAction, row["action"]), row["recorded_at"])
        for row in database.fetch_all(_ASKED, values)
    ]

"""Corporate actions that stand, in Postgres: what others heard of, and when."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from bifrost.adapters.postgres.database import Cursor, Database
from bifrost.adapters.postgres.market.sources import sources
from bifrost.core.codec import from_json, to_json
from bifrost.core.corporate_actions import CorporateAction
from bifrost.data.reference.votes import ClaimsKnown

_PUBLISHED = """
SELECT DISTINCT ON (action_id) action FROM data.published_actions
WHERE instrument = ANY(%s) OR action_id = ANY(%s) ORDER BY action_id, revision DESC
"""

_PUBLISH = """
INSERT INTO data.published_actions
    (action_id, revision, instrument, ex_date, withdrawn, action, recorded_at)
VALUES (%s, %s, %s, %s, %s, %s, %s)
"""

_STANDING = """
SELECT action FROM (
    SELECT DISTINCT ON (action_id) * FROM data.published_actions
    WHERE action_id IN
            (SELECT action_id FROM data.published_actions WHERE instrument = %(instrument)s)
        AND (%(known_by)s::timestamptz IS NULL OR recorded_at <= %(known_by)s)
    ORDER BY action_id, revision DESC
) newest
WHERE NOT withdrawn AND instrument = %(instrument)s
    AND (%(as_of)s::date IS NULL OR ex_date <= %(as_of)s)
ORDER BY ex_date, action_id
"""

_CLAIMED = """
SELECT action FROM data.corporate_actions a
WHERE instrument = ANY(%s) AND ex_date BETWEEN %s AND %s AND NOT EXISTS (
    SELECT FROM data.corporate_actions b
    WHERE b.action_id = a.action_id AND b.revision > a.revision)
"""

_TOLD = """
SELECT action FROM data.corporate_actions a WHERE instrument = %s AND NOT withdrawn
    AND NOT EXISTS (SELECT 1 FROM data.corporate_actions b
        WHERE b.action_id = a.action_id AND b.revision > a.revision)
"""

_LIVE = """
SELECT action_id FROM (
    SELECT DISTINCT ON (action_id) action_id, withdrawn FROM data.published_actions
    WHERE instrument = ANY(%s) ORDER BY action_id, revision DESC
) newest WHERE NOT withdrawn
"""


def published_actions(
    cursor: Cursor, instruments: Collection[str], action_ids: Collection[str]
) -> list[CorporateAction]:
    """Return of each action the revision that others heard last."""
    found = cursor.execute(_PUBLISHED, (list(instruments), list(action_ids))).fetchall()
    return [from_json(CorporateAction, row["action"]) for row in found]


def publish_actions(cursor: Cursor, actions: Sequence[CorporateAction], at: datetime) -> None:
    """Keep what others hear of now."""
    for one in actions:
        cursor.execute(
            _PUBLISH,
            (
                one.action_id,
                one.revision,
                one.instrument,
                one.ex_date,
                one.withdrawn,
                json.dumps(to_json(one)),
                at,
            ),
        )


def claims_known(
    database: Database, instruments: Collection[str], first: date, last: date
) -> ClaimsKnown:
    """Return what vendors claim of these, with an ex-date in [first, last]."""
    with database.transaction() as cursor:
        names = list(instruments)
        told = cursor.execute(_CLAIMED, (names, first, last)).fetchall()
        live = cursor.execute(_LIVE, (names,)).fetchall()
        return ClaimsKnown(
            tuple(from_json(CorporateAction, row["action"]) for row in told),
            frozenset(row["action_id"] for row in live),
            sources(cursor),
        )


def standing_and_claimed(
    cursor: Cursor, instrument: str
) -> tuple[list[CorporateAction], list[CorporateAction]]:
    """Return the actions of an instrument that stand, and all that anybody tells of it."""
    asked = {"instrument": instrument, "as_of": None, "known_by": None}
    standing = cursor.execute(_STANDING, asked).fetchall()
    told = cursor.execute(_TOLD, (instrument,)).fetchall()
    return (
        [from_json(CorporateAction, row["action"]) for row in standing],
        [from_json(CorporateAction, row["action"]) for row in told],
    )


@dataclass(frozen=True, slots=True)
class PostgresStandingActions:
    """Corporate actions that stand, to adjust by."""

    database: Database

    def standing(
        self, instrument: str, as_of: date | None = None, known_by: datetime | None = None
    ) -> list[CorporateAction]:
        """Return those with an ex-date up to `as_of`, as they stood at `known_by`.

        None is no bound, and as they stand now.
        """
        asked = {"instrument": instrument, "as_of": as_of, "known_by": known_by}
        rows = self.database.fetch_all(_STANDING, asked)
        return [from_json(CorporateAction, row["action"]) for row in rows]

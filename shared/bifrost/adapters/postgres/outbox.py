"""The transactional outbox: an event is written with the state that it reports, relayed after.

What is in the outbox will be published, at least once; what is not never happened. The relay
takes rows in order and skips those another process is sending, so two relays share the work.
"""

import json
import logging
import time
from typing import TYPE_CHECKING, Protocol

from bifrost.adapters.postgres.database import Database, Statements
from bifrost.core.codec import to_json

if TYPE_CHECKING:
    from bifrost.events import Event

_logger = logging.getLogger(__name__)

BATCH = 10  # EventBridge takes at most ten entries in a call


class EventSink(Protocol):
    """Where the relay hands events on."""

    def put(self, entries: list[tuple[str, str, str]]) -> frozenset[int]:
        """Publish (source, detail_type, detail JSON) entries; return the places of those refused.

        Raises UnavailableError where it is not known which of them went.
        """


class Outbox:
    """The outbox of one schema."""

    def __init__(self, schema: str) -> None:
        self._insert = (
            f"INSERT INTO {schema}.outbox (event_id, source, detail_type, detail, recorded_at)"
            " VALUES (%s, %s, %s, %s, %s)"
        )
        # However many, one statement, and in the order in which they were given. The details are
        # one document: escaped for an array, they would take longer than all the rest.
        self._insert_many = (
            f"INSERT INTO {schema}.outbox (event_id, source, detail_type, recorded_at, detail)"
            " SELECT event_id, source, detail_type, recorded_at, detail"
            " FROM ROWS FROM (unnest(%s::text[], %s::text[], %s::text[], %s::timestamptz[]),"
            " jsonb_array_elements(%s::jsonb)) WITH ORDINALITY"
            " AS told (event_id, source, detail_type, recorded_at, detail, place) ORDER BY place"
        )

    def add(self, cursor: Statements, *events: "Event") -> None:
        """Write the events down in the caller's transaction, in one statement."""
        if len(events) == 1:
            (event,) = events
            detail = json.dumps(to_json(event))
            values = (event.event_id, event.source, event.detail_type, detail, event.recorded_at)
            cursor.execute(self._insert, values)
        elif events:
            cursor.execute(
                self._insert_many,
                (
                    [event.event_id for event in events],
                    [event.source for event in events],
                    [event.detail_type for event in events],
                    [event.recorded_at for event in events],
                    json.dumps([to_json(event) for event in events]),
                ),
            )


class Relay:
    """Sends what the outbox holds."""

    def __init__(self, database: Database, schema: str, sink: EventSink) -> None:
        self._database = database
        self._sink = sink
        # What was refused goes to the back: one event that the bus cannot take stops no other.
        self._take = (
            f"SELECT position, event_id, source, detail_type, detail::text AS detail"
            f" FROM {schema}.outbox WHERE published_at IS NULL"
            f" ORDER BY refusals, position LIMIT {BATCH} FOR UPDATE SKIP LOCKED"
        )
        self._mark = f"UPDATE {schema}.outbox SET published_at = now() WHERE position = ANY(%s)"
        self._put_back = (
            f"UPDATE {schema}.outbox SET refusals = refusals + 1 WHERE position = ANY(%s)"
        )

    def flush(self, seconds: int | None = None) -> int:
        """Publish what waits, batch by batch, until the time is over; return how many went."""
        began = time.monotonic()
        sent = 0
        while taken := self._send_batch():
            sent += taken
            if seconds is not None and time.monotonic() - began > seconds:
                break
        return sent

    def _send_batch(self) -> int:
        with self._database.transaction() as cursor:
            rows = cursor.execute(self._take).fetchall()
            if not rows:
                return 0
            # Sent before it is marked: a crash between the two sends again, never loses.
            refused = self._sink.put([(r["source"], r["detail_type"], r["detail"]) for r in rows])
            taken = [row["position"] for place, row in enumerate(rows) if place not in refused]
            cursor.execute(self._mark, (taken,))
            if refused:
                ids = [rows[place]["event_id"] for place in sorted(refused)]
                _logger.error("the bus refused events", extra={"event_ids": ids})
                cursor.execute(self._put_back, ([rows[place]["position"] for place in refused],))
            return len(taken)

"""The transactional outbox: an event is written with the state that it reports, relayed after.

What is in the outbox will be published, at least once; what is not never happened. The relay
takes rows in order and skips those another process is sending, so two relays share the work.
"""

import json
from typing import Protocol

from bifrost.adapters.postgres.database import Database, Statements
from bifrost.core.codec import to_json
from bifrost.events import Event

BATCH = 10  # EventBridge takes at most ten entries in a call


class EventSink(Protocol):
    """Where the relay hands events on."""

    def put(self, entries: list[tuple[str, str, str]]) -> None:
        """Publish (source, detail_type, detail JSON); raise UnavailableError unless all went."""


class Outbox:
    """The outbox of one schema."""

    def __init__(self, schema: str) -> None:
        self._insert = (
            f"INSERT INTO {schema}.outbox (event_id, source, detail_type, detail, recorded_at)"
            " VALUES (%s, %s, %s, %s, %s)"
        )

    def add(self, cursor: Statements, *events: Event) -> None:
        """Write the events down in the caller's transaction."""
        for event in events:
            detail = json.dumps(to_json(event))
            values = (event.event_id, event.source, event.detail_type, detail, event.recorded_at)
            cursor.execute(self._insert, values)


class Relay:
    """Sends what the outbox holds."""

    def __init__(self, database: Database, schema: str, sink: EventSink) -> None:
        self._database = database
        self._sink = sink
        self._take = (
            f"SELECT position, source, detail_type, detail::text AS detail FROM {schema}.outbox"
            f" WHERE published_at IS NULL ORDER BY position LIMIT {BATCH} FOR UPDATE SKIP LOCKED"
        )
        self._mark = f"UPDATE {schema}.outbox SET published_at = now() WHERE position = ANY(%s)"

    def flush(self) -> int:
        """Publish everything that waits; return how many events went."""
        sent = 0
        while taken := self._send_batch():
            sent += taken
        return sent

    def _send_batch(self) -> int:
        with self._database.transaction() as cursor:
            rows = cursor.execute(self._take).fetchall()
            if rows:
                # Sent before it is marked: a crash between the two sends again, never loses.
                self._sink.put([(r["source"], r["detail_type"], r["detail"]) for r in rows])
                cursor.execute(self._mark, ([row["position"] for row in rows],))
            return len(rows)

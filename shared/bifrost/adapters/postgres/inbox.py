"""The inbox: a listener hears each event once, and a sequenced one in its order.

Delivery is at least once and unordered. `once` forgets what came before by the event's id.
`in_order` also holds back what came early: a ledger that applied a sale before its purchase
would close the wrong lot, and a venue that saw Tuesday's bar first would fill at the wrong
price. Both work in the caller's transaction, so what was heard and what it changed are kept
together or not at all.
"""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

from bifrost.adapters.postgres.database import Row, Statements
from bifrost.core.codec import to_json

if TYPE_CHECKING:
    from bifrost.events import Event, SequencedEvent

E = TypeVar("E", bound="SequencedEvent")


class Inbox:
    """What one listening capability has heard."""

    def __init__(self, schema: str) -> None:
        self._schema = schema

    def once(self, cursor: Statements, event: "Event") -> bool:
        """Say whether this event is new here, and remember it."""
        query = (
            f"INSERT INTO {self._schema}.inbox (event_id) VALUES (%s) ON CONFLICT DO NOTHING"
            " RETURNING event_id"
        )
        return cursor.execute(query, (event.event_id,)).fetchone() is not None

    def seen(self, cursor: Statements, event_id: str) -> bool:
        """Say whether the event has been heard and applied."""
        query = f"SELECT 1 FROM {self._schema}.inbox WHERE event_id = %s"
        return cursor.execute(query, (event_id,)).fetchone() is not None

    def in_order(self, cursor: Statements, event: E) -> list[E]:
        """Return the events of this stream that may now be applied, in order; often just this one.

        Empty for a duplicate and for one that came early, which a later call will return. Raises
        ValueError for a new event at a place that is past. The stream's row stays locked until
        the caller's transaction ends.
        """
        if not self.once(cursor, event):
            return []
        next_sequence = self._lock_stream(cursor, event.stream)
        if event.sequence < next_sequence:
            raise _past(event)
        self._keep(cursor, event)
        ready = self._take_run(cursor, event.stream, next_sequence)
        self._move(cursor, event.stream, next_sequence + len(ready))
        in_order = sorted(ready, key=lambda row: int(row["sequence"]))
        return [_read(type(event), row["detail_type"], row["detail"]) for row in in_order]

    def hold(self, cursor: Statements, event: E) -> None:
        """Keep an event for who takes the stream's next one, without asking for the stream's row.

        Raises ValueError for a new event at a place that is past.
        """
        if not self.once(cursor, event):
            return
        row = cursor.execute(
            f"SELECT next_sequence FROM {self._schema}.streams WHERE stream = %s", (event.stream,)
        ).fetchone()
        if row is not None and event.sequence < row["next_sequence"]:
            raise _past(event)
        self._keep(cursor, event)

    def put_back(self, cursor: Statements, events: Sequence[E]) -> None:
        """Let the last events that were given of a stream, in their order, wait again."""
        for event in events:
            self._keep(cursor, event)
        self._move(cursor, events[0].stream, events[0].sequence)

    def take_next(self, cursor: Statements, stream: str, kind: type[E]) -> E | None:
        """Return the stream's next event, if it is here; its row stays locked as `in_order`'s."""
        next_sequence = self._lock_stream(cursor, stream)
        row = cursor.execute(
            f"DELETE FROM {self._schema}.early_events WHERE stream = %s AND sequence = %s"
            " RETURNING detail_type, detail",
            (stream, next_sequence),
        ).fetchone()
        if row is None:
            return None
        self._move(cursor, stream, next_sequence + 1)
        return _read(kind, row["detail_type"], row["detail"])

    def _move(self, cursor: Statements, stream: str, next_sequence: int) -> None:
        cursor.execute(
            f"UPDATE {self._schema}.streams SET next_sequence = %s WHERE stream = %s",
            (next_sequence, stream),
        )

    def _lock_stream(self, cursor: Statements, stream: str) -> int:
        cursor.execute(
            f"INSERT INTO {self._schema}.streams (stream, next_sequence) VALUES (%s, 1)"
            " ON CONFLICT DO NOTHING",
            (stream,),
        )
        row = cursor.execute(
            f"SELECT next_sequence FROM {self._schema}.streams WHERE stream = %s FOR UPDATE",
            (stream,),
        ).fetchone()
        if row is None:  # inserted above in the same transaction
            raise AssertionError(f"stream {stream} has vanished")
        return int(row["next_sequence"])

    def _keep(self, cursor: Statements, event: "SequencedEvent") -> None:
        cursor.execute(
            f"INSERT INTO {self._schema}.early_events (stream, sequence, detail_type, detail)"
            " VALUES (%s, %s, %s, %s)",
            (event.stream, event.sequence, event.detail_type, json.dumps(to_json(event))),
        )

    def _take_run(self, cursor: Statements, stream: str, start: int) -> list[Row]:
        return cursor.execute(
            f"DELETE FROM {self._schema}.early_events e USING ("
            "   SELECT sequence FROM ("
            "     SELECT sequence, row_number() OVER (ORDER BY sequence) AS place"
            f"     FROM {self._schema}.early_events WHERE stream = %(stream)s) numbered"
            "   WHERE sequence = place + %(start)s - 1) run"
            " WHERE e.stream = %(stream)s AND e.sequence = run.sequence"
            " RETURNING e.sequence, e.detail_type, e.detail",
            {"stream": stream, "start": start},
        ).fetchall()


def _past(event: "SequencedEvent") -> ValueError:
    # Kept, it would wait for ever and look like a gap: the books would never agree again.
    return ValueError(
        f"{event.stream} is past {event.sequence}: event {event.event_id} claims a place"
        " that another one had; see `bifrost dlq show`"
    )


def _read(kind: type[E], detail_type: str, detail: object) -> E:
    from bifrost.events import read_event

    event = read_event(detail_type, detail)
    if not isinstance(event, kind):
        raise TypeError(f"a stream of {kind.__name__} held a {type(event).__name__}")
    return event

"""The live feed's clients, channels and messages as rows."""

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from bifrost.adapters.postgres.database import Cursor, Database
from bifrost.adapters.postgres.inbox import Inbox
from bifrost.core.errors import (
    FieldProblem,
    InvalidInputError,
    NotFoundError,
    UnauthenticatedError,
)
from bifrost.data.streaming.channels import CHANNELS_MAX, Channel, channel_of
from bifrost.data.streaming.feed_ports import Connection, Joined, Message, Numbered

if TYPE_CHECKING:
    from bifrost.events import Event

_CONNECT = """
INSERT INTO data.feed_connections (connection_id, owner, connected_at, expires_at)
VALUES (%s, %s, %s, %s) ON CONFLICT (connection_id) DO NOTHING
"""
_IS_THERE = """
SELECT 1 FROM data.feed_connections WHERE connection_id = %s AND expires_at > %s FOR UPDATE
"""
_UNLISTED = """
SELECT asked FROM unnest(%s::text[]) AS given (asked)
WHERE NOT EXISTS (SELECT 1 FROM data.instruments WHERE symbol = given.asked) ORDER BY asked
"""
_OPEN = """
INSERT INTO data.feed_channels (channel) SELECT unnest(%s::text[]) ON CONFLICT DO NOTHING
"""
_JOIN = """
INSERT INTO data.feed_subscriptions (channel, connection_id) SELECT unnest(%s::text[]), %s
ON CONFLICT DO NOTHING
"""
_COUNT = "SELECT count(*) AS joined FROM data.feed_subscriptions WHERE connection_id = %s"
_SEQUENCE = "SELECT sequence FROM data.feed_channels WHERE channel = %s"
_MISSED = """
SELECT sequence, message FROM data.feed_messages WHERE channel = %s AND sequence > %s
ORDER BY sequence
"""
_LEAVE = "DELETE FROM data.feed_subscriptions WHERE connection_id = %s AND channel = ANY(%s)"
_FORGET = "DELETE FROM data.feed_connections WHERE connection_id = ANY(%s)"
_SILENCE = """
UPDATE data.feed_connections SET silent_until = %s WHERE connection_id = ANY(%s)
"""
_WANTED = """
SELECT DISTINCT s.channel FROM data.feed_subscriptions s
JOIN data.feed_connections c USING (connection_id)
WHERE c.expires_at > %s AND split_part(s.channel, ':', 2) = %s ORDER BY s.channel
"""
# The channel's row is the lock: messages of two publishers are numbered one after the other.
_LOCK = "SELECT sequence FROM data.feed_channels WHERE channel = %s FOR UPDATE"
_KNOWN = """
SELECT message_key, sequence, message FROM data.feed_messages
WHERE channel = %s AND message_key = ANY(%s)
"""
_ADD = """
INSERT INTO data.feed_messages (channel, sequence, message_key, message, recorded_at)
VALUES (%s, %s, %s, %s, %s)
"""
_MOVE = "UPDATE data.feed_channels SET sequence = %s WHERE channel = %s"
_LISTENERS = """
SELECT connection_id FROM data.feed_subscriptions JOIN data.feed_connections USING (connection_id)
WHERE channel = %s AND expires_at > %s AND (silent_until IS NULL OR silent_until <= %s)
ORDER BY connection_id
"""
_PRUNE_MESSAGES = "DELETE FROM data.feed_messages WHERE recorded_at < %s RETURNING 1"
# Nobody else of data listens: the inbox is the feed's alone.
_PRUNE_HEARD = "DELETE FROM data.inbox WHERE received_at < %s"
_PRUNE_CONNECTIONS = "DELETE FROM data.feed_connections WHERE expires_at <= %s"


class PostgresFeed:
    """FeedStore."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._inbox = Inbox("data")

    def connect(self, connection: Connection, at: datetime) -> None:
        """Keep who listens."""
        values = (connection.connection_id, connection.owner, at, connection.expires_at)
        with self._database.transaction() as cursor:
            cursor.execute(_CONNECT, values)

    def join(
        self, connection_id: str, channels: Sequence[Channel], after: int | None, at: datetime
    ) -> list[Joined]:
        """Subscribe; raise UnauthenticatedError where nobody of that id listens any more,
        NotFoundError where an instrument is not listed.
        """
        names = [channel.name for channel in channels]
        with self._database.transaction() as cursor:
            if cursor.execute(_IS_THERE, (connection_id, at)).fetchone() is None:
                raise UnauthenticatedError("the token of this connection has ended: connect anew")
            _require_listed(cursor, channels)
            cursor.execute(_OPEN, (names,))
            cursor.execute(_JOIN, (names, connection_id))
            _require_room(cursor, connection_id)
            return [_joined(cursor, name, after) for name in names]

    def leave(self, connection_id: str, channels: Sequence[Channel]) -> None:
        """End subscriptions."""
        with self._database.transaction() as cursor:
            cursor.execute(_LEAVE, (connection_id, [channel.name for channel in channels]))

    def forget(self, connection_ids: Collection[str]) -> None:
        """End connections."""
        with self._database.transaction() as cursor:
            cursor.execute(_FORGET, (list(connection_ids),))

    def silence(self, connection_ids: Collection[str], until: datetime) -> None:
        """Tell those nothing until then."""
        with self._database.transaction() as cursor:
            cursor.execute(_SILENCE, (until, list(connection_ids)))

    def wanted(self, instrument: str, at: datetime) -> list[Channel]:
        """Return the instrument's channels to which somebody is subscribed."""
        rows = self._database.fetch_all(_WANTED, (at, instrument))
        return [channel_of(row["channel"]) for row in rows]

    def append(
        self, channel: Channel, messages: Sequence[tuple[str, Message]], at: datetime
    ) -> list[Numbered]:
        """Number messages, each with its key; one that was numbered before keeps its place."""
        if not messages:
            return []
        with self._database.transaction() as cursor:
            row = cursor.execute(_LOCK, (channel.name,)).fetchone()
            if row is None:
                return []
            sequence = row["sequence"]
            keys = [key for key, _ in messages]
            rows = cursor.execute(_KNOWN, (channel.name, keys)).fetchall()
            known = {one["message_key"]: one["sequence"] for one in rows}
            numbered = []
            for key, message in messages:
                place = known.get(key)
                if place is None:
                    sequence = place = known[key] = sequence + 1
                    values = (channel.name, place, key, json.dumps(message), at)
                    cursor.execute(_ADD, values)
                numbered.append(Numbered(place, message))
            cursor.execute(_MOVE, (sequence, channel.name))
            return numbered

    def listeners(self, channel: Channel, at: datetime) -> list[str]:
        """Return the connections to tell now."""
        rows = self._database.fetch_all(_LISTENERS, (channel.name, at, at))
        return [row["connection_id"] for row in rows]

    def has_heard(self, event: "Event") -> bool:
        """Say whether an event was told of."""
        with self._database.separately() as statements:
            return self._inbox.seen(statements, event.event_id)

    def remember(self, event: "Event") -> None:
        """Remember that an event was told of."""
        with self._database.separately() as statements:
            self._inbox.once(statements, event)

    def prune(self, told_before: datetime, heard_before: datetime, at: datetime) -> int:
        """Delete older messages, the memory of events that were heard earlier, and connections that
        have ended; return how many messages.
        """
        with self._database.transaction() as cursor:
            cursor.execute(_PRUNE_CONNECTIONS, (at,))
            cursor.execute(_PRUNE_HEARD, (heard_before,))
            return len(cursor.execute(_PRUNE_MESSAGES, (told_before,)).fetchall())


def _require_listed(cursor: Cursor, channels: Sequence[Channel]) -> None:
    names = sorted({channel.instrument for channel in channels})
    unlisted = [row["asked"] for row in cursor.execute(_UNLISTED, (names,))]
    if unlisted:
        raise NotFoundError(f"no instrument is called {', '.join(unlisted)}")


def _require_room(cursor: Cursor, connection_id: str) -> None:
    row = cursor.execute(_COUNT, (connection_id,)).fetchone()
    if row is not None and row["joined"] > CHANNELS_MAX:
        message = f"this connection would have {row['joined']} channels"
        fix = f"a connection has {CHANNELS_MAX} at the most: open another"
        raise InvalidInputError(FieldProblem("channels", message, fix))


def _joined(cursor: Cursor, name: str, after: int | None) -> Joined:
    row = cursor.execute(_SEQUENCE, (name,)).fetchone()
    sequence = 0 if row is None else int(row["sequence"])
    if after is None or after > sequence:
        return Joined(sequence, None)
    rows = cursor.execute(_MISSED, (name, after)).fetchall()
    if len(rows) < sequence - after:
        return Joined(sequence, None)
    return Joined(sequence, tuple(Numbered(one["sequence"], one["message"]) for one in rows))

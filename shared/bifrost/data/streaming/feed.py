"""The live feed: clients subscribe, and are told of what was stored, in a numbered channel.

A message is numbered and kept before anybody is told. So a push that is lost, doubled or out of
order harms nobody: the next number shows it, and `after` brings what is missing.
"""

import json
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from bifrost.data.ports import Clock
from bifrost.data.streaming.channels import Asked, Channel, Kind
from bifrost.data.streaming.feed_ports import (
    Connection,
    FeedStore,
    Joined,
    Message,
    Numbered,
    Pushed,
    Pushes,
    Tellings,
)

if TYPE_CHECKING:
    from bifrost.events import Event

# How long messages are kept for who was away, and slow clients are left alone.
KEPT = timedelta(minutes=15)
LEFT_ALONE = timedelta(seconds=30)
# How long it is remembered that an event was told of: longer than anybody would send it again,
# which is the `news_hours` of data's row in infra_cdk/capabilities.py.
REMEMBERED = timedelta(hours=25)
# A back-fill is no news: of so many bars at once, the newest are told.
AT_ONCE_MAX = 100


class LiveFeed:
    """Use cases of the live feed."""

    def __init__(self, store: FeedStore, pushes: Pushes, tellings: Tellings, clock: Clock) -> None:
        self._store = store
        self._pushes = pushes
        self._tellings = tellings
        self._clock = clock

    def connect(self, connection: Connection) -> None:
        """Let somebody listen until their token ends."""
        self._store.connect(connection, self._clock.now())

    def disconnect(self, connection_id: str) -> None:
        """Forget somebody who left."""
        self._store.forget([connection_id])

    def subscribe(self, connection_id: str, asked: Asked) -> None:
        """Subscribe, and tell what the client missed, else the newest that there is."""
        joined = self._store.join(connection_id, asked.channels, asked.after, self._clock.now())
        texts = []
        for channel, one in zip(asked.channels, joined, strict=True):
            texts += self._welcome(channel, one)
        self._push([(connection_id, text) for text in texts])

    def unsubscribe(self, connection_id: str, asked: Asked) -> None:
        """End subscriptions, and say so."""
        self._store.leave(connection_id, asked.channels)
        names = [channel.name for channel in asked.channels]
        self.tell(connection_id, {"type": "unsubscribed", "channels": names})

    def tell(self, connection_id: str, message: Message) -> None:
        """Tell one client something."""
        self._push([(connection_id, json.dumps(message))])

    def once(self, event: "Event", tell: Callable[[], object]) -> None:
        """Tell of an event unless that was done; after a death in between it is done again.

        What was heard is remembered, so that `bifrost up` sends only what was not again.
        """
        if not self._store.has_heard(event):
            tell()
            self._store.remember(event)

    def publish(
        self,
        kind: Kind,
        instrument: str,
        timeframes: frozenset[str],
        first: datetime,
        last: datetime,
    ) -> int:
        """Tell of what was stored of [first, last]; return how many pushes that were.

        timeframes: of bars, those that may have changed; empty for what has none.
        """
        now = self._clock.now()
        told: list[tuple[str, str]] = []
        for channel in self._store.wanted(instrument, now):
            if channel.kind is not kind or channel.timeframe not in (timeframes or ("",)):
                continue
            found = self._tellings.between(channel, first, last)[-AT_ONCE_MAX:]
            numbered = self._store.append(channel, found, now)
            texts = [_text(channel, one) for one in numbered]
            for connection_id in self._store.listeners(channel, now) if texts else ():
                told += [(connection_id, text) for text in texts]
        self._push(told)
        return len(told)

    def prune(self) -> int:
        """Delete what nobody will ask for any more."""
        now = self._clock.now()
        return self._store.prune(now - KEPT, now - REMEMBERED, now)

    def _welcome(self, channel: Channel, joined: Joined) -> list[str]:
        said: dict[str, Any] = {
            "type": "subscribed",
            "channel": channel.name,
            "sequence": joined.sequence,
            "resumed": joined.missed is not None,
        }
        if joined.missed is not None:
            return [json.dumps(said), *(_text(channel, one) for one in joined.missed)]
        return [json.dumps({**said, "snapshot": self._tellings.last(channel)})]

    def _push(self, told: Sequence[tuple[str, str]]) -> None:
        if not told:
            return
        outcomes = self._pushes.push(told)
        by_outcome: dict[Pushed, set[str]] = {outcome: set() for outcome in Pushed}
        for (connection_id, _), outcome in zip(told, outcomes, strict=True):
            by_outcome[outcome].add(connection_id)
        if by_outcome[Pushed.GONE]:
            self._store.forget(sorted(by_outcome[Pushed.GONE]))
        if by_outcome[Pushed.SLOW]:
            until = self._clock.now() + LEFT_ALONE
            self._store.silence(sorted(by_outcome[Pushed.SLOW]), until)


def _text(channel: Channel, one: Numbered) -> str:
    return json.dumps({"channel": channel.name, "sequence": one.sequence, **one.message})

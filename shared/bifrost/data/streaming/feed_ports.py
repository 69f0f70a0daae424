"""What the live feed needs: who listens, what was told, a way to tell it, and what to tell."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from bifrost.data.streaming.channels import Channel

if TYPE_CHECKING:
    from bifrost.events import Event

Message = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Connection:
    """Somebody who listens, until their token ends."""

    connection_id: str
    owner: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Numbered:
    """A message and its place in its channel, counted from 1."""

    sequence: int
    message: Message


@dataclass(frozen=True, slots=True)
class Joined:
    """A subscription: how far its channel is, and what the client missed of it.

    missed: None where what it missed is not kept any more, or it asked for nothing.
    """

    sequence: int
    missed: tuple[Numbered, ...] | None


class Pushed(StrEnum):
    """What became of a push."""

    SENT = "sent"
    GONE = "gone"  # nobody is there any more
    SLOW = "slow"  # no answer in time


class FeedStore(Protocol):
    """Who listens to what, and what was told. Each call is a transaction."""

    def connect(self, connection: Connection, at: datetime) -> None:
        """Keep who listens."""

    def join(
        self, connection_id: str, channels: Sequence[Channel], after: int | None, at: datetime
    ) -> list[Joined]:
        """Subscribe; raise UnauthenticatedError where nobody of that id listens any more,
        NotFoundError where an instrument is not listed.
        """

    def leave(self, connection_id: str, channels: Sequence[Channel]) -> None:
        """End subscriptions."""

    def forget(self, connection_ids: Collection[str]) -> None:
        """End connections."""

    def silence(self, connection_ids: Collection[str], until: datetime) -> None:
        """Tell those nothing until then: they do not take what they are told."""

    def wanted(self, instrument: str, at: datetime) -> list[Channel]:
        """Return the instrument's channels to which somebody is subscribed."""

    def append(
        self, channel: Channel, messages: Sequence[tuple[str, Message]], at: datetime
    ) -> list[Numbered]:
        """Number messages, each with its key; one that was numbered before keeps its place."""

    def listeners(self, channel: Channel, at: datetime) -> list[str]:
        """Return the connections to tell now."""

    def prune(self, told_before: datetime, heard_before: datetime, at: datetime) -> int:
        """Delete older messages, the memory of events that were heard earlier, and connections that
        have ended; return how many messages.
        """

    def has_heard(self, event: "Event") -> bool:
        """Say whether an event was told of."""

    def remember(self, event: "Event") -> None:
        """Remember that an event was told of."""


class Pushes(Protocol):
    """The way to clients."""

    def push(self, told: Sequence[tuple[str, str]]) -> list[Pushed]:
        """Send each (connection, text), those of one connection in order; none waits for another.

        Never raises for what is one connection's trouble.
        """


class Tellings(Protocol):
    """What is stored, worded for clients: (key, message), oldest first."""

    def last(self, channel: Channel) -> Message | None:
        """Return the newest bar, quote or trade; None: there is none."""

    def between(
        self, channel: Channel, first: datetime, last: datetime
    ) -> Sequence[tuple[str, Message]]:
        """Return what is stored of [first, last], and is whole: nothing across a gap."""

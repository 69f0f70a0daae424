"""The live feed: what its clients ask, and the events of which they are told."""

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bifrost.core.errors import FieldProblem, InvalidInputError
from bifrost.data.streaming.channels import INTRADAY, Kind, asked_of
from bifrost.data.streaming.feed_ports import Connection
from bifrost.runtime.lambda_entry import Payload
from bifrost.runtime.sockets import SocketCall, Sockets, caller_of

if TYPE_CHECKING:
    from bifrost.data.streaming.feed import LiveFeed
    from bifrost.events import BarClosed, BarsTaken, TicksTaken

_A_DAY = timedelta(days=1)


def _feed() -> "LiveFeed":
    # It reads series, which load numpy: who replays or imports does not pay for it.
    from functions.data.wiring_feed import feed

    return feed()


def connect(call: SocketCall) -> None:
    """Let whoever has a good token listen until it ends."""
    caller = caller_of(call)
    _feed().connect(Connection(call.connection_id, caller.owner, caller.expires_at))


def disconnect(call: SocketCall) -> None:
    """Forget who left."""
    _feed().disconnect(call.connection_id)


def subscribe(call: SocketCall) -> None:
    """Tell of channels from now on, or from a sequence on."""
    _feed().subscribe(call.connection_id, asked_of(call.body))


def unsubscribe(call: SocketCall) -> None:
    """Tell of channels no more."""
    _feed().unsubscribe(call.connection_id, asked_of(call.body))


def other(call: SocketCall) -> None:
    """Answer what is no action."""
    fix = "send subscribe or unsubscribe"
    action = call.body.get("action")
    raise InvalidInputError(FieldProblem("action", f"{action!r:.40} is no action", fix))


def tell(connection_id: str, message: Mapping[str, Any]) -> None:
    """Answer one client."""
    _feed().tell(connection_id, message)


def on_bars_taken(event: "BarsTaken") -> None:
    """Tell of minutes, and of the longer bars that they complete."""
    feed, of = _feed(), event.instrument

    def publish() -> None:
        if event.timeframe == "1m" and event.written:
            feed.publish(Kind.BARS, of, INTRADAY, event.first, event.last)

    feed.once(event, publish)


def on_ticks_taken(event: "TicksTaken") -> None:
    """Tell of quotes or trades of a live stream."""
    feed, kind, none = _feed(), Kind(event.kind), frozenset[str]()
    feed.once(event, lambda: feed.publish(kind, event.instrument, none, event.first, event.last))


def on_bar_closed(event: "BarClosed") -> None:
    """Tell of a session of the desk's market, live or replayed."""
    feed, at, instrument = _feed(), event.bar.closed_at, event.bar.instrument
    days = frozenset({"1d"})
    feed.once(event, lambda: feed.publish(Kind.BARS, instrument, days, at - _A_DAY, at))


def prune_feed(_given: Payload) -> Payload:
    """Delete what no client will ask for any more."""
    return {"messages": _feed().prune()}


SOCKETS: Sockets = {
    "$connect": connect,
    "$disconnect": disconnect,
    "$default": other,
    "subscribe": subscribe,
    "unsubscribe": unsubscribe,
}

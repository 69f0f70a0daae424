"""What a client of the live feed may ask to be told of, and how it is worded.

`bars:AAPL:1m`, `quotes:AAPL`, `trades:AAPL`.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bifrost.core.errors import FieldProblem, InvalidInputError
from bifrost.core.instruments import SYMBOL

TIMEFRAMES = ("1m", "5m", "15m", "30m", "1h", "1d")
# What minutes make; a session's bar comes with the desk's market time.
INTRADAY = frozenset({*TIMEFRAMES} - {"1d"})
CHANNELS_MAX = 100
_CHANNEL = re.compile(
    rf"bars:(?P<of_bars>{SYMBOL}):(?P<timeframe>{'|'.join(TIMEFRAMES)})"
    rf"|(?P<kind>quotes|trades):(?P<of_ticks>{SYMBOL})"
)


class Kind(StrEnum):
    """What a channel tells of."""

    BARS = "bars"
    QUOTES = "quotes"
    TRADES = "trades"


@dataclass(frozen=True, slots=True)
class Channel:
    """One instrument's bars of a timeframe, its quotes, or its trades."""

    kind: Kind
    instrument: str
    timeframe: str = ""

    @property
    def name(self) -> str:
        """How clients call it."""
        return ":".join(filter(None, (self.kind.value, self.instrument, self.timeframe)))


@dataclass(frozen=True, slots=True)
class Asked:
    """A client's request. after: of each channel, the last sequence that the client has."""

    channels: tuple[Channel, ...]
    after: int | None = None


def channel_of(name: object) -> Channel:
    """Read a channel's name; raise InvalidInputError."""
    found = _CHANNEL.fullmatch(name) if isinstance(name, str) else None
    if found is None:
        fix = "send bars:<instrument>:<1m|5m|15m|30m|1h|1d>, quotes:<instrument> or trades:<...>"
        raise InvalidInputError(FieldProblem("channel", f"{name!r:.80} is no channel", fix))
    if found["of_bars"]:
        return Channel(Kind.BARS, found["of_bars"], found["timeframe"])
    return Channel(Kind(found["kind"]), found["of_ticks"])


def asked_of(body: dict[str, Any]) -> Asked:
    """Read `{"action", "channels": [...], "after"?: 7}`; raise InvalidInputError."""
    names = body.get("channels")
    if not isinstance(names, list) or not 1 <= len(names) <= CHANNELS_MAX:
        fix = f"send a list of 1 to {CHANNELS_MAX} names"
        raise InvalidInputError(FieldProblem("channels", "is no list of channels", fix))
    after = body.get("after")
    is_number = isinstance(after, int) and not isinstance(after, bool)
    if after is not None and not (is_number and 0 <= after < 2**63):
        fix = "send the last `sequence` that you have, or leave it out"
        raise InvalidInputError(FieldProblem("after", f"{after!r:.40} is no sequence", fix))
    unknown = sorted({*body} - {"action", "channels", "after"})
    if unknown:
        fix = "send action, channels and after"
        raise InvalidInputError(*(FieldProblem(name, "is unknown", fix) for name in unknown))
    return Asked(tuple(dict.fromkeys(channel_of(name) for name in names)), after)

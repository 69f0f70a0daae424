"""From a vendor's rows to quotes and trades: counted, in order, each of one time with a number.

Venues become MICs; one that is not known stays unknown. Of conditions each is a bit, by the
vendor's own numbering: the letters of the tapes for Alpaca (`@` is bit 0, `A` to `Z` are 1 to 26,
`1` to `9` are 27 to 35), massive's numbers as they are. Bit 62 is a condition that has none.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

import numpy as np

from bifrost.adapters.vendors import fields
from bifrost.core.sessions import Session
from bifrost.data.ports import Clock
from bifrost.data.providers.answers import Absent, Answer, Failed, Found, Partial
from bifrost.data.providers.checking import tick_objection
from bifrost.data.providers.ports import TickRequest
from bifrost.data.series.columns import counted, micros
from bifrost.data.series.ticks import NO_VENUE, QuoteColumns, TradeColumns, numbered, taken

R = TypeVar("R")
C = TypeVar("C", TradeColumns, QuoteColumns)
_NAMELESS = 1 << 62
_LETTERS = {
    letter: 1 << place for place, letter in enumerate("@ABCDEFGHIJKLMNOPQRSTUVWXYZ123456789")
}
# Of a slice: who asked has to keep it before its lease ends.
_ASKED_FOR = timedelta(seconds=45)
# A space is how the tapes write that there is nothing to say.
_NOTHING = " "

# CTA and UTP participants; D is FINRA's facilities together.
BY_LETTER = {
    "A": b"XASE",
    "B": b"XBOS",
    "C": b"XCIS",
    "D": b"FINR",
    "H": b"EPRL",
    "J": b"EDGA",
    "K": b"EDGX",
    "L": b"LTSE",
    "M": b"XCHI",
    "N": b"XNYS",
    "P": b"ARCX",
    "Q": b"XNAS",
    "U": b"MEMX",
    "V": b"IEXG",
    "X": b"XPHL",
    "Y": b"BATY",
    "Z": b"BATS",
}
# massive's /v3/reference/exchanges.
BY_NUMBER = {
    1: b"XASE",
    2: b"XBOS",
    3: b"XCIS",
    4: b"FINR",
    7: b"EDGA",
    8: b"EDGX",
    9: b"XCHI",
    10: b"XNYS",
    11: b"ARCX",
    12: b"XNAS",
    14: b"LTSE",
    15: b"IEXG",
    17: b"XPHL",
    18: b"BATY",
    19: b"BATS",
    20: b"EPRL",
    21: b"MEMX",
}


@dataclass(frozen=True, slots=True)
class VendorTrade:
    """A trade as a vendor told it."""

    at: datetime
    price: float
    size: float
    venue: bytes
    conditions: int


@dataclass(frozen=True, slots=True)
class VendorQuote:
    """A best bid and offer as a vendor told it."""

    at: datetime
    bid: float
    bid_size: float
    ask: float
    ask_size: float
    bid_venue: bytes
    ask_venue: bytes
    conditions: int


def letters_of(row: Mapping[str, Any], name: str) -> int:
    """Read conditions that are letters."""
    bits = 0
    for letter in fields.items(row.get(name) or [], name):
        if letter != _NOTHING:
            bits |= _LETTERS.get(letter, _NAMELESS)
    return bits


def numbers_of(row: Mapping[str, Any], name: str) -> int:
    """Read conditions that are numbers."""
    bits = 0
    for number in fields.items(row.get(name) or [], name):
        is_known = isinstance(number, int) and 0 <= number < 62
        bits |= 1 << number if is_known else _NAMELESS
    return bits


def enough(asked: TickRequest, clock: Clock) -> Callable[[int], bool]:
    """Return what ends an answer of many pages: so many rows, or so long a time."""
    begun = clock.now()

    def is_enough(rows: int) -> bool:
        most = asked.most
        return most is not None and (rows >= most or clock.now() - begun >= _ASKED_FOR)

    return is_enough


def venue(names: Mapping[Any, bytes], given: Any) -> bytes:
    """Return the MIC of a vendor's name for a venue."""
    return names.get(given, NO_VENUE)


def to_trades(
    answer: Answer[list[VendorTrade]], asked: TickRequest, sessions: Sequence[Session], vendor: str
) -> Answer[TradeColumns]:
    """Return the trades of an answer that can be believed."""
    return _told(answer, asked, sessions, vendor, _trades)


def to_quotes(
    answer: Answer[list[VendorQuote]], asked: TickRequest, sessions: Sequence[Session], vendor: str
) -> Answer[QuoteColumns]:
    """Return the quotes of an answer that can be believed."""
    return _told(answer, asked, sessions, vendor, _quotes)


def _told(
    answer: Answer[list[R]],
    asked: TickRequest,
    sessions: Sequence[Session],
    vendor: str,
    columns: Callable[[Sequence[R]], C],
) -> Answer[C]:
    if not isinstance(answer, Found | Partial):
        return answer
    try:
        ticks = columns(answer.data)
    except ValueError as error:
        return Failed(f"{vendor}: {error}", retryable=False)
    if why := tick_objection(ticks.occurred_at, sessions):
        return Failed(f"{vendor} cannot be believed about {asked.symbol}: {why}", retryable=False)
    edges = np.searchsorted(ticks.occurred_at, [micros(asked.first), micros(asked.before)])
    ticks = taken(ticks, slice(*edges))
    if isinstance(answer, Partial):
        return Partial(ticks, answer.resume_from, answer.reason)
    return (
        Found(ticks, answer.until) if len(ticks) else Absent(f"{vendor} has none in what was asked")
    )


def _trades(rows: Sequence[VendorTrade]) -> TradeColumns:
    at = np.array([micros(row.at) for row in rows], dtype=np.int64)
    return TradeColumns(
        at,
        numbered(at),
        counted([row.price for row in rows]),
        counted([row.size for row in rows]),
        np.array([row.venue for row in rows], dtype="S4"),
        np.array([row.conditions for row in rows], dtype=np.int64),
    )


def _quotes(rows: Sequence[VendorQuote]) -> QuoteColumns:
    at = np.array([micros(row.at) for row in rows], dtype=np.int64)
    return QuoteColumns(
        at,
        numbered(at),
        counted([row.bid for row in rows]),
        counted([row.bid_size for row in rows]),
        counted([row.ask for row in rows]),
        counted([row.ask_size for row in rows]),
        np.array([row.bid_venue for row in rows], dtype="S4"),
        np.array([row.ask_venue for row in rows], dtype="S4"),
        np.array([row.conditions for row in rows], dtype=np.int64),
    )

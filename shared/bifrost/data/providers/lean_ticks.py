"""Lean's single trades and quotes: exact, in their order, with venue and conditions.

A trade that the vendor marks as suspicious is rejected. A quote tells of one side at a time, and
a minute's quotes are kept as the one that stood at its end.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bifrost.data.files.bar_file import text_lines
from bifrost.data.providers.file_rows import Reading, blocks
from bifrost.data.providers.lean_zip import (
    MILLISECONDS,
    PER_DECI_CENT,
    LeanKind,
    LeanZip,
    explain_with,
    instants,
    whole,
)
from bifrost.data.series.columns import UNITS, Integers
from bifrost.data.series.ticks import (
    NO_VENUE,
    VENUE_BYTES,
    QuoteColumns,
    TradeColumns,
    Venues,
    numbered,
)
from bifrost.data.series.trades import MINUTE

# The letters of the consolidated tapes (CTA and UTP), as of 2013; D is FINRA's facility.
VENUES: Mapping[str, bytes] = {
    "A": b"XASE", "B": b"XBOS", "C": b"XCIS", "D": b"FINR", "J": b"EDGA", "K": b"EDGX",
    "M": b"XCHI", "N": b"XNYS", "P": b"ARCX", "Q": b"XNAS", "T": b"XNAS", "V": b"IEXG",
    "W": b"CBSX", "X": b"XPSX", "Y": b"BATY", "Z": b"BATS",
}  # fmt: skip

_ROUND = r"([0-9]{1,12})"
_END = r"([A-Za-z0-9]*),([0-9A-Fa-f]{1,8}),([01])"
_TRADE = re.compile(f"([0-9]{{1,8}}),{_ROUND},{_ROUND},{_END}")
_QUOTE = re.compile(f"([0-9]{{1,8}}),{_ROUND},{_ROUND},{_ROUND},{_ROUND},{_END}")
_QUOTE_BAR = re.compile("([0-9]{1,8})" + ",([0-9]{0,12})" * 10)
_OF_TRADE = ("price", "size", "venue", "sale condition", "suspicious flag")
_OF_QUOTE = ("bid", "bid size", "ask", "ask size", "venue", "condition", "suspicious flag")
_OF_BAR = tuple(
    f"{side} {name}" for side in ("bid", "ask") for name in ("open", "high", "low", "close", "size")
)
_SUSPICIOUS = "the vendor itself marks it as suspicious"


def trades(found: LeanZip) -> tuple[TradeColumns, Reading]:
    """Read single trades, and what was rejected."""
    reading = Reading()
    parts = []
    explain = explain_with(MILLISECONDS, _OF_TRADE)
    for lines, texts in blocks(text_lines(found.content), _TRADE, explain, reading):
        good = whole(texts[5]) == 0
        for place in np.flatnonzero(~good):
            reading.refuse(int(lines[place]), ",".join(one[place] for one in texts), _SUSPICIOUS)
        columns = (
            instants(found, texts[0]),
            whole(texts[1]) * PER_DECI_CENT,
            whole(texts[2]) * UNITS,
            _venues(texts[3]),
            _bits(texts[4]),
        )
        parts.append(tuple(column[good] for column in columns))
    at, price, size, venue, bits = _in_order(parts)
    return TradeColumns(at, numbered(at), price, size, venue, bits), reading


def quotes(found: LeanZip) -> tuple[QuoteColumns, Reading]:
    """Read quotes, as they came or as they stood at the end of each minute.

    A side of 0 is not told of by that row.
    """
    reading = Reading()
    parts = []
    bars = found.kind is LeanKind.MINUTE_QUOTE
    form, names = (_QUOTE_BAR, _OF_BAR) if bars else (_QUOTE, _OF_QUOTE)
    explain = explain_with(MILLISECONDS, names)
    for _, texts in blocks(text_lines(found.content), form, explain, reading):
        places, later = ((4, 5, 9, 10), MINUTE) if bars else ((1, 2, 3, 4), 0)
        sides = [whole(texts[place]) for place in places]
        told = [one * (UNITS if n % 2 else PER_DECI_CENT) for n, one in enumerate(sides)]
        count = len(sides[0])
        venue = _venues(("",) * count if bars else texts[5])
        bits = np.zeros(count, np.int64) if bars else _bits(texts[6])
        parts.append((instants(found, texts[0]) + later, *told, venue, bits))
    at, bid, bid_size, ask, ask_size, venue, bits = _in_order(parts, 7)
    return (
        QuoteColumns(at, numbered(at), bid, bid_size, ask, ask_size, venue, venue, bits),
        reading,
    )


def _in_order(parts: Sequence[tuple[NDArray[Any], ...]], number: int = 5) -> list[NDArray[Any]]:
    """Put blocks of columns one after the other, by their times, else in the file's order."""
    if not parts:
        return [np.empty(0, np.int64)] * number
    columns = [np.concatenate(one) for one in zip(*parts, strict=True)]
    order = np.argsort(columns[0], kind="stable")
    return [column[order] for column in columns]


def _venues(letters: tuple[str, ...]) -> Venues:
    known = {one: VENUES.get(one.upper(), NO_VENUE) for one in set(letters)}
    return np.array([known[one] for one in letters], dtype=f"S{VENUE_BYTES}")


def _bits(texts: tuple[str, ...]) -> Integers:
    known: Mapping[str, int] = {one: int(one, 16) for one in set(texts)}
    return np.array([known[one] for one in texts], dtype=np.int64)

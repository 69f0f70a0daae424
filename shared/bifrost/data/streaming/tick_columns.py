"""Quotes and trades of a stream as columns. A live line gives none a place among those of one
microsecond, so the place is made of what a tick says: told twice, it is one.
"""

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np

from bifrost.data.series.ticks import NO_VENUE, QuoteColumns, TradeColumns
from bifrost.data.streaming.messages import QuoteTold, TradeTold

# A vendor counts trades per exchange; five bits behind its number tell the exchange's letter.
_NUMBER_MAX = 2**57


def trade_columns(trades: Sequence[TradeTold]) -> TradeColumns:
    """Return the trades in order of time, each once."""
    once = {(trade.at, _place_of(trade.trade_id)): trade for trade in trades}
    places = sorted(once)
    told = [once[place] for place in places]
    return TradeColumns(
        occurred_at=_integers([at for at, _ in places]),
        sequence=_integers([sequence for _, sequence in places]),
        price=_integers([one.price for one in told]),
        size=_integers([one.size for one in told]),
        venue=np.full(len(told), NO_VENUE),
        conditions=_integers([one.conditions for one in told]),
    )


def quote_columns(quotes: Sequence[QuoteTold]) -> QuoteColumns:
    """Return the quotes in order of time, each once."""
    once = {(quote.at, _hash_of(str(_sides(quote)))): quote for quote in quotes}
    places = sorted(once)
    told = [once[place] for place in places]
    return QuoteColumns(
        occurred_at=_integers([at for at, _ in places]),
        sequence=_integers([sequence for _, sequence in places]),
        bid=_integers([one.bid for one in told]),
        bid_size=_integers([one.bid_size for one in told]),
        ask=_integers([one.ask for one in told]),
        ask_size=_integers([one.ask_size for one in told]),
        bid_venue=np.full(len(told), NO_VENUE),
        ask_venue=np.full(len(told), NO_VENUE),
        conditions=np.zeros(len(told), dtype=np.int64),
    )


def _place_of(trade_id: str) -> int:
    letter, _, number = trade_id.partition(":")
    if len(letter) == 1 and number.isdigit() and int(number) < _NUMBER_MAX:
        return int(number) << 5 | ord(letter) & 31
    return _hash_of(trade_id)


def _hash_of(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=7).digest())


def _sides(quote: QuoteTold) -> tuple[int, ...]:
    return quote.bid, quote.ask, quote.bid_size, quote.ask_size


def _integers(values: Sequence[int]) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    return np.array(values, dtype=np.int64)

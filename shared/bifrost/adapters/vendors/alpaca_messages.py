"""Alpaca's live messages, read: `t q b u s c x` of its market-data stream, raw.

Source: docs.alpaca.markets/docs/real-time-stock-pricing-data, and alpaca-py's own models. Trade
ids are unique per exchange and day, so an exchange's letter stands before each.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from bifrost.data.series.columns import UNITS, micros
from bifrost.data.series.trades import OFFICIAL_CLOSE, REGULAR, TRADE_THROUGH_EXEMPT
from bifrost.data.streaming.holes import MINUTE
from bifrost.data.streaming.messages import (
    BarTold,
    Market,
    QuoteTold,
    StatusTold,
    TradeCorrected,
    TradeTold,
    TradeWithdrawn,
)

Message = Mapping[str, Any]

# Sale conditions by the rule of the consolidated tape (CTS and UTP specifications, "consolidated
# processing"): these count in a minute's volume and set none of its prices ...
_NO_PRICE = frozenset("BCHINRTUVW7")
# ... and these repeat what has traded: neither.
_NO_PART = frozenset("MQ9")
# Nasdaq's and the NYSE's codes. What only quotes again does not trade yet.
_HALTED, _RESUMED = frozenset("HP2"), frozenset("T3")
# Why the NYSE's floor alone stops: an imbalance, its own machines, a price below a dollar. Others
# trade on (CTS specification, "non-regulatory halts").
_ONE_VENUE = frozenset("IXY")


class UnreadableError(ValueError):
    """A message that does not look like one of Alpaca's."""


def read(message: Message, instrument: str) -> Market | None:
    """Return what the message says of the instrument; None for what is none of our business."""
    reader = _READERS.get(str(message.get("T")))
    if reader is None:
        return None
    try:
        return reader(message, instrument)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise UnreadableError(f"{error!r} in {dict(message)!r:.300}") from error


def conditions_of(letters: Sequence[str] | None) -> int:
    """Return the bits of `series.trades` that say the same as these sale conditions."""
    given = frozenset(letters or ())
    if given & _NO_PART:
        return OFFICIAL_CLOSE
    return TRADE_THROUGH_EXEMPT if given & _NO_PRICE else REGULAR


def _trade(message: Message, instrument: str) -> TradeTold:
    return _traded(message, instrument, ("i", "p", "s", "c"))


def _traded(message: Message, instrument: str, names: tuple[str, str, str, str]) -> TradeTold:
    number, price, size, letters = names
    return TradeTold(
        instrument=instrument,
        at=_at(message["t"]),
        trade_id=f"{message['x']}:{message[number]}",
        price=_counted(message[price]),
        size=_counted(message[size]),
        conditions=conditions_of(message.get(letters)),
    )


def _correction(message: Message, instrument: str) -> TradeCorrected:
    corrected = _traded(message, instrument, ("ci", "cp", "cs", "cc"))
    return TradeCorrected(instrument, corrected.at, f"{message['x']}:{message['oi']}", corrected)


def _cancel(message: Message, instrument: str) -> TradeWithdrawn:
    return TradeWithdrawn(instrument, _at(message["t"]), f"{message['x']}:{message['i']}")


def _quote(message: Message, instrument: str) -> QuoteTold:
    return QuoteTold(
        instrument=instrument,
        at=_at(message["t"]),
        bid=_counted(message["bp"]),
        ask=_counted(message["ap"]),
        bid_size=_counted(message["bs"]),
        ask_size=_counted(message["as"]),
    )


def _bar(message: Message, instrument: str) -> BarTold:
    at = _at(message["t"])
    if at % MINUTE:
        raise ValueError(f"a minute bar from {at % MINUTE} microseconds past the minute")
    first, high, low, last, volume = (_counted(message[name]) for name in "ohlcv")
    # It does not say when it was told; before the minute's end it cannot have been.
    return BarTold(instrument, at, first, high, low, last, volume, told_at=at + MINUTE)


def _status(message: Message, instrument: str) -> StatusTold | None:
    code, why = str(message["sc"]), str(message.get("rc", ""))
    if code not in _HALTED | _RESUMED or (code == "2" and why in _ONE_VENUE):
        return None
    reason = " ".join(str(message.get(name, "")) for name in ("sm", "rm")).strip()
    return StatusTold(instrument, _at(message["t"]), code in _HALTED, reason, why)


def _at(stamp: Any) -> int:
    """Return microseconds since 1970; msgpack's stamp has nanoseconds, JSON's is a text."""
    if isinstance(stamp, str):
        return micros(datetime.fromisoformat(stamp))
    return int(stamp.seconds) * 1_000_000 + int(stamp.nanoseconds) // 1000


def _counted(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 9e12:
        raise ValueError(f"no price and no size: {value!r}")
    return round(value * UNITS)


_READERS: Mapping[str, Callable[[Message, str], Market | None]] = {
    "t": _trade,
    "c": _correction,
    "x": _cancel,
    "q": _quote,
    "b": _bar,
    "u": _bar,
    "s": _status,
}

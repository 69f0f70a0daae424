"""What a vendor's live stream may say, in our words; instants are microseconds since 1970 (UTC).

A sequence counts a vendor's messages of one instrument; None where the vendor counts none.
"""

from dataclasses import dataclass
from typing import TypeAlias

from bifrost.data.streaming.holes import GapCause


@dataclass(frozen=True, slots=True)
class TradeTold:
    """A trade. price, size: millionths. conditions: the bits of `series.trades`."""

    instrument: str
    at: int
    trade_id: str
    price: int
    size: int
    conditions: int
    sequence: int | None = None


@dataclass(frozen=True, slots=True)
class TradeWithdrawn:
    """A trade that was told before did not happen."""

    instrument: str
    at: int
    trade_id: str
    sequence: int | None = None


@dataclass(frozen=True, slots=True)
class TradeCorrected:
    """A trade that was told before (`trade_id`) was another one."""

    instrument: str
    at: int
    trade_id: str
    corrected: TradeTold
    sequence: int | None = None


@dataclass(frozen=True, slots=True)
class QuoteTold:
    """The best bid and ask. Prices and sizes: millionths; 0 says that a side is empty."""

    instrument: str
    at: int
    bid: int
    ask: int
    bid_size: int
    ask_size: int
    sequence: int | None = None


@dataclass(frozen=True, slots=True)
class BarTold:
    """A minute bar that the vendor made itself, from `at` on; again where it corrects one.

    told_at: when the vendor said so, which is after the minute's end.
    """

    instrument: str
    at: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    told_at: int
    sequence: int | None = None


@dataclass(frozen=True, slots=True)
class StatusTold:
    """Trading in the instrument was halted, or goes on. code: the exchange's own for why."""

    instrument: str
    at: int
    is_halted: bool
    reason: str
    code: str = ""
    sequence: int | None = None


@dataclass(frozen=True, slots=True)
class Subscribed:
    """The vendor tells of these instruments from `at` (our time) on."""

    at: int
    instruments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Missed:
    """Something was told that we do not have: a cut line, a full buffer, a frame nobody can read.

    instruments: of which it may have been; None is all. ended: nothing more comes until the next
        `Subscribed`.
    """

    at: int
    cause: GapCause
    detail: str
    instruments: tuple[str, ...] | None = None
    ended: bool = False


Market: TypeAlias = TradeTold | TradeWithdrawn | TradeCorrected | QuoteTold | BarTold | StatusTold
Told: TypeAlias = Market | Subscribed | Missed

"""What truly happened on a small market: raw bars as traded, splits, dividends, ticks.

Each twin tells it in its vendor's words. Deterministic: the same symbol has the same prices in
every run.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from bifrost.adapters.calendars import xnys
from bifrost.core.sessions import Session

FIRST = date(2024, 6, 3)
LAST = date(2024, 6, 28)


@dataclass(frozen=True, slots=True)
class TrueBar:
    """A bar as traded."""

    starts_at: datetime
    session: date
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: int


@dataclass(frozen=True, slots=True)
class TrueSplit:
    """`new_shares` for each of `old_shares`."""

    ex_date: date
    new_shares: int
    old_shares: int


@dataclass(frozen=True, slots=True)
class TrueDividend:
    """As paid then, for each share as it was then."""

    ex_date: date
    amount: Decimal


@dataclass(frozen=True, slots=True)
class TrueTrade:
    """One trade."""

    at: datetime
    price: Decimal
    size: int
    conditions: tuple[str, ...] = ("@",)


@dataclass(frozen=True, slots=True)
class TrueQuote:
    """A best bid and offer."""

    at: datetime
    bid: Decimal
    bid_size: int
    ask: Decimal
    ask_size: int


@dataclass(frozen=True, slots=True)
class Share:
    """All that happened to one symbol."""

    symbol: str
    daily: Sequence[TrueBar]
    minutes: Sequence[TrueBar]
    splits: Sequence[TrueSplit] = ()
    dividends: Sequence[TrueDividend] = ()
    trades: Sequence[TrueTrade] = ()
    quotes: Sequence[TrueQuote] = ()

    def split_factor_after(self, day: date) -> Decimal:
        """Return how many of today's shares one of that day became."""
        factor = Decimal(1)
        for split in self.splits:
            if split.ex_date > day:
                factor *= Decimal(split.new_shares) / split.old_shares
        return factor


Market = dict[str, Share]


def sessions(first: date = FIRST, last: date = LAST) -> list[Session]:
    """Return the market's sessions."""
    return list(xnys.sessions(first, last))


def share(
    symbol: str,
    *,
    first: date = FIRST,
    last: date = LAST,
    splits: Sequence[TrueSplit] = (),
    dividends: Sequence[TrueDividend] = (),
) -> Share:
    """Make up a symbol's history: daily bars, and minutes of regular hours that make them up."""
    minutes: list[TrueBar] = []
    daily: list[TrueBar] = []
    price = 50_000 + _chance(symbol, 0) % 50_000
    for session in sessions(first, last):
        for split in splits:
            if split.ex_date == session.session:
                price = price * split.old_shares // split.new_shares
        day = _minutes_of(symbol, session, price)
        minutes += day
        daily.append(_summed(session, day))
        price = int(day[-1].close * 100)
    return Share(
        symbol, daily, minutes, splits, dividends, _trades_of(minutes), _quotes_of(minutes)
    )


def market(*shares: Share) -> Market:
    """Put shares together."""
    return {one.symbol: one for one in shares}


def _minutes_of(symbol: str, session: Session, price: int) -> list[TrueBar]:
    bars = []
    at = session.opens_at
    while at < session.closes_at:
        draw = _chance(symbol, int(at.timestamp()))
        opens, closes = price, max(100, price + draw % 21 - 10)
        high = max(opens, closes) + draw // 100 % 6
        low = min(opens, closes) - draw // 1000 % 6
        cents = (Decimal(value).scaleb(-2) for value in (opens, high, low, closes))
        bars.append(TrueBar(at, session.session, *cents, volume=100 + draw % 9_900))
        price = closes
        at += timedelta(minutes=1)
    return bars


def _summed(session: Session, day: Sequence[TrueBar]) -> TrueBar:
    return TrueBar(
        session.opens_at,
        session.session,
        day[0].open,
        max(bar.high for bar in day),
        min(bar.low for bar in day),
        day[-1].close,
        sum(bar.volume for bar in day),
    )


def _trades_of(minutes: Sequence[TrueBar]) -> list[TrueTrade]:
    """Two trades in each of the first minutes, at the same microsecond every tenth time."""
    trades = []
    for place, bar in enumerate(minutes[:50]):
        later = timedelta(0) if place % 10 == 0 else timedelta(seconds=30, microseconds=7)
        first = bar.starts_at + timedelta(seconds=1)
        trades.append(TrueTrade(first, bar.open, 100))
        trades.append(TrueTrade(first + later, bar.close, 7, ("@", "I")))
    return trades


def _quotes_of(minutes: Sequence[TrueBar]) -> list[TrueQuote]:
    return [
        TrueQuote(
            bar.starts_at + timedelta(seconds=2),
            bar.open - Decimal("0.01"),
            3,
            bar.open + Decimal("0.01"),
            5,
        )
        for bar in minutes[:50]
    ]


def _chance(symbol: str, place: int) -> int:
    digest = hashlib.sha256(f"{symbol} {place}".encode()).digest()
    return int.from_bytes(digest[:6], "big")

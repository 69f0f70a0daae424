"""Yahoo's chart, read strictly: what it says beside the frame that yfinance makes of it.

Shape: as yfinance 1.7 reads it (`scrapers/history.py`, `utils.parse_quotes`, `parse_actions`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

from bifrost.adapters.vendors import fields
from bifrost.adapters.vendors.action_rows import decimal
from bifrost.adapters.vendors.calls import NotAnsweredError
from bifrost.adapters.vendors.fields import ChangedShapeError
from bifrost.core.sessions import EXCHANGE, Session
from bifrost.data.providers.answers import Absent, Failed

# A late print or two is none of it.
_OUTSIDE_MAX = 0.05
_CLOSES = time(16)
_PRICES = ("open", "high", "low", "close", "volume")


@dataclass(frozen=True, slots=True)
class YahooSplit:
    """A split; Yahoo's prices before it are divided by its ratio."""

    ex_date: date
    new_shares: Decimal
    old_shares: Decimal

    @property
    def ratio(self) -> Fraction:
        """How many shares one becomes."""
        return Fraction(self.new_shares) / Fraction(self.old_shares)


@dataclass(frozen=True, slots=True)
class YahooDividend:
    """A dividend, per share as there are today."""

    ex_date: date
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Chart:
    """One answer.

    stamps: when each bar begins (epoch seconds). incomplete: those with a null among their numbers.
    """

    symbol: str
    zone: str
    currency: str
    granularity: str
    stamps: Sequence[int]
    incomplete: frozenset[int]
    splits: Sequence[YahooSplit]
    dividends: Sequence[YahooDividend]


def chart_of(content: Any) -> Chart:
    """Read it; raise ChangedShapeError, or NotAnsweredError where it says that there is nothing."""
    chart = fields.mapping(fields.field(fields.mapping(content, "the answer"), "chart"), "chart")
    if (error := chart.get("error")) is not None:
        raise NotAnsweredError(Failed(f"yahoo: {error!r:.200}", retryable=False))
    results = fields.items(fields.field(chart, "result"), "result")
    if len(results) != 1:
        raise ChangedShapeError(f"it has {len(results)} results, not one")
    result = fields.mapping(results[0], "result")
    meta = fields.mapping(fields.field(result, "meta"), "meta")
    quote = _quote_of(result)
    if "timestamp" not in result and not quote:
        raise NotAnsweredError(Absent(f"yahoo has no bars of {meta.get('symbol')} in the range"))
    stamps = [
        _stamp(value) for value in fields.items(fields.field(result, "timestamp"), "timestamp")
    ]
    _in_order(stamps)
    events = fields.mapping(result.get("events", {}), "events")
    return Chart(
        symbol=fields.text(meta, "symbol"),
        zone=fields.text(meta, "exchangeTimezoneName"),
        currency=fields.text(meta, "currency"),
        granularity=fields.text(meta, "dataGranularity"),
        stamps=stamps,
        incomplete=_incomplete(quote, stamps),
        splits=[_split(row) for row in _events(events, "splits")],
        dividends=[_dividend(row) for row in _events(events, "dividends")],
    )


def new_york_date(stamp: int) -> date:
    """Return the day of an epoch second in New York."""
    return datetime.fromtimestamp(stamp, UTC).astimezone(EXCHANGE).date()


def wrong_hours(chart: Chart, sessions: Sequence[Session]) -> str | None:
    """Say that bars of regular hours stand beside them; None where they do not.

    yfinance drops what lies outside of regular hours, so that of minutes in another time zone some
    would be lost, and the others be kept where they do not belong. A daily bar begins with its
    session. After an early close Yahoo goes on, though nobody asked: that says nothing.
    """
    # A day's last bar, while it lasts, is stamped with its last trade.
    stamps = chart.stamps[:-1] if chart.granularity == "1d" else chart.stamps
    hours = {one.session: (one.opens_at.timestamp(), one.closes_at) for one in sessions}
    outside = 0
    for stamp in stamps:
        opens, closes = hours.get(new_york_date(stamp), (0.0, None))
        if closes is None:
            continue
        is_early = closes.astimezone(EXCHANGE).time() < _CLOSES
        outside += stamp < opens or (stamp > closes.timestamp() and not is_early)
    if outside > max(1, len(stamps) * _OUTSIDE_MAX):
        return f"{outside} of {len(stamps)} bars lie outside of regular hours: another time zone"
    return None


def _quote_of(result: Mapping[str, Any]) -> Mapping[str, Any]:
    indicators = fields.mapping(fields.field(result, "indicators"), "indicators")
    quotes = fields.items(fields.field(indicators, "quote"), "quote")
    return fields.mapping(quotes[0], "quote") if quotes else {}


def _incomplete(quote: Mapping[str, Any], stamps: Sequence[int]) -> frozenset[int]:
    """Return the stamps at which a number is null; every other must be one."""
    found = set()
    for name in _PRICES:
        column = fields.items(fields.field(quote, name), name)
        if len(column) != len(stamps):
            raise ChangedShapeError(f"it has {len(column)} of {name} for {len(stamps)} bars")
        for stamp, value in zip(stamps, column, strict=True):
            if value is None:
                found.add(stamp)
            else:
                fields.number({name: value}, name)
    return frozenset(found)


def _stamp(value: Any) -> int:
    return fields.whole({"timestamp": value}, "timestamp")


def _in_order(stamps: Sequence[int]) -> None:
    """Refuse what yfinance would sort and make one of; of the last bar Yahoo sends two by habit."""
    for earlier, later in pairwise(stamps[:-1]):
        if later <= earlier:
            raise ChangedShapeError(f"its bars are not in the order of time, or twice: {later}")


def _events(events: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    rows = fields.mapping(events.get(name, {}), name).values()
    return sorted(
        (fields.mapping(row, f"one of the {name}") for row in rows),
        key=lambda row: fields.whole(row, "date"),
    )


def _split(row: Mapping[str, Any]) -> YahooSplit:
    day = new_york_date(fields.whole(row, "date"))
    return YahooSplit(day, decimal(row, "numerator"), decimal(row, "denominator"))


def _dividend(row: Mapping[str, Any]) -> YahooDividend:
    return YahooDividend(new_york_date(fields.whole(row, "date")), decimal(row, "amount"))

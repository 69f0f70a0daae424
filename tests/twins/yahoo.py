"""Yahoo's chart server, and its cookie and crumb.

Shape as yfinance 1.7 reads it (`scrapers/history.py`, `utils.parse_quotes`): columns beside a list
of epoch seconds, a daily bar at its session's open, events by epoch second, prices and dividends
divided by every split since, in floats of 32 bits. What it has none of, it words as an error of
status 404; a range without trading is a result without `timestamp`.
"""

import struct
from collections.abc import Sequence
from datetime import datetime, time
from decimal import Decimal
from typing import Any, ClassVar

from bifrost.core.sessions import EXCHANGE
from tests.twins.market import Share, TrueBar, sessions
from tests.twins.server import Asked, Misbehaviour, Reply, Shape, Twin, changed

_ZONE = {"timezone": "EDT", "gmtoffset": -14400}
_NO_DATA = "No data found, symbol may be delisted"


class _Columns:
    def rename(self, content: Any, name: str) -> None:
        _column_holder(content, name)[f"{name}_"] = _column_holder(content, name).pop(_key(name))

    def write_as_text(self, content: Any, name: str) -> None:
        holder = _column_holder(content, name)
        holder[_key(name)] = [str(value) for value in holder[_key(name)]]

    def shift(self, content: Any, hours: float) -> None:
        result = _result(content)
        result["timestamp"] = [stamp + int(hours * 3600) for stamp in result["timestamp"]]

    def empty(self, content: Any) -> None:
        result = _result(content)
        del result["timestamp"]
        result["indicators"] = {"quote": [{}], "adjclose": [{}]}

    def repeat_first(self, content: Any) -> None:
        for column in _columns(content):
            column.insert(1, column[0])
        _result(content)["indicators"]["quote"][0]["high"][1] += 1

    def reverse(self, content: Any) -> None:
        for column in _columns(content):
            column.reverse()


def zone(name: str) -> Misbehaviour:
    """Another time zone, by name."""

    def rename(content: Any) -> None:
        _result(content)["meta"]["exchangeTimezoneName"] = name

    return changed(lambda shape, content: rename(content))


class YahooTwin(Twin):
    """It knows the market's symbols."""

    vendor: ClassVar[str] = "yahoo"
    shape: ClassVar[Shape] = _Columns()

    def is_data(self, asked: Asked) -> bool:
        return asked.path.startswith("/v8/finance/chart/")

    def answer(self, asked: Asked) -> Reply:
        if asked.path == "/v1/test/getcrumb":
            return Reply(b"twin.crumb", headers={"Content-Type": "text/plain"})
        if not self.is_data(asked):
            return Reply(b"", 404)
        share = self.market.get(asked.path.rpartition("/")[2])
        if share is None:
            error = {"code": "Not Found", "description": _NO_DATA}
            return Reply({"chart": {"result": None, "error": error}}, 404)
        return Reply({"chart": {"result": [_chart(share, asked)], "error": None}})


def _chart(share: Share, asked: Asked) -> dict[str, Any]:
    first, before = int(asked.query["period1"]), int(asked.query["period2"])
    bars = share.daily if asked.query["interval"] == "1d" else share.minutes
    wanted = [bar for bar in bars if first <= bar.starts_at.timestamp() < before]
    result: dict[str, Any] = {"meta": _meta(share, asked, wanted)}
    if not wanted:
        return {**result, "indicators": {"quote": [{}], "adjclose": [{}]}}
    result["timestamp"] = [int(bar.starts_at.timestamp()) for bar in wanted]
    if events := _events(share, first, before):
        result["events"] = events
    factors = {day: share.split_factor_after(day) for day in {bar.session for bar in wanted}}
    quote = {
        name: [_single(getattr(bar, name) / factors[bar.session]) for bar in wanted]
        for name in ("open", "high", "low", "close")
    }
    volumes = [int(bar.volume * factors[bar.session]) for bar in wanted]
    result["indicators"] = {"quote": [{**quote, "volume": volumes}]}
    if asked.query["interval"] == "1d":
        result["indicators"]["adjclose"] = [{"adjclose": quote["close"]}]
    return result


def _meta(share: Share, asked: Asked, bars: Sequence[TrueBar]) -> dict[str, Any]:
    meta: dict[str, Any] = {
        "currency": "USD",
        "symbol": share.symbol,
        "exchangeName": "NMS",
        "instrumentType": "EQUITY",
        "firstTradeDate": int(share.daily[0].starts_at.timestamp()),
        "regularMarketTime": int(share.daily[-1].starts_at.timestamp()),
        "gmtoffset": -14400,
        "timezone": "EDT",
        "exchangeTimezoneName": "America/New_York",
        "priceHint": 2,
        "dataGranularity": asked.query["interval"],
        "range": "",
        "validRanges": ["1d", "5d", "1mo", "1y", "max"],
    }
    if asked.query["interval"] != "1d":
        days = {bar.session for bar in bars}
        meta["tradingPeriods"] = (
            [
                [{**_ZONE, "start": _seconds(one.opens_at), "end": _seconds(one.closes_at)}]
                for one in sessions(min(days), max(days))
                if one.session in days
            ]
            if days
            else []
        )
    return meta


def _events(share: Share, first: int, before: int) -> dict[str, Any]:
    splits, dividends = {}, {}
    for split in share.splits:
        stamp = _opening(split.ex_date)
        if first <= stamp < before:
            splits[str(stamp)] = {
                "date": stamp,
                "numerator": float(split.new_shares),
                "denominator": float(split.old_shares),
                "splitRatio": f"{split.new_shares}:{split.old_shares}",
            }
    for paid in share.dividends:
        stamp = _opening(paid.ex_date)
        if first <= stamp < before:
            amount = float(paid.amount / share.split_factor_after(paid.ex_date))
            dividends[str(stamp)] = {"amount": amount, "date": stamp}
    told = {"splits": splits, "dividends": dividends}
    return {name: rows for name, rows in told.items() if rows}


def _opening(day: Any) -> int:
    return _seconds(datetime.combine(day, time(9, 30), EXCHANGE))


def _seconds(at: datetime) -> int:
    return int(at.timestamp())


def _single(value: Decimal) -> float:
    """Round as a float of 32 bits does: 14.55 is sent as 14.5500001907."""
    single: float = struct.unpack("f", struct.pack("f", float(value)))[0]
    return single


def _result(content: Any) -> dict[str, Any]:
    result: dict[str, Any] = content["chart"]["result"][0]
    return result


def _columns(content: Any) -> list[list[Any]]:
    result = _result(content)
    adjusted = result["indicators"].get("adjclose", [{}])[0]
    return [
        result["timestamp"],
        *result["indicators"]["quote"][0].values(),
        *adjusted.values(),
    ]


def _column_holder(content: Any, name: str) -> dict[str, Any]:
    result = _result(content)
    quote: dict[str, Any] = result["indicators"]["quote"][0]
    return result if name == "time" else quote


def _key(name: str) -> str:
    return "timestamp" if name == "time" else name

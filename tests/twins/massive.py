"""massive's (polygon.io's) server.

Shapes from massive.com/docs/rest/stocks and the client's `rest/models`: bars under `results` with
the count that they should have, left out where there are none; a `next_url` while there is more;
milliseconds for bars, nanoseconds for ticks.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, ClassVar

from bifrost.core.sessions import EXCHANGE
from bifrost.data.series.columns import micros
from tests.twins.market import Share, TrueBar
from tests.twins.rows import RowShape
from tests.twins.server import Asked, Misbehaviour, Reply, Shape, Twin, changed

KEY = "twin-key"
_NAMES = {"open": "o", "high": "h", "low": "l", "close": "c", "volume": "v", "time": "t"}


def _rows_of(content: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = content["results"]
    return rows


def _leave_out(content: Any) -> None:
    content.pop("results", None)
    content.pop("next_url", None)
    content["resultsCount"] = content["queryCount"] = 0


def _drop_last(content: Any) -> None:
    content["results"].pop()


class _MassiveShape(RowShape):
    def repeat_first(self, content: Any) -> None:
        super().repeat_first(content)
        content["resultsCount"] += 1


# A page that brings fewer bars than it says.
one_bar_short: Misbehaviour = changed(lambda shape, content: _drop_last(content))


class MassiveTwin(Twin):
    """It knows the market's symbols; of others it has none, and says so by a count of zero."""

    vendor: ClassVar[str] = "massive"
    shape: ClassVar[Shape] = _MassiveShape(_NAMES, _rows_of, _leave_out)

    def answer(self, asked: Asked) -> Reply:
        if asked.headers.get("Authorization") != f"Bearer {KEY}":
            return Reply({"status": "ERROR", "error": "Unknown API Key"}, 401)
        if asked.path.startswith("/v2/aggs/ticker/"):
            return self._bars(asked)
        if asked.path == "/v3/reference/splits":
            return self._splits(asked)
        if asked.path == "/v3/reference/dividends":
            return self._dividends(asked)
        if asked.path.startswith(("/v3/trades/", "/v3/quotes/")):
            return self._ticks(asked)
        return Reply({"status": "NOT_FOUND", "message": "page not found"}, 404)

    def _bars(self, asked: Asked) -> Reply:
        _, _, _, _, symbol, _, _, span, first, last = asked.path.split("/")
        share = self.market.get(symbol)
        bars = () if share is None else share.daily if span == "day" else share.minutes
        begins, ends = _edges(first, last)
        wanted = [
            one for one in bars if begins <= micros(_starts(one, span == "day")) // 1000 <= ends
        ]
        found, more = self._page(asked, wanted)
        page = [_bar(one, span == "day") for one in found]
        answer = {
            "ticker": symbol,
            "status": "OK",
            "adjusted": asked.query.get("adjusted") != "false",
            "queryCount": len(page),
            "resultsCount": len(page),
            "request_id": "twin",
            "count": len(page),
            **({"results": page} if page else {}),
            **more,
        }
        return Reply(answer)

    def _splits(self, asked: Asked) -> Reply:
        share = self.market.get(asked.query["ticker"])
        rows = [
            {
                "id": f"{share.symbol}-{one.ex_date}",
                "execution_date": one.ex_date.isoformat(),
                "split_from": one.old_shares,
                "split_to": one.new_shares,
                "ticker": share.symbol,
            }
            for one in (share.splits if share else ())
            if share and _within(asked, "execution_date", one.ex_date)
        ]
        return self._rows(asked, rows)

    def _dividends(self, asked: Asked) -> Reply:
        share = self.market.get(asked.query["ticker"])
        rows = [
            {
                "id": f"{share.symbol}-{one.ex_date}",
                "cash_amount": float(one.amount),
                "currency": "USD",
                "declaration_date": one.ex_date.isoformat(),
                "dividend_type": "CD",
                "ex_dividend_date": one.ex_date.isoformat(),
                "frequency": 4,
                "pay_date": one.ex_date.isoformat(),
                "record_date": one.ex_date.isoformat(),
                "ticker": share.symbol,
            }
            for one in (share.dividends if share else ())
            if share and _within(asked, "ex_dividend_date", one.ex_date)
        ]
        return self._rows(asked, rows)

    def _ticks(self, asked: Asked) -> Reply:
        kind, symbol = asked.path.split("/")[2:]
        share = self.market.get(symbol)
        if share is None:
            return self._rows(asked, [])
        rows = _trades(share) if kind == "trades" else _quotes(share)
        first, before = (int(asked.query[f"timestamp.{edge}"]) for edge in ("gte", "lt"))
        return self._rows(asked, [row for row in rows if first <= row["sip_timestamp"] < before])

    def _rows(self, asked: Asked, rows: Sequence[Any]) -> Reply:
        page, more = self._page(asked, rows)
        return Reply({"results": page, "status": "OK", "request_id": "twin", **more})

    def _page(self, asked: Asked, rows: Sequence[Any]) -> tuple[list[Any], dict[str, str]]:
        begins = int(asked.query.get("cursor", "0"))
        limit = min(self.page_rows, int(asked.query.get("limit", "50000")))
        page = list(rows[begins : begins + limit])
        if begins + limit >= len(rows):
            return page, {}
        kept = "&".join(
            f"{name}={value}" for name, value in asked.query.items() if name != "cursor"
        )
        return page, {"next_url": f"{self.url}{asked.path}?cursor={begins + limit}&{kept}"}


def _bar(bar: TrueBar, is_daily: bool) -> dict[str, Any]:
    return {
        "v": bar.volume,
        "vw": float(bar.close),
        "o": float(bar.open),
        "c": float(bar.close),
        "h": float(bar.high),
        "l": float(bar.low),
        "t": micros(_starts(bar, is_daily)) // 1000,
        "n": 10,
    }


def _starts(bar: TrueBar, is_daily: bool) -> datetime:
    return datetime.combine(bar.session, time(), EXCHANGE) if is_daily else bar.starts_at


def _edges(first: str, last: str) -> tuple[int, int]:
    """Read both ends, days or milliseconds; a last day is meant whole."""
    if first.isdigit():
        return int(first), int(last)
    days = (date.fromisoformat(first), date.fromisoformat(last) + timedelta(days=1))
    begins, ends = (micros(datetime.combine(day, time(), EXCHANGE)) // 1000 for day in days)
    return begins, ends - 1


def _within(asked: Asked, name: str, day: date) -> bool:
    first, last = (date.fromisoformat(asked.query[f"{name}.{edge}"]) for edge in ("gte", "lte"))
    return first <= day <= last


def _trades(share: Share) -> list[dict[str, Any]]:
    return [
        {
            "conditions": [12] if "I" not in one.conditions else [37],
            "exchange": 15,
            "id": str(place),
            "participant_timestamp": micros(one.at.astimezone(UTC)) * 1000,
            "price": float(one.price),
            "sequence_number": place + 1,
            "sip_timestamp": micros(one.at.astimezone(UTC)) * 1000,
            "size": one.size,
            "tape": 3,
        }
        for place, one in enumerate(share.trades)
    ]


def _quotes(share: Share) -> list[dict[str, Any]]:
    return [
        {
            "ask_exchange": 15,
            "ask_price": float(one.ask),
            "ask_size": one.ask_size,
            "bid_exchange": 15,
            "bid_price": float(one.bid),
            "bid_size": one.bid_size,
            "conditions": [1],
            "participant_timestamp": micros(one.at.astimezone(UTC)) * 1000,
            "sequence_number": place + 1,
            "sip_timestamp": micros(one.at.astimezone(UTC)) * 1000,
            "tape": 3,
        }
        for place, one in enumerate(share.quotes)
    ]

"""Alpaca's market data server.

Shapes from docs.alpaca.markets (stockbars, stocktrades, stockquotes, corporateactions) and from
alpaca-py 0.44's `data/mappings.py` and `data/models/corporate_actions.py`: rows by symbol, a token
for the next page or null, RFC 3339 instants, a daily bar at midnight in New York.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any, ClassVar

from bifrost.core.sessions import EXCHANGE
from tests.twins.market import Share, TrueBar
from tests.twins.rows import RowShape
from tests.twins.server import Asked, Reply, Shape, Twin

KEYS = {"key_id": "twin-key", "secret_key": "twin-secret"}
_NAMES = {"open": "o", "high": "h", "low": "l", "close": "c", "volume": "v", "time": "t"}


def _rows_of(content: Any) -> list[dict[str, Any]]:
    (rows,) = content["bars"].values()
    return rows


def _leave_out(content: Any) -> None:
    content["bars"] = {}
    content["next_page_token"] = None


class AlpacaTwin(Twin):
    """It knows the market's symbols; of others it has nothing, and says so by an empty object."""

    vendor: ClassVar[str] = "alpaca"
    shape: ClassVar[Shape] = RowShape(_NAMES, _rows_of, _leave_out)
    # Acts beside the market's splits and dividends, under the keys of Alpaca's answer.
    acts: ClassVar[Mapping[str, Sequence[Mapping[str, Any]]]] = {}

    def answer(self, asked: Asked) -> Reply:
        if asked.headers.get("APCA-API-KEY-ID") != KEYS["key_id"]:
            return Reply({"message": "forbidden."}, 403)
        routes: dict[str, Callable[[Asked], Reply]] = {
            "/v2/stocks/bars": self._bars,
            "/v2/stocks/trades": self._trades,
            "/v2/stocks/quotes": self._quotes,
            "/v1/corporate-actions": self._actions,
        }
        route = routes.get(asked.path)
        return Reply({"message": "endpoint not found."}, 404) if route is None else route(asked)

    def _bars(self, asked: Asked) -> Reply:
        share = self.market.get(asked.query["symbols"])
        if share is None:
            return Reply({"bars": {}, "next_page_token": None})
        if asked.query["adjustment"] != "raw":
            return Reply({"message": "the twin keeps raw bars"}, 422)
        is_daily = asked.query["timeframe"] == "1Day"
        bars = share.daily if is_daily else share.minutes
        rows = [(_starts(bar, is_daily), bar) for bar in bars]
        return self._page(asked, share, "bars", rows, lambda bar: _bar(bar, is_daily))

    def _trades(self, asked: Asked) -> Reply:
        share = self.market.get(asked.query["symbols"])
        if share is None:
            return Reply({"trades": {}, "next_page_token": None})
        rows = [
            (
                one.at,
                {
                    "t": _written(one.at),
                    "x": "V",
                    "p": float(one.price),
                    "s": one.size,
                    "c": list(one.conditions),
                    "i": place + 1,
                    "z": "C",
                },
            )
            for place, one in enumerate(share.trades)
        ]
        return self._page(asked, share, "trades", rows)

    def _quotes(self, asked: Asked) -> Reply:
        share = self.market.get(asked.query["symbols"])
        if share is None:
            return Reply({"quotes": {}, "next_page_token": None})
        rows = [
            (
                one.at,
                {
                    "t": _written(one.at),
                    "ax": "V",
                    "ap": float(one.ask),
                    "as": one.ask_size,
                    "bx": "V",
                    "bp": float(one.bid),
                    "bs": one.bid_size,
                    "c": ["R"],
                    "z": "C",
                },
            )
            for one in share.quotes
        ]
        return self._page(asked, share, "quotes", rows)

    def _page(
        self,
        asked: Asked,
        share: Share,
        key: str,
        rows: Sequence[tuple[datetime, Any]],
        worded: Callable[[Any], Any] = lambda row: row,
    ) -> Reply:
        first = datetime.fromisoformat(asked.query["start"])
        last = datetime.fromisoformat(asked.query["end"])
        wanted = [row for at, row in rows if first <= at <= last]
        begins = int(asked.query.get("page_token", "page-0").removeprefix("page-"))
        limit = min(self.page_rows, int(asked.query.get("limit", 1000)))
        page = [worded(row) for row in wanted[begins : begins + limit]]
        more = begins + limit < len(wanted)
        token = f"page-{begins + limit}" if more else None
        return Reply({key: {share.symbol: page} if page else {}, "next_page_token": token})

    def _actions(self, asked: Asked) -> Reply:
        first, last = (date.fromisoformat(asked.query[name]) for name in ("start", "end"))
        told: dict[str, list[dict[str, Any]]] = {}
        share = self.market.get(asked.query["symbols"])
        if share is not None:
            for split in share.splits:
                key = "forward_splits" if split.new_shares > split.old_shares else "reverse_splits"
                rates = {"new_rate": split.new_shares, "old_rate": split.old_shares}
                told.setdefault(key, []).append(_action(share, split.ex_date, rates))
            for paid in share.dividends:
                rates = {"rate": float(paid.amount), "special": False, "foreign": False}
                told.setdefault("cash_dividends", []).append(_action(share, paid.ex_date, rates))
        for key, rows in self.acts.items():
            of_it = [dict(one) for one in rows if asked.query["symbols"] in one.values()]
            told.setdefault(key, []).extend(of_it)
        types = asked.query["types"].split(",")
        within = {
            key: [row for row in rows if first <= date.fromisoformat(row["process_date"]) <= last]
            for key, rows in told.items()
            if key.removesuffix("s") in types
        }
        answer = {key: rows for key, rows in within.items() if rows}
        return Reply({"corporate_actions": answer, "next_page_token": None})


def _bar(bar: TrueBar, is_daily: bool) -> dict[str, Any]:
    return {
        "t": _written(_starts(bar, is_daily)),
        "o": float(bar.open),
        "h": float(bar.high),
        "l": float(bar.low),
        "c": float(bar.close),
        "v": bar.volume,
        "n": 10,
        "vw": float(bar.close),
    }


def _starts(bar: TrueBar, is_daily: bool) -> datetime:
    return datetime.combine(bar.session, time(), EXCHANGE) if is_daily else bar.starts_at


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def spin_off(day: date, parent: str, child: str, new: float, old: float = 1) -> dict[str, Any]:
    """`new` shares of the child for `old` of the parent."""
    return _dated(
        day,
        source_symbol=parent,
        source_cusip="459200101",
        source_rate=old,
        new_symbol=child,
        new_cusip="50155Q100",
        new_rate=new,
        ex_date=day.isoformat(),
        record_date=day.isoformat(),
        payable_date=day.isoformat(),
    )


def merger(day: date, gone: str, **terms: Any) -> dict[str, Any]:
    """What a share that is gone became: its terms as Alpaca names them."""
    acquirer = {"acquirer_cusip": "000000001"} if "acquirer_symbol" in terms else {}
    return _dated(
        day,
        acquiree_symbol=gone,
        acquiree_cusip="000000002",
        effective_date=day.isoformat(),
        payable_date=day.isoformat(),
        **acquirer,
        **terms,
    )


def name_change(day: date, old: str, new: str) -> dict[str, Any]:
    """Another symbol for the same shares."""
    return _dated(day, old_symbol=old, old_cusip="30303M102", new_symbol=new, new_cusip="30303M102")


def other_act(day: date, symbol: str, **terms: Any) -> dict[str, Any]:
    """A redemption or a removal as worthless."""
    return _dated(day, symbol=symbol, cusip="000000003", **terms)


def _dated(day: date, **terms: Any) -> dict[str, Any]:
    named = "-".join(str(one) for one in terms.values())
    digest = hashlib.sha256(named.encode()).hexdigest()
    return {"id": digest[:32], "process_date": day.isoformat(), **terms}


def _action(share: Share, ex_date: date, rates: dict[str, Any]) -> dict[str, Any]:
    day = ex_date.isoformat()
    return {
        "id": f"{share.symbol}-{day}-{'-'.join(rates)}",
        "symbol": share.symbol,
        "cusip": "000000000",
        "ex_date": day,
        "process_date": day,
        "record_date": day,
        "payable_date": day,
        **rates,
    }

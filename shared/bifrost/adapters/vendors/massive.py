"""massive's market data (polygon.io until 2025), by its client.

Its answers are taken raw, one page a call: the client's own iterator ends quietly at a page that is
no JSON or has no `results`, which is how half a series becomes a whole one. The count that a page
of bars names is held against what it brings. Shapes: massive.com/docs/rest/stocks.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from bifrost.adapters.vendors import action_rows, fields, massive_rows, tick_rows
from bifrost.adapters.vendors.bar_rows import Hours, VendorBar
from bifrost.adapters.vendors.calls import NoData, NotAnsweredError, refused
from bifrost.adapters.vendors.paging import Page, all_pages
from bifrost.adapters.vendors.selling import Seller
from bifrost.core.corporate_actions import CorporateAction
from bifrost.core.sessions import EXCHANGE
from bifrost.data.providers.answers import Absent, Answer, Failed, Found
from bifrost.data.providers.ports import BarRequest, TickRequest
from bifrost.data.providers.told_actions import ActionsTold, LeftOut
from bifrost.data.series.columns import micros

URL = "https://api.massive.com"
_BARS_MAX = 50_000
_ROWS_MAX = 1_000
_WELL = frozenset({"OK", "DELAYED"})


@dataclass(frozen=True, slots=True)
class MassiveAccess:
    """Who asks, and where."""

    api_key: str = field(repr=False)
    url: str = URL


class MassiveData(Seller[MassiveAccess]):
    """BarProvider (of early and late hours too), ActionProvider and TickProvider."""

    name = "massive"

    def _rows(self, asked: BarRequest, hours: Hours) -> Answer[list[VendorBar]]:
        def fetch(token: str) -> Page[VendorBar]:
            answer = self._page(token, lambda: self._first_bars(asked))
            rows = massive_rows.bars_of(answer, asked.symbol)
            return Page([bar(row) for row in rows], _next(answer))

        def bar(row: Mapping[str, Any]) -> VendorBar:
            starts_at = fields.milliseconds(row, "t")
            if asked.timeframe.is_daily:
                starts_at = hours.opens_at(fields.midnight(starts_at))
            return VendorBar(starts_at, fields.bar_values(row))

        none = f"massive has no bars of {asked.symbol} from {asked.first} to {asked.before}"
        return all_pages(self._calls, fetch, lambda row: row.starts_at, none=none)

    def actions(self, instrument: str, symbol: str, first: date, last: date) -> Answer[ActionsTold]:
        """Return splits and dividends whose ex-date is in [first, last], by ex-date."""
        found: list[CorporateAction | LeftOut] = []
        for ask, read in (
            (self._first_splits, massive_rows.split_of),
            (self._first_dividends, massive_rows.dividend_of),
        ):
            answer = self._actions_of(ask(symbol, first, last), read, instrument, symbol)
            if isinstance(answer, Found):
                found += answer.data
            elif not isinstance(answer, Absent):
                return action_rows.whole(self.name, answer, first, last)
        none = Absent(f"massive has no splits or dividends of {symbol} from {first} to {last}")
        return action_rows.whole(self.name, Found(found) if found else none, first, last)

    def _ticks(self, kind: str, asked: TickRequest) -> Answer[list[Any]]:
        read = massive_rows.TICKS[kind]

        def first() -> Any:
            ask = getattr(self._client, f"list_{kind}")
            return ask(
                asked.symbol,
                timestamp_gte=micros(asked.first) * 1000,
                timestamp_lt=micros(asked.before) * 1000,
                sort="timestamp",
                order="asc",
                limit=_BARS_MAX,
                raw=True,
            )

        def fetch(token: str) -> Page[Any]:
            answer = self._page(token, first)
            rows = fields.items(fields.field(answer, "results"), "results")
            return Page(
                [read(fields.mapping(row, f"one of the {kind}")) for row in rows], _next(answer)
            )

        none = f"massive has no {kind} of {asked.symbol} from {asked.first} to {asked.before}"
        enough = tick_rows.enough(asked, self._clock)
        return all_pages(self._calls, fetch, lambda row: row.at, none=none, enough=enough)

    def _actions_of(
        self,
        ask: Callable[[], Any],
        read: Callable[[Mapping[str, Any], str], CorporateAction],
        instrument: str,
        symbol: str,
    ) -> Answer[list[CorporateAction | LeftOut]]:
        def fetch(token: str) -> Page[CorporateAction | LeftOut]:
            answer = self._page(token, ask)
            rows = massive_rows.rows_of(answer, symbol)
            return Page([read(row, instrument) for row in rows], _next(answer))

        return all_pages(self._calls, fetch, action_rows.begins, none="none")

    def _page(self, token: str, first: Callable[[], Any]) -> Mapping[str, Any]:
        """Make one request: the first one, or that of a `next_url`'s path and query."""
        whole = self._client._get(path=token, params={}, raw=True) if token else first()
        if not whole.data:
            raise NotAnsweredError(Failed("massive answered 200 and sent nothing", retryable=True))
        try:
            answer = fields.mapping(json.loads(whole.data), "the answer")
        except ValueError as error:
            broken = f"massive sent what is no JSON: {error}"
            raise NotAnsweredError(Failed(broken, retryable=True)) from error
        status = fields.text(answer, "status")
        if status not in _WELL:
            told = f"massive answered 200 and {status}: {str(answer)[:200]}"
            raise NotAnsweredError(Failed(told, retryable=False))
        return answer

    def _first_bars(self, asked: BarRequest) -> Any:
        first, last = asked.first, asked.before - timedelta(microseconds=1)
        is_daily = asked.timeframe.is_daily
        return self._client.list_aggs(
            asked.symbol,
            1,
            "day" if is_daily else "minute",
            first.astimezone(EXCHANGE).date().isoformat() if is_daily else micros(first) // 1000,
            last.astimezone(EXCHANGE).date().isoformat() if is_daily else micros(last) // 1000,
            adjusted=False,
            sort="asc",
            limit=_BARS_MAX,
            raw=True,
        )

    def _first_splits(self, symbol: str, first: date, last: date) -> Callable[[], Any]:
        return lambda: self._client.list_splits(
            ticker=symbol,
            execution_date_gte=first.isoformat(),
            execution_date_lte=last.isoformat(),
            sort="execution_date",
            order="asc",
            limit=_ROWS_MAX,
            raw=True,
        )

    def _first_dividends(self, symbol: str, first: date, last: date) -> Callable[[], Any]:
        return lambda: self._client.list_dividends(
            ticker=symbol,
            ex_dividend_date_gte=first.isoformat(),
            ex_dividend_date_lte=last.isoformat(),
            sort="ex_dividend_date",
            order="asc",
            limit=_ROWS_MAX,
            raw=True,
        )

    @cached_property
    def _client(self) -> Any:
        from massive import RESTClient  # type: ignore[import-untyped]  # it has no types

        from bifrost.adapters.vendors.bounded_pool import BoundedPool

        client = RESTClient(api_key=self._access.api_key, base=self._access.url, retries=0)
        client.client = BoundedPool(client.client, self._calls.patience, self._refusal)
        return client

    def _refusal(self, status: int, headers: Mapping[str, str], body: str) -> NoData:
        if status == 404:
            return Absent(f"massive knows no such thing: {body[:200]}")
        return refused(self.name, status, body, self._calls.pause_of(headers))


def _next(answer: Mapping[str, Any]) -> str:
    """Return the path and query of the next page: of a `next_url`, the client takes no more."""
    if answer.get("next_url") is None:
        return ""
    parts = urlsplit(fields.text(answer, "next_url"))
    return f"{parts.path}?{parts.query}"

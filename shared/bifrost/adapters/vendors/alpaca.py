"""Alpaca's market data over REST, by alpaca-py.

Its answers are taken raw, one page a call. The library sets no deadline and sends 429 and 504
again by itself, up to three times, three seconds apart: both are changed here. `asof="-"`: no
symbol is mapped to another's history behind our back; who was called what when, `resolve` says.
Shapes: docs.alpaca.markets/reference/stockbars, /stocktrades, /stockquotes, /corporateactions.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from bifrost.adapters.vendors import action_rows, alpaca_actions, fields, tick_rows
from bifrost.adapters.vendors.bar_rows import Hours, VendorBar
from bifrost.adapters.vendors.calls import NotAnsweredError, refused
from bifrost.adapters.vendors.paging import Page, all_pages
from bifrost.adapters.vendors.quietly import deprecations_aside
from bifrost.adapters.vendors.selling import Seller
from bifrost.core.corporate_actions import CorporateAction
from bifrost.core.sessions import EXCHANGE
from bifrost.data.providers.answers import Absent, Answer, Failed
from bifrost.data.providers.ports import BarRequest, TickRequest
from bifrost.data.providers.told_actions import ActionsTold, LeftOut

if TYPE_CHECKING:
    from alpaca.common.rest import RESTClient

URL = "https://data.alpaca.markets"
# Every exchange: bars of one venue have other volumes and extremes, and would stand as the truth.
_FEED = "sip"
_PAGE_MAX = 10_000
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class AlpacaAccess:
    """Who asks, and where."""

    key_id: str = field(repr=False)
    secret_key: str = field(repr=False)
    url: str = URL


class AlpacaData(Seller[AlpacaAccess]):
    """BarProvider (of early and late hours too), ActionProvider and TickProvider."""

    name = "alpaca"

    def _rows(self, asked: BarRequest, hours: Hours) -> Answer[list[VendorBar]]:
        def bar(row: Mapping[str, Any]) -> VendorBar:
            starts_at = fields.instant(row, "t")
            if asked.timeframe.is_daily:
                starts_at = hours.opens_at(fields.midnight(starts_at))
            return VendorBar(starts_at, fields.bar_values(row))

        return all_pages(
            self._calls,
            self._pages_of("/stocks/bars", "bars", asked.symbol, self._bars_fields(asked), bar),
            lambda row: row.starts_at,
            none=f"alpaca has no bars of {asked.symbol} from {asked.first} to {asked.before}",
        )

    def actions(self, instrument: str, symbol: str, first: date, last: date) -> Answer[ActionsTold]:
        """Return the acts whose ex-date is in [first, last], by ex-date."""

        def fetch(token: str) -> Page[CorporateAction | LeftOut]:
            params = alpaca_actions.fields_of(symbol, first, last)
            answer = self._get(self._actions_client, "/corporate-actions", params, token)
            told = fields.mapping(fields.field(answer, "corporate_actions"), "corporate_actions")
            return Page(alpaca_actions.read(told, instrument, symbol), _next(answer))

        none = f"alpaca tells no act of {symbol} from {first} to {last}"
        answer = all_pages(self._calls, fetch, action_rows.begins, none=none)
        return action_rows.whole(self.name, answer, first, last)

    def _ticks(self, kind: str, asked: TickRequest) -> Answer[list[Any]]:
        params = {
            "symbols": asked.symbol,
            "start": asked.first.isoformat(),
            "end": (asked.before - _MICROSECOND).isoformat(),
            "limit": _PAGE_MAX,
            "feed": _FEED,
            "asof": "-",
            "sort": "asc",
        }
        return all_pages(
            self._calls,
            self._pages_of(f"/stocks/{kind}", kind, asked.symbol, params, _TICKS[kind]),
            lambda row: row.at,
            none=f"alpaca has no {kind} of {asked.symbol} from {asked.first} to {asked.before}",
            enough=tick_rows.enough(asked, self._clock),
        )

    def _pages_of(
        self,
        path: str,
        key: str,
        symbol: str,
        params: Mapping[str, Any],
        read: Callable[[Mapping[str, Any]], Any],
    ) -> Callable[[str], Page[Any]]:
        def fetch(token: str) -> Page[Any]:
            answer = self._get(self._stocks_client, path, params, token)
            by_symbol = fields.mapping(fields.field(answer, key), key)
            if strangers := set(by_symbol) - {symbol}:
                raise fields.ChangedShapeError(f"it has {key} of {sorted(strangers)}, not {symbol}")
            rows = fields.items(by_symbol.get(symbol, []), f"{key} of {symbol}")
            return Page(
                [read(fields.mapping(row, f"one of the {key}")) for row in rows], _next(answer)
            )

        return fetch

    def _get(
        self, client: "RESTClient", path: str, params: Mapping[str, Any], token: str
    ) -> Mapping[str, Any]:
        from alpaca.common.exceptions import APIError
        from urllib3.exceptions import HTTPError

        asked = {**params, "page_token": token} if token else dict(params)
        try:
            answer = client.get(path, asked)
        except APIError as error:
            raise NotAnsweredError(self._refusal(error)) from error
        except (OSError, HTTPError, ValueError) as error:
            broken = f"alpaca could not be asked: {type(error).__name__}: {error}"
            raise NotAnsweredError(Failed(broken, retryable=True)) from error
        if answer is None:
            # Alpaca words "there is none" as an empty object, never as an empty body.
            raise NotAnsweredError(Failed("alpaca answered 200 and sent nothing", retryable=True))
        return fields.mapping(answer, "the answer")

    def _refusal(self, error: Any) -> Any:
        response = error.response
        if response is None:
            return Failed(f"alpaca answered with an error: {error}", retryable=True)
        body = response.text
        if response.status_code == 400 and "invalid symbol" in body:
            return Absent(f"alpaca knows no such symbol: {body[:200]}")
        return refused(
            self.name, response.status_code, body, self._calls.pause_of(response.headers)
        )

    def _bars_fields(self, asked: BarRequest) -> Mapping[str, Any]:
        with deprecations_aside():
            from alpaca.common.enums import Sort
            from alpaca.data.enums import Adjustment, DataFeed
            from alpaca.data.requests import StockBarsRequest
            from alpaca.data.timeframe import TimeFrame

        first, before = asked.first, asked.before
        if asked.timeframe.is_daily:
            # A day's bar begins at midnight there, hours before the session that asks for it.
            first = datetime.combine(first.astimezone(EXCHANGE).date(), time(), EXCHANGE)
        request = StockBarsRequest(
            symbol_or_symbols=asked.symbol,
            timeframe=TimeFrame.Day if asked.timeframe.is_daily else TimeFrame.Minute,
            start=first,
            end=before - _MICROSECOND,
            limit=_PAGE_MAX,
            adjustment=Adjustment.RAW,
            feed=DataFeed(_FEED),
            asof="-",
            sort=Sort.ASC,
        )
        return dict(request.to_request_fields())

    @cached_property
    def _stocks_client(self) -> "RESTClient":
        with deprecations_aside():
            from alpaca.data.historical import StockHistoricalDataClient

        return self._tamed(StockHistoricalDataClient)

    @cached_property
    def _actions_client(self) -> "RESTClient":
        with deprecations_aside():
            from alpaca.data.historical.corporate_actions import CorporateActionsClient

        return self._tamed(CorporateActionsClient)

    def _tamed(self, client_class: Any) -> "RESTClient":
        """Make a client that sends each request once, and waits for no answer for ever."""
        from bifrost.adapters.vendors.deadlines import BoundedSession

        client: RESTClient = client_class(
            api_key=self._access.key_id,
            secret_key=self._access.secret_key,
            raw_data=True,
            url_override=self._access.url,
        )
        # Its constructor takes no number of retries, and ignores 0 where it does.
        client._retry = 0
        patience = self._calls.patience
        client._session = BoundedSession(patience.connect_seconds, patience.deadline_seconds)
        return client


def _next(answer: Mapping[str, Any]) -> str:
    """Return the next page's token; that there is none must be said, too."""
    if fields.field(answer, "next_page_token") is None:
        return ""
    return fields.text(answer, "next_page_token")


def _trade(row: Mapping[str, Any]) -> tick_rows.VendorTrade:
    return tick_rows.VendorTrade(
        fields.instant(row, "t"),
        fields.number(row, "p"),
        fields.number(row, "s"),
        tick_rows.venue(tick_rows.BY_LETTER, row.get("x")),
        tick_rows.letters_of(row, "c"),
    )


def _quote(row: Mapping[str, Any]) -> tick_rows.VendorQuote:
    return tick_rows.VendorQuote(
        fields.instant(row, "t"),
        fields.number(row, "bp"),
        fields.number(row, "bs"),
        fields.number(row, "ap"),
        fields.number(row, "as"),
        tick_rows.venue(tick_rows.BY_LETTER, row.get("bx")),
        tick_rows.venue(tick_rows.BY_LETTER, row.get("ax")),
        tick_rows.letters_of(row, "c"),
    )


_TICKS: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {"trades": _trade, "quotes": _quote}

"""Yahoo's chart, by yfinance: prices as they were traded, and Yahoo's own splits and dividends.

There is no contract and no key: it answers while it likes to, minutes of the last thirty days only.
What it sends is divided by every split until today, so a daily request always runs until today;
`yahoo_prices` undoes it. Early and late hours are not asked for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Any

from bifrost.adapters.vendors.action_rows import ActionRow, split, whole
from bifrost.adapters.vendors.bar_rows import Hours, VendorBar
from bifrost.adapters.vendors.calls import NotAnsweredError
from bifrost.adapters.vendors.fields import ChangedShapeError
from bifrost.adapters.vendors.paging import Page, all_pages
from bifrost.adapters.vendors.quietly import deprecations_aside
from bifrost.adapters.vendors.selling import Seller
from bifrost.adapters.vendors.yahoo_chart import Chart, YahooSplit, new_york_date, wrong_hours
from bifrost.adapters.vendors.yahoo_prices import (
    as_traded,
    dividend_then,
    split_factor,
    volume_then,
)
from bifrost.core.corporate_actions import CashDividend, CorporateAction, DividendKind
from bifrost.core.sessions import EXCHANGE
from bifrost.data.providers.answers import Absent, Answer, Failed, Found
from bifrost.data.providers.ports import BarRequest
from bifrost.data.providers.told_actions import ActionsTold, LeftOut
from bifrost.data.series.columns import instant_of

# Yahoo sends at most eight days of minutes for one request.
_MINUTES_AT_ONCE = timedelta(days=7)
_A_DAY = timedelta(days=1)
_COLUMNS = ["Open", "High", "Low", "Close", "Volume"]


@dataclass(frozen=True, slots=True)
class YahooAccess:
    """Where it is asked; empty is Yahoo's own hosts."""

    url: str = ""


@dataclass(frozen=True, slots=True)
class _Told:
    """A chart, and the bars that yfinance made of it: their beginnings and five numbers each."""

    chart: Chart
    starts_at: Sequence[datetime]
    values: Sequence[Sequence[float]]


class YahooData(Seller[YahooAccess]):
    """BarProvider (of regular hours) and ActionProvider."""

    name = "yahoo"

    def _rows(self, asked: BarRequest, hours: Hours) -> Answer[list[VendorBar]]:
        days = self._read(asked.symbol, "1d", _midnight(asked.first), self._until())
        if not asked.timeframe.is_daily:
            return self._minutes(asked, days.chart.splits)
        rows = _daily(days, hours)
        none = Absent(f"yahoo has no bars of {asked.symbol} since {asked.first}")
        return Found(rows) if rows else none

    def actions(self, instrument: str, symbol: str, first: date, last: date) -> Answer[ActionsTold]:
        """Return splits and dividends whose ex-date is in [first, last], by ex-date."""
        begins = datetime.combine(first, time(), EXCHANGE)
        try:
            chart = self._read(symbol, "1d", begins, self._until()).chart
        except NotAnsweredError as error:
            return error.answer
        found: list[CorporateAction | LeftOut] = [
            ActionRow(
                vendor=self.name,
                instrument=instrument,
                ex_date=one.ex_date,
                terms=split(one.new_shares, one.old_shares),
                currency=chart.currency,
            ).to_action()
            for one in chart.splits
        ]
        found += [
            ActionRow(
                vendor=self.name,
                instrument=instrument,
                ex_date=one.ex_date,
                terms=CashDividend(DividendKind.ORDINARY, dividend_then(one, chart.splits)),
                currency=chart.currency,
            ).to_action()
            for one in chart.dividends
        ]
        none = Absent(f"yahoo has no splits or dividends of {symbol} from {first} to {last}")
        return whole(self.name, Found(found) if found else none, first, last)

    def _minutes(self, asked: BarRequest, splits: Sequence[YahooSplit]) -> Answer[list[VendorBar]]:
        """Ask for a week after the other; a week without any is no end."""
        said = [f"yahoo has no minutes of {asked.symbol}"]

        def fetch(token: str) -> Page[VendorBar]:
            first = datetime.fromisoformat(token) if token else asked.first
            before = min(first + _MINUTES_AT_ONCE, asked.before)
            following = before.isoformat() if before < asked.before else ""
            try:
                told = self._send(asked.symbol, "1m", first, before)
            except NotAnsweredError as error:
                if not isinstance(error.answer, Absent):
                    raise
                said.append(error.answer.reason)
                return Page([], following)
            return Page(_rows(told, splits), following)

        answer = all_pages(self._calls, fetch, lambda row: row.starts_at, none="")
        return Absent(said[-1]) if isinstance(answer, Absent) else answer

    def _read(self, symbol: str, interval: str, first: datetime, before: datetime) -> _Told:
        def send() -> _Told:
            try:
                return self._send(symbol, interval, first, before)
            except ChangedShapeError as error:
                changed = f"yahoo answers in another shape: {error}"
                raise NotAnsweredError(Failed(changed, retryable=False)) from error

        return self._calls.read(send)

    def _send(self, symbol: str, interval: str, first: datetime, before: datetime) -> _Told:
        """Make one request, beside those for a cookie and a crumb where there is none yet."""
        import yfinance  # type: ignore[import-untyped]  # it has no types
        from yfinance.config import YfConfig  # type: ignore[import-untyped]  # it has no types
        from yfinance.data import YfData  # type: ignore[import-untyped]  # it has no types
        from yfinance.exceptions import (  # type: ignore[import-untyped]  # it has no types
            YFException,
            YFRateLimitError,
        )

        YfConfig.debug.hide_exceptions = False
        YfConfig.network.retries = 0
        # It keeps every answer about the past, a broken one too, and would never ask again.
        YfData.cache_get.cache_clear()
        share = yfinance.Ticker(symbol, session=self._session)
        # Else it asks for the zone beforehand, and keeps it in a file.
        share._tz = EXCHANGE.key
        self._session.chart = None
        try:
            with deprecations_aside():
                frame = share.history(
                    interval=interval,
                    start=first,
                    end=before,
                    auto_adjust=False,
                    actions=True,
                    timeout=self._calls.patience.deadline_seconds,
                )
        except YFRateLimitError as error:
            raise NotAnsweredError(self._session.rate_limited(str(error))) from error
        except (YFException, LookupError, TypeError, ValueError, AttributeError) as error:
            # What it raises where a chart that looks well is none to it.
            raise ChangedShapeError(f"yfinance says {type(error).__name__}: {error}") from error
        told = _told(frame, self._session.chart, symbol, interval)
        touched = self._sessions(first.date() - _A_DAY, before.date() + _A_DAY)
        if why := wrong_hours(told.chart, touched):
            raise ChangedShapeError(why)
        return told

    def _until(self) -> datetime:
        return _midnight(self._clock.now() + _A_DAY)

    @cached_property
    def _session(self) -> Any:
        from yfinance import cache

        from bifrost.adapters.vendors.yahoo_session import YahooSession

        # Its cookies would be pickled into a file of the user's, and read from there.
        cache._CookieCacheManager._Cookie_cache = cache._CookieCacheDummy()
        return YahooSession(self._access.url, self._calls.patience, self._calls.pause_of)


def _told(frame: Any, chart: Chart | None, symbol: str, interval: str) -> _Told:
    if chart is None:
        raise ChangedShapeError("yfinance asked for no chart")
    if chart.symbol != symbol.upper():
        raise ChangedShapeError(f"it is a chart of {chart.symbol}, not {symbol}")
    if chart.granularity != interval:
        raise ChangedShapeError(f"its bars are of {chart.granularity}, {interval} was asked for")
    if chart.zone != EXCHANGE.key:
        raise ChangedShapeError(f"its time zone is {chart.zone}, not {EXCHANGE.key}")
    starts_at = [instant_of(one) for one in frame.index.tz_convert(UTC).as_unit("us").asi8]
    return _Told(chart, starts_at, frame[_COLUMNS].to_numpy(dtype=float).tolist())


def _daily(told: _Told, hours: Hours) -> list[VendorBar]:
    incomplete = {new_york_date(stamp) for stamp in told.chart.incomplete}
    rows = []
    for starts_at, values in zip(told.starts_at, told.values, strict=True):
        day = starts_at.astimezone(EXCHANGE).date()
        if day not in incomplete:
            rows.append(_row(hours.opens_at(day), day, values, told.chart.splits))
    return rows


def _rows(told: _Told, splits: Sequence[YahooSplit]) -> list[VendorBar]:
    """Leave out bars with a null: yfinance makes a volume of 0 of it, and nobody knows it is."""
    return [
        _row(starts_at, starts_at.astimezone(EXCHANGE).date(), values, splits)
        for starts_at, values in zip(told.starts_at, told.values, strict=True)
        if int(starts_at.timestamp()) not in told.chart.incomplete
    ]


def _row(
    starts_at: datetime, day: date, values: Sequence[float], splits: Sequence[YahooSplit]
) -> VendorBar:
    factor = split_factor(day, splits)
    first, high, low, last = (as_traded(price, factor) for price in values[:4])
    return VendorBar(starts_at, (first, high, low, last, volume_then(values[4], factor)))


def _midnight(at: datetime) -> datetime:
    return datetime.combine(at.astimezone(EXCHANGE).date(), time(), EXCHANGE)

"""What every vendor's adapter is made of and does alike: a question is judged, and so its answer.

Each adapter reads its vendor's rows (`_rows`, `_ticks`); which rows can be believed is decided in
one place, so that no vendor is believed more easily than another.
"""

from abc import ABC, abstractmethod
from typing import Any, Generic, TypeVar

from bifrost.adapters.vendors import tick_rows
from bifrost.adapters.vendors.bar_rows import (
    Hours,
    Sessions,
    VendorBar,
    hours_of,
    to_bars,
    xnys_sessions,
)
from bifrost.adapters.vendors.calls import NotAnsweredError, VendorCalls
from bifrost.data.ports import Clock
from bifrost.data.providers.answers import Answer, Failed
from bifrost.data.providers.ports import BarRequest, TickRequest
from bifrost.data.series.columns import BarColumns
from bifrost.data.series.ticks import QuoteColumns, TradeColumns
from bifrost.data.series.timeframes import Timeframe

A = TypeVar("A")


class Seller(ABC, Generic[A]):
    """BarProvider and TickProvider. access: who asks, and where."""

    name: str

    def __init__(
        self, access: A, calls: VendorCalls, clock: Clock, sessions: Sessions = xnys_sessions
    ) -> None:
        self._access = access
        self._calls = calls
        self._clock = clock
        self._sessions = sessions

    def bars(self, asked: BarRequest) -> Answer[BarColumns]:
        """Return raw bars, oldest first: 1m or 1d, none that is not over yet."""
        if asked.timeframe not in {Timeframe.M1, Timeframe.D1}:
            told = f"{self.name} is asked for 1m and 1d, not {asked.timeframe}"
            return Failed(told, retryable=False)
        hours = self._hours_of(asked)
        try:
            rows = self._rows(asked, hours)
        except NotAnsweredError as error:
            return error.answer
        return self._calls.told(to_bars(rows, asked, hours, self.name))

    def trades(self, asked: TickRequest) -> Answer[TradeColumns]:
        """Return every trade, in the order in which the vendor heard of it."""
        answer = self._ticks("trades", asked)
        sessions = self._hours_of(asked).sessions
        return self._calls.told(tick_rows.to_trades(answer, asked, sessions, self.name))

    def quotes(self, asked: TickRequest) -> Answer[QuoteColumns]:
        """Return every best bid and offer, in the order in which the vendor heard of it."""
        answer = self._ticks("quotes", asked)
        sessions = self._hours_of(asked).sessions
        return self._calls.told(tick_rows.to_quotes(answer, asked, sessions, self.name))

    def _ticks(self, kind: str, asked: TickRequest) -> Answer[list[Any]]:
        """Ask for `trades`, as VendorTrade, or `quotes`, as VendorQuote."""
        return Failed(f"{self.name} sells no {kind} of {asked.symbol}", retryable=False)

    @abstractmethod
    def _rows(self, asked: BarRequest, hours: Hours) -> Answer[list[VendorBar]]:
        """Ask for bars of a minute or a day; NotAnsweredError is an answer too."""

    def _hours_of(self, asked: BarRequest | TickRequest) -> Hours:
        return hours_of(asked, self._sessions, self._clock.now())

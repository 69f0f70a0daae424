"""What data needs from a vendor."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from bifrost.data.providers.answers import Answer
from bifrost.data.providers.told_actions import ActionsTold
from bifrost.data.series.columns import BarColumns
from bifrost.data.series.ticks import QuoteColumns, TradeColumns
from bifrost.data.series.timeframes import Timeframe


@dataclass(frozen=True, slots=True)
class BarRequest:
    """Bars of [first, before), raw as traded.

    instrument: our name; symbol: what the vendor calls it.
    """

    instrument: str
    symbol: str
    timeframe: Timeframe
    first: datetime
    before: datetime


@dataclass(frozen=True, slots=True)
class TickRequest:
    """Quotes or trades of [first, before).

    instrument: our name; symbol: what the vendor calls it. most: about so many at once; where
    there are more, the answer says up to when it goes. None: all of them.
    """

    instrument: str
    symbol: str
    first: datetime
    before: datetime
    most: int | None = None


class BarProvider(Protocol):
    """A vendor of bars; `name` is the source that its rows carry."""

    name: str

    def bars(self, asked: BarRequest) -> Answer[BarColumns]:
        """Return raw bars, oldest first."""


class ActionProvider(Protocol):
    """A vendor of corporate actions."""

    name: str

    def actions(self, instrument: str, symbol: str, first: date, last: date) -> Answer[ActionsTold]:
        """Return what took effect in [first, last]."""


class TickProvider(Protocol):
    """A vendor of quotes and trades."""

    name: str

    def trades(self, asked: TickRequest) -> Answer[TradeColumns]:
        """Return every trade, in the order in which the vendor heard of it."""

    def quotes(self, asked: TickRequest) -> Answer[QuoteColumns]:
        """Return every best bid and offer, in the order in which the vendor heard of it."""


class Provider(BarProvider, TickProvider, Protocol):
    """A vendor of either; one that has no quotes or trades says so when it is asked."""

"""Which vendors there are, and which of them this desk may ask.

Rates are those of each vendor's smallest plan: docs.alpaca.markets (200 a minute, free and basic),
massive.com (5 a minute, free); Yahoo names none, and 60 a minute is what its users found. A
larger plan is said in the settings.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Protocol

from bifrost.adapters.vendors.calls import Patience, VendorCalls
from bifrost.core.errors import NotFoundError, UnavailableError
from bifrost.data.ports import Clock
from bifrost.data.providers import limits
from bifrost.data.providers.answers import Answer
from bifrost.data.providers.limits import Rate
from bifrost.data.providers.vendor_states import Vendor, VendorSheet, VendorStates, fresh

if TYPE_CHECKING:
    from bifrost.data.providers.ports import BarRequest, TickRequest
    from bifrost.data.providers.told_actions import ActionsTold
    from bifrost.data.series.columns import BarColumns
    from bifrost.data.series.ticks import QuoteColumns, TradeColumns

ALPACA, MASSIVE, YAHOO = "alpaca", "massive", "yahoo"
# In the order of their sources' ranks: where nobody says whom to ask, the best first.
VENDORS = (ALPACA, MASSIVE, YAHOO)
# Those of single quotes and trades, in the same order.
TICK_VENDORS = (ALPACA, MASSIVE)
_RATES = {
    ALPACA: Rate.per_minute(200, burst=20),
    MASSIVE: Rate.per_minute(5, burst=5),
    YAHOO: Rate.per_minute(60, burst=10),
}


class VendorData(Protocol):
    """What every vendor is asked for: bars, quotes and trades, corporate actions."""

    name: str

    def bars(self, asked: "BarRequest") -> "Answer[BarColumns]":
        """Return raw bars, oldest first."""

    def trades(self, asked: "TickRequest") -> "Answer[TradeColumns]":
        """Return every trade, or say that it has none to sell."""

    def quotes(self, asked: "TickRequest") -> "Answer[QuoteColumns]":
        """Return every best bid and offer, or say that it has none to sell."""

    def actions(
        self, instrument: str, symbol: str, first: date, last: date
    ) -> "Answer[ActionsTold]":
        """Return what took effect in [first, last]."""


@dataclass(frozen=True, slots=True)
class VendorSettings:
    """What the environment says of vendors; empty is not said.

    alpaca_feed: of the live stream alone, see StreamAccess; history is asked of every exchange.
    calls_per_minute: of a plan that allows more than the smallest; 0 is the smallest.
    """

    alpaca_key_id: str = field(default="", repr=False)
    alpaca_secret_key: str = field(default="", repr=False)
    alpaca_url: str = ""
    alpaca_feed: str = ""
    alpaca_stream_url: str = ""
    alpaca_calls_per_minute: int = 0
    massive_api_key: str = field(default="", repr=False)
    massive_url: str = ""
    massive_calls_per_minute: int = 0
    yahoo_url: str = ""
    yahoo_calls_per_minute: int = 0


class Vendors:
    """Makes what asks each vendor, once; all of one process share it."""

    def __init__(
        self,
        settings: VendorSettings,
        states: VendorStates,
        clock: Clock,
        patience: Patience | None = None,
    ) -> None:
        self._settings = settings
        self._states = states
        self._clock = clock
        self._patience = patience or Patience()
        self._made: dict[str, VendorData] = {}

    def named(self, name: str) -> VendorData:
        """Return the vendor.

        Raises NotFoundError for a name that is none of VENDORS, UnavailableError where the desk
        has no credentials of it.
        """
        if name not in VENDORS:
            raise NotFoundError(f"no provider is called {name}; {', '.join(VENDORS)} are")
        if missing := self._missing(name):
            raise UnavailableError(
                f"provider {name} is not configured: set {' and '.join(missing)}"
                " with `bifrost data keys`"
            )
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    def configured(self) -> list[str]:
        """Return the vendors that may be asked, best first."""
        return [name for name in VENDORS if not self._missing(name)]

    def sheets(self) -> list[VendorSheet]:
        """Say of each vendor how it stands."""
        now = self._clock.now()
        found = []
        for name in VENDORS:
            vendor = self._vendor(name)
            state = self._states.find(name) or fresh(vendor, now)
            left = limits.left(state.bucket, vendor.rate, now)
            per_minute = vendor.rate.per_second * 60
            found.append(VendorSheet(name, self._missing(name), state, left, per_minute))
        return found

    def _missing(self, name: str) -> tuple[str, ...]:
        given = self._settings
        needed = {
            ALPACA: {
                "ALPACA_KEY_ID": given.alpaca_key_id,
                "ALPACA_SECRET_KEY": given.alpaca_secret_key,
            },
            MASSIVE: {"MASSIVE_API_KEY": given.massive_api_key},
            YAHOO: {},
        }
        return tuple(setting for setting, value in needed[name].items() if not value)

    def _vendor(self, name: str) -> Vendor:
        given = self._settings
        larger = {
            ALPACA: given.alpaca_calls_per_minute,
            MASSIVE: given.massive_calls_per_minute,
            YAHOO: given.yahoo_calls_per_minute,
        }[name]
        smallest = _RATES[name]
        rate = Rate.per_minute(larger, max(1, larger // 10)) if larger > 0 else smallest
        return Vendor(name, rate)

    def _make(self, name: str) -> VendorData:
        given, clock = self._settings, self._clock
        calls = VendorCalls(self._vendor(name), self._states, clock, self._patience)
        if name == ALPACA:
            from bifrost.adapters.vendors import alpaca

            access = alpaca.AlpacaAccess(
                given.alpaca_key_id,
                given.alpaca_secret_key,
                given.alpaca_url or alpaca.URL,
            )
            return alpaca.AlpacaData(access, calls, clock)
        if name == MASSIVE:
            from bifrost.adapters.vendors import massive

            url = given.massive_url or massive.URL
            return massive.MassiveData(
                massive.MassiveAccess(given.massive_api_key, url), calls, clock
            )
        from bifrost.adapters.vendors import yahoo

        return yahoo.YahooData(yahoo.YahooAccess(given.yahoo_url), calls, clock)

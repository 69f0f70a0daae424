"""Each vendor's real client before its twin: the same market, told in three vendors' words."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np

from bifrost.adapters.clock import SystemClock
from bifrost.adapters.memory.vendor_states import MemoryVendorStates
from bifrost.adapters.vendors.calls import Patience
from bifrost.adapters.vendors.registry import VendorData, Vendors, VendorSettings
from bifrost.data.ports import Clock
from bifrost.data.providers.answers import Answer
from bifrost.data.providers.ports import BarRequest
from bifrost.data.series.columns import BarColumns, counted, micros
from bifrost.data.series.timeframes import Timeframe
from tests.twins.alpaca import KEYS, AlpacaTwin
from tests.twins.market import Market, Share, TrueDividend, TrueSplit, market, share
from tests.twins.massive import KEY, MassiveTwin
from tests.twins.server import Twin
from tests.twins.yahoo import YahooTwin

TWINS: dict[str, type[Twin]] = {"alpaca": AlpacaTwin, "massive": MassiveTwin, "yahoo": YahooTwin}
FIRST, BEFORE = datetime(2024, 6, 3, tzinfo=UTC), datetime(2024, 6, 15, tzinfo=UTC)
LITTLE = (datetime(2024, 6, 7, tzinfo=UTC), datetime(2024, 6, 11, tzinfo=UTC))
# Ten for one on the 10th, and a dividend on each side of it.
SPLIT = TrueSplit(date(2024, 6, 10), 10, 1)
DIVIDENDS = (
    TrueDividend(date(2024, 6, 5), Decimal("0.24")),
    TrueDividend(date(2024, 6, 13), Decimal("0.024")),
)
LAST = date(2024, 6, 14)
SHARE = share("ACME", last=LAST, splits=[SPLIT], dividends=DIVIDENDS)
MARKET: Market = market(SHARE, share("PLAIN", last=LAST))
ALWAYS_MANY = 60_000
# How often a client asks before it gives up, in these tests.
TRIES = 3


@dataclass(slots=True)
class VendorDesk:
    """A vendor's client, its twin, and what the desk remembers of it."""

    twin: Twin
    data: VendorData
    states: MemoryVendorStates

    def ask(
        self,
        timeframe: Timeframe = Timeframe.M1,
        symbol: str = SHARE.symbol,
        first: datetime = FIRST,
        before: datetime = BEFORE,
    ) -> Answer[BarColumns]:
        """Ask for bars."""
        return self.data.bars(BarRequest(symbol, symbol, timeframe, first, before))

    def ask_a_little(self) -> Answer[BarColumns]:
        """Ask for the minutes of two sessions, of which the second begins with the split."""
        return self.ask(first=LITTLE[0], before=LITTLE[1])

    def requests_of_a_little(self) -> int:
        """Count what that sends when all is well; nobody remembers it."""
        self.ask_a_little()
        sent = len(self.twin.asked)
        self.forget()
        return sent

    def forget(self) -> None:
        """As if nobody had ever asked."""
        self.twin.asked.clear()
        self.twin.script()
        self.states._states.clear()


def settings_of(twin: Twin, calls_per_minute: int = ALWAYS_MANY) -> VendorSettings:
    """Return settings that send every vendor's client to this twin."""
    return VendorSettings(
        alpaca_key_id=KEYS["key_id"],
        alpaca_secret_key=KEYS["secret_key"],
        alpaca_url=twin.url,
        alpaca_calls_per_minute=calls_per_minute,
        massive_api_key=KEY,
        massive_url=twin.url,
        massive_calls_per_minute=calls_per_minute,
        yahoo_url=twin.url,
        yahoo_calls_per_minute=calls_per_minute,
    )


@contextmanager
def vendor_desk(
    name: str,
    *,
    clock: Clock | None = None,
    patience: Patience | None = None,
    page_rows: int = 300,
    calls_per_minute: int = ALWAYS_MANY,
) -> Iterator[VendorDesk]:
    """Let the vendor's twin live, and plug its client into it."""
    with TWINS[name](MARKET, page_rows=page_rows) as twin:
        settings = settings_of(twin, calls_per_minute)
        states = MemoryVendorStates()
        vendors = Vendors(settings, states, clock or SystemClock(), patience)
        yield VendorDesk(twin, vendors.named(name), states)


def truth(one: Share, timeframe: Timeframe) -> BarColumns:
    """Return what was traded."""
    bars = one.daily if timeframe.is_daily else one.minutes
    names = ("open", "high", "low", "close", "volume")
    starts_at = np.array([micros(bar.starts_at) for bar in bars], dtype=np.int64)
    return BarColumns(
        starts_at, *(counted([float(getattr(bar, name)) for bar in bars]) for name in names)
    )

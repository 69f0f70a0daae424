"""What the runner is plugged into: Postgres, Alpaca's line and history, the bus."""

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from bifrost.adapters.clock import SystemClock
from bifrost.adapters.ids import RandomIds
from bifrost.adapters.postgres.market.leases import PostgresLeases
from bifrost.adapters.postgres.market.streams import PostgresStreams
from bifrost.adapters.postgres.market.vendor_states import PostgresVendorStates
from bifrost.adapters.vendors.alpaca_stream import FEED, URL, AlpacaLine, StreamAccess, Wanted
from bifrost.adapters.vendors.bar_rows import xnys_sessions
from bifrost.adapters.vendors.registry import ALPACA, Vendors, VendorSettings
from bifrost.adapters.vendors.settings import vendor_settings
from bifrost.core.errors import FieldProblem, InvalidInputError, UnavailableError
from bifrost.data.ingest.leases import Lease
from bifrost.data.streaming.ingester import Plugs, StreamIngester
from bifrost.data.streaming.market_hours import MarketHours
from bifrost.data.streaming.running import Health, StreamRunner, Watch
from bifrost.runtime import plugs
from bifrost.runtime.environment import environment

_RELAY_SECONDS = 0.5


def stream_runner(
    instruments: Sequence[str],
    *,
    takes_trades: bool,
    watch: Watch,
    tell: Callable[[Health], None],
    tell_seconds: float,
) -> StreamRunner:
    """Return the runner of these instruments; raise InvalidInputError for what cannot be run."""
    settings = _settings()
    access = _access(settings)
    store = PostgresStreams(plugs.database())
    symbols = store.symbols(instruments, ALPACA)
    # A connection of its own: a vendor is asked in another thread than bars are written in.
    states = PostgresVendorStates(plugs.second_database())
    history = Vendors(settings, states, SystemClock()).named(ALPACA)

    def begin(lease: Lease) -> StreamIngester:
        wanted = Wanted({symbol: name for name, symbol in symbols.items()}, trades=takes_trades)
        parts = Plugs(
            line=AlpacaLine(access, wanted, SystemClock()),
            store=store,
            history=history,
            symbols=symbols,
            hours=MarketHours(xnys_sessions),
            clock=SystemClock(),
            ids=RandomIds(),
            asking=ThreadPoolExecutor(1, "history"),
        )
        return StreamIngester(parts, lease)

    leases = PostgresLeases(plugs.database())
    holder = f"{socket.gethostname()}/{RandomIds().new()}"
    return StreamRunner(leases, holder, begin, watch, tell, tell_seconds)


@contextmanager
def relaying() -> Iterator[None]:
    """Send what the outbox holds, beside all else; where no bus is named, data's relay does."""
    if not environment().event_bus_name:
        yield
        return
    ended = threading.Event()
    thread = threading.Thread(target=_relay_until, args=(ended,), name="relay", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(timeout=5)


def _relay_until(ended: threading.Event) -> None:
    relay = plugs.relay_of_its_own()
    while not ended.wait(_RELAY_SECONDS):
        try:
            relay.flush()
        except UnavailableError:
            ended.wait(_RELAY_SECONDS)  # the scheduled relay is the net below


def _settings() -> VendorSettings:
    env = environment()
    if env.vendor_settings:
        return vendor_settings(env.vendor_settings)
    return vendor_settings(plugs.secrets().get(env.vendor_keys) if env.vendor_keys else "")


def _access(settings: VendorSettings) -> StreamAccess:
    if not (settings.alpaca_key_id and settings.alpaca_secret_key):
        fix = (
            "tell them: `bifrost data keys ALPACA_KEY_ID=... ALPACA_SECRET_KEY=...`; on AWS they"
            " are in the secret <stack>/vendors, on another host in VENDOR_SETTINGS"
        )
        raise InvalidInputError(FieldProblem("ALPACA_KEY_ID", "the desk has no key of Alpaca", fix))
    return StreamAccess(
        settings.alpaca_key_id,
        settings.alpaca_secret_key,
        settings.alpaca_stream_url or URL,
        settings.alpaca_feed or FEED,
    )

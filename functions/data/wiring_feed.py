"""What the live feed is plugged into: its rows, the series, and API Gateway's way to clients."""

from functools import lru_cache

from bifrost.adapters.clock import SystemClock
from bifrost.adapters.postgres.market.live_feed import PostgresFeed
from bifrost.adapters.postgres.market.series import PostgresSeriesReader
from bifrost.adapters.postgres.market.streams import PostgresStreams
from bifrost.adapters.postgres.market.ticks import PostgresTickReader
from bifrost.adapters.vendors.bar_rows import xnys_sessions
from bifrost.data.streaming.feed import LiveFeed
from bifrost.data.streaming.telling import StoredTellings
from bifrost.runtime.plugs import database, pushes


@lru_cache
def feed() -> LiveFeed:
    """Clients, and what they are told."""
    tellings = StoredTellings(
        PostgresSeriesReader(database()),
        PostgresTickReader(database()),
        PostgresStreams(database()),
        xnys_sessions,
        SystemClock(),
    )
    return LiveFeed(PostgresFeed(database()), pushes(), tellings, SystemClock())

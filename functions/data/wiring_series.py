"""What packed months are plugged into."""

from datetime import datetime
from functools import lru_cache

from bifrost.adapters.clock import SystemClock
from bifrost.adapters.postgres.market.chunks import PostgresChunks
from bifrost.runtime.plugs import database


@lru_cache
def chunks() -> PostgresChunks:
    """Packed months."""
    return PostgresChunks(database())


def now() -> datetime:
    """Return this instant: which months are over."""
    return SystemClock().now()

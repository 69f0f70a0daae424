"""What halts are plugged into."""

from functools import lru_cache

from bifrost.adapters.clock import SystemClock
from bifrost.adapters.postgres.market.halts import PostgresHalts
from bifrost.data.halts.service import HaltService
from bifrost.runtime.plugs import database


@lru_cache
def halts() -> HaltService:
    """Halts, as they were told."""
    return HaltService(PostgresHalts(database()), SystemClock())

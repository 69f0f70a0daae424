"""What repairs are plugged into."""

from functools import lru_cache

from bifrost.adapters.clock import SystemClock
from bifrost.adapters.ids import RandomIds
from bifrost.data.repair.service import RepairService
from bifrost.runtime.plugs import database
from functions.data import wiring


@lru_cache
def repairs() -> RepairService:
    """Repairs of stored bars; who asks for them loads numpy."""
    from bifrost.adapters.postgres.market.repairs import PostgresRepairs

    return RepairService(PostgresRepairs(database()), wiring.imports(), SystemClock(), RandomIds())

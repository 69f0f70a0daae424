"""What data is plugged into: its schema in Postgres, the bucket, Step Functions."""

from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from bifrost.adapters.clock import SystemClock
from bifrost.adapters.ids import RandomIds
from bifrost.adapters.postgres.imports import PostgresImports
from bifrost.adapters.postgres.market.instruments import PostgresReference
from bifrost.adapters.postgres.market_data import PostgresMarketData
from bifrost.adapters.postgres.replays import PostgresReplays
from bifrost.data.files.import_service import ImportService
from bifrost.data.reference.service import ReferenceService
from bifrost.data.service import DataService
from bifrost.runtime.plugs import database, objects, workflows

if TYPE_CHECKING:
    from bifrost.data.series.ticks import TickReader


@lru_cache
def imports() -> ImportService:
    """The way in for files."""
    return ImportService(
        imports=PostgresImports(database()),
        objects=objects(),
        clock=SystemClock(),
        ids=RandomIds(),
    )


@lru_cache
def reference() -> ReferenceService:
    """Instruments over time."""
    return ReferenceService(
        reader=PostgresReference(database()),
        imports=PostgresImports(database()),
        clock=SystemClock(),
        ids=RandomIds(),
    )


@lru_cache
def data() -> DataService:
    """What is stored, and replays of it."""
    return DataService(
        market_data=PostgresMarketData(database()),
        replays=PostgresReplays(database()),
        workflows=workflows(),
        clock=SystemClock(),
        ids=RandomIds(),
    )


@lru_cache
def ticks() -> "TickReader":
    """Single quotes and trades; who asks for them loads numpy."""
    from bifrost.adapters.postgres.market.ticks import PostgresTickReader

    return PostgresTickReader(database())


def now() -> datetime:
    """Return this instant."""
    return SystemClock().now()

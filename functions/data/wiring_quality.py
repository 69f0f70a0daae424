"""What quality is plugged into."""

from functools import lru_cache

from bifrost.adapters.clock import SystemClock
from bifrost.adapters.ids import RandomIds
from bifrost.adapters.postgres.market.quality_books import PostgresCompleteness, PostgresReleases
from bifrost.adapters.postgres.market.quality_reads import PostgresQualityReader
from bifrost.data.quality.service import QualityService
from bifrost.runtime.plugs import database


@lru_cache
def quality() -> QualityService:
    """How good stored data is."""
    return QualityService(
        reader=PostgresQualityReader(database()),
        completeness=PostgresCompleteness(database()),
        releases=PostgresReleases(database()),
        clock=SystemClock(),
        ids=RandomIds(),
    )

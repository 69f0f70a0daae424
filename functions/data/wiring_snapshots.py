"""What snapshots are plugged into. numpy stands behind it: only who asks for them loads it."""

from functools import lru_cache

from bifrost.adapters.clock import SystemClock
from bifrost.adapters.postgres.market.facts import PostgresFacts
from bifrost.adapters.postgres.market.snapshots import PostgresSnapshotMaker, PostgresSnapshots
from bifrost.data.snapshots.service import SnapshotService
from bifrost.runtime.plugs import database


@lru_cache
def snapshots() -> SnapshotService:
    """Snapshots for screening, and the facts in them."""
    return SnapshotService(
        maker=PostgresSnapshotMaker(database()),
        book=PostgresSnapshots(database()),
        facts=PostgresFacts(database()),
        clock=SystemClock(),
    )

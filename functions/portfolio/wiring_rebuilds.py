"""What rebuilds are plugged into."""

from functools import lru_cache

from bifrost.adapters.clock import SystemClock
from bifrost.adapters.ids import RandomIds
from bifrost.adapters.postgres.database import Database
from bifrost.adapters.postgres.portfolio_books import PostgresLibrary
from bifrost.adapters.postgres.portfolio_rebuilds import PostgresRebuildReader, PostgresRebuilds
from bifrost.portfolio.rebuilds import Rebuilds
from bifrost.runtime import plugs
from bifrost.runtime.plugs import database, second_database


@lru_cache
def rebuilds() -> Rebuilds:
    """Who begins rebuilds, and ends those that died."""
    return _rebuilds(database())


@lru_cache
def rebuilding() -> Rebuilds:
    """Who does their work: beside the long transaction that reads, a connection tells of it."""
    return _rebuilds(second_database())


def rebuild_reader(owner: str) -> PostgresRebuildReader:
    """The rebuilds of one owner, to read."""
    return PostgresRebuildReader(database(), owner)


def _rebuilds(telling: Database) -> Rebuilds:
    store = PostgresRebuilds(telling)
    return Rebuilds(
        store, PostgresLibrary(database()), plugs.workflows(), SystemClock(), RandomIds()
    )

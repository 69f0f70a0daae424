"""What imports and exports are plugged into."""

from functools import lru_cache

from bifrost.adapters.clock import SystemClock
from bifrost.adapters.ids import RandomIds
from bifrost.adapters.postgres.portfolio_imports import PostgresImportReader
from bifrost.portfolio.imports.service import Imports
from bifrost.runtime.plugs import database
from functions.portfolio import wiring


@lru_cache
def imports() -> Imports:
    """Who takes histories in; loaded by those who ask for it, not by a task."""
    return Imports(wiring.library(), SystemClock(), RandomIds())


def histories(owner: str) -> PostgresImportReader:
    """The imports and the history of one owner, to read."""
    return PostgresImportReader(database(), owner)

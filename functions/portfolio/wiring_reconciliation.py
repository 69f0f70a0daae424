"""What comparing the books with the venue's is plugged into."""

from functools import lru_cache

from bifrost.adapters.clock import SystemClock
from bifrost.adapters.ids import RandomIds
from bifrost.adapters.postgres.portfolio_statements import PostgresStatementReader
from bifrost.portfolio.reconciling import Reconciler
from bifrost.portfolio.statements import StatementReader
from bifrost.runtime.plugs import database
from functions.portfolio import wiring


@lru_cache
def reconciler() -> Reconciler:
    """Who holds the books against the venue's; loaded by those who compare."""
    return Reconciler(wiring.library(), SystemClock(), RandomIds())


def statements(owner: str) -> StatementReader:
    """The statements and comparisons of one owner, to read."""
    return PostgresStatementReader(database(), owner)


@lru_cache
def clock() -> SystemClock:
    """Wall time: the age of a break."""
    return SystemClock()

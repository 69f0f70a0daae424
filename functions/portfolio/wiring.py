"""What portfolio is plugged into: its own schema in Postgres, and the withdrawal's workflow."""

from functools import lru_cache

from bifrost.adapters.clock import SystemClock
from bifrost.adapters.ids import RandomIds
from bifrost.adapters.postgres.portfolio_books import PostgresLibrary
from bifrost.adapters.postgres.portfolio_reads import PostgresReader
from bifrost.portfolio.ownership import Ownership
from bifrost.portfolio.ports import Library, Reader
from bifrost.portfolio.service import PortfolioService
from bifrost.portfolio.withdrawals import Withdrawals
from bifrost.runtime.plugs import database, workflows


@lru_cache
def portfolio() -> PortfolioService:
    """Who keeps the books."""
    return PortfolioService(_library(), SystemClock(), RandomIds())


@lru_cache
def withdrawals() -> Withdrawals:
    """Who lets cash out."""
    return Withdrawals(_library(), SystemClock(), RandomIds(), workflows())


@lru_cache
def ownership() -> Ownership:
    """Who keeps what an owner has in order."""
    return Ownership(_library(), SystemClock(), RandomIds())


def reader(owner: str) -> Reader:
    """The books of one owner, to read."""
    return PostgresReader(database(), owner)


@lru_cache
def _library() -> Library:
    return PostgresLibrary(database())

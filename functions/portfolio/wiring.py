"""What portfolio is plugged into: its own schema in Postgres, and the withdrawal's workflow."""

from functools import lru_cache
from typing import TYPE_CHECKING

from bifrost.adapters.calendars.baked import BakedSessions, session_of
from bifrost.adapters.clock import SystemClock
from bifrost.adapters.ids import RandomIds
from bifrost.adapters.postgres.portfolio_books import PostgresLibrary
from bifrost.portfolio.corporate_acts import CorporateActs
from bifrost.portfolio.ports import Library, Reader
from bifrost.portfolio.service import PortfolioService
from bifrost.portfolio.withdrawals import Withdrawals
from bifrost.runtime.plugs import database, workflows

if TYPE_CHECKING:
    from bifrost.adapters.postgres.portfolio_lots import PostgresLotReader
    from bifrost.adapters.postgres.portfolio_performance import PostgresPerformance
    from bifrost.portfolio.ownership import Ownership
    from bifrost.portfolio.snapshots import Recorder


@lru_cache
def portfolio() -> PortfolioService:
    """Who keeps the books."""
    return PortfolioService(library(), SystemClock(), RandomIds(), session_of)


@lru_cache
def withdrawals() -> Withdrawals:
    """Who lets cash out."""
    return Withdrawals(library(), SystemClock(), RandomIds(), workflows(), session_of)


@lru_cache
def corporate_acts() -> CorporateActs:
    """Who applies corporate actions, and corrects them."""
    return CorporateActs(library(), SystemClock(), RandomIds(), session_of)


@lru_cache
def recorder() -> "Recorder":
    """Who records what accounts are worth; loaded by those who ask for it."""
    from bifrost.adapters.postgres.portfolio_valuations import PostgresSnapshotLibrary
    from bifrost.portfolio.snapshots import Recorder

    sessions = PostgresSnapshotLibrary(database())
    return Recorder(sessions, BakedSessions(), SystemClock(), RandomIds())


def performance(owner: str) -> "PostgresPerformance":
    """The P&L of one owner's books, to read."""
    from bifrost.adapters.postgres.portfolio_performance import PostgresPerformance

    return PostgresPerformance(database(), owner)


@lru_cache
def ownership() -> "Ownership":
    """Who keeps what an owner has in order."""
    from bifrost.portfolio.ownership import Ownership

    return Ownership(library(), SystemClock(), RandomIds())


def lots(owner: str) -> "PostgresLotReader":
    """The lots of one owner, to read."""
    from bifrost.adapters.postgres.portfolio_lots import PostgresLotReader

    return PostgresLotReader(database(), owner)


def reader(owner: str) -> Reader:
    """The books of one owner, to read."""
    from bifrost.adapters.postgres.portfolio_reads import PostgresReader

    return PostgresReader(database(), owner)


@lru_cache
def library() -> Library:
    """The books, to write."""
    return PostgresLibrary(database())

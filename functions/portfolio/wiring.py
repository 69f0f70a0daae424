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
from bifrost.runtime.plugs import database, second_database, workflows

if TYPE_CHECKING:
    from bifrost.adapters.postgres.database import Database
    from bifrost.adapters.postgres.portfolio_couples import PostgresCoupleReader
    from bifrost.adapters.postgres.portfolio_imports import PostgresImportReader
    from bifrost.adapters.postgres.portfolio_lots import PostgresLotReader
    from bifrost.adapters.postgres.portfolio_performance import PostgresPerformance
    from bifrost.adapters.postgres.portfolio_rebuilds import PostgresRebuildReader
    from bifrost.portfolio.bookings import CashFlows
    from bifrost.portfolio.cash_ladder import CashStatement
    from bifrost.portfolio.choosing import LotChoices
    from bifrost.portfolio.couples import Couples
    from bifrost.portfolio.imports.service import Imports
    from bifrost.portfolio.ownership import Ownership
    from bifrost.portfolio.rebuilds import Rebuilds
    from bifrost.portfolio.reconciling import Reconciler
    from bifrost.portfolio.snapshots import Recorder
    from bifrost.portfolio.statements import StatementReader
    from bifrost.portfolio.tax.reports import TaxReports


@lru_cache
def portfolio() -> PortfolioService:
    """Who keeps the books."""
    return PortfolioService(_library(), SystemClock(), RandomIds(), session_of)


@lru_cache
def withdrawals() -> Withdrawals:
    """Who lets cash out."""
    return Withdrawals(_library(), SystemClock(), RandomIds(), workflows(), session_of)


@lru_cache
def corporate_acts() -> CorporateActs:
    """Who applies corporate actions, and corrects them."""
    return CorporateActs(_library(), SystemClock(), RandomIds())


@lru_cache
def recorder() -> "Recorder":
    """Who records what accounts are worth; loaded by those who ask for it."""
    from bifrost.adapters.postgres.portfolio_valuations import PostgresSnapshotLibrary
    from bifrost.portfolio.snapshots import Recorder

    library = PostgresSnapshotLibrary(database())
    return Recorder(library, BakedSessions(), SystemClock(), RandomIds())


def performance(owner: str) -> "PostgresPerformance":
    """The P&L of one owner's books, to read."""
    from bifrost.adapters.postgres.portfolio_performance import PostgresPerformance

    return PostgresPerformance(database(), owner)


@lru_cache
def ownership() -> "Ownership":
    """Who keeps what an owner has in order."""
    from bifrost.portfolio.ownership import Ownership

    return Ownership(_library(), SystemClock(), RandomIds())


@lru_cache
def cash_flows() -> "CashFlows":
    """Who books dividends, fees and their like, and corrects them."""
    from bifrost.portfolio.bookings import CashFlows

    return CashFlows(_library(), SystemClock(), RandomIds(), session_of)


@lru_cache
def lot_choices() -> "LotChoices":
    """Who keeps how lots are chosen."""
    from bifrost.portfolio.choosing import LotChoices

    return LotChoices(_library(), SystemClock(), RandomIds(), session_of)


def cash(owner: str, *account_ids: str) -> "CashStatement":
    """What of the owner's cash has settled, and when the rest does."""
    from bifrost.adapters.postgres.settlement import PostgresSettlement
    from bifrost.portfolio.cash_ladder import cash_statement

    found = PostgresSettlement(database(), owner)
    return cash_statement(found, BakedSessions(), SystemClock(), account_ids)


def lots(owner: str) -> "PostgresLotReader":
    """The lots of one owner, to read."""
    from bifrost.adapters.postgres.portfolio_lots import PostgresLotReader

    return PostgresLotReader(database(), owner)


@lru_cache
def reconciler() -> "Reconciler":
    """Who holds the books against the venue's; loaded by those who compare."""
    from bifrost.portfolio.reconciling import Reconciler

    return Reconciler(_library(), SystemClock(), RandomIds())


def statements(owner: str) -> "StatementReader":
    """The statements and comparisons of one owner, to read."""
    from bifrost.adapters.postgres.portfolio_statements import PostgresStatementReader

    return PostgresStatementReader(database(), owner)


@lru_cache
def clock() -> SystemClock:
    """Wall time: the age of a break."""
    return SystemClock()


@lru_cache
def imports() -> "Imports":
    """Who takes histories in; loaded by those who ask for it, not by a task."""
    from bifrost.portfolio.imports.service import Imports

    return Imports(_library(), SystemClock(), RandomIds())


def histories(owner: str) -> "PostgresImportReader":
    """The imports and the history of one owner, to read."""
    from bifrost.adapters.postgres.portfolio_imports import PostgresImportReader

    return PostgresImportReader(database(), owner)


def tax(owner: str) -> "TaxReports":
    """The tax reports over one owner's books."""
    from bifrost.adapters.postgres.portfolio_tax import PostgresTaxReader
    from bifrost.portfolio.tax.reports import TaxReports

    return TaxReports(owner, PostgresTaxReader(database(), owner), lots(owner), SystemClock())


@lru_cache
def couples() -> "Couples":
    """Who takes in who is whose spouse."""
    from bifrost.adapters.postgres.portfolio_couples import PostgresRegister
    from bifrost.portfolio.couples import Couples

    return Couples(PostgresRegister(database()), SystemClock())


def couple(owner: str) -> "PostgresCoupleReader":
    """What one owner says of a spouse, to read."""
    from bifrost.adapters.postgres.portfolio_couples import PostgresCoupleReader

    return PostgresCoupleReader(database(), owner)


def reader(owner: str) -> Reader:
    """The books of one owner, to read."""
    from bifrost.adapters.postgres.portfolio_reads import PostgresReader

    return PostgresReader(database(), owner)


@lru_cache
def rebuilds() -> "Rebuilds":
    """Who begins rebuilds, and ends those that died."""
    return _rebuilds(database())


@lru_cache
def rebuilding() -> "Rebuilds":
    """Who does their work: beside the long transaction that reads, a connection tells of it."""
    return _rebuilds(second_database())


def rebuild_reader(owner: str) -> "PostgresRebuildReader":
    """The rebuilds of one owner, to read."""
    from bifrost.adapters.postgres.portfolio_rebuilds import PostgresRebuildReader

    return PostgresRebuildReader(database(), owner)


@lru_cache
def _library() -> Library:
    return PostgresLibrary(database())


def _rebuilds(telling: "Database") -> "Rebuilds":
    from bifrost.adapters.postgres.portfolio_rebuilds import PostgresRebuilds
    from bifrost.portfolio.rebuilds import Rebuilds

    store = PostgresRebuilds(telling)
    return Rebuilds(store, PostgresLibrary(database()), workflows(), SystemClock(), RandomIds())

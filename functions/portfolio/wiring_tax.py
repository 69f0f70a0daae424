"""What tax reports, and who is whose spouse, are plugged into."""

from functools import lru_cache

from bifrost.adapters.clock import SystemClock
from bifrost.adapters.postgres.portfolio_couples import PostgresCoupleReader, PostgresRegister
from bifrost.adapters.postgres.portfolio_tax import PostgresTaxReader
from bifrost.portfolio.couples import Couples
from bifrost.portfolio.tax.reports import TaxReports
from bifrost.runtime.plugs import database
from functions.portfolio import wiring


def tax(owner: str) -> TaxReports:
    """The tax reports over one owner's books."""
    return TaxReports(
        owner, PostgresTaxReader(database(), owner), wiring.lots(owner), SystemClock()
    )


@lru_cache
def couples() -> Couples:
    """Who takes in who is whose spouse."""
    return Couples(PostgresRegister(database()), SystemClock())


def couple(owner: str) -> PostgresCoupleReader:
    """What one owner says of a spouse, to read."""
    return PostgresCoupleReader(database(), owner)

"""What cash flows, settlement and the choice of lots are plugged into."""

from functools import lru_cache

from bifrost.adapters.calendars.baked import BakedSessions, session_of
from bifrost.adapters.clock import SystemClock
from bifrost.adapters.ids import RandomIds
from bifrost.adapters.postgres.settlement import PostgresSettlement
from bifrost.portfolio.bookings import CashFlows
from bifrost.portfolio.cash_ladder import CashStatement, cash_statement
from bifrost.portfolio.choosing import LotChoices
from bifrost.runtime.plugs import database
from functions.portfolio import wiring


@lru_cache
def cash_flows() -> CashFlows:
    """Who books dividends, fees and their like, and corrects them."""
    return CashFlows(wiring.library(), SystemClock(), RandomIds(), session_of)


@lru_cache
def lot_choices() -> LotChoices:
    """Who keeps how lots are chosen."""
    return LotChoices(wiring.library(), SystemClock(), RandomIds(), session_of)


def cash(owner: str, *account_ids: str) -> CashStatement:
    """What of the owner's cash has settled, and when the rest does."""
    found = PostgresSettlement(database(), owner)
    return cash_statement(found, BakedSessions(), SystemClock(), account_ids)

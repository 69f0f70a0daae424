"""What compliance is plugged into: its own schema in Postgres."""

from functools import lru_cache

from bifrost.adapters.postgres.compliance import (
    PostgresDecisionLog,
    PostgresDockets,
    PostgresOwnerBook,
)
from bifrost.adapters.postgres.compliance_restricted import PostgresRestrictedList
from bifrost.adapters.postgres.compliance_time import PostgresMarketClock
from bifrost.compliance.ports import (
    DecisionLog,
    Dockets,
    MarketClock,
    OwnerBook,
    RestrictedList,
)
from bifrost.runtime.plugs import database


@lru_cache
def dockets() -> Dockets:
    """Where orders are judged."""
    return PostgresDockets(database())


@lru_cache
def decision_log() -> DecisionLog:
    """What was decided."""
    return PostgresDecisionLog(database())


@lru_cache
def restricted_list() -> RestrictedList:
    """What may not be traded."""
    return PostgresRestrictedList(database())


@lru_cache
def owners() -> OwnerBook:
    """Whose account is whose."""
    return PostgresOwnerBook(database())


@lru_cache
def market_clock() -> MarketClock:
    """The market's time."""
    return PostgresMarketClock(database())

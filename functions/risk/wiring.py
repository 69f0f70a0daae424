"""What risk is plugged into: its own schema in Postgres."""

from functools import lru_cache

from bifrost.adapters.clock import SystemClock
from bifrost.adapters.postgres.risk import PostgresOrderGates
from bifrost.adapters.postgres.risk_accounts import PostgresAccounts, PostgresLimitBook
from bifrost.adapters.postgres.risk_breaks import PostgresComparisons
from bifrost.adapters.postgres.risk_withdrawals import PostgresWithdrawalGates
from bifrost.risk.ports import (
    AccountReader,
    Comparisons,
    FactKeeper,
    LimitBook,
    OrderGates,
    WithdrawalGates,
)
from bifrost.runtime.plugs import database


@lru_cache
def order_gates() -> OrderGates:
    """Where orders are let in."""
    return PostgresOrderGates(database())


@lru_cache
def withdrawal_gates() -> WithdrawalGates:
    """Where cash is let out."""
    return PostgresWithdrawalGates(database())


@lru_cache
def facts() -> FactKeeper:
    """What happened elsewhere."""
    # A task hears nothing, and does not pay for the events.
    from bifrost.adapters.postgres.risk_facts import PostgresFacts

    return PostgresFacts(database())


@lru_cache
def accounts() -> AccountReader:
    """What is known of each account."""
    return PostgresAccounts(database())


@lru_cache
def limit_book() -> LimitBook:
    """The dated limits."""
    return PostgresLimitBook(database())


@lru_cache
def comparisons() -> Comparisons:
    """Where risk is held against the venue."""
    return PostgresComparisons(database())


@lru_cache
def clock() -> SystemClock:
    """Wall time: the age of a break, and today's limits."""
    return SystemClock()

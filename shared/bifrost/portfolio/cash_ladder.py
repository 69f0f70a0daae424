"""An account's cash as its owner asks for it: what has settled, and when the rest does.

It is derived when it is asked for, from the ledger and the rules by their dates: nothing about
settlement is stored, so nothing can disagree with the ledger.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Protocol

from bifrost.core.errors import ConflictError
from bifrost.core.money import EXACT
from bifrost.core.sessions import EXCHANGE, exchange_date
from bifrost.portfolio.cash_violations import Trade, Transfer, Violation, violations
from bifrost.portfolio.overdrafts import Overdraft, overdraft
from bifrost.portfolio.ports import Clock
from bifrost.portfolio.settlement import (
    UNSETTLED_FOR,
    CashMove,
    Cycle,
    Ladder,
    NotCoveredError,
    Sessions,
    Settling,
    ladder,
)

# Brokers count violations over twelve months.
_COUNTED_FOR = timedelta(days=365)
# In a margin account what has not settled is lent: it breaks neither rule.
_LENT_TO = frozenset({"margin"})


@dataclass(frozen=True, slots=True)
class AccountCash:
    """What the ledger says of one account's cash in one currency."""

    account_id: str
    kind: str
    account_currency: str
    currency: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class History:
    """What moved an account's cash, in its order; `moved` is the sum of it.

    held: the positions before.
    """

    happened: tuple[Trade | Transfer, ...]
    moved: Decimal
    held: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class CashStatement:
    """The cash of accounts on one day of the market; each line beside its account."""

    as_of: date
    ladders: tuple[tuple[str, Ladder], ...]
    violations: tuple[tuple[str, Violation], ...]
    overdrawn: tuple[tuple[str, Overdraft], ...] = ()


class CashReader(Protocol):
    """Reads for one owner."""

    def market_time(self) -> datetime | None:
        """Return the newest instant of the market that is known; None before the first bar."""

    def cycles(self) -> list[Cycle]:
        """Return the settlement cycles with the dates from which they count."""

    def cash(self, account_ids: Sequence[str]) -> list[AccountCash]:
        """Return each account's cash, its own currency first."""

    def trades(self, account_ids: Sequence[str], since: datetime) -> dict[str, list[CashMove]]:
        """Return what fills since then did to the cash of each account."""

    def history(self, account_id: str, currency: str, since: datetime) -> History:
        """Return what moved the account's cash since then, and what it held before."""


def cash_statement(
    reader: CashReader, sessions: Sessions, clock: Clock, account_ids: Sequence[str]
) -> CashStatement:
    """State the accounts' cash as of market time; before the first bar, of wall time."""
    now = reader.market_time() or clock.now()
    as_of = exchange_date(now)
    calendar = sessions.calendar(as_of - _COUNTED_FOR, as_of + 2 * UNSETTLED_FOR)
    counted_from = calendar.sessions[0]
    by = Settling(reader.cycles(), calendar)
    accounts = reader.cash(account_ids)
    trades = reader.trades(account_ids, now - UNSETTLED_FOR)
    try:
        ladders = tuple(
            (
                one.account_id,
                ladder(one.amount, one.currency, trades.get(one.account_id, ()), by, as_of),
            )
            for one in accounts
        )
        broken = tuple(
            (one.account_id, violation)
            for one in accounts
            if one.currency == one.account_currency and one.kind not in _LENT_TO
            for violation in _broken(reader, one, by, as_of, counted_from)
        )
    except NotCoveredError as error:
        raise ConflictError(f"settlement cannot be told: {error}") from error
    owed = ((one.account_id, overdraft(one.kind, one.currency, one.amount)) for one in accounts)
    overdrawn = tuple((account_id, debit) for account_id, debit in owed if debit is not None)
    return CashStatement(as_of, ladders, broken, overdrawn)


def _broken(
    reader: CashReader, account: AccountCash, by: Settling, as_of: date, since: date
) -> tuple[Violation, ...]:
    begin = datetime.combine(since, time(0), EXCHANGE)
    history = reader.history(account.account_id, account.currency, begin)
    before = EXACT.subtract(account.amount, history.moved)
    return violations(history.happened, by, as_of, settled=before, held=history.held)

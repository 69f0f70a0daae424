"""P&L of stored books: what is asked, between which closes, and what comes back.

A range is the difference of its two ends: everything up to the last close not after `to`, less
everything up to the last close before `from`. What was booked before the market had a time counts
at both. Rates of other currencies are not known here: their lines count once they are exchanged,
and what is still held in them leaves the P&L unknown and is named.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from bifrost.core.corporate_actions import CorporateAction
from bifrost.core.errors import FieldProblem, InvalidInputError
from bifrost.portfolio.pnl import Pnl
from bifrost.portfolio.portfolios import Portfolio, PortfolioKind


class PnlBy(StrEnum):
    """What the lines are grouped by."""

    PORTFOLIO = "portfolio"
    STRATEGY = "strategy"
    POSITION = "position"
    LOT = "lot"


@dataclass(frozen=True, slots=True)
class Close:
    """The last price of a session: nothing that comes after it belongs to the session."""

    session: date
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose lines: the accounts', and of these, where any are named, the strategies' alone."""

    accounts: tuple[str, ...]
    strategies: tuple[str, ...] = ()
    currency: str = "USD"


@dataclass(frozen=True, slots=True)
class PnlAsked:
    """What is asked.

    opened, closed: the ends of a range; None is the beginning of the books, or now.
    after, limit: the page: groups of a name past `after`.
    """

    scope: Scope
    by: PnlBy = PnlBy.PORTFOLIO
    opened: Close | None = None
    closed: Close | None = None
    after: str | None = None
    limit: int = 50

    @property
    def is_of_lots_then(self) -> bool:
        """Whether lots are asked for otherwise than they stand now: of a range, or a strategy."""
        is_otherwise = self.opened or self.closed or self.scope.strategies
        return self.by is PnlBy.LOT and bool(is_otherwise)


@dataclass(frozen=True, slots=True)
class PnlGroup:
    """The P&L of one group.

    name: of the portfolio, strategy, position or lot; empty for what belongs to none.
    instrument: of a position or a lot.
    """

    name: str
    pnl: Pnl
    instrument: str = ""


@dataclass(frozen=True, slots=True)
class PnlFound:
    """All of it, whatever the page shows, and the page's groups by their names."""

    total: Pnl
    groups: tuple[PnlGroup, ...]


class PerformanceReader(Protocol):
    """Reads one owner's books."""

    def close(self, *, until: date) -> Close | None:
        """Return the last close not after a day; None where there is none."""

    def first_session(self) -> date | None:
        """Return the first session that is known."""

    def strategies(self, portfolio_id: str) -> tuple[str, ...]:
        """Name the strategy and those that divide it."""

    def pnl(self, asked: PnlAsked) -> PnlFound:
        """Return the P&L in the accounts' currency."""

    def strategy_sessions(self, scope: Scope) -> list["StrategySession"]:
        """Return each session from the strategies' first trade on, oldest first."""

    def flows(self, scope: Scope) -> list["BookFlow"]:
        """Return what came from outside and what fees took, in the accounts' currency."""

    def prices(
        self, instrument: str, currency: str, between: tuple[date, date]
    ) -> list["PriceOfSession"]:
        """Return the last price of each session, oldest first: from the last one up to the first
        day on, up to the last day; of one that begins after it, its first.
        """

    def actions(self, instrument: str) -> list[CorporateAction]:
        """Return what the issuer did, as it stands."""


def scope_of(reader: PerformanceReader, portfolio: Portfolio) -> Scope:
    """Say whose lines are a portfolio's: its accounts', or in one account a strategy's."""
    if portfolio.kind is PortfolioKind.STRATEGY and portfolio.account_id is not None:
        strategies = reader.strategies(portfolio.portfolio_id)
        return Scope((portfolio.account_id,), strategies, portfolio.currency)
    return Scope(portfolio.accounts, currency=portfolio.currency)


def ends_of(
    reader: PerformanceReader, first: date | None, last: date | None
) -> tuple[Close | None, Close | None]:
    """Find the closes between which a range lies; raise InvalidInputError where there is none."""
    require_order(first, last)
    closed = None if last is None else reader.close(until=last)
    if last is not None and closed is None:
        raise InvalidInputError(no_session("to", f"up to {last}", reader.first_session()))
    if first is None:
        return None, closed
    newest = closed or reader.close(until=date.max)
    if newest is not None and newest.session < first:
        problem = f"no session lies between {first} and {last}"
        if last is None:
            problem = f"no session is known from {first} on"
        fix = f"the last one up to then is {newest.session}"
        raise InvalidInputError(FieldProblem("from", problem, fix))
    before = first.toordinal() - 1
    return (reader.close(until=date.fromordinal(before)) if before else None), closed


def require_order(first: date | None, last: date | None) -> None:
    """Raise InvalidInputError where a range ends before it begins."""
    if first is not None and last is not None and first > last:
        fix = "end the range on the day on which it begins, or later"
        raise InvalidInputError(FieldProblem("to", f"{last} is before {first}", fix))


def no_session(field: str, when: str, first: date | None) -> FieldProblem:
    """Say that no session is known then, and which is the first."""
    fix = f"the first one is {first}" if first else "the market has not told of any: replay one"
    return FieldProblem(field, f"no session is known {when}", fix)


@dataclass(frozen=True, slots=True)
class BookFlow:
    """What came from outside at one instant, less what went there, and what fees took.

    occurred_at: None where it was booked before the market had a time.
    """

    occurred_at: datetime | None
    paid_in: Decimal
    fee: Decimal


@dataclass(frozen=True, slots=True)
class StrategySession:
    """What a strategy's positions were worth at a session's close, in the account's currency.

    worth: None where it is unknown: for want of a price or a rate of what is named in `unpriced`,
        or since it is not known what of an issuer's act on `unattributed` was the strategy's.
    bought: what purchases since the last close cost. taken: what sales, dividends and other income
        since then brought, after their costs.
    short: what it had sold without holding it.
    """

    session: date
    worth: Decimal | None
    bought: Decimal
    taken: Decimal
    unpriced: frozenset[str] = frozenset()
    unattributed: frozenset[str] = frozenset()
    short: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class PriceOfSession:
    """The last price of an instrument in a session."""

    session: date
    price: Decimal


@dataclass(frozen=True, slots=True)
class Failed:
    """Why a measure does not exist; `rates` are those that fit where several do."""

    cause: str
    message: str
    rates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Returns:
    """What books earned; the measures are statistics, in text, so that none becomes an amount.

    unvalued: sessions of unknown worth. unpriced, unattributed: why, as in `StrategySession`.
    """

    opened_on: date
    closed_on: date
    opening: Decimal
    closing: Decimal
    flows: Decimal
    valuations: int
    unvalued: tuple[date, ...]
    unpriced: tuple[str, ...]
    unattributed: tuple[str, ...]
    measures: Mapping[str, str | None]
    failures: Mapping[str, Failed]


@dataclass(frozen=True, slots=True)
class BenchmarkReturns:
    """A benchmark over the same days."""

    symbol: str
    opened_on: date | None
    closed_on: date | None
    measures: Mapping[str, str | None]
    failures: Mapping[str, Failed]

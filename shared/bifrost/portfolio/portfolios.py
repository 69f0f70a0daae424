"""Portfolios: an account's books, what gathers several of them, and strategies that divide one.

    a portfolio without an account      gathers portfolios: its worth is the sum of theirs
    └── an account's portfolio          the books themselves, exactly one for each account
        └── a strategy                  a part of those books, which orders name

Each has one parent at the most, so that nothing is counted twice on the way up: by strategy,
portfolio, account and owner.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from bifrost.core.errors import FieldProblem, InvalidInputError
from bifrost.core.money import exact_sum
from bifrost.portfolio.valuation import Balance


class PortfolioKind(StrEnum):
    """What a portfolio is to the books."""

    PORTFOLIO = "portfolio"
    STRATEGY = "strategy"


@dataclass(frozen=True, slots=True)
class Portfolio:
    """One portfolio.

    account_id: whose books it is or divides; None where it gathers others.
    accounts: the accounts whose books it adds up; none for a strategy, whose part of its account's
        is the transactions that name it.
    """

    portfolio_id: str
    owner: str
    name: str
    kind: PortfolioKind
    currency: str
    account_id: str | None
    parent_id: str | None
    recorded_at: datetime
    version: int = 1
    archived_at: datetime | None = None
    place: int = 0
    accounts: tuple[str, ...] = ()

    @property
    def is_books(self) -> bool:
        """It is an account's books, which begin and end with their account."""
        return self.kind is PortfolioKind.PORTFOLIO and self.account_id is not None

    @property
    def gathers(self) -> bool:
        """It adds up others and has no books of its own."""
        return self.account_id is None


@dataclass(frozen=True, slots=True)
class NewPortfolio:
    """What somebody asks for."""

    owner: str
    name: str
    kind: PortfolioKind
    parent_id: str | None


def place_below(child: Portfolio, parent: Portfolio) -> None:
    """Raise InvalidInputError where `child` cannot stand below `parent`."""
    if parent.archived_at is not None:
        raise misplaced(f"{parent.name} is archived", "name one that is not")
    if child.kind is PortfolioKind.STRATEGY:
        if parent.account_id is None:
            fix = "name the portfolio of an account, or a strategy in it"
            raise misplaced("a strategy divides the books of one account", fix)
        if child.account_id != parent.account_id:
            raise misplaced("its books are another account's", "name a place in its own account")
    elif not parent.gathers:
        fix = "name a portfolio that has no account"
        raise misplaced("only a portfolio without an account gathers others", fix)
    elif child.currency != parent.currency:
        raise misplaced(f"it adds up {parent.currency}", f"name one in {child.currency}")


def misplaced(message: str, fix: str) -> InvalidInputError:
    """Say what is wrong with a parent."""
    return InvalidInputError(FieldProblem("parent_id", message, fix))


def added_up(balances: Iterable[Balance]) -> list[Balance]:
    """Add up the balances of several accounts: one instrument is one position, whoever holds it."""
    groups: dict[tuple[str, str, str], list[Balance]] = {}
    for one in balances:
        groups.setdefault((one.ledger_account, one.instrument, one.currency), []).append(one)
    return [_sum(group) for group in groups.values()]


def _sum(group: list[Balance]) -> Balance:
    if len(group) == 1:
        return group[0]
    quantities = [one.quantity for one in group if one.quantity is not None]
    # An account that is flat carries no price, another that holds does.
    priced = next((one for one in group if one.market_price is not None), group[0])
    return replace(
        priced,
        amount=exact_sum(one.amount for one in group),
        quantity=exact_sum(quantities) if quantities else None,
    )

"""Addresses of what a portfolio earned: P&L by part and group, and returns beside a benchmark."""

from datetime import date
from typing import Annotated

from fastapi import Depends, Query

from bifrost.core.errors import FieldProblem, InvalidInputError
from bifrost.portfolio.performance import (
    BenchmarkReturns,
    PnlAsked,
    PnlBy,
    ends_of,
    require_order,
    scope_of,
)
from bifrost.portfolio.performance_schemas import PnlPage, ReturnsSheet
from bifrost.portfolio.portfolios import Portfolio
from bifrost.portfolio.returns.books import (
    BookSeries,
    beside,
    book_series,
    cut,
    returns_of,
    total_return_levels,
)
from bifrost.portfolio.returns.strategies import strategy_series
from bifrost.runtime.auth import Caller
from bifrost.runtime.http import create_router
from bifrost.wire.dates import MarketDate
from functions.portfolio import wiring
from functions.portfolio.parameters import Limit, PortfolioId

router = create_router()

From = Annotated[
    MarketDate | None,
    Query(alias="from", description="The first session; by default from the first entry on."),
]
To = Annotated[
    MarketDate | None, Query(alias="to", description="The last session; by default up to now.")
]
By = Annotated[PnlBy, Query(description="What to group by.")]
Group = Annotated[
    str | None,
    Query(pattern=r"^\.[\x21-\x7e]{0,300}$", description="`next_cursor` of the page before."),
]
Benchmark = Annotated[
    str | None,
    Query(pattern=r"^[A-Z0-9][A-Z0-9.-]{0,31}$", description="An instrument to compare with."),
]
Net = Annotated[bool, Query(description="After fees; otherwise before them.")]


def dates(first: From = None, last: To = None) -> tuple[date | None, date | None]:
    """Read a range of sessions."""
    require_order(first, last)
    return first, last


Range = Annotated[tuple[date | None, date | None], Depends(dates)]


@router.get("/v1/portfolios/{portfolio_id}/pnl", tags=["portfolio"])
def show_pnl(
    portfolio_id: PortfolioId,
    caller: Caller,
    between: Range,
    by: By = PnlBy.PORTFOLIO,
    limit: Limit = 50,
    cursor: Group = None,
) -> PnlPage:
    """Show what a portfolio earned, by part: all of it, and that of each group.

    It is the same to the last digit whatever it is grouped by, and over two ranges that follow
    each other the sum of both.
    """
    portfolio = wiring.reader(caller.owner).portfolio(portfolio_id)
    reader = wiring.performance(caller.owner)
    ends = ends_of(reader, *between)
    after = None if cursor is None else cursor[1:]
    asked = PnlAsked(scope_of(reader, portfolio), by, *ends, after=after, limit=limit + 1)
    return PnlPage.of(
        reader.pnl(asked),
        portfolio=(portfolio.portfolio_id, portfolio.currency),
        by=by,
        ends=ends,
        limit=limit,
    )


@router.get("/v1/portfolios/{portfolio_id}/returns", tags=["portfolio"])
def show_returns(
    portfolio_id: PortfolioId,
    caller: Caller,
    between: Range,
    benchmark: Benchmark = None,
    net: Net = True,
) -> ReturnsSheet:
    """Show time-weighted, money-weighted and Modified Dietz returns, from the daily valuations.

    Linked at each session's close and at each external flow. `from` and `to` cut whole sessions:
    `opened_on` and `closed_on` say what is covered.

    Of a strategy, which has no cash: what it bought is capital from the start of its session on,
    what sales and income brought has left at the end of theirs. Fees that are booked to the
    account are no strategy's, so its gross and net returns are one.
    """
    portfolio = wiring.reader(caller.owner).portfolio(portfolio_id)
    found = cut(_series(caller.owner, portfolio), *between)
    return ReturnsSheet.of(
        returns_of(found, is_net=net),
        _beside(caller.owner, benchmark, found, portfolio.currency, net=net) if benchmark else None,
        portfolio=(portfolio.portfolio_id, portfolio.currency),
        is_net=net,
    )


def _series(owner: str, portfolio: Portfolio) -> BookSeries:
    performance = wiring.performance(owner)
    scope = scope_of(performance, portfolio)
    if scope.strategies:
        return strategy_series(performance.strategy_sessions(scope))
    valued = wiring.reader(owner).valuations(*scope.accounts, before=date.max, limit=None)
    return book_series(valued[::-1], performance.flows(scope))


def _beside(
    owner: str, symbol: str, books: BookSeries, currency: str, *, net: bool
) -> BenchmarkReturns:
    reader = wiring.performance(owner)
    between = books.series.opened_on, books.series.closed_on
    prices = reader.prices(symbol, currency, between)
    if not prices:
        fix = "name an instrument whose bars have been replayed"
        problem = f"{symbol} has no price in {currency} here"
        raise InvalidInputError(FieldProblem("benchmark", problem, fix))
    return beside(books, symbol, total_return_levels(prices, reader.actions(symbol)), is_net=net)

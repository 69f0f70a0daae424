"""Addresses of what an owner has and may change: accounts, portfolios, watchlists.

Each answer carries its `ETag`; each change asks for it as `If-Match`.
"""

from fastapi import Response

from bifrost.portfolio.owned_schemas import (
    AccountChange,
    PortfolioBody,
    PortfolioChange,
    WatchlistBody,
    WatchlistPage,
    WatchlistSheet,
)
from bifrost.portfolio.schemas import (
    AccountBody,
    AccountPage,
    AccountSheet,
    PortfolioItem,
    PortfolioPage,
    page_of,
)
from bifrost.runtime.auth import Caller
from bifrost.runtime.correlation import correlation_id
from bifrost.runtime.entity_tags import IfMatch, tag
from bifrost.runtime.http import IdempotencyKey, create_router
from functions.portfolio import wiring
from functions.portfolio.parameters import (
    AccountId,
    Archived,
    Cursor,
    Limit,
    PortfolioId,
    WatchlistId,
)

router = create_router()


@router.post("/v1/accounts", status_code=201, tags=["portfolio"])
def open_account(
    body: AccountBody, key: IdempotencyKey, caller: Caller, response: Response
) -> AccountSheet:
    """Open an account with the portfolio of its books."""
    asked = body.to_new_account(caller.owner)
    account_id = wiring.portfolio().open_account(asked, key=key, correlation_id=correlation_id())
    return _account(caller.owner, account_id, response)


@router.get("/v1/accounts", tags=["portfolio"])
def list_accounts(
    caller: Caller, limit: Limit = 50, cursor: Cursor = None, archived: Archived = False
) -> AccountPage:
    """List your accounts."""
    reader = wiring.reader(caller.owner)
    found = reader.accounts(after=int(cursor or 0), limit=limit + 1, archived=archived)
    shown, last = page_of(found, limit)
    return AccountPage(
        items=[AccountSheet.of(one) for one in shown],
        next_cursor=str(last.place) if last else None,
    )


@router.get("/v1/accounts/{account_id}", tags=["portfolio"])
def show_account(account_id: AccountId, caller: Caller, response: Response) -> AccountSheet:
    """Show one of your accounts."""
    return _account(caller.owner, account_id, response)


@router.patch("/v1/accounts/{account_id}", tags=["portfolio"])
def rename_account(
    account_id: AccountId,
    body: AccountChange,
    expected: IfMatch,
    caller: Caller,
    response: Response,
) -> AccountSheet:
    """Give an account another name."""
    wiring.ownership().rename_account(caller.owner, account_id, body.name, expected)
    return _account(caller.owner, account_id, response)


@router.post("/v1/accounts/{account_id}/archive", tags=["portfolio"])
def archive_account(
    account_id: AccountId, expected: IfMatch, caller: Caller, response: Response
) -> AccountSheet:
    """Put an empty account away; while it has cash or positions, a 409 that names them."""
    wiring.ownership().archive_account(caller.owner, account_id, expected)
    return _account(caller.owner, account_id, response)


@router.post("/v1/accounts/{account_id}/unarchive", tags=["portfolio"])
def unarchive_account(
    account_id: AccountId, expected: IfMatch, caller: Caller, response: Response
) -> AccountSheet:
    """Take an archived account back, with the portfolios that went away with it."""
    wiring.ownership().unarchive_account(caller.owner, account_id, expected)
    return _account(caller.owner, account_id, response)


@router.post("/v1/portfolios", status_code=201, tags=["portfolio"])
def create_portfolio(
    body: PortfolioBody, key: IdempotencyKey, caller: Caller, response: Response
) -> PortfolioItem:
    """Make a portfolio that gathers others, or a strategy in an account's portfolio."""
    asked = body.to_new_portfolio(caller.owner)
    portfolio_id = wiring.ownership().create_portfolio(
        asked, key=key, correlation_id=correlation_id()
    )
    return _portfolio(caller.owner, portfolio_id, response)


@router.get("/v1/portfolios", tags=["portfolio"])
def list_portfolios(
    caller: Caller, limit: Limit = 50, cursor: Cursor = None, archived: Archived = False
) -> PortfolioPage:
    """List your portfolios and strategies; `parent_id` says what stands in what."""
    reader = wiring.reader(caller.owner)
    found = reader.portfolios(after=int(cursor or 0), limit=limit + 1, archived=archived)
    shown, last = page_of(found, limit)
    return PortfolioPage(
        items=[PortfolioItem.of(one) for one in shown],
        next_cursor=str(last.place) if last else None,
    )


@router.patch("/v1/portfolios/{portfolio_id}", tags=["portfolio"])
def change_portfolio(
    portfolio_id: PortfolioId,
    body: PortfolioChange,
    expected: IfMatch,
    caller: Caller,
    response: Response,
) -> PortfolioItem:
    """Give a portfolio another name, another place, or both."""
    changes = body.to_changes()
    wiring.ownership().change_portfolio(
        caller.owner, portfolio_id, changes, expected, correlation_id=correlation_id()
    )
    return _portfolio(caller.owner, portfolio_id, response)


@router.post("/v1/portfolios/{portfolio_id}/archive", tags=["portfolio"])
def archive_portfolio(
    portfolio_id: PortfolioId, expected: IfMatch, caller: Caller, response: Response
) -> PortfolioItem:
    """Put a portfolio or a strategy away; while others stand in it, a 409 that names them."""
    wiring.ownership().archive_portfolio(
        caller.owner, portfolio_id, expected, correlation_id=correlation_id()
    )
    return _portfolio(caller.owner, portfolio_id, response)


@router.post("/v1/portfolios/{portfolio_id}/unarchive", tags=["portfolio"])
def unarchive_portfolio(
    portfolio_id: PortfolioId, expected: IfMatch, caller: Caller, response: Response
) -> PortfolioItem:
    """Take an archived portfolio or strategy back to where it stood."""
    wiring.ownership().unarchive_portfolio(
        caller.owner, portfolio_id, expected, correlation_id=correlation_id()
    )
    return _portfolio(caller.owner, portfolio_id, response)


@router.post("/v1/watchlists", status_code=201, tags=["portfolio"])
def create_watchlist(
    body: WatchlistBody, key: IdempotencyKey, caller: Caller, response: Response
) -> WatchlistSheet:
    """Make a watchlist; each of its instruments must be listed."""
    asked = body.to_new_watchlist(caller.owner)
    return _watchlist(caller.owner, wiring.ownership().create_watchlist(asked, key=key), response)


@router.get("/v1/watchlists", tags=["portfolio"])
def list_watchlists(caller: Caller, limit: Limit = 50, cursor: Cursor = None) -> WatchlistPage:
    """List your watchlists with their instruments."""
    found = wiring.reader(caller.owner).watchlists(after=int(cursor or 0), limit=limit + 1)
    shown, last = page_of(found, limit)
    return WatchlistPage(
        items=[WatchlistSheet.of(one) for one in shown],
        next_cursor=str(last.place) if last else None,
    )


@router.get("/v1/watchlists/{watchlist_id}", tags=["portfolio"])
def show_watchlist(watchlist_id: WatchlistId, caller: Caller, response: Response) -> WatchlistSheet:
    """Show one of your watchlists."""
    return _watchlist(caller.owner, watchlist_id, response)


@router.put("/v1/watchlists/{watchlist_id}", tags=["portfolio"])
def replace_watchlist(
    watchlist_id: WatchlistId,
    body: WatchlistBody,
    expected: IfMatch,
    caller: Caller,
    response: Response,
) -> WatchlistSheet:
    """Replace a watchlist: its name, its instruments and their order."""
    asked = body.to_new_watchlist(caller.owner)
    wiring.ownership().replace_watchlist(watchlist_id, asked, expected)
    return _watchlist(caller.owner, watchlist_id, response)


@router.delete("/v1/watchlists/{watchlist_id}", tags=["portfolio"])
def delete_watchlist(
    watchlist_id: WatchlistId, expected: IfMatch, caller: Caller
) -> WatchlistSheet:
    """Forget a watchlist; the answer shows it as it was."""
    ownership = wiring.ownership()
    return WatchlistSheet.of(ownership.delete_watchlist(caller.owner, watchlist_id, expected))


def _account(owner: str, account_id: str, response: Response) -> AccountSheet:
    account = wiring.reader(owner).account(account_id)
    tag(response, account.version)
    return AccountSheet.of(account)


def _portfolio(owner: str, portfolio_id: str, response: Response) -> PortfolioItem:
    portfolio = wiring.reader(owner).portfolio(portfolio_id)
    tag(response, portfolio.version)
    return PortfolioItem.of(portfolio)


def _watchlist(owner: str, watchlist_id: str, response: Response) -> WatchlistSheet:
    watchlist = wiring.reader(owner).watchlist(watchlist_id)
    tag(response, watchlist.version)
    return WatchlistSheet.of(watchlist)

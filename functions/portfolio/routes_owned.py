"""Addresses of what an owner has and may change: accounts and portfolios.

Each answer carries its `ETag`; each change asks for it as `If-Match`.
"""

from fastapi import Response

from bifrost.portfolio.owned_schemas import (
    AccountChange,
    PortfolioBody,
    PortfolioChange,
)
from bifrost.portfolio.schemas import (
    AccountBody,
    AccountPage,
    AccountSheet,
    PortfolioItem,
    PortfolioPage,
)
from bifrost.runtime.auth import Caller
from bifrost.runtime.correlation import correlation_id
from bifrost.runtime.entity_tags import IfMatch, tag
from bifrost.runtime.http import IdempotencyKey, create_router
from bifrost.wire.pages import page_of
from functions.portfolio import wiring
from functions.portfolio.parameters import (
    AccountId,
    Archived,
    Cursor,
    Limit,
    PortfolioId,
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


def _account(owner: str, account_id: str, response: Response) -> AccountSheet:
    account = wiring.reader(owner).account(account_id)
    tag(response, account.version)
    return AccountSheet.of(account)


def _portfolio(owner: str, portfolio_id: str, response: Response) -> PortfolioItem:
    portfolio = wiring.reader(owner).portfolio(portfolio_id)
    tag(response, portfolio.version)
    return PortfolioItem.of(portfolio)

"""Portfolio's addresses: accounts, cash in and out, and what the books say."""

from datetime import date
from typing import Annotated

from fastapi import Path, Query

from bifrost.core.errors import FieldProblem, InvalidInputError
from bifrost.portfolio.accounts import Account
from bifrost.portfolio.schemas import (
    AccountBody,
    AccountPage,
    AccountSheet,
    CashBody,
    DepositSheet,
    LedgerPage,
    PortfolioItem,
    PortfolioPage,
    PortfolioSheet,
    PositionList,
    PositionSheet,
    SessionWorthSheet,
    TransactionSheet,
    ValuationPage,
    WithdrawalSheet,
    page_of,
)
from bifrost.portfolio.valuation import value
from bifrost.runtime.auth import Caller
from bifrost.runtime.correlation import correlation_id
from bifrost.runtime.health import database_check, queue_check
from bifrost.runtime.http import IdempotencyKey, create_app
from bifrost.wire.identifiers import ID_PATTERN
from functions.portfolio import wiring

app = create_app("portfolio", checks={"database": database_check, "queue": queue_check})

_LAST_PLACE = 2**63 - 1
AccountId = Annotated[str, Path(pattern=ID_PATTERN, description="The account.")]
PortfolioId = Annotated[str, Path(pattern=ID_PATTERN, description="The portfolio.")]
Limit = Annotated[int, Query(ge=1, le=200, description="How many to show.")]
Cursor = Annotated[
    str | None,
    Query(pattern=r"^[0-9]{1,18}$", description="`next_cursor` of the page before."),
]
Before = Annotated[
    str | None,
    Query(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", description="`next_cursor` of the page before."),
]


@app.post("/v1/accounts", status_code=201, tags=["portfolio"])
def open_account(body: AccountBody, key: IdempotencyKey, caller: Caller) -> AccountSheet:
    """Open an account with its default portfolio."""
    asked = body.to_new_account(caller.owner)
    account_id = wiring.portfolio().open_account(asked, key=key, correlation_id=correlation_id())
    return AccountSheet.of(wiring.reader().account(caller.owner, account_id))


@app.get("/v1/accounts", tags=["portfolio"])
def list_accounts(caller: Caller, limit: Limit = 50, cursor: Cursor = None) -> AccountPage:
    """List your accounts."""
    shown, next_cursor = _accounts(caller.owner, limit, cursor)
    return AccountPage(items=[AccountSheet.of(one) for one in shown], next_cursor=next_cursor)


@app.get("/v1/accounts/{account_id}", tags=["portfolio"])
def show_account(account_id: AccountId, caller: Caller) -> AccountSheet:
    """Show one of your accounts."""
    return AccountSheet.of(wiring.reader().account(caller.owner, account_id))


@app.post("/v1/accounts/{account_id}/deposits", status_code=201, tags=["portfolio"])
def deposit(
    account_id: AccountId, body: CashBody, key: IdempotencyKey, caller: Caller
) -> DepositSheet:
    """Take cash into an account."""
    asked = body.to_request(
        owner=caller.owner, account_id=account_id, key=key, correlation_id=correlation_id()
    )
    posted = wiring.portfolio().deposit(asked)
    account = wiring.reader().account(caller.owner, account_id)
    return DepositSheet.of(posted, body, account.currency)


@app.post("/v1/accounts/{account_id}/withdrawals", status_code=201, tags=["portfolio"])
def withdraw(
    account_id: AccountId, body: CashBody, key: IdempotencyKey, caller: Caller
) -> WithdrawalSheet:
    """Let cash out, if risk finds nothing else that has a claim on it; refused is a 422."""
    asked = body.to_request(
        owner=caller.owner, account_id=account_id, key=key, correlation_id=correlation_id()
    )
    return WithdrawalSheet.of(wiring.withdrawals().withdraw(asked))


@app.get("/v1/portfolios", tags=["portfolio"])
def list_portfolios(caller: Caller, limit: Limit = 50, cursor: Cursor = None) -> PortfolioPage:
    """List your portfolios."""
    shown, next_cursor = _accounts(caller.owner, limit, cursor)
    return PortfolioPage(items=[PortfolioItem.of(one) for one in shown], next_cursor=next_cursor)


@app.get("/v1/portfolios/{portfolio_id}", tags=["portfolio"])
def show_portfolio(portfolio_id: PortfolioId, caller: Caller) -> PortfolioSheet:
    """Show what a portfolio is worth now, and its profit and loss."""
    account = wiring.reader().account_of_portfolio(caller.owner, portfolio_id)
    return PortfolioSheet.of(account, value(wiring.reader().balances(account.account_id)))


@app.get("/v1/portfolios/{portfolio_id}/positions", tags=["portfolio"])
def list_positions(portfolio_id: PortfolioId, caller: Caller) -> PositionList:
    """Show what a portfolio holds."""
    account = wiring.reader().account_of_portfolio(caller.owner, portfolio_id)
    positions = value(wiring.reader().balances(account.account_id)).positions
    return PositionList(items=[PositionSheet.of(one) for one in positions])


@app.get("/v1/portfolios/{portfolio_id}/ledger", tags=["portfolio"])
def list_ledger(
    portfolio_id: PortfolioId, caller: Caller, limit: Limit = 50, cursor: Cursor = None
) -> LedgerPage:
    """Show the ledger's transactions, newest first."""
    account = wiring.reader().account_of_portfolio(caller.owner, portfolio_id)
    before = int(cursor) if cursor else _LAST_PLACE
    found = wiring.reader().ledger(account.account_id, before=before, limit=limit + 1)
    shown, last = page_of(found, limit)
    return LedgerPage(
        items=[TransactionSheet.of(one) for one in shown],
        next_cursor=str(last.place) if last else None,
    )


@app.get("/v1/portfolios/{portfolio_id}/valuations", tags=["portfolio"])
def list_valuations(
    portfolio_id: PortfolioId, caller: Caller, limit: Limit = 50, cursor: Before = None
) -> ValuationPage:
    """Show what a portfolio was worth at each session's close, newest first."""
    account = wiring.reader().account_of_portfolio(caller.owner, portfolio_id)
    before = _date(cursor) if cursor else date.max
    found = wiring.reader().valuations(account.account_id, before=before, limit=limit + 1)
    shown, last = page_of(found, limit)
    return ValuationPage(
        items=[SessionWorthSheet.of(one) for one in shown],
        next_cursor=last.session.isoformat() if last else None,
    )


def _accounts(owner: str, limit: int, cursor: str | None) -> tuple[list[Account], str | None]:
    found = wiring.reader().accounts(owner, after=int(cursor or 0), limit=limit + 1)
    shown, last = page_of(found, limit)
    return list(shown), str(last.place) if last else None


def _date(cursor: str) -> date:
    try:
        return date.fromisoformat(cursor)
    except ValueError as error:
        fix = "send `next_cursor` of the page before, as it came"
        raise InvalidInputError(FieldProblem("cursor", str(error), fix)) from error

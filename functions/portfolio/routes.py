"""Portfolio's addresses: accounts, cash in and out, and what the books say."""

from datetime import date
from typing import Annotated

from fastapi import Query, Response

from bifrost.core.errors import FieldProblem, InvalidInputError
from bifrost.portfolio.schemas import (
    CashBody,
    DepositSheet,
    LedgerPage,
    PortfolioSheet,
    PositionList,
    PositionSheet,
    SessionWorthSheet,
    TransactionSheet,
    ValuationPage,
    WithdrawalSheet,
)
from bifrost.portfolio.valuation import value
from bifrost.runtime.auth import Caller
from bifrost.runtime.correlation import correlation_id
from bifrost.runtime.entity_tags import tag
from bifrost.runtime.health import database_check, queue_check
from bifrost.runtime.http import IdempotencyKey, create_app
from bifrost.runtime.subjects import take_in
from bifrost.wire.pages import page_of
from functions.portfolio import routes_owned, wiring
from functions.portfolio.parameters import AccountId, Cursor, Limit, PortfolioId

app = create_app("portfolio", checks={"database": database_check, "queue": queue_check})

_LAST_PLACE = 2**63 - 1
Before = Annotated[
    str | None,
    Query(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", description="`next_cursor` of the page before."),
]


take_in(app, routes_owned.router)
for subject, words in {
    "cash": ("cash", "cash-flows", "lots", "lot-selection", "reversals"),
    "couple": ("spouse",),
    "imports": ("imports", "activities", "lot-history"),
    "performance": ("pnl", "returns"),
    "rebuilds": ("rebuilds",),
    "reconciliation": ("statements", "reconciliation"),
    "tax": ("tax",),
    "watchlists": ("watchlists",),
}.items():
    app.take_in_later(f"functions.portfolio.routes_{subject}", *words)


@app.post("/v1/accounts/{account_id}/deposits", status_code=201, tags=["portfolio"])
def deposit(
    account_id: AccountId, body: CashBody, key: IdempotencyKey, caller: Caller
) -> DepositSheet:
    """Take cash into an account."""
    asked = body.to_request(
        owner=caller.owner, account_id=account_id, key=key, correlation_id=correlation_id()
    )
    posted = wiring.portfolio().deposit(asked)
    account = wiring.reader(caller.owner).account(account_id)
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


@app.get("/v1/portfolios/{portfolio_id}", tags=["portfolio"])
def show_portfolio(portfolio_id: PortfolioId, caller: Caller, response: Response) -> PortfolioSheet:
    """Show what a portfolio is worth now, and its profit and loss."""
    reader = wiring.reader(caller.owner)
    portfolio = reader.portfolio(portfolio_id)
    tag(response, portfolio.version)
    return PortfolioSheet.valued(portfolio, value(reader.balances(*portfolio.accounts)))


@app.get("/v1/portfolios/{portfolio_id}/positions", tags=["portfolio"])
def list_positions(portfolio_id: PortfolioId, caller: Caller) -> PositionList:
    """Show what a portfolio holds."""
    reader = wiring.reader(caller.owner)
    positions = value(reader.balances(*reader.portfolio(portfolio_id).accounts)).positions
    return PositionList(items=[PositionSheet.of(one) for one in positions])


@app.get("/v1/portfolios/{portfolio_id}/ledger", tags=["portfolio"])
def list_ledger(
    portfolio_id: PortfolioId, caller: Caller, limit: Limit = 50, cursor: Cursor = None
) -> LedgerPage:
    """Show the ledger's transactions, newest first."""
    reader = wiring.reader(caller.owner)
    accounts = reader.portfolio(portfolio_id).accounts
    before = int(cursor) if cursor else _LAST_PLACE
    found = reader.ledger(*accounts, before=before, limit=limit + 1)
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
    reader = wiring.reader(caller.owner)
    accounts = reader.portfolio(portfolio_id).accounts
    before = _date(cursor) if cursor else date.max
    found = reader.valuations(*accounts, before=before, limit=limit + 1)
    shown, last = page_of(found, limit)
    return ValuationPage(
        items=[SessionWorthSheet.of(one) for one in shown],
        next_cursor=last.session.isoformat() if last else None,
    )


def _date(cursor: str) -> date:
    try:
        return date.fromisoformat(cursor)
    except ValueError as error:
        fix = "send `next_cursor` of the page before, as it came"
        raise InvalidInputError(FieldProblem("cursor", str(error), fix)) from error

"""Addresses of cash that moves without a trade, its corrections, its settlement, and of lots."""

from typing import Annotated

from fastapi import Query

from bifrost.portfolio.cash_schemas import (
    CashFlowBody,
    CashSheet,
    ChoiceBody,
    ChoiceSheet,
    LotPage,
    LotSheet,
    ReversalBody,
    StandingBody,
)
from bifrost.portfolio.schemas import TransactionSheet
from bifrost.runtime.auth import Caller
from bifrost.runtime.correlation import correlation_id
from bifrost.runtime.http import IdempotencyKey, create_router
from bifrost.wire.pages import page_of
from functions.portfolio import wiring, wiring_cash
from functions.portfolio.parameters import (
    AccountId,
    Cursor,
    Limit,
    OrderId,
    PortfolioId,
    TransactionId,
)

router = create_router()

Instrument = Annotated[
    str,
    Query(pattern=r"^([A-Z0-9][A-Z0-9.-]{0,31})?$", description="Of this instrument only."),
]


@router.post("/v1/accounts/{account_id}/cash-flows", status_code=201, tags=["portfolio"])
def book_cash_flow(
    account_id: AccountId, body: CashFlowBody, key: IdempotencyKey, caller: Caller
) -> TransactionSheet:
    """Book a dividend, interest, a fee, a withheld tax or an exchange of currencies."""
    asked = body.to_request(
        owner=caller.owner, account_id=account_id, key=key, correlation_id=correlation_id()
    )
    return TransactionSheet.of(wiring_cash.cash_flows().book(asked))


@router.post(
    "/v1/accounts/{account_id}/ledger/{transaction_id}/reversals",
    status_code=201,
    tags=["portfolio"],
)
def reverse_transaction(
    account_id: AccountId,
    transaction_id: TransactionId,
    body: ReversalBody,
    key: IdempotencyKey,
    caller: Caller,
) -> TransactionSheet:
    """Undo a booked cash flow by its opposite; the ledger keeps both."""
    asked = body.to_request(
        owner=caller.owner,
        account_id=account_id,
        transaction_id=transaction_id,
        key=key,
        correlation_id=correlation_id(),
    )
    return TransactionSheet.of(wiring_cash.cash_flows().reverse(asked))


@router.get("/v1/accounts/{account_id}/lots", tags=["portfolio"])
def list_lots(
    account_id: AccountId,
    caller: Caller,
    instrument: Instrument = "",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> LotPage:
    """List an account's open lots, oldest first."""
    lots = wiring.lots(caller.owner)
    method, methods = lots.methods(account_id)
    found = lots.lots(account_id, instrument, after=int(cursor or 0), limit=limit + 1)
    shown, last = page_of(found, limit)
    return LotPage(
        method=method,
        methods=methods,
        items=[LotSheet.of(one) for _, one in shown],
        next_cursor=str(last[0]) if last else None,
    )


@router.put("/v1/accounts/{account_id}/lot-selection", tags=["portfolio"])
def choose_method(account_id: AccountId, body: StandingBody, caller: Caller) -> ChoiceSheet:
    """Say how sales choose their lots, the account's or an instrument's; from the next fill on."""
    asked = body.to_request(
        owner=caller.owner, account_id=account_id, correlation_id=correlation_id()
    )
    wiring_cash.lot_choices().choose(asked)
    return ChoiceSheet.of(asked)


@router.put("/v1/accounts/{account_id}/lot-selection/{order_id}", tags=["portfolio"])
def choose_lots(
    account_id: AccountId, order_id: OrderId, body: ChoiceBody, caller: Caller
) -> ChoiceSheet:
    """Say how one order chooses its lots, or name them; until its first fill is booked."""
    asked = body.to_request(
        owner=caller.owner,
        account_id=account_id,
        order_id=order_id,
        correlation_id=correlation_id(),
    )
    wiring_cash.lot_choices().choose(asked)
    return ChoiceSheet.of(asked)


@router.get("/v1/portfolios/{portfolio_id}/cash", tags=["portfolio"])
def show_cash(portfolio_id: PortfolioId, caller: Caller) -> CashSheet:
    """Show what of a portfolio's cash has settled, and when the rest does."""
    accounts = wiring.reader(caller.owner).portfolio(portfolio_id).accounts
    return CashSheet.of(portfolio_id, wiring_cash.cash(caller.owner, *accounts))

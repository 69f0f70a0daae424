"""Addresses of statements, and of where the books and the venue differ."""

from bifrost.portfolio.statement_schemas import (
    ReconciliationSheet,
    StatementBody,
    StatementSheet,
)
from bifrost.runtime.auth import Caller
from bifrost.runtime.http import IdempotencyKey, create_router
from functions.portfolio import wiring, wiring_reconciliation
from functions.portfolio.parameters import AccountId

router = create_router()


@router.post("/v1/accounts/{account_id}/statements", status_code=201, tags=["portfolio"])
def keep_statement(
    account_id: AccountId, body: StatementBody, key: IdempotencyKey, caller: Caller
) -> StatementSheet:
    """Keep a broker's statement; from now on the account is compared three ways."""
    asked = body.to_request(caller.owner, account_id, key)
    return StatementSheet.of(wiring_reconciliation.reconciler().keep_statement(asked))


@router.get("/v1/accounts/{account_id}/reconciliation", tags=["portfolio"])
def show_reconciliation(account_id: AccountId, caller: Caller) -> ReconciliationSheet:
    """Show what the last comparison left open, in every book, and what no book could follow."""
    wiring.reader(caller.owner).account(account_id)
    found = wiring_reconciliation.statements(caller.owner)
    return ReconciliationSheet.of(
        account_id,
        found.last_run(account_id),
        found.standing(account_id),
        found.refused_actions(account_id),
        now=wiring_reconciliation.clock().now(),
    )

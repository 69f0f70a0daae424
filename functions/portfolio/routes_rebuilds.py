"""The address of a rebuild."""

from bifrost.portfolio.rebuild_schemas import RebuildSheet
from bifrost.runtime.auth import Caller
from bifrost.runtime.http import create_router
from functions.portfolio import wiring
from functions.portfolio.parameters import AccountId

router = create_router()


@router.post("/v1/accounts/{account_id}/rebuilds", tags=["portfolio"])
def rebuild(account_id: AccountId, caller: Caller) -> RebuildSheet:
    """Rebuild the account's books from its journal, and compare; nothing is changed."""
    account = wiring.reader(caller.owner).account(account_id)
    return RebuildSheet.of(wiring.rebuilt(account.account_id, account.currency))

"""The addresses of rebuilds."""

from typing import Annotated

from fastapi import Path, Response

from bifrost.portfolio.rebuild_schemas import RebuildTaskSheet
from bifrost.portfolio.rebuilds import RebuildRequest
from bifrost.runtime.auth import Caller
from bifrost.runtime.correlation import correlation_id
from bifrost.runtime.http import IdempotencyKey, create_router
from functions.portfolio import wiring, wiring_rebuilds
from functions.portfolio.parameters import AccountId

router = create_router()

RebuildId = Annotated[str, Path(pattern=r"^[A-Za-z0-9-]{1,64}$", description="The rebuild.")]


@router.post("/v1/accounts/{account_id}/rebuilds", status_code=202, tags=["portfolio"])
def start_rebuild(
    account_id: AccountId, key: IdempotencyKey, caller: Caller, response: Response
) -> RebuildTaskSheet:
    """Begin to rebuild the account's books from its journal, and to compare; nothing is changed.

    One rebuild of an account runs at a time: another one is a 409.
    """
    account = wiring.reader(caller.owner).account(account_id)
    asked = RebuildRequest(account.account_id, key, correlation_id())
    task = wiring_rebuilds.rebuilds().start(asked)
    response.headers["Location"] = f"/v1/accounts/{account_id}/rebuilds/{task.rebuild_id}"
    return RebuildTaskSheet.of(task)


@router.get("/v1/accounts/{account_id}/rebuilds/{rebuild_id}", tags=["portfolio"])
def show_rebuild(account_id: AccountId, rebuild_id: RebuildId, caller: Caller) -> RebuildTaskSheet:
    """Show how far a rebuild is; once it is done, what it found."""
    return RebuildTaskSheet.of(
        wiring_rebuilds.rebuild_reader(caller.owner).find(account_id, rebuild_id)
    )

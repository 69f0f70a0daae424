"""Addresses of imports, and of what an export is made from."""

from typing import Annotated

from fastapi import Path, Query

from bifrost.portfolio.import_schemas import (
    ActivityPage,
    ActivitySheet,
    ImportBody,
    ImportPage,
    ImportPreviewSheet,
    ImportSheet,
    LotHistoryPage,
    LotHistorySheet,
    UndoBody,
)
from bifrost.runtime.auth import Caller
from bifrost.runtime.http import IdempotencyKey, create_router
from bifrost.wire.identifiers import ID_PATTERN
from bifrost.wire.pages import page_of
from functions.portfolio import wiring, wiring_imports
from functions.portfolio.parameters import AccountId, Cursor, Limit

router = create_router()

_LAST_PLACE = 2**63 - 1
# Places of imported lots are negative: they stand before every lot of the desk's own.
_FIRST_PLACE = -(2**63)
ImportId = Annotated[str, Path(pattern=ID_PATTERN, description="The import.")]
LotCursor = Annotated[
    str | None,
    Query(pattern=r"^-?[0-9]{1,18}$|^-[0-9]{19}$", description="`next_cursor` before."),
]


@router.post("/v1/accounts/{account_id}/imports/preview", tags=["imports"])
def preview_import(account_id: AccountId, body: ImportBody, caller: Caller) -> ImportPreviewSheet:
    """Say what an import would add, what is there already and what cannot be; write nothing."""
    return ImportPreviewSheet.of(
        wiring_imports.imports().preview(body.to_request(caller.owner, account_id))
    )


@router.post("/v1/accounts/{account_id}/imports", status_code=201, tags=["imports"])
def import_file(
    account_id: AccountId, body: ImportBody, key: IdempotencyKey, caller: Caller
) -> ImportSheet:
    """Book every row of a file that is new, as one import; or, naming each line, none."""
    asked = body.to_request(caller.owner, account_id)
    return ImportSheet.of(wiring_imports.imports().commit(asked, key))


@router.get("/v1/accounts/{account_id}/imports", tags=["imports"])
def list_imports(
    account_id: AccountId, caller: Caller, limit: Limit = 50, cursor: Cursor = None
) -> ImportPage:
    """List an account's imports, newest first."""
    wiring.reader(caller.owner).account(account_id)
    before = int(cursor) if cursor else _LAST_PLACE
    found = wiring_imports.histories(caller.owner).imports(
        account_id, before=before, limit=limit + 1
    )
    shown, last = page_of(found, limit)
    return ImportPage(
        items=[ImportSheet.of(one) for one in shown],
        next_cursor=str(last.place) if last else None,
    )


@router.get("/v1/accounts/{account_id}/imports/{import_id}", tags=["imports"])
def show_import(account_id: AccountId, import_id: ImportId, caller: Caller) -> ImportSheet:
    """Show an import."""
    return ImportSheet.of(wiring_imports.histories(caller.owner).show(account_id, import_id))


@router.post("/v1/accounts/{account_id}/imports/{import_id}/undo", tags=["imports"])
def undo_import(
    account_id: AccountId, import_id: ImportId, body: UndoBody, caller: Caller
) -> ImportSheet:
    """Reverse every transaction of an import; 409 names what has been built on it since."""
    asked = body.to_request(caller.owner, account_id, import_id)
    return ImportSheet.of(wiring_imports.imports().undo(asked))


@router.get("/v1/accounts/{account_id}/activities", tags=["imports"])
def list_activities(
    account_id: AccountId, caller: Caller, limit: Limit = 50, cursor: Cursor = None
) -> ActivityPage:
    """Tell an account's standing transactions as rows that an import reads back."""
    wiring.reader(caller.owner).account(account_id)
    after = int(cursor or 0)
    found = wiring_imports.histories(caller.owner).history(account_id, after=after, limit=limit + 1)
    shown, last = page_of(found, limit)
    return ActivityPage(
        items=[ActivitySheet.of(posted, imported) for posted, imported in shown],
        next_cursor=str(last[0].place) if last else None,
    )


@router.get("/v1/accounts/{account_id}/lot-history", tags=["imports"])
def list_lot_history(
    account_id: AccountId, caller: Caller, limit: Limit = 50, cursor: LotCursor = None
) -> LotHistoryPage:
    """Show every lot that an account has ever had, with each of its closures."""
    wiring.reader(caller.owner).account(account_id)
    after = int(cursor) if cursor else _FIRST_PLACE
    found = wiring_imports.histories(caller.owner).lots(account_id, after=after, limit=limit + 1)
    shown, last = page_of(found, limit)
    return LotHistoryPage(
        items=[LotHistorySheet.of(one) for one in shown],
        next_cursor=str(last.place) if last else None,
    )

"""Addresses of watchlists.

Each answer carries its `ETag`; each change asks for it as `If-Match`.
"""

from fastapi import Response

from bifrost.portfolio.owned_schemas import WatchlistBody, WatchlistPage, WatchlistSheet
from bifrost.runtime.auth import Caller
from bifrost.runtime.entity_tags import IfMatch, tag
from bifrost.runtime.http import IdempotencyKey, create_router
from bifrost.wire.pages import page_of
from functions.portfolio import wiring
from functions.portfolio.parameters import Cursor, Limit, WatchlistId

router = create_router()


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


def _watchlist(owner: str, watchlist_id: str, response: Response) -> WatchlistSheet:
    watchlist = wiring.reader(owner).watchlist(watchlist_id)
    tag(response, watchlist.version)
    return WatchlistSheet.of(watchlist)

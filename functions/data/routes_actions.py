"""Addresses of corporate actions."""

from datetime import date
from typing import Annotated

from fastapi import Depends, Query

from bifrost.core.instruments import SYMBOL
from bifrost.data.ports import ActionQuery
from bifrost.data.reference.action_schemas import ActionPage, ActionsBody, AnnouncedSheet
from bifrost.runtime.auth import ADMIN, Caller
from bifrost.runtime.correlation import correlation_id
from bifrost.runtime.http import create_router
from bifrost.wire.dates import MarketDate
from functions.data import wiring

router = create_router()


@router.post("/v1/corporate-actions", tags=["data"])
def announce_actions(body: ActionsBody, caller: Caller) -> AnnouncedSheet:
    """Take in a file of corporate actions, or, naming each line that is wrong, nothing of it.

    A revision that is stored already is no news, so the same file may be sent again. Group
    `admin` only: what is announced moves everybody's positions.
    """
    caller.require(ADMIN)
    taken = wiring.imports().announce(body.text.encode(), correlation_id())
    return AnnouncedSheet.of(taken, wiring.data().states(taken.news))


def _asked(
    instrument: Annotated[str, Query(pattern=rf"^{SYMBOL}$", description="Of this one.")] = "",
    first: Annotated[MarketDate, Query(alias="from", description="First ex-date.")] = date.min,
    last: Annotated[MarketDate, Query(alias="to", description="Last ex-date.")] = date.max,
    revisions: Annotated[bool, Query(description="Every revision, not the newest alone.")] = False,
) -> ActionQuery:
    return ActionQuery(instrument, first, last, revisions)


@router.get("/v1/corporate-actions", tags=["data"])
def list_actions(
    caller: Caller,
    asked: Annotated[ActionQuery, Depends(_asked)],
    limit: Annotated[int, Query(ge=1, le=1000, description="How many to show.")] = 100,
    cursor: Annotated[
        str, Query(pattern=r"^[0-9]{1,18}$", description="`next_cursor` of the page before.")
    ] = "0",
) -> ActionPage:
    """List corporate actions as their vendors announced them, in the order they came in.

    One that only a single vendor claims is shown as `claimed`, and changes nothing.
    """
    data = wiring.data()
    found = data.actions(asked, after=int(cursor), limit=limit + 1)
    return ActionPage.of(found, data.states([one.action for one in found]), limit)

"""Addresses of trading halts: which there were, and what a person knows of one."""

from typing import Annotated

from fastapi import Depends, Query

from bifrost.core.instruments import SYMBOL
from bifrost.data.halts.schemas import HaltBody, HaltPage
from bifrost.data.halts.statuses import HaltQuery
from bifrost.runtime.auth import ADMIN, Caller
from bifrost.runtime.http import create_router
from bifrost.wire.dates import MarketDate
from bifrost.wire.instants import Instant
from functions.data import wiring_halts

router = create_router()


def _asked(
    instrument: Annotated[str, Query(pattern=rf"^({SYMBOL})?$", description="Of this one.")] = "",
    first: Annotated[MarketDate | None, Query(alias="from", description="First session.")] = None,
    last: Annotated[MarketDate | None, Query(alias="to", description="Last session.")] = None,
    known_by: Annotated[Instant | None, Query(description="Nothing that was told later.")] = None,
) -> HaltQuery:
    return HaltQuery(instrument, first, last, known_by)


@router.get("/v1/data/halts", tags=["data"])
def list_halts(
    asked: Annotated[HaltQuery, Depends(_asked)],
    caller: Caller,
    limit: Annotated[int, Query(ge=1, le=1000, description="How many to show.")] = 100,
    cursor: Annotated[
        str, Query(pattern=r"^[0-9]{1,18}$", description="`next_cursor` of the page before.")
    ] = "0",
) -> HaltPage:
    """List trading halts, the last told first: those that a live stream or a person told of."""
    found = wiring_halts.halts().listing(asked, before=int(cursor), limit=limit + 1)
    return HaltPage.of(found, limit)


@router.post("/v1/data/halts", tags=["data"])
def tell_halt(body: HaltBody, caller: Caller) -> HaltPage:
    """Tell of a halt that no stream heard, or of its end. Group `admin` only.

    What comes from then on is judged by it; what is stored already stays. It takes the place of
    what was told of the halt that begins then; without an end it holds until the next close, or
    until it trades on. The answer: the instrument's halts as they now stand, the last told first.
    """
    caller.require(ADMIN)
    service = wiring_halts.halts()
    service.tell(body.instrument, body.begins_at, body.ends_at, reason=body.reason, by=caller.owner)
    return HaltPage.of(service.listing(HaltQuery(body.instrument), before=0, limit=101), 100)

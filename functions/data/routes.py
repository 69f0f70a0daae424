"""Data's addresses: bars, sessions, and replays of stored bars; other subjects' are beside it."""

from typing import Annotated

from fastapi import Path, Query, Response

from bifrost.data.schemas import (
    ReplayBody,
    ReplaySheet,
    SessionList,
    session_of,
)
from bifrost.runtime.auth import ADMIN, Caller
from bifrost.runtime.correlation import correlation_id
from bifrost.runtime.health import database_check, queue_check
from bifrost.runtime.http import IdempotencyKey, create_app
from bifrost.runtime.subjects import take_in
from bifrost.wire.dates import MarketDate
from functions.data import (
    routes_actions,
    routes_bars,
    routes_calendar,
    routes_halts,
    routes_ingestion,
    routes_instruments,
    routes_providers,
    routes_quality,
    routes_repairs,
    routes_uploads,
    wiring,
)

app = create_app("data", checks={"database": database_check, "queue": queue_check}, compresses=True)
app.take_in_later("functions.data.routes_ticks", "quotes", "trades")
app.take_in_later("functions.data.routes_snapshots", "snapshots", "company-facts")

ReplayId = Annotated[str, Path(pattern=r"^[A-Za-z0-9-]{1,64}$", description="The replay.")]
Limit = Annotated[int, Query(ge=1, le=1000, description="How many items a page may have.")]
Cursor = Annotated[
    str | None, Query(max_length=64, description="`next_cursor` of the page before.")
]
First = Annotated[MarketDate, Query(alias="from", description="First session.")]
Last = Annotated[MarketDate, Query(alias="to", description="Last session.")]

take_in(
    app,
    routes_bars.router,
    routes_calendar.router,
    routes_quality.router,
    routes_halts.router,
    routes_repairs.router,
    routes_uploads.router,
    routes_instruments.router,
    routes_actions.router,
    routes_ingestion.router,
    routes_providers.router,
)


@app.get("/v1/sessions", tags=["data"])
def sessions(
    first: First,
    last: Last,
    caller: Caller,
    calendar: Annotated[str, Query(pattern="^[A-Z]{4}$", description="A MIC.")] = "XNYS",
    limit: Limit = 100,
    cursor: Cursor = None,
) -> SessionList:
    """List a calendar's sessions, and say how far the live feed is."""
    start = first if cursor is None else max(first, session_of(cursor))
    data = wiring.data()
    found = data.sessions(calendar, start, last)
    return SessionList.of(calendar, data.market_time(), found, limit)


@app.post("/v1/replays", tags=["data"], status_code=202)
def start_replay(
    body: ReplayBody, key: IdempotencyKey, caller: Caller, response: Response
) -> ReplaySheet:
    """Play stored bars as the live feed: they drive the venue, marks and valuations.

    Group `admin` only: market time moves for everybody, one replay at a time and only forward.
    """
    caller.require(ADMIN)
    replay = wiring.data().start_replay(
        body.to_request(), owner=caller.owner, key=key, correlation_id=correlation_id()
    )
    response.headers["Location"] = f"/v1/replays/{replay.replay_id}"
    return ReplaySheet.of(replay)


@app.get("/v1/replays/{replay_id}", tags=["data"])
def replay(replay_id: ReplayId, caller: Caller) -> ReplaySheet:
    """Show how far a replay is."""
    return ReplaySheet.of(wiring.data().find_replay(replay_id))

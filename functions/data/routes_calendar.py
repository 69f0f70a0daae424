"""The address of an exchange's calendar."""

from datetime import timedelta
from typing import Annotated

from fastapi import Query, Response

from bifrost.data.calendar_schemas import CalendarPage
from bifrost.data.schemas import session_of
from bifrost.runtime.auth import Caller
from bifrost.runtime.http import create_router
from bifrost.wire.dates import MarketDate
from functions.data import wiring

router = create_router()

# A closing that nobody could foresee is known the same day.
_KEPT = timedelta(hours=1)


@router.get("/v1/calendar", tags=["data"])
def calendar(
    first: Annotated[MarketDate, Query(alias="from", description="First day.")],
    last: Annotated[MarketDate, Query(alias="to", description="Last day.")],
    caller: Caller,
    response: Response,
    calendar: Annotated[str, Query(pattern="^[A-Z]{4}$", description="A MIC.")] = "XNYS",
    limit: Annotated[int, Query(ge=1, le=1000, description="How many to show.")] = 400,
    cursor: Annotated[
        str | None, Query(max_length=64, description="`next_cursor` of the page before.")
    ] = None,
) -> CalendarPage:
    """List an exchange's sessions: early closes say so, and a day that is missing was closed.

    Known are 1990 to 2028, of which the exchange has announced its holidays.
    """
    start = first if cursor is None else max(first, session_of(cursor))
    response.headers["Cache-Control"] = f"private, max-age={_KEPT // timedelta(seconds=1)}"
    return CalendarPage.of(calendar, wiring.data().sessions(calendar, start, last), limit)

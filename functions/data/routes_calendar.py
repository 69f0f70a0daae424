"""The address of an exchange's calendar."""

from datetime import date
from typing import Annotated

from fastapi import Depends, Query, Request, Response

from bifrost.data.calendar_schemas import CalendarDay, CalendarPage
from bifrost.data.schemas import session_of
from bifrost.runtime.auth import Caller
from bifrost.runtime.http import create_router
from bifrost.runtime.negotiation import OFFERED, Page, answer, next_address
from bifrost.runtime.tables import table_of
from bifrost.wire.dates import MarketDate
from functions.data import wiring

router = create_router()


def _range(
    first: Annotated[MarketDate, Query(alias="from", description="First day.")],
    last: Annotated[MarketDate, Query(alias="to", description="Last day.")],
    cursor: Annotated[
        str | None, Query(max_length=64, description="`next_cursor` of the page before.")
    ] = None,
) -> tuple[date, date]:
    return (first if cursor is None else max(first, session_of(cursor))), last


@router.get("/v1/calendar", tags=["data"], response_model=CalendarPage, responses=OFFERED)
def calendar(
    request: Request,
    caller: Caller,
    asked: Annotated[tuple[date, date], Depends(_range)],
    calendar: Annotated[str, Query(pattern="^[A-Z]{4}$", description="A MIC.")] = "XNYS",
    limit: Annotated[int, Query(ge=1, le=1000, description="How many to show.")] = 400,
) -> Response:
    """List an exchange's sessions: early closes say so, and a day that is missing was closed.

    Known are 1990 to 2028, of which the exchange has announced its holidays. JSON, or by `Accept`
    CSV, an Arrow stream or Parquet.
    """
    found = CalendarPage.of(calendar, wiring.data().sessions(calendar, *asked), limit)
    page = Page(
        table=lambda: table_of(CalendarDay, found.items),
        json=lambda: found.model_dump_json().encode(),
        next_address=next_address(request, found.next_cursor),
    )
    return answer(request, page)

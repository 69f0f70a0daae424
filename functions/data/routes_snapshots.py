"""Addresses of snapshots for screening, and of what companies reported."""

from datetime import datetime
from typing import Annotated

from fastapi import Depends, Query, Request, Response

from bifrost.core.instruments import SYMBOL
from bifrost.data.series.asked import Knowledge, is_settled, known_until
from bifrost.data.snapshots.rows import SnapshotRow, rows_of
from bifrost.data.snapshots.schemas import FactsBody, FactsSheet, SnapshotPage
from bifrost.runtime.auth import ADMIN, Caller
from bifrost.runtime.http import create_router
from bifrost.runtime.negotiation import OFFERED, Page, answer, next_address
from bifrost.runtime.tables import table_of
from bifrost.wire.dates import MarketDate
from functions.data import wiring, wiring_snapshots

router = create_router()


def _known(
    as_of: Annotated[
        MarketDate | None,
        Query(description="By the end of this day in New York; the newest by default."),
    ] = None,
    knowledge: Annotated[
        Knowledge, Query(description="effective: of today's values. recorded: as it was kept.")
    ] = Knowledge.EFFECTIVE,
) -> tuple[datetime | None, Knowledge]:
    return known_until(as_of), knowledge


@router.get("/v1/snapshots", tags=["data"], response_model=SnapshotPage, responses=OFFERED)
def snapshots(
    request: Request,
    caller: Caller,
    known: Annotated[tuple[datetime | None, Knowledge], Depends(_known)],
    instrument: Annotated[str, Query(pattern=rf"^({SYMBOL})?$", description="Of this one.")] = "",
    limit: Annotated[int, Query(ge=1, le=1000, description="How many to show.")] = 100,
    cursor: Annotated[
        str, Query(pattern=rf"^({SYMBOL})?$", description="`next_cursor` of the page before.")
    ] = "",
) -> Response:
    """Show what could be known of instruments: overview, technicals, facts and setups.

    Each value names the instant from which on it could be known, and none is later than `as_of`.
    JSON, or by `Accept` CSV, an Arrow stream or Parquet: a row for each value.
    """
    service = wiring_snapshots.snapshots()
    as_of, knowledge = known
    instant = service.newest() if as_of is None else as_of
    if knowledge is Knowledge.RECORDED:
        found = service.recorded(as_of, instrument)
    else:
        found = service.snapshots(instant, instrument)
    shown = SnapshotPage.of(instant, [one for one in found if one.instrument > cursor], limit)
    page = Page(
        table=lambda: table_of(SnapshotRow, rows_of(shown.items)),
        json=lambda: shown.model_dump_json().encode(),
        next_address=next_address(request, shown.next_cursor),
        is_final=is_settled(knowledge, as_of, wiring.now()),
    )
    return answer(request, page)


@router.post("/v1/company-facts", tags=["data"])
def take_facts(body: FactsBody, caller: Caller) -> FactsSheet:
    """Take in a CSV file of fundamentals or earnings, or, naming each wrong line, nothing of it.

    A row that is there already is no news, so the same file may be sent again. Group `admin` only.
    """
    caller.require(ADMIN)
    read, written = wiring_snapshots.snapshots().take_facts(body.text)
    return FactsSheet(rows_read=read, rows_written=written)

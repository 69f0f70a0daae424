"""Addresses of snapshots for screening, and of what companies reported."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated

from fastapi import Query

from bifrost.core.sessions import EXCHANGE
from bifrost.data.instrument_file import SYMBOL
from bifrost.data.series.asked import Knowledge
from bifrost.data.snapshots.schemas import FactsBody, FactsSheet, SnapshotPage
from bifrost.runtime.auth import ADMIN, Caller
from bifrost.runtime.http import create_router
from bifrost.wire.dates import MarketDate
from functions.data import wiring_snapshots

router = create_router()


@router.get("/v1/snapshots", tags=["data"])
def snapshots(
    caller: Caller,
    as_of: Annotated[
        MarketDate | None,
        Query(description="By the end of this day in New York; the newest by default."),
    ] = None,
    knowledge: Annotated[
        Knowledge, Query(description="effective: of today's values. recorded: as it was kept.")
    ] = Knowledge.EFFECTIVE,
    instrument: Annotated[str, Query(pattern=rf"^({SYMBOL})?$", description="Of this one.")] = "",
    limit: Annotated[int, Query(ge=1, le=1000, description="How many to show.")] = 100,
    cursor: Annotated[
        str, Query(pattern=rf"^({SYMBOL})?$", description="`next_cursor` of the page before.")
    ] = "",
) -> SnapshotPage:
    """Show what could be known of instruments: overview, technicals, facts and setups.

    Each value names the instant from which on it could be known, and none is later than `as_of`.
    """
    service = wiring_snapshots.snapshots()
    instant = service.newest() if as_of is None else _day_end(as_of)
    if knowledge is Knowledge.RECORDED:
        found = service.recorded(None if as_of is None else instant, instrument)
    else:
        found = service.snapshots(instant, instrument)
    rest = [one for one in found if one.instrument > cursor]
    return SnapshotPage.of(instant, rest, limit)


@router.post("/v1/company-facts", tags=["data"])
def take_facts(body: FactsBody, caller: Caller) -> FactsSheet:
    """Take in a CSV file of fundamentals or earnings, or, naming each wrong line, nothing of it.

    A row that is there already is no news, so the same file may be sent again. Group `admin` only.
    """
    caller.require(ADMIN)
    read, written = wiring_snapshots.snapshots().take_facts(body.text)
    return FactsSheet(rows_read=read, rows_written=written)


def _day_end(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time.min, EXCHANGE).astimezone(UTC)

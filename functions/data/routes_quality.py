"""Addresses of quality: how good stored data is, and the release of what is quarantined."""

from typing import Annotated

from fastapi import Path, Query

from bifrost.core.instruments import SYMBOL
from bifrost.data.quality.schemas import QualitySheet, QuarantinedSheet, ReleaseBody
from bifrost.runtime.auth import ADMIN, Caller
from bifrost.runtime.correlation import correlation_id
from bifrost.runtime.http import create_router
from bifrost.wire.dates import MarketDate
from functions.data import wiring_quality

router = create_router()


@router.get("/v1/data/quality", tags=["data"])
def quality(
    caller: Caller,
    first: Annotated[MarketDate | None, Query(alias="from", description="First session.")] = None,
    last: Annotated[MarketDate | None, Query(alias="to", description="Last session.")] = None,
    instrument: Annotated[str, Query(pattern=rf"^({SYMBOL})?$", description="Of this one.")] = "",
    limit: Annotated[int, Query(ge=1, le=1000, description="How many rows of each list.")] = 100,
) -> QualitySheet:
    """Report how complete sessions are against the calendar, and what the gate kept apart.

    Without `from` and `to` the newest session of which bars are stored or due.
    """
    service = wiring_quality.quality()
    report = service.report(first=first, last=last, instrument=instrument, limit=limit)
    return QualitySheet.of(report, limit)


@router.post("/v1/data/quality/{quarantine_id}/release", tags=["data"])
def release(
    quarantine_id: Annotated[int, Path(ge=1, lt=2**63, description="Of the quarantined bar.")],
    body: ReleaseBody,
    caller: Caller,
) -> QuarantinedSheet:
    """Let a quarantined bar in: from then on decisions may rest on it.

    Group `admin` only. Who did it, when and why is kept with the bar; it is done once.
    """
    caller.require(ADMIN)
    released = wiring_quality.quality().release(
        quarantine_id, by=caller.owner, reason=body.reason, correlation_id=correlation_id()
    )
    return QuarantinedSheet.of(released)

"""Addresses of ingestion: backfills, subscriptions, gaps, and how fresh the newest bars are."""

from typing import Annotated

from fastapi import Path, Query, Response

from bifrost.core.instruments import SYMBOL
from bifrost.data.ingest.backfilling import Asking
from bifrost.data.ingest.jobs import JobKind
from bifrost.data.ingest.ports import JobQuery
from bifrost.data.ingest.schemas import (
    BackfillBody,
    FreshnessList,
    FreshnessSheet,
    GapList,
    GapSheet,
    ItemList,
    JobList,
    JobSheet,
    ProviderName,
    SubscriptionBody,
    SubscriptionList,
    SubscriptionSheet,
)
from bifrost.data.schemas import Symbol
from bifrost.data.series.timeframes import Timeframe
from bifrost.runtime.auth import ADMIN, Caller
from bifrost.runtime.correlation import correlation_id
from bifrost.runtime.http import IdempotencyKey, create_router
from functions.data import wiring_ingestion

router = create_router()

_ID = r"^[A-Za-z0-9-]{1,64}$"
JobId = Annotated[str, Path(pattern=_ID, description="The job.")]
Limit = Annotated[int, Query(ge=1, le=1000, description="How many to show.")]


@router.post("/v1/data/backfills", tags=["data"], status_code=202)
def start_backfill(
    body: BackfillBody, key: IdempotencyKey, caller: Caller, response: Response
) -> JobSheet:
    """Begin to fetch bars, trades or quotes of the past: an item for each instrument.

    Group `admin` only. What is stored already is not stored again. Follow it at `Location`.
    """
    caller.require(ADMIN)
    asking = Asking(caller.owner, key, correlation_id())
    begun = wiring_ingestion.backfills().start(body.to_request(), asking)
    response.headers["Location"] = f"/v1/data/backfills/{begun.job.job_id}"
    return JobSheet.of(begun)


@router.get("/v1/data/backfills", tags=["data"])
def list_backfills(
    caller: Caller,
    kind: Annotated[
        JobKind | None, Query(description="Of this kind alone; those of the schedule, too.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=100, description="How many to show.")] = 20,
    cursor: Annotated[str, Query(pattern=r"^[A-Za-z0-9-]{0,64}$")] = "",
) -> JobList:
    """List ingestion jobs, the newest first."""
    asked = JobQuery(kind, cursor, limit + 1)
    return JobList.of(wiring_ingestion.backfills().newest(asked), limit)


@router.get("/v1/data/backfills/{job_id}", tags=["data"])
def show_backfill(job_id: JobId, caller: Caller) -> JobSheet:
    """Show how far a job is."""
    return JobSheet.of(wiring_ingestion.backfills().progress(job_id))


@router.get("/v1/data/backfills/{job_id}/items", tags=["data"])
def list_items(
    job_id: JobId,
    caller: Caller,
    limit: Limit = 100,
    cursor: Annotated[str, Query(pattern=r"^[0-9]{1,18}$")] = "0",
) -> ItemList:
    """List a job's items: each instrument, its state, its resume point, and why it stopped."""
    found = wiring_ingestion.backfills().items(job_id, after=int(cursor), limit=limit + 1)
    return ItemList.of(found, limit)


@router.post("/v1/data/backfills/{job_id}/cancel", tags=["data"])
def cancel_backfill(job_id: JobId, caller: Caller) -> JobSheet:
    """Stop a job; what it has stored stays. Group `admin` only."""
    caller.require(ADMIN)
    return JobSheet.of(wiring_ingestion.backfills().cancel(job_id))


@router.post("/v1/data/backfills/{job_id}/resume", tags=["data"])
def resume_backfill(job_id: JobId, caller: Caller) -> JobSheet:
    """Let what failed or was cancelled go on from where it stopped. Group `admin` only."""
    caller.require(ADMIN)
    return JobSheet.of(wiring_ingestion.backfills().resume(job_id))


@router.get("/v1/data/subscriptions", tags=["data"])
def list_subscriptions(caller: Caller) -> SubscriptionList:
    """List what is fetched by itself, after each session or each minute of one."""
    found = wiring_ingestion.subscriptions().all()
    return SubscriptionList(items=[SubscriptionSheet.of(one) for one in found])


@router.put("/v1/data/subscriptions/{instrument}/{timeframe}/{provider}", tags=["data"])
def subscribe(
    instrument: Symbol,
    timeframe: Timeframe,
    provider: ProviderName,
    body: SubscriptionBody,
    caller: Caller,
) -> SubscriptionSheet:
    """Have an instrument's bars (`1m` or `1d`) fetched by itself. Group `admin` only."""
    caller.require(ADMIN)
    wanted = body.to_subscription(instrument, timeframe, provider)
    return SubscriptionSheet.of(wiring_ingestion.subscribing().put(wanted, caller.owner))


@router.delete("/v1/data/subscriptions/{instrument}/{timeframe}/{provider}", tags=["data"])
def unsubscribe(
    instrument: Symbol, timeframe: Timeframe, provider: ProviderName, caller: Caller
) -> SubscriptionSheet:
    """Fetch it no more, and return it as it was; what was fetched stays. Group `admin` only."""
    caller.require(ADMIN)
    ended = wiring_ingestion.subscriptions().remove(instrument, timeframe, provider)
    return SubscriptionSheet.of(ended)


@router.get("/v1/data/gaps", tags=["data"])
def list_gaps(
    caller: Caller,
    instrument: Annotated[str, Query(pattern=rf"^({SYMBOL})?$", description="Of this one.")] = "",
    closed: Annotated[bool, Query(description="Those that are none any more, too.")] = False,
    limit: Limit = 100,
) -> GapList:
    """List what the calendar expects and nobody accounts for, the newest first."""
    found = wiring_ingestion.subscriptions().gaps(instrument, is_open=not closed, limit=limit)
    return GapList(items=[GapSheet.of(one) for one in found])


@router.get("/v1/data/freshness", tags=["data"])
def show_freshness(caller: Caller) -> FreshnessList:
    """Show how old the newest minute of each subscribed instrument is while its session is open."""
    found = wiring_ingestion.freshness().now()
    return FreshnessList(items=[FreshnessSheet.of(one) for one in found])

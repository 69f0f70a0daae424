"""Ingestion's tasks, and work on an item; each loads what it needs when it is called."""

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger

from bifrost.core.codec import from_json
from bifrost.core.errors import BifrostError
from bifrost.data.series.timeframes import Timeframe
from bifrost.runtime.correlation import correlation_id
from bifrost.runtime.lambda_entry import Payload
from bifrost.runtime.metrics import count, measure
from bifrost.runtime.sweeps import Sweep

if TYPE_CHECKING:
    from bifrost.data.ingest.jobs import Item

# How the work queue names its messages: `bifrost.adapters.aws.work_queue` writes the same.
WORK = "Ingestion Due"
# The shortest session, from the open to an early close.
_SESSION_MIN = timedelta(hours=3, minutes=30)
logger = Logger(service="data")


@dataclass(frozen=True, slots=True)
class Due:
    """What a message to an ingester says: which item is due."""

    item: int


def plan_ingestion(given: Payload) -> Payload:
    """Make the jobs that are due, send what waits, and publish sessions that are complete."""
    from functions.data import wiring_ingestion

    asked = from_json(Sweep, given)
    done: Payload = dict(wiring_ingestion.planner().plan(correlation_id(), asked.patience))
    done |= wiring_ingestion.daily_feed().publish(correlation_id())
    ages = [one.age for one in wiring_ingestion.freshness().now()]
    if ages:
        measure("data", "OldestNewestBar", max(ages).total_seconds())
    return done


def find_gaps(_: Payload) -> Payload:
    """Find what is missing of what is subscribed to, and begin to fetch it."""
    from functions.data import wiring_ingestion

    finder = wiring_ingestion.gap_finder()
    return {**finder.find(), **finder.refill(correlation_id())}


def ingest(envelope: Payload) -> None:
    """Work on the item that a message names, and send what is left of it."""
    from functions.data import wiring_ingestion

    asked = from_json(Due, envelope["detail"])
    item = wiring_ingestion.ingester().work(asked.item)
    if item is None:
        return
    wiring_ingestion.dispatcher().send([item])
    if item.has_ended and item.is_complete:
        if item.scope.timeframe is Timeframe.D1:
            _ask_for_actions(item)
        _look_for_faults(item)
    has_failed = item.state == "failed" and item.has_ended
    if has_failed:
        count("data", "IngestionFailed")
    log = logger.error if has_failed else logger.info
    log(
        f"ingestion {item.state}",
        extra={
            "job_id": item.job_id,
            "instrument": item.instrument,
            "rows_written": item.rows_written,
            "rows_kept_apart": item.rows_kept_apart,
            "resume_at": item.resume_at.isoformat(),
            "reason": item.reason,
        },
    )


def _look_for_faults(item: "Item") -> None:
    """Look at what vendors told of the instrument: at all its days, or at the minutes that came.

    A fault of a day may show in older bars. The minute that has just ended is looked at with the
    whole session, after its close.
    """
    from functions.data.tasks_repairs import look, look_within

    scope = item.scope
    if not item.rows_written and not item.rows_kept_apart:
        return
    try:
        if scope.timeframe is Timeframe.D1:
            look(item.instrument)
        elif scope.timeframe is Timeframe.M1 and scope.before - scope.first >= _SESSION_MIN:
            look_within(item.instrument, scope.first)
    except BifrostError as error:
        logger.warning("not looked at", extra={"instrument": item.instrument, "cause": str(error)})


def _ask_for_actions(item: "Item") -> None:
    """Ask who told the bars for corporate actions, too; the next session's item asks again."""
    from bifrost.data.reference.asking import around
    from functions.data import wiring_ingestion

    scope = item.scope
    asked = around(item.instrument, item.symbol, scope.first, scope.before)
    try:
        told = wiring_ingestion.action_asker().ask(scope.provider, asked, correlation_id())
        news, problem = len(told.news), told.problem
        left_out = [f"not taken: {one}" for one in told.left_out]
        wiring_ingestion.ingester().remark(item.number, left_out)
    except BifrostError as error:
        news, problem, left_out = 0, str(error), []
    known = {"instrument": item.instrument, "provider": scope.provider, "news": news}
    known |= {"left_out": left_out}
    log = logger.warning if problem else logger.info
    log("actions asked for", extra={**known, "problem": problem})

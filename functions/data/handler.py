"""Data, as the bucket, Step Functions and API Gateway call it."""

from dataclasses import dataclass

from aws_lambda_powertools import Logger

from bifrost.core.codec import from_json, to_json
from bifrost.data.files.imports import ImportRecord, ImportStatus, StoredObject
from bifrost.data.files.uploads import PREFIX
from bifrost.runtime.correlation import correlation_id
from bifrost.runtime.lambda_entry import Listeners, Payload, Tasks, lambda_entry
from bifrost.runtime.plugs import relay
from bifrost.runtime.sweeps import Sweep, alarm
from functions.data import wiring, wiring_files
from functions.data.tasks_feed import (
    SOCKETS,
    on_bar_closed,
    on_bars_taken,
    on_ticks_taken,
    prune_feed,
    tell,
)
from functions.data.tasks_ingestion import WORK, find_gaps, ingest, plan_ingestion
from functions.data.tasks_quality import record_completeness
from functions.data.tasks_series import pack_months
from functions.data.tasks_snapshots import record_snapshots

logger = Logger(service="data")


@dataclass(frozen=True, slots=True)
class PublishSessions:
    """Input of `publish_sessions`."""

    replay_id: str
    run: int | None = None


def publish_sessions(given: Payload) -> Payload:
    """Publish the next sessions of a replay."""
    asked = from_json(PublishSessions, given)
    answer: Payload = to_json(wiring.data().publish_sessions(asked.replay_id, asked.run))
    return answer


def sweep(given: Payload) -> Payload:
    """Start the workflow of a replay again whose own has died; import files left waiting."""
    swept = wiring.data().sweep(from_json(Sweep, given).patience)
    alarm("data", swept)
    imported = wiring_files.uploads().resume(correlation_id())
    return dict(swept) | ({"files_imported": len(imported)} if imported else {})


def roll_up(_: Payload) -> Payload:
    """Compute longer bars anew for the sessions that minutes touched."""
    return dict(wiring_files.roll_ups().run())


def on_object_created(envelope: Payload) -> None:
    """Import what was put into the bucket; S3's own event, so its envelope comes whole."""
    found = envelope["detail"]["object"]
    stored = StoredObject(key=found["key"], etag=found["etag"], size=found["size"])
    for record in _import(stored):
        log = logger.error if record.status is ImportStatus.FAILED else logger.info
        log(
            f"import {record.status}",
            extra={
                "object_key": record.key,
                "rows_read": record.rows_read,
                "rows_written": record.rows_written,
                "rows_rejected": len(record.rejected),
                "rows_quarantined": record.rows_quarantined,
                "problem": record.problem,
            },
        )


def _import(found: StoredObject) -> list[ImportRecord]:
    files, uploads = wiring.imports(), wiring_files.uploads()
    if found.key.startswith(PREFIX):
        records = uploads.import_object(found, correlation_id())
        return records + files.resume(correlation_id())
    records = files.import_object(found, correlation_id())
    # What it listed may be what a declared file waits for.
    return records + uploads.resume(correlation_id())


TASKS: Tasks = {
    "publish_sessions": publish_sessions,
    "sweep": sweep,
    "roll_up": roll_up,
    "plan_ingestion": plan_ingestion,
    "find_gaps": find_gaps,
    "prune_feed": prune_feed,
    "record_completeness": record_completeness,
    "pack_months": pack_months,
    "record_snapshots": record_snapshots,
}
LISTENERS: Listeners = {
    "Object Created": on_object_created,
    "BarClosed.v1": on_bar_closed,
    "BarsTaken.v1": on_bars_taken,
    "TicksTaken.v1": on_ticks_taken,
    WORK: ingest,
}
handler = lambda_entry(
    "data", tasks=TASKS, listeners=LISTENERS, relay=relay, sockets=SOCKETS, tell=tell
)

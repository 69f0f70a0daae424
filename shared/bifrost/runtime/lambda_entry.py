"""One Lambda handler for everything that can invoke a capability.

Step Functions and Scheduler name a task, EventBridge delivers events through a queue (one bad
record fails alone), API Gateway reaches the FastAPI app through Mangum. Tasks and listeners
must not pay for the web: the app is built at the first HTTP event.
"""

import gc
import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from aws_lambda_powertools import Logger

from bifrost.adapters.postgres.database import load_driver
from bifrost.runtime.correlation import correlate
from bifrost.runtime.environment import environment
from bifrost.runtime.metrics import count
from bifrost.runtime.tracing import traced

if TYPE_CHECKING:
    from bifrost.events import Event
    from bifrost.runtime.sockets import Sockets, Tell

Payload = dict[str, Any]
Tasks = Mapping[str, Callable[[Payload], Payload]]
Listeners = Mapping[str, Callable[[Any], None]]
Handler = Callable[[Payload, Any], Any]


# How long a caller may wait for other capabilities' news before its own answer.
_FLUSH_SECONDS = 2


class Flushes(Protocol):
    """Sends on what the invocation left in the outbox."""

    def flush(self, seconds: int | None = None) -> int:
        """Send until the time is over; return how many events went."""


def lambda_entry(
    capability: str,
    *,
    tasks: Tasks,
    listeners: Listeners,
    relay: Callable[[], Flushes] | None = None,
    sockets: "Sockets | None" = None,
    tell: "Tell | None" = None,
) -> Handler:
    """Return the Lambda handler of a capability whose routes are `functions.<name>.routes.app`.

    tasks: by name, as `stepfunctions/*.asl.json` and the schedules call them; one called `relay`
        comes with every capability that has an outbox.
    listeners: by detail-type; they get the event, or the whole envelope of one that is not ours.
    relay: flushed after each invocation, so that an event leaves milliseconds after its commit;
        the scheduled `relay` task is the net below.
    sockets: by route, as API Gateway's WebSocket API calls them; tell: answers a connection.
    """
    logger = Logger(service=capability)
    if environment().starts_in_lambda:
        _make_ready(relay)
    entry = _Entry(capability, tasks, listeners, relay, logger)

    def handler(event: Payload, context: Any) -> Any:
        # What the invocation before said of itself is not true of this one.
        logger.remove_keys(["task", "detail_type"])
        if "task" in event:
            answer = entry.perform(event)
        elif "Records" in event:
            answer = entry.hear_all(event, context)
        elif sockets is not None and tell is not None and _is_socket(event):
            from bifrost.runtime.sockets import serve_socket

            answer = serve_socket(sockets, tell, event, logger)
        else:
            answer = entry.serve(event, context)
        entry.flush()
        return answer

    return handler


def _is_socket(event: Payload) -> bool:
    return "connectionId" in (event.get("requestContext") or {})


def _make_ready(relay: Callable[[], Flushes] | None) -> None:
    """Load now what the first call would: a Lambda starts on a whole processor, and is called on
    a share of one.

    What is loaded here stays for good, so nothing collects it, neither now nor later.
    """
    gc.disable()
    if environment().database_url:
        load_driver()
    if relay is not None:
        relay()
    gc.freeze()
    gc.enable()


class _Entry:
    """The three ways in, and the way out."""

    def __init__(
        self,
        capability: str,
        tasks: Tasks,
        listeners: Listeners,
        relay: Callable[[], Flushes] | None,
        logger: Logger,
    ) -> None:
        self._capability = capability
        self._tasks = tasks
        self._listeners = listeners
        self._relay = relay
        self._logger = logger

    def perform(self, event: Payload) -> Payload:
        """Run one task and answer plain JSON; an error's class name is what a workflow retries."""
        name = event["task"]
        self._logger.append_keys(correlation_id=correlate(event.get("correlation_id")), task=name)
        if name == "relay" and self._relay is not None:
            return {"sent": self._relay().flush()}
        with traced(f"task {name}"):
            answer = self._tasks[name](event.get("input") or {})
        self._logger.info("task done")
        count(self._capability, "TaskDone", task=name)
        return answer

    def hear_all(self, event: Payload, context: Any) -> Any:
        """Hand each record to its listener; those that fail come back alone."""
        from aws_lambda_powertools.utilities.batch import process_partial_response

        return process_partial_response(event, self._hear, _batch_processor(), context)

    def _hear(self, record: Any) -> None:
        # Events are only a listener's to read: a task does not pay for their classes.
        from bifrost.events import read_event
        from bifrost.events.base import is_known

        envelope = json.loads(record.body)
        kind = envelope["detail-type"]
        message: Event | Payload = envelope
        given = envelope.get("id")
        if is_known(kind):
            message = read_event(kind, envelope["detail"])
            given = message.correlation_id
        self._logger.append_keys(correlation_id=correlate(given), detail_type=kind)
        try:
            with traced(f"hear {kind}"):
                self._listener_of(kind)(message)
        except Exception:
            self._logger.exception("the event was not applied; its queue will deliver it again")
            count(self._capability, "EventFailed", detail_type=kind)
            raise
        self._logger.info("event applied")
        count(self._capability, "EventApplied", detail_type=kind)

    def _listener_of(self, kind: str) -> Callable[[Any], None]:
        if kind not in self._listeners:
            raise ValueError(f"{self._capability} does not listen to {kind}")
        return self._listeners[kind]

    def serve(self, event: Payload, context: Any) -> Any:
        """Answer an HTTP request of API Gateway."""
        from bifrost.runtime.http import serve

        app = import_module(f"functions.{self._capability}.routes").app
        return serve(app, event, context, self._logger)

    def flush(self) -> None:
        """Send the outbox on; what does not go now the scheduled relay will send.

        Whatever fails here, what the caller asked for is done and committed.
        """
        if self._relay is None:
            return
        try:
            self._relay().flush(_FLUSH_SECONDS)
        except Exception as error:
            self._logger.warning("the outbox waits for the next relay", extra={"error": str(error)})


@lru_cache
def _batch_processor() -> Any:
    from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType

    return BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)

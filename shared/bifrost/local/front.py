"""The API's address: one stable URL on the local stack, whatever id the API was given.

The emulator serves an API under a path with its generated id; the launcher lets it answer at
the root as well, so that a URL in a document or a script stays true after a `reset`.
"""

import http.client
import json
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol
from urllib.parse import urlsplit

from bifrost.core.errors import UnavailableError
from bifrost.local.aws import client, is_emulated
from bifrost.local.launcher import DOOR_PATH

# So long without an answer and without a sign that it moves on.
READY_SECONDS_MAX = 60.0
ANSWER_SECONDS_MAX = 30.0
# 502 is a function that does not start; another try or two allows for a worker that just died.
BROKEN_MAX = 3


def address(endpoint_url: str, outputs: dict[str, str], *, emulated: bool) -> str:
    """Where the API is reached; empty when the template has none. No trailing slash."""
    if "ApiId" not in outputs:
        return outputs.get("ApiUrl", "").rstrip("/")
    if emulated:
        return endpoint_url
    if not is_emulated(endpoint_url):
        return outputs["ApiUrl"].rstrip("/")
    return f"{endpoint_url}/_aws/execute-api/{outputs['ApiId']}/$default"


def open_door(endpoint_url: str, api_id: str) -> None:
    """Tell the launcher which API answers at the root."""
    status, _ = call(endpoint_url, "POST", f"{DOOR_PATH}/{api_id}", timeout_seconds=10)
    if status != 204:
        raise UnavailableError(f"{endpoint_url} did not take the API {api_id}: {status}")


class Backlog(Protocol):
    """What a capability has still to hear."""

    def count(self, capability: str) -> int:
        """Return how many events wait for it, or are being heard."""


class Unheard:
    """What waits in the queues of a stack. outputs: the stack's, with the queues' addresses."""

    def __init__(self, endpoint_url: str, outputs: Mapping[str, str]) -> None:
        self._endpoint = endpoint_url
        self._outputs = outputs

    def count(self, capability: str) -> int:
        """Return how many events wait for it, or are being heard."""
        url = self._outputs.get(f"{capability.capitalize()}QueueUrl")
        if url is None:
            return 0
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        queues = client("sqs", self._endpoint)
        found = queues.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        queues.close()
        return sum(int(found[name]) for name in names)


def wait_ready(
    api_url: str, capabilities: tuple[str, ...], unheard: Backlog, progress: Callable[[str], None]
) -> None:
    """Wait until each capability says that its database and queues answer.

    One that is busy hearing events is waited for as long as they become fewer. Raises
    UnavailableError for one that does not answer, with what it said and what it has to hear.
    """
    with ThreadPoolExecutor(max_workers=len(capabilities)) as pool:
        waits = [_Wait(api_url, name, unheard, progress) for name in capabilities]
        for waited in [pool.submit(wait.run) for wait in waits]:
            waited.result()


def call(url: str, method: str, path: str, *, timeout_seconds: float) -> tuple[int, bytes]:
    """One request to the stack; OSError when nothing answers."""
    where = urlsplit(url)
    kind = http.client.HTTPSConnection if where.scheme == "https" else http.client.HTTPConnection
    connection = kind(where.netloc, timeout=timeout_seconds)
    try:
        connection.request(method, where.path + path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def run_tasks(
    endpoint_url: str, outputs: dict[str, str], tasks: tuple[tuple[str, str, dict[str, int]], ...]
) -> list[str]:
    """Run (capability, task, input) now rather than at the next minute; those that failed."""
    functions = client("lambda", endpoint_url)
    failed = []
    for capability, task, given in tasks:
        answer = functions.invoke(
            FunctionName=outputs[f"{capability.capitalize()}FunctionName"],
            Payload=json.dumps({"task": task, "input": given}),
        )
        if answer.get("FunctionError"):
            failed.append(f"{capability}.{task}")
    return failed


class _Wait:
    """Waits for one capability."""

    def __init__(
        self, api_url: str, capability: str, unheard: Backlog, progress: Callable[[str], None]
    ) -> None:
        self._api_url = api_url
        self._capability = capability
        self._unheard = unheard
        self._progress = progress
        self._left: int | None = None
        self._deadline = 0.0
        self._broken = 0

    def run(self) -> None:
        """Ask until it is ready."""
        self._deadline = time.monotonic() + READY_SECONDS_MAX
        while (said := self._ask()) is not None:
            self._look()
            if time.monotonic() > self._deadline or self._broken >= BROKEN_MAX:
                waits = f", {self._left} events wait for it" if self._left else ""
                raise UnavailableError(
                    f"{self._capability} is not ready: {said}{waits};"
                    f" see `bifrost logs {self._capability}`"
                )
            time.sleep(0.2)

    def _ask(self) -> str | None:
        """Return what it says in place of being ready; None: it is."""
        path = f"/v1/{self._capability}/ready"
        try:
            status, body = call(self._api_url, "GET", path, timeout_seconds=ANSWER_SECONDS_MAX)
        except (OSError, http.client.HTTPException) as error:
            return str(error)
        self._broken += status == 502
        return None if status == 200 else f"{status} {_shorten(body)}"

    def _look(self) -> None:
        """Wait on where fewer events are left than when we looked last."""
        left = self._unheard.count(self._capability)
        if left and self._left is None:
            self._progress(f"{self._capability} has {left} events to hear first")
        if self._left is not None and left < self._left:
            self._deadline = time.monotonic() + READY_SECONDS_MAX
        self._left = left


def _shorten(body: bytes) -> str:
    try:
        problem = json.loads(body)
    except ValueError:
        return body[:200].decode(errors="replace")
    return str(problem.get("detail") or problem)[:300] if isinstance(problem, dict) else ""

"""The API's address: one stable URL on the local stack, whatever id the API was given.

The emulator serves an API under a path with its generated id; the launcher lets it answer at
the root as well, so that a URL in a document or a script stays true after a `reset`.
"""

import http.client
import json
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from bifrost.core.errors import UnavailableError
from bifrost.local.aws import client, is_emulated
from bifrost.local.launcher import DOOR_PATH

READY_SECONDS_MAX = 30.0
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


def wait_ready(api_url: str, capabilities: tuple[str, ...]) -> None:
    """Wait until each capability says that its database and queues answer."""
    with ThreadPoolExecutor(max_workers=len(capabilities)) as pool:
        for waited in [pool.submit(_wait_one, api_url, name) for name in capabilities]:
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


def _wait_one(api_url: str, capability: str) -> None:
    deadline = time.monotonic() + READY_SECONDS_MAX
    said, broken = "", 0
    while time.monotonic() < deadline and broken < BROKEN_MAX:
        try:
            status, body = call(api_url, "GET", f"/v1/{capability}/ready", timeout_seconds=30)
        except (OSError, http.client.HTTPException) as error:
            said = str(error)
        else:
            if status == 200:
                return
            said = f"{status} {_shorten(body)}"
            broken += status == 502
        time.sleep(0.2)
    raise UnavailableError(f"{capability} is not ready: {said}; see `bifrost logs {capability}`")


def _shorten(body: bytes) -> str:
    try:
        problem = json.loads(body)
    except ValueError:
        return body[:200].decode(errors="replace")
    return str(problem.get("detail") or problem)[:300] if isinstance(problem, dict) else ""

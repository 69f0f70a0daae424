"""Starts MiniStack with eleven corrections, each to one place of the pinned version.

Run as `python -m bifrost.local.launcher`; `bifrost.local.aws` prepares its environment.

1. A raised exception's class name is the invocation's errorType, as on AWS, so that a state
   machine's Retry and Catch match it, and that of a worker that died is Runtime.ExitError; and
   the worker that raised stays alive.
2. A worker marks the end of an invocation's log lines, so that no invocation waits 50 ms for
   lines that never come.
3. Log lines go to one file per function; MiniStack would open a log stream in memory for every
   invocation and keep it for good.
4. A worker does not import botocore before the function (0.15 s CPU of each cold start): it
   serves only loop detection between functions that call each other, which ours do not.
5. `POST /_bifrost/checkpoint` saves the state, and so does every tenth second in which something
   was asked, so that a kill -9 loses no resource and little history.
6. `POST /_bifrost/door/<api id>` lets that API answer at the root, under `/v1/`, and
   `GET /_bifrost/home` names the folder that it serves: two stacks may want one port.
7. A burst of invocations shares a few workers before it starts more: see `local.crowd`.
8. A service whose state changes while it is saved is read again; MiniStack would log the error
   and save all the others, a stack whose queues are missing.
9. What a worker had received when everything ended is in its queue again at the next start, not
   invisible for the minutes in which a live worker might still answer.
10. Batches of a queue leave one of those few workers to who asks over HTTP: a listener that has
   much to hear still answers, and says that it is ready.
11. Workers of one code share one unpacked copy of it, see `local.unpacked`, by its own path: what
   Python compiles of it is found again by the next worker.

Every correction asserts that what it replaces is still there: the pin is exact, and a new
version must fail here rather than misbehave later.
"""

import asyncio
import os
import queue
import threading
import time
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from types import ModuleType
from typing import Any

from bifrost.local.crowd import Crowd
from bifrost.local.unpacked import Copies, shared_zip

LOG_FOLDER = "BIFROST_LOG_FOLDER"
CHECKPOINT_PATH = "/_bifrost/checkpoint"
DOOR_PATH = "/_bifrost/door"
HOME_PATH = "/_bifrost/home"
API_ROOT = "/v1/"
END_OF_INVOCATION = "\x01bifrost: end of invocation"
RAISED = "__bifrost_raised__"
# What MiniStack calls every error; where nothing was raised, the worker died, and AWS says so.
UNNAMED = "Runtime.HandlerError"
DEATH = "Runtime.ExitError"
DRAIN_SECONDS_MAX = 0.25
LOG_BYTES_MAX = 8_000_000
CHECKPOINT_SECONDS = 10.0
# A cold start costs about a second of CPU; two workers a core keep a laptop busy.
PATIENCE_SECONDS = 1.5
STATE_READS_MAX = 200
WORKERS_PER_CORE = 2

type_of_raised = threading.local()

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class MovedError(RuntimeError):
    """MiniStack no longer reads as the pinned version did."""


def corrected_worker(script: str) -> str:
    """The worker's script with corrections 1, 2, 4 and 11."""
    script = replace_once(
        script, 'code_dir = init["code_dir"]', 'code_dir = os.path.realpath(init["code_dir"])'
    )
    script = replace_once(
        script,
        '{"status": "error", "error": str(e), "trace": traceback.format_exc()}',
        f'{{"status": "ok", "result": {{"{RAISED}": {{"error": str(e), '
        '"error_type": type(e).__name__, "trace": traceback.format_exc()}}}',
    )
    script = replace_once(
        script,
        "        _real_stdout.flush()\n\nrun()",
        f'        print("{END_OF_INVOCATION}", file=sys.stderr, flush=True)\n'
        "        _real_stdout.flush()\n\nrun()",
    )
    return replace_once(script, "    _ms_install_invoke_depth()\n    try:", "    try:")


def replace_once(text: str, old: str, new: str) -> str:
    """Replace what must occur exactly once."""
    if text.count(old) != 1:
        raise MovedError(f"expected once in MiniStack's source, found {text.count(old)}: {old!r}")
    return text.replace(old, new)


def read_raised(answer: dict[str, Any]) -> dict[str, Any]:
    """A worker's answer, with what its handler raised turned into MiniStack's error shape."""
    result = answer.get("result")
    raised = result.get(RAISED) if isinstance(result, dict) else None
    if raised is None:
        return answer
    return {**answer, **raised, "status": "error", "result": None}


def name_error(outcome: dict[str, Any], error_type: str | None) -> dict[str, Any]:
    """An invocation's outcome under the class name of what was raised, else of its death."""
    body = outcome.get("body")
    if not outcome.get("error") or not isinstance(body, dict):
        return outcome
    if error_type is None and body.get("errorType") == UNNAMED:
        error_type = DEATH
    return {**outcome, "body": {**body, "errorType": error_type}} if error_type else outcome


def drain(lines: "queue.Queue[str]", seconds_max: float = DRAIN_SECONDS_MAX) -> str:
    """The lines up to the end mark; a worker that died never writes it, hence the bound."""
    drained: list[str] = []
    deadline = time.monotonic() + seconds_max
    while (left := deadline - time.monotonic()) > 0:
        try:
            line = lines.get(timeout=left)
        except queue.Empty:
            break
        if line == END_OF_INVOCATION:
            break
        drained.append(line)
    return "\n".join(drained)


class LogFile:
    """One function's log; past its size limit it starts anew and keeps one older file."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size > LOG_BYTES_MAX:
            path.replace(path.with_suffix(".1.log"))
        self._path = path

    def append(self, line: str) -> None:
        with self._path.open("a") as file:
            file.write(line + "\n")


def log_name(config: dict[str, Any]) -> str:
    """The capability where the function says which it is, else the function's name."""
    variables = config.get("Environment", {}).get("Variables", {})
    return str(variables.get("CAPABILITY") or config.get("FunctionName", "unknown"))


def correct_workers(folder: Path) -> None:
    """Corrections 1 to 4, in the modules of the running interpreter."""
    from ministack.core import lambda_runtime
    from ministack.services import lambda_svc

    worker = lambda_runtime.Worker
    invoke, execute = worker.invoke, lambda_svc._execute_function_warm
    lambda_runtime._PYTHON_WORKER_SCRIPT = corrected_worker(lambda_runtime._PYTHON_WORKER_SCRIPT)

    def invoke_and_remember(self: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        answer = read_raised(invoke(self, *args, **kwargs))
        type_of_raised.name = answer.get("error_type")
        return answer

    def execute_and_name(*args: Any, **kwargs: Any) -> dict[str, Any]:
        type_of_raised.name = None
        return name_error(execute(*args, **kwargs), type_of_raised.name)

    def read_stderr(self: Any) -> None:
        log = LogFile(folder / f"{log_name(self.config)}.log")
        for line in self._proc.stderr:
            text = line.rstrip("\n")
            if text != END_OF_INVOCATION:
                log.append(text)
            self._stderr_queue.put(text)

    _replace(worker, "invoke", invoke_and_remember)
    _replace(worker, "_read_stderr", read_stderr)
    _replace(worker, "_drain_stderr_bounded", lambda self, **_: drain(self._stderr_queue))
    _replace(lambda_svc, "_execute_function_warm", execute_and_name)
    _replace(lambda_svc, "_emit_lambda_logs", lambda *_args, **_kwargs: None)


def share_workers() -> None:
    """Correction 7, where an invocation takes and returns its worker."""
    from ministack.core import lambda_runtime
    from ministack.services import lambda_svc

    crowd = Crowd(
        lambda_runtime.acquire_worker,
        lambda_runtime.release_worker,
        workers=lambda_runtime._workers,
        key=lambda_runtime._worker_key,
        at_once=WORKERS_PER_CORE * (os.cpu_count() or 1),
        patience_seconds=PATIENCE_SECONDS,
    )
    _replace(lambda_svc, "acquire_worker", crowd.acquire)
    _replace(lambda_svc, "release_worker", crowd.release)


def share_code(folder: Path) -> None:
    """Put correction 11 where a worker unpacks its archive."""
    from ministack.core import lambda_runtime

    copies = Copies(folder)
    copies.forget_older()
    shared = ModuleType("zipfile")
    shared.__dict__.update(lambda_runtime.zipfile.__dict__)
    shared.__dict__["ZipFile"] = shared_zip(copies)
    lambda_runtime.zipfile = shared


def _replace(owner: Any, name: str, new: Any) -> None:
    if not callable(getattr(owner, name, None)):
        raise MovedError(f"{owner.__name__} has no {name} any more")
    setattr(owner, name, new)


def read_patiently(get_state: Callable[[], Any]) -> Callable[[], Any]:
    """Correction 8: read a service's state again where a request changed it meanwhile."""

    def read() -> Any:
        for _ in range(STATE_READS_MAX - 1):
            try:
                return get_state()
            except RuntimeError:  # a dictionary changed its size during iteration
                time.sleep(0.005)
        return get_state()

    return read


def save_patiently() -> None:
    """Put correction 8 where every save asks for the states: ours and the one at the end."""
    from ministack import app as emulator

    services = emulator._build_persistence_save_dict
    _replace(
        emulator,
        "_build_persistence_save_dict",
        lambda: {name: read_patiently(get_state) for name, get_state in services().items()},
    )


def leave_a_worker() -> None:
    """Put correction 10 where a queue's batches are counted; a row's own limit stays."""
    from ministack.services import lambda_svc

    batches = lambda_svc._sqs_esm_concurrency
    most = max(1, WORKERS_PER_CORE * (os.cpu_count() or 1) - 1)

    def fewer(mapping: dict[str, Any], *args: Any) -> int:
        allowed: int = batches(mapping, *args)
        is_set = (mapping.get("ScalingConfig") or {}).get("MaximumConcurrency")
        return allowed if is_set else min(allowed, most)

    _replace(lambda_svc, "_sqs_esm_concurrency", fewer)


def give_back(messages: list[dict[str, Any]], now: float) -> None:
    """Correction 9: let nobody hold a message, and count no receipt that nobody lived to answer."""
    for message in messages:
        if message["receive_count"] > 0 and message["visible_at"] > now:
            message["visible_at"] = now
            message["receive_count"] -= 1


def start_with_full_queues() -> None:
    """Put correction 9 where the queues are read back."""
    from ministack.services import sqs

    restore = sqs.load_persisted_state

    def restore_and_give_back(data: Any) -> None:
        restore(data)
        for queue_ in sqs._queues._data.values():
            give_back(queue_["messages"], time.time())

    _replace(sqs, "load_persisted_state", restore_and_give_back)


class Keeper:
    """Saves the emulator's state, one save at a time, and on its own only when there is news."""

    def __init__(self, save: Callable[[], None]) -> None:
        self._save = save
        self._saving = threading.Lock()
        self.has_news = False

    def save(self) -> None:
        """Save now."""
        with self._saving:
            self.has_news = False
            self._save()

    def save_news(self) -> None:
        """Save where something was asked since the last time."""
        if self.has_news:
            self.save()

    def run(self) -> None:
        """Save news for as long as the process lives."""
        while True:
            time.sleep(CHECKPOINT_SECONDS)
            self.save_news()


class FrontDoor:
    """Corrections 5 and 6: what stands in front of MiniStack's application."""

    def __init__(self, inner: Any, keeper: Keeper, memory: Path) -> None:
        self._inner = inner
        self._keeper = keeper
        self._memory = memory
        self._api_id = memory.read_text() if memory.exists() else ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve our own paths, send the API's to the API, and everything else on as it is."""
        path = str(scope.get("path", ""))
        if path == CHECKPOINT_PATH:
            await asyncio.to_thread(self._keeper.save)
            await _answer(send, 204)
        elif path == HOME_PATH:
            await _answer(send, 200, str(self._memory.parent).encode())
        elif path.startswith(DOOR_PATH):
            self._api_id = path.removeprefix(DOOR_PATH).strip("/")
            self._memory.write_text(self._api_id)
            await _answer(send, 204)
        else:
            self._keeper.has_news |= scope.get("method") not in ("GET", "HEAD", None)
            await self._inner(self._into_api(scope, path), receive, send)

    def _into_api(self, scope: Scope, path: str) -> Scope:
        if not self._api_id or not path.startswith(API_ROOT):
            return scope
        prefix = f"/_aws/execute-api/{self._api_id}/$default"
        raw = prefix.encode() + bytes(scope.get("raw_path") or path.encode())
        return {**scope, "path": prefix + path, "raw_path": raw}


async def _answer(send: Send, status: int, body: bytes = b"") -> None:
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": body})


def add_front_door(memory: Path) -> None:
    """Put the door before MiniStack's application."""
    from ministack import app as emulator

    keeper = Keeper(lambda: emulator.save_all(emulator._build_persistence_save_dict()))
    threading.Thread(target=keeper.run, name="bifrost-keeper", daemon=True).start()
    _replace(emulator, "app", FrontDoor(emulator.app, keeper, memory))


def main() -> None:
    """Correct, then serve until a signal."""
    correct_workers(Path(os.environ[LOG_FOLDER]))  # noqa: TID251 - its starter speaks through it
    share_workers()
    share_code(Path.cwd() / "code")
    leave_a_worker()
    save_patiently()
    start_with_full_queues()
    add_front_door(Path.cwd() / "door")
    from ministack import app as emulator

    emulator.main()


if __name__ == "__main__":
    main()

"""The corrections to MiniStack hold against the pinned version, each for what it was made.

A new version that reads differently must fail here, not in an order.
"""

import asyncio
import json
import queue
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ministack import app as emulator
from ministack.core import lambda_runtime
from ministack.services import lambda_svc, sqs

from bifrost.local import launcher

HANDLER = """
import sys
class UnavailableError(Exception):
    pass
def handler(event, context):
    if event == "raise":
        raise UnavailableError("no database")
    print("said", event)
    return {"botocore": "botocore" in sys.modules}
"""


class Worker:
    """A corrected worker as its own process, spoken to as MiniStack speaks to it."""

    def __init__(self, folder: Path) -> None:
        (folder / "app.py").write_text(HANDLER)
        script = folder / "worker.py"
        script.write_text(launcher.corrected_worker(lambda_runtime._PYTHON_WORKER_SCRIPT))
        self.process = subprocess.Popen(
            [sys.executable, str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.ready = self.ask({"code_dir": str(folder), "module": "app", "handler": "handler"})

    def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def end(self) -> list[str]:
        _, said = self.process.communicate(timeout=10)
        return said.splitlines()


def test_a_raised_class_name_becomes_the_error_type_and_the_worker_lives_on(tmp_path: Path) -> None:
    worker = Worker(tmp_path)

    raised = launcher.read_raised(worker.ask({"event": "raise"}))
    after = worker.ask({"event": "again"})
    worker.end()

    assert (raised["status"], raised["error_type"]) == ("error", "UnavailableError")
    assert raised["error"] == "no database"
    assert after["status"] == "ok"


def test_every_invocation_ends_its_lines_with_the_mark(tmp_path: Path) -> None:
    worker = Worker(tmp_path)
    worker.ask({"event": 1})
    worker.ask({"event": "raise"})

    lines = worker.end()

    assert lines == ["said 1", launcher.END_OF_INVOCATION, launcher.END_OF_INVOCATION]


def test_a_worker_does_not_import_botocore_for_a_function_that_does_not(tmp_path: Path) -> None:
    worker = Worker(tmp_path)

    answer = worker.ask({"event": 1})
    worker.end()

    assert answer["result"] == {"botocore": False}


def test_a_worker_ends_when_its_server_is_killed(tmp_path: Path) -> None:
    worker = Worker(tmp_path)

    worker.end()  # closes its input, as the death of its server does

    assert worker.process.returncode == 0


def test_what_is_corrected_still_exists_in_the_pinned_version() -> None:
    for owner, name in (
        (lambda_runtime.Worker, "invoke"),
        (lambda_runtime.Worker, "_read_stderr"),
        (lambda_runtime.Worker, "_drain_stderr_bounded"),
        (lambda_svc, "_execute_function_warm"),
        (lambda_svc, "_emit_lambda_logs"),
        (emulator, "save_all"),
        (emulator, "_build_persistence_save_dict"),
        (sqs, "load_persisted_state"),
        (sqs._queues._data, "values"),
    ):
        assert callable(getattr(owner, name)), name


def test_a_state_that_changes_while_it_is_read_is_read_again() -> None:
    answers = [RuntimeError("dictionary changed size during iteration"), {"queues": 1}]

    def get_state() -> dict[str, int]:
        answer = answers.pop(0)
        if isinstance(answer, RuntimeError):
            raise answer
        return answer

    assert launcher.read_patiently(get_state)() == {"queues": 1}


def test_a_state_that_can_never_be_read_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher, "STATE_READS_MAX", 2)

    def get_state() -> None:
        raise RuntimeError("changed again")

    with pytest.raises(RuntimeError, match="changed again"):
        launcher.read_patiently(get_state)()


def test_a_message_that_nobody_lives_to_answer_is_back_in_its_queue_uncounted() -> None:
    held = {"receive_count": 2, "visible_at": 400.0}
    delayed = {"receive_count": 0, "visible_at": 400.0}
    free = {"receive_count": 1, "visible_at": 50.0}

    launcher.give_back([held, delayed, free], now=100.0)

    assert held == {"receive_count": 1, "visible_at": 100.0}
    assert delayed == {"receive_count": 0, "visible_at": 400.0}
    assert free == {"receive_count": 1, "visible_at": 50.0}


def test_a_source_that_moved_is_refused_at_the_start() -> None:
    with pytest.raises(launcher.MovedError, match="found 0"):
        launcher.corrected_worker("print('another version')")


def test_an_outcome_takes_the_raised_class_name_and_a_success_is_left_alone() -> None:
    failed = {"error": True, "body": {"errorMessage": "x", "errorType": "Runtime.HandlerError"}}
    fine = {"body": {"errorType": "a field of the function's own"}}

    named = launcher.name_error(failed, "UnavailableError")

    assert named["body"] == {"errorMessage": "x", "errorType": "UnavailableError"}
    assert launcher.name_error(fine, "UnavailableError") == fine


def test_a_worker_that_died_is_called_what_aws_calls_it() -> None:
    died = {"error": True, "body": {"errorMessage": "x", "errorType": "Runtime.HandlerError"}}
    late = {"error": True, "body": {"errorMessage": "x", "errorType": "Sandbox.Timedout"}}

    named = launcher.name_error(died, None)

    assert named["body"] == {"errorMessage": "x", "errorType": "Runtime.ExitError"}
    assert launcher.name_error(late, None) == late


def test_draining_stops_at_the_mark_and_leaves_the_next_invocation_its_lines() -> None:
    lines: queue.Queue[str] = queue.Queue()
    for line in ("one", "two", launcher.END_OF_INVOCATION, "three"):
        lines.put(line)

    assert launcher.drain(lines) == "one\ntwo"
    assert lines.get_nowait() == "three"


def test_draining_a_dead_worker_ends_at_its_bound() -> None:
    lines: queue.Queue[str] = queue.Queue()
    lines.put("last words")

    assert launcher.drain(lines, seconds_max=0.02) == "last words"


def test_a_log_past_its_limit_starts_anew_and_keeps_one_older_file(tmp_path: Path) -> None:
    path = tmp_path / "risk.log"
    path.write_text("x" * (launcher.LOG_BYTES_MAX + 1))

    launcher.LogFile(path).append("fresh")

    assert path.read_text() == "fresh\n"
    assert (tmp_path / "risk.1.log").exists()


def test_a_log_is_named_by_the_capability_and_else_by_the_function() -> None:
    named = {"FunctionName": "bifrost-Fn-1", "Environment": {"Variables": {"CAPABILITY": "risk"}}}

    assert launcher.log_name(named) == "risk"
    assert launcher.log_name({"FunctionName": "bifrost-Fn-1"}) == "bifrost-Fn-1"


class Calls:
    """An application that notes what reached it, and a saver that counts."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.saves = 0
        self.sent: list[Any] = []

    async def app(self, scope: Any, _receive: Any, _send: Any) -> None:
        self.paths.append(scope["path"])

    def save(self) -> None:
        self.saves += 1

    def ask(self, door: launcher.FrontDoor, method: str, path: str) -> None:
        async def send(message: Any) -> None:
            self.sent.append(message)

        async def receive() -> None:
            return None

        asyncio.run(door({"method": method, "path": path}, receive, send))


def test_the_api_answers_at_the_root_once_the_door_is_open(tmp_path: Path) -> None:
    calls = Calls()
    door = launcher.FrontDoor(calls.app, launcher.Keeper(calls.save), tmp_path / "door")

    calls.ask(door, "GET", "/v1/orders")
    calls.ask(door, "POST", "/_bifrost/door/abc")
    calls.ask(door, "GET", "/v1/orders")
    calls.ask(door, "POST", "/")

    assert calls.paths == ["/v1/orders", "/_aws/execute-api/abc/$default/v1/orders", "/"]
    assert calls.sent[0]["status"] == 204


def test_the_door_stays_open_over_a_restart(tmp_path: Path) -> None:
    calls = Calls()
    memory = tmp_path / "door"
    calls.ask(
        launcher.FrontDoor(calls.app, launcher.Keeper(calls.save), memory),
        "POST",
        "/_bifrost/door/abc",
    )

    calls.ask(
        launcher.FrontDoor(calls.app, launcher.Keeper(calls.save), memory), "GET", "/v1/orders"
    )

    assert calls.paths == ["/_aws/execute-api/abc/$default/v1/orders"]


def test_a_checkpoint_saves_at_once_and_news_are_saved_only_when_there_are_any(
    tmp_path: Path,
) -> None:
    calls = Calls()
    keeper = launcher.Keeper(calls.save)
    door = launcher.FrontDoor(calls.app, keeper, tmp_path / "door")

    calls.ask(door, "POST", launcher.CHECKPOINT_PATH)
    keeper.save_news()
    assert calls.saves == 1
    calls.ask(door, "GET", "/_ministack/health")
    keeper.save_news()
    assert calls.saves == 1
    calls.ask(door, "POST", "/")
    keeper.save_news()
    assert calls.saves == 2

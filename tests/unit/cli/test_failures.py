"""With `--json` every command ends with exactly one JSON object, whatever goes wrong: the problem
and the exit code. The whole tree of commands is walked; nothing shows a traceback.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bifrost.cli import main
from bifrost.local.home import MARK
from bifrost.runtime.settings import settings
from tests.unit.cli.command_tree import Command, every_command, run

# These start, measure or remove a stack; each is tried by a test of its own.
HEAVY = {("up",), ("demo",), ("bench",), ("reset",)}
COMMANDS = every_command()
LIGHT = [one for one in COMMANDS if one.words not in HEAVY]
NO_NUMBERS = ["none", "NaN", "", "1.5", "-1", "9" * 400, "1e3", "\u0661x"]
HOMES = {
    "absent": None,
    "a file": "",
    "half a record": "{",
    "a record that is a list": "[]",
    "a record of other fields": '{"postgres": 1}',
}
PROBLEM = {"title": "no", "detail": "no"}
FIELD = {"field": "quantity", "message": "m", "fix": "f"}
ANSWERS: dict[str, tuple[int, Any, int]] = {
    "bad input": (422, {**PROBLEM, "errors": [FIELD]}, 2),
    "a refusal": (422, {**PROBLEM, "reasons": [{"rule": "r", "message": "m"}]}, 3),
    "no such thing": (404, PROBLEM, 2),
    "no token": (401, {"message": "Unauthorized"}, 2),
    "not allowed": (403, PROBLEM, 2),
    "a conflict": (409, PROBLEM, 2),
    "a fault": (500, "Internal Server Error", 5),
    "a fault without a word": (500, "", 5),
    "nobody behind": (502, "<html>", 5),
    "down": (503, PROBLEM, 5),
    "unknown": (504, PROBLEM, 4),
    "another server": (200, "<html>", 5),
}

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home without a stack, and an environment that says nothing else."""
    for name in ("DATABASE_URL", "AWS_ENDPOINT_URL", "BIFROST_API", "BIFROST_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("BIFROST_HOME", str(tmp_path / "home"))
    yield tmp_path / "home"
    settings.cache_clear()


def name_of(value: Any) -> str:
    return " ".join(value.words) if isinstance(value, Command) else str(value)[:20]


def texts() -> list[tuple[Command, Any]]:
    # The measures' names are checked where they are.
    return [(one, text) for one in COMMANDS if one.words != ("bench",) for text in one.texts]


@pytest.mark.parametrize("command", COMMANDS, ids=name_of)
def test_an_option_that_is_none_is_named(capfd: Capture, command: Command) -> None:
    done = run(capfd, *command.words, "--nonsense", "--json")

    assert done.code == 2
    assert done.error["errors"][0]["field"] == "--nonsense"
    assert done.error["errors"][0]["fix"] == f"see `bifrost {' '.join(command.words)} --help`"


@pytest.mark.parametrize(
    "command", [one for one in COMMANDS if any(p.required for p in one.takes)], ids=name_of
)
def test_what_is_missing_is_named(capfd: Capture, command: Command) -> None:
    done = run(capfd, *command.words, "--json")

    assert done.code == 2
    first = {name for one in command.takes if one.required for name in one.opts}
    assert done.error["errors"][0]["field"] in first


@pytest.mark.parametrize("blank", ["", "  "], ids=["empty", "blank"])
@pytest.mark.parametrize(("command", "text"), texts(), ids=name_of)
def test_a_text_that_is_empty_is_a_usage_error_that_names_it(
    capfd: Capture, command: Command, text: Any, blank: str
) -> None:
    done = run(capfd, *command.line(text.name, blank))

    assert done.code == 2, done.err
    assert done.error["errors"][0]["field"] == text.opts[0]


@pytest.mark.parametrize("number", NO_NUMBERS, ids=name_of)
@pytest.mark.parametrize(
    ("command", "integer"), [(one, i) for one in COMMANDS for i in one.integers], ids=name_of
)
def test_a_number_that_is_none_is_a_usage_error_that_names_it(
    capfd: Capture, command: Command, integer: Any, number: str
) -> None:
    done = run(capfd, *command.line(integer.name, number))

    assert done.code == 2, done.err
    assert done.error["errors"][0]["field"] == integer.opts[0]


@pytest.mark.parametrize(
    "line", ["--json", "orders --json", "nothing --json", "dlq nothing --json"]
)
def test_a_command_that_is_none_is_a_usage_error(capfd: Capture, line: str) -> None:
    done = run(capfd, *line.split())

    assert (done.code, done.error["type"]) == (2, "/v1/problems/invalid-input")


@pytest.mark.parametrize("what", HOMES)
@pytest.mark.parametrize("command", LIGHT, ids=name_of)
def test_without_a_stack_a_command_answers_or_says_what_is_missing(
    capfd: Capture, home: Path, command: Command, what: str
) -> None:
    content = HOMES[what]
    if content == "":
        home.write_text("a file where a folder should be")
    elif content is not None:
        home.mkdir()
        (home / "state.json").write_text(content)

    done = run(capfd, *command.line())

    assert done.code in (0, 2, 5), done.err
    if command.words == ("status",) and done.code == 5 and "error" not in done.answer:
        assert done.answer["up"] is False
    elif done.code:
        assert done.error["type"].startswith("/v1/problems/")


@pytest.mark.parametrize(
    ("what", "code"), [("a file", 2), ("another folder", 2), ("half a record", 5)]
)
@pytest.mark.parametrize("command", ["up", "demo"])
def test_a_stack_does_not_start_in_a_home_that_cannot_be_one(
    capfd: Capture, home: Path, command: str, what: str, code: int
) -> None:
    if what == "a file":
        home.write_text("a file where a folder should be")
    else:
        home.mkdir()
        (home / "state.json").write_text("{")
    if what == "half a record":
        (home / MARK).touch()

    done = run(capfd, command, "--json")

    assert done.code == code
    assert str(home) in done.error["detail"]


def test_reset_without_yes_removes_nothing_and_says_so(capfd: Capture, home: Path) -> None:
    home.mkdir()

    done = run(capfd, "reset", "--json")

    assert (done.code, done.error["errors"][0]["field"]) == (2, "--yes")
    assert home.exists()


def test_following_has_no_last_line(capfd: Capture) -> None:
    done = run(capfd, "logs", "--follow", "--json")

    assert (done.code, done.error["errors"][0]["field"]) == (2, "--follow")


def asks_the_api(command: Command) -> bool:
    stack_only = {"sample", "url", "token", "status", "down", "logs", "dlq", "returns", "tax"}
    # They read a file, keep the stack's keys, speak WebSocket, and are a process of their own.
    others = {("data", "repairs", "check"), ("data", "keys"), ("feed",), ("runner",)}
    return command.words[0] not in stack_only and command.words not in others


@pytest.mark.parametrize("what", ANSWERS)
@pytest.mark.parametrize("command", [one for one in LIGHT if asks_the_api(one)], ids=name_of)
def test_what_the_api_answers_is_the_error_and_decides_the_code(
    capfd: Capture, monkeypatch: pytest.MonkeyPatch, command: Command, what: str
) -> None:
    status, body, code = ANSWERS[what]
    text = body if isinstance(body, str) else json.dumps(body)
    make = httpx.Client
    answering = httpx.MockTransport(lambda _: httpx.Response(status, text=text))
    monkeypatch.setattr(httpx, "Client", lambda **given: make(**given, transport=answering))
    monkeypatch.setenv("BIFROST_API", "http://desk.test")
    monkeypatch.setenv("BIFROST_TOKEN", "token")

    done = run(capfd, *command.line())

    assert done.code == code, done.err
    assert done.error.get("detail") or done.error.get("title")
    assert done.error.get("errors", done.error.get("reasons", [])) == (
        body.get("errors", body.get("reasons", [])) if isinstance(body, dict) else []
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BIFROST_API", "http://127.0.0.1:1"),
        ("BIFROST_API", "nonsense"),
        ("BIFROST_API", "http://[::1"),
        ("DATABASE_URL", "mysql://x"),
        ("AWS_ENDPOINT_URL", "localhost:4566"),
        ("BIFROST_HOME", "/proc/nowhere"),
        ("BIFROST_HOME", "x" * 5000),
    ],
)
def test_a_setting_that_cannot_be_is_an_error_of_one_object(
    capfd: Capture, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv("BIFROST_TOKEN", "token")
    monkeypatch.setenv(name, value)

    done = run(capfd, "accounts", "list", "--json")

    assert done.code in (2, 5)
    assert done.error["detail"]


def test_a_fault_of_ours_is_one_object_too(capfd: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: Any) -> None:
        raise KeyError("items")

    monkeypatch.setattr(main, "app", fail)

    done = run(capfd, "accounts", "list", "--json")

    assert (done.code, done.answer["exit_code"]) == (1, 1)
    assert done.answer["error"]["type"] == "/v1/problems/internal"
    assert "KeyError" in done.err


def test_an_end_without_a_word_is_one_object_too(
    capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(**_: Any) -> None:
        raise SystemExit(5)

    monkeypatch.setattr(main, "app", stop)

    assert run(capfd, "bench", "--json").error["title"] == "The command stopped"


def test_without_json_an_error_is_lines_for_a_person(capfd: Capture) -> None:
    done = run(capfd, "positions")

    assert (done.code, done.out) == (5, "")
    assert "bifrost up" in done.err

"""Every command explains itself with an example, and every error ends in its documented code."""

import json
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import typer

from bifrost.cli import main, output
from bifrost.core.decisions import Reason
from bifrost.core.errors import (
    BifrostError,
    InvalidInputError,
    NotFoundError,
    OutcomeUnknownError,
    RefusedError,
    UnauthenticatedError,
    UnavailableError,
)
from bifrost.local.api import ApiError

REFUSED = [{"rule": "buying_power", "message": "too dear"}]


def commands(app: typer.Typer = main.app) -> list[Callable[..., Any]]:
    below = [one for group in app.registered_groups for one in commands(_app(group.typer_instance))]
    return [command.callback for command in app.registered_commands if command.callback] + below


def _app(found: typer.Typer | None) -> typer.Typer:
    assert found is not None
    return found


@pytest.mark.parametrize("command", commands(), ids=lambda command: command.__qualname__)
def test_every_command_says_what_it_does_and_shows_an_example(command: Callable[..., Any]) -> None:
    said = command.__doc__ or ""

    assert said.split("\n")[0].endswith(".") or "Exit code" in said
    assert "Example: bifrost" in said or "Example: curl" in said


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ApiError(422, {"title": "refused", "reasons": REFUSED}), 3),
        (ApiError(422, {"title": "invalid", "errors": []}), 2),
        (ApiError(404, {"title": "not there"}), 2),
        (ApiError(401, {"title": "token"}), 2),
        (ApiError(503, {"title": "down"}), 5),
        (ApiError(500, {"title": "fault"}), 5),
        (ApiError(504, {"title": "unknown"}), 4),
        (RefusedError(Reason("buying_power", Decimal(1), Decimal(2))), 3),
        (OutcomeUnknownError("sent"), 4),
        (UnavailableError("no answer"), 5),
        (NotFoundError("no account"), 2),
        (UnauthenticatedError("no token"), 2),
        (InvalidInputError(), 2),
    ],
)
def test_each_error_ends_in_its_documented_code(error: BifrostError, code: int) -> None:
    assert output.exit_code(error) == code


def test_an_api_error_reads_as_lines_with_each_field_and_its_fix() -> None:
    problem = {
        "title": "The input cannot be read",
        "detail": "quantity: must be positive",
        "errors": [{"field": "quantity", "message": "must be positive", "fix": "send more"}],
    }

    assert str(ApiError(422, problem)).splitlines() == [
        "The input cannot be read: quantity: must be positive",
        "  quantity: must be positive; send more",
    ]


def run(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = Path(sys.executable).with_name("bifrost")
    return subprocess.run(
        [str(command), *arguments],
        env={"BIFROST_HOME": str(tmp_path / "home"), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("orders", "list"), 5),
        (("positions", "--json"), 5),
        (("dlq", "list"), 5),
        (("status",), 5),
        (("nothing",), 2),
        (("orders", "place"), 2),
        (("orders", "list", "--most", "none"), 2),
        (("--help",), 0),
    ],
)
def test_without_a_stack_a_command_names_the_next_step_and_shows_no_traceback(
    tmp_path: Path, arguments: tuple[str, ...], code: int
) -> None:
    done = run(tmp_path, *arguments)

    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    if code == 5:
        assert "bifrost up" in done.stderr + done.stdout


@pytest.mark.parametrize("arguments", [("status",), ("up",), ("accounts", "list")])
def test_a_home_that_cannot_be_is_named_and_shows_no_traceback(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    (tmp_path / "home").write_text("a file where a folder should be")

    done = run(tmp_path, *arguments, "--json")

    assert done.returncode == 5, done.stderr
    assert "Traceback" not in done.stderr
    assert "home" in json.loads(done.stdout.splitlines()[-1])["detail"]


def test_with_json_an_error_is_one_object_on_the_last_line_too(tmp_path: Path) -> None:
    done = run(tmp_path, "positions", "--json")

    assert json.loads(done.stdout.splitlines()[-1])["error"] == "UnavailableError"


def test_a_table_aligns_its_columns_and_says_when_it_is_empty(
    capsys: pytest.CaptureFixture[str],
) -> None:
    output.show_table([{"a": "1", "long_name": None}], ("a", "long_name"), empty="none")
    output.show_table([], ("a",), empty="nothing here")

    assert capsys.readouterr().out == "a  long name\n1  -\nnothing here\n"

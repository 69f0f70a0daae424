"""Every command explains itself with an example, and every error ends in its documented code."""

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from bifrost.cli import output
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
from tests.unit.cli.command_tree import every_help
from tests.unit.cli.command_tree import run as run_here

REFUSED = [{"rule": "buying_power", "message": "too dear"}]


@pytest.mark.parametrize("words", every_help(), ids=lambda words: " ".join(words) or "bifrost")
def test_every_help_says_what_it_does_and_shows_an_example_to_copy(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")

    done = run_here(capfd, *words, "--help")

    assert done.code == 0
    lines = [line.strip() for line in done.out.splitlines()]
    assert " ".join(lines[2 : lines.index("", 2)]).endswith(".")
    example = next(line for line in lines if line.startswith("Example: "))
    assert " ".join(("bifrost", *words)) in example
    # A wrapped example cannot be copied.
    assert lines[lines.index(example) + 1] == ""


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

    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert "home" in json.loads(done.stdout.splitlines()[-1])["error"]["detail"]


def test_a_table_aligns_its_columns_and_says_when_it_is_empty(
    capsys: pytest.CaptureFixture[str],
) -> None:
    output.show_table([{"a": "1", "long_name": None}], ("a", "long_name"), empty="none")
    output.show_table([], ("a",), empty="nothing here")

    assert capsys.readouterr().out == "a  long name\n1  -\nnothing here\n"


def test_what_others_wrote_steers_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    written = "\u202eabc\x1b[31m é"
    output.show_table([{"a": written}], ("a",), empty="none")
    output.show_fields({"a": [written]})
    output.say(f"a line\n  {written}")
    seen = "\\u202eabc\\x1b[31m é"
    told = capsys.readouterr()

    assert told.out == f"a\n{seen}\na  {seen}\n"
    assert told.err == f"a line\n  {seen}\n"

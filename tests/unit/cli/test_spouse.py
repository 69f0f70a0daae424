"""Promises what `bifrost tax spouse` asks the API, and what it shows of the answer."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from bifrost.cli import session
from bifrost.cli.main import app

NOTHING: dict[str, Any] = {"you": "me-1", "spouse": None, "stands": False, "version": 3}
SPOUSE = {"owner": "you-2", "since": "2020-05-01", "until": None}


class RecordedApi:
    """Says what it was told last, and keeps what it was asked."""

    def __init__(self) -> None:
        self.said = NOTHING
        self.asked: list[Any] = []

    def get(self, path: str) -> Any:
        self.asked.append(("GET", path))
        return self.said

    def put(self, path: str, body: Any, *, version: int) -> Any:
        self.asked.append(("PUT", path, body, version))
        self.said = {**NOTHING, "spouse": body, "stands": True, "version": version + 1}
        return self.said

    def delete(self, path: str, *, version: int) -> Any:
        self.asked.append(("DELETE", path, version))
        self.said = {**NOTHING, "version": version + 1}
        return self.said


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> RecordedApi:
    recorded = RecordedApi()
    monkeypatch.setattr(session, "connect", lambda: recorded)
    return recorded


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["tax", "spouse", *arguments], catch_exceptions=False)


def test_a_spouse_is_set_and_removed_at_the_version_that_was_read(api: RecordedApi) -> None:
    made = run("set", "you-2", "--since", "2020-05-01", "--json")
    gone = run("remove", "--json")

    path = "/v1/tax/spouse"
    assert api.asked == [
        ("GET", path),
        ("PUT", path, SPOUSE, 3),
        ("GET", path),
        ("DELETE", path, 4),
    ]
    assert json.loads(made.stdout)["spouse"] == SPOUSE
    assert json.loads(gone.stdout) == {**NOTHING, "version": 5}


def test_show_says_what_to_tell_the_spouse_and_whether_it_stands(api: RecordedApi) -> None:
    alone = run("show").stdout
    run("set", "you-2", "--since", "2020-05-01")
    linked = run("show").stdout

    assert next(line.split() for line in alone.splitlines()) == ["you", "me-1"]
    assert ["spouse", "you-2"] in [line.split() for line in linked.splitlines()]
    assert "2020-05-01" in linked
    assert alone.splitlines()[-1] != linked.splitlines()[-1]


@pytest.mark.parametrize(
    "line", [("set",), ("set", ""), ("set", "you-2", "--since", ""), ("remove", "you-2")]
)
def test_what_cannot_be_asked_is_a_usage_error_and_nothing_is_sent(
    api: RecordedApi, line: tuple[str, ...]
) -> None:
    done = run(*line)

    assert done.exit_code == 2
    assert api.asked == []

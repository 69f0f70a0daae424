"""Promises what `bifrost kill-switch` asks the API for, and what it prints of the answer."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from bifrost.cli import session
from bifrost.cli.main import app

SWITCH = {
    "account_id": None,
    "mode": "halt",
    "reason": "the feed is wrong",
    "set_by": "admin-1",
    "set_at": "2026-11-21T12:00:00Z",
}


class RecordedApi:
    """Answers with one switch, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def get(self, path: str) -> Any:
        self.asked.append(path)
        return {"mode": "halt", "items": [SWITCH]}

    def put(self, path: str, body: Any) -> Any:
        self.asked.append((path, body))
        return SWITCH


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> RecordedApi:
    recorded = RecordedApi()
    monkeypatch.setattr(session, "connect", lambda: recorded)
    return recorded


def run(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["kill-switch", *arguments])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_show_prints_each_switch_with_who_set_it_and_why(api: RecordedApi) -> None:
    table = run("show")

    assert all(str(said) in table for said in ("halt", "the feed is wrong", "admin-1"))
    assert json.loads(run("show", "--json"))["mode"] == "halt"
    assert api.asked == ["/v1/kill-switch"] * 2


@pytest.mark.parametrize(("more", "account_id"), [((), None), (("--account", "acc-1"), "acc-1")])
def test_set_asks_for_the_mode_with_its_reason(
    api: RecordedApi, more: tuple[str, ...], account_id: str | None
) -> None:
    said = run("set", "halt", "--reason", "the feed is wrong", *more, "--json")

    assert json.loads(said) == SWITCH
    asked = {"mode": "halt", "reason": "the feed is wrong", "account_id": account_id}
    assert api.asked == [("/v1/kill-switch", asked)]


def test_set_without_a_reason_asks_nothing(api: RecordedApi) -> None:
    done = CliRunner().invoke(app, ["kill-switch", "set", "halt"])

    assert done.exit_code == 2
    assert api.asked == []

"""Promises that `bifrost data halts` lists halts in words and as one JSON object, and that `add`
sends what a person knows of one.
"""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from bifrost.cli import output, session
from bifrost.cli.main import app

HALT = {
    "instrument": "GME",
    "state": "unknown",
    "begins_at": "2021-01-28T14:41:00Z",
    "ends_at": None,
    "known_to": "2021-01-28T14:43:00Z",
    "source": "stream",
    "code": "LUDP",
    "reason": "Volatility Trading Pause",
}


class Desk:
    """Plays the desk."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def pages(self, path: str, most: int, **asked: Any) -> Any:
        self.asked.append((path, most, {name: one for name, one in asked.items() if one}))
        return [HALT]

    def post(self, path: str, body: Any) -> Any:
        self.asked.append((path, body))
        return {"items": [HALT], "next_cursor": None}


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    """The desk that commands reach."""
    made = Desk()
    monkeypatch.setattr(session, "connect", lambda: made)
    output.forget_shown_json()
    return made


def test_halts_of_an_instrument_are_listed_for_people(desk: Desk) -> None:
    words = ("data", "halts", "--instrument", "GME", "--from", "2021-01-28", "--limit", "5")
    result = CliRunner().invoke(app, words)

    assert desk.asked == [("/v1/data/halts", 5, {"instrument": "GME", "from": "2021-01-28"})]
    assert result.exit_code == 0
    assert "LUDP" in result.stdout
    assert "unknown" in result.stdout


def test_halts_are_one_object_for_programs(desk: Desk) -> None:
    result = CliRunner().invoke(app, ["data", "halts", "--json"])

    assert json.loads(result.stdout) == {"items": [HALT], "next_cursor": None}


def test_what_a_person_knows_of_a_halt_is_sent(desk: Desk) -> None:
    words = ["add", "GME", "--from", "2021-01-28T14:40:00Z", "--reason", "the exchange's list"]
    result = CliRunner().invoke(app, ["data", "halts", *words, "--json"])

    body = {
        "instrument": "GME",
        "begins_at": "2021-01-28T14:40:00Z",
        "ends_at": None,
        "reason": "the exchange's list",
    }
    assert desk.asked == [("/v1/data/halts", body)]
    assert json.loads(result.stdout)["items"] == [HALT]

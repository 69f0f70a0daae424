"""Promises that `bifrost data quality`, `calendar`, `data snapshots` and `data facts` ask the desk
what they were asked, print it for people and for programs, and end with a code that says how it is.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from bifrost.cli import output, session
from bifrost.cli.main import app

DAY = {
    "session": "2012-01-03",
    "timeframe": "1d",
    "expected": 2,
    "stored": 1,
    "quarantined": 1,
    "share": "0.5",
    "reached": False,
}
BAR = {
    "quarantine_id": 7,
    "instrument": "AAPL",
    "timeframe": "1d",
    "occurred_at": "2012-01-03T14:30:00Z",
    "kinds": ["spike"],
    "reason": "3 times what it was before",
}
REPORT = {
    "from": "2012-01-03",
    "to": "2012-01-03",
    "goal": "0.995",
    "reached": False,
    "days": [DAY],
    "days_left_out": 0,
    "worst": [{**DAY, "instrument": "AAPL"}],
    "quarantined": [BAR],
    "flagged": [],
    "quarantined_ticks": [],
}
TAKEN = {"rows_read": 1, "rows_written": 1}
SESSION = {"session": "2012-11-23", "opens_at": "a", "closes_at": "b", "closes_early": True}
SNAPSHOT = {
    "instrument": "AAPL",
    "session": "2012-06-15",
    "overview": {"last_close": {"value": "574.13", "known_at": "2012-06-15T20:00:00Z"}},
    "technicals": {},
    "setups": [{"name": "inside_day", "known_at": "2012-06-15T20:00:00Z"}],
}


class Desk:
    """Plays the desk."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Any]] = []
        self.report = REPORT

    def get(self, path: str, **asked: Any) -> Any:
        self.asked.append((path, asked))
        return self.report

    def post(self, path: str, body: Any) -> Any:
        self.asked.append((path, body))
        return {**BAR, "released_by": "ann"} if "release" in path else TAKEN

    def pages(self, path: str, most: int, **asked: Any) -> Any:
        self.asked.append((path, asked))
        return [SESSION if path == "/v1/calendar" else SNAPSHOT]


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    """The desk that commands reach."""
    made = Desk()
    monkeypatch.setattr(session, "connect", lambda: made)
    output.forget_shown_json()
    return made


def run(*words: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(app, words)


def last_object(result: Result) -> Any:
    """Read the last line as JSON."""
    return json.loads(result.stdout.splitlines()[-1])


def test_report_of_a_session_shows_what_is_below_the_goal_and_what_was_kept_apart(
    desk: Desk,
) -> None:
    result = run("data", "quality", "--session", "2012-01-03", "--instrument", "AAPL")

    asked = {"from": "2012-01-03", "to": "2012-01-03", "instrument": "AAPL", "limit": 100}
    assert desk.asked == [("/v1/data/quality", asked)]
    assert result.exit_code == 0
    assert "below the goal" in result.stdout
    assert "3 times what it was before" in result.stdout
    assert "flagged" not in result.stdout


def test_days_that_are_not_listed_are_counted(desk: Desk) -> None:
    desk.report = {**REPORT, "days_left_out": 5837}

    assert "5,837 older rows of days are not listed" in run("data", "quality").stderr


def test_check_ends_with_3_below_the_goal_and_json_is_the_report(desk: Desk) -> None:
    result = run("data", "quality", "--from", "2012-01-03", "--check", "--json")

    assert result.exit_code == 3
    assert last_object(result) == REPORT


def test_check_of_what_nothing_is_stored_of_is_no_success(desk: Desk) -> None:
    nothing: dict[str, Any] = {"days": [], "worst": [], "quarantined": []}
    desk.report = {**REPORT, "reached": None, **nothing}

    unchecked, checked = run("data", "quality"), run("data", "quality", "--check")

    assert (unchecked.exit_code, checked.exit_code) == (0, 3)
    assert "nothing is stored of these days" in checked.stdout


def test_release_says_why(desk: Desk) -> None:
    result = run("data", "quality", "release", "7", "--reason", "confirmed", "--json")

    assert desk.asked == [("/v1/data/quality/7/release", {"reason": "confirmed"})]
    assert last_object(result)["released_by"] == "ann"


@pytest.mark.parametrize(
    "words",
    [
        ("data", "quality", "release", "0", "--reason", "why"),
        ("data", "quality", "release", "7"),
        ("data", "quality", "release", "7", "--reason", ""),
        ("data", "quality", "--limit", "0"),
        ("calendar", "--from", "2012-01-03"),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(desk: Desk, words: tuple[str, ...]) -> None:
    assert run(*words).exit_code == 2
    assert desk.asked == []


def test_calendar_lists_sessions(desk: Desk) -> None:
    result = run("calendar", "--from", "2012-11-22", "--to", "2012-11-23", "--json")

    asked = {"calendar": "XNYS", "from": "2012-11-22", "to": "2012-11-23"}
    assert desk.asked == [("/v1/calendar", asked)]
    assert last_object(result) == {**asked, "items": [SESSION]}


def test_snapshots_are_a_line_each(desk: Desk) -> None:
    result = run("data", "snapshots", "--as-of", "2012-06-15")

    asked = {"as_of": "2012-06-15", "instrument": None, "knowledge": "effective"}
    assert desk.asked == [("/v1/snapshots", asked)]
    assert "574.13" in result.stdout
    assert "inside_day" in result.stdout


def test_facts_are_sent_as_they_stand_in_the_file(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "facts.csv"
    file.write_text("instrument,metric\n")

    assert run("data", "facts", str(file)).exit_code == 0
    assert desk.asked == [("/v1/company-facts", {"text": "instrument,metric\n"})]


def test_file_that_is_not_there_is_named(desk: Desk, tmp_path: Path) -> None:
    result = run("data", "facts", str(tmp_path / "none.csv"))

    assert result.exit_code == 2
    assert desk.asked == []

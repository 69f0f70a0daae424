"""Promises that `bifrost data backfill` asks for bars of days unless it is told otherwise, leaves a
timeframe out where trades or quotes are asked for, and that jobs say what they are of.
"""

from typing import Any

import pytest
from typer.testing import CliRunner

from bifrost.cli import session
from bifrost.cli.main import app

JOB = {
    "job_id": "job-1",
    "kind": "backfill",
    "provider": "alpaca",
    "series": "trades",
    "timeframe": None,
    "state": "waiting",
    "percent_done": 0,
    "rows_written": 0,
}
DAYS = ("--from", "2024-01-02", "--to", "2024-01-03")


class Desk:
    """Plays the desk."""

    def __init__(self) -> None:
        self.sent: dict[str, Any] = {}

    def post(self, path: str, body: Any = None, key: str = "") -> Any:
        self.sent = body
        return JOB

    def pages(self, path: str, limit: int) -> Any:
        return [] if path.endswith("/items") else [JOB]


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    playing = Desk()
    monkeypatch.setattr(session, "connect", lambda: playing)
    return playing


@pytest.mark.parametrize(
    ("said", "series", "timeframe"),
    [
        ([], "bars", "1d"),
        (["--timeframe", "1m"], "bars", "1m"),
        (["--series", "quotes"], "quotes", None),
        (["--series", "quotes", "--timeframe", "1m"], "quotes", "1m"),
    ],
)
def test_a_timeframe_is_said_of_bars_alone(
    desk: Desk, said: list[str], series: str, timeframe: str | None
) -> None:
    done = CliRunner().invoke(app, ["data", "backfill", "SPY", *DAYS, "--no-wait", *said])

    assert done.exit_code == 0, done.output
    assert (desk.sent["series"], desk.sent["timeframe"]) == (series, timeframe)


def test_jobs_say_what_they_are_of(desk: Desk) -> None:
    done = CliRunner().invoke(app, ["data", "jobs"])

    assert done.exit_code == 0, done.output
    assert "trades" in done.stdout

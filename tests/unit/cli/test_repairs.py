"""Promises that `bifrost data repairs` checks a file without a desk, asks a desk for the rest, and
says in words and in one JSON object what is wrong with which bars and why.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bifrost.cli import output, session
from bifrost.cli.main import app
from tests.unit.data.repair.clean_series import window

HEADER = "Date,Open,High,Low,Close,Adj Close,Volume,Dividends,Stock Splits"
FOUND = {
    "repair_id": "repair-1",
    "instrument": "AAPL",
    "kind": "unit_error",
    "state": "applied",
    "score": 0.97,
    "first_session": "2012-03-01",
    "last_session": "2012-03-01",
    "bars": 1,
    "reason": "a hundred times too high",
}
DETAIL = {
    **FOUND,
    "cells": {"close": [{"session": "2012-03-01", "raw": "20500", "repaired": "205"}]},
    "steps": [{"state": "applied", "by": "scan", "reason": "score 0.97", "at": "2026-11-21"}],
}


class RepairApi:
    """Plays the desk."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Any]] = []
        self.following: list[str | None] = [None]

    def pages(self, path: str, most: int, **params: Any) -> Any:
        self.asked.append((path, params))
        return [FOUND]

    def get(self, path: str) -> Any:
        self.asked.append((path, None))
        return DETAIL

    def post(self, path: str, body: Any) -> Any:
        self.asked.append((path, body))
        suspicion = {"source": "yahoo", "kind": "phantom_split", "session": "2021-01-27"}
        looked = {"source": "yahoo", "timeframe": "1d", "bars": 250}
        if not path.endswith("scans"):
            return DETAIL
        return {
            "instrument": "AAPL",
            "sources": ["yahoo"],
            "looked": [{**looked, "first_session": "2021-01-04", "last_session": "2021-12-31"}],
            "following": self.following.pop(0),
            "repairs": [FOUND],
            "suspicions": [{**suspicion, "reason": "claimed by yahoo alone"}],
        }


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> RepairApi:
    """A desk that answers."""
    made = RepairApi()
    monkeypatch.setattr(session, "connect", lambda: made)
    return made


def run(*words: str) -> tuple[int, str]:
    output.forget_shown_json()
    result = CliRunner().invoke(app, ["data", "repairs", *words])
    return result.exit_code, result.output


def written(path: Path, *, factor: float = 1.0) -> str:
    """Write IBM's bars of some months as Yahoo would, one of them multiplied."""
    series = window("IBM", 1000, 80)
    lines = [HEADER]
    for at, day in enumerate(series.sessions):
        by = factor if at == 40 else 1.0
        prices = [series.column(name)[at] * by for name in ("open", "high", "low", "close")]
        cells = [*prices, series.adjusted_close[at] * by, series.volume[at], series.dividends[at]]
        lines.append(f"{day} 00:00:00-05:00,{','.join(map(str, cells))},0.0")
    path.write_text("\n".join(reversed(lines[1:])).join([HEADER + "\n", "\n"]))
    return str(path)


def test_a_file_is_checked_without_a_desk(tmp_path: Path) -> None:
    code, told = run("check", written(tmp_path / "bad.csv", factor=0.01), "--json")

    found = json.loads(told.splitlines()[-1])
    assert code == 3
    (repair,) = found["repairs"]
    assert repair["kind"] == "unit_error"
    assert repair["columns"] == ["open", "high", "low", "close", "adjusted_close"]
    ((_, raw, repaired),) = repair["cells"]["close"]
    assert repaired == pytest.approx(100 * raw)
    assert (found["claims"], found["suspicions"]) == ([], [])


def test_a_clean_file_needs_nothing(tmp_path: Path) -> None:
    assert run("check", written(tmp_path / "good.csv")) == (0, "nothing to repair\n")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Date,Open\n2024-01-02,1\n", "has no column High, Low, Close, Volume"),
        (f"{HEADER}\nmonday,1,1,1,1,1,1,0,0\n", "'monday' in line 2 is no date"),
        (f"{HEADER}\n2024-01-02,1,1,x,1,1,1,0,0\n", "'x' in line 2 is no number"),
        (f"{HEADER}\n" + 2 * "2024-01-02,1,1,1,1,1,1,0,0\n", "2024-01-02 comes twice"),
    ],
)
def test_a_file_that_cannot_be_read_names_where(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "bad.csv"
    file.write_text(text)

    result = CliRunner().invoke(app, ["data", "repairs", "check", str(file)])

    assert says in str(result.exception)


def test_a_file_that_is_not_there_is_bad_usage() -> None:
    code, told = run("check", "/nowhere.csv")

    assert code == 2
    assert "cannot be read" in told


def test_repairs_are_listed_as_asked_for(api: RepairApi) -> None:
    code, told = run("list", "--instrument", "AAPL", "--state", "applied", "--json")

    assert code == 0
    assert json.loads(told)["items"] == [FOUND]
    asked = {"instrument": "AAPL", "kind": None, "state": "applied"}
    assert api.asked == [("/v1/data/repairs", asked)]


def test_a_repair_is_shown_with_its_values_and_steps(api: RepairApi) -> None:
    code, told = run("show", "repair-1")

    assert code == 0
    assert "20500" in told
    assert "score 0.97" in told


def test_a_repair_is_undone_for_a_reason(api: RepairApi) -> None:
    assert run("undo", "repair-1")[0] == 2
    assert run("undo", "repair-1", "--reason", "it was right")[0] == 0
    assert api.asked == [("/v1/data/repairs/repair-1/undo", {"reason": "it was right"})]


def test_a_repair_is_applied_by_a_person(api: RepairApi) -> None:
    assert run("apply", "repair-1", "--json")[0] == 0
    assert api.asked[0][0] == "/v1/data/repairs/repair-1/apply"


def test_a_scan_shows_repairs_and_what_is_only_suspected(api: RepairApi) -> None:
    code, told = run("scan", "AAPL", "--dry-run")

    assert code == 0
    assert "unit_error" in told
    assert "claimed by yahoo alone" in told
    body = {"instrument": "AAPL", "source": None, "timeframe": None, "dry_run": True}
    assert api.asked == [("/v1/data/repairs/scans", body)]


def test_a_long_scan_is_asked_for_until_its_end_and_says_how_far_it_is(api: RepairApi) -> None:
    api.following = ["0000.yahoo.20210104", None]
    output.forget_shown_json()

    result = CliRunner().invoke(
        app, ["data", "repairs", "scan", "AAPL", "--timeframe", "1m", "--json"]
    )

    assert result.stderr == "looked at yahoo 1d to 2021-12-31 ...\n"
    found = json.loads(result.stdout)
    assert (len(found["repairs"]), len(found["looked"]), found["following"]) == (2, 2, None)
    assert [body.get("after") for _, body in api.asked] == [None, "0000.yahoo.20210104"]
    assert {body["timeframe"] for _, body in api.asked} == {"1m"}

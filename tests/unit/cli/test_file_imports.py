"""Promises that `bifrost data import` takes folders apart, sends each file once to its address, and
ends with 2 where a person has something to do; and that `bifrost bars` prints what it says."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bifrost.cli import data_import, session
from tests.unit.cli.command_tree import run

DONE = {
    "state": "done", "instruments": ["AAPL"], "rows_read": 2, "rows_written": 2,
    "rows_rejected": 0, "rows_quarantined": 0, "rejected": [], "waits_for": None, "problem": "",
    "note": "", "put_url": None,
}  # fmt: skip


class ImportApi:
    """Plays the desk: what it is asked, and what became of each file."""

    def __init__(self, **changes: Any) -> None:
        self.posted: list[Any] = []
        self.asked: list[dict[str, Any]] = []
        self.changes = changes

    def post(self, path: str, body: Any) -> Any:
        self.posted.append(body)
        made = [{**DONE, **one, "put_url": f"memory://{one['name']}"} for one in body["files"]]
        return {"import_id": "import-1", "files": made}

    def get(self, path: str, **asked: Any) -> Any:
        self.asked.append(asked)
        if path == "/v1/bars":
            return self.changes["pages"][len(self.asked) - 1]
        names = [one["name"] for one in self.posted[-1]["files"]]
        return {"files": [{**DONE, "name": name, **self.changes} for name in names]}


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Callable[..., ImportApi]:
    """Put a desk in the place of the running one; sent files go nowhere."""
    monkeypatch.setattr(data_import, "_put", lambda part, urls: None)

    def put(**changes: Any) -> ImportApi:
        api = ImportApi(**changes)
        monkeypatch.setattr(session, "connect", lambda: api)
        return api

    return put


def test_a_folder_is_sent_map_files_first_and_by_its_last_two_names(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, desk: Callable[..., ImportApi]
) -> None:
    for name in ("lean/daily/aapl.zip", "lean/factor_files/aapl.csv", "lean/map_files/aapl.csv",
                 "lean/notes.txt"):  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    api = desk()

    done = run(capfd, "data", "import", str(tmp_path / "lean"), "--format", "lean", "--json")

    assert done.code == 0
    assert [one["name"] for one in api.posted[0]["files"]] == [
        "map_files/aapl.csv", "factor_files/aapl.csv", "daily/aapl.zip",
    ]  # fmt: skip
    assert {"name", "size", "format"} == set(api.posted[0]["files"][0])
    assert len(json.loads(done.out)["files"]) == 3


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"state": "failed", "problem": "line 2: no"}, "failed: line 2: no"),
        ({"state": "waiting", "waits_for": "ABC", "problem": "list ABC"}, "waiting: list ABC"),
        (
            {"rows_rejected": 2, "rejected": [{"line": 4, "reason": "column 2, open: 'x'"}]},
            "line 4: column 2, open: 'x'",
        ),
    ],
)
def test_what_a_person_has_to_do_ends_with_2(
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
    desk: Callable[..., ImportApi],
    changes: dict[str, Any],
    said: str,
) -> None:
    (tmp_path / "a.csv").write_text("x")
    desk(**changes)

    done = run(capfd, "data", "import", str(tmp_path / "a.csv"), "--instrument", "ABC",
               "--timeframe", "1d", "--format", "csv")  # fmt: skip

    assert done.code == 2
    assert said in done.err


def test_bars_kept_apart_are_told_of_and_no_failure(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, desk: Callable[..., ImportApi]
) -> None:
    (tmp_path / "a.zip").write_text("x")
    desk(rows_quarantined=4)

    done = run(capfd, "data", "import", str(tmp_path / "a.zip"), "--format", "lean")

    assert done.code == 0
    assert "4 bars are kept apart" in done.err


@pytest.mark.parametrize(
    "words",
    [
        ("no-such-file.csv", "--format", "csv"),
        ("--format", "csv"),
        (".", "--format", "xls"),
        ("--format", "provider"),
    ],
)
def test_what_cannot_be_imported_is_a_usage_error(
    capfd: pytest.CaptureFixture[str], desk: Callable[..., ImportApi], words: tuple[str, ...]
) -> None:
    api = desk()

    assert run(capfd, "data", "import", *words).code == 2
    assert api.posted == []


def test_bars_prints_the_answer_of_all_pages_and_its_notes_beside_it(
    capfd: pytest.CaptureFixture[str], desk: Callable[..., ImportApi]
) -> None:
    bar = {"open": "1", "high": "2", "low": "1", "close": "2", "volume": "5"}
    whose = {"instrument": "FB.1", "timeframe": "1d", "adjust": "none", "notes": ["of FB.1"]}
    api = desk(
        pages=[
            {**whose, "items": [{"t": "2003-03-27", **bar, "session": "-"}], "next_cursor": "c"},
            {**whose, "items": [{"t": "2003-03-28", **bar, "session": "-"}], "next_cursor": None},
        ]
    )

    done = run(capfd, "bars", "FB", "--from", "2003-03-27", "--as-of", "2003-04-01", "--json")

    assert json.loads(done.out) == {
        "instrument": "FB.1",
        "timeframe": "1d",
        "adjust": "none",
        "as_of": "2003-04-01",
        "bars": [{"t": "2003-03-27", **bar}, {"t": "2003-03-28", **bar}],
    }
    assert done.err == "of FB.1\n"
    assert (api.asked[0]["instrument"], api.asked[1]["cursor"]) == ("FB", "c")

"""Promises that `bifrost data import` takes folders apart, sends each file once to its address, and
ends with 2 where a person has something to do; and that `bifrost bars` prints what it says."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bifrost.cli import data_import_sending, session
from bifrost.core.errors import UnavailableError
from bifrost.data.files.imports import BYTES_MAX
from bifrost.runtime.http import BODY_BYTES_MAX
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
        """Answer; whatever was declared last is settled."""
        self.asked.append(asked)
        if path == "/v1/bars":
            return self.changes["pages"][len(self.asked) - 1]
        names = [one["name"] for one in self.posted[-1]["files"]]
        return {"files": [{**DONE, "name": name, **self.changes} for name in names]}


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Callable[..., ImportApi]:
    """Put a desk in the place of the running one; sent files go nowhere."""
    monkeypatch.setattr(data_import_sending, "_put", lambda part, urls: None)

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


def test_rows_kept_apart_whatever_they_are_are_told_of_and_no_failure(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, desk: Callable[..., ImportApi]
) -> None:
    (tmp_path / "a.zip").write_text("x")
    desk(rows_quarantined=4)

    done = run(capfd, "data", "import", str(tmp_path / "a.zip"), "--format", "lean")

    assert done.code == 0
    assert "4 rows are kept apart" in done.err


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


def test_a_file_that_cannot_be_imported_keeps_no_other_from_it(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, desk: Callable[..., ImportApi]
) -> None:
    contents = {
        "bk.csv": b"x",
        "em.csv": b"",
        "big.csv": b"x" * (BYTES_MAX + 1),
        "t\u202e.csv": b"x",
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    api = desk()

    done = run(capfd, "data", "import", str(tmp_path), "--format", "lean", "--json")

    assert done.code == 2
    assert [Path(one["name"]).name for one in api.posted[0]["files"]] == ["bk.csv"]
    said = {Path(one["name"]).name: (one["state"], one["problem"]) for one in done.answer["files"]}
    assert said["bk.csv"] == ("done", "")
    assert said["em.csv"] == (
        "failed",
        "it is empty: it has 0 bytes; save it again, or leave it out",
    )
    assert said["big.csv"][1] == f"it has {BYTES_MAX + 1} bytes, {BYTES_MAX} are the most: split it"
    assert "signs that are not seen" in said["t\\u202e.csv"][1]
    assert "em.csv: failed: it is empty" in done.err


def test_a_link_to_nothing_and_a_pipe_in_a_folder_are_named_and_keep_no_other_from_it(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, desk: Callable[..., ImportApi]
) -> None:
    (tmp_path / "bk.csv").write_bytes(b"x")
    (tmp_path / "lost.csv").symlink_to(tmp_path / "gone.txt")
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "folder.csv").mkdir()
    api = desk()

    done = run(capfd, "data", "import", str(tmp_path), "--format", "csv", "--json")

    assert done.code == 2
    assert [Path(one["name"]).name for one in api.posted[0]["files"]] == ["bk.csv"]
    said = {Path(one["name"]).name: one["problem"] for one in done.answer["files"]}
    assert set(said) == {"bk.csv", "lost.csv", "pipe.csv"}
    assert "a link to what is not there" in said["lost.csv"]
    assert "such as a pipe" in said["pipe.csv"]


def test_a_thousand_files_are_declared_in_parts_that_an_address_takes_and_told_of(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, desk: Callable[..., ImportApi]
) -> None:
    for number in range(1_000):
        (tmp_path / f"{number:04}-{'x' * 180}.csv").write_text("x")
    api = desk()

    done = run(capfd, "data", "import", str(tmp_path), "--instrument", "ABC", "--timeframe", "1d",
               "--json")  # fmt: skip

    assert len(done.answer["files"]) == 1_000
    assert all(len(json.dumps(one)) < BODY_BYTES_MAX for one in api.posted)
    assert [one["continues"] for one in api.posted[:3]] == ["", "import-1", "import-1"]
    assert "1,000 of 1,000 files imported" in done.err


def test_a_desk_that_goes_down_says_what_becomes_of_what_was_sent(
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
    desk: Callable[..., ImportApi],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def go_down(*_: object) -> None:
        raise UnavailableError("the bucket did not take a.csv")

    (tmp_path / "a.csv").write_text("x")
    desk()
    monkeypatch.setattr(data_import_sending, "_put", go_down)

    done = run(capfd, "data", "import", str(tmp_path / "a.csv"), "--format", "lean")

    assert done.code == 5
    assert "run the same command again" in done.err


JOB = {
    "job_id": "job-1", "state": "done", "ended": True, "items": {"done": 1}, "series": "bars",
    "percent_done": 100, "rows_written": 19, "eta_seconds": None,
}  # fmt: skip


class ProviderApi(ImportApi):
    """Plays a desk whose provider fetches as soon as it is asked."""

    def post(self, path: str, body: Any = None, *, key: str | None = None) -> Any:
        assert path == "/v1/data/backfills"
        assert key
        self.posted.append(body)
        return JOB

    def get(self, path: str, **asked: Any) -> Any:
        return JOB

    def pages(self, path: str, most: int) -> Any:
        return [{"instrument": "AAPL", "state": "done"}]


PROVIDER = ("data", "import", "--format", "provider", "--instrument", "AAPL", "--timeframe", "1d")
RANGE = ("--from", "2024-06-03", "--to", "2024-06-28")


@pytest.mark.parametrize("named", [("--provider", "yahoo"), ("yahoo",)], ids=["option", "argument"])
def test_an_import_from_a_provider_is_a_backfill_that_is_waited_for(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, named: tuple[str, ...]
) -> None:
    api = ProviderApi()
    monkeypatch.setattr(session, "connect", lambda: api)

    done = run(capfd, *PROVIDER, *RANGE, *named, "--json")

    assert done.code == 0, done.err
    (body,) = api.posted
    assert body["instruments"] == ["AAPL"]
    assert (body["provider"], body["timeframe"]) == ("yahoo", "1d")
    assert (body["from"], body["to"]) == ("2024-06-03", "2024-06-28")
    assert (done.answer["job_id"], done.answer["state"]) == ("job-1", "done")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ((*PROVIDER, *RANGE), "--provider"),
        ((*PROVIDER, *RANGE, "--provider", "yahoo", "massive"), "--provider"),
        ((*PROVIDER[:4], *PROVIDER[6:], *RANGE, "--provider", "yahoo"), "--instrument"),
        ((*PROVIDER[:6], *RANGE, "--provider", "yahoo"), "--timeframe"),
        ((*PROVIDER, "--provider", "yahoo"), "--from"),
        ((*PROVIDER, *RANGE, "--provider", "yahoo", "--mic", "XNAS"), "--mic"),
        (("data", "import", "a.csv", "--format", "csv", "--provider", "yahoo"), "--provider"),
        (("data", "import", "a.csv", "--from", "2024-06-03"), "--from"),
    ],
)
def test_what_a_provider_needs_and_what_files_need_is_named(
    capfd: pytest.CaptureFixture[str], desk: Callable[..., ImportApi], words: tuple[str, ...],
    named: str,
) -> None:  # fmt: skip
    api = desk()

    done = run(capfd, *words)

    assert (done.code, api.posted) == (2, [])
    assert named in done.err

"""A vendor's folder, from files to answers, on a running desk: who had the symbol, a split as known
and as not yet known, and a bad file named by line and column. Where the vendor's own files are
there, Apple's split of 2005 and the two instruments called FB."""

import json
from pathlib import Path
from typing import Any

from tests.live_desk import LiveDesk
from tests.shared_data import shared_data
from tests.unit.data.test_lean_zip import zipped

# QZFB was another company's symbol until 2003; the one of today split four for one on 2012-01-06.
FILES = {
    "map_files/qzfb.1.csv": b"19990929,qzfb\n20030328,qzfb\n",
    "map_files/qzfb.csv": b"20111201,qzfb,Q\n20501231,qzfb,Q\n",
    "factor_files/qzfb.csv": b"20120105,1,0.25,400\n20501231,1,1,0\n",
    "daily/qzfb.zip": zipped(
        "qzfb.csv",
        "20030327 00:00,320000,330000,310000,325000,100",
        "20120105 00:00,4020000,4050000,3990000,4000000,1100",
        "20120106 00:00,1000000,1010000,990000,1004000,4200",
        "20120109 00:00,1004000,1012000,1000000,1008000,4100",
    ),
}
MADE_UP = ("QZFB", "2012-01-05", "2012-01-06")
APPLE = ("AAPL", "2005-02-25", "2005-03-02")
ADJUSTED = ("none", "splits", "all")


def test_a_folder_is_imported_and_read_as_it_was_known(desk: LiveDesk, tmp_path: Path) -> None:
    for name, content in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    (tmp_path / "daily/empty.zip").touch()

    done = desk.command_json("data", "import", str(tmp_path), "--format", "lean", code=2)
    again = desk.command_json(
        "data", "import", str(tmp_path / "daily/qzfb.zip"), "--format", "lean"
    )

    states = {one["name"]: one["state"] for one in done["files"]}
    assert states == {"daily/empty.zip": "failed", **dict.fromkeys(FILES, "done")}
    assert [one["rows_written"] for one in again["files"]] == [0]
    assert closes(desk, MADE_UP, "splits", "2012-01-05") == {"2012-01-05": "400"}
    for adjust in ADJUSTED:
        known = {"2012-01-05": "400" if adjust == "none" else "100", "2012-01-06": "100.4"}
        assert closes(desk, MADE_UP, adjust, "2012-01-06") == known
    assert owner(desk, "QZFB", "2012-01-09") == "QZFB"
    assert owner(desk, "QZFB", "2003-03-27") == "QZFB.1"
    before = desk.command_json("bars", "QZFB", "--from", "2003-03-27", "--to", "2003-03-28")
    assert (before["instrument"], before["bars"][0]["close"]) == ("QZFB.1", "32.5")


def test_apples_split_of_2005_and_the_other_fb_are_told_from_the_vendors_folder(
    desk: LiveDesk,
) -> None:
    folder = shared_data("daily_corporate_actions/lean")

    done = desk.command_json("data", "import", str(folder), "--format", "lean")

    assert {one["state"] for one in done["files"]} == {"done"}
    raw = {"2005-02-25": "88.97", "2005-02-28": "44.84", "2005-03-01": "44.43"}
    for adjust in ADJUSTED:
        assert closes(desk, APPLE, adjust, "2005-02-26") == {"2005-02-25": "88.97"}
        split = raw if adjust == "none" else {**raw, "2005-02-25": "44.485"}
        assert closes(desk, APPLE, adjust, "2005-03-01") == split
    shown = desk.command_json("instruments", "show", "FB", "--as-of", "2012-05-21")
    assert (shown["instrument"], shown["valid_from"]) == ("FB", "2012-05-18")
    assert owner(desk, "FB", "2003-03-27") == "FB.1"
    theirs = desk.command_json("bars", "FB", "--from", "2003-03-27", "--to", "2003-03-28")
    assert theirs["instrument"] == "FB.1"
    nobody = desk.command("instruments", "show", "FB", "--as-of", "2012-05-17", code=2)
    assert "FB.1 had it from 1999-09-29 to 2003-03-28" in nobody.stderr


def test_a_bad_row_ends_with_2_and_names_line_and_column(desk: LiveDesk, tmp_path: Path) -> None:
    file = tmp_path / "bad.csv"
    file.write_text("date,open,high,low,close,volume\n2012-01-05,1,x,1,1,5\n")

    said = desk.command(
        "data", "import", str(file), "--instrument", "QZBAD", "--timeframe", "1d",
        "--format", "csv", "--mic", "XNAS", "--currency", "USD", code=2,
    )  # fmt: skip

    assert "line 2: column 3, high: 'x' is not a number" in said.stderr


def closes(desk: LiveDesk, asked: tuple[str, str, str], adjust: str, as_of: str) -> dict[str, Any]:
    """The close of each session, from the JSON that the command prints and nothing else."""
    symbol, first, last = asked
    done = desk.command(
        "bars", symbol, "--timeframe", "1d", "--from", first, "--to", last,
        "--adjust", adjust, "--as-of", as_of, "--json",
    )  # fmt: skip
    assert f"as of {as_of} in effective time" in done.stderr
    assert "known on its own dates" in done.stderr.replace("\n", " ")
    told = json.loads(done.stdout)
    assert list(told) == ["instrument", "timeframe", "adjust", "as_of", "bars"]
    assert [told[name] for name in list(told)[:4]] == [symbol, "1d", adjust, as_of]
    assert list(told["bars"][0]) == ["t", "open", "high", "low", "close", "volume"]
    return {one["t"]: one["close"] for one in told["bars"]}


def owner(desk: LiveDesk, symbol: str, day: str) -> Any:
    """Who had the symbol on that day."""
    return desk.command_json("instruments", "show", symbol, "--as-of", day)["instrument"]

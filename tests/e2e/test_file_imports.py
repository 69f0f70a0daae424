"""A vendor's folder, from files to answers, on a running desk: who had the symbol, a split as known
and as not yet known, and a bad file named by line and column."""

import json
from pathlib import Path
from typing import Any

from tests.live_desk import LiveDesk
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
ASKED = ("bars", "QZFB", "--timeframe", "1d", "--from", "2012-01-05", "--to", "2012-01-06")


def test_a_folder_is_imported_and_read_as_it_was_known(live_desk: LiveDesk, tmp_path: Path) -> None:
    live_desk.ensure_up()
    for name, content in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)

    done = live_desk.command_json("data", "import", str(tmp_path), "--format", "lean")
    again = live_desk.command_json("data", "import", str(tmp_path), "--format", "lean")

    assert {one["name"]: one["state"] for one in done["files"]} == dict.fromkeys(FILES, "done")
    assert {one["rows_written"] for one in again["files"]} == {0}
    assert closes(live_desk, "splits", "2012-01-05") == {"2012-01-05": "400"}
    assert closes(live_desk, "splits", "2012-01-06") == {"2012-01-05": "100", "2012-01-06": "100.4"}
    assert closes(live_desk, "none", "2012-01-06") == {"2012-01-05": "400", "2012-01-06": "100.4"}
    before = live_desk.command_json(
        "bars", "QZFB", "--timeframe", "1d", "--from", "2003-03-27", "--to", "2003-03-28"
    )
    assert (before["instrument"], before["bars"][0]["close"]) == ("QZFB.1", "32.5")


def test_a_bad_row_ends_with_2_and_names_line_and_column(
    live_desk: LiveDesk, tmp_path: Path
) -> None:
    live_desk.ensure_up()
    file = tmp_path / "bad.csv"
    file.write_text("date,open,high,low,close,volume\n2012-01-05,1,x,1,1,5\n")

    said = live_desk.command(
        "data", "import", str(file), "--instrument", "QZBAD", "--timeframe", "1d",
        "--format", "csv", "--mic", "XNAS", "--currency", "USD", code=2,
    )  # fmt: skip

    assert "line 2: column 3, high: 'x' is not a number" in said.stderr


def closes(desk: LiveDesk, adjust: str, as_of: str) -> dict[str, Any]:
    """The close of each session, from the JSON that the command prints and nothing else."""
    done = desk.command(*ASKED, "--adjust", adjust, "--as-of", as_of, "--json")
    assert "effective time" in done.stderr
    told = json.loads(done.stdout)
    assert set(told) == {"instrument", "timeframe", "adjust", "as_of", "bars"}
    assert (told["adjust"], told["as_of"]) == (adjust, as_of)
    assert set(told["bars"][0]) == {"t", "open", "high", "low", "close", "volume"}
    return {one["t"]: one["close"] for one in told["bars"]}

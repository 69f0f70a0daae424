"""A long file of facts travels in parts that an address takes, each with its header, and one with
a wrong line does not travel at all."""

import json
from pathlib import Path
from typing import Any

import pytest

from bifrost.cli import session
from bifrost.data.snapshots.facts import ROWS_MAX
from bifrost.runtime.http import BODY_BYTES_MAX
from tests.unit.cli.command_tree import run

HEADER = "instrument,metric,period_end,value,currency,reported_at\n"
ROWS = [f"AAPL,revenue,2012-03-31,{n},USD,2012-04-24T20:{n // 60:02}:{n % 60:02}Z\n"
        for n in range(3_000)]  # fmt: skip


class Desk:
    """Takes in whatever comes."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def post(self, path: str, body: dict[str, str]) -> Any:
        assert path == "/v1/company-facts"
        assert len(json.dumps(body)) <= BODY_BYTES_MAX
        self.texts.append(body["text"])
        return {"rows_read": body["text"].count("\n") - 1, "rows_written": 1}


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    taken = Desk()
    monkeypatch.setattr(session, "connect", lambda: taken)
    return taken


def test_a_long_file_is_sent_in_parts_each_with_its_header(
    desk: Desk, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "facts.csv").write_text(HEADER + "".join(ROWS))

    done = run(capfd, "data", "facts", str(tmp_path / "facts.csv"), "--json")

    assert done.code == 0, done.err
    assert len(desk.texts) > 1
    assert "".join(one.removeprefix(HEADER) for one in desk.texts) == "".join(ROWS)
    assert done.answer == {"rows_read": len(ROWS), "rows_written": len(desk.texts)}


@pytest.mark.parametrize(
    ("rows", "named"),
    [([*ROWS, "AAPL,revenue,soon,1,USD,never\n"], "line 3002"), (ROWS * 17, str(ROWS_MAX))],
    ids=["a wrong line", "too many rows"],
)
def test_of_a_long_file_that_cannot_be_taken_nothing_is_sent(
    desk: Desk,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    rows: list[str],
    named: str,
) -> None:
    (tmp_path / "facts.csv").write_text(HEADER + "".join(rows))

    done = run(capfd, "data", "facts", str(tmp_path / "facts.csv"), "--json")

    assert (done.code, desk.texts) == (2, [])
    assert named in json.dumps(done.error)

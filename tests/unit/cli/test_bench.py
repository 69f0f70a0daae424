"""`bifrost bench` shows each figure beside its peer, on lines that a terminal holds, and says which
peer was not there; what is written and what `--json` prints is the whole report.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.benchmarks import __main__ as benchmarks
from tests.benchmarks import mlflow_server, sizes, start
from tests.benchmarks.report import Row
from tests.unit.cli.command_tree import run

Capture = pytest.CaptureFixture[str]
MISSING = "not installed: uv run --group peers bifrost bench"
ROWS = {
    "decisions": [
        Row("orders decided and answered, 8 workers", 311, "orders/s", ">= 500", "a floor", 2157)
    ],
    "up": [
        Row("up to ready, first time", 17.1, "s", "<= 20", "MLflow's server", None, MISSING),
        Row("up to ready, again", 8.5, "s", "<= 20", "MLflow's server", None, MISSING),
    ],
}


@pytest.fixture
def report(monkeypatch: pytest.MonkeyPatch, capfd: Capture) -> dict[str, Any]:
    """Let the command find these rows measured."""
    monkeypatch.setattr(benchmarks, "MEASURES", {name: lambda n=name: ROWS[n] for name in ROWS})
    assert benchmarks.main([]) == 0
    printed = capfd.readouterr().out
    done = SimpleNamespace(returncode=0, stdout=printed)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: done)
    found: dict[str, Any] = json.loads(printed)
    return found


@pytest.mark.usefixtures("report")
def test_figures_stand_under_their_peer_on_lines_that_a_terminal_holds(
    capfd: Capture, tmp_path: Path
) -> None:
    shown = run(capfd, "bench", "--output", str(tmp_path / "b.json")).out

    assert "decisions, beside a floor\n" in shown
    assert "311 orders/s  >= 500  2157  0.144" in shown
    assert max(len(line) for line in shown.splitlines()) <= 100


@pytest.mark.usefixtures("report")
def test_a_peer_that_was_not_measured_is_said_once_and_is_no_figure(
    capfd: Capture, tmp_path: Path
) -> None:
    shown = run(capfd, "bench", "--output", str(tmp_path / "b.json")).out

    assert shown.count(f"up, beside MLflow's server ({MISSING})\n") == 1
    assert "17.1 s  <= 20  -     -" in shown


def test_the_file_and_the_json_are_the_whole_report(
    report: dict[str, Any], capfd: Capture, tmp_path: Path
) -> None:
    output = tmp_path / "deep" / "b.json"

    printed = run(capfd, "bench", "--json", "--output", str(output)).out

    assert json.loads(printed) == json.loads(output.read_text()) == report
    assert set(report) == {"machine", "rows"}
    assert report["rows"][0] == {
        "group": "decisions",
        "measure": "orders decided and answered, 8 workers",
        "value": 311,
        "unit": "orders/s",
        "goal": ">= 500",
        "peer": "a floor",
        "peer_value": 2157,
        "ratio": 0.144,
        "note": "",
    }


def test_only_what_is_asked_for_is_measured(
    monkeypatch: pytest.MonkeyPatch, capfd: Capture
) -> None:
    monkeypatch.setattr(benchmarks, "MEASURES", {"up": lambda: ROWS["up"], "cold": pytest.fail})

    assert benchmarks.main(["up"]) == 0

    assert {row["group"] for row in json.loads(capfd.readouterr().out)["rows"]} == {"up"}


def test_a_measure_that_there_is_not_is_refused_and_those_that_there_are_named(
    capfd: Capture,
) -> None:
    assert benchmarks.main(["speed"]) == 2

    known = "decisions, ledger, market, cold, sizes, help, up"
    assert f"speed; there are {known}" in capfd.readouterr().err


def test_an_index_out_of_reach_leaves_our_sizes_without_their_peer(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def build(_architecture: str) -> Path:
        for name in {layer for one in sizes.CAPABILITIES for layer in one.layers}:
            (tmp_path / name).mkdir()
            (tmp_path / name / "module.py").write_text("pass\n" * 1000)
        return tmp_path

    monkeypatch.setattr(sizes, "ensure_layers", build)
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_NO_CACHE", "1")

    code, *functions = sizes.rows()

    assert code.value > 0
    assert len(functions) == 2 * len(sizes.CAPABILITIES)
    for row in functions:
        assert (row.value > 0, row.peer_value) == (True, None)
        assert "out of reach" in row.note


def test_a_peer_whose_server_stops_is_said_and_ours_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mlflow_server, "program", lambda: Path("/bin/false"))
    monkeypatch.setattr(start, "_seconds", lambda _stack: 8.0)

    first, again = start.up_rows()

    assert (first.value, again.value) == (8.0, 8.0)
    assert first.peer_value is again.peer_value is None
    assert first.note == again.note == "it stopped before it was healthy"


def test_a_peer_is_timed_until_healthy_and_leaves_no_process(tmp_path: Path) -> None:
    server = tmp_path / "mlflow"
    server.write_text(
        f"#!{sys.executable}\n"
        "import os, sys\n"
        "from http.server import BaseHTTPRequestHandler, HTTPServer\n"
        "class Health(BaseHTTPRequestHandler):\n"
        "    def do_GET(self):\n"
        "        self.send_response(200)\n"
        "        self.end_headers()\n"
        "open('pid', 'w').write(str(os.getpid()))\n"
        "HTTPServer(('127.0.0.1', int(sys.argv[5])), Health).serve_forever()\n"
    )
    server.chmod(0o755)

    assert mlflow_server.seconds_to_healthy(server, tmp_path) > 0

    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)

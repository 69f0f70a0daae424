"""`bifrost runner` ends with its own reason: the last object on standard output names what was
wrong and what to do, whatever the worker printed before."""

import json
from pathlib import Path

import pytest

from tests.unit.cli.command_tree import run


def test_a_desk_without_a_key_is_told_how_to_give_one_by_the_last_object(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BIFROST_HOME", str(tmp_path / "none"))
    # The worker asks for its key first, and never gets to a database.
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")

    done = run(capfd, "runner", "--streams", "--instruments", "AAPL,IBM", "--json")

    *_, last = [json.loads(line) for line in done.out.splitlines()]
    (field,) = last["error"]["errors"]
    assert (done.code, last["exit_code"]) == (2, 2)
    assert "the desk has no key of Alpaca" in last["error"]["detail"]
    assert "`bifrost data keys ALPACA_KEY_ID=... ALPACA_SECRET_KEY=...`" in field["fix"]

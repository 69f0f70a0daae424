"""The logs of all parts are read together, the last lines first and then the new ones."""

from itertools import islice
from pathlib import Path

import pytest

from bifrost.core.errors import NotFoundError
from bifrost.local import logs


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "aws.log").write_text("a1\na2\na3\n")
    (tmp_path / "risk.log").write_text("r1\n")
    (tmp_path / "risk.1.log").write_text("older\n")
    return tmp_path


def test_every_log_is_shown_when_none_is_named(folder: Path) -> None:
    assert list(logs.last_lines(folder, [], 2)) == [("aws", "a2"), ("aws", "a3"), ("risk", "r1")]


def test_only_the_named_log_is_shown(folder: Path) -> None:
    assert list(logs.last_lines(folder, ["risk"], 5)) == [("risk", "r1")]


def test_no_lines_are_shown_when_none_are_wanted(folder: Path) -> None:
    assert list(logs.last_lines(folder, [], 0)) == []


def test_an_unknown_name_lists_those_that_have_a_log(folder: Path) -> None:
    with pytest.raises(NotFoundError, match="aws, risk"):
        list(logs.last_lines(folder, ["rsik"], 1))


def test_following_gives_new_lines_and_survives_a_log_that_starts_anew(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = folder / "risk.log"
    written = iter([lambda: log.write_text("r1\nr2\n"), lambda: log.write_text("n\n")])
    monkeypatch.setattr(logs.time, "sleep", lambda _seconds: next(written)())

    lines = list(islice(logs.follow(folder, ["risk"]), 2))

    assert lines == [("risk", "r2"), ("risk", "n")]

"""Promises that `bifrost rebuild` waits for each account's rebuild, tells a terminal how far it is,
prints what was found, and ends with what came of it.
"""

import json
import sys
from typing import Any

import pytest
from typer.testing import CliRunner

from bifrost.cli import output, session
from bifrost.cli.main import app
from bifrost.cli.rebuild import rebuild
from bifrost.core.errors import UnavailableError

ACCOUNTS = ("a-1", "a-2")
DIFFERENCE = {"what": "balance", "subject": "assets:cash USD", "stored": "1", "rebuilt": "2"}


def found(account_id: str, *differences: dict[str, str], in_all: int | None = None) -> Any:
    """What a rebuild found."""
    return {
        "account_id": account_id,
        "through": "2012-01-03",
        "transactions": 2,
        "lots": 1,
        "has_imports": False,
        "agrees": not differences,
        "differences_found": len(differences) if in_all is None else in_all,
        "differences": list(differences),
        "refused_actions": [],
    }


class RebuildApi:
    """Plays what is told of each account's rebuild, one answer after the other."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Any]] = {one: [self.done(found(one))] for one in ACCOUNTS}
        self.keys: list[str] = []

    @staticmethod
    def done(result: Any) -> Any:
        return {"state": "done", "played": 2, "total": 2, "cause": None, "result": result}

    @staticmethod
    def running(played: int, total: int | None) -> Any:
        told = {"played": played, "total": total}
        return {"state": "running", "cause": None, "result": None, **told}

    def pages(self, path: str, most: int) -> Any:
        assert (path, most > 0) == ("/v1/accounts", True)
        return [{"account_id": one} for one in ACCOUNTS]

    def post(self, path: str, body: Any = None, *, key: str) -> Any:
        self.keys.append(key)
        account_id = path.split("/")[3]
        assert (path, body) == (f"/v1/accounts/{account_id}/rebuilds", None)
        return {"rebuild_id": f"r-{account_id}", "state": "running"}

    def get(self, path: str) -> Any:
        account_id = path.split("/")[3]
        assert path == f"/v1/accounts/{account_id}/rebuilds/r-{account_id}"
        left = self.answers[account_id]
        return left.pop(0) if len(left) > 1 else left[0]


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> RebuildApi:
    made = RebuildApi()
    monkeypatch.setattr(session, "connect", lambda: made)
    return made


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["rebuild", *arguments])


def test_every_account_is_rebuilt_under_a_key_of_its_own(api: RebuildApi) -> None:
    done = run("--json")

    assert done.exit_code == 0
    assert json.loads(done.stdout) == {"items": [found("a-1"), found("a-2")]}
    assert len(set(api.keys)) == 2


def test_one_account_alone_is_rebuilt_where_it_is_named(api: RebuildApi) -> None:
    assert json.loads(run("--account", "a-2", "--json").stdout) == {"items": [found("a-2")]}


def test_books_that_differ_are_shown_and_end_with_3(api: RebuildApi) -> None:
    api.answers["a-1"] = [api.done(found("a-1", DIFFERENCE, in_all=1_500))]

    done = run("--account", "a-1")

    assert done.exit_code == 3
    assert "assets:cash USD" in done.stdout
    assert done.stdout.splitlines()[-1] == "of a-1: 1500 differences in all"


@pytest.mark.parametrize(
    ("is_terminal", "lines"),
    [
        (
            True,
            ["rebuild of a-1: 20,000 of 66,000 steps", "rebuild of a-1: 50,000 of 66,000 steps"],
        ),
        (False, []),
    ],
)
def test_a_terminal_is_told_how_far_it_is_and_a_log_file_not(
    api: RebuildApi,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    is_terminal: bool,
    lines: list[str],
) -> None:
    api.answers["a-1"] = [
        api.running(0, None),
        api.running(20_000, 66_000),
        api.running(20_000, 66_000),
        api.running(50_000, 66_000),
        api.done(found("a-1")),
    ]
    monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal)

    rebuild("a-1", as_json=True)

    said = capsys.readouterr()
    assert said.err.splitlines() == lines
    assert json.loads(said.out) == {"items": [found("a-1")]}


def test_a_rebuild_that_failed_says_why_and_is_no_answer(api: RebuildApi) -> None:
    failed = {**api.running(1, 2), "state": "failed", "cause": "its work ended with TypeError"}
    api.answers["a-1"] = [failed]

    done = run("--account", "a-1")

    assert isinstance(done.exception, UnavailableError)
    assert str(done.exception) == "the rebuild of a-1 failed: its work ended with TypeError"
    assert output.exit_code(done.exception) == output.DEPENDENCY_DOWN

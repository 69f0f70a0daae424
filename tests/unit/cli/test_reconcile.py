"""`bifrost reconcile` shows what no book could follow, and ends with 3 where there is anything."""

import json
from typing import Any

import httpx
import pytest

from tests.unit.cli.command_tree import run

Capture = pytest.CaptureFixture[str]
REFUSED = {
    "action_id": "split",
    "revision": 2,
    "instrument": "AAPL",
    "reason": "import it again",
    "recorded_at": "2026-11-20T15:00:00Z",
}


class Api:
    """What the desk answers."""

    def __init__(self) -> None:
        self.refused: list[dict[str, Any]] = []

    def respond(self, request: httpx.Request) -> httpx.Response:
        """Answer by path."""
        answers = {
            "/v1/reconciliations": {"breaks": []},
            "/v1/accounts/a-1/reconciliation": {
                "statement": None,
                "breaks": [],
                "refused_actions": self.refused,
            },
        }
        return httpx.Response(200, json=answers[request.url.path])


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Api:
    found = Api()
    make = httpx.Client
    transport = httpx.MockTransport(found.respond)
    monkeypatch.setattr(httpx, "Client", lambda **given: make(**given, transport=transport))
    monkeypatch.setenv("BIFROST_API", "http://desk.test")
    monkeypatch.setenv("BIFROST_TOKEN", "t")
    return found


def test_an_account_that_agrees_and_follows_all_ends_well(api: Api, capfd: Capture) -> None:
    done = run(capfd, "reconcile", "--account", "a-1", "--json")

    assert done.code == 0
    shown = json.loads(done.out)
    assert (shown["breaks"], shown["refused_actions"]) == ([], [])


def test_a_refused_action_is_shown_with_what_to_do_and_ends_with_3(
    api: Api, capfd: Capture
) -> None:
    api.refused = [REFUSED]

    as_json = run(capfd, "reconcile", "--account", "a-1", "--json")
    as_table = run(capfd, "reconcile", "--account", "a-1")

    assert (as_json.code, as_table.code) == (3, 3)
    assert json.loads(as_json.out)["refused_actions"] == [{"account_id": "a-1", **REFUSED}]
    assert "import it again" in as_table.out

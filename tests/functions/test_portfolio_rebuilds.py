"""Rebuilds as HTTP, their workflow and the schedule reach them: 202, then asked after."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.functions.portfolio_desk import Desk, plugged_desk


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch, database_url: Callable[[str], str]) -> Iterator[Desk]:
    for made in plugged_desk(monkeypatch, database_url):
        made.post(f"{made.cash}/deposits", {"amount": "10000"}, "d-1")
        made.trade(("10", "100"))
        yield made


def start(desk: Desk, key: str = "r-1") -> dict[str, Any]:
    """Ask for a rebuild; return what is shown of it."""
    answer = desk.post(f"{desk.cash}/rebuilds", None, key)
    assert answer.status == 202
    body: dict[str, Any] = answer.body
    return body


def shown(desk: Desk, task: dict[str, Any]) -> dict[str, Any]:
    """Ask after it."""
    body: dict[str, Any] = desk.get(f"{desk.cash}/rebuilds/{task['rebuild_id']}").body
    return body


def test_a_rebuild_is_begun_and_then_asked_after(desk: Desk) -> None:
    task = start(desk)
    begun = shown(desk, task)
    (given,) = (one for name, _, one in desk.workflows.started if name == "rebuild")

    assert (begun["state"], begun["total"], begun["result"]) == ("running", None, None)
    assert desk.function.task("rebuild", rebuild_id=given["rebuild_id"])["done"]

    done = shown(desk, task)
    assert (done["state"], done["played"], done["total"], done["cause"]) == ("done", 2, 2, None)
    result = done["result"]
    assert (result["agrees"], result["transactions"], result["through"]) == (True, 2, "2012-01-03")
    assert (result["differences"], result["differences_found"]) == ([], 0)


def test_the_answer_says_where_to_ask(desk: Desk) -> None:
    event: dict[str, Any] = {}
    handler = desk.function._handler

    def keep(given: Any, context: Any) -> Any:
        event.update(handler(given, context))
        return event

    desk.function._handler = keep
    task = start(desk)

    assert event["headers"]["location"] == f"{desk.cash}/rebuilds/{task['rebuild_id']}"
    assert json.loads(event["body"])["state"] == "running"


def test_the_same_key_is_the_same_rebuild_and_another_one_has_to_wait(desk: Desk) -> None:
    task = start(desk)

    other = desk.post(f"{desk.cash}/rebuilds", None, "r-2")

    assert start(desk)["rebuild_id"] == task["rebuild_id"]
    assert other.status == 409


def test_a_rebuild_needs_a_key(desk: Desk) -> None:
    assert desk.post(f"{desk.cash}/rebuilds", None, None).status == 422


def test_a_rebuild_is_its_owners_alone(desk: Desk) -> None:
    task = start(desk)

    begun = desk.post(f"{desk.cash}/rebuilds", None, "r-9", owner="owner-2")
    read = desk.get(f"{desk.cash}/rebuilds/{task['rebuild_id']}", owner="owner-2")

    assert (begun.status, read.status) == (404, 404)


def test_work_that_ended_with_an_error_is_shown_with_its_cause(desk: Desk) -> None:
    task = start(desk)

    said = desk.function.task("fail_rebuild", rebuild_id=task["rebuild_id"], error="TypeError")

    assert said == {"state": "failed"}
    failed = shown(desk, task)
    assert (failed["state"], failed["result"]) == ("failed", None)
    assert failed["cause"] == "its work ended with TypeError; ask for another rebuild"


def test_a_sweep_that_knows_every_workflow_dead_ends_it(desk: Desk) -> None:
    task = start(desk)

    assert desk.function.task("sweep")["rebuilds_given_up"] == 0
    assert desk.function.task("sweep", patience_seconds=0)["rebuilds_given_up"] == 1
    assert shown(desk, task)["state"] == "failed"

"""Promises what the scheduled sweeps are told and what CloudWatch hears of what they did."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from bifrost.adapters.memory.clock import SetClock
from bifrost.adapters.postgres.database import Database
from bifrost.runtime.lambda_entry import Tasks, lambda_entry
from bifrost.runtime.metrics import NAMESPACE
from functions.data import handler as data_handler
from functions.data import wiring as data_wiring
from functions.data import wiring_files
from functions.execution import handler as execution_handler
from functions.execution import wiring as execution_wiring
from tests.data_desk import DataDesk
from tests.execution_desk import TradingDesk

MakeDatabase = Callable[[str], Database]
Json = dict[str, Any]


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POWERTOOLS_METRICS_DISABLED", raising=False)


@pytest.fixture
def trading(make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch) -> TradingDesk:
    """Execution with an order whose workflow has just started."""
    desk = TradingDesk(make_database)
    desk.open()
    desk.place()
    monkeypatch.setattr(execution_wiring, "sweeper", lambda: desk.sweeper)
    monkeypatch.setattr(execution_wiring, "statements", lambda: desk.statements)
    monkeypatch.setattr(execution_wiring, "comparing", lambda: desk.comparing)
    return desk


@pytest.fixture
def playing(make_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch) -> DataDesk:
    """Data with a replay whose workflow has just started."""
    desk = DataDesk(make_database("data"))
    desk.stock("AAPL")
    desk.start("AAPL")
    monkeypatch.setattr(data_wiring, "data", lambda: desk.service)
    monkeypatch.setattr(wiring_files, "uploads", lambda: desk.uploads)
    return desk


def sweep(capability: str, tasks: Tasks, **given: Any) -> Json:
    """Call the task as the schedule does, or as `up` does."""
    answer = lambda_entry(capability, tasks=tasks, listeners={})(
        {"task": "sweep", "input": given}, None
    )
    assert isinstance(answer, dict)
    return answer


def counted(said: str) -> dict[tuple[str, str], float]:
    """Read what was counted (embedded metrics) out of the log, by its only dimension and name."""
    found = {}
    for line in said.splitlines():
        entry = json.loads(line)
        for each in entry.get("_aws", {}).get("CloudWatchMetrics", []):
            assert each["Namespace"] == NAMESPACE
            if each["Dimensions"] == [["service"]]:
                name = each["Metrics"][0]["Name"]
                found[entry["service"], name] = entry[name][0]
    return found


def swept_until_ended(clock: SetClock, capability: str, tasks: Tasks) -> None:
    """Sweep as often as it takes for a workflow to be given up."""
    for _ in range(20):
        clock.pass_by(60)
        sweep(capability, tasks)


def test_an_orders_workflow_started_again_is_counted(
    trading: TradingDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    patient = sweep("execution", execution_handler.TASKS)
    assert counted(capsys.readouterr().out) == {}
    at_once = sweep("execution", execution_handler.TASKS, patience_seconds=0)

    assert (patient, at_once) == ({"reports": 1}, {"reports": 1, "workflows_restarted": 1})
    assert counted(capsys.readouterr().out) == {("execution", "WorkflowsRestarted"): 1}


def test_an_order_given_up_is_counted(
    trading: TradingDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    swept_until_ended(trading.clock, "execution", execution_handler.TASKS)

    assert ("execution", "WorkflowsGivenUp") in counted(capsys.readouterr().out)


def test_a_replays_workflow_started_again_is_counted(
    playing: DataDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    patient = sweep("data", data_handler.TASKS)
    assert counted(capsys.readouterr().out) == {}
    at_once = sweep("data", data_handler.TASKS, patience_seconds=0)

    assert (patient, at_once) == ({}, {"replays_restarted": 1})
    assert counted(capsys.readouterr().out) == {("data", "ReplaysRestarted"): 1}


def test_a_replay_given_up_is_counted(
    playing: DataDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    swept_until_ended(playing.clock, "data", data_handler.TASKS)

    assert ("data", "ReplaysGivenUp") in counted(capsys.readouterr().out)


@pytest.mark.parametrize("given", [{"patience_seconds": "0"}, {"patience": 0}])
def test_a_sweep_that_is_told_nonsense_does_nothing(playing: DataDesk, given: Json) -> None:
    with pytest.raises(ValueError, match="patience"):
        sweep("data", data_handler.TASKS, **given)
    assert len(playing.workflows.started) == 1

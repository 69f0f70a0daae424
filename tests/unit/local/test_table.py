"""What the local stack reads off the project's table of capabilities."""

from bifrost.local.table import read_table
from tests.architecture.project import ROOT


def test_a_task_that_waits_for_workflows_is_told_that_they_are_dead() -> None:
    periodic = {(name, task): given for name, task, given in read_table(ROOT).periodic}

    assert periodic["execution", "sweep"] == {"patience_seconds": 0}
    assert periodic["data", "sweep"] == {"patience_seconds": 0}
    assert periodic["execution", "relay"] == {}


def test_what_comes_once_a_day_is_not_run_after_a_kill() -> None:
    tasks = {(name, task) for name, task, _ in read_table(ROOT).periodic}

    assert ("execution", "reconcile_all") not in tasks


def test_events_are_relayed_before_anything_is_swept() -> None:
    tasks = [(name, task) for name, task, _ in read_table(ROOT).periodic]

    for name in {name for name, task in tasks if task == "sweep"}:
        assert tasks.index((name, "relay")) < tasks.index((name, "sweep"))

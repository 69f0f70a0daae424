"""The folders, the capability table, the handlers, the workflows and the errors agree."""

import inspect
import sys
import tomllib
from importlib import import_module
from typing import Any

import pytest

from bifrost.core import errors
from bifrost.events.base import is_known
from infra_cdk.capabilities import CAPABILITIES
from tests.architecture.capability_map import (
    dead_ends,
    disagreements,
    function_names,
    layered_names,
    read_workflows,
    room_names,
    route_shape,
    uncalled_tasks,
    unknown_errors,
    unknown_tasks,
)
from tests.architecture.project import ROOT

NAMES = [capability.name for capability in CAPABILITIES]
WORKFLOWS = read_workflows()
S3_OBJECTS = "Object Created"
WORK = "Ingestion Due"
DEFAULT = "ANY $default"


def handler_of(capability: str) -> Any:
    return import_module(f"functions.{capability}.handler")


def offered_tasks() -> dict[str, set[str]]:
    """What each function is called for; `relay` comes with every capability that publishes."""
    offered = {
        row.name: set(handler_of(row.name).TASKS) - set(row.long_tasks)
        | ({"relay"} if row.publishes else set())
        for row in CAPABILITIES
    }
    return offered | {row.long.name: set(row.long_tasks) for row in CAPABILITIES if row.long}


def test_every_capability_has_a_row_a_room_a_function_and_a_layer() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]

    assert (
        disagreements(
            table=NAMES,
            rooms=room_names(),
            functions=function_names(),
            layers=layered_names(contracts["contracts"]),
        )
        == []
    )


def test_a_function_folder_is_three_files_and_their_parts_by_subject() -> None:
    for name in NAMES:
        files = {path.name for path in (ROOT / "functions" / name).glob("*.py")}
        subjects = {one for one in files if one.startswith(("routes_", "tasks_", "wiring_"))}
        # What routes of several subjects take alike.
        more = subjects | {"parameters.py"} if subjects else set()

        assert files - more <= {"__init__.py", "handler.py", "routes.py", "wiring.py"}, name


def test_workflows_call_only_tasks_that_handlers_offer() -> None:
    assert unknown_tasks(WORKFLOWS, offered_tasks()) == []


def test_long_tasks_are_tasks_of_their_capability() -> None:
    for row in CAPABILITIES:
        assert set(row.long_tasks) <= set(handler_of(row.name).TASKS)


def test_schedules_call_only_tasks_that_handlers_offer() -> None:
    offered = offered_tasks()

    assert [
        (row.name, schedule.task)
        for row in CAPABILITIES
        for schedule in row.schedules
        if schedule.task not in offered[row.runs(schedule.task)]
    ] == []


def test_no_task_is_offered_that_nothing_calls() -> None:
    scheduled = {
        (row.runs(schedule.task), schedule.task)
        for row in CAPABILITIES
        for schedule in row.schedules
    }

    assert uncalled_tasks(WORKFLOWS, scheduled, offered_tasks()) == []


def test_workflows_handle_only_errors_that_exist() -> None:
    names = {name for name, _ in inspect.getmembers(errors, inspect.isclass)}

    assert unknown_errors(WORKFLOWS, names) == []


def test_every_state_of_a_workflow_is_reached_and_exists() -> None:
    assert dead_ends(WORKFLOWS) == []


@pytest.mark.parametrize("row", CAPABILITIES, ids=lambda row: row.name)
def test_a_capability_listens_to_what_its_row_subscribes(row: Any) -> None:
    heard = set(handler_of(row.name).LISTENERS)

    ours = {*([S3_OBJECTS] if row.hears_objects else []), *([WORK] if row.worker else [])}
    assert heard == {*row.listens_to, *ours}
    assert [kind for kind in row.listens_to if not is_known(kind)] == []


@pytest.mark.parametrize("row", CAPABILITIES, ids=lambda row: row.name)
def test_a_capability_serves_exactly_the_routes_of_its_row(row: Any) -> None:
    from fastapi.routing import APIRoute

    app = import_module(f"functions.{row.name}.routes").app
    served = {
        route_shape(method, route.path)
        for route in app.routes
        if isinstance(route, APIRoute)
        for method in route.methods
    }

    rows = {route_shape(route.method, route.path) for route in row.routes}
    if DEFAULT in rows:  # what no other route takes: the app has it by every method
        served = {shape for shape in served if not shape.endswith(" /{}")} | {DEFAULT}
    assert served == rows


@pytest.mark.parametrize("row", CAPABILITIES, ids=lambda row: row.name)
def test_a_capability_that_publishes_has_its_relay_scheduled(row: Any) -> None:
    scheduled = {schedule.task for schedule in row.schedules}

    assert row.publishes == ("relay" in scheduled)


def test_the_table_is_read_without_the_cloud_library() -> None:
    source = inspect.getsource(sys.modules["infra_cdk.capabilities"])

    assert "aws_cdk" not in source

"""The folders, the capability table, the handlers, the workflows and the errors agree.

Each check takes what it compares, so that a forgotten row can be shown to fail.
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.architecture.project import ROOT

SHARED_ROOMS = frozenset(
    {"core", "events", "wire", "backtest", "adapters", "runtime", "cli", "local"},
)
ERRORS_OF_AWS = ("States.", "Lambda.", "Runtime.")

Workflow = dict[str, Any]


def function_names(root: Path = ROOT) -> set[str]:
    """The Lambdas there are: folders with a handler."""
    return {path.parent.name for path in (root / "functions").glob("*/handler.py")}


def room_names(root: Path = ROOT) -> set[str]:
    """The capabilities that have code."""
    rooms = {path.parent.name for path in (root / "shared/bifrost").glob("*/__init__.py")}
    return rooms - SHARED_ROOMS


def layered_names(contracts: Collection[Mapping[str, Any]]) -> set[str]:
    """The capabilities that the layers contract keeps apart."""
    (layers,) = (contract["layers"] for contract in contracts if contract["type"] == "layers")
    siblings = (name for layer in layers if "|" in layer for name in layer.split("|"))
    return {name.strip() for name in siblings}


def disagreements(**named_sets: Collection[str]) -> list[str]:
    """Name each capability that one of the sets has and another lacks."""
    everything = set().union(*named_sets.values())
    return [
        f"{capability} is missing from {where}"
        for where, names in named_sets.items()
        for capability in sorted(everything - set(names))
    ]


def read_workflows(root: Path = ROOT) -> dict[str, Workflow]:
    """Every state machine by its file's name."""
    files = sorted((root / "stepfunctions").glob("*.asl.json"))
    return {path.name.removesuffix(".asl.json"): json.loads(path.read_text()) for path in files}


def states(machine: Workflow) -> Iterator[tuple[str, Workflow]]:
    """Every state with its name, those inside Parallel and Map states included."""
    for scope in _scopes(machine):
        yield from scope["States"].items()


def unknown_tasks(
    workflows: Mapping[str, Workflow], offered: Mapping[str, Collection[str]]
) -> list[str]:
    """Name each state that calls a task which its capability's handler does not offer."""
    return [
        f"{workflow}.{name} calls {capability}.{task}, which its handler does not offer"
        for workflow, machine in workflows.items()
        for name, state in states(machine)
        if state["Type"] == "Task"
        for capability, task in [_called(state)]
        if task not in offered.get(capability, ())
    ]


def uncalled_tasks(
    workflows: Mapping[str, Workflow],
    scheduled: Collection[tuple[str, str]],
    offered: Mapping[str, Collection[str]],
) -> list[str]:
    """Name each task that no workflow and no schedule calls."""
    called = set(scheduled) | {
        _called(state)
        for machine in workflows.values()
        for _, state in states(machine)
        if state["Type"] == "Task"
    }
    return [
        f"nothing calls {capability}.{task}"
        for capability, tasks in offered.items()
        for task in sorted(tasks)
        if (capability, task) not in called
    ]


def unknown_errors(workflows: Mapping[str, Workflow], errors: Collection[str]) -> list[str]:
    """Name each Retry or Catch of an error that nobody raises."""
    return [
        f"{workflow}.{name} handles {error}, which is no class of core/errors.py"
        for workflow, machine in workflows.items()
        for name, state in states(machine)
        for rule in (*state.get("Retry", ()), *state.get("Catch", ()))
        for error in rule["ErrorEquals"]
        if error not in errors and not error.startswith(ERRORS_OF_AWS)
    ]


def dead_ends(workflows: Mapping[str, Workflow]) -> list[str]:
    """Name each transition to a state that is not there, and each state nothing leads to."""
    found = []
    for workflow, machine in workflows.items():
        for scope in _scopes(machine):
            names = set(scope["States"])
            reached = {scope["StartAt"]} | {
                target for state in scope["States"].values() for target in _next_of(state)
            }
            found += [f"{workflow}: {name} does not exist" for name in sorted(reached - names)]
            found += [f"{workflow}: nothing leads to {name}" for name in sorted(names - reached)]
    return found


def route_shape(method: str, path: str) -> str:
    """A route without the names of its parameters."""
    return f"{method} {re.sub(r'{[^}]*}', '{}', path)}"


def _called(state: Workflow) -> tuple[str, str]:
    arguments = state.get("Arguments", {})
    name = str(arguments.get("FunctionName", state["Resource"]))
    payload = arguments.get("Payload", arguments)
    return name.strip("${}"), str(payload.get("task"))


def _scopes(machine: Workflow) -> Iterator[Workflow]:
    yield machine
    for state in machine["States"].values():
        inner = [*state.get("Branches", ()), state.get("ItemProcessor"), state.get("Iterator")]
        for part in filter(None, inner):
            yield from _scopes(part)


def _next_of(state: Workflow) -> Iterator[str]:
    for rule in (state, *state.get("Choices", ()), *state.get("Catch", ())):
        if "Next" in rule:
            yield rule["Next"]
    if "Default" in state:
        yield state["Default"]

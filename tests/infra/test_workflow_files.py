"""The workflow files are Amazon States Language, whole, and retry only what may be retried.

The emulator takes broken files and AWS does not, so a validator reads them before AWS does.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bifrost.core import errors
from infra_cdk.capabilities import FUNCTIONS, Workflow
from infra_cdk.constructs.workflows import definition_of
from tests.architecture.project import ROOT
from tests.infra import npm

VALIDATOR = "asl-validator@4.0.0"
FILES = sorted((ROOT / "stepfunctions").glob("*.asl.json"))
BY_FILE = pytest.mark.parametrize("path", FILES, ids=lambda path: path.name.split(".")[0])
ENDS = {"Succeed", "Fail"}


def machines(path: Path) -> Iterator[dict[str, Any]]:
    """Every machine of a file: itself and the branches of its parallel states."""
    waiting = [json.loads(path.read_text())]
    while waiting:
        machine = waiting.pop()
        waiting += [b for state in machine["States"].values() for b in state.get("Branches", [])]
        yield machine


def successors(state: dict[str, Any]) -> set[str]:
    """Name every state that may follow."""
    choices = [*state.get("Choices", []), *state.get("Catch", [])]
    named = [state.get("Next"), state.get("Default"), *(choice["Next"] for choice in choices)]
    return {name for name in named if name}


def tasks(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every task state of a file with its name."""
    for machine in machines(path):
        for name, state in machine["States"].items():
            if state["Type"] == "Task":
                yield name, state


@BY_FILE
def test_the_validator_of_states_language_accepts_the_file(
    path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    validator = npm.installed(VALIDATOR, tmp_path_factory.getbasetemp() / "asl-validator")

    checked = npm.run(validator / "dist/bin/asl-validator.js", "--json-path", str(path))
    assert checked.returncode == 0, checked.stdout + checked.stderr


@BY_FILE
def test_every_state_is_reached_and_every_named_state_exists(path: Path) -> None:
    for machine in machines(path):
        named = {machine["StartAt"]}.union(*map(successors, machine["States"].values()))

        assert named == set(machine["States"])


@BY_FILE
def test_every_path_ends(path: Path) -> None:
    for machine in machines(path):
        for name, state in machine["States"].items():
            ends = state.get("End") is True or state["Type"] in ENDS

            assert ends != bool(successors(state)), name


@BY_FILE
def test_every_task_has_a_deadline_within_its_functions_own(path: Path) -> None:
    seconds = {row.name: row.timeout_seconds for row in FUNCTIONS}

    for name, state in tasks(path):
        called = state["Arguments"]["FunctionName"].strip("${}")
        assert state["TimeoutSeconds"] <= seconds[called], name


@BY_FILE
def test_every_call_carries_its_task_its_input_and_the_correlation_id(path: Path) -> None:
    for name, state in tasks(path):
        assert set(state["Arguments"]["Payload"]) == {"task", "input", "correlation_id"}, name


@BY_FILE
def test_a_task_is_tried_again_after_a_pause_that_grows(path: Path) -> None:
    for name, state in tasks(path):
        for rule in state["Retry"]:
            assert rule["IntervalSeconds"] >= 1, name
            assert rule["BackoffRate"] > 1, name


def test_a_comparison_is_repeated_after_one_two_and_four_seconds() -> None:
    found = machines(ROOT / "stepfunctions/reconcile.asl.json")
    states = [state for machine in found for state in machine["States"].values()]
    pauses = [state["Seconds"] for state in states if state["Type"] == "Wait"]

    assert "{% $power(2, $attempt) %}" in pauses


@BY_FILE
def test_only_a_dependency_that_did_not_answer_is_tried_again(path: Path) -> None:
    ours = {name for name in vars(errors) if name.endswith("Error")}

    for name, state in tasks(path):
        retried = {error for rule in state["Retry"] for error in rule["ErrorEquals"]}
        assert retried & ours == {"UnavailableError"}, name


def test_a_submit_that_may_have_left_is_never_tried_again() -> None:
    (submit,) = (
        state
        for name, state in tasks(ROOT / "stepfunctions/order_flow.asl.json")
        if name == "Submit"
    )

    retried = {error for rule in submit["Retry"] for error in rule["ErrorEquals"]}
    assert retried == {"UnavailableError", "Lambda.TooManyRequestsException"}


def test_every_workflow_has_its_file_and_every_file_its_workflow() -> None:
    definitions = {definition_of(workflow) for workflow in Workflow}

    assert definitions == {path.read_text() for path in FILES}


@BY_FILE
def test_every_substitution_names_a_capability(path: Path) -> None:
    names = set(re.findall(r"\$\{(\w+)\}", path.read_text()))

    assert names <= {row.name for row in FUNCTIONS}

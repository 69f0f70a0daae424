"""Workflows in memory: starts are kept, runs are played by functions.

What goes in and what comes out pass through JSON, as they do on the way to Step Functions.
"""

import json
from collections.abc import Callable
from typing import Any

from bifrost.core.errors import BifrostError, UnavailableError

Json = dict[str, Any]
Machine = Callable[[Json], Json | None]


class MemoryWorkflows:
    """While `down`, or for a workflow that `machines` lacks, a run does not finish.

    started: every start that was asked for, a second one of the same name too.
    executions: what is running by (workflow, name); a second start changes nothing.
    runs: the input of every run that was asked for.
    """

    def __init__(self) -> None:
        self.machines: dict[str, Machine] = {}
        self.started: list[tuple[str, str, Json]] = []
        self.executions: dict[tuple[str, str], Json] = {}
        self.runs: list[Json] = []
        self.down = False

    def start(self, workflow: str, name: str, workflow_input: Json) -> None:
        """Start an execution called `name`; one that exists already is success."""
        if self.down:
            raise UnavailableError(f"workflow {workflow} did not start")
        told = _through_json(workflow_input)
        self.started.append((workflow, name, told))
        self.executions.setdefault((workflow, name), told)

    def run(self, workflow: str, workflow_input: Json) -> Json:
        """Play the workflow to its end and return its output."""
        told = _through_json(workflow_input)
        self.runs.append(told)
        if self.down or workflow not in self.machines:
            raise UnavailableError(f"workflow {workflow} did not run")
        try:
            return _through_json(self.machines[workflow](told) or {})
        except BifrostError as error:
            raise UnavailableError(f"workflow {workflow} ended FAILED: {error}") from error

    @property
    def names(self) -> list[str]:
        """The name of every start that was asked for."""
        return [name for _, name, _ in self.started]


def _through_json(value: Json) -> Json:
    decoded: Json = json.loads(json.dumps(value))
    return decoded

"""Runs the state machines of `stepfunctions/` against functions that answer by a script."""

import io
import itertools
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.architecture.project import ROOT
from tests.local_aws import running_aws

FUNCTIONS = ("data", "portfolio", "portfolio_long", "execution", "risk", "compliance")
ARN = "arn:aws:{service}:us-east-1:000000000000:{kind}:{name}"
ROLE = "arn:aws:iam::000000000000:role/bench"

# What a workflow waits before it asks again; the files' own are held by their tests.
AT_ONCE = {'"IntervalSeconds": 1': '"IntervalSeconds": 0', '"{% $power(2, $attempt) %}"': "0"}

# One line per call, answered by the script's next answer for that task; the last one stays.
STUB = """
import json, os, pathlib

def handler(event, context):
    folder = pathlib.Path(os.environ["SCRIPTS"])
    name = os.environ["CAPABILITY"] + "." + event["task"]
    calls = folder / (event["correlation_id"] + ".calls")
    earlier = calls.read_text().splitlines() if calls.exists() else []
    with calls.open("a") as file:
        file.write(json.dumps([name, event["input"]]) + "\\n")
    answers = json.loads((folder / (event["correlation_id"] + ".json")).read_text())[name]
    answer = answers[min(sum(json.loads(line)[0] == name for line in earlier), len(answers) - 1)]
    if "die" in answer:
        os.kill(os.getpid(), 9)
    if "raise" in answer:
        raise type(answer["raise"], (Exception,), {})("by the script")
    return answer
"""

Answer = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Run:
    """What an execution answered, and whom it called with what, in order."""

    output: Any
    error: str
    calls: list[tuple[str, Any]]

    @property
    def called(self) -> list[str]:
        """The tasks called, as `capability.task`."""
        return [name for name, _ in self.calls]

    def told(self, name: str) -> Any:
        """The input of the task's first call."""
        return next(given for called, given in self.calls if called == name)


@dataclass(slots=True)
class WorkflowBench:
    """Every workflow as an Express machine, so that a test waits for its answer."""

    client: Any
    scripts: Path
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def run(
        self, workflow: str, given: Mapping[str, Any], answers: Mapping[str, Sequence[Answer]]
    ) -> Run:
        """Execute the workflow while the tasks answer as `answers` says."""
        run_id = f"run-{next(self.numbers)}"
        (self.scripts / f"{run_id}.json").write_text(json.dumps(answers))
        done = self.client.start_sync_execution(
            stateMachineArn=ARN.format(service="states", kind="stateMachine", name=workflow),
            input=json.dumps({**given, "correlation_id": run_id}),
        )
        calls = self.scripts / f"{run_id}.calls"
        lines = calls.read_text().splitlines() if calls.exists() else []
        return Run(
            output=json.loads(done.get("output") or "null"),
            error=done.get("error", ""),
            calls=[(name, told) for name, told in map(json.loads, lines)],
        )


@contextmanager
def running_bench(folder: Path) -> Iterator[WorkflowBench]:
    """Start the emulator with the scripted functions and the workflows, and end it afterwards."""
    with running_aws(folder) as local:
        scripts = folder / "scripts"
        scripts.mkdir()
        _create_functions(local.boto3("lambda"), scripts)
        client = local.boto3("stepfunctions")
        _create_workflows(client)
        yield WorkflowBench(client=client, scripts=scripts)


def _create_functions(client: Any, scripts: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("stub.py", STUB)
    for name in FUNCTIONS:
        client.create_function(
            FunctionName=name,
            Runtime="python3.12",
            Handler="stub.handler",
            Role=ROLE,
            Code={"ZipFile": packed.getvalue()},
            Environment={"Variables": {"SCRIPTS": str(scripts), "CAPABILITY": name}},
        )


def _create_workflows(client: Any) -> None:
    for path in sorted((ROOT / "stepfunctions").glob("*.asl.json")):
        definition = path.read_text(encoding="utf-8")
        for name in FUNCTIONS:
            arn = ARN.format(service="lambda", kind="function", name=name)
            definition = definition.replace(f"${{{name}}}", arn)
        for pause, at_once in AT_ONCE.items():
            definition = definition.replace(pause, at_once)
        client.create_state_machine(
            name=path.name.removesuffix(".asl.json"),
            definition=definition,
            roleArn=ROLE,
            type="EXPRESS",
        )

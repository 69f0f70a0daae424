"""What a bucket, a bus and workflows promise: those in memory, and ours against the local AWS."""

import json
from dataclasses import dataclass
from typing import Any, Protocol

import pytest

from bifrost.adapters.aws.bus import EventBridgeSink
from bifrost.adapters.aws.objects import S3Objects
from bifrost.adapters.aws.workflows import StepFunctionsWorkflows
from bifrost.adapters.memory.bus import Entry, MemoryBus
from bifrost.adapters.memory.objects import MemoryObjects
from bifrost.adapters.memory.workflows import MemoryWorkflows
from bifrost.adapters.postgres.outbox import EventSink
from bifrost.core.errors import ConflictError, NotFoundError, UnavailableError
from bifrost.data.ports import Objects
from bifrost.execution.ports import Workflows
from tests.local_aws import LocalAws

ROLE = "arn:aws:iam::000000000000:role/test"
MACHINES = {
    "flow": {"Type": "Wait", "Seconds": 600, "End": True},
    "echo": {"Type": "Pass", "Output": {"told": "{% $states.input %}"}, "End": True},
    "failing": {"Type": "Fail", "Error": "ConflictError", "Cause": "by the script"},
}


class Bucket(Protocol):
    """A bucket, and how a test puts something there."""

    @property
    def objects(self) -> Objects: ...

    def put(self, key: str, content: bytes) -> None: ...


class Bus(Protocol):
    """A bus, and what a rule that matches everything got of it."""

    @property
    def sink(self) -> EventSink: ...

    def arrived(self) -> list[Entry]: ...


class Machines(Protocol):
    """The workflows of MACHINES, and the executions there are of `flow`."""

    @property
    def workflows(self) -> Workflows: ...

    def executions(self) -> list[tuple[str, Any]]: ...


class MemoryBucket:
    def __init__(self) -> None:
        self.objects = MemoryObjects()

    def put(self, key: str, content: bytes) -> None:
        self.objects.objects[key] = content


@dataclass
class LocalBucket:
    objects: S3Objects
    s3: Any
    name: str

    @classmethod
    def on(cls, local: LocalAws) -> "LocalBucket":
        s3, name = local.boto3("s3"), local.new_name()
        s3.create_bucket(Bucket=name)
        return cls(S3Objects(local.client("s3"), name), s3, name)

    def put(self, key: str, content: bytes) -> None:
        self.s3.put_object(Bucket=self.name, Key=key, Body=content)


class InMemoryBus:
    def __init__(self) -> None:
        self.sink = MemoryBus()

    def arrived(self) -> list[Entry]:
        return self.sink.entries


@dataclass
class LocalBus:
    sink: EventBridgeSink
    sqs: Any
    queue: str

    @classmethod
    def on(cls, local: LocalAws) -> "LocalBus":
        events, sqs, name = local.boto3("events"), local.boto3("sqs"), local.new_name()
        events.create_event_bus(Name=name)
        queue = sqs.create_queue(QueueName=name)["QueueUrl"]
        asked = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
        everything = json.dumps({"source": [{"prefix": ""}]})
        events.put_rule(Name=name, EventBusName=name, EventPattern=everything)
        target = {"Id": "queue", "Arn": asked["Attributes"]["QueueArn"]}
        events.put_targets(Rule=name, EventBusName=name, Targets=[target])
        return cls(EventBridgeSink(local.client("events"), name), sqs, queue)

    def arrived(self) -> list[Entry]:
        found: list[Entry] = []
        # Delivery takes its time: an empty answer ends it only after a wait for more.
        while messages := self._receive():
            bodies = [json.loads(message["Body"]) for message in messages]
            found += [(b["source"], b["detail-type"], json.dumps(b["detail"])) for b in bodies]
        return found

    def _receive(self) -> list[Any]:
        answer = self.sqs.receive_message(
            QueueUrl=self.queue, MaxNumberOfMessages=10, WaitTimeSeconds=2
        )
        messages: list[Any] = answer.get("Messages", [])
        return messages


class InMemoryMachines:
    def __init__(self) -> None:
        self.workflows = MemoryWorkflows()
        self.workflows.machines = {"echo": lambda given: {"told": given}, "failing": _fail}

    def executions(self) -> list[tuple[str, Any]]:
        return [(name, given) for (_, name), given in self.workflows.executions.items()]


@dataclass
class LocalMachines:
    workflows: StepFunctionsWorkflows
    states: Any
    flow: str

    @classmethod
    def on(cls, local: LocalAws) -> "LocalMachines":
        states, name = local.boto3("stepfunctions"), local.new_name()
        arns = {
            workflow: states.create_state_machine(
                name=f"{name}-{workflow}",
                definition=json.dumps(
                    {"QueryLanguage": "JSONata", "StartAt": "Only", "States": {"Only": state}}
                ),
                roleArn=ROLE,
                type="STANDARD" if workflow == "flow" else "EXPRESS",
            )["stateMachineArn"]
            for workflow, state in MACHINES.items()
        }
        client = local.client("states")
        return cls(StepFunctionsWorkflows(client, client, arns), states, arns["flow"])

    def executions(self) -> list[tuple[str, Any]]:
        found = self.states.list_executions(stateMachineArn=self.flow)["executions"]
        told = [self.states.describe_execution(executionArn=e["executionArn"]) for e in found]
        return [(one["name"], json.loads(one["input"])) for one in told]


def _fail(_: dict[str, Any]) -> dict[str, Any]:
    raise ConflictError("by the script")


@pytest.fixture(params=["memory", "local"])
def bucket(request: pytest.FixtureRequest) -> Bucket:
    if request.param == "memory":
        return MemoryBucket()
    return LocalBucket.on(request.getfixturevalue("local_aws"))


@pytest.fixture(params=["memory", "local"])
def bus(request: pytest.FixtureRequest) -> Bus:
    if request.param == "memory":
        return InMemoryBus()
    return LocalBus.on(request.getfixturevalue("local_aws"))


@pytest.fixture(params=["memory", "local"])
def machines(request: pytest.FixtureRequest) -> Machines:
    if request.param == "memory":
        return InMemoryMachines()
    return LocalMachines.on(request.getfixturevalue("local_aws"))


def test_an_object_comes_back_as_it_was_put(bucket: Bucket) -> None:
    bucket.put("bars/daily/BRK.B.csv", b"date,open\n\x00\xff")

    assert bucket.objects.get("bars/daily/BRK.B.csv") == b"date,open\n\x00\xff"


def test_an_object_put_again_is_the_newer_one(bucket: Bucket) -> None:
    bucket.put("a.csv", b"old")
    bucket.put("a.csv", b"")

    assert bucket.objects.get("a.csv") == b""


def test_an_object_that_is_not_there_is_not_found_by_its_key(bucket: Bucket) -> None:
    with pytest.raises(NotFoundError, match=r"a\.csv"):
        bucket.objects.get("a.csv")


def test_a_bucket_that_is_switched_off_has_not_answered() -> None:
    objects = MemoryObjects()
    objects.objects["a.csv"] = b"1"
    objects.down = True

    with pytest.raises(UnavailableError):
        objects.get("a.csv")


def test_what_a_bus_took_arrives_with_its_source_and_type(bus: Bus) -> None:
    sent = [(f"bifrost.{n}", f"Event{n}.v1", json.dumps({"n": n, "text": 'Zü"'})) for n in range(3)]

    refused = bus.sink.put(sent[:2]) | bus.sink.put(sent[2:])

    assert refused == frozenset()
    assert sorted(bus.arrived()) == sent


def test_what_was_put_twice_arrives_twice(bus: Bus) -> None:
    for _ in range(2):
        bus.sink.put([("bifrost.risk", "A.v1", "{}")])

    assert len(bus.arrived()) == 2


def test_a_workflow_starts_under_its_name_with_its_input(machines: Machines) -> None:
    machines.workflows.start("flow", "o-1", {"quantity": "100", "legs": [1, None]})

    assert machines.executions() == [("o-1", {"quantity": "100", "legs": [1, None]})]


def test_a_second_start_of_a_name_succeeds_and_starts_nothing(machines: Machines) -> None:
    for number in (1, 2):
        machines.workflows.start("flow", "o-1", {"number": number})
    machines.workflows.start("flow", "o-2", {"number": 3})

    assert sorted(machines.executions()) == [("o-1", {"number": 1}), ("o-2", {"number": 3})]


def test_an_input_that_is_no_json_is_our_fault(machines: Machines) -> None:
    with pytest.raises(TypeError):
        machines.workflows.start("flow", "o-1", {"given": object()})


def test_a_run_answers_its_output(machines: Machines) -> None:
    assert machines.workflows.run("echo", {"a": ["1"]}) == {"told": {"a": ["1"]}}


def test_a_run_that_fails_is_no_answer(machines: Machines) -> None:
    with pytest.raises(UnavailableError, match=r"FAILED.*by the script"):
        machines.workflows.run("failing", {})


def test_workflows_that_are_switched_off_neither_start_nor_run() -> None:
    machines = InMemoryMachines()
    machines.workflows.down = True

    for call in (lambda: machines.workflows.start("flow", "o-1", {}), lambda: _run(machines)):
        with pytest.raises(UnavailableError):
            call()
    assert machines.executions() == []


def _run(machines: InMemoryMachines) -> dict[str, Any]:
    return machines.workflows.run("echo", {})

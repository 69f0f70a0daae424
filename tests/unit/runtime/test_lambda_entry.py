"""One handler, three ways in: what each gets, what fails alone, and what leaves afterwards."""

import json
from dataclasses import replace
from typing import Any

import pytest

from bifrost.core.codec import to_json
from bifrost.core.errors import UnavailableError
from bifrost.events import CashDeposited, Event
from bifrost.runtime.correlation import correlation_id
from bifrost.runtime.lambda_entry import Handler, lambda_entry
from tests.builders import cash_deposited


def deposited(event_id: str) -> CashDeposited:
    return replace(cash_deposited(), event_id=event_id, correlation_id=f"c-{event_id}")


def record(message_id: str, body: Any) -> dict[str, Any]:
    text = body if isinstance(body, str) else json.dumps(body)
    return {"messageId": message_id, "eventSource": "aws:sqs", "body": text}


def envelope(event: Event) -> dict[str, Any]:
    return {"id": "e-1", "detail-type": event.detail_type, "detail": to_json(event)}


class Relay:
    """Counts its flushes; fails when told to."""

    def __init__(self) -> None:
        self.flushes = 0
        self.down = False

    def flush(self, seconds: int | None = None) -> int:
        self.flushes += 1
        if self.down:
            raise UnavailableError("the bus sleeps")
        return 3


@pytest.fixture
def relay() -> Relay:
    return Relay()


@pytest.fixture
def heard() -> list[tuple[str, Any]]:
    return []


@pytest.fixture
def handler(relay: Relay, heard: list[tuple[str, Any]]) -> Handler:
    def on_deposit(event: CashDeposited) -> None:
        if event.event_id == "bad":
            raise UnavailableError("not now")
        heard.append((correlation_id(), event))

    def task(given: dict[str, Any]) -> dict[str, Any]:
        return {"given": given, "correlation_id": correlation_id()}

    def failing(given: dict[str, Any]) -> dict[str, Any]:
        raise UnavailableError("not now")

    return lambda_entry(
        "gateway",
        tasks={"echo": task, "fail": failing},
        listeners={
            "CashDeposited.v1": on_deposit,
            "Object Created": lambda raw: heard.append((correlation_id(), raw)),
        },
        relay=lambda: relay,
    )


def test_a_task_gets_its_input_and_its_correlation_id(handler: Handler) -> None:
    answer = handler({"task": "echo", "input": {"a": 1}, "correlation_id": "c-1"}, None)

    assert answer == {"given": {"a": 1}, "correlation_id": "c-1"}


def test_a_tasks_error_keeps_its_class_for_the_workflow(handler: Handler) -> None:
    with pytest.raises(UnavailableError):
        handler({"task": "fail", "input": {}}, None)


def test_an_event_arrives_typed_under_its_correlation_id(
    handler: Handler, heard: list[tuple[str, Any]]
) -> None:
    event = deposited("e-1")

    answer = handler({"Records": [record("m-1", envelope(event))]}, None)

    assert answer == {"batchItemFailures": []}
    assert heard == [("c-e-1", event)]


@pytest.mark.parametrize(
    "body",
    [
        "not json",
        {"detail-type": "Unheard.v1", "detail": {}},
        {"detail-type": "CashDeposited.v1", "detail": {"amount": 10.5}},
        envelope(deposited("bad")),
    ],
)
def test_one_bad_record_fails_alone(
    handler: Handler, heard: list[tuple[str, Any]], body: Any
) -> None:
    good = record("good", envelope(deposited("e-1")))

    answer = handler({"Records": [record("bad", body), good]}, None)

    assert answer == {"batchItemFailures": [{"itemIdentifier": "bad"}]}
    assert len(heard) == 1


def test_when_every_record_fails_each_is_named(handler: Handler) -> None:
    records = [record("1", "no"), record("2", "no")]

    answer = handler({"Records": records}, None)

    assert answer == {"batchItemFailures": [{"itemIdentifier": "1"}, {"itemIdentifier": "2"}]}


def test_an_event_of_aws_arrives_in_its_envelope(
    handler: Handler, heard: list[tuple[str, Any]]
) -> None:
    raw = {"id": "aws-1", "detail-type": "Object Created", "detail": {"object": {"key": "k"}}}

    handler({"Records": [record("m-1", raw)]}, None)

    assert heard == [("aws-1", raw)]


def test_the_outbox_is_flushed_after_each_way_in(handler: Handler, relay: Relay) -> None:
    handler({"task": "echo"}, None)
    handler({"Records": [record("m-1", envelope(deposited("e-1")))]}, None)

    assert relay.flushes == 2


def test_an_outbox_that_cannot_be_sent_waits_and_the_answer_stands(
    handler: Handler, relay: Relay
) -> None:
    relay.down = True

    assert handler({"task": "echo", "input": {}}, None)["given"] == {}


def test_the_relay_is_a_task_of_its_own(handler: Handler) -> None:
    assert handler({"task": "relay"}, None) == {"sent": 3}

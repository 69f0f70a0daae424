"""The queue in front of the ingesters, in SQS."""

import json
from collections.abc import Iterator, Sequence

from bifrost.adapters.aws.client import AwsClient

# What a listener of ours is called by; `functions/data/handler.py` names the same.
KIND = "Ingestion Due"
# SQS takes at most ten messages in a call, and holds one back for at most fifteen minutes.
_AT_ONCE = 10
_DELAY_MAX = 900


class SqsWorkQueue:
    """Sends hints that an item is due."""

    def __init__(self, client: AwsClient, queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def send(self, numbers: Sequence[tuple[int, int]]) -> list[int]:
        """Send (item, seconds until it shows); return the items whose message was accepted.

        Raises UnavailableError where it is not known which were.
        """
        accepted: list[int] = []
        for batch in _batches(numbers):
            answer = self._client.call(
                "AmazonSQS.SendMessageBatch",
                {"QueueUrl": self._queue_url, "Entries": [_entry(*one) for one in batch]},
                version="1.0",
            )
            accepted += [int(one["Id"]) for one in answer.get("Successful", [])]
        return accepted


def _batches(numbers: Sequence[tuple[int, int]]) -> Iterator[Sequence[tuple[int, int]]]:
    for place in range(0, len(numbers), _AT_ONCE):
        yield numbers[place : place + _AT_ONCE]


def _entry(number: int, seconds: int) -> dict[str, object]:
    body = {"detail-type": KIND, "detail": {"item": number}}
    return {
        "Id": str(number),
        "MessageBody": json.dumps(body),
        "DelaySeconds": min(max(seconds, 0), _DELAY_MAX),
    }

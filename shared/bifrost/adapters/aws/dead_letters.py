"""Dead-letter queues, for an operator: what is in them, and back to where it came from.

The local AWS has no redrive call and AWS's own moves a whole queue at once; receiving, sending
and deleting works on both and lets one message be chosen.
"""

import json
from dataclasses import dataclass
from typing import Any

# Long enough to read the whole queue and send what was chosen; then the rest shows again.
_VISIBILITY_SECONDS = 30


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One message that its listener failed to apply five times."""

    message_id: str
    detail_type: str
    event_id: str
    correlation_id: str
    sent_at: str
    body: dict[str, Any]


class DeadLetterQueue:
    """A listener's dead-letter queue and the queue it belongs to."""

    def __init__(self, sqs: Any, *, queue: str, dead: str) -> None:
        """Use boto3's client `sqs`; both queues are named by their URLs."""
        self._sqs = sqs
        self._queue = queue
        self._dead = dead

    def depth(self) -> int:
        """Return about how many messages are dead, those being looked at included."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self._sqs.get_queue_attributes(QueueUrl=self._dead, AttributeNames=names)
        return sum(int(found["Attributes"][name]) for name in names)

    def peek(self, most: int) -> list[DeadLetter]:
        """Return up to `most` dead messages; they stay where they are."""
        raw = self._receive(most)
        for message in raw:
            self._let_go(message)
        return [_read(message) for message in raw]

    def redrive(self, message_ids: frozenset[str] | None, most: int) -> int:
        """Send the chosen messages (None: all) back to their queue; return how many went.

        Sent before it is deleted: a crash between the two leaves a duplicate, which the
        listener's inbox forgets, and loses nothing.
        """
        moved = 0
        for message in self._receive(most):
            if message_ids is not None and message["MessageId"] not in message_ids:
                self._let_go(message)
                continue
            self._sqs.send_message(QueueUrl=self._queue, MessageBody=message["Body"])
            self._sqs.delete_message(QueueUrl=self._dead, ReceiptHandle=message["ReceiptHandle"])
            moved += 1
        return moved

    def _receive(self, most: int) -> list[dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        while len(found) < most:
            answer = self._sqs.receive_message(
                QueueUrl=self._dead,
                MaxNumberOfMessages=min(10, most - len(found)),
                VisibilityTimeout=_VISIBILITY_SECONDS,
                MessageSystemAttributeNames=["SentTimestamp"],
            )
            fresh = {m["MessageId"]: m for m in answer.get("Messages", [])}
            if not fresh.keys() - found.keys():
                break
            found.update(fresh)
        return list(found.values())

    def _let_go(self, message: dict[str, Any]) -> None:
        self._sqs.change_message_visibility(
            QueueUrl=self._dead, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
        )


def _read(message: dict[str, Any]) -> DeadLetter:
    body: Any
    try:
        body = json.loads(message["Body"])
    except ValueError:
        body = {"unreadable": message["Body"]}
    detail = body.get("detail") if isinstance(body, dict) else None
    if not isinstance(detail, dict):
        detail = {}
    return DeadLetter(
        message_id=message["MessageId"],
        detail_type=str(body.get("detail-type", "")) if isinstance(body, dict) else "",
        event_id=str(detail.get("event_id", "")),
        correlation_id=str(detail.get("correlation_id", "")),
        sent_at=str(message.get("Attributes", {}).get("SentTimestamp", "")),
        body=body if isinstance(body, dict) else {"body": body},
    )

"""SQS queues, as readiness asks after them."""

from bifrost.adapters.aws.client import AwsClient


class SqsQueues:
    """Answers how many messages wait."""

    def __init__(self, client: AwsClient) -> None:
        self._client = client

    def depth(self, queue_url: str) -> int:
        """Return about how many messages wait; raises UnavailableError or AwsCallError."""
        answer = self._client.call(
            "AmazonSQS.GetQueueAttributes",
            {"QueueUrl": queue_url, "AttributeNames": ["ApproximateNumberOfMessages"]},
            version="1.0",
        )
        return int(answer["Attributes"]["ApproximateNumberOfMessages"])

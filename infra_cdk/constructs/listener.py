"""What one capability hears: rules to its queue, its dead letters, and its function behind them."""

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra_cdk.capabilities import Capability

MAX_RECEIVES = 5


class Listener(Construct):
    """A queue per listener: a slow one delays nobody, and a failing one keeps its own letters."""

    def __init__(self, scope: Construct, capability: Capability) -> None:
        title = capability.name.title().replace("_", "")
        super().__init__(scope, f"{title}Listener")
        self._capability = capability
        self.dead_letters = sqs.Queue(
            self,
            "DeadLetters",
            retention_period=Duration.days(14),
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
        )
        self.queue = sqs.Queue(
            self,
            "Events",
            # AWS's advice: six times the function's, so that a throttled batch is not seen twice.
            visibility_timeout=Duration.seconds(6 * capability.timeout_seconds),
            retention_period=Duration.days(4),
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            dead_letter_queue=sqs.DeadLetterQueue(
                queue=self.dead_letters, max_receive_count=MAX_RECEIVES
            ),
        )
        stack = Stack.of(self)
        CfnOutput(stack, f"{title}QueueUrl", value=self.queue.queue_url)
        CfnOutput(stack, f"{title}DeadLetterQueueUrl", value=self.dead_letters.queue_url)

    def hear_events(self, bus: events.IEventBus) -> None:
        """Deliver the capability's event types from the desk's bus; of some, what it hears."""
        filtered = {one.detail_type: {one.field: one.values} for one in self._capability.hears_only}
        whole = [one for one in self._capability.listens_to if one not in filtered]
        self._rule("OnEvents", bus, whole, None)
        for kind, detail in filtered.items():
            self._rule(f"On{kind.split('.')[0]}", bus, [kind], detail)

    def hear_objects(self, bucket: s3.IBucket) -> None:
        """Deliver the bucket's new objects; S3 speaks on the account's default bus only."""
        events.Rule(
            self,
            "OnObjects",
            event_pattern=events.EventPattern(
                source=["aws.s3"],
                detail_type=["Object Created"],
                detail={"bucket": {"name": [bucket.bucket_name]}},
            ),
            targets=[self._target()],
        )

    def feed(self, function: lambda_.Function) -> None:
        """Call the function with batches; a failed record comes back alone.

        A worker gets one piece of work at a time: it may take as long as the function lives.
        """
        at_once = self._capability.at_once
        function.add_event_source(
            sources.SqsEventSource(
                self.queue,
                batch_size=1 if at_once else 10,
                max_concurrency=at_once or None,
                report_batch_item_failures=True,
            )
        )

    def _rule(
        self,
        name: str,
        bus: events.IEventBus,
        kinds: list[str],
        detail: dict[str, tuple[str, ...]] | None,
    ) -> None:
        fields = None if detail is None else {key: list(values) for key, values in detail.items()}
        events.Rule(
            self,
            name,
            event_bus=bus,
            event_pattern=events.EventPattern(
                source=events.Match.prefix("bifrost."), detail_type=kinds, detail=fields
            ),
            targets=[self._target()],
        )

    def _target(self) -> targets.SqsQueue:
        return targets.SqsQueue(self.queue, dead_letter_queue=self.dead_letters)

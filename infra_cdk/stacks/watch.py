"""What a person is told: alarms by mail, and one dashboard to look at then."""

from typing import Any

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra_cdk.constructs.environment import NAMESPACE
from infra_cdk.stacks.desk import DeskStack

_MINUTE = Duration.minutes(1)
_OLDEST_SECONDS = 300
_FRESH_SECONDS = 60
# What a sweep did, as `bifrost.runtime.sweeps` counts it: (capability, metric, what it means).
SWEPT = (
    ("execution", "WorkflowsRestarted", "An order's workflow died: see order-flow's log"),
    ("execution", "WorkflowsGivenUp", "Orders were refused because their workflow keeps dying"),
    ("data", "ReplaysRestarted", "A replay's workflow died: see its log"),
    ("data", "ReplaysGivenUp", "A replay failed because its workflow keeps dying"),
    ("data", "SessionsIncomplete", "A session is below its goal: `bifrost data quality`"),
    ("data", "IngestionFailed", "Bars were not fetched: `bifrost data jobs` says why"),
    ("portfolio", "RebuildsGivenUp", "A rebuild failed because its workflow died: see its log"),
)


class WatchStack(Stack):
    """One alarm per thing that can go wrong without anyone calling to say so."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        desk: DeskStack,
        streams: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        self._topic = self._alarm_topic()
        self._rows: list[list[cloudwatch.Metric]] = []
        self._watch_queues(desk)
        self._watch_functions(desk)
        self._watch_workflows(desk)
        self._watch_sweeps()
        self._watch_freshness()
        if streams:
            self._watch_streams()
        self._dashboard(desk.stack_name)
        CfnOutput(self, "AlarmTopic", value=self._topic.topic_arn)

    def _watch_queues(self, desk: DeskStack) -> None:
        dead, oldest = [], []
        for name, listener in desk.listeners.items():
            dead.append(
                listener.dead_letters.metric_approximate_number_of_messages_visible(
                    period=_MINUTE, label=name
                )
            )
            oldest.append(
                listener.queue.metric_approximate_age_of_oldest_message(period=_MINUTE, label=name)
            )
            self._alarm(f"{name}-dead-letters", dead[-1], "A message was given up: `bifrost dlq`")
            self._alarm(
                f"{name}-oldest-message",
                oldest[-1],
                "The listener does not keep up, or fails on every try",
                above=_OLDEST_SECONDS,
            )
        self._rows += [dead, oldest]

    def _watch_functions(self, desk: DeskStack) -> None:
        errors, durations = [], []
        for name, function in desk.functions.items():
            errors.append(function.metric_errors(period=_MINUTE, label=name))
            durations.append(function.metric_duration(period=_MINUTE, label=name, statistic="p99"))
            self._alarm(f"{name}-errors", errors[-1], "The function raised: see its log")
        self._rows += [errors, durations]

    def _watch_workflows(self, desk: DeskStack) -> None:
        failed = []
        for workflow, machine in desk.workflows.machines.items():
            failed.append(machine.metric_failed(period=_MINUTE, label=workflow.value))
            self._alarm(
                f"{workflow}-failed",
                failed[-1],
                "A workflow ended without an answer: see its log, the sweeper ends its order",
            )
        self._rows.append(failed)

    def _watch_sweeps(self) -> None:
        swept = []
        for capability, metric, description in SWEPT:
            swept.append(_metric(capability, metric, statistic="Sum", label=metric))
            self._alarm(f"{capability}-{metric}", swept[-1], description)
        self._rows.append(swept)

    def _watch_freshness(self) -> None:
        oldest = _metric("data", "OldestNewestBar", statistic="Maximum", label="seconds")
        self._alarm(
            "data-stale-bars",
            oldest,
            "A subscribed instrument trades and has no bar of its last minutes:"
            " `bifrost data freshness`",
            above=_FRESH_SECONDS,
        )
        self._rows.append([oldest])

    def _watch_streams(self) -> None:
        lag = _metric("runner", "StreamLag", statistic="Maximum", label="stream")
        self._alarm(
            "stream-lag",
            lag,
            "A minute of a live stream has been owed for over a minute, or nobody streams:"
            " see the runner's log",
            above=_FRESH_SECONDS,
            missing=cloudwatch.TreatMissingData.BREACHING,
        )
        self._rows[-1].append(lag)

    def _alarm(
        self,
        name: str,
        metric: cloudwatch.Metric,
        description: str,
        *,
        above: int = 0,
        missing: cloudwatch.TreatMissingData = cloudwatch.TreatMissingData.NOT_BREACHING,
    ) -> None:
        alarm = cloudwatch.Alarm(
            self,
            name,
            alarm_name=f"{self.stack_name}-{name}",
            alarm_description=description,
            metric=metric,
            threshold=above,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            treat_missing_data=missing,
        )
        alarm.add_alarm_action(actions.SnsAction(self._topic))

    def _alarm_topic(self) -> sns.Topic:
        key = kms.Key(self, "AlarmKey", enable_key_rotation=True)
        # CloudWatch must use the key: with AWS's own key its messages vanish without a word.
        key.grant(
            iam.ServicePrincipal("cloudwatch.amazonaws.com"), "kms:Decrypt", "kms:GenerateDataKey"
        )
        return sns.Topic(self, "Alarms", master_key=key, enforce_ssl=True)

    def _dashboard(self, name: str) -> None:
        titles = (
            "Dead letters",
            "Oldest message, seconds",
            "Function errors",
            "Function duration p99, ms",
            "Failed workflows",
            "Workflows started again, and given up",
            "Age of the oldest newest bar, seconds",
        )
        cloudwatch.Dashboard(
            self,
            "Dashboard",
            dashboard_name=name,
            widgets=[
                [cloudwatch.GraphWidget(title=title, left=metrics, width=24, height=6)]
                for title, metrics in zip(titles, self._rows, strict=True)
            ],
        )


def _metric(service: str, name: str, *, statistic: str, label: str) -> cloudwatch.Metric:
    """Return what a function or the runner counts of itself, minute by minute."""
    return cloudwatch.Metric(
        namespace=NAMESPACE,
        metric_name=name,
        dimensions_map={"service": service},
        statistic=statistic,
        period=_MINUTE,
        label=label,
    )

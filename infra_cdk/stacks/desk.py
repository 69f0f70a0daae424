"""The desk: everything between a caller and the database, on one screen."""

from pathlib import Path
from typing import Any

from aws_cdk import CfnOutput, CfnParameter, Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra_cdk.capabilities import CAPABILITIES, FUNCTIONS, SCHEMAS, Capability
from infra_cdk.constructs.capability_function import CapabilityFunction
from infra_cdk.constructs.database_access import ParameterUrls, ProxyAccess
from infra_cdk.constructs.environment import Environment
from infra_cdk.constructs.http_api import HttpApi
from infra_cdk.constructs.identity import Identity
from infra_cdk.constructs.listener import Listener
from infra_cdk.constructs.schedules import Schedules
from infra_cdk.constructs.socket_api import SocketApi
from infra_cdk.constructs.storage import DataBucket
from infra_cdk.constructs.vendor_keys import vendor_keys
from infra_cdk.constructs.workflows import STANDARD, Workflows, workflow_arn
from infra_cdk.local_target import Part, Target


class DeskStack(Stack):
    """One function per row of the table, two where it has long tasks, given what its row says."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        target: Target,
        code: Path,
        layers: Path | None = None,
        proxy: ProxyAccess | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        self.target, self.proxy = target, proxy
        self.endpoint = None if target is Target.AWS else self._endpoint()
        self.bus = events.EventBus(self, "Bus", event_bus_name=self.stack_name)
        self.data = DataBucket(self, target=target)
        self.identity = Identity(self)
        self.api = HttpApi(self, target=target, identity=self.identity)
        self.feed = SocketApi(self, target=target, endpoint=self.endpoint)
        self.workflows = Workflows(self, target=target)
        self.vendor_keys = vendor_keys(self)
        self.told = Environment(
            stack=self,
            databases=proxy or ParameterUrls.of(self, SCHEMAS),
            bus=self.bus,
            bucket=self.data.bucket,
            vendor_keys=self.vendor_keys,
            identity=self.identity,
            endpoint=self.endpoint,
            trace_disabled=self._trace_disabled(),
            feed_url=self.feed.push_url,
        )
        self.functions: dict[str, lambda_.Function] = {}
        self.listeners: dict[str, Listener] = {}
        packages = self._layers(layers) if layers and target.has(Part.LAYERS) else {}
        source = lambda_.Code.from_asset(str(code))
        for capability in FUNCTIONS:
            self._add(capability, source, packages)
        self._hand_out_work()
        Schedules(self, self.functions)
        self._outputs()

    def _add(
        self,
        capability: Capability,
        code: lambda_.Code,
        packages: dict[str, lambda_.LayerVersion],
    ) -> None:
        built = CapabilityFunction(
            self,
            capability,
            target=self.target,
            code=code,
            layers=[packages[name] for name in capability.layers if packages],
            proxy=self.proxy,
        )
        listener = self._listen(capability, built) if capability.has_queue else None
        self.functions[capability.name] = built.function
        self._grant(capability, built)
        for key, value in self.told.of(capability, listener).items():
            built.function.add_environment(key, value)
        if capability.routes:
            self.api.route(capability, built.function)
        if capability.sockets:
            self.feed.route(capability, built.function)

    def _listen(self, capability: Capability, built: CapabilityFunction) -> Listener:
        listener = Listener(self, capability)
        if capability.listens_to:
            listener.hear_events(self.bus)
        if capability.hears_objects:
            listener.hear_objects(self.data.bucket)
        listener.feed(built.function)
        # The source lets it read its queue; readiness also asks how deep the dead letters lie.
        built.allow([listener.dead_letters.queue_arn], "sqs:GetQueueAttributes")
        self.listeners[capability.name] = listener
        return listener

    def _grant(self, capability: Capability, built: CapabilityFunction) -> None:
        if capability.publishes:
            built.allow([self.bus.event_bus_arn], "events:PutEvents")
        if capability.reads_bucket:
            built.allow([self.data.bucket.arn_for_objects("*")], "s3:GetObject")
        if capability.takes_uploads:
            # An address is as good as its signer's rights.
            built.allow([self.data.bucket.arn_for_objects("uploads/*")], "s3:PutObject")
        if capability.sockets:
            built.allow([self.feed.push_arn], "execute-api:ManageConnections")
        if capability.reads_vendor_keys:
            built.allow([self.vendor_keys.secret_arn], "secretsmanager:GetSecretValue")
        for workflow in capability.starts:
            waits = () if workflow in STANDARD else ("states:StartSyncExecution",)
            built.allow([workflow_arn(self, workflow)], "states:StartExecution", *waits)

    def _hand_out_work(self) -> None:
        """Let a capability send work to its worker's queue, and the worker what is left of it."""
        for row in CAPABILITIES:
            if row.worker is None or row.working is None:
                continue
            queue = self.listeners[row.working.name].queue
            for name in (row.name, row.working.name):
                self.functions[name].add_environment(
                    f"{row.worker.name.upper()}_QUEUE_URL", queue.queue_url
                )
                self.functions[name].add_to_role_policy(
                    iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[queue.queue_arn])
                )

    def _layers(self, built: Path) -> dict[str, lambda_.LayerVersion]:
        names = sorted({name for capability in FUNCTIONS for name in capability.layers})
        return {
            name: lambda_.LayerVersion(
                self,
                f"{name.title()}Layer",
                code=lambda_.Code.from_asset(str(built / name)),
                compatible_architectures=[lambda_.Architecture.ARM_64],
                compatible_runtimes=[lambda_.Runtime.PYTHON_3_12],
            )
            for name in names
        }

    def _endpoint(self) -> str:
        parameter = CfnParameter(self, "EndpointUrl", default="http://127.0.0.1:4566")
        return parameter.value_as_string

    def _trace_disabled(self) -> str:
        if not self.target.has(Part.TRACING):
            return "true"
        # Lambda and Step Functions trace each call by themselves. The SDK's own segments, inside
        # an invocation, cost 430 ms CPU of a cold start: switch them on to find something.
        return CfnParameter(
            self, "TraceDisabled", default="true", allowed_values=["true", "false"]
        ).value_as_string

    def _outputs(self) -> None:
        api_id = self.api.api.ref
        local = f"{self.endpoint}/_aws/execute-api/{api_id}"
        cloud = f"https://{api_id}.execute-api.{self.region}.{self.url_suffix}"
        CfnOutput(self, "ApiUrl", value=local if self.endpoint else cloud)
        CfnOutput(self, "EventBusName", value=self.bus.event_bus_name)
        if self.target.has(Part.ARCHIVE):
            self.bus.archive(
                "Archive",
                event_pattern=events.EventPattern(source=events.Match.prefix("bifrost.")),
                retention=Duration.days(365),
            )

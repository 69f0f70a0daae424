"""The streaming ingester on AWS: one small Fargate task that stays, since a Lambda ends.

Off unless asked for (`-c streams=on`): an idle desk pays for no task. One works at a time by its
lease, so a new one may stand by while the old one ends. To build its image takes Docker.
"""

from pathlib import Path
from typing import Any

from aws_cdk import CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr_assets as assets
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra_cdk.constructs.database_access import ProxyAccess
from infra_cdk.stacks.desk import DeskStack

SCHEMA = "data"
_CPU, _MEMORY_MB = 256, 512


class StreamsStack(Stack):
    """`code`: the container's context. It reaches the database as data's own role, and the bus."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        desk: DeskStack,
        database: ProxyAccess,
        code: Path,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        cluster = ecs.Cluster(
            self,
            "Cluster",
            vpc=database.vpc,
            container_insights_v2=ecs.ContainerInsights.ENABLED,
        )
        task = ecs.FargateTaskDefinition(
            self,
            "Task",
            cpu=_CPU,
            memory_limit_mib=_MEMORY_MB,
            runtime_platform=ecs.RuntimePlatform(
                cpu_architecture=ecs.CpuArchitecture.ARM64,
                operating_system_family=ecs.OperatingSystemFamily.LINUX,
            ),
        )
        self._container(task, desk, database, code)
        task.add_to_task_role_policy(database.connect_statement(self, (SCHEMA,)))
        task.add_to_task_role_policy(
            iam.PolicyStatement(actions=["events:PutEvents"], resources=[desk.bus.event_bus_arn])
        )
        service = self._service(cluster, task, database)
        CfnOutput(self, "ServiceName", value=service.service_name)

    def _container(
        self,
        task: ecs.FargateTaskDefinition,
        desk: DeskStack,
        database: ProxyAccess,
        code: Path,
    ) -> None:
        log = logs.LogGroup(
            self,
            "Log",
            log_group_name=f"/ecs/{self.stack_name}",
            retention=logs.RetentionDays.THREE_MONTHS,
            removal_policy=RemovalPolicy.DESTROY,
        )
        task.add_container(
            "Runner",
            image=ecs.ContainerImage.from_asset(str(code), platform=assets.Platform.LINUX_ARM64),
            logging=ecs.LogDrivers.aws_logs(stream_prefix="runner", log_group=log),
            environment={
                "AWS_REGION": self.region,
                "CAPABILITY": SCHEMA,
                "DATABASE_AUTH": database.auth,
                "DATABASE_URL": database.url(SCHEMA),
                "EVENT_BUS_NAME": desk.bus.event_bus_name,
                "POWERTOOLS_SERVICE_NAME": "runner",
                "POWERTOOLS_TRACE_DISABLED": "true",
            },
            secrets={"VENDOR_SETTINGS": ecs.Secret.from_secrets_manager(desk.vendor_keys)},
            readonly_root_filesystem=True,
            # Time to write what it has and to give its lease back.
            stop_timeout=Duration.seconds(30),
        )

    def _service(
        self, cluster: ecs.Cluster, task: ecs.FargateTaskDefinition, database: ProxyAccess
    ) -> ecs.FargateService:
        return ecs.FargateService(
            self,
            "Service",
            cluster=cluster,
            task_definition=task,
            desired_count=1,
            # The new task stands by until the old one has given its lease back.
            min_healthy_percent=100,
            max_healthy_percent=200,
            circuit_breaker=ecs.DeploymentCircuitBreaker(rollback=True),
            security_groups=[database.security_group],
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
            assign_public_ip=False,
        )

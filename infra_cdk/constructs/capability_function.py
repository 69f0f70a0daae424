"""One capability's Lambda and the role that lets it do what its row says, and nothing more."""

from aws_cdk import CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra_cdk.capabilities import Capability
from infra_cdk.constructs.database_access import ProxyAccess
from infra_cdk.local_target import Part, Target


def function_name(stack: Stack, capability: str) -> str:
    """Name functions by rule, so that a workflow can be built before its functions."""
    return f"{stack.stack_name}-{capability.replace('_', '-')}"


def title_of(capability: Capability) -> str:
    """Return how templates call it: `Portfolio`, `PortfolioLong`."""
    return capability.name.title().replace("_", "")


class CapabilityFunction(Construct):
    """`function`, with `statements` of its row added by whoever owns the resource."""

    def __init__(
        self,
        scope: Construct,
        capability: Capability,
        *,
        target: Target,
        code: lambda_.Code,
        layers: list[lambda_.ILayerVersion],
        proxy: ProxyAccess | None,
    ) -> None:
        super().__init__(scope, title_of(capability))
        stack = Stack.of(self)
        name = function_name(stack, capability.name)
        log_group = logs.LogGroup(
            self,
            "Log",
            log_group_name=f"/aws/lambda/{name}",
            retention=logs.RetentionDays.THREE_MONTHS,
            removal_policy=RemovalPolicy.DESTROY,
        )
        in_vpc = proxy if capability.schemas else None
        traced = target.has(Part.TRACING)
        self.function = lambda_.Function(
            self,
            "Function",
            function_name=name,
            runtime=lambda_.Runtime.PYTHON_3_12,
            architecture=lambda_.Architecture.ARM_64,
            code=code,
            handler=f"functions.{capability.folder}.handler.handler",
            memory_size=capability.memory_mb,
            timeout=Duration.seconds(capability.timeout_seconds),
            layers=layers,
            role=_role(self, log_group, in_vpc=in_vpc is not None),
            log_group=log_group,
            tracing=lambda_.Tracing.ACTIVE if traced else None,
            vpc=in_vpc.vpc if in_vpc else None,
            security_groups=[in_vpc.security_group] if in_vpc else None,
        )
        if in_vpc:
            self.function.add_to_role_policy(in_vpc.connect_statement(stack, capability.schemas))
        CfnOutput(stack, f"{title_of(capability)}FunctionName", value=name)

    def allow(self, resources: list[str], *actions: str) -> None:
        """Let the function do exactly these actions on exactly these resources."""
        self.function.add_to_role_policy(
            iam.PolicyStatement(actions=list(actions), resources=resources)
        )


def _role(scope: Construct, log_group: logs.LogGroup, *, in_vpc: bool) -> iam.Role:
    role = iam.Role(scope, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    log_group.grant_write(role)
    if in_vpc:
        # Network interfaces are made before they have a name, so AWS's own policy is used.
        role.add_managed_policy(
            iam.ManagedPolicy.from_aws_managed_policy_name(
                "service-role/AWSLambdaENIManagementAccess"
            )
        )
    return role

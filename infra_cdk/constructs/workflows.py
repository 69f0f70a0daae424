"""The state machines: plain files of `stepfunctions/`, with the functions' ARNs put in."""

import re

from aws_cdk import ArnFormat, CfnOutput, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra_cdk.capabilities import Workflow
from infra_cdk.constructs.capability_function import function_name
from infra_cdk.local_target import Part, Target
from infra_cdk.staging import ROOT

# Express has neither unique names nor a history, so it is for what answers its caller at once.
STANDARD = frozenset({Workflow.ORDER_FLOW, Workflow.REPLAY, Workflow.REBUILD})
_FILES = {Workflow.ORDER_PREVIEW: "order_flow"}


def definition_of(workflow: Workflow) -> str:
    """Return the workflow's file; the preview is the order flow, deployed a second time."""
    name = _FILES.get(workflow, workflow.value.replace("-", "_"))
    return (ROOT / "stepfunctions" / f"{name}.asl.json").read_text(encoding="utf-8")


def workflow_arn(stack: Stack, workflow: Workflow) -> str:
    """Name the machine without referring to it: its functions know it and it knows them."""
    return stack.format_arn(
        service="states",
        resource="stateMachine",
        resource_name=f"{stack.stack_name}-{workflow}",
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )


class Workflows(Construct):
    """Every workflow, each with a role that may call only the functions its file names."""

    def __init__(self, scope: Construct, *, target: Target) -> None:
        super().__init__(scope, "Workflows")
        stack = Stack.of(self)
        self.machines = {workflow: self._machine(workflow, target) for workflow in Workflow}
        for workflow in Workflow:
            title = workflow.value.title().replace("-", "")
            CfnOutput(stack, f"{title}Arn", value=workflow_arn(stack, workflow))

    def _machine(self, workflow: Workflow, target: Target) -> sfn.StateMachine:
        stack, definition = Stack.of(self), definition_of(workflow)
        title = workflow.value.title().replace("-", "")
        arns = {
            name: stack.format_arn(
                service="lambda",
                resource="function",
                resource_name=function_name(stack, name),
                arn_format=ArnFormat.COLON_RESOURCE_NAME,
            )
            for name in sorted(set(re.findall(r"\$\{(\w+)\}", definition)))
        }
        machine = sfn.StateMachine(
            self,
            title,
            state_machine_name=f"{stack.stack_name}-{workflow}",
            state_machine_type=(
                sfn.StateMachineType.STANDARD
                if workflow in STANDARD
                else sfn.StateMachineType.EXPRESS
            ),
            definition_body=sfn.DefinitionBody.from_string(definition),
            definition_substitutions=arns,
            tracing_enabled=target.has(Part.TRACING),
            logs=self._log(title, workflow) if target.has(Part.TRACING) else None,
        )
        machine.add_to_role_policy(
            iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=sorted(arns.values()))
        )
        return machine

    def _log(self, title: str, workflow: Workflow) -> sfn.LogOptions:
        group = logs.LogGroup(
            self,
            f"{title}Log",
            # The prefix keeps the account's log policy short: beyond it, Step Functions fails.
            log_group_name=f"/aws/vendedlogs/states/{Stack.of(self).stack_name}-{workflow}",
            retention=logs.RetentionDays.THREE_MONTHS,
            removal_policy=RemovalPolicy.DESTROY,
        )
        return sfn.LogOptions(
            destination=group, level=sfn.LogLevel.ALL, include_execution_data=True
        )

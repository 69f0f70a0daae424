"""What the clock calls: one schedule per line of the table."""

import json

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from infra_cdk.capabilities import CAPABILITIES


class Schedules(Construct):
    """Tasks that are safe to miss: the next call does what this one did not."""

    def __init__(self, scope: Construct, functions: dict[str, lambda_.Function]) -> None:
        super().__init__(scope, "Schedules")
        scheduled = [c for c in CAPABILITIES if c.schedules]
        group = scheduler.CfnScheduleGroup(self, "Group", name=Stack.of(self).stack_name)
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("scheduler.amazonaws.com"))
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["lambda:InvokeFunction"],
                resources=[
                    functions[name].function_arn
                    for c in scheduled
                    for name in dict.fromkeys(c.runs(one.task) for one in c.schedules)
                ],
            )
        )
        for capability in scheduled:
            for schedule in capability.schedules:
                scheduler.CfnSchedule(
                    self,
                    f"{capability.name}-{schedule.task}",
                    name=f"{capability.name}-{schedule.task}",
                    group_name=group.name,
                    schedule_expression=schedule.expression,
                    schedule_expression_timezone=schedule.timezone,
                    flexible_time_window={"mode": "OFF"},
                    target={
                        "arn": functions[capability.runs(schedule.task)].function_arn,
                        "roleArn": role.role_arn,
                        "input": json.dumps({"task": schedule.task, "input": {}}),
                        "retryPolicy": {"maximumRetryAttempts": 0},
                    },
                ).add_resource_dependency(group)

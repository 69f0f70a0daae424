"""The stage of an API, whether it answers requests or pushes: its limits and its access log."""

import json
from collections.abc import Mapping

from aws_cdk import RemovalPolicy
from aws_cdk import aws_apigatewayv2 as api
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra_cdk.local_target import Part, Target

_BURST, _RATE = 200, 100


def add_stage(
    scope: Construct, api_id: str, name: str, *, target: Target, access_log: Mapping[str, str]
) -> None:
    """Deploy the API to a stage; access_log: what a line of its log says, where logs are kept."""
    api.CfnStage(
        scope,
        "Stage",
        api_id=api_id,
        stage_name=name,
        auto_deploy=True,
        default_route_settings=api.CfnStage.RouteSettingsProperty(
            throttling_burst_limit=_BURST,
            throttling_rate_limit=_RATE,
            detailed_metrics_enabled=True,
        ),
        access_log_settings=(
            _access_log(scope, access_log) if target.has(Part.ACCESS_LOGS) else None
        ),
    )


def _access_log(
    scope: Construct, line: Mapping[str, str]
) -> api.CfnStage.AccessLogSettingsProperty:
    group = logs.LogGroup(
        scope,
        "AccessLog",
        retention=logs.RetentionDays.THREE_MONTHS,
        removal_policy=RemovalPolicy.DESTROY,
    )
    return api.CfnStage.AccessLogSettingsProperty(
        destination_arn=group.log_group_arn, format=json.dumps(dict(line))
    )

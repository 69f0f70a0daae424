"""The WebSocket feed: clients connect with a token, subscribe, and are pushed what is new."""

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_apigatewayv2 as api
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra_cdk.capabilities import Capability
from infra_cdk.constructs.api_stage import add_stage
from infra_cdk.local_target import Target

STAGE = "live"
# No query: a browser's token is in it.
_ACCESS_LOG = {
    "requestId": "$context.requestId",
    "ip": "$context.identity.sourceIp",
    "requestTime": "$context.requestTime",
    "routeKey": "$context.routeKey",
    "eventType": "$context.eventType",
    "connectionId": "$context.connectionId",
    "status": "$context.status",
}


class SocketApi(Construct):
    """API Gateway's WebSocket API; its one function verifies the token of $connect.

    push_url: the stage by https, to which backends post. push_arn: what they need to be allowed.
    """

    def __init__(self, scope: Construct, *, target: Target, endpoint: str | None) -> None:
        super().__init__(scope, "Feed")
        stack = Stack.of(self)
        self.api = api.CfnApi(
            self,
            "Api",
            name=f"{stack.stack_name}-feed",
            protocol_type="WEBSOCKET",
            route_selection_expression="$request.body.action",
        )
        add_stage(self, self.api.ref, STAGE, target=target, access_log=_ACCESS_LOG)
        cloud = f"{self.api.ref}.execute-api.{stack.region}.{stack.url_suffix}/{STAGE}"
        local = f"{endpoint}/_aws/execute-api/{self.api.ref}/{STAGE}"
        self.push_url = local if endpoint else f"https://{cloud}"
        self.push_arn = stack.format_arn(
            service="execute-api",
            resource=self.api.ref,
            resource_name=f"{STAGE}/POST/@connections/*",
        )
        CfnOutput(stack, "FeedApiId", value=self.api.ref)
        CfnOutput(stack, "FeedUrl", value=local if endpoint else f"wss://{cloud}")

    def route(self, capability: Capability, function: lambda_.Function) -> None:
        """Send the capability's socket routes to its function."""
        stack = Stack.of(self)
        uri = (
            f"arn:{stack.partition}:apigateway:{stack.region}:lambda:path/2015-03-31/functions/"
            f"{function.function_arn}/invocations"
        )
        integration = api.CfnIntegration(
            self,
            "Integration",
            api_id=self.api.ref,
            integration_type="AWS_PROXY",
            integration_uri=uri,
        )
        lambda_.CfnPermission(
            self,
            "Permission",
            action="lambda:InvokeFunction",
            function_name=function.function_arn,
            principal="apigateway.amazonaws.com",
            source_arn=stack.format_arn(
                service="execute-api", resource=self.api.ref, resource_name="*/*"
            ),
        )
        for number, key in enumerate(capability.sockets):
            api.CfnRoute(
                self,
                f"Route{number}",
                api_id=self.api.ref,
                route_key=key,
                target=f"integrations/{integration.ref}",
                authorization_type="NONE",
            )
